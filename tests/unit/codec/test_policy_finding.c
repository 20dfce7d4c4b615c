/*
 * Every finding of policy_check() as the sentence a person reads: no brace left, the numbers in
 * their units.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "guardian/policy_finding.h"

#define MIB (1ULL << 20)

/* Sets a text member of a policy. */
#define PUT(member, text) assert_true(text_copy(member, sizeof(member), text, strlen(text)))

static struct policy policy;

struct sentence {
	enum finding_kind kind;
	const char *key; /* of the field */
	uint64_t n[FINDING_NUMBERS];
	const char *words;
};

static void sentences(void **state)
{
	static const struct sentence sentences[FINDING_COUNT] = {
		{FINDING_OUT_OF_BOUNDS, "mem_limit", {1500, 6 * MIB, 1024 * MIB},
			"mem_limit is 1500b; it must be 6m to 1g"},
		{FINDING_RESERVATION_OVER, "mem_reservation", {1536 * MIB, 512 * MIB},
			"mem_reservation 1.5g of service 'web' is over its mem_limit 512m"},
		{FINDING_WARN_OVER_CRITICAL, "warn", {9250, 9000},
			"warn 92.5% is not below critical 90%, so that warn would never be told"},
		{FINDING_CALM_TOO_LARGE, "calm", {5000, 4000},
			"calm 50% is not below warn 40%: a level once entered would never be left"},
		{FINDING_OOM_GROUP_POSTGRES, "oom_group", {0},
			"oom_group on service 'web' with role postgres: an OOM kill would take the "
			"postmaster too, without crash recovery"},
		{FINDING_PROTECTED_BARE, "protected", {0},
			"service 'web' is protected but has no mem_reservation: under pressure its "
			"memory is reclaimed like any other"},
		{FINDING_GUARDED_CGROUP, "cgroup", {0},
			"cgroup of service 'web' takes hold of init.scope, which guardiand never "
			"limits"},
		{FINDING_DUPLICATE_NAME, NULL, {0}, "two services are named 'web'"},
		{FINDING_SAME_SELECTOR, "container", {0},
			"services 'db' and 'web' can both match one cgroup by container; tell them "
			"apart"},
		{FINDING_NEVER_SURRENDERS, "window", {5, 15000000, 10000000},
			"5 rounds take 15s with this backoff, longer than the window 10s: "
			"guardiand "
			"would never surrender to a stubborn writer"},
		{FINDING_LIMITS_OVER_MEMORY, "reserve", {4096 * MIB, 400 * MIB, 3840 * MIB},
			"over-commit: all mem_limit together 4 GiB and reserve 400 MiB are over "
			"the "
			"3.8 GiB of this host"},
		{FINDING_RESERVATIONS_OVER, "reserve", {4096 * MIB, 400 * MIB, 3840 * MIB},
			"all mem_reservation together 4 GiB and reserve 400 MiB are over the 3.8 "
			"GiB "
			"of this host, so that they cannot all be kept"},
		{FINDING_SWAP_TOO_SMALL, "size", {64 << 10},
			"size 64k of the swap is below 1m; 0 means none"},
		{FINDING_SWAP_FOLDER, "file", {0},
			"file 'init.scope' of the swap is a folder; name the file in it"},
		{FINDING_STREAMS_OVER_MEMORY, "max", {6144 * MIB, 400 * MIB, 3840 * MIB},
			"max streams of per_stream take 6 GiB, with reserve 400 MiB more than the "
			"3.8 GiB of this host: fewer will be let in"},
		{FINDING_NO_SERVICES, NULL, {0},
			"no services: guardiand watches the host and limits nothing"},
	};

	(void)state;
	policy_defaults(&policy);
	policy.n_services = 2;
	PUT(policy.service[0].name, "web");
	PUT(policy.service[1].name, "db");
	for (size_t i = 0; i < FINDING_COUNT; i++) {
		const struct sentence *s = &sentences[i];
		struct policy_finding f = {.kind = (uint16_t)s->kind, .service = 0, .other = 1};
		char buf[512];
		struct text_out out;

		f.text = "init.scope";
		memcpy(f.n, s->n, sizeof(f.n));
		for (size_t k = 0; s->key && k < policy_fields_count; k++) {
			if (!strcmp(policy_fields[k].key, s->key))
				f.field = &policy_fields[k];
		}
		text_out_init(&out, buf, sizeof(buf));
		policy_finding_message(&out, &f, &policy);
		assert_int_equal(s->kind, i); /* none forgotten */
		assert_string_equal(buf, s->words);
	}
}

/* A finding kept from another policy names nobody, and reads nothing beyond the end. */
static void an_unknown_service_has_no_name(void **state)
{
	struct policy_finding f = {.kind = FINDING_DUPLICATE_NAME, .service = FINDING_NO_SERVICE};
	char buf[128];
	struct text_out out;

	(void)state;
	text_out_init(&out, buf, sizeof(buf));
	policy_finding_message(&out, &f, &policy);
	assert_string_equal(buf, "two services are named '?'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences),
		cmocka_unit_test(an_unknown_service_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
