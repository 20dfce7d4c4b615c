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

/* ---- places ---- */

/* Text after text: each says the same, with the places of the one before and without. Those of a
 * text that lacked something are not kept. */
static void test_places(void **state)
{
	static const char *const texts[] = {
		"one 1 kB\nfour 4 kB\n",
		"one 2 kB\nfour 5 kB\n",            /* in place */
		"one 22 kB\nfour 6 kB\n",           /* moved */
		"one 22 kB\nfour x kB\n",           /* in place, and not of the form */
		"one 22 kB\nfour 7 kB\n",           /* again */
		"one 22 kB\nfour 7 kB",             /* cut */
		"xone 1 kB\none 3 kB\nfour 8 kB\n", /* in the middle of another */
		"",
		"one 1 kB\ntwo 2 kB\nfour 4 kB\n",
		"one 3 kB\ntwo 4 kB\nfou 4 kB\n", /* gone */
		"three 1 kB\nfour 12345 kB\none 18446744073709551616 kB\n",
		"abc 1 kB\none 2 kB\nfour 4 kB\n",
		"abc 1 kBxone 2 kB\nfour 4 kB\n", /* stands there, but begins no line */
		"one: 1 kB\nfour: 4 kB\n",
		"one: 2 kB\nfour: 5 kB\n",
	};
	uint16_t places[KEYED_KEYS_MAX] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct numbers plain, placed = {0};
		uint32_t found = parse(texts[i], &plain);

		assert_int_equal(
			keyed_parse_placed(&table, places, texts[i], strlen(texts[i]), &placed),
			found);
		assert_true(placed.one == plain.one && placed.two == plain.two &&
			    placed.four == plain.four);
		if ((found & (ONE | FOUR)) != (ONE | FOUR))
			memset(places, 0, sizeof(places));
	}
}

/* The lines in between are not even looked at. */
static void test_places_are_where_it_looks(void **state)
{
	static const char before[] = "one 1 kB\nother 2 kB\nfour 4 kB\n",
			  after[] = "one 2 kB\ntwo 333 kB\nfour 5 kB\n";
	uint16_t places[KEYED_KEYS_MAX] = {0};
	struct numbers n;

	(void)state;
	assert_int_equal(
		keyed_parse_placed(&table, places, before, sizeof(before) - 1, &n), ONE | FOUR);
	assert_int_equal(
		keyed_parse_placed(&table, places, after, sizeof(after) - 1, &n), ONE | FOUR);
	assert_int_equal(n.one, 2);
	assert_int_equal(n.four, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_keys_in_any_order),
		cmocka_unit_test(test_a_key_is_the_whole_word),
		cmocka_unit_test(test_stops_when_all_is_found),
		cmocka_unit_test(test_bad_values_are_not_found),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_places_are_where_it_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
