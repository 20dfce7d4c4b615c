/*
 * limit: names, and when the kernel's value is the wanted one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "guardian/limit.h"

enum { PAGE = 4096 };

/* 100000000 reads back as 99999744. */
static void rounding_to_a_page_is_no_difference(void **state)
{
	(void)state;
	assert_true(limit_same(LIMIT_MAX, 100000000, 99999744, PAGE));
	assert_false(limit_same(LIMIT_MAX, 100000000, 99999744 + PAGE, PAGE));
	assert_false(limit_same(LIMIT_MAX, 100000000, 99999744 - 1, PAGE));
	assert_true(limit_same(LIMIT_LOW, 1 << 20, 1 << 20, PAGE));
	assert_false(limit_same(LIMIT_SWAP_MAX, 0, PAGE, PAGE));
	assert_true(limit_same(LIMIT_SWAP_MAX, 0, PAGE - 1, PAGE));
	assert_true(limit_same(LIMIT_MAX, 65536 * 3 + 5, 65536 * 3, 65536));
}

static void unlimited_is_a_value_of_its_own(void **state)
{
	(void)state;
	assert_true(limit_same(LIMIT_MAX, LIMIT_UNLIMITED, LIMIT_UNLIMITED, PAGE));
	assert_false(limit_same(LIMIT_MAX, LIMIT_UNLIMITED, 1ULL << 40, PAGE));
	assert_false(limit_same(LIMIT_MAX, 0, LIMIT_UNLIMITED, PAGE));
	/* From PAGE_COUNTER_MAX on the kernel shows "max". */
	assert_true(limit_same(LIMIT_MAX, INT64_MAX, LIMIT_UNLIMITED, PAGE));
	assert_false(limit_same(LIMIT_MAX, INT64_MAX - PAGE, LIMIT_UNLIMITED, PAGE));
}

static void oom_group_is_not_counted_in_pages(void **state)
{
	(void)state;
	assert_false(limit_same(LIMIT_OOM_GROUP, 0, 1, PAGE));
	assert_true(limit_same(LIMIT_OOM_GROUP, 1, 1, PAGE));
}

static void without_a_page_size_only_equal_is_same(void **state)
{
	(void)state;
	assert_true(limit_same(LIMIT_MAX, 5, 5, 0));
	assert_false(limit_same(LIMIT_MAX, 5, 6, 0));
}

static void each_kind_has_its_file_and_word(void **state)
{
	(void)state;
	assert_string_equal(limit_file(LIMIT_MAX), "memory.max");
	assert_string_equal(limit_file(LIMIT_LOW), "memory.low");
	assert_string_equal(limit_file(LIMIT_SWAP_MAX), "memory.swap.max");
	assert_string_equal(limit_file(LIMIT_OOM_GROUP), "memory.oom.group");
	assert_string_equal(limit_word(LIMIT_MAX), "mem_limit");
	assert_string_equal(limit_word(LIMIT_LOW), "mem_reservation");
	assert_string_equal(limit_word(LIMIT_SWAP_MAX), "swap_limit");
	assert_string_equal(limit_word(LIMIT_OOM_GROUP), "oom_group");
	assert_string_equal(limit_file(LIMIT_COUNT), "unknown");
	assert_string_equal(limit_word((enum limit_kind) - 1), "unknown");
}

/* Absent is not zero. */
static void a_set_knows_what_it_has(void **state)
{
	struct limit_set set = {0};

	(void)state;
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		assert_false(limit_has(&set, kind));
	limit_put(&set, LIMIT_SWAP_MAX, 0);
	assert_true(limit_has(&set, LIMIT_SWAP_MAX));
	assert_false(limit_has(&set, LIMIT_MAX));
	limit_put(&set, LIMIT_MAX, LIMIT_UNLIMITED);
	assert_true(limit_has(&set, LIMIT_MAX));
	assert_int_equal(set.value[LIMIT_MAX], LIMIT_UNLIMITED);
}

static void bytes_stop_at_the_ends(void **state)
{
	(void)state;
	assert_int_equal(bytes_plus(2, 3), 5);
	assert_int_equal(bytes_plus(1, UINT64_MAX - 1), UINT64_MAX);
	assert_int_equal(bytes_plus(2, UINT64_MAX - 1), UINT64_MAX);
	assert_int_equal(bytes_plus(UINT64_MAX, UINT64_MAX), UINT64_MAX);
	assert_int_equal(bytes_less(3, 2), 1);
	assert_int_equal(bytes_less(2, 2), 0);
	assert_int_equal(bytes_less(2, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounding_to_a_page_is_no_difference),
		cmocka_unit_test(unlimited_is_a_value_of_its_own),
		cmocka_unit_test(oom_group_is_not_counted_in_pages),
		cmocka_unit_test(without_a_page_size_only_equal_is_same),
		cmocka_unit_test(each_kind_has_its_file_and_word),
		cmocka_unit_test(a_set_knows_what_it_has),
		cmocka_unit_test(bytes_stop_at_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
