/*
 * The field table is sound (every row can hold its default, no two rows share a key or a place),
 * values go in and come out of every kind of place, and defaults are what the man page promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "guardian/policy_fields.h"

#define MIB (1ULL << 20)

static struct policy policy;

static const struct policy_field *field(enum policy_section section, const char *key)
{
	const struct policy_field *f = policy_field_find(section, key, strlen(key));

	assert_non_null(f);
	return f;
}

static size_t section_size(enum policy_section section)
{
	static const size_t sizes[SECTION_COUNT] = {[SECTION_TOP] = sizeof(struct policy),
		[SECTION_HOST] = sizeof(struct policy_host),
		[SECTION_DOCKER] = sizeof(struct policy_docker),
		[SECTION_DRIFT] = sizeof(struct policy_drift),
		[SECTION_SWAP] = sizeof(struct policy_swap),
		[SECTION_STREAMS] = sizeof(struct policy_streams),
		[SECTION_SERVICE] = sizeof(struct policy_service)};

	return sizes[section];
}

static void every_row_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];

		assert_true(f->section < SECTION_COUNT && f->type < FIELD_TYPE_COUNT);
		assert_true(strlen(f->key) > 0 && strlen(f->help) > 0);
		assert_int_equal(f->help[strlen(f->help) - 1], '.');
		assert_true(f->offset + f->size <= section_size((enum policy_section)f->section));
		assert_ptr_equal(
			policy_field_find((enum policy_section)f->section, f->key, strlen(f->key)),
			f);
		if (field_is_text(f)) {
			assert_true(!f->text || strlen(f->text) < f->size);
			continue;
		}
		assert_true(f->min <= f->max);
		assert_true(f->size == 1 || f->size == 4 || f->size == 8);
		if (f->flags & FIELD_OPTIONAL)
			assert_false(policy_field_in_bounds(f, f->fallback));
		else if (f->limit == LIMIT_COUNT)
			assert_true(policy_field_in_bounds(f, f->fallback));
		else
			assert_non_null(
				f->otherwise); /* no default, so the page must say what holds */
	}
}

static void every_word_of_a_row_has_a_name_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];

		if (f->type != FIELD_WORD)
			continue;
		for (uint32_t w = 0; w <= f->max; w++)
			assert_non_null(f->word(w));
		assert_null(f->word((uint32_t)f->max + 1));
	}
}

/* Two rows that wrote to one place would each look right alone. */
static void no_two_rows_share_a_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_fields_count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct policy_field *a = &policy_fields[i], *b = &policy_fields[k];

			if (a->section != b->section)
				continue;
			if (a->limit != LIMIT_COUNT && b->limit != LIMIT_COUNT)
				assert_int_not_equal(a->limit, b->limit);
			else
				assert_true(a->offset + a->size <= b->offset ||
					    b->offset + b->size <= a->offset);
		}
	}
}

static void names_of_sections_and_types(void **state)
{
	(void)state;
	assert_null(policy_section_info(SECTION_TOP)->key);
	assert_string_equal(policy_section_info(SECTION_HOST)->key, "host");
	assert_string_equal(policy_section_info(SECTION_SERVICE)->key, "services");
	for (int s = 0; s < SECTION_COUNT; s++)
		assert_non_null(policy_section_info((enum policy_section)s)->help);
	for (int t = 0; t < FIELD_TYPE_COUNT; t++) {
		assert_non_null(field_type_info((enum field_type)t)->name);
		assert_non_null(field_type_info((enum field_type)t)->accepts);
	}
}

static void a_key_is_found_whole_and_in_its_section(void **state)
{
	(void)state;
	assert_non_null(policy_field_find(SECTION_HOST, "warn_and_more", 4));
	assert_null(policy_field_find(SECTION_HOST, "war", 3));
	assert_null(policy_field_find(SECTION_HOST, "warned", 6));
	assert_null(policy_field_find(SECTION_DOCKER, "warn", 4));
	assert_ptr_not_equal(field(SECTION_HOST, "warn"), field(SECTION_SERVICE, "warn"));
}

/* One, four and eight bytes wide; each leaves its neighbours alone. */
static void numbers_of_every_width(void **state)
{
	struct policy_service s;
	uint64_t value = 7;

	(void)state;
	policy_service_defaults(&s);
	policy_field_set(field(SECTION_SERVICE, "role"), &s, ROLE_REDIS);
	policy_field_set(field(SECTION_SERVICE, "warn"), &s, 7000);
	policy_field_set(field(SECTION_SERVICE, "protected"), &s, 1);
	assert_int_equal(s.role, ROLE_REDIS);
	assert_int_equal(s.warn_centipct, 7000);
	assert_int_equal(s.critical_centipct, 9000);
	assert_true(s.is_protected && !s.force);
	assert_true(policy_field_get(field(SECTION_SERVICE, "protected"), &s, &value));
	assert_int_equal(value, 1);

	policy_defaults(&policy);
	policy_field_set(field(SECTION_HOST, "reserve"), &policy.host, 1ULL << 40);
	assert_true(policy_field_get(field(SECTION_HOST, "reserve"), &policy.host, &value));
	assert_true(value == 1ULL << 40 && policy.host.reserve_bytes == 1ULL << 40);
}

static void a_limit_is_absent_until_it_is_set(void **state)
{
	const struct policy_field *limit = field(SECTION_SERVICE, "mem_limit");
	struct policy_service s;
	uint64_t value;

	(void)state;
	policy_service_defaults(&s);
	assert_int_equal(s.limits.mask, 0);
	assert_false(policy_field_get(limit, &s, &value));
	policy_field_set(limit, &s, 512 * MIB);
	assert_true(policy_field_get(limit, &s, &value));
	assert_true(value == 512 * MIB && s.limits.value[LIMIT_MAX] == 512 * MIB);
	assert_int_equal(s.limits.mask, 1U << LIMIT_MAX);
}

/* The kernel makes 0 of a value below a page; 6 MiB is Docker's floor. Unlimited is no number. */
static void bounds_and_unlimited(void **state)
{
	const struct policy_field *limit = field(SECTION_SERVICE, "mem_limit");

	(void)state;
	assert_false(policy_field_in_bounds(limit, 1500));
	assert_false(policy_field_in_bounds(limit, LIMIT_FLOOR_BYTES - 1));
	assert_true(policy_field_in_bounds(limit, LIMIT_FLOOR_BYTES));
	assert_true(policy_field_in_bounds(limit, LIMIT_UNLIMITED));
	assert_false(policy_field_in_bounds(limit, LIMIT_UNLIMITED - 1));
	assert_false(
		policy_field_in_bounds(field(SECTION_SERVICE, "mem_reservation"), LIMIT_UNLIMITED));
}

static void a_text_is_kept_whole_or_not_at_all(void **state)
{
	const struct policy_field *container = field(SECTION_SERVICE, "container");
	struct policy_service s, clean;
	char longest[POLICY_MATCH_SIZE + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	policy_service_defaults(&s);
	clean = s;
	assert_false(policy_field_set_text(container, &s, longest, POLICY_MATCH_SIZE));
	assert_memory_equal(&s, &clean, sizeof(s));
	assert_true(policy_field_set_text(container, &s, longest, POLICY_MATCH_SIZE - 1));
	assert_int_equal(strlen(policy_field_text(container, &s)), POLICY_MATCH_SIZE - 1);

	/* Nothing of a longer text stays behind a shorter one. */
	assert_true(policy_field_set_text(container, &s, "", 0));
	assert_memory_equal(&s, &clean, sizeof(s));
}

static void sameness_looks_at_value_and_presence(void **state)
{
	const struct policy_field *low = field(SECTION_SERVICE, "mem_reservation");
	struct policy_service a, b;

	(void)state;
	policy_service_defaults(&a);
	policy_service_defaults(&b);
	policy_field_set(low, &a, 0);
	assert_false(policy_field_same(low, &a, &b)); /* 0 is not absent */
	policy_field_set(low, &b, 0);
	assert_true(policy_field_same(low, &a, &b));
	policy_field_set(low, &b, 1);
	assert_false(policy_field_same(low, &a, &b));
	policy_field_set_text(field(SECTION_SERVICE, "unit"), &a, "x.service", 9);
	assert_false(policy_field_same(field(SECTION_SERVICE, "unit"), &a, &b));
	assert_true(policy_field_same(field(SECTION_SERVICE, "cgroup"), &a, &b));
}

static void defaults_are_those_of_the_page(void **state)
{
	(void)state;
	memset(&policy, 0xa5, sizeof(policy));
	policy_defaults(&policy);
	assert_int_equal(policy.mode, MODE_ENFORCE);
	assert_int_equal(policy.n_services, 0);
	assert_int_equal(policy.host.interval_us, 1000000);
	assert_int_equal(policy.host.reserve_bytes, 400 * MIB);
	assert_int_equal(policy.host.warn_centipct, 8000);
	assert_int_equal(policy.host.critical_centipct, 9000);
	assert_int_equal(policy.host.calm_centipct, 500);
	assert_int_equal(policy.host.calm_us, 10000000);
	assert_string_equal(policy.docker.socket, "/run/docker.sock");
	assert_string_equal(policy.docker.data_root, "/var/lib/docker");
	assert_int_equal(policy.docker.deadline_us, 2000000);
	assert_int_equal(policy.drift.backoff_us, 1000000);
	assert_int_equal(policy.drift.rounds, 5);
	assert_int_equal(policy.drift.window_us, 600000000);
}

static struct policy_service *add(const char *name)
{
	struct policy_service *s = &policy.service[policy.n_services++];

	policy_service_defaults(s);
	memcpy(s->name, name, strlen(name) + 1);
	return s;
}

static void a_service_is_found_by_its_name_unless_it_says_how(void **state)
{
	struct policy_service *plain, *by_compose, *by_unit, *by_cgroup, *by_container;

	(void)state;
	policy_defaults(&policy);
	plain = add("backend");
	by_compose = add("a");
	by_unit = add("b");
	by_cgroup = add("c");
	by_container = add("d");
	memcpy(by_compose->compose, "shop/web", sizeof("shop/web"));
	memcpy(by_unit->unit, "x.service", sizeof("x.service"));
	memcpy(by_cgroup->cgroup, "app.slice/x", sizeof("app.slice/x"));
	memcpy(by_container->container, "web", sizeof("web"));
	policy_finish(&policy);
	assert_string_equal(plain->container, "backend");
	assert_string_equal(by_compose->container, "");
	assert_string_equal(by_unit->container, "");
	assert_string_equal(by_cgroup->container, "");
	assert_string_equal(by_container->container, "web");
}

static void a_protected_service_gets_no_swap_unless_told(void **state)
{
	struct policy_service *bare, *limited, *safe, *told;

	(void)state;
	policy_defaults(&policy);
	bare = add("bare");
	limited = add("limited");
	safe = add("safe");
	told = add("told");
	limit_put(&limited->limits, LIMIT_MAX, 100 * MIB);
	limit_put(&safe->limits, LIMIT_MAX, 100 * MIB);
	safe->is_protected = told->is_protected = true;
	limit_put(&told->limits, LIMIT_SWAP_MAX, 5 * MIB);
	policy_finish(&policy);
	policy_finish(&policy); /* doing it twice changes nothing */
	assert_false(limit_has(&bare->limits, LIMIT_SWAP_MAX));
	assert_false(limit_has(&limited->limits, LIMIT_SWAP_MAX)); /* that depends on the member */
	assert_true(limit_has(&safe->limits, LIMIT_SWAP_MAX));
	assert_int_equal(safe->limits.value[LIMIT_SWAP_MAX], 0);
	assert_int_equal(told->limits.value[LIMIT_SWAP_MAX], 5 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_sound),
		cmocka_unit_test(every_word_of_a_row_has_a_name_and_no_more),
		cmocka_unit_test(no_two_rows_share_a_place),
		cmocka_unit_test(names_of_sections_and_types),
		cmocka_unit_test(a_key_is_found_whole_and_in_its_section),
		cmocka_unit_test(numbers_of_every_width),
		cmocka_unit_test(a_limit_is_absent_until_it_is_set),
		cmocka_unit_test(bounds_and_unlimited),
		cmocka_unit_test(a_text_is_kept_whole_or_not_at_all),
		cmocka_unit_test(sameness_looks_at_value_and_presence),
		cmocka_unit_test(defaults_are_those_of_the_page),
		cmocka_unit_test(a_service_is_found_by_its_name_unless_it_says_how),
		cmocka_unit_test(a_protected_service_gets_no_swap_unless_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
