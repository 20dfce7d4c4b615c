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
