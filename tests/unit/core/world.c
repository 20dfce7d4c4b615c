/*
 * world: see world.h.
 */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->policy.host = (struct policy_host){.interval_us = SECOND,
		.warn_centipct = 8000,
		.critical_centipct = 9000,
		.calm_centipct = 500,
		.calm_us = 10 * SECOND};
	w->policy.drift =
		(struct policy_drift){.backoff_us = SECOND, .rounds = 3, .window_us = 600 * SECOND};
	w->policy.swap = (struct policy_swap){.file = "/swapfile",
		.reserve_bytes = SWAP_RESERVE_COMMON,
		.priority = SWAP_PRIORITY_AUTO,
		.swappiness = SWAPPINESS_KEEP,
		.zswap = SWITCH_KEEP};
	w->snap.now_us = 1000 * SECOND;
	w->snap.page_bytes = 4096;
	w->snap.policy_generation = 1;
	w->snap.host.valid = HOST_MEMORY;
	w->snap.host.mem_total_bytes = 4000 * MIB;
	w->snap.host.mem_available_bytes = 2000 * MIB;
	w->snap.peer[PEER_DOCKER] = PEER_OK;
	w->snap.peer[PEER_SYSTEMD] = PEER_OK;
	w->snap.n_ancestors = 1;
	w->snap.ancestor[0] = (struct ancestor_sample){
		.inode = 9000, .parent = -1, .has_unit = true, .has_low = true, .has_events = true};
	state_init(&w->state);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	free(*state);
	return 0;
}

struct policy_service *service(struct world *w, uint16_t i)
{
	return &w->policy.service[i];
}

void want(struct world *w, uint16_t i, enum limit_kind kind, uint64_t value)
{
	limit_put(&service(w, i)->limits, kind, value);
}

void want_no_swap_limit(struct world *w, uint16_t i)
{
	service(w, i)->limits.mask &= ~K(LIMIT_SWAP_MAX);
}

uint16_t add_service(struct world *w, const char *name, uint64_t max, uint64_t low)
{
	uint16_t i = (uint16_t)w->policy.n_services++;

	strncpy(service(w, i)->name, name, POLICY_NAME_SIZE - 1);
	service(w, i)->warn_centipct = 8000;
	service(w, i)->critical_centipct = 9500;
	if (max)
		want(w, i, LIMIT_MAX, max);
	if (low)
		want(w, i, LIMIT_LOW, low);
	/* else it follows from mem_limit, and every test would have to know */
	want(w, i, LIMIT_SWAP_MAX, NONE);
	return i;
}

struct member_sample *add_member(struct world *w, uint16_t of, uint64_t inode)
{
	struct member_sample *m = &w->snap.member[w->snap.n_members++];

	*m = (struct member_sample){.inode = inode,
		.service = of,
		.also = SERVICE_NONE,
		.owner = OWNER_PLAIN,
		.changed = true,
		.ancestor = 0,
		.populated = true,
		.valid = MEMBER_CURRENT | MEMBER_STAT | MEMBER_EVENTS | MEMBER_POPULATED};
	limit_put(&m->live, LIMIT_MAX, NONE);
	limit_put(&m->live, LIMIT_LOW, 0);
	limit_put(&m->live, LIMIT_SWAP_MAX, NONE);
	limit_put(&m->live, LIMIT_OOM_GROUP, 0);
	use_memory(w, inode, 50 * MIB);
	return m;
}

void docker(struct member_sample *m)
{
	m->owner = OWNER_DOCKER;
	m->has_unit = true;
	m->valid |= MEMBER_STORED;
	limit_put(&m->stored, LIMIT_MAX, NONE);
	limit_put(&m->stored, LIMIT_SWAP_MAX, NONE);
	limit_put(&m->stored, LIMIT_LOW, 0);
}

static uint16_t index_of(const struct world *w, uint64_t inode)
{
	uint16_t i = 0;

	while (i < w->snap.n_members && w->snap.member[i].inode != inode)
		i++;
	return i;
}

void remove_member(struct world *w, uint64_t inode)
{
	uint16_t i = index_of(w, inode);

	assert_in_range(i, 0, w->snap.n_members - 1);
	w->snap.n_members--;
	memmove(&w->snap.member[i], &w->snap.member[i + 1],
		(size_t)(w->snap.n_members - i) * sizeof(w->snap.member[0]));
}

struct member_sample *member(struct world *w, uint64_t inode)
{
	uint16_t i = index_of(w, inode);

	assert_in_range(i, 0, w->snap.n_members - 1);
	w->snap.member[i].changed = true;
	return &w->snap.member[i];
}

struct member_state *known(struct world *w, uint64_t inode)
{
	for (uint16_t i = 0; i < w->state.n_members; i++)
		if (w->state.member[i].inode == inode)
			return &w->state.member[i];
	fail_msg("inode %llu is not in the state", (unsigned long long)inode);
	return NULL;
}

void use_memory(struct world *w, uint64_t inode, uint64_t bytes)
{
	struct member_sample *m = member(w, inode);

	m->anon_bytes = bytes;
	m->current_bytes = bytes + m->file_bytes;
}

static void put_all(struct limit_set *to, const struct limit_set *from)
{
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		if (limit_has(from, kind))
			limit_put(to, kind,
				from->value[kind] == NONE ? NONE : from->value[kind] & ~4095ULL);
	if (limit_has(from, LIMIT_OOM_GROUP))
		to->value[LIMIT_OOM_GROUP] = from->value[LIMIT_OOM_GROUP];
}

/* ---- swap ---- */

void with_swap(struct world *w, uint64_t size)
{
	struct swap_sample *s = &w->snap.swap;

	w->policy.swap.size_bytes = size;
	s->valid = SWAP_AREAS | SWAP_FILE_SEEN | SWAP_FS | SWAP_SWAPPINESS | SWAP_ZSWAP;
	s->file[0].state = s->file[1].state = SWAP_FILE_ABSENT;
	s->fs = SWAP_FS_OK;
	s->fs_magic = 0xef53;
	s->fs_free_bytes = 40 * GIB;
	s->fs_total_bytes = 50 * GIB;
	s->swappiness = 60;
}

/* /proc/swaps anew: foreign ones first, then ours that are in use; used_bytes stay. */
static void list_areas(struct world *w)
{
	struct swap_sample *s = &w->snap.swap;
	uint64_t used[SWAP_FILES_MAX] = {0};
	uint16_t n = 0;

	for (uint16_t i = 0; i < s->n_areas; i++) {
		if (s->area[i].ours == SWAP_FOREIGN)
			s->area[n++] = s->area[i];
		else
			used[s->area[i].ours] = s->area[i].used_bytes;
	}
	for (int8_t f = 0; f < SWAP_FILES_MAX; f++)
		if (s->file[f].active)
			s->area[n++] = (struct swap_area){.type = SWAP_FILE,
				.ours = f,
				.size_bytes = s->file[f].size_bytes,
				.used_bytes = used[f]};
	s->n_areas = n;
}

struct swap_file *swap_file_is(struct world *w, uint8_t file, uint64_t size, bool active)
{
	struct swap_file *f = &w->snap.swap.file[file];

	*f = (struct swap_file){.state = SWAP_FILE_USABLE,
		.active = active,
		.labelled = true,
		.mode_ok = true,
		.owner_ok = true,
		.mode = 0600,
		.inode = 70U + file,
		.size_bytes = size,
		.header_bytes = size};
	list_areas(w);
	return f;
}

void foreign_swap(struct world *w, uint64_t size)
{
	struct swap_sample *s = &w->snap.swap;

	s->area[s->n_areas++] =
		(struct swap_area){.type = SWAP_ZRAM, .ours = SWAP_FOREIGN, .size_bytes = size};
	s->foreign_bytes += size;
	list_areas(w);
}

void swap_counts(struct world *w, uint64_t total, uint64_t used)
{
	w->snap.host.valid |= HOST_SWAP | HOST_PSI_MEMORY;
	w->snap.host.swap_total_bytes = total;
	w->snap.host.swap_free_bytes = total - used;
}

void use_swap(struct world *w, uint8_t file, uint64_t used)
{
	struct swap_sample *s = &w->snap.swap;

	for (uint16_t i = 0; i < s->n_areas; i++)
		if (s->area[i].ours == (int8_t)file)
			s->area[i].used_bytes = used;
}

void want_swap(struct world *w, uint64_t size)
{
	w->policy.swap.size_bytes = size;
	w->snap.policy_generation++;
}

static void obey_swap(struct world *w, const struct action *a)
{
	struct swap_sample *s = &w->snap.swap;
	struct swap_file *f = &s->file[a->file];

	if (a->kind == ACT_SWAPPINESS)
		s->swappiness = (uint32_t)a->value;
	else if (a->kind == ACT_ZSWAP)
		s->zswap = (uint8_t)a->value;
	else if (a->kind == ACT_SWAP_MEND)
		f->mode_ok = f->owner_ok = true;
	else
		swap_file_is(w, a->file, a->size_bytes, true);
}

static void obey(struct world *w, const struct action *a)
{
	uint16_t i = index_of(w, a->inode);

	if (a->kind >= ACT_STREAMS_PUBLISH) {
		obey_streams(w, a);
		return;
	}
	if (a->kind >= ACT_SWAP_MAKE) {
		obey_swap(w, a);
		return;
	}

	if (a->kind == ACT_RESERVE) {
		for (uint16_t k = 0; k < w->snap.n_ancestors; k++)
			if (w->snap.ancestor[k].inode == a->inode)
				w->snap.ancestor[k].low_bytes = a->set.value[LIMIT_LOW];
		return;
	}
	if (i == w->snap.n_members)
		return;
	w->snap.member[i].changed = true;
	put_all(a->kind == ACT_HOLD ? &w->snap.member[i].live : &w->snap.member[i].stored, &a->set);
}

static void carry_out(struct world *w)
{
	w->snap.n_results = 0;
	for (uint16_t i = 0; i < w->plan.n_actions && !w->hung; i++) {
		const struct action *a = &w->plan.action[i];

		w->done[a->kind]++;
		w->snap.result[w->snap.n_results++] =
			(struct result){.ticket = a->ticket, .error = w->error, .inode = a->inode};
		if (w->error == 0 && !w->deaf)
			obey(w, a);
	}
}

/* As the daemon knows it from reading. */
static bool members_still(const struct world *w)
{
	bool still = true;

	for (uint16_t i = 0; i < w->snap.n_members && i < SNAPSHOT_MEMBERS_MAX; i++)
		still &= !w->snap.member[i].changed;
	return still;
}

void step(struct world *w, uint64_t us)
{
	w->snap.now_us += us;
	w->snap.members_still = members_still(w);
	decide(&w->policy, &w->snap, &w->state, &w->plan);
	assert_true(w->plan.n_events <= PLAN_EVENTS_MAX && w->plan.n_actions <= PLAN_ACTIONS_MAX);
	for (uint16_t i = 0; i < w->plan.n_events; i++)
		w->told[w->plan.event[i].kind]++;
	for (uint16_t i = 0; i < SNAPSHOT_MEMBERS_MAX; i++)
		w->snap.member[i].changed = false;
	carry_out(w);
}

void run(struct world *w, uint64_t us, uint64_t step_us)
{
	for (uint64_t at = 0; at < us; at += step_us)
		step(w, step_us);
}

void calm_down(struct world *w)
{
	int quiet = 0;

	for (int i = 0; i < 200; i++) {
		step(w, 100 * MS);
		quiet = plan_empty(w) && w->snap.n_results == 0 ? quiet + 1 : 0;
		if (quiet == 10)
			return;
	}
	fail_msg("it never calms down");
}

void forget_told(struct world *w)
{
	memset(w->told, 0, sizeof(w->told));
	memset(w->done, 0, sizeof(w->done));
}

uint32_t told_now(const struct world *w, enum event_kind kind)
{
	uint32_t n = 0;

	for (uint16_t i = 0; i < w->plan.n_events; i++)
		n += w->plan.event[i].kind == kind;
	return n;
}

const struct event *event_of(const struct world *w, enum event_kind kind)
{
	for (uint16_t i = 0; i < w->plan.n_events; i++)
		if (w->plan.event[i].kind == kind)
			return &w->plan.event[i];
	fail_msg("no %s in the plan", event_info(kind)->name);
	return NULL;
}

const struct action *action_of(const struct world *w, enum action_kind kind)
{
	for (uint16_t i = 0; i < w->plan.n_actions; i++)
		if (w->plan.action[i].kind == kind)
			return &w->plan.action[i];
	fail_msg("no %s in the plan", action_name(kind));
	return NULL;
}

bool plan_empty(const struct world *w)
{
	return w->plan.n_actions == 0 && w->plan.n_events == 0;
}
