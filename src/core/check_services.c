/*
 * check_services: what `--check` finds of the policy's services: absent, in conflict, short of
 * memory, with other limits than wanted, or with a reservation that protects nothing.
 */
#include "check_findings.h"
#include "guardian/wanted.h"

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
		struct check_finding f = check_finding_of(CHECK_SERVICE_ABSENT);

		f.service = i;
		if (!is_there(w, i) && !may_be_nameless(w, &w->policy->service[i]))
			check_add(out, &f);
	}
}

static void check_conflict(const struct member_sample *m, struct check_findings *out)
{
	struct check_finding f = check_finding_of(CHECK_CONFLICT);

	f.service = m->service;
	f.other = m->also;
	if (m->also != SERVICE_NONE)
		check_add(out, &f);
}

static void check_usage(
	const struct check_world *w, const struct member_sample *m, struct check_findings *out)
{
	const struct policy_service *service = &w->policy->service[m->service];
	const uint32_t needed = MEMBER_CURRENT | MEMBER_STAT;
	struct check_finding f;
	uint64_t limit;
	uint32_t used;
	bool full, critical;

	if (!check_member_limit(m, &limit) || (m->valid & needed) != needed) {
		f = check_finding_of(CHECK_SERVICE_UNREAD);
		f.service = m->service;
		check_add(out, &f);
		return;
	}
	if (limit == LIMIT_UNLIMITED)
		return;
	used = check_centipct(member_working_set(m), limit);
	full = used >= service->critical_centipct;
	if (used < service->warn_centipct && !full)
		return;
	critical = full && member_cushion(m, service, limit, check_memory_rules(w)) == CUSHION_NONE;
	f = check_finding_of(critical ? CHECK_SERVICE_CRITICAL : CHECK_SERVICE_WARN);
	f.service = m->service;
	f.n[0] = used;
	f.n[1] = critical ? service->critical_centipct : service->warn_centipct;
	f.n[2] = member_working_set(m);
	f.n[3] = limit;
	check_add(out, &f);
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
		struct check_finding f = check_finding_of(kinds[claim]);

		if (!limit_has(&wanted, kind) || !limit_has(&m->live, kind) ||
			limit_same(
				kind, wanted.value[kind], m->live.value[kind], w->snap->page_bytes))
			continue;
		f.service = m->service;
		f.limit = (uint8_t)kind;
		f.n[0] = wanted.value[kind];
		f.n[1] = m->live.value[kind];
		check_add(out, &f);
	}
}

static void rule_members(const struct check_world *w, struct check_findings *out)
{
	for (uint16_t i = 0; i < w->snap->n_members; i++) {
		const struct member_sample *m = &w->snap->member[i];

		if (m->service >= w->policy->n_services)
			continue;
		check_conflict(m, out);
		check_usage(w, m, out);
		check_limits(w, m, out);
	}
}

/* ---- reservations: memory.low counts only as far as every cgroup above has one too ---- */

static uint64_t reservation_of(const struct check_world *w, const struct member_sample *m)
{
	const struct limit_set *wanted;

	if (m->service >= w->policy->n_services || m->also != SERVICE_NONE)
		return 0;
	wanted = &w->policy->service[m->service].limits;
	return limit_has(wanted, LIMIT_LOW) ? wanted->value[LIMIT_LOW] : 0;
}

static void check_reservation(const struct check_world *w, const struct member_sample *m,
	const uint64_t *need, struct check_findings *out)
{
	struct check_finding f = check_finding_of(CHECK_VOID_RESERVATION);
	int16_t chain[SNAPSHOT_ANCESTORS_MAX];
	uint16_t n = member_ancestors(w->snap, m, chain);

	f.service = m->service;
	f.n[0] = reservation_of(w, m);
	for (uint16_t i = 0; f.n[0] > 0 && i < n; i++) {
		const struct ancestor_sample *a = &w->snap->ancestor[chain[i]];

		f.n[1] = a->low_bytes;
		f.n[2] = need[chain[i]];
		if (a->has_low && f.n[1] < f.n[2] &&
			!limit_same(LIMIT_LOW, f.n[2], f.n[1], w->snap->page_bytes)) {
			check_add(out, &f);
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
		for (uint16_t n = member_ancestors(snap, &snap->member[i], chain); n-- > 0;)
			need[chain[n]] =
				bytes_plus(need[chain[n]], reservation_of(w, &snap->member[i]));
	for (uint16_t i = 0; i < snap->n_members; i++)
		check_reservation(w, &snap->member[i], need, out);
}

void check_services(const struct check_world *w, struct check_findings *out)
{
	rule_members(w, out);
	rule_absent(w, out);
	rule_reservations(w, out);
}
