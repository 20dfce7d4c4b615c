/*
 * policy_check: what is wrong with a policy although each value alone is fine, and what a reload
 * changes.
 *
 * The core makes findings of numbers; codec/policy_finding makes sentences of them.
 */
#ifndef GUARDIAN_POLICY_CHECK_H
#define GUARDIAN_POLICY_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/policy.h"
#include "guardian/policy_fields.h"

enum finding_kind {
	FINDING_OUT_OF_BOUNDS,      /* n: value, least, most */
	FINDING_RESERVATION_OVER,   /* n: mem_reservation, mem_limit */
	FINDING_WARN_OVER_CRITICAL, /* n: warn, critical */
	FINDING_CALM_TOO_LARGE,     /* n: calm, warn */
	FINDING_OOM_GROUP_POSTGRES,
	FINDING_PROTECTED_BARE,
	FINDING_GUARDED_CGROUP, /* text: the cgroup's unit */
	FINDING_DUPLICATE_NAME,
	FINDING_SAME_SELECTOR,
	FINDING_NEVER_SURRENDERS,    /* n: rounds, time they take, window */
	FINDING_LIMITS_OVER_MEMORY,  /* n: sum of mem_limit, reserve, memory */
	FINDING_RESERVATIONS_OVER,   /* n: sum of mem_reservation, reserve, memory */
	FINDING_SWAP_TOO_SMALL,      /* n: size */
	FINDING_SWAP_FOLDER,         /* text: the path */
	FINDING_STREAMS_OVER_MEMORY, /* n: all streams, reserve, memory */
	FINDING_NO_SERVICES,
	FINDING_COUNT,
};

enum { FINDING_NUMBERS = 3 };

#define FINDING_NO_SERVICE UINT16_MAX

struct policy_finding {
	uint16_t kind;    /* enum finding_kind */
	uint16_t service; /* index, or FINDING_NO_SERVICE: of the policy as a whole */
	uint16_t other;   /* the second service, or FINDING_NO_SERVICE */
	const struct policy_field *field; /* the one to point at, or NULL */
	const char *text;                 /* of the policy or static, or NULL */
	uint64_t n[FINDING_NUMBERS];
};

struct finding_info {
	bool is_error;    /* the policy is refused; else a warning */
	bool on_defaults; /* may rest on a default, so it misleads where a given value was refused
			   */
	/* {service} {other} {field} {text}; {0} a number as it is, {0:size} {0:pct} {0:time},
	 * {0:field} in the unit of the field. */
	const char *sentence;
};

const struct finding_info *finding_info(enum finding_kind kind);

typedef void policy_finding_fn(void *to, const struct policy_finding *finding);

/* Checks a finished policy against itself and MEM_TOTAL_BYTES of physical memory (0: unknown, not
 * checked), and tells each finding as it comes. -> how many of them are errors. */
size_t policy_check(
	const struct policy *policy, uint64_t mem_total_bytes, policy_finding_fn *tell, void *to);

enum service_change { SERVICE_SAME, SERVICE_CHANGED, SERVICE_ADDED };

struct policy_diff {
	bool settings_changed; /* anything outside of the services */
	uint32_t n_added, n_changed, n_removed;
	uint16_t old_index[POLICY_SERVICES_MAX]; /* of each new service by name, or
						    FINDING_NO_SERVICE */
	uint8_t change[POLICY_SERVICES_MAX];     /* enum service_change */
	bool removed[POLICY_SERVICES_MAX];       /* by old index */
};

/* -> true when the policies differ in anything but line numbers and the order of services. */
bool policy_diff(const struct policy *before, const struct policy *after, struct policy_diff *diff);

#endif
