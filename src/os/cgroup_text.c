/*
 * cgroup_text: memory.stat, memory.events, memory.pressure and cgroup.events, by key
 * (Documentation/admin-guide/ cgroup-v2.rst). Keys appear in the middle in newer kernels and are
 * missing in older ones; `shmem` is part of `file`, and `slab_reclaimable` of `kernel`.
 */
#include <stddef.h>
#include <string.h>

#include "cgroup_text.h"
#include "guardian/cgroup_reader.h"
#include "guardian/psi.h"
#include "keyed.h"

#define FIELD(literal, type, member, bit)                                                          \
	{                                                                                          \
		literal, offsetof(type, member), bit                                               \
	}

/* ---- memory.stat ---- */

struct stat_numbers {
	uint64_t anon, file, kernel, shmem, inactive_file, active_file, slab_reclaimable;
	uint64_t refault_anon, refault_file, pgscan, pgsteal;
	uint64_t kernel_stack, pagetables, percpu,
		slab; /* the most of `kernel`, which came in 5.18 */
};

enum {
	STAT_ANON,
	STAT_FILE,
	STAT_SHMEM,
	STAT_INACTIVE_FILE,
	STAT_ACTIVE_FILE,
	STAT_SLAB_RECLAIMABLE,
	STAT_REFAULT_ANON,
	STAT_REFAULT_FILE,
	STAT_PGSCAN,
	STAT_PGSTEAL,
	STAT_NEEDED, /* all before it, and `kernel` or its parts */
	STAT_KERNEL = STAT_NEEDED,
	STAT_KERNEL_STACK,
	STAT_PAGETABLES,
	STAT_PERCPU,
	STAT_SLAB,
};

enum {
	STAT_ALL = (1 << STAT_NEEDED) - 1,
	STAT_FIXED = 1 << STAT_ANON | 1 << STAT_SHMEM | 1 << STAT_SLAB_RECLAIMABLE,
	STAT_KERNEL_PARTS =
		1 << STAT_KERNEL_STACK | 1 << STAT_PAGETABLES | 1 << STAT_PERCPU | 1 << STAT_SLAB,
};

#define STAT(literal, member, bit) FIELD(literal, struct stat_numbers, member, bit)

/* clang-format off */
static const struct keyed_table stat_table = {
	.suffix = "",
	.wanted = STAT_ALL | 1 << STAT_KERNEL,
	.row = {
		[4] = {{STAT("anon", anon, STAT_ANON), STAT("file", file, STAT_FILE),
			STAT("slab", slab, STAT_SLAB)}},
		[5] = {{STAT("shmem", shmem, STAT_SHMEM)}},
		[6] = {{STAT("kernel", kernel, STAT_KERNEL), STAT("pgscan", pgscan, STAT_PGSCAN),
			STAT("percpu", percpu, STAT_PERCPU)}},
		[7] = {{STAT("pgsteal", pgsteal, STAT_PGSTEAL)}},
		[10] = {{STAT("pagetables", pagetables, STAT_PAGETABLES)}},
		[11] = {{STAT("active_file", active_file, STAT_ACTIVE_FILE)}},
		[12] = {{STAT("kernel_stack", kernel_stack, STAT_KERNEL_STACK)}},
		[13] = {{STAT("inactive_file", inactive_file, STAT_INACTIVE_FILE)}},
		[16] = {{STAT("slab_reclaimable", slab_reclaimable, STAT_SLAB_RECLAIMABLE)}},
		[23] = {{STAT("workingset_refault_anon", refault_anon, STAT_REFAULT_ANON),
			 STAT("workingset_refault_file", refault_file, STAT_REFAULT_FILE)}},
	},
};
/* clang-format on */

_Static_assert(CGROUP_STAT_KEYS == (int)KEYED_KEYS_MAX, "places are by bit");

static uint64_t sum_of_parts(const struct stat_numbers *s)
{
	return s->kernel_stack + s->pagetables + s->percpu + s->slab;
}

static bool store_stat(uint32_t found, struct stat_numbers *s, struct member_sample *m)
{
	if ((found & STAT_ALL) != STAT_ALL)
		return false;
	if (!(found & 1 << STAT_KERNEL)) {
		if ((found & STAT_KERNEL_PARTS) != STAT_KERNEL_PARTS)
			return false;
		s->kernel = sum_of_parts(s);
	}
	m->anon_bytes = s->anon;
	m->file_bytes = s->file;
	m->kernel_bytes = s->kernel;
	m->shmem_bytes = s->shmem;
	m->inactive_file_bytes = s->inactive_file;
	m->active_file_bytes = s->active_file;
	m->slab_reclaimable_bytes = s->slab_reclaimable;
	m->refault_anon = s->refault_anon;
	m->refault_file = s->refault_file;
	m->pgscan = s->pgscan;
	m->pgsteal = s->pgsteal;
	return true;
}

/* What has no number of its own, as `kernel` before 5.18 or percpu before 5.9, is known by less. */
bool cgroup_text_unreclaimable(const char *text, size_t len, uint64_t *bytes)
{
	struct stat_numbers s = {0};
	uint32_t found = keyed_parse(&stat_table, text, len, &s);
	struct member_sample m = {
		.anon_bytes = s.anon,
		.shmem_bytes = s.shmem,
		.kernel_bytes = found & 1 << STAT_KERNEL ? s.kernel : sum_of_parts(&s),
		.slab_reclaimable_bytes = s.slab_reclaimable,
	};

	if ((found & STAT_FIXED) != STAT_FIXED)
		return false;
	*bytes = member_unreclaimable(&m);
	return true;
}

bool cgroup_text_stat(const char *text, size_t len, struct member_sample *m)
{
	struct stat_numbers s;

	return store_stat(keyed_parse(&stat_table, text, len, &s), &s, m);
}

bool cgroup_text_stat_placed(
	uint16_t *places, const char *text, size_t len, struct member_sample *m)
{
	struct stat_numbers s;
	uint32_t found = keyed_parse_placed(&stat_table, places, text, len, &s);

	if (store_stat(found, &s, m))
		return true;
	memset(places, 0, CGROUP_STAT_KEYS * sizeof(places[0]));
	return false;
}

/* ---- memory.events, memory.events.local ---- */

struct event_numbers {
	uint64_t high, max, oom, oom_kill, oom_group_kill;
};

enum {
	EVENTS_HIGH,
	EVENTS_MAX,
	EVENTS_OOM,
	EVENTS_OOM_KILL,
	EVENTS_NEEDED, /* all before it; oom_group_kill came in 5.17 */
	EVENTS_OOM_GROUP_KILL = EVENTS_NEEDED,
};

enum { EVENTS_ALL = (1 << EVENTS_NEEDED) - 1 };

#define EVENTS(literal, member, bit) FIELD(literal, struct event_numbers, member, bit)

/* clang-format off */
static const struct keyed_table events_table = {
	.suffix = "",
	.wanted = EVENTS_ALL | 1 << EVENTS_OOM_GROUP_KILL,
	.row = {
		[3] = {{EVENTS("max", max, EVENTS_MAX), EVENTS("oom", oom, EVENTS_OOM)}},
		[4] = {{EVENTS("high", high, EVENTS_HIGH)}},
		[8] = {{EVENTS("oom_kill", oom_kill, EVENTS_OOM_KILL)}},
		[14] = {{EVENTS("oom_group_kill", oom_group_kill, EVENTS_OOM_GROUP_KILL)}},
	},
};
/* clang-format on */

static bool parse_events(const char *text, size_t len, struct event_numbers *e)
{
	*e = (struct event_numbers){0};
	return (keyed_parse(&events_table, text, len, e) & EVENTS_ALL) == EVENTS_ALL;
}

bool cgroup_text_events(const char *text, size_t len, struct member_sample *m)
{
	struct event_numbers e;

	if (!parse_events(text, len, &e))
		return false;
	m->ev_high = e.high;
	m->ev_max = e.max;
	m->ev_oom = e.oom;
	m->ev_oom_kill = e.oom_kill;
	m->ev_oom_group_kill = e.oom_group_kill;
	return true;
}

bool cgroup_text_events_local(const char *text, size_t len, struct member_sample *m)
{
	struct event_numbers e;

	if (!parse_events(text, len, &e))
		return false;
	m->ev_local_oom_kill = e.oom_kill;
	return true;
}

/* ---- memory.pressure, cgroup.events ---- */

bool cgroup_text_pressure(const char *text, size_t len, struct member_sample *m)
{
	return psi_parse(text, len, &m->psi) == 0;
}

/* clang-format off */
static const struct keyed_table populated_table = {
	.suffix = "",
	.wanted = 1,
	.row = {[9] = {{{"populated", 0, 0}}}},
};
/* clang-format on */

bool cgroup_text_populated(const char *text, size_t len, struct member_sample *m)
{
	uint64_t populated;

	if (!keyed_parse(&populated_table, text, len, &populated))
		return false;
	m->populated = populated != 0;
	return true;
}
