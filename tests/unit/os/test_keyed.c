/*
 * The one-pass parser of `key value` files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "keyed.h"

struct numbers {
	uint64_t one, two, four;
};

enum { ONE = 1, TWO = 2, FOUR = 4 };

static const struct keyed_table table = {
	.suffix = " kB",
	.wanted = ONE | TWO | FOUR,
	.row =
		{
			[3] = {{{"one", offsetof(struct numbers, one), 0},
				{"two", offsetof(struct numbers, two), 1}}},
			[4] = {{{"four", offsetof(struct numbers, four), 2}}},
		},
};

static uint32_t parse(const char *text, struct numbers *out)
{
	memset(out, 0, sizeof(*out));
	return keyed_parse(&table, text, strlen(text), out);
}

static void test_finds_keys_in_any_order(void **state)
{
	struct numbers n;

	(void)state;
	assert_int_equal(parse("four: 4 kB\nthree:  3 kB\ntwo:      2 kB\n\none 1 kB\n", &n),
		ONE | TWO | FOUR);
	assert_int_equal(n.one, 1);
	assert_int_equal(n.two, 2);
	assert_int_equal(n.four, 4);
}

static void test_a_key_is_the_whole_word(void **state)
{
	struct numbers n;

	(void)state;
	assert_int_equal(
		parse("oneself 7 kB\non 7 kB\nxone 7 kB\nONE 7 kB\nfour( 7 kB\n 1 kB\n", &n), 0);
	assert_int_equal(
		parse("a_key_that_is_longer_than_any_that_is_known_here 7 kB\ntwo 2 kB\n", &n),
		TWO);
}

static void test_stops_when_all_is_found(void **state)
{
	struct numbers n;

	(void)state;
	assert_int_equal(parse("one 1 kB\ntwo 2 kB\nfour 4 kB\none 9 kB\n", &n), ONE | TWO | FOUR);
	assert_int_equal(n.one, 1);
}

static void test_bad_values_are_not_found(void **state)
{
	static const char *const bad[] = {"one\n", "one \n", "one 1\n", "one 1 MB\n", "one 1 kB \n",
		"one -1 kB\n", "one +1 kB\n", "one 0x1 kB\n", "one 1.5 kB\n", "one  kB\n",
		"one 18446744073709551616 kB\n", "one 1 kB" /* cut */, "one 12"};
	struct numbers n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(parse(bad[i], &n), 0);
		assert_int_equal(n.one, 0);
	}
	assert_int_equal(parse("one 18446744073709551615 kB\n", &n), ONE);
	assert_true(n.one == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_keys_in_any_order),
		cmocka_unit_test(test_a_key_is_the_whole_word),
		cmocka_unit_test(test_stops_when_all_is_found),
		cmocka_unit_test(test_bad_values_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
