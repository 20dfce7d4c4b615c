/*
 * decide: the daemon's mind. A pure function: no clock, no file, no allocation, integers only; the
 * same inputs make the same bytes, so that any recorded minute can be decided again.
 *
 * The rules are one file a concern, src/core/rule_*.c; decide() is their order.
 */
#ifndef GUARDIAN_DECIDE_H
#define GUARDIAN_DECIDE_H

#include "guardian/plan.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"
#include "guardian/state.h"

/*
 * Turns STATE into the next state and fills PLAN (only as far as its counts say). Services keep
 * what is remembered of them by name when SNAP->policy_generation says that POLICY is another;
 * settled matters are open again then.
 *
 * PLAN->wake_us == SNAP->now_us means that not everything fitted into the plan: carry it out and
 * come back at once with a new snapshot.
 */
void decide(const struct policy *policy, const struct snapshot *snap, struct state *state,
	struct plan *plan);

#endif
