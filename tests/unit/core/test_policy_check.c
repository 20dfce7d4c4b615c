/*
 * Each rule over more than one value: told when it should be, with its numbers, and silent just
 * before. Then what a reload changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "guardian/policy_check.h"
#include "guardian/text.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

/* Sets a text member of a policy. */
#define PUT(member, text) assert_true(text_copy(member, sizeof(member), text, strlen(text)))

enum { TOLD_MAX = 16 };

static struct policy policy, other;
static struct policy_diff diff;

/* The findings of one check. */
static struct {
	struct policy_finding finding[TOLD_MAX];
	size_t n, n_errors;
} told;

static void collect(void *to, const struct policy_finding *finding)
{
	assert_ptr_equal(to, &told);
	assert_true(told.n < TOLD_MAX);
	told.finding[told.n++] = *finding;
}

static void check(uint64_t mem_total_bytes)
{
	policy_finish(&policy);
	told.n = 0;
	told.n_errors = policy_check(&policy, mem_total_bytes, collect, &told);
}

/* Exactly one finding, of that kind. */
static const struct policy_finding *only(enum finding_kind kind)
{
	check(0);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.finding[0].kind, kind);
	assert_int_equal(told.n_errors, finding_info(kind)->is_error);
	return &told.finding[0];
}

static void assert_silent(uint64_t mem_total_bytes)
{
	check(mem_total_bytes);
	assert_int_equal(told.n, 0);
}

static struct policy_service *add_to(struct policy *p, const char *name)
{
	struct policy_service *s = &p->service[p->n_services++];

	policy_service_defaults(s);
	memcpy(s->name, name, strlen(name) + 1);
	return s;
}

static struct policy_service *add(const char *name)
{
	return add_to(&policy, name);
}

static int begin(void **state)
{
	(void)state;
	policy_defaults(&policy);
	policy_defaults(&other);
	return 0;
}

static void every_kind_has_a_sentence(void **state)
{
	(void)state;
	for (int k = 0; k < FINDING_COUNT; k++)
		assert_true(strlen(finding_info((enum finding_kind)k)->sentence) > 10);
}

static void a_policy_without_services(void **state)
{
	(void)state;
	assert_int_equal(only(FINDING_NO_SERVICES)->service, FINDING_NO_SERVICE);
	add("web");
	assert_silent(0);
}

static void reservation_over_limit(void **state)
{
	struct policy_service *s = add("web");
	const struct policy_finding *f;

	(void)state;
	limit_put(&s->limits, LIMIT_LOW, 512 * MIB);
	assert_silent(0); /* without a limit there is nothing to be over */
	limit_put(&s->limits, LIMIT_MAX, 512 * MIB);
	assert_silent(0);
	limit_put(&s->limits, LIMIT_LOW, 512 * MIB + 1);
	f = only(FINDING_RESERVATION_OVER);
	assert_string_equal(f->field->key, "mem_reservation");
	assert_true(f->service == 0 && f->n[0] == 512 * MIB + 1 && f->n[1] == 512 * MIB);
	limit_put(&s->limits, LIMIT_MAX, LIMIT_UNLIMITED);
	assert_silent(0);
}

/* 1500 bytes would become 0 in the kernel. */
static void a_limit_under_the_floor(void **state)
{
	struct policy_service *s = add("web");
	const struct policy_finding *f;

	(void)state;
	limit_put(&s->limits, LIMIT_MAX, 1500);
	f = only(FINDING_OUT_OF_BOUNDS);
	assert_string_equal(f->field->key, "mem_limit");
	assert_true(f->n[0] == 1500 && f->n[1] == LIMIT_FLOOR_BYTES);
	limit_put(&s->limits, LIMIT_MAX, LIMIT_FLOOR_BYTES);
	assert_silent(0);
}

static void a_setting_out_of_bounds(void **state)
{
	const struct policy_finding *f;

	(void)state;
	add("web");
	policy.host.interval_us = 1;
	f = only(FINDING_OUT_OF_BOUNDS);
	assert_string_equal(f->field->key, "interval");
	assert_int_equal(f->service, FINDING_NO_SERVICE);
}

static void levels_in_the_wrong_order(void **state)
{
	struct policy_service *s = add("web");

	(void)state;
	s->warn_centipct = 9000;
	assert_int_equal(only(FINDING_WARN_OVER_CRITICAL)->service, 0);
	s->warn_centipct = 8999;
	assert_silent(0);
	policy.host.critical_centipct = 8000;
	assert_int_equal(only(FINDING_WARN_OVER_CRITICAL)->service, FINDING_NO_SERVICE);
}

static void calm_that_no_level_could_reach(void **state)
{
	struct policy_service *s = add("web");
	const struct policy_finding *f;

	(void)state;
	policy.host.calm_centipct = 5000;
	s->warn_centipct = 5000;
	f = only(FINDING_CALM_TOO_LARGE);
	assert_true(f->service == 0 && f->n[0] == 5000 && f->n[1] == 5000);
	s->warn_centipct = 5001;
	assert_silent(0);
	policy.host.warn_centipct = 5000;
	f = only(FINDING_CALM_TOO_LARGE);
	assert_string_equal(f->field->key, "calm");
	assert_int_equal(f->service, FINDING_NO_SERVICE);
}

static void oom_group_would_kill_the_postmaster(void **state)
{
	struct policy_service *s = add("db");

	(void)state;
	s->role = ROLE_POSTGRES;
	assert_silent(0);
	limit_put(&s->limits, LIMIT_OOM_GROUP, 0);
	assert_silent(0);
	limit_put(&s->limits, LIMIT_OOM_GROUP, 1);
	assert_string_equal(only(FINDING_OOM_GROUP_POSTGRES)->field->key, "oom_group");
	s->role = ROLE_REDIS;
	assert_silent(0);
}

static void protected_without_reservation(void **state)
{
	struct policy_service *s = add("db");

	(void)state;
	s->is_protected = true;
	assert_int_equal(only(FINDING_PROTECTED_BARE)->service, 0);
	limit_put(&s->limits, LIMIT_LOW, MIB);
	assert_silent(0);
}

static void the_hosts_own_cgroups(void **state)
{
	struct policy_service *s = add("all");
	const struct policy_finding *f;

	(void)state;
	PUT(s->cgroup, "**");
	f = only(FINDING_GUARDED_CGROUP);
	assert_string_equal(f->field->key, "cgroup");
	assert_string_equal(f->text, "-.slice");
	PUT(s->cgroup, "");
	PUT(s->unit, "docker.service");
	assert_string_equal(only(FINDING_GUARDED_CGROUP)->field->key, "unit");
}

static void pairs_of_services(void **state)
{
	struct policy_service *shop;
	const struct policy_finding *f;

	(void)state;
	add("web");
	add("api");
	shop = add("shop");
	PUT(shop->container, "web"); /* what `web` is found by, too */
	f = only(FINDING_SAME_SELECTOR);
	assert_true(f->service == 2 && f->other == 0);
	assert_string_equal(f->field->key, "container");

	PUT(policy.service[2].container, "shop");
	PUT(policy.service[1].name, "web");
	f = only(FINDING_DUPLICATE_NAME);
	assert_true(f->service == 1 && f->other == 0);
}

static void a_window_too_short_to_surrender(void **state)
{
	const struct policy_finding *f;

	(void)state;
	add("web");
	policy.drift.window_us = 15000000; /* 1 + 2 + 4 + 8 s */
	assert_silent(0);
	policy.drift.window_us = 14999999;
	f = only(FINDING_NEVER_SURRENDERS);
	assert_true(f->n[0] == 5 && f->n[1] == 15000000 && f->n[2] == 14999999);
	policy.drift.rounds = 1;
	assert_silent(0);
}

/* Numbers that no file can hold, but a record may: out of bounds, and never an overflow. */
static void rounds_beyond_reason(void **state)
{
	(void)state;
	add("web");
	for (uint32_t rounds = 0; rounds <= 100; rounds += 50) {
		policy.drift.rounds = rounds;
		policy.drift.backoff_us = UINT64_MAX;
		check(0);
		assert_int_equal(told.finding[0].kind, FINDING_OUT_OF_BOUNDS);
		assert_int_equal(told.n, rounds ? 3 : 2);
	}
	assert_int_equal(told.finding[2].n[1], UINT64_MAX);
}

static void limits_over_the_memory_of_the_host(void **state)
{
	struct policy_service *backend = add("backend"), *db = add("db"), *free = add("free");
	uint64_t all = 2 * GIB + 400 * MIB;

	(void)state;
	limit_put(&backend->limits, LIMIT_MAX, 3 * GIB / 2);
	limit_put(&db->limits, LIMIT_MAX, GIB / 2);
	limit_put(&free->limits, LIMIT_MAX, LIMIT_UNLIMITED); /* in no sum */
	assert_silent(all);
	check(all - 1);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.n_errors, 0);
	assert_int_equal(told.finding[0].kind, FINDING_LIMITS_OVER_MEMORY);
	assert_int_equal(told.finding[0].n[0], 2 * GIB);
	assert_int_equal(told.finding[0].n[1], 400 * MIB);
	assert_int_equal(told.finding[0].n[2], all - 1);
	assert_silent(0); /* memory not known: nothing to say */
}

static void reservations_over_the_memory_of_the_host(void **state)
{
	struct policy_service *s = add("backend");

	(void)state;
	limit_put(&s->limits, LIMIT_LOW, GIB);
	assert_silent(GIB + 400 * MIB);
	check(GIB);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.finding[0].kind, FINDING_RESERVATIONS_OVER);
}

static void swap_below_a_megabyte_is_a_slip(void **state)
{
	(void)state;
	add("web");
	policy.swap.size_bytes = 0; /* none */
	assert_silent(0);
	policy.swap.size_bytes = MIB - 1;
	assert_int_equal(only(FINDING_SWAP_TOO_SMALL)->n[0], MIB - 1);
	policy.swap.size_bytes = MIB;
	assert_silent(0);
}

static void more_streams_than_memory_carries_is_a_warning(void **state)
{
	(void)state;
	add("web");
	policy.streams.per_stream_bytes = GIB;
	policy.streams.max = 0;
	assert_silent(0);
	policy.streams.max = 3;
	assert_silent(3 * GIB + policy.host.reserve_bytes);
	assert_silent(0); /* not known */
	check(3 * GIB + policy.host.reserve_bytes - 1);
	assert_int_equal(told.n_errors, 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.finding[0].kind, FINDING_STREAMS_OVER_MEMORY);
	assert_string_equal(told.finding[0].field->key, "max");
	assert_true(told.finding[0].n[0] == 3 * GIB);
	policy.streams.per_stream_bytes = UINT64_MAX / 2; /* out of bounds, told as well */
	check(GIB);
	assert_true(told.finding[told.n - 1].n[0] == UINT64_MAX);
}

static void a_swap_file_is_no_folder(void **state)
{
	(void)state;
	add("web");
	PUT(policy.swap.file, "");
	assert_silent(0);
	PUT(policy.swap.file, "/var/swap/");
	assert_string_equal(only(FINDING_SWAP_FOLDER)->text, "/var/swap/");
	PUT(policy.swap.file, "/var/swap/file");
	assert_silent(0);
}

static void sums_do_not_overflow(void **state)
{
	(void)state;
	policy.host.reserve_bytes = 1;
	for (int i = 0; i < 2; i++)
		limit_put(&add(i ? "a" : "b")->limits, LIMIT_MAX, UINT64_MAX - 1);
	check(GIB);
	assert_int_equal(told.finding[0].kind, FINDING_LIMITS_OVER_MEMORY);
	assert_int_equal(told.finding[0].n[0], UINT64_MAX);
	policy.n_services = 1;
	policy.host.reserve_bytes = 32ULL << 40;
	check(GIB);
	assert_int_equal(told.finding[0].kind, FINDING_LIMITS_OVER_MEMORY);
}

static void all_findings_of_a_bad_policy_at_once(void **state)
{
	struct policy_service *s = add("db");

	(void)state;
	s->role = ROLE_POSTGRES;
	s->is_protected = true;
	s->warn_centipct = 9500;
	PUT(s->unit, "init.scope");
	limit_put(&s->limits, LIMIT_OOM_GROUP, 1);
	check(GIB);
	assert_int_equal(told.n, 4);
	assert_int_equal(told.n_errors, 3);
}

/* ---- diff ---- */

static void the_same_policy_does_not_differ(void **state)
{
	(void)state;
	add("web")->line = 3;
	add("db")->line = 9;
	add_to(&other, "db")->line = 4; /* order and lines are not content */
	add_to(&other, "web")->line = 8;
	assert_false(policy_diff(&policy, &other, &diff));
	assert_int_equal(diff.old_index[0], 1);
	assert_int_equal(diff.old_index[1], 0);
	assert_int_equal(diff.change[0], SERVICE_SAME);
	assert_false(diff.removed[0] || diff.removed[1]);
}

static void services_come_go_and_change(void **state)
{
	(void)state;
	add("web");
	add("db");
	add("old");
	add_to(&other, "new");
	limit_put(&add_to(&other, "db")->limits, LIMIT_MAX, GIB);
	add_to(&other, "web");
	assert_true(policy_diff(&policy, &other, &diff));
	assert_false(diff.settings_changed);
	assert_true(diff.n_added == 1 && diff.n_changed == 1 && diff.n_removed == 1);
	assert_int_equal(diff.old_index[0], FINDING_NO_SERVICE);
	assert_int_equal(diff.change[0], SERVICE_ADDED);
	assert_int_equal(diff.old_index[1], 1);
	assert_int_equal(diff.change[1], SERVICE_CHANGED);
	assert_int_equal(diff.old_index[2], 0);
	assert_true(diff.removed[2] && !diff.removed[0] && !diff.removed[1]);
}

static void each_kind_of_change_alone_differs(void **state)
{
	(void)state;
	add("web");
	assert_true(policy_diff(&policy, &other, &diff)); /* removed */
	assert_true(policy_diff(&other, &policy, &diff)); /* added */
	add_to(&other, "web")->force = true;
	assert_true(policy_diff(&policy, &other, &diff)); /* changed */
	other.service[0].force = false;
	assert_false(policy_diff(&policy, &other, &diff));
}

static void every_setting_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];
		char *base = (char *)&other +
			     policy_section_info((enum policy_section)f->section)->offset;

		if (f->section == SECTION_SERVICE)
			continue;
		policy_defaults(&other);
		if (field_is_text(f))
			assert_true(policy_field_set_text(f, base, "/x", 2));
		else
			policy_field_set(f, base, f->fallback + 1);
		assert_true(policy_diff(&policy, &other, &diff));
		assert_true(diff.settings_changed);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_kind_has_a_sentence),
		TEST(a_policy_without_services),
		TEST(reservation_over_limit),
		TEST(a_limit_under_the_floor),
		TEST(a_setting_out_of_bounds),
		TEST(levels_in_the_wrong_order),
		TEST(calm_that_no_level_could_reach),
		TEST(oom_group_would_kill_the_postmaster),
		TEST(protected_without_reservation),
		TEST(the_hosts_own_cgroups),
		TEST(pairs_of_services),
		TEST(a_window_too_short_to_surrender),
		TEST(rounds_beyond_reason),
		TEST(limits_over_the_memory_of_the_host),
		TEST(reservations_over_the_memory_of_the_host),
		TEST(swap_below_a_megabyte_is_a_slip),
		TEST(more_streams_than_memory_carries_is_a_warning),
		TEST(a_swap_file_is_no_folder),
		TEST(sums_do_not_overflow),
		TEST(all_findings_of_a_bad_policy_at_once),
		TEST(the_same_policy_does_not_differ),
		TEST(services_come_go_and_change),
		TEST(each_kind_of_change_alone_differs),
		TEST(every_setting_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
