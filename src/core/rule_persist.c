/*
 * rule_persist: makes Docker store the limits that hold, so that a restart of the container keeps
 * them and `docker inspect` tells the truth.
 *
 * Only after the cgroup itself has its values, and one container at a time: dockerd may be slow.
 * Docker wants Memory and MemorySwap together, cannot take a limit back (0 leaves it, -1 is
 * refused), and sets swap behind systemd's back, so the unit is told once more afterwards.
 */
#include <errno.h>
#include <string.h>

#include "rules.h"

static const struct {
	enum limit_kind kind;
	uint8_t told;
} unsettable[] = {
	{LIMIT_MAX, TOLD_MAX_CANNOT_UNSET},
	{LIMIT_LOW, TOLD_LOW_CANNOT_UNSET},
};

/* True when the policy wants none where Docker has one: only a new container can do that. */
static bool cannot_unset(
	const struct member_sample *m, const struct limit_set *wanted, enum limit_kind kind)
{
	uint64_t none = kind == LIMIT_LOW ? 0 : LIMIT_UNLIMITED;

	return limit_has(wanted, kind) && limit_has(&m->stored, kind) &&
	       wanted->value[kind] == none && m->stored.value[kind] != none;
}

static void tell_cannot_unset(
	struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	for (size_t i = 0; i < sizeof(unsettable) / sizeof(unsettable[0]); i++) {
		struct event *e;

		if (ms->told & unsettable[i].told ||
			!cannot_unset(m, &ms->limits.wanted, unsettable[i].kind))
			continue;
		e = tell_limit(t, ms, EVENT_LIMIT_CANNOT_UNSET, unsettable[i].kind);
		if (!e)
			return;
		e->n[0] = m->stored.value[unsettable[i].kind];
		ms->told |= unsettable[i].told;
	}
}

/* The policy's value, or what is there when the policy does not speak of it. */
static bool value_of(const struct member_sample *m, const struct limit_set *wanted,
	enum limit_kind kind, uint64_t *value)
{
	const struct limit_set *const sources[] = {wanted, &m->stored, &m->live};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (limit_has(sources[i], kind)) {
			*value = sources[i]->value[kind];
			return true;
		}
	return false;
}

/* What Docker shall store, as far as it differs and Docker can: swap only beside a limit, and no
 * reservation below its minimum. The limit is said even when it does not differ: runc
 * writes it to the cgroup anew at any update (fs2/memory.go), so whoever carries this out must see
 * that it fits. */
static void to_store(const struct tick *t, const struct member_sample *m,
	const struct limit_set *wanted, struct limit_set *set)
{
	uint32_t differ = limits_differ(wanted, &m->stored, t->snap->page_bytes);
	uint64_t max = 0, swap, low;
	bool limited = value_of(m, wanted, LIMIT_MAX, &max) && max != LIMIT_UNLIMITED &&
		       max >= LIMIT_FLOOR_BYTES;

	memset(set, 0, sizeof(*set));
	if (!limited)
		differ &= BIT(LIMIT_LOW);
	if (!limit_has(wanted, LIMIT_LOW) || wanted->value[LIMIT_LOW] < LIMIT_FLOOR_BYTES)
		differ &= ~BIT(LIMIT_LOW);
	if (differ & DOCKER_KINDS && limited) {
		if (!value_of(m, wanted, LIMIT_SWAP_MAX, &swap))
			swap = LIMIT_UNLIMITED;
		limit_put(set, LIMIT_MAX, max);
		limit_put(set, LIMIT_SWAP_MAX, swap);
	}
	if (differ & DOCKER_KINDS && value_of(m, wanted, LIMIT_LOW, &low) &&
		low >= LIMIT_FLOOR_BYTES)
		limit_put(set, LIMIT_LOW, low);
}

/* Whether any docker update is under way; asked once a tick. */
static bool persisting(struct tick *t)
{
	const struct state *state = t->state;

	if (!t->asked_persisting)
		for (size_t i = 0; i < state->n_members && !t->persisting; i++)
			t->persisting = state->member[i].limits.persist.ticket != 0;
	t->asked_persisting = true;
	return t->persisting;
}

static struct event *tell_max(struct tick *t, struct member_state *ms, enum event_kind kind)
{
	return tell_limit(t, ms, kind, LIMIT_MAX);
}

/* Observe mode: what would be stored is told, and not asked for again. */
static void observed(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	struct event *e = tell_max(t, ms, EVENT_LIMIT_OBSERVED);

	if (!e)
		return;
	e->n[0] = ms->limits.wanted.value[LIMIT_MAX];
	e->n[1] = m->stored.value[LIMIT_MAX];
	e->reason = REASON_WRITER_DOCKER;
	ms->limits.persist.surrendered = 1;
}

static void persist_failed(
	struct tick *t, const struct member_sample *m, struct member_state *ms, int error)
{
	struct effort *persist = &ms->limits.persist;
	struct event *e;

	if (error == -ECANCELED) {
		observed(t, m, ms);
		return;
	}
	/* No room in the lane's last look: the cgroup's own limit is refused for the same reason,
	 * and told. */
	if (error == -EBUSY || !effort_failure_is_news(persist, error))
		return;
	e = tell_max(t, ms, EVENT_LIMIT_FAILED);
	if (!e)
		return;
	e->n[0] = errno_number(error);
	e->n[1] = ms->limits.wanted.value[LIMIT_MAX];
	persist->told_error = error;
}

/* A docker update rewrites the cgroup as well: what differs now is no drift. */
void persist_ended(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	struct member_limits *l = &ms->limits;
	int outcome = effort_outcome(&l->persist);

	if (outcome > 0)
		return;
	l->flags |= LIMITS_SETTLING | LIMITS_HUSH;
	l->held = 0;
	/* Without an answer it may have been done all the same. */
	if (m->has_unit && (outcome == 0 || outcome == -ETIMEDOUT))
		l->flags |= LIMITS_REHOLD;
	if (outcome < 0) {
		persist_failed(t, m, ms, outcome);
		return;
	}
	effort_count_round(t, &l->persist);
}

static bool docker_answers(const struct tick *t)
{
	uint8_t docker = t->snap->peer[PEER_DOCKER];

	return docker == PEER_OK || docker == PEER_UNKNOWN;
}

/* Docker has taken it so often, and still does not have it. */
static void give_up(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	struct event *e = tell_max(t, ms, EVENT_LIMIT_SURRENDERED);

	if (!e)
		return;
	e->n[0] = ms->limits.wanted.value[LIMIT_MAX];
	e->n[1] = m->stored.value[LIMIT_MAX];
	e->n[2] = ms->limits.persist.rounds;
	e->reason = REASON_WRITER_DOCKER;
	ms->limits.persist.surrendered = 1;
}

void persist_ask(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	struct effort *persist = &ms->limits.persist;
	struct limit_set set;

	if (m->owner != OWNER_DOCKER || !(m->valid & MEMBER_STORED))
		return;
	tell_cannot_unset(t, m, ms);
	to_store(t, m, &ms->limits.wanted, &set);
	if (set.mask == 0 || persist->surrendered)
		return;
	if (effort_rounds(t, persist) >= t->policy->drift.rounds) {
		give_up(t, m, ms);
		return;
	}
	if (persist->ended_us && !passed(t, persist->ended_us, STORED_READ_US, &ms->deadline_us))
		return;
	if (!effort_ready(t, persist, &ms->deadline_us))
		return;
	if (persisting(t) || !docker_answers(t)) {
		ms->deadline_us = 0;
		return;
	}
	plan_act(t, ACT_PERSIST, persist, ms->service, ms->inode, &ms->deadline_us)->set = set;
	t->persisting = true;
}
