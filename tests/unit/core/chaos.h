/*
 * chaos: snapshots as bad as numbers can make them, and the promises of decide() that must hold in
 * all of them (DESIGN section 5). Driven by a seed (test_properties) or by a fuzzer's bytes
 * (fuzz_decide).
 */
#ifndef TEST_CHAOS_H
#define TEST_CHAOS_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/decide.h"

enum { CHAOS_PENDING_MAX = 4096 };

struct chaos {
	uint64_t (*next)(void *source); /* any number */
	void *source;
	bool wild; /* counts, indexes and times beyond all sense as well */
	struct policy policy;
	struct snapshot snap;
	struct state state;
	struct plan plan;
	uint32_t pending[CHAOS_PENDING_MAX]; /* tickets whose result has not been given */
	uint32_t n_pending;
	uint64_t inodes;        /* so far */
	uint64_t streams_begun; /* so far */
	uint64_t cap_us;        /* the effective cap changed last */
	uint32_t cap_before, cap_generation;
	uint32_t told[EVENT_COUNT];
};

static inline uint64_t chaos_below(struct chaos *c, uint64_t n)
{
	return n ? c->next(c->source) % n : 0;
}

static inline bool chaos_one_in(struct chaos *c, uint64_t n)
{
	return chaos_below(c, n) == 0;
}

/* Mostly a size that means something, sometimes a border of the type. */
static inline uint64_t chaos_size(struct chaos *c)
{
	static const uint64_t borders[] = {0, 1, 4095, 4096, LIMIT_FLOOR_BYTES - 1,
		LIMIT_FLOOR_BYTES, INT64_MAX, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX};

	if (chaos_one_in(c, 8))
		return borders[chaos_below(c, sizeof(borders) / sizeof(borders[0]))];
	return chaos_below(c, 64) << 24;
}

static inline struct limit_set chaos_set(struct chaos *c)
{
	struct limit_set set = {.mask = (uint32_t)chaos_below(c, 1U << LIMIT_COUNT)};

	for (int kind = 0; kind < LIMIT_OOM_GROUP; kind++)
		set.value[kind] = chaos_size(c);
	set.value[LIMIT_OOM_GROUP] = chaos_below(c, 2);
	return set;
}

static inline void chaos_swap_policy(struct chaos *c)
{
	struct policy_swap *p = &c->policy.swap;

	p->file[0] = '/';
	p->file[1] = (char)('a' + chaos_below(c, 2));
	p->size_bytes = chaos_one_in(c, 3) ? 0 : chaos_size(c);
	p->reserve_bytes = chaos_one_in(c, 2) ? SWAP_RESERVE_COMMON : chaos_size(c);
	p->priority = (int32_t)chaos_below(c, 32769) - 1;
	p->swappiness = chaos_one_in(c, 2) ? SWAPPINESS_KEEP : (uint32_t)chaos_below(c, 201);
	p->zswap = (uint8_t)chaos_below(c, 3);
}

#include "chaos_streams.h"

static inline void chaos_policy(struct chaos *c)
{
	struct policy *p = &c->policy;

	p->mode = (uint8_t)chaos_below(c, MODE_COUNT);
	p->host.interval_us = 100000 + chaos_below(c, 10) * 500000;
	p->host.idle_interval_us = chaos_below(c, 10) * 1000000;
	p->host.warn_centipct = (uint32_t)chaos_below(c, 101) * 100;
	p->host.critical_centipct = (uint32_t)chaos_below(c, 101) * 100;
	p->host.calm_centipct = (uint32_t)chaos_below(c, 51) * 100;
	p->host.calm_us = chaos_below(c, 30) * 1000000;
	p->drift.backoff_us = 100000 + chaos_below(c, 4) * 1000000;
	p->drift.rounds = 1 + (uint32_t)chaos_below(c, 6);
	p->drift.window_us = (1 + chaos_below(c, 600)) * 1000000;
	p->n_services = (uint32_t)chaos_below(c, 6);
	memset(p->service, 0, p->n_services * sizeof(p->service[0]));
	for (uint32_t i = 0; i < p->n_services; i++) {
		struct policy_service *s = &p->service[i];

		s->name[0] = (char)('a' + (i + chaos_below(c, 2)) % 26);
		s->name[1] = (char)('a' + i);
		s->limits = chaos_set(c);
		s->warn_centipct = (uint32_t)chaos_below(c, 101) * 100;
		s->critical_centipct = (uint32_t)chaos_below(c, 101) * 100;
		s->force = chaos_one_in(c, 4);
		s->is_protected = chaos_one_in(c, 4);
	}
	chaos_swap_policy(c);
	chaos_streams_policy(c);
	c->snap.policy_generation++;
}

static inline void chaos_readings(struct chaos *c, struct member_sample *m)
{
	uint64_t *const sizes[] = {&m->current_bytes, &m->anon_bytes, &m->shmem_bytes,
		&m->kernel_bytes, &m->slab_reclaimable_bytes, &m->inactive_file_bytes,
		&m->inner_max_bytes, &m->peak_bytes, &m->swap_bytes};

	m->changed = true;
	*sizes[chaos_below(c, sizeof(sizes) / sizeof(sizes[0]))] = chaos_size(c);
	if (chaos_one_in(c, 3))
		m->live = chaos_set(c);
	if (chaos_one_in(c, 6))
		m->stored = chaos_set(c);
	if (chaos_one_in(c, 4))
		m->ev_oom_kill = chaos_one_in(c, 4) ? chaos_size(c) : m->ev_oom_kill + 1;
	if (chaos_one_in(c, 4))
		m->valid = (uint32_t)chaos_below(c, 1U << 12);
	if (chaos_one_in(c, 16))
		m->also = chaos_one_in(c, 2) ? (uint16_t)chaos_below(c, 4) : SERVICE_NONE;
	if (c->wild && chaos_one_in(c, 16))
		m->ancestor = (int16_t)chaos_below(c, 1U << 16);
}

static inline void chaos_enter(struct chaos *c)
{
	struct member_sample *m;

	if (c->snap.n_members >= SNAPSHOT_MEMBERS_MAX)
		return;
	m = &c->snap.member[c->snap.n_members++];
	memset(m, 0, sizeof(*m));
	m->inode = 1000 + (c->wild ? chaos_below(c, 64) : c->inodes++);
	m->service = (uint16_t)chaos_below(c, 6);
	m->also = SERVICE_NONE;
	m->owner = (uint8_t)chaos_below(c, 3);
	m->has_unit = chaos_one_in(c, 2);
	m->ancestor = (int16_t)((int)chaos_below(c, 5) - 1);
	m->valid = UINT32_MAX >> 20;
	m->live = chaos_set(c);
	m->stored = chaos_set(c);
	m->changed = true;
}

static inline void chaos_leave(struct chaos *c)
{
	uint64_t i = chaos_below(c, c->snap.n_members);

	if (c->snap.n_members == 0)
		return;
	c->snap.n_members--;
	c->snap.member[i] = c->snap.member[c->snap.n_members];
}

static inline void chaos_ancestors(struct chaos *c)
{
	struct ancestor_sample *a = &c->snap.ancestor[chaos_below(c, 4)];

	c->snap.n_ancestors = (uint16_t)chaos_below(c, 5);
	a->inode = 9000 + chaos_below(c, 6);
	a->parent = (int16_t)((int)chaos_below(c, 5) - 1);
	a->has_low = chaos_one_in(c, 2);
	a->has_events = chaos_one_in(c, 2);
	a->low_bytes = chaos_size(c);
	a->ev_oom_kill += chaos_below(c, 3);
}

static inline void chaos_swap_file(struct chaos *c, struct swap_file *f)
{
	f->state = (uint8_t)chaos_below(c, SWAP_FILE_STATES + c->wild);
	f->active = f->state == SWAP_FILE_USABLE && chaos_one_in(c, 2);
	f->labelled = !chaos_one_in(c, 4);
	f->mode_ok = !chaos_one_in(c, 8);
	f->owner_ok = !chaos_one_in(c, 8);
	f->replaced = chaos_one_in(c, 16);
	f->inode = 70 + chaos_below(c, 3);
	f->size_bytes = chaos_size(c);
}

static inline void chaos_swap(struct chaos *c)
{
	struct swap_sample *s = &c->snap.swap;

	s->valid = (uint32_t)chaos_below(c, 64);
	for (size_t i = 0; i < SWAP_FILES_MAX; i++)
		if (chaos_one_in(c, 3))
			chaos_swap_file(c, &s->file[i]);
	s->n_areas = (uint16_t)chaos_below(c, c->wild ? 1000 : 4);
	for (size_t i = 0; i < 4; i++) {
		s->area[i].ours = (int8_t)((int)chaos_below(c, 3) - 1);
		s->area[i].used_bytes = chaos_size(c);
	}
	s->foreign_bytes = chaos_one_in(c, 2) ? 0 : chaos_size(c);
	s->fs = (uint8_t)chaos_below(c, 3);
	s->fs_free_bytes = chaos_size(c);
	s->fs_total_bytes = chaos_size(c);
	s->swappiness = (uint32_t)chaos_below(c, 201);
	s->zswap = (uint8_t)chaos_below(c, 2);
	c->snap.host.swap_total_bytes = chaos_size(c);
	c->snap.host.swap_free_bytes = chaos_size(c);
	c->snap.host.pswpin += chaos_below(c, 100000);
	c->snap.host.pswpout += chaos_below(c, 100000);
	c->snap.host.psi_memory.full.avg10_centipct =
		chaos_one_in(c, 2) ? 0 : (uint32_t)chaos_below(c, 10001);
}

/* Some results for what is pending, in any order, and some for nothing. */
static inline void chaos_results(struct chaos *c)
{
	static const int32_t errors[] = {0, 0, 0, 0, -EBUSY, -EIO, -ENOENT, -ESTALE, -EAGAIN,
		-ECANCELED, -ETIMEDOUT, INT32_MIN, 7};
	uint64_t n = chaos_below(c, 8);

	c->snap.n_results = 0;
	for (uint64_t i = 0; i < n && c->n_pending > 0; i++) {
		uint64_t k = chaos_below(c, c->n_pending);

		c->snap.result[c->snap.n_results++] = (struct result){.ticket = c->pending[k],
			.error = errors[chaos_below(c, sizeof(errors) / sizeof(errors[0]))]};
		c->pending[k] = c->pending[--c->n_pending];
	}
	if (chaos_one_in(c, 8))
		c->snap.result[c->snap.n_results++] =
			(struct result){.ticket = (uint32_t)chaos_below(c, 100)};
}

static inline void chaos_host(struct chaos *c)
{
	c->snap.host.valid = (uint32_t)chaos_below(c, 64);
	c->snap.host.mem_total_bytes = chaos_size(c);
	c->snap.host.mem_available_bytes = chaos_size(c);
	c->snap.peer[chaos_below(c, PEER_COUNT)] = (uint8_t)chaos_below(c, 4);
	if (chaos_one_in(c, 32))
		c->snap.lacks = (uint32_t)chaos_below(c, 1U << LACK_COUNT);
}

static inline void chaos_time(struct chaos *c, uint64_t step_us)
{
	c->snap.now_us += step_us;
	if (c->wild && chaos_one_in(c, 32))
		c->snap.now_us = chaos_one_in(c, 2) ? chaos_size(c) : c->snap.now_us / 2;
}

static inline void chaos_mutate(struct chaos *c)
{
	for (uint16_t i = 0; i < c->snap.n_members; i++)
		c->snap.member[i].changed = false;
	for (uint64_t n = chaos_below(c, 6); n > 0 && c->snap.n_members > 0; n--)
		chaos_readings(c, &c->snap.member[chaos_below(c, c->snap.n_members)]);
	if (chaos_one_in(c, 6))
		chaos_enter(c);
	if (chaos_one_in(c, 8))
		chaos_leave(c);
	if (chaos_one_in(c, 6))
		chaos_ancestors(c);
	if (chaos_one_in(c, 4))
		chaos_host(c);
	if (chaos_one_in(c, 4))
		chaos_swap(c);
	chaos_streams(c);
	if (chaos_one_in(c, 64))
		chaos_policy(c);
	if (chaos_one_in(c, 64))
		state_resume(&c->state);
	chaos_results(c);
}

/* ---- the promises; each is NULL, or what is broken ---- */

static inline const struct member_sample *chaos_member(const struct chaos *c, uint64_t inode)
{
	for (uint16_t i = 0; i < c->snap.n_members; i++)
		if (c->snap.member[i].inode == inode)
			return &c->snap.member[i];
	return NULL;
}

/* Would it kill? Rounded in favour of the rule. */
static inline bool chaos_lowers(const struct member_sample *m, const struct action *a)
{
	return limit_has(&a->set, LIMIT_MAX) && limit_has(&m->live, LIMIT_MAX) &&
	       a->set.value[LIMIT_MAX] < m->live.value[LIMIT_MAX];
}

static inline const char *chaos_check_hold(
	const struct chaos *c, const struct action *a, uint32_t *destructive)
{
	const struct member_sample *m = chaos_member(c, a->inode);
	bool fits;

	if (!m)
		return "acts on a cgroup that is not there";
	if (limit_has(&a->set, LIMIT_MAX) && a->set.value[LIMIT_MAX] < LIMIT_FLOOR_BYTES)
		return "sets a limit below the floor";
	if (c->wild) /* inodes may repeat: which of them was meant? */
		return NULL;
	if (m->also != SERVICE_NONE)
		return "acts on a member in conflict";
	if (!chaos_lowers(m, a) || a->kind == ACT_PERSIST)
		return NULL;
	if (!(m->valid & MEMBER_STAT))
		return "lowers a limit without memory.stat";
	fits = member_unreclaimable(m) <= a->set.value[LIMIT_MAX];
	if (!fits && !a->force)
		return "lowers a limit below what cannot be reclaimed";
	*destructive += !fits;
	return *destructive > 1 ? "two destructive actions in a tick" : NULL;
}

/* In use, and no more can be promised of its content than that memory holds it. */
static inline bool chaos_fits(const struct chaos *c, const struct action *a)
{
	const struct swap_sample *s = &c->snap.swap;

	for (uint16_t i = 0; i < s->n_areas && i < SWAP_AREAS_MAX; i++)
		if (s->area[i].ours == a->file)
			return c->snap.host.mem_available_bytes >= s->area[i].used_bytes;
	return false;
}

static inline const char *chaos_check_resize(
	const struct chaos *c, const struct action *a, uint32_t *destructive)
{
	const struct swap_file *f = &c->snap.swap.file[a->file];

	if (!f->labelled)
		return "resizes a file of somebody else";
	if (!f->active)
		return NULL;
	if (!(c->snap.host.valid & HOST_MEMORY) || !(c->snap.swap.valid & SWAP_AREAS))
		return "switches off swap without knowing that it fits";
	if (!chaos_fits(c, a))
		return "switches off swap that memory cannot hold";
	return ++*destructive > 1 ? "two destructive actions in a tick" : NULL;
}

static inline const char *chaos_check_swap(
	const struct chaos *c, const struct action *a, uint32_t *destructive)
{
	const struct swap_sample *s = &c->snap.swap;

	if (a->kind == ACT_SWAPPINESS)
		return s->valid & SWAP_SWAPPINESS ? NULL : "sets what it has not read";
	if (a->kind == ACT_ZSWAP)
		return s->valid & SWAP_ZSWAP ? NULL : "sets what it has not read";
	if (!(s->valid & SWAP_FILE_SEEN))
		return "acts on a swap file that it has not seen";
	if (a->file >= SWAP_FILES_MAX || c->policy.swap.size_bytes == 0)
		return "acts on swap that nobody wants";
	if (s->file[a->file].replaced)
		return "acts on a file that is another";
	if (a->kind == ACT_SWAP_RESIZE)
		return chaos_check_resize(c, a, destructive);
	if (a->kind != ACT_SWAP_MAKE)
		return s->file[a->file].state == SWAP_FILE_USABLE ? NULL : "uses what is no swap";
	if (s->file[a->file].state != SWAP_FILE_ABSENT)
		return "makes a file where there is one";
	if (!(s->valid & SWAP_AREAS) || !(s->valid & SWAP_FS) || s->fs == SWAP_FS_REFUSED)
		return "makes a file without knowing that it may";
	return s->fs_free_bytes < a->size_bytes ? "makes a file that the disk cannot hold" : NULL;
}

static inline const char *chaos_check_actions(struct chaos *c)
{
	uint32_t destructive = 0, persists = 0;
	const char *broken = NULL;

	if (c->plan.n_actions > PLAN_ACTIONS_MAX)
		return "too many actions";
	for (uint16_t i = 0; i < c->plan.n_actions && !broken; i++) {
		const struct action *a = &c->plan.action[i];

		if (a->ticket == 0)
			return "a ticket of 0";
		for (uint32_t k = 0; k < c->n_pending; k++)
			if (c->pending[k] == a->ticket)
				return "a ticket that is in use";
		if (c->n_pending < CHAOS_PENDING_MAX)
			c->pending[c->n_pending++] = a->ticket;
		if (a->kind >= ACT_SWAP_MAKE) {
			broken = a->kind >= ACT_STREAMS_PUBLISH
					 ? chaos_check_stream(c, a, &destructive)
					 : chaos_check_swap(c, a, &destructive);
			continue;
		}
		if (a->set.mask == 0 || a->set.mask >= 1U << LIMIT_COUNT)
			return "an action about nothing";
		persists += a->kind == ACT_PERSIST;
		if (a->kind != ACT_RESERVE)
			broken = chaos_check_hold(c, a, &destructive);
	}
	return broken ? broken : persists > 1 ? "two docker updates at once" : NULL;
}

static inline const char *chaos_check_events(struct chaos *c)
{
	if (c->plan.n_events > PLAN_EVENTS_MAX)
		return "too many events";
	for (uint16_t i = 0; i < c->plan.n_events; i++) {
		const struct event *e = &c->plan.event[i];

		if (e->kind >= EVENT_COUNT || e->limit > LIMIT_COUNT || e->reason >= REASON_COUNT)
			return "an event beyond its enumerations";
		if (e->service >= c->policy.n_services && e->service != SERVICE_NONE)
			return "an event about a service that is not there";
		c->told[e->kind]++;
	}
	return NULL;
}

#include "chaos_levels.h"

static inline const char *chaos_check(struct chaos *c)
{
	uint64_t now_us = c->snap.now_us ? c->snap.now_us : 1;
	const char *broken;

	if (now_us > UINT64_MAX / 2)
		now_us = UINT64_MAX / 2;
	if (c->plan.wake_us < now_us)
		return "wakes up in the past";
	if (c->plan.wake_us > now_us + policy_longest_us(&c->policy.host))
		return "wakes up after the interval";
	if (!state_valid(&c->state, state_kept_size(&c->state)))
		return "the state is not valid";
	broken = chaos_check_levels(c);
	if (!broken)
		broken = chaos_check_streams(c, now_us);
	if (!broken)
		broken = chaos_check_actions(c);
	return broken ? broken : chaos_check_events(c);
}

/* Decides; a second time from the same state with another plan before it: the same bytes must come.
 */
static inline const char *chaos_decide(struct chaos *c)
{
	static struct state state;
	static struct plan plan;

	state = c->state;
	memset(&plan, 0xa5, sizeof(plan));
	decide(&c->policy, &c->snap, &state, &plan);
	decide(&c->policy, &c->snap, &c->state, &c->plan);
	if (memcmp(&state, &c->state, sizeof(state)) != 0)
		return "two states of one input";
	if (plan.n_actions != c->plan.n_actions || plan.n_events != c->plan.n_events ||
		plan.wake_us != c->plan.wake_us || plan.state_changed != c->plan.state_changed ||
		memcmp(plan.action, c->plan.action, plan.n_actions * sizeof(plan.action[0])) != 0 ||
		memcmp(plan.event, c->plan.event, plan.n_events * sizeof(plan.event[0])) != 0)
		return "two plans of one input";
	return chaos_check(c);
}

static inline void chaos_begin(struct chaos *c)
{
	state_init(&c->state);
	c->snap.now_us = 1000000000;
	c->snap.page_bytes = 4096;
	chaos_policy(c);
}

#endif
