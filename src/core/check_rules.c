/*
 * check_rules: see the header. A rule a concern, in the order of the list at the end; those of swap
 * and of services have files of their own. Each looks only at what was read: an absent reading is a
 * finding of its own, and never a value.
 */
#include <string.h>

#include "check_findings.h"

/* Without these two no promise is kept: limits cannot be set, or stalls are not seen. */
static const uint32_t grave_lacks = LACK_CGROUP2 | LACK_PSI;

int check_exit_status(enum check_severity worst)
{
	static const int statuses[CHECK_SEVERITIES] = {
		[CHECK_NOTICE] = 0,
		[CHECK_WARNING] = 1,
		[CHECK_UNKNOWN] = 3,
		[CHECK_CRITICAL] = 2,
	};

	return statuses[worst];
}

/* ---- nobody watching ---- */

static void rule_daemon(const struct check_world *w, struct check_findings *out)
{
	static const uint8_t kinds[] = {
		[CHECK_SILENT] = CHECK_DAEMON_SILENT,
		[CHECK_GONE] = CHECK_DAEMON_GONE,
		[CHECK_ABSENT] = CHECK_DAEMON_ABSENT,
		[CHECK_HIDDEN] = CHECK_DAEMON_HIDDEN,
	};
	struct check_finding f;

	if (w->policy_open)
		check_add_kind(out, CHECK_POLICY_OPEN);
	if (w->daemon != CHECK_ALIVE) {
		f = check_finding_of(kinds[w->daemon]);
		f.n[0] = w->daemon == CHECK_HIDDEN ? (uint64_t)w->daemon_error : w->daemon_pid;
		f.n[1] = w->daemon_age_us;
		f.n[2] = w->daemon_patience_us;
		check_add(out, &f);
		return;
	}
	if (w->daemon_rejected)
		check_add_kind(out, CHECK_POLICY_REJECTED);
	if (w->policy->mode == MODE_OBSERVE)
		check_add_kind(out, CHECK_OBSERVING);
}

/* ---- the host ---- */

uint32_t check_used_centipct(const struct host_sample *host)
{
	/* Less than a kB is none, for the kernel counts in those. */
	if (host->mem_available_bytes >= host->mem_total_bytes || host->mem_total_bytes < 1024)
		return 0;
	return check_centipct(
		host->mem_total_bytes - host->mem_available_bytes, host->mem_total_bytes);
}

static void rule_host_memory(const struct check_world *w, struct check_findings *out)
{
	const struct host_sample *host = &w->snap->host;
	const struct policy_host *p = &w->policy->host;
	struct check_finding f;
	uint32_t used;
	bool full, critical;

	if (!(host->valid & HOST_MEMORY)) {
		check_add_kind(out, CHECK_MEMORY_UNREAD);
		return;
	}
	used = check_used_centipct(host);
	full = used >= p->critical_centipct;
	if (used < p->warn_centipct && !full)
		return;
	critical = full && host_cushion(w->snap, p, check_memory_rules(w)) == CUSHION_NONE;
	f = check_finding_of(critical ? CHECK_HOST_CRITICAL : CHECK_HOST_WARN);
	f.n[0] = used;
	f.n[1] = critical ? p->critical_centipct : p->warn_centipct;
	f.n[2] = host->mem_available_bytes;
	f.n[3] = host->mem_total_bytes;
	check_add(out, &f);
}

bool check_member_limit(const struct member_sample *m, uint64_t *limit_bytes)
{
	bool own = limit_has(&m->live, LIMIT_MAX), inner = m->valid & MEMBER_INNER_MAX;

	*limit_bytes = own ? m->live.value[LIMIT_MAX] : LIMIT_UNLIMITED;
	if (inner && m->inner_max_bytes < *limit_bytes)
		*limit_bytes = m->inner_max_bytes;
	return own || inner;
}

/* The limits that may all be used up at once: of every member (its own where two services claim it,
 * for it gets those of neither); of a service that is not there now, what it will get; and of
 * containers that no service names. */
static uint64_t sum_of_limits(const struct check_world *w)
{
	const struct policy *p = w->policy;
	bool there[POLICY_SERVICES_MAX] = {false};
	uint64_t sum = 0, limit;

	for (uint16_t i = 0; i < w->snap->n_members; i++) {
		const struct member_sample *m = &w->snap->member[i];

		if (m->service >= p->n_services)
			continue;
		there[m->service] = true;
		if (m->also == SERVICE_NONE && limit_has(&p->service[m->service].limits, LIMIT_MAX))
			limit = p->service[m->service].limits.value[LIMIT_MAX];
		else if (!check_member_limit(m, &limit))
			continue;
		if (limit != LIMIT_UNLIMITED)
			sum = bytes_plus(sum, limit);
	}
	for (uint16_t i = 0; i < p->n_services; i++)
		if (!there[i] && limit_has(&p->service[i].limits, LIMIT_MAX) &&
			p->service[i].limits.value[LIMIT_MAX] != LIMIT_UNLIMITED)
			sum = bytes_plus(sum, p->service[i].limits.value[LIMIT_MAX]);
	for (uint16_t i = 0; i < w->n_containers; i++)
		if (w->container[i].service == SERVICE_NONE && w->container[i].has_limit &&
			w->container[i].limit_bytes != LIMIT_UNLIMITED)
			sum = bytes_plus(sum, w->container[i].limit_bytes);
	return sum;
}

static void rule_overcommit(const struct check_world *w, struct check_findings *out)
{
	struct check_finding f = check_finding_of(CHECK_OVERCOMMIT);

	if (!(w->snap->host.valid & HOST_MEMORY))
		return;
	f.n[0] = sum_of_limits(w);
	f.n[1] = w->policy->host.reserve_bytes;
	f.n[2] = w->snap->host.mem_total_bytes;
	if (f.n[0] > 0 && bytes_plus(f.n[0], f.n[1]) > f.n[2])
		check_add(out, &f);
}

static void rule_lacks(const struct check_world *w, struct check_findings *out)
{
	for (uint8_t bit = 0; bit < LACK_COUNT; bit++) {
		struct check_finding f = check_finding_of(CHECK_LACK);

		if (!(w->snap->lacks & (1U << bit)))
			continue;
		f.subject = bit;
		if (grave_lacks & (1U << bit))
			f.severity = CHECK_WARNING;
		check_add(out, &f);
	}
}

static void rule_docker(const struct check_world *w, struct check_findings *out)
{
	if (w->snap->peer[PEER_DOCKER] == PEER_SILENT)
		check_add_kind(out, CHECK_DOCKER_SILENT);
}

/* ---- containers ---- */

static void add_count(struct check_findings *out, enum check_kind kind, uint64_t count)
{
	struct check_finding f = check_finding_of(kind);

	f.n[0] = count;
	if (count > 0)
		check_add(out, &f);
}

static void rule_containers(const struct check_world *w, struct check_findings *out)
{
	for (uint16_t i = 0; i < w->n_containers; i++) {
		const struct check_container *c = &w->container[i];
		struct check_finding f =
			check_finding_of(c->has_limit ? CHECK_UNLIMITED : CHECK_LIMIT_UNREAD);

		if (c->has_limit && c->limit_bytes != LIMIT_UNLIMITED)
			continue;
		f.container = i;
		f.service = c->service;
		check_add(out, &f);
	}
	add_count(out, CHECK_NAMES_UNREAD, w->names_unread);
	add_count(out, CHECK_CROWDED, w->unseen);
}

void check_rules(const struct check_world *world, struct check_findings *out)
{
	static void (*const rules[])(const struct check_world *, struct check_findings *) = {
		rule_daemon,
		rule_host_memory,
		rule_containers,
		check_swap,
		rule_overcommit,
		check_services,
		rule_docker,
		rule_lacks,
		check_streams,
	};

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](world, out);
}
