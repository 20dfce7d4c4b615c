/*
 * policy_check: rules over more than one value, and the difference between two policies.
 *
 * Each rule is a function in a table and knows nothing of the others; a rule that asks for a
 * missing value says nothing. Errors are what would surely go wrong, warnings what probably will.
 */
#include "guardian/policy_check.h"

#include <string.h>

#include "guardian/selector.h"

static const struct finding_info infos[FINDING_COUNT] = {
	[FINDING_OUT_OF_BOUNDS] = {true, false,
		"{field} is {0:field}; it must be {1:field} to {2:field}"},
	[FINDING_RESERVATION_OVER] = {true, false,
		"mem_reservation {0:field} of service '{service}' is over "
		"its mem_limit {1:field}"},
	[FINDING_WARN_OVER_CRITICAL] = {true, true,
		"warn {0:pct} is not below critical {1:pct}, so that warn would never be told"},
	[FINDING_CALM_TOO_LARGE] = {true, true,
		"calm {0:pct} is not below warn {1:pct}: a level once entered would never be left"},
	[FINDING_OOM_GROUP_POSTGRES] = {true, false,
		"oom_group on service '{service}' with role postgres: an OOM kill would take the "
		"postmaster too, without crash recovery"},
	[FINDING_PROTECTED_BARE] = {false, true,
		"service '{service}' is protected but has no mem_reservation: under pressure its "
		"memory is reclaimed like any other"},
	[FINDING_GUARDED_CGROUP] = {true, false,
		"{field} of service '{service}' takes hold of {text}, "
		"which guardiand never limits"},
	[FINDING_DUPLICATE_NAME] = {true, false, "two services are named '{service}'"},
	[FINDING_SAME_SELECTOR] = {true, true,
		"services '{other}' and '{service}' can both match one cgroup by {field}; tell "
		"them apart"},
	[FINDING_NEVER_SURRENDERS] = {false, true,
		"{0} rounds take {1:time} with this backoff, longer than the window {2:time}: "
		"guardiand would never surrender to a stubborn writer"},
	[FINDING_LIMITS_OVER_MEMORY] = {false, true,
		"over-commit: all mem_limit together {0:size} and reserve {1:size} are over the "
		"{2:size} of this host"},
	[FINDING_RESERVATIONS_OVER] = {false, true,
		"all mem_reservation together {0:size} and reserve "
		"{1:size} are over the {2:size} of "
		"this host, so that they cannot all be kept"},
	[FINDING_SWAP_TOO_SMALL] = {true, false,
		"size {0:field} of the swap is below 1m; 0 means none"},
	[FINDING_SWAP_FOLDER] = {true, false,
		"file '{text}' of the swap is a folder; name the file in it"},
	[FINDING_STREAMS_OVER_MEMORY] = {false, true,
		"max streams of per_stream take {0:size}, with reserve {1:size} more than the "
		"{2:size} of this host: fewer will be let in"},
	[FINDING_NO_SERVICES] = {false, true,
		"no services: guardiand watches the host and limits nothing"},
};

const struct finding_info *finding_info(enum finding_kind kind)
{
	return &infos[kind];
}

struct check {
	const struct policy *policy;
	uint64_t mem_total_bytes;
	policy_finding_fn *tell;
	void *to;
	size_t n_errors;
};

static void find(struct check *c, struct policy_finding finding)
{
	c->n_errors += infos[finding.kind].is_error;
	c->tell(c->to, &finding);
}

static const struct policy_field *field_of(enum policy_section section, const char *key)
{
	return policy_field_find(section, key, strlen(key));
}

static const struct policy_field *service_field(const char *key)
{
	return field_of(SECTION_SERVICE, key);
}

/* ---- of one service ---- */

/* Values from a file are within bounds already; those of a record or a test may not be. */
static void check_bounds(struct check *c, enum policy_section section, const void *base, uint16_t i)
{
	for (size_t k = 0; k < policy_fields_count; k++) {
		const struct policy_field *f = &policy_fields[k];
		uint64_t value;

		if (f->section != section || field_is_text(f) || !policy_field_get(f, base, &value))
			continue;
		if (!policy_field_in_bounds(f, value))
			find(c, (struct policy_finding){FINDING_OUT_OF_BOUNDS, i,
					FINDING_NO_SERVICE, f, NULL, {value, f->min, f->max}});
	}
}

static void service_bounds(struct check *c, const struct policy_service *s, uint16_t i)
{
	check_bounds(c, SECTION_SERVICE, s, i);
}

static void service_reservation(struct check *c, const struct policy_service *s, uint16_t i)
{
	uint64_t low = s->limits.value[LIMIT_LOW], max = s->limits.value[LIMIT_MAX];

	if (limit_has(&s->limits, LIMIT_LOW) && limit_has(&s->limits, LIMIT_MAX) && low > max)
		find(c, (struct policy_finding){FINDING_RESERVATION_OVER, i, FINDING_NO_SERVICE,
				service_field("mem_reservation"), NULL, {low, max}});
}

static void service_levels(struct check *c, const struct policy_service *s, uint16_t i)
{
	uint32_t calm = c->policy->host.calm_centipct;

	if (s->warn_centipct >= s->critical_centipct)
		find(c, (struct policy_finding){FINDING_WARN_OVER_CRITICAL, i, FINDING_NO_SERVICE,
				service_field("warn"), NULL,
				{s->warn_centipct, s->critical_centipct}});
	if (calm >= s->warn_centipct)
		find(c, (struct policy_finding){FINDING_CALM_TOO_LARGE, i, FINDING_NO_SERVICE,
				service_field("warn"), NULL, {calm, s->warn_centipct}});
}

/* An OOM kill would take the postmaster with the rest, and crash recovery with it. */
static void service_oom_group(struct check *c, const struct policy_service *s, uint16_t i)
{
	if (s->role == ROLE_POSTGRES && limit_has(&s->limits, LIMIT_OOM_GROUP) &&
		s->limits.value[LIMIT_OOM_GROUP])
		find(c, (struct policy_finding){FINDING_OOM_GROUP_POSTGRES, i, FINDING_NO_SERVICE,
				service_field("oom_group"), NULL, {0}});
}

static void service_protection(struct check *c, const struct policy_service *s, uint16_t i)
{
	if (s->is_protected && !limit_has(&s->limits, LIMIT_LOW))
		find(c, (struct policy_finding){FINDING_PROTECTED_BARE, i, FINDING_NO_SERVICE,
				service_field("protected"), NULL, {0}});
}

static void service_guarded(struct check *c, const struct policy_service *s, uint16_t i)
{
	const char *held = selector_guarded(s);

	if (held)
		find(c, (struct policy_finding){FINDING_GUARDED_CGROUP, i, FINDING_NO_SERVICE,
				service_field(strcmp(held, s->unit) ? "cgroup" : "unit"), held,
				{0}});
}

/* Against those before it, so that a pair is told once, at the second. */
static void service_pairs(struct check *c, const struct policy_service *s, uint16_t i)
{
	for (uint16_t k = 0; k < i; k++) {
		const struct policy_service *before = &c->policy->service[k];
		const struct policy_field *shared = selector_overlap(before, s);

		if (!strcmp(before->name, s->name))
			find(c, (struct policy_finding){
					FINDING_DUPLICATE_NAME, i, k, NULL, NULL, {0}});
		else if (shared)
			find(c, (struct policy_finding){
					FINDING_SAME_SELECTOR, i, k, shared, NULL, {0}});
	}
}

/* ---- of the whole ---- */

static void host_bounds(struct check *c)
{
	for (int s = 0; s < SECTION_SERVICE; s++) {
		size_t offset = policy_section_info((enum policy_section)s)->offset;

		check_bounds(c, (enum policy_section)s, (const char *)c->policy + offset,
			FINDING_NO_SERVICE);
	}
}

static void host_levels(struct check *c)
{
	const struct policy_host *h = &c->policy->host;

	if (h->warn_centipct >= h->critical_centipct)
		find(c, (struct policy_finding){FINDING_WARN_OVER_CRITICAL, FINDING_NO_SERVICE,
				FINDING_NO_SERVICE, field_of(SECTION_HOST, "warn"), NULL,
				{h->warn_centipct, h->critical_centipct}});
	if (h->calm_centipct >= h->warn_centipct)
		find(c, (struct policy_finding){FINDING_CALM_TOO_LARGE, FINDING_NO_SERVICE,
				FINDING_NO_SERVICE, field_of(SECTION_HOST, "calm"), NULL,
				{h->calm_centipct, h->warn_centipct}});
}

/* Round N waits backoff * 2^(N-2), so that N rounds take backoff * (2^(N-1) - 1). */
static void drift_window(struct check *c)
{
	const struct policy_drift *d = &c->policy->drift;
	uint64_t factor =
		d->rounds > 32 ? UINT32_MAX : (1ULL << (d->rounds ? d->rounds - 1 : 0)) - 1;
	uint64_t takes_us;

	if (__builtin_mul_overflow(factor, d->backoff_us, &takes_us))
		takes_us = UINT64_MAX;
	if (takes_us > d->window_us)
		find(c, (struct policy_finding){FINDING_NEVER_SURRENDERS, FINDING_NO_SERVICE,
				FINDING_NO_SERVICE, field_of(SECTION_DRIFT, "window"), NULL,
				{d->rounds, takes_us, d->window_us}});
}

static uint64_t sum_of(const struct policy *policy, enum limit_kind kind)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < policy->n_services; i++) {
		const struct limit_set *set = &policy->service[i].limits;

		if (limit_has(set, kind) && set->value[kind] != LIMIT_UNLIMITED)
			sum = bytes_plus(sum, set->value[kind]);
	}
	return sum;
}

/* Limits that no host can keep together are how one comes to stand still for memory. */
static void memory_sums(struct check *c)
{
	static const struct {
		enum limit_kind limit;
		enum finding_kind finding;
	} sums[] = {
		{LIMIT_MAX, FINDING_LIMITS_OVER_MEMORY}, {LIMIT_LOW, FINDING_RESERVATIONS_OVER}};
	uint64_t reserve = c->policy->host.reserve_bytes;

	if (!c->mem_total_bytes)
		return;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		uint64_t sum = sum_of(c->policy, sums[i].limit);

		if (sum && bytes_plus(sum, reserve) > c->mem_total_bytes)
			find(c, (struct policy_finding){(uint16_t)sums[i].finding,
					FINDING_NO_SERVICE, FINDING_NO_SERVICE,
					field_of(SECTION_HOST, "reserve"), NULL,
					{sum, reserve, c->mem_total_bytes}});
	}
}

#define SWAP_LEAST_BYTES (1ULL << 20) /* less is a slip of the pen */

static void swap_file(struct check *c)
{
	const struct policy_swap *s = &c->policy->swap;
	size_t len = strlen(s->file);

	if (s->size_bytes && s->size_bytes < SWAP_LEAST_BYTES)
		find(c, (struct policy_finding){FINDING_SWAP_TOO_SMALL, FINDING_NO_SERVICE,
				FINDING_NO_SERVICE, field_of(SECTION_SWAP, "size"), NULL,
				{s->size_bytes}});
	if (len > 0 && s->file[len - 1] == '/')
		find(c, (struct policy_finding){FINDING_SWAP_FOLDER, FINDING_NO_SERVICE,
				FINDING_NO_SERVICE, field_of(SECTION_SWAP, "file"), s->file, {0}});
}

/* No error: the effective cap follows memory. But whoever counts on `max` should know. */
static void streams_sum(struct check *c)
{
	const struct policy_streams *s = &c->policy->streams;
	uint64_t reserve = c->policy->host.reserve_bytes, sum, total;

	if (__builtin_mul_overflow(s->per_stream_bytes, s->max, &sum) ||
		__builtin_add_overflow(sum, reserve, &total))
		sum = total = UINT64_MAX;
	if (s->max && c->mem_total_bytes && total > c->mem_total_bytes)
		find(c, (struct policy_finding){FINDING_STREAMS_OVER_MEMORY, FINDING_NO_SERVICE,
				FINDING_NO_SERVICE, field_of(SECTION_STREAMS, "max"), NULL,
				{sum, reserve, c->mem_total_bytes}});
}

static void any_services(struct check *c)
{
	if (!c->policy->n_services)
		find(c, (struct policy_finding){FINDING_NO_SERVICES, FINDING_NO_SERVICE,
				FINDING_NO_SERVICE, NULL, NULL, {0}});
}

size_t policy_check(
	const struct policy *policy, uint64_t mem_total_bytes, policy_finding_fn *tell, void *to)
{
	static void (*const of_service[])(struct check *, const struct policy_service *,
		uint16_t) = {service_bounds, service_reservation, service_levels, service_oom_group,
		service_protection, service_guarded, service_pairs};
	static void (*const of_policy[])(struct check *) = {host_bounds, host_levels, drift_window,
		memory_sums, swap_file, streams_sum, any_services};
	struct check c = {policy, mem_total_bytes, tell, to, 0};

	for (size_t r = 0; r < sizeof(of_policy) / sizeof(of_policy[0]); r++)
		of_policy[r](&c);
	for (uint16_t i = 0; i < policy->n_services; i++) {
		for (size_t r = 0; r < sizeof(of_service) / sizeof(of_service[0]); r++)
			of_service[r](&c, &policy->service[i], i);
	}
	return c.n_errors;
}

/* ---- diff ---- */

static bool section_same(enum policy_section section, const void *a, const void *b)
{
	for (size_t k = 0; k < policy_fields_count; k++) {
		const struct policy_field *f = &policy_fields[k];

		if (f->section == section && !policy_field_same(f, a, b))
			return false;
	}
	return true;
}

static uint16_t index_of(const struct policy *policy, const char *name)
{
	for (uint16_t i = 0; i < policy->n_services; i++) {
		if (!strcmp(policy->service[i].name, name))
			return i;
	}
	return FINDING_NO_SERVICE;
}

static void diff_service(const struct policy *before, const struct policy_service *s, uint16_t i,
	struct policy_diff *diff)
{
	uint16_t old = index_of(before, s->name);

	diff->old_index[i] = old;
	if (old == FINDING_NO_SERVICE) {
		diff->change[i] = SERVICE_ADDED;
		diff->n_added++;
		return;
	}
	diff->removed[old] = false;
	diff->n_removed--;
	if (!section_same(SECTION_SERVICE, &before->service[old], s)) {
		diff->change[i] = SERVICE_CHANGED;
		diff->n_changed++;
	}
}

bool policy_diff(const struct policy *before, const struct policy *after, struct policy_diff *diff)
{
	memset(diff, 0, sizeof(*diff));
	for (int s = 0; s < SECTION_SERVICE; s++) {
		size_t offset = policy_section_info((enum policy_section)s)->offset;

		diff->settings_changed |= !section_same((enum policy_section)s,
			(const char *)before + offset, (const char *)after + offset);
	}
	diff->n_removed = before->n_services; /* until found again */
	for (uint32_t i = 0; i < before->n_services; i++)
		diff->removed[i] = true;
	for (uint16_t i = 0; i < after->n_services; i++)
		diff_service(before, &after->service[i], i, diff);
	return diff->settings_changed || diff->n_added || diff->n_changed || diff->n_removed;
}
