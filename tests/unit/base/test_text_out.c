/*
 * text, out: the forms, the bound of the buffer, and that what is written for the policy file reads
 * back the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "guardian/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef void (*put64)(struct text_out *out, uint64_t n);

struct form {
	uint64_t n;
	const char *text;
};

static void check_forms(put64 put, const struct form *forms, size_t n)
{
	char buf[64];
	struct text_out out;

	for (size_t i = 0; i < n; i++) {
		text_out_init(&out, buf, sizeof(buf));
		put(&out, forms[i].n);
		assert_string_equal(buf, forms[i].text);
		assert_int_equal(out.len, strlen(buf));
		assert_false(out.full);
	}
}

static void put_i64(struct text_out *out, uint64_t n)
{
	text_put_i64(out, (int64_t)n);
}

static void put_percent(struct text_out *out, uint64_t n)
{
	text_put_percent(out, (uint32_t)n);
}

static void numbers_are_plain(void **state)
{
	static const struct form u64[] = {
		{0, "0"}, {10, "10"}, {UINT64_MAX, "18446744073709551615"}};
	static const struct form i64[] = {
		{0, "0"},
		{(uint64_t)-1, "-1"},
		{INT64_MAX, "9223372036854775807"},
		{(uint64_t)INT64_MIN, "-9223372036854775808"},
	};
	static const struct form centi[] = {
		{0, "0.00"}, {7, "0.07"}, {1234, "12.34"}, {10000, "100.00"}};
	static const struct form percent[] = {
		{8000, "80%"}, {1250, "12.5%"}, {1205, "12.05%"}, {5, "0.05%"}, {0, "0%"}};
	static const struct form mode[] = {
		{0, "0000"}, {0600, "0600"}, {0100644, "0644"}, {04755, "0755"}};

	(void)state;
	check_forms(text_put_u64, u64, COUNT(u64));
	check_forms(put_i64, i64, COUNT(i64));
	check_forms(text_put_centi, centi, COUNT(centi));
	check_forms(put_percent, percent, COUNT(percent));
	check_forms(text_put_mode, mode, COUNT(mode));
}

static void sizes_for_people(void **state)
{
	static const struct form forms[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{1048524, "1023.9 KiB"},
		{1048525, "1 MiB"}, /* 1023.95 KiB rounds up to the next unit */
		{1048575, "1 MiB"},
		{18035507, "17.2 MiB"},
		{512ULL << 20, "512 MiB"},
		{3ULL << 29, "1.5 GiB"},
		{1ULL << 40, "1 TiB"},
		{1ULL << 50, "1 PiB"},
		{UINT64_MAX - 1, "16 EiB"},
		{UINT64_MAX, "unlimited"},
	};

	(void)state;
	check_forms(text_put_size, forms, COUNT(forms));
}

static void sizes_for_the_policy(void **state)
{
	static const struct form forms[] = {
		{0, "0"},
		{1, "1b"},
		{1000, "1000b"},
		{1024, "1k"},
		{512, "512b"},
		{512ULL << 20, "512m"},
		{1ULL << 30, "1g"},
		{3ULL << 29, "1.5g"},
		{1280ULL << 20, "1.25g"},
		{1023, "1023b"},
		{UINT64_MAX, "18446744073709551615b"},
	};

	(void)state;
	check_forms(text_put_policy_size, forms, COUNT(forms));
}

static void durations_for_the_policy(void **state)
{
	static const struct form forms[] = {
		{0, "0s"},
		{1, "0.001ms"},
		{1500, "1.5ms"},
		{500000, "500ms"},
		{1000000, "1s"},
		{1500000, "1500ms"},
		{120000000, "2m"},
		{3600000000, "1h"},
		{90000000, "90s"},
	};

	(void)state;
	check_forms(text_put_duration, forms, COUNT(forms));
}

static void assert_round_trip(uint64_t n)
{
	char buf[64];
	struct text_out out;
	uint64_t back = 0;

	text_out_init(&out, buf, sizeof(buf));
	text_put_policy_size(&out, n);
	assert_false(out.full);
	if (text_size(buf, out.len, &back) < 0 || back != n)
		fail_msg("%" PRIu64 " -> %s -> %" PRIu64, n, buf, back);

	text_out_init(&out, buf, sizeof(buf));
	text_put_duration(&out, n);
	if (text_duration(buf, out.len, &back) < 0 || back != n)
		fail_msg("%" PRIu64 " us -> %s -> %" PRIu64, n, buf, back);
}

/* A fixed pseudo-random walk over all magnitudes, and both neighbours of each power of two and
 * multiple of a unit. */
static void policy_forms_read_back_to_the_same(void **state)
{
	uint64_t seed = 88172645463325252U;

	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (uint64_t near = 0; near < 3; near++) {
			assert_round_trip((1ULL << bit) + near - 1);
			assert_round_trip(3 * (1ULL << bit) / 2 + near - 1);
		}
	}
	for (unsigned int i = 0; i < 20000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		assert_round_trip(seed >> (i % 64));
		assert_round_trip((seed >> 40) * 1000);
	}
	assert_round_trip(UINT64_MAX);
	assert_round_trip(0);
}

static void a_piece_that_does_not_fit_is_left_out(void **state)
{
	char buf[8] = "garbage";
	struct text_out out;

	(void)state;
	text_out_init(&out, buf, sizeof(buf));
	assert_string_equal(buf, "");
	text_put(&out, "abcd");
	text_put_u64(&out, 123);
	assert_string_equal(buf, "abcd123");
	assert_false(out.full);
	text_put(&out, "");
	assert_false(out.full);
	text_put(&out, "x");
	assert_true(out.full);
	assert_string_equal(buf, "abcd123");

	text_out_init(&out, buf, sizeof(buf));
	text_put(&out, "abcd");
	text_put_u64(&out, 12345);
	text_put(&out, "z"); /* would fit, but would follow a gap */
	assert_string_equal(buf, "abcd");
}

/* Room is given whole or not at all, and what follows a piece that was left out is left out too. */
static void room_is_a_piece(void **state)
{
	struct text_out out;
	char buf[8], *room;

	(void)state;
	text_out_init(&out, buf, sizeof(buf));
	room = text_put_room(&out, 7);
	assert_ptr_equal(room, buf);
	memcpy(room, "1234567", 7);
	assert_string_equal(buf, "1234567");
	assert_int_equal(out.len, 7);
	assert_false(out.full);
	assert_null(text_put_room(&out, 1));
	assert_true(out.full);
	assert_null(text_put_room(&out, 0));
	assert_string_equal(buf, "1234567");
}

static void a_buffer_of_none_is_full(void **state)
{
	char guard = 'g';
	struct text_out out;

	(void)state;
	text_out_init(&out, &guard, 0);
	text_put(&out, "x");
	text_put_json(&out, "x");
	assert_true(out.full);
	assert_int_equal(guard, 'g');
}

static void json_escapes_all_that_is_not_text(void **state)
{
	static const char *const pairs[][2] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1b[31m\x7f", "\"\\u0001\\u001b[31m\\u007f\""},
		/* C1: a terminal obeys it as UTF-8 too */
		{"\xc2\x80\xc2\x9b"
		 "2J\xc2\x9f\xc2\xa0",
			"\"\\u0080\\u009b"
			"2J\\u009f\xc2\xa0\""},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3",
			"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3\""},
		{"\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""},
		{"\xed\x9f\xbf", "\"\xed\x9f\xbf\""},
		/* a lone byte, a cut sequence, overlong forms, a surrogate, above U+10FFFF, never
		   valid */
		{"a\x80z", "\"a\\ufffdz\""},
		{"\xe2\x82", "\"\\ufffd\\ufffd\""},
		{"\xc3(", "\"\\ufffd(\""},
		{"\xc0\x80", "\"\\ufffd\\ufffd\""},
		{"\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xf0\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{"\xf5\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{"\xff", "\"\\ufffd\""},
	};
	char buf[64];
	struct text_out out;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		text_out_init(&out, buf, sizeof(buf));
		text_put_json(&out, pairs[i][0]);
		assert_string_equal(buf, pairs[i][1]);
	}
}

static void control_characters_are_not_shown(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool shown;
	} rows[] = {
		{"a", 1, true},
		{" ", 1, true},
		{"~", 1, true},
		{"\x1f", 1, false},
		{"\x7f", 1, false},
		{"\xc2\x80", 2, false},
		{"\xc2\x9f", 2, false},
		{"\xc2\xa0", 2, true},
		{"\xe2\x82\xac", 3, true},
		{"\xf0\x9f\x90\xb3", 4, true},
		{"\x9b", 1, false},
		{"\xc2", 1, false},
		{"\xe2\x82", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool shown = !rows[i].shown;

		assert_int_equal(text_character(rows[i].text, &shown), rows[i].len);
		assert_int_equal(shown, rows[i].shown);
	}
}

static void what_may_not_be_shown_is_replaced(void **state)
{
	char buf[64], s[] = "a|\x1b[0m\n\xc2\x9b\xe2\x82\xac\xe2\x82";
	struct text_out out;

	(void)state;
	text_out_init(&out, buf, sizeof(buf));
	text_put_plain(&out, s, "", " ");
	assert_string_equal(buf, "a| [0m  \xe2\x82\xac  ");
	text_out_init(&out, buf, sizeof(buf));
	text_put_plain(&out, s, "|", "?");
	assert_string_equal(buf, "a??[0m??\xe2\x82\xac??");
	text_tame(s);
	assert_string_equal(s, "a|?[0m???\xe2\x82\xac??");
}

static bool put_known(struct text_out *out, struct text_span holder, const void *userdata)
{
	if (text_is(holder, "word"))
		text_put(out, userdata);
	return text_is(holder, "word") || holder.len == 0;
}

static void a_sentence_is_filled(void **state)
{
	static const struct {
		const char *sentence, *with, *without;
	} rows[] = {
		{"", "", ""},
		{"plain", "plain", "plain"},
		{"{word}", "a{b}", "a{b}"}, /* what is put is not looked at again */
		{"{word}, {other}.", "a{b}, {other}.", "a{b}, {other}."},
		{"not[ {word}[ twice]] there", "not a{b} twice there", "not there"},
		{"none: {}, open: {word", "none: , open: {word", "none: , open: {word"},
		{"open: [{word}", "open: a{b}", "open: "},
	};
	char buf[64];
	struct text_out out;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		text_out_init(&out, buf, sizeof(buf));
		text_put_sentence(&out, rows[i].sentence, true, put_known, "a{b}");
		assert_string_equal(buf, rows[i].with);
		text_out_init(&out, buf, sizeof(buf));
		text_put_sentence(&out, rows[i].sentence, false, put_known, "a{b}");
		assert_string_equal(buf, rows[i].without);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_plain),
		cmocka_unit_test(sizes_for_people),
		cmocka_unit_test(sizes_for_the_policy),
		cmocka_unit_test(durations_for_the_policy),
		cmocka_unit_test(policy_forms_read_back_to_the_same),
		cmocka_unit_test(a_piece_that_does_not_fit_is_left_out),
		cmocka_unit_test(room_is_a_piece),
		cmocka_unit_test(a_buffer_of_none_is_full),
		cmocka_unit_test(json_escapes_all_that_is_not_text),
		cmocka_unit_test(control_characters_are_not_shown),
		cmocka_unit_test(a_sentence_is_filled),
		cmocka_unit_test(what_may_not_be_shown_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
