/*
 * rule_reserve: makes reservations count. memory.low protects a cgroup only as far as each cgroup
 * above it has as much (systemd.resource-control(5)), so every ancestor gets at least the sum of
 * the reservations below it.
 *
 * It is raised only: a higher value is somebody else's. What guardiand itself has set it lowers
 * again when the policy has asked for less for a while, so that a restarting container does not
 * move the slice, and never below what it found.
 */
#include <errno.h>

#include "rules.h"

static bool ancestor_is(const struct tick *t, const void *entry, size_t i)
{
	const struct ancestor_state *as = entry;

	return as->inode == t->snap->ancestor[i].inode;
}

static void ancestor_leave(struct tick *t, void *entry)
{
	(void)t;
	(void)entry;
}

static void ancestor_enter(struct tick *t, void *entry, size_t i)
{
	struct ancestor_state *as = entry;

	as->inode = t->snap->ancestor[i].inode;
	t->looked = true;
}

void ancestors_align(struct tick *t)
{
	struct table table = {t->state->ancestor, sizeof(t->state->ancestor[0]),
		&t->state->n_ancestors, SNAPSHOT_ANCESTORS_MAX, ancestor_is, ancestor_leave,
		ancestor_enter};

	if (!table_in_order(t, &table, t->n_ancestors))
		table_align(t, &table, t->n_ancestors);
}

static uint64_t reservation(const struct tick *t, const struct member_sample *m)
{
	const struct policy_service *service = service_policy(t, m->service);

	if (!service || m->also != SERVICE_NONE || !limit_has(&service->limits, LIMIT_LOW))
		return 0;
	return service->limits.value[LIMIT_LOW];
}

static void needs_sum(struct tick *t)
{
	struct ancestor_state *ancestor = t->state->ancestor;
	int16_t chain[SNAPSHOT_ANCESTORS_MAX];

	for (size_t i = 0; i < t->n_ancestors; i++)
		ancestor[i].need_bytes = 0;
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member_sample *m = &t->snap->member[i];
		uint64_t low = reservation(t, m);

		for (uint16_t n = low ? member_ancestors(t->snap, m, chain) : 0; n-- > 0;)
			ancestor[chain[n]].need_bytes =
				bytes_plus(ancestor[chain[n]].need_bytes, low);
	}
}

static bool is_below(const struct tick *t, const struct member_sample *m, size_t ancestor)
{
	int16_t chain[SNAPSHOT_ANCESTORS_MAX];

	for (uint16_t n = member_ancestors(t->snap, m, chain); n-- > 0;)
		if ((size_t)chain[n] == ancestor)
			return true;
	return false;
}

/* Once for each member whose reservation this ancestor makes void. What does not fit into the plan
 * is told at the next tick. */
static void tell_void(struct tick *t, size_t ancestor)
{
	for (size_t i = 0; i < t->n_members; i++) {
		const struct member_sample *m = &t->snap->member[i];
		struct member_state *ms = &t->state->member[i];
		struct event *e;

		if (ms->told & TOLD_VOID || !reservation(t, m) || !is_below(t, m, ancestor))
			continue;
		if (!plan_has_room(t)) {
			plan_wake(t, t->now_us);
			return;
		}
		e = plan_tell(t, EVENT_RESERVATION_VOID, ms->service, ms->inode);
		e->limit = LIMIT_LOW;
		e->n[0] = reservation(t, m);
		e->n[1] = t->snap->ancestor[ancestor].low_bytes;
		ms->told |= TOLD_VOID;
	}
}

static void reserve_ended(struct tick *t, struct ancestor_state *as)
{
	int outcome = effort_outcome(&as->reserve);

	if (outcome > 0)
		return;
	if (outcome == 0) {
		effort_count_round(t, &as->reserve);
		as->set_bytes = as->asked_bytes;
		return;
	}
	if (outcome == -ECANCELED) /* observe mode */
		as->reserve.surrendered = 1;
	if (outcome == -ECANCELED || effort_failure_is_news(&as->reserve, outcome))
		as->is_void = 1;
}

/* What it shall have: what the policy needs, or what somebody else had given it already. */
static uint64_t due_bytes(const struct ancestor_state *as)
{
	return as->need_bytes > as->found_bytes ? as->need_bytes : as->found_bytes;
}

static void reserve_ask(struct tick *t, const struct ancestor_sample *sample,
	struct ancestor_state *as, uint64_t *deadline_us)
{
	struct action *a =
		plan_act(t, ACT_RESERVE, &as->reserve, SERVICE_NONE, as->inode, deadline_us);

	if (as->set_bytes == 0)
		as->found_bytes = sample->low_bytes;
	as->asked_bytes = due_bytes(as);
	limit_put(&a->set, LIMIT_LOW, as->asked_bytes);
	as->spare_us = 0;
}

/* Ours, and more than needed, for long enough. */
static bool is_spare(const struct tick *t, const struct ancestor_sample *a,
	struct ancestor_state *as, uint64_t *deadline_us)
{
	if (as->set_bytes &&
		!limit_same(LIMIT_LOW, as->set_bytes, a->low_bytes, t->snap->page_bytes))
		as->set_bytes = 0;
	if (as->set_bytes == 0 || as->set_bytes <= due_bytes(as)) {
		as->spare_us = 0;
		return false;
	}
	if (as->spare_us == 0)
		as->spare_us = t->now_us;
	return passed(t, as->spare_us, RESERVE_SPARE_US, deadline_us);
}

/* Enough is asked for until there have been enough rounds of it. */
static void reserve_try(struct tick *t, const struct ancestor_sample *sample,
	struct ancestor_state *as, uint64_t *deadline_us)
{
	if (as->reserve.surrendered)
		return;
	if (effort_rounds(t, &as->reserve) >= t->policy->drift.rounds) {
		as->reserve.surrendered = 1;
		as->is_void = 1;
	} else if (effort_ready(t, &as->reserve, deadline_us)) {
		reserve_ask(t, sample, as, deadline_us);
	}
}

static void ancestor_reserve(struct tick *t, size_t i, uint64_t *deadline_us)
{
	const struct ancestor_sample *a = &t->snap->ancestor[i];
	struct ancestor_state *as = &t->state->ancestor[i];
	bool enough = a->low_bytes >= as->need_bytes ||
		      limit_same(LIMIT_LOW, as->need_bytes, a->low_bytes, t->snap->page_bytes);

	if (effort_pending(t, &as->reserve, deadline_us))
		return;
	reserve_ended(t, as);
	if (!a->has_low)
		return;
	if (enough)
		as->is_void = 0;
	if (!enough || is_spare(t, a, as, deadline_us))
		reserve_try(t, a, as, deadline_us);
	if (as->is_void)
		tell_void(t, i);
}

void ancestors_look(struct tick *t)
{
	uint64_t deadline_us = UINT64_MAX;

	if (t->looked)
		needs_sum(t);
	for (size_t i = 0; i < t->n_ancestors; i++) {
		ancestor_oom(t, i, &deadline_us);
		if (plan_has_room(t))
			ancestor_reserve(t, i, &deadline_us);
		else
			plan_wake(t, t->now_us);
	}
	plan_wake(t, deadline_us);
}
