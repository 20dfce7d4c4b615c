/*
 * selector: how a service says which containers, units or cgroups are its own, and which selectors
 * are refused.
 */
#ifndef GUARDIAN_SELECTOR_H
#define GUARDIAN_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "guardian/policy_fields.h"

/* True when TEXT has the form of its type: a container name, Compose service, unit, glob or path.
 * The name of a service has the form of a container's, since that is what it is found by when
 * nothing else is said. */
bool selector_text_ok(enum field_type type, const char *text, size_t len);

/* The first cgroup that no policy may lay its hand on and that the service's unit or glob matches:
 * the root, PID 1, the slices as a whole, guardiand itself, Docker's daemon. NULL when there is
 * none. */
const char *selector_guarded(const struct policy_service *service);

/* The selector by which one container could belong to both services, or NULL. */
const struct policy_field *selector_overlap(
	const struct policy_service *a, const struct policy_service *b);

#endif
