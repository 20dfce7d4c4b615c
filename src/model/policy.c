/*
 * policy: the words of its enumerations, as they stand in the file and in messages. Its fields are
 * in core/policy_fields.
 */
#include <stddef.h>

#include "guardian/policy.h"

const char *policy_role_name(enum policy_role role)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_GENERIC] = "generic",
		[ROLE_NODE] = "node",
		[ROLE_POSTGRES] = "postgres",
		[ROLE_REDIS] = "redis",
	};

	return (size_t)role < ROLE_COUNT ? names[role] : "unknown";
}

const char *policy_mode_name(enum policy_mode mode)
{
	static const char *const names[MODE_COUNT] = {
		[MODE_ENFORCE] = "enforce",
		[MODE_OBSERVE] = "observe",
	};

	return (size_t)mode < MODE_COUNT ? names[mode] : "unknown";
}

const char *policy_over_cap_name(enum policy_over_cap over_cap)
{
	static const char *const names[OVER_CAP_COUNT] = {
		[OVER_CAP_TELL] = "tell",
		[OVER_CAP_STOP_NEWEST] = "stop-newest",
	};

	return (size_t)over_cap < OVER_CAP_COUNT ? names[over_cap] : "unknown";
}
