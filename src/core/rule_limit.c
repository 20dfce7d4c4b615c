/*
 * rule_limit: limits that hold. What the policy wants is compared with what is read back; what
 * differs is asked for; what has been in place and differs again is drift, told with its likely
 * writer, repaired at once and then ever more slowly, and after the policy's rounds left alone,
 * with an alarm, until the policy is loaded again or the cgroup is another.
 *
 * A limit is never lowered below 1.1 times what cannot be reclaimed, unless told `force`: a write
 * to memory.max reclaims, and then kills until it fits (mm/memcontrol.c: memory_max_write).
 */
#include <errno.h>
#include <string.h>

#include "guardian/wanted.h"
#include "rules.h"

/* Percent of what cannot be reclaimed that a limit must leave: to be set at all, and to be taken up
 * after it had to wait, so that it does not flap. */
#define ROOM_PERCENT       110ULL
#define ROOM_AGAIN_PERCENT 115ULL

enum verdict { VERDICT_FITS, VERDICT_WAIT, VERDICT_REFUSE };

void limits_open(struct member_state *ms)
{
	struct member_limits *l = &ms->limits;

	effort_open(&l->hold);
	effort_open(&l->persist);
	l->observed = 0;
}

/* Only what is known on both sides can differ. */
uint32_t limits_differ(
	const struct limit_set *wanted, const struct limit_set *found, uint32_t page_bytes)
{
	uint32_t differ = 0;

	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		if (limit_has(wanted, kind) && limit_has(found, kind) &&
			!limit_same(kind, wanted->value[kind], found->value[kind], page_bytes))
			differ |= BIT(kind);
	return differ;
}

/* ---- telling ---- */

struct event *tell_limit(
	struct tick *t, struct member_state *ms, enum event_kind kind, enum limit_kind limit)
{
	struct service_state *ss = &t->state->service[ms->service];
	struct event *e;

	if (!budget_take(t, &ss->limits, &limits_ration, &ms->deadline_us))
		return NULL;
	e = plan_tell(t, kind, ms->service, ms->inode);
	e->limit = (uint8_t)limit;
	return e;
}

/* For telling: 0 when it is not known. */
static uint64_t current_of(const struct member_sample *m)
{
	return m->valid & MEMBER_CURRENT ? m->current_bytes : 0;
}

/* One event for each kind of limit in MASK: the value wanted, the OTHER one, and NUMBER. */
static void tell_each(struct tick *t, struct member_state *ms, enum event_kind event, uint32_t mask,
	const struct limit_set *other, uint64_t number, uint8_t reason)
{
	const struct member_limits *l = &ms->limits;

	for (enum limit_kind kind = 0; mask >> kind; kind++) {
		struct event *e;

		if (!(mask & BIT(kind)))
			continue;
		e = tell_limit(t, ms, event, kind);
		if (!e)
			return;
		e->n[0] = l->wanted.value[kind];
		e->n[1] = other->value[kind];
		e->n[2] = number;
		e->reason = reason;
	}
}

static void tell_surrendered(struct tick *t, struct member_state *ms, uint32_t drift,
	const struct limit_set *found, uint8_t reason)
{
	enum limit_kind kind = (enum limit_kind)__builtin_ctz(drift);
	struct event *e = tell_limit(t, ms, EVENT_LIMIT_SURRENDERED, kind);

	if (!e)
		return;
	e->n[0] = ms->limits.wanted.value[kind];
	e->n[1] = found->value[kind];
	e->n[2] = effort_rounds(t, &ms->limits.hold);
	e->reason = reason;
	ms->told |= TOLD_SURRENDERED;
}

/* ---- who did it ---- */

static bool at_default(enum limit_kind kind, uint64_t value)
{
	return kind == LIMIT_LOW ? value == 0 : value == LIMIT_UNLIMITED;
}

/* All that guardiand owns is back at what a unit has that was told nothing: a daemon-reload. Docker
 * sets swap 0 in the file alone, so swap alone comes back too (opencontainers/cgroups#74). */
static bool is_unit_default(
	const struct member_sample *m, const struct limit_set *wanted, uint32_t drift)
{
	if (drift == BIT(LIMIT_SWAP_MAX))
		return wanted->value[LIMIT_SWAP_MAX] == 0 &&
		       at_default(LIMIT_SWAP_MAX, m->live.value[LIMIT_SWAP_MAX]);
	for (enum limit_kind kind = 0; kind < LIMIT_OOM_GROUP; kind++)
		if (limit_has(wanted, kind) && limit_has(&m->live, kind) &&
			!at_default(kind, m->live.value[kind]))
			return false;
	return drift & DOCKER_KINDS;
}

static bool is_stored(const struct tick *t, const struct member_sample *m, uint32_t drift)
{
	uint32_t differ = limits_differ(&m->stored, &m->live, t->snap->page_bytes);

	return m->valid & MEMBER_STORED && (drift & ~m->stored.mask) == 0 && (drift & differ) == 0;
}

static enum event_reason likely_writer(const struct tick *t, const struct member_sample *m,
	const struct limit_set *wanted, uint32_t drift)
{
	if (m->has_unit && is_unit_default(m, wanted, drift))
		return REASON_WRITER_SYSTEMD;
	return is_stored(t, m, drift) ? REASON_WRITER_DOCKER : REASON_WRITER_UNKNOWN;
}

/* ---- what may be written ---- */

/* VALUE x 100 / PERCENT without overflow. */
static uint64_t part_of(uint64_t value, uint64_t percent)
{
	return value / percent * 100 + value % percent * 100 / percent;
}

static enum verdict max_verdict(const struct member_sample *m, const struct member_limits *l)
{
	uint64_t percent = l->flags & LIMITS_REFUSED ? ROOM_AGAIN_PERCENT : ROOM_PERCENT;
	uint64_t wanted = l->wanted.value[LIMIT_MAX];

	if (wanted >= m->live.value[LIMIT_MAX])
		return VERDICT_FITS;
	if (!(m->valid & MEMBER_STAT))
		return VERDICT_WAIT;
	return member_unreclaimable(m) > part_of(wanted, percent) ? VERDICT_REFUSE : VERDICT_FITS;
}

static void refuse(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	struct event *e;

	ms->limits.flags |= LIMITS_REFUSED;
	if (ms->told & TOLD_REFUSED)
		return;
	e = tell_limit(t, ms, EVENT_LIMIT_REFUSED, LIMIT_MAX);
	if (!e)
		return;
	e->n[0] = ms->limits.wanted.value[LIMIT_MAX];
	e->n[1] = m->valid & MEMBER_STAT ? member_unreclaimable(m) : 0;
	e->n[2] = current_of(m);
	ms->told |= TOLD_REFUSED;
}

/* WHICH without a mem_limit that has to wait. A forced one kills: there is one of these a tick. */
static uint32_t without_refused(struct tick *t, const struct member_sample *m,
	struct member_state *ms, uint32_t which, bool force)
{
	uint32_t others = which & ~BIT(LIMIT_MAX);
	enum verdict verdict;

	if (which == others)
		return which;
	verdict = max_verdict(m, &ms->limits);
	if (verdict == VERDICT_FITS) {
		ms->limits.flags &= (uint8_t)~LIMITS_REFUSED;
		return which;
	}
	if (verdict == VERDICT_WAIT)
		return others;
	if (!force) {
		refuse(t, m, ms);
		return others;
	}
	if (t->destructive) {
		ms->deadline_us = 0;
		plan_wake(t, t->now_us + SETTLE_US);
		return others;
	}
	t->destructive = true;
	return which;
}

/* ---- results ---- */

static void hold_failed(
	struct tick *t, const struct member_sample *m, struct member_state *ms, int error)
{
	struct member_limits *l = &ms->limits;
	enum limit_kind kind = l->asked ? (enum limit_kind)__builtin_ctz(l->asked) : LIMIT_MAX;
	struct event *e;

	if (error == -EBUSY) { /* looked at again right before writing: it did not fit any more */
		refuse(t, m, ms);
		return;
	}
	if (error == -ECANCELED) {
		l->observed |= l->asked;
		tell_each(t, ms, EVENT_LIMIT_OBSERVED, l->asked, &l->before, 0, REASON_NONE);
		return;
	}
	if (!effort_failure_is_news(&l->hold, error))
		return;
	e = tell_limit(t, ms, EVENT_LIMIT_FAILED, kind);
	if (!e)
		return;
	e->n[0] = errno_number(error);
	e->n[1] = l->wanted.value[kind];
	l->hold.told_error = error;
}

static void hold_ended(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	struct member_limits *l = &ms->limits;
	int outcome = effort_outcome(&l->hold);

	if (outcome > 0)
		return;
	if (outcome < 0) {
		hold_failed(t, m, ms, outcome);
		return;
	}
	if (l->repairs)
		effort_count_round(t, &l->hold);
	if (l->asked & BIT(LIMIT_MAX))
		ms->told &= (uint8_t)~TOLD_REFUSED;
	l->held |= l->asked;
	l->drifted &= (uint8_t)~l->asked;
	l->flags |= LIMITS_SETTLING;
}

/* Somebody wrote: what is read may be older for a moment, and is judged at the next look only. */
static bool settling(const struct tick *t, struct member_state *ms, uint32_t differ)
{
	struct member_limits *l = &ms->limits;
	uint64_t ended_us =
		l->hold.ended_us > l->persist.ended_us ? l->hold.ended_us : l->persist.ended_us;

	if (!(l->flags & LIMITS_SETTLING))
		return false;
	if (differ && !passed(t, ended_us, SETTLE_US, &ms->deadline_us))
		return true;
	l->flags &= (uint8_t)~LIMITS_SETTLING;
	return false;
}

/* ---- the rule ---- */

static bool same_set(const struct limit_set *a, const struct limit_set *b)
{
	return a->mask == b->mask && memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

/* More became known of what follows from the policy: what is settled stays so. */
static bool only_adds(const struct limit_set *before, const struct limit_set *wanted)
{
	if (before->mask == 0 || before->mask & ~wanted->mask)
		return false;
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		if (limit_has(before, kind) && before->value[kind] != wanted->value[kind])
			return false;
	return true;
}

/* The policy wants something else: nothing is settled. What is under way still has to come back. */
static void renew(struct member_state *ms, const struct limit_set *wanted)
{
	struct member_limits *l = &ms->limits;
	struct effort hold = l->hold, persist = l->persist;

	if (same_set(&l->wanted, wanted))
		return;
	if (only_adds(&l->wanted, wanted)) {
		l->wanted = *wanted;
		return;
	}
	effort_open(&hold);
	effort_open(&persist);
	memset(l, 0, sizeof(*l));
	memcpy(&l->wanted, wanted, sizeof(*wanted));
	l->hold = hold;
	l->persist = persist;
	ms->told &= TOLD_CONFLICT;
}

static void notice(
	struct tick *t, const struct member_sample *m, struct member_state *ms, uint32_t differ)
{
	struct member_limits *l = &ms->limits;
	uint8_t equal = (uint8_t)(l->wanted.mask & m->live.mask & ~differ);
	uint8_t drift;

	l->drifted &= (uint8_t)differ; /* else repaired, by whomever */
	drift = (uint8_t)(differ & l->held & ~l->drifted);
	tell_each(t, ms, EVENT_LIMIT_APPLIED, l->fresh & equal, &l->before, current_of(m),
		REASON_NONE);
	l->fresh = 0;
	l->held |= equal;
	l->observed &= (uint8_t)differ;
	if (differ == 0)
		l->flags &= (uint8_t)~LIMITS_HUSH;
	/* After the last round it is the surrender that is told. */
	if (drift && effort_rounds(t, &l->hold) < t->policy->drift.rounds)
		tell_each(t, ms, EVENT_LIMIT_DRIFT, drift, &m->live,
			effort_rounds(t, &l->hold) + 1U,
			(uint8_t)likely_writer(t, m, &l->wanted, differ & l->held));
	l->drifted |= drift;
}

static void hold_ask(struct tick *t, const struct member_sample *m, struct member_state *ms,
	uint32_t which, bool force)
{
	struct member_limits *l = &ms->limits;
	struct action *a =
		plan_act(t, ACT_HOLD, &l->hold, ms->service, ms->inode, &ms->deadline_us);

	a->force = force;
	a->set = l->wanted;
	a->set.mask = which;
	/* systemd 252 puts memory.oom.group back to 0 whenever it writes a unit's values: have it
	 * written again behind it. */
	if (m->has_unit)
		a->set.mask |= l->wanted.mask & (1U << LIMIT_OOM_GROUP);
	l->before = m->live;
	l->asked = (uint8_t)which;
	/* What follows a docker update is our own doing and no round with another writer. */
	l->repairs = l->flags & (LIMITS_HUSH | LIMITS_REHOLD) ? 0 : (uint8_t)(which & l->held);
	l->fresh = l->flags & LIMITS_HUSH ? 0 : (uint8_t)(which & ~l->held);
	l->flags &= (uint8_t) ~(LIMITS_HUSH | LIMITS_REHOLD);
}

/* True when there have been enough rounds: hands off. */
static bool surrender(
	struct tick *t, const struct member_sample *m, struct member_state *ms, uint32_t drift)
{
	struct member_limits *l = &ms->limits;

	if (drift && effort_rounds(t, &l->hold) >= t->policy->drift.rounds)
		l->hold.surrendered = 1;
	if (!l->hold.surrendered)
		return false;
	if (drift && !(ms->told & TOLD_SURRENDERED))
		tell_surrendered(
			t, ms, drift, &m->live, (uint8_t)likely_writer(t, m, &l->wanted, drift));
	return true;
}

static uint32_t known_kinds(const struct member_sample *m, const struct member_limits *l)
{
	uint32_t kinds = l->wanted.mask & m->live.mask;

	return l->flags & LIMITS_REFUSED ? kinds & ~BIT(LIMIT_MAX) : kinds;
}

void member_limit(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	const struct policy_service *service = service_policy(t, m->service);
	struct member_limits *l = &ms->limits;
	struct limit_set wanted;
	uint32_t differ, which;

	if (m->also != SERVICE_NONE)
		return;
	wanted_limits(service, m, &l->wanted, &wanted);
	renew(ms, &wanted);
	if (effort_pending(t, &l->hold, &ms->deadline_us) ||
		effort_pending(t, &l->persist, &ms->deadline_us))
		return;
	hold_ended(t, m, ms);
	persist_ended(t, m, ms);
	differ = limits_differ(&l->wanted, &m->live, t->snap->page_bytes);
	if (settling(t, ms, differ))
		return;
	notice(t, m, ms, differ);
	which = without_refused(t, m, ms, differ & ~l->observed, service->force);
	if (surrender(t, m, ms, which & l->held))
		return;
	if (differ == 0 && l->flags & LIMITS_REHOLD)
		which = known_kinds(m, l);
	if (which == 0 && differ == 0)
		persist_ask(t, m, ms);
	else if (which && effort_ready(t, &l->hold, &ms->deadline_us))
		hold_ask(t, m, ms, which, service->force);
}
