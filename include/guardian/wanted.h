/*
 * wanted: the limits that a member is to have: what its service says, and what follows from that.
 */
#ifndef GUARDIAN_WANTED_H
#define GUARDIAN_WANTED_H

#include "guardian/limit.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"

/*
 * A service that names mem_limit and no swap_limit may swap up to its mem_limit, as Docker's own
 * default has it; but a container that Docker was told not to swap (memory-swap equal to memory)
 * gets none, and is held at that. What Docker was told is not always known: then BEFORE holds, what
 * was wanted of this member at the last look (or NULL), or swap is left as it is.
 */
void wanted_limits(const struct policy_service *service, const struct member_sample *m,
	const struct limit_set *before, struct limit_set *wanted);

#endif
