/*
 * roster_match: which service a cgroup belongs to. Pure: the policy, and what is known of the
 * cgroup by now. Whatever selectors a service has must all agree, and a second service that matches
 * is told, not guessed away.
 */
#include <string.h>

#include "guardian/roster.h"
#include "guardian/text.h"

/* "project/service", or "service" in any project. */
static bool compose_matches(const char *wanted, const struct docker_container *c)
{
	const char *slash = strchr(wanted, '/');
	size_t project = slash ? (size_t)(slash - wanted) : 0;

	if (!c->service[0] || strcmp(slash ? slash + 1 : wanted, c->service) != 0)
		return false;
	return !slash ||
	       (strlen(c->project) == project && memcmp(c->project, wanted, project) == 0);
}

static bool service_matches(const struct policy_service *s, const struct roster_entry *e)
{
	bool known = e->naming == NAMING_KNOWN;

	if (s->container[0] && !(known && strcmp(s->container, e->container.name) == 0))
		return false;
	if (s->compose[0] && !(known && compose_matches(s->compose, &e->container)))
		return false;
	/* crun's inner level is read with its scope (VALUE_INNER_MAX), and is no member of its own.
	 */
	if (s->unit[0] && (e->identity.inner || strcmp(s->unit, e->identity.unit) != 0))
		return false;
	if (s->cgroup[0] && !text_glob(s->cgroup, e->path))
		return false;
	return s->container[0] || s->compose[0] || s->unit[0] || s->cgroup[0];
}

uint16_t roster_match(const struct policy *policy, const struct roster_entry *entry, uint16_t *also)
{
	uint16_t found = SERVICE_NONE;

	*also = SERVICE_NONE;
	for (uint16_t i = 0; i < policy->n_services; i++) {
		if (!service_matches(&policy->service[i], entry))
			continue;
		if (found != SERVICE_NONE) {
			*also = i;
			break;
		}
		found = i;
	}
	return found;
}
