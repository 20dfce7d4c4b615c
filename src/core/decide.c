/*
 * decide: the order of the rules.
 *
 * Who is there comes first, then each member whose readings changed or whose moment has come, then
 * what is above and around them. A member that nothing happened to costs a handful of instructions;
 * most ticks consist of those.
 */
#include <string.h>

#include "guardian/decide.h"
#include "rules.h"

typedef void member_rule(struct tick *t, const struct member_sample *m, struct member_state *ms);

static member_rule *const member_rules[] = {
	member_conflict,
	member_readings,
	member_memory,
	member_limit,
};

/* Longer than any tick should take: the host slept, or nobody looked. */
static uint64_t jump_us(const struct policy *policy)
{
	return 4 * policy_longest_us(&policy->host) + 10 * SECOND_US;
}

/* So far ahead that no sum of moments overflows. */
#define MOMENT_MAX (UINT64_MAX / 2)

static uint16_t at_most(uint16_t n, uint16_t max)
{
	return n < max ? n : max;
}

static struct tick tick_begin(const struct policy *policy, const struct snapshot *snap,
	struct state *state, struct plan *plan)
{
	struct tick t = {.policy = policy, .snap = snap, .state = state, .plan = plan};

	t.now_us = snap->now_us > MOMENT_MAX ? MOMENT_MAX : snap->now_us ? snap->now_us : 1;
	t.n_members = at_most(snap->n_members, SNAPSHOT_MEMBERS_MAX);
	t.n_ancestors = at_most(snap->n_ancestors, SNAPSHOT_ANCESTORS_MAX);
	t.n_results = at_most(snap->n_results, SNAPSHOT_RESULTS_MAX);
	plan->n_actions = 0;
	plan->n_events = 0;
	plan->state_changed = false;
	plan->wake_us = UINT64_MAX;
	return t;
}

static void clock_watch(struct tick *t)
{
	uint64_t before_us = t->state->now_us;

	t->state->now_us = t->now_us;
	if (before_us && (t->now_us < before_us || t->now_us - before_us > jump_us(t->policy)))
		state_restart_durations(t->state, t->now_us);
}

/* Counting kills needs no room in the plan; the other rules wait for it, all together. */
static void member_look(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	t->looked = true;
	ms->deadline_us = UINT64_MAX;
	if (!service_policy(t, ms->service))
		return;
	member_oom(t, m, ms);
	if (!plan_has_room(t)) {
		ms->deadline_us = 0;
		plan_wake(t, t->now_us);
		return;
	}
	for (size_t i = 0; i < sizeof(member_rules) / sizeof(member_rules[0]); i++)
		member_rules[i](t, m, ms);
}

/* Asked of all in one go, in a loop without a way out, so that the memory of several members is
 * fetched side by side. */
static bool members_as_before(struct tick *t)
{
	const struct member_sample *m = t->snap->member;
	const struct member_state *ms = t->state->member;
	uint64_t wake_us = UINT64_MAX, inodes = 0;
	uint16_t services = 0;
	uint8_t changed = 0;

#pragma GCC unroll 4
	for (uint32_t i = 0; i < t->n_members; i++) {
		inodes |= m[i].inode ^ ms[i].inode;
		services |= m[i].service ^ ms[i].service;
		changed |= m[i].changed;
		wake_us = ms[i].deadline_us < wake_us ? ms[i].deadline_us : wake_us;
	}
	t->state->members_due_us = wake_us;
	return !inodes && !services && !changed;
}

/* Most ticks: everybody is where they were, nothing happened to them, and nobody's moment has come.
 * Whoever took the snapshot knows it from reading, and when the next moment comes is known from the
 * tick before: then nobody needs to be asked. */
static bool members_quiet(struct tick *t)
{
	struct state *state = t->state;

	if (state->n_members != t->n_members)
		return false;
	if (!(t->snap->members_still && state->members_due_us > t->now_us) && !members_as_before(t))
		return false;
	if (state->members_due_us <= t->now_us)
		return false;
	plan_wake(t, state->members_due_us);
	return true;
}

static void members_look(struct tick *t)
{
	const struct member_sample *m = t->snap->member, *end = m + t->n_members;
	struct member_state *ms = t->state->member;
	uint64_t now_us = t->now_us, wake_us = UINT64_MAX;
	bool near = false, overdue = false;

	for (; m < end; m++, ms++) {
		if (m->changed || ms->deadline_us <= now_us)
			member_look(t, m, ms);
		near |= member_near(t, ms);
		overdue |= ms->deadline_us <= now_us;
		if (ms->deadline_us < wake_us && ms->deadline_us > now_us)
			wake_us = ms->deadline_us;
	}
	t->state->members_near = near;
	t->state->members_due_us = overdue ? 0 : wake_us;
	plan_wake(t, wake_us);
}

static void host_readings(struct tick *t)
{
	uint64_t deadline_us = UINT64_MAX;

	readings_watch(
		t, &t->state->host_readings, t->snap->host.valid, SERVICE_NONE, 0, &deadline_us);
	plan_wake(t, deadline_us);
}

void decide(const struct policy *policy, const struct snapshot *snap, struct state *state,
	struct plan *plan)
{
	struct tick t = tick_begin(policy, snap, state, plan);
	bool quiet;

	clock_watch(&t);
	policy_adopt(&t);
	efforts_end(&t);
	lacks_tell(&t);
	peers_watch(&t);
	host_readings(&t);
	host_memory(&t);
	ancestors_align(&t);
	quiet = members_quiet(&t);
	if (!quiet)
		members_align(&t);
	services_tell(&t); /* first who is there, then how it is */
	if (!quiet)
		members_look(&t);
	ancestors_look(&t);
	swap_keep(&t);
	knobs_keep(&t);
	swap_level(&t);
	thrash_watch(&t);
	streams_keep(&t);
	services_tell(&t);
	ooms_tell(&t);
	plan_wake(&t, state->services_due_us > t.now_us ? state->services_due_us : UINT64_MAX);
	pace_set(&t);
}
