/*
 * wanted: see the header. Swap that appears on a host later gives each container as much as its
 * memory.swap.max, which Docker sets to its limit: not to what was meant to have none.
 */
#include "guardian/wanted.h"

#include <string.h>

/* Without values that would kill whatever they are set on (below a page the kernel makes 0 of
 * them): the policy's check refuses them, and so does this. */
static void named_limits(const struct policy_service *service, struct limit_set *wanted)
{
	memset(wanted, 0, sizeof(*wanted));
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++) {
		uint64_t value = service->limits.value[kind];

		if (!limit_has(&service->limits, kind))
			continue;
		if (kind == LIMIT_MAX && value < LIMIT_FLOOR_BYTES)
			continue;
		limit_put(wanted, kind, value);
	}
}

/* The most that a container may swap by what Docker was told. False: that is not known. */
static bool allowed_by_docker(
	const struct member_sample *m, const struct limit_set *before, uint64_t *allowed)
{
	if (m->valid & MEMBER_STORED) {
		bool forbids = limit_has(&m->stored, LIMIT_SWAP_MAX) &&
			       m->stored.value[LIMIT_SWAP_MAX] == 0;

		*allowed = forbids ? 0 : LIMIT_UNLIMITED;
		return true;
	}
	if (!before || !limit_has(before, LIMIT_SWAP_MAX))
		return false;
	*allowed = before->value[LIMIT_SWAP_MAX];
	return true;
}

void wanted_limits(const struct policy_service *service, const struct member_sample *m,
	const struct limit_set *before, struct limit_set *wanted)
{
	uint64_t allowed = LIMIT_UNLIMITED, max;

	named_limits(service, wanted);
	if (limit_has(wanted, LIMIT_SWAP_MAX) || !limit_has(wanted, LIMIT_MAX))
		return;
	if (m->owner == OWNER_DOCKER && !allowed_by_docker(m, before, &allowed))
		return;
	max = wanted->value[LIMIT_MAX];
	limit_put(wanted, LIMIT_SWAP_MAX, max < allowed ? max : allowed);
}
