/*
 * memory_rules: whether memory that runs short is the end of it. Without swap it is; with swap the
 * kernel puts aside what nobody uses, and the host or the service goes on. Which of the two rule
 * sets holds is chosen anew from each snapshot, for swap comes, fills up and goes. The rules of the
 * levels and `--check` ask the same.
 *
 * Whoever sets `critical` says how much he wants to hear of before it is gone: what lies above that
 * threshold. Swap that has less than that left changes nothing, and nor does a reading that is
 * absent: then all is as without swap.
 */
#ifndef GUARDIAN_MEMORY_RULES_H
#define GUARDIAN_MEMORY_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/policy.h"
#include "guardian/snapshot.h"
#include "guardian/state.h"

/* Of the time, by PSI of memory: all stand still (GLib's critical level, 100 ms in 2 s) or some
 * (four times that). */
#define STALL_FULL_CENTIPCT 500
#define STALL_SOME_CENTIPCT 2000

/* The rule set that this reading asks for. BEFORE: the one in force; it takes more to come back to
 * swap than to stay with it. */
enum memory_rules memory_rules_now(
	const struct host_sample *host, const struct policy_host *policy, enum memory_rules before);

/* How well swap keeps it from being critical, whatever is in use. */
enum cushion {
	CUSHION_NONE,
	CUSHION_ENOUGH, /* to stay below critical */
	CUSHION_AMPLE,  /* to leave it */
};

/* Of the host, as far as one snapshot tells: not whether it is told as thrashing. */
enum cushion host_cushion(
	const struct snapshot *snap, const struct policy_host *policy, enum memory_rules rules);

/* Of a member with the limit LIMIT_BYTES. Needs MEMBER_STAT. */
enum cushion member_cushion(const struct member_sample *m, const struct policy_service *service,
	uint64_t limit_bytes, enum memory_rules rules);

#endif
