/*
 * check_rules: see the header. A rule a concern, in the order of the list at the end. Each looks
 * only at what was read: an absent reading is a finding of its own, and never a value.
 */
#include <string.h>

#include "check_swap.h"
#include "guardian/check_rules.h"
#include "guardian/wanted.h"

/* What a kind of finding is worth, unless a rule says otherwise. */
static const uint8_t severities[CHECK_KINDS] = {
	[CHECK_DAEMON_SILENT] = CHECK_CRITICAL,
	[CHECK_DAEMON_GONE] = CHECK_CRITICAL,
	[CHECK_DAEMON_ABSENT] = CHECK_CRITICAL,
	[CHECK_DAEMON_HIDDEN] = CHECK_UNKNOWN,
	[CHECK_POLICY_REJECTED] = CHECK_WARNING,
	[CHECK_POLICY_OPEN] = CHECK_WARNING,
	[CHECK_OBSERVING] = CHECK_NOTICE,
	[CHECK_MEMORY_UNREAD] = CHECK_UNKNOWN,
	[CHECK_HOST_WARN] = CHECK_WARNING,
	[CHECK_HOST_CRITICAL] = CHECK_CRITICAL,
	[CHECK_SWAP_UNREAD] = CHECK_UNKNOWN,
	[CHECK_NO_SWAP] = CHECK_WARNING,
	[CHECK_SWAP_ABSENT] = CHECK_WARNING,
	[CHECK_SWAP_SMALL] = CHECK_WARNING,
	[CHECK_SWAP_MODE] = CHECK_WARNING,
	[CHECK_SWAP_UNUSABLE] = CHECK_WARNING,
	[CHECK_SWAP_HIGH] = CHECK_WARNING,
	/* No policy can state a cap yet, so nobody could act on a warning. */
	[CHECK_NO_STREAM_CAP] = CHECK_NOTICE,
	[CHECK_OVERCOMMIT] = CHECK_WARNING,
	[CHECK_LACK] = CHECK_NOTICE,
	[CHECK_DOCKER_SILENT] = CHECK_WARNING,
	[CHECK_UNLIMITED] = CHECK_WARNING,
	[CHECK_LIMIT_UNREAD] = CHECK_UNKNOWN,
	[CHECK_NAMES_UNREAD] = CHECK_WARNING,
	[CHECK_CROWDED] = CHECK_WARNING,
	[CHECK_SERVICE_ABSENT] = CHECK_WARNING,
	[CHECK_CONFLICT] = CHECK_WARNING,
	[CHECK_SERVICE_UNREAD] = CHECK_UNKNOWN,
	[CHECK_SERVICE_WARN] = CHECK_WARNING,
	[CHECK_SERVICE_CRITICAL] = CHECK_CRITICAL,
	[CHECK_DRIFT] = CHECK_WARNING,
	[CHECK_REFUSED] = CHECK_WARNING,
	[CHECK_FAILED] = CHECK_WARNING,
	[CHECK_SURRENDERED] = CHECK_WARNING,
	[CHECK_VOID_RESERVATION] = CHECK_WARNING,
};

/* Without these two no promise is kept: limits cannot be set, or stalls are not seen. */
static const uint32_t grave_lacks = LACK_CGROUP2 | LACK_PSI;

/* ---- findings ---- */

static struct check_finding finding_of(enum check_kind kind)
{
	return (struct check_finding){.severity = severities[kind],
		.kind = (uint8_t)kind,
		.limit = LIMIT_COUNT,
		.service = SERVICE_NONE,
		.other = SERVICE_NONE,
		.container = CHECK_NO_CONTAINER};
}

/* Behind those that are as bad or worse; when there is no room, the least bad goes. */
static void add(struct check_findings *out, const struct check_finding *finding)
{
	uint16_t at = out->n, after;

	while (at > 0 && out->finding[at - 1].severity < finding->severity)
		at--;
	if (finding->severity > out->worst)
		out->worst = finding->severity;
	if (out->n == CHECK_FINDINGS_MAX)
		out->untold++;
	else
		out->n++;
	if (at == CHECK_FINDINGS_MAX)
		return;
	after = (uint16_t)(out->n - at - 1);
	memmove(&out->finding[at + 1], &out->finding[at], after * sizeof(*finding));
	out->finding[at] = *finding;
}

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
	struct check_finding f = finding_of(CHECK_POLICY_OPEN);

	if (w->policy_open)
		add(out, &f);
	if (w->daemon != CHECK_ALIVE) {
		f = finding_of(kinds[w->daemon]);
		f.n[0] = w->daemon == CHECK_HIDDEN ? (uint64_t)w->daemon_error : w->daemon_pid;
		f.n[1] = w->daemon_age_us;
		f.n[2] = w->daemon_patience_us;
		add(out, &f);
		return;
	}
	if (w->daemon_rejected) {
		f = finding_of(CHECK_POLICY_REJECTED);
		add(out, &f);
	}
	if (w->policy->mode == MODE_OBSERVE) {
		f = finding_of(CHECK_OBSERVING);
		add(out, &f);
	}
}

/* ---- the host ---- */

static uint32_t centipct(uint64_t part, uint64_t whole)
{
	/* In kB, as the kernel counts: then 2^60 bytes can be multiplied. */
	part /= 1024;
	whole /= 1024;
	return whole ? (uint32_t)(part < whole ? part * 10000 / whole : 10000) : 0;
}

uint32_t check_used_centipct(const struct host_sample *host)
{
	if (host->mem_available_bytes >= host->mem_total_bytes)
		return 0;
	return centipct(host->mem_total_bytes - host->mem_available_bytes, host->mem_total_bytes);
}

static void rule_host_memory(const struct check_world *w, struct check_findings *out)
{
	const struct host_sample *host = &w->snap->host;
	const struct policy_host *p = &w->policy->host;
	struct check_finding f;
	uint32_t used;
	bool critical;

	if (!(host->valid & HOST_MEMORY)) {
		f = finding_of(CHECK_MEMORY_UNREAD);
		add(out, &f);
		return;
	}
	used = check_used_centipct(host);
	critical = used >= p->critical_centipct;
	if (used < p->warn_centipct && !critical)
		return;
	f = finding_of(critical ? CHECK_HOST_CRITICAL : CHECK_HOST_WARN);
	f.n[0] = used;
	f.n[1] = critical ? p->critical_centipct : p->warn_centipct;
	f.n[2] = host->mem_available_bytes;
	f.n[3] = host->mem_total_bytes;
	add(out, &f);
}

static void rule_swap(const struct check_world *w, struct check_findings *out)
{
	struct check_finding found[CHECK_SWAP_FINDINGS_MAX] = {0};
	size_t n = check_swap(w, found);

	for (size_t i = 0; i < n; i++) {
		struct check_finding f = finding_of((enum check_kind)found[i].kind);

		f.subject = found[i].subject;
		memcpy(f.n, found[i].n, sizeof(f.n));
		add(out, &f);
	}
}

static void rule_streams(const struct check_world *w, struct check_findings *out)
{
	struct check_finding f = finding_of(CHECK_NO_STREAM_CAP);

	(void)w;
	add(out, &f);
}

/* The limits that may all be used up at once: of every member; of a service that is not there now,
 * what it will get; and of containers that no service names. */
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
		if (limit_has(&p->service[m->service].limits, LIMIT_MAX))
			limit = p->service[m->service].limits.value[LIMIT_MAX];
		else if (!check_member_limit(m, &limit))
			continue;
		if (limit != LIMIT_UNLIMITED)
			sum += limit;
	}
	for (uint16_t i = 0; i < p->n_services; i++)
		if (!there[i] && limit_has(&p->service[i].limits, LIMIT_MAX) &&
			p->service[i].limits.value[LIMIT_MAX] != LIMIT_UNLIMITED)
			sum += p->service[i].limits.value[LIMIT_MAX];
	for (uint16_t i = 0; i < w->n_containers; i++)
		if (w->container[i].service == SERVICE_NONE && w->container[i].has_limit &&
			w->container[i].limit_bytes != LIMIT_UNLIMITED)
			sum += w->container[i].limit_bytes;
	return sum;
}

static void rule_overcommit(const struct check_world *w, struct check_findings *out)
{
	struct check_finding f = finding_of(CHECK_OVERCOMMIT);

	if (!(w->snap->host.valid & HOST_MEMORY))
		return;
	f.n[0] = sum_of_limits(w);
	f.n[1] = w->policy->host.reserve_bytes;
	f.n[2] = w->snap->host.mem_total_bytes;
	if (f.n[0] > 0 && f.n[0] + f.n[1] > f.n[2])
		add(out, &f);
}

static void rule_lacks(const struct check_world *w, struct check_findings *out)
{
	for (uint8_t bit = 0; bit < LACK_COUNT; bit++) {
		struct check_finding f = finding_of(CHECK_LACK);

		if (!(w->snap->lacks & (1U << bit)))
			continue;
		f.subject = bit;
		if (grave_lacks & (1U << bit))
			f.severity = CHECK_WARNING;
		add(out, &f);
	}
}

static void rule_docker(const struct check_world *w, struct check_findings *out)
{
	struct check_finding f = finding_of(CHECK_DOCKER_SILENT);

	if (w->snap->peer[PEER_DOCKER] == PEER_SILENT)
		add(out, &f);
}

/* ---- containers ---- */

static void add_count(struct check_findings *out, enum check_kind kind, uint64_t count)
{
	struct check_finding f = finding_of(kind);

	f.n[0] = count;
	if (count > 0)
		add(out, &f);
}

static void rule_containers(const struct check_world *w, struct check_findings *out)
{
	for (uint16_t i = 0; i < w->n_containers; i++) {
		const struct check_container *c = &w->container[i];
		struct check_finding f =
			finding_of(c->has_limit ? CHECK_UNLIMITED : CHECK_LIMIT_UNREAD);

		if (c->has_limit && c->limit_bytes != LIMIT_UNLIMITED)
			continue;
		f.container = i;
		f.service = c->service;
		add(out, &f);
	}
	add_count(out, CHECK_NAMES_UNREAD, w->names_unread);
	add_count(out, CHECK_CROWDED, w->unseen);
}

/* ---- services ---- */

/* A nameless container may be the very one that a service is looking for. */
static bool may_be_nameless(const struct check_world *w, const struct policy_service *service)
{
	return w->names_unread > 0 && (service->container[0] || service->compose[0]);
}

static bool is_there(const struct check_world *w, uint16_t service)
{
	for (uint16_t i = 0; i < w->snap->n_members; i++)
		if (w->snap->member[i].service == service || w->snap->member[i].also == service)
			return true;
	return false;
}

static void rule_absent(const struct check_world *w, struct check_findings *out)
{
	/* Where there are no cgroups to look at, absence says nothing; CHECK_LACK says that. */
	if (w->snap->lacks & LACK_CGROUP2)
		return;
	for (uint16_t i = 0; i < w->policy->n_services; i++) {
		struct check_finding f = finding_of(CHECK_SERVICE_ABSENT);

		f.service = i;
		if (!is_there(w, i) && !may_be_nameless(w, &w->policy->service[i]))
			add(out, &f);
	}
}

static void check_conflict(const struct member_sample *m, struct check_findings *out)
{
	struct check_finding f = finding_of(CHECK_CONFLICT);

	f.service = m->service;
	f.other = m->also;
	if (m->also != SERVICE_NONE)
		add(out, &f);
}

bool check_member_limit(const struct member_sample *m, uint64_t *limit_bytes)
{
	bool own = limit_has(&m->live, LIMIT_MAX), inner = m->valid & MEMBER_INNER_MAX;

	*limit_bytes = own ? m->live.value[LIMIT_MAX] : LIMIT_UNLIMITED;
	if (inner && m->inner_max_bytes < *limit_bytes)
		*limit_bytes = m->inner_max_bytes;
	return own || inner;
}

static void check_usage(const struct policy_service *service, const struct member_sample *m,
	struct check_findings *out)
{
	const uint32_t needed = MEMBER_CURRENT | MEMBER_STAT;
	struct check_finding f;
	uint64_t limit;
	uint32_t used;
	bool critical;

	if (!check_member_limit(m, &limit) || (m->valid & needed) != needed) {
		f = finding_of(CHECK_SERVICE_UNREAD);
		f.service = m->service;
		add(out, &f);
		return;
	}
	if (limit == LIMIT_UNLIMITED)
		return;
	used = centipct(member_working_set(m), limit);
	critical = used >= service->critical_centipct;
	if (used < service->warn_centipct && !critical)
		return;
	f = finding_of(critical ? CHECK_SERVICE_CRITICAL : CHECK_SERVICE_WARN);
	f.service = m->service;
	f.n[0] = used;
	f.n[1] = critical ? service->critical_centipct : service->warn_centipct;
	f.n[2] = member_working_set(m);
	f.n[3] = limit;
	add(out, &f);
}

/* A value that is not what the policy wants. A daemon that says why is believed; one that says
 * "held", or none at all, leaves drift. */
static void check_limits(
	const struct check_world *w, const struct member_sample *m, struct check_findings *out)
{
	static const uint8_t kinds[] = {
		[CLAIM_NONE] = CHECK_DRIFT,
		[CLAIM_HELD] = CHECK_DRIFT,
		[CLAIM_PENDING] = CHECK_DRIFT, /* not reached */
		[CLAIM_REFUSED] = CHECK_REFUSED,
		[CLAIM_FAILED] = CHECK_FAILED,
		[CLAIM_SURRENDERED] = CHECK_SURRENDERED,
	};
	struct limit_set wanted;
	uint8_t claim = w->daemon == CHECK_ALIVE ? w->claim[m->service] : CLAIM_NONE;

	/* Being set just now, or left alone until the policy is corrected. */
	if (claim == CLAIM_PENDING || m->also != SERVICE_NONE)
		return;
	wanted_limits(&w->policy->service[m->service], m, NULL, &wanted);
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++) {
		struct check_finding f = finding_of(kinds[claim]);

		if (!limit_has(&wanted, kind) || !limit_has(&m->live, kind) ||
			limit_same(
				kind, wanted.value[kind], m->live.value[kind], w->snap->page_bytes))
			continue;
		f.service = m->service;
		f.limit = (uint8_t)kind;
		f.n[0] = wanted.value[kind];
		f.n[1] = m->live.value[kind];
		add(out, &f);
	}
}

static void rule_members(const struct check_world *w, struct check_findings *out)
{
	for (uint16_t i = 0; i < w->snap->n_members; i++) {
		const struct member_sample *m = &w->snap->member[i];

		if (m->service >= w->policy->n_services)
			continue;
		check_conflict(m, out);
		check_usage(&w->policy->service[m->service], m, out);
		check_limits(w, m, out);
	}
}

/* ---- reservations: memory.low counts only as far as every cgroup above has one too ---- */

static uint64_t reservation_of(const struct check_world *w, const struct member_sample *m)
{
	const struct limit_set *wanted;

	if (m->service >= w->policy->n_services)
		return 0;
	wanted = &w->policy->service[m->service].limits;
	return limit_has(wanted, LIMIT_LOW) ? wanted->value[LIMIT_LOW] : 0;
}

/* The cgroups above a member, from the nearest up. -> how many; never more than there are, whatever
 * the indices say. */
static uint16_t cgroups_above(const struct snapshot *snap, const struct member_sample *m,
	int16_t chain[SNAPSHOT_ANCESTORS_MAX])
{
	uint16_t n = 0;
	int16_t a = m->ancestor;

	while (a >= 0 && a < (int16_t)snap->n_ancestors && n < snap->n_ancestors) {
		chain[n++] = a;
		a = snap->ancestor[a].parent;
	}
	return n;
}

static void check_reservation(const struct check_world *w, const struct member_sample *m,
	const uint64_t *need, struct check_findings *out)
{
	struct check_finding f = finding_of(CHECK_VOID_RESERVATION);
	int16_t chain[SNAPSHOT_ANCESTORS_MAX];
	uint16_t n = cgroups_above(w->snap, m, chain);

	f.service = m->service;
	f.n[0] = reservation_of(w, m);
	for (uint16_t i = 0; f.n[0] > 0 && i < n; i++) {
		const struct ancestor_sample *a = &w->snap->ancestor[chain[i]];

		f.n[1] = a->low_bytes;
		f.n[2] = need[chain[i]];
		if (a->has_low && f.n[1] < f.n[2] &&
			!limit_same(LIMIT_LOW, f.n[2], f.n[1], w->snap->page_bytes)) {
			add(out, &f);
			return;
		}
	}
}

static void rule_reservations(const struct check_world *w, struct check_findings *out)
{
	const struct snapshot *snap = w->snap;
	uint64_t need[SNAPSHOT_ANCESTORS_MAX] = {0};
	int16_t chain[SNAPSHOT_ANCESTORS_MAX];

	for (uint16_t i = 0; i < snap->n_members; i++)
		for (uint16_t n = cgroups_above(snap, &snap->member[i], chain); n-- > 0;)
			need[chain[n]] += reservation_of(w, &snap->member[i]);
	for (uint16_t i = 0; i < snap->n_members; i++)
		check_reservation(w, &snap->member[i], need, out);
}

void check_rules(const struct check_world *world, struct check_findings *out)
{
	static void (*const rules[])(const struct check_world *, struct check_findings *) = {
		rule_daemon,
		rule_host_memory,
		rule_containers,
		rule_swap,
		rule_overcommit,
		rule_members,
		rule_absent,
		rule_reservations,
		rule_docker,
		rule_lacks,
		rule_streams,
	};

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](world, out);
}
