/*
 * text, in: every refusal of the strict parsers, the edges of 64 bits, and matching.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "guardian/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef int (*parse64)(const char *s, size_t len, uint64_t *out);
typedef int (*parse32)(const char *s, size_t len, uint32_t *out);

/* What goes in, what comes back, and the value when that is 0. */
struct parse_case {
	const char *text;
	int status;
	uint64_t value;
};

enum { UNTOUCHED = 77 };

static void check64(parse64 parse, const struct parse_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		int status = parse(cases[i].text, strlen(cases[i].text), &value);

		if (status != cases[i].status)
			fail_msg("\"%s\": %d, not %d", cases[i].text, status, cases[i].status);
		if (value != (status ? UNTOUCHED : cases[i].value))
			fail_msg("\"%s\": value %ju", cases[i].text, (uintmax_t)value);
	}
}

static void check32(parse32 parse, const struct parse_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t value = UNTOUCHED;
		int status = parse(cases[i].text, strlen(cases[i].text), &value);

		if (status != cases[i].status)
			fail_msg("\"%s\": %d, not %d", cases[i].text, status, cases[i].status);
		if (value != (status ? UNTOUCHED : cases[i].value))
			fail_msg("\"%s\": value %u", cases[i].text, value);
	}
}

static void u64_takes_digits_alone(void **state)
{
	static const struct parse_case cases[] = {
		{"0", 0, 0},
		{"007", 0, 7},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"18446744073709551620", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1\n", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"99999999999999999999999999x", -EINVAL, 0},
	};

	(void)state;
	check64(text_u64, cases, COUNT(cases));
}

static void u64_stops_at_the_length(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(text_u64("1234", 2, &value), 0);
	assert_int_equal(value, 12);
	assert_int_equal(text_u64("1\0002", 3, &value), -EINVAL);
}

/* "max" is infinity. */
static void cgroup_value_knows_max(void **state)
{
	static const struct parse_case cases[] = {
		{"max\n", 0, UINT64_MAX},
		{"max", 0, UINT64_MAX},
		{"99999744\n", 0, 99999744},
		{"0", 0, 0},
		{"", -EINVAL, 0},
		{"\n", -EINVAL, 0},
		{"max\n\n", -EINVAL, 0},
		{"maxi", -EINVAL, 0},
		{"MAX", -EINVAL, 0},
		{" max", -EINVAL, 0},
		{"-1\n", -EINVAL, 0},
		{"18446744073709551616\n", -ERANGE, 0},
	};

	(void)state;
	check64(text_cgroup_value, cases, COUNT(cases));
}

/* Units are said, and 1024-based. */
static void size_is_composes_grammar(void **state)
{
	static const struct parse_case cases[] = {
		{"0", 0, 0},
		{"0b", 0, 0},
		{"1024b", 0, 1024},
		{"64k", 0, 65536},
		{"64kb", 0, 65536},
		{"64KB", 0, 65536},
		{"64Kb", 0, 65536},
		{"512m", 0, 512ULL << 20},
		{"512MB", 0, 512ULL << 20},
		{"1.5g", 0, 3ULL << 29},
		{"1.5G", 0, 3ULL << 29},
		{"0.5k", 0, 512},
		{"0.0001k", 0, 0},
		{"1.999999999999999999k", 0, 2047},
		{"18446744073709551615b", 0, UINT64_MAX},
		{"17179869183.999999999g", 0, UINT64_MAX - 1},
		{"18446744073709551616b", -ERANGE, 0},
		{"17179869184g", -ERANGE, 0},
		{"99999999999999999999g", -ERANGE, 0},
		{"1.0000000000000000000k", -ERANGE, 0},
		{"1500", -EINVAL, 0},
		{"00", 0, 0},
		{"0.0", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"m", -EINVAL, 0},
		{".5g", -EINVAL, 0},
		{"1.g", -EINVAL, 0},
		{"1.5b", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"1.5.5g", -EINVAL, 0},
		{"1536Mi", -EINVAL, 0},
		{"1536MiB", -EINVAL, 0},
		{"1bb", -EINVAL, 0},
		{"1t", -EINVAL, 0},
		{"1 g", -EINVAL, 0},
		{" 1g", -EINVAL, 0},
		{"1g ", -EINVAL, 0},
		{"-1g", -EINVAL, 0},
		{"+1g", -EINVAL, 0},
		{"1,5g", -EINVAL, 0},
		{"1e3k", -EINVAL, 0},
		{"99999999999999999999x", -EINVAL, 0},
		{"max", -EINVAL, 0},
	};

	(void)state;
	check64(text_size, cases, COUNT(cases));
}

static void duration_needs_its_unit(void **state)
{
	static const struct parse_case cases[] = {
		{"0", 0, 0},
		{"0s", 0, 0},
		{"500ms", 0, 500000},
		{"1.5s", 0, 1500000},
		{"2m", 0, 120000000},
		{"1h", 0, 3600000000},
		{"0.001ms", 0, 1},
		{"5124095576h", 0, 18446744073600000000U},
		{"5124095577h", -ERANGE, 0},
		{"10", -EINVAL, 0},
		{"10us", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"1M", -EINVAL, 0},
		{"1d", -EINVAL, 0},
		{"1m30s", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"", -EINVAL, 0},
	};

	(void)state;
	check64(text_duration, cases, COUNT(cases));
}

static void percent_needs_its_sign(void **state)
{
	static const struct parse_case cases[] = {
		{"80%", 0, 8000},
		{"12.5%", 0, 1250},
		{"12.05%", 0, 1205},
		{"0%", 0, 0},
		{"42949672.95%", 0, UINT32_MAX},
		{"42949672.96%", -ERANGE, 0},
		{"184467440737095517%", -ERANGE, 0},
		{"99999999999999999999%", -ERANGE, 0},
		{"12.345%", -EINVAL, 0},
		{"0.0000000000000000001%", -ERANGE, 0},
		{"80", -EINVAL, 0},
		{"%", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"80 %", -EINVAL, 0},
		{"80%%", -EINVAL, 0},
		{"80pct", -EINVAL, 0},
		{"-5%", -EINVAL, 0},
		{"12.%", -EINVAL, 0},
		{"99999999999999999999", -EINVAL, 0},
	};

	(void)state;
	check32(text_percent, cases, COUNT(cases));
}

static void centi_is_what_the_kernel_prints(void **state)
{
	static const struct parse_case cases[] = {
		{"0.00", 0, 0},
		{"12.34", 0, 1234},
		{"100.00", 0, 10000},
		{"12", -EINVAL, 0},
		{"12.3", -EINVAL, 0},
		{"12.345", -EINVAL, 0},
		{".34", -EINVAL, 0},
		{"12.34 ", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"42949672.96", -ERANGE, 0},
		{"99999999999999999999.00", -ERANGE, 0},
	};

	(void)state;
	check32(text_centi, cases, COUNT(cases));
}

static void assert_pair(struct text_span *rest, const char *key, const char *value)
{
	struct text_span k, v;

	assert_true(text_key_value(rest, &k, &v));
	if (!text_is(k, key) || !text_is(v, value))
		fail_msg("\"%.*s\" \"%.*s\", not \"%s\" \"%s\"", (int)k.len, k.start, (int)v.len,
			v.start, key, value);
}

static void key_value_takes_a_line_at_a_time(void **state)
{
	static const char text[] = "anon 4096\nMemAvailable:    1024 kB\nbare\n\ntabbed\t 7\n"
				   "trailing 1 \ncolon:\nlast 1";
	struct text_span rest = {text, sizeof(text) - 1}, key, value;

	(void)state;
	assert_pair(&rest, "anon", "4096");
	assert_pair(&rest, "MemAvailable", "1024 kB");
	assert_pair(&rest, "bare", "");
	assert_pair(&rest, "", "");
	assert_pair(&rest, "tabbed", "7");
	assert_pair(&rest, "trailing", "1 ");
	assert_pair(&rest, "colon", "");
	assert_pair(&rest, "last", "1");
	assert_false(text_key_value(&rest, &key, &value));
	assert_false(text_key_value(&rest, &key, &value));
}

static void is_compares_the_whole_span(void **state)
{
	(void)state;
	assert_true(text_is((struct text_span){"memory.max", 6}, "memory"));
	assert_false(text_is((struct text_span){"memory", 6}, "memor"));
	assert_false(text_is((struct text_span){"memory", 6}, "memoryx"));
	assert_true(text_is((struct text_span){"", 0}, ""));
	assert_false(text_is((struct text_span){"a\0b", 3}, "a"));
}

static void glob_matches_the_whole(void **state)
{
	static const char *const hits[][2] = {
		{"", ""},
		{"*", ""},
		{"*", "abc"},
		{"**", "a/b/c"},
		{"app.slice/worker-*.service", "app.slice/worker-12.service"},
		{"a?c", "abc"},
		{"*.service", "x.service.service"},
		{"a*b*c", "aXbXbXc"},
		{"[a-c]x", "bx"},
		{"[!a-c]x", "dx"},
		{"[^a-c]x", "dx"},
		{"[]]x", "]x"},
		{"[!]]x", "ax"},
		{"[a-]x", "-x"},
		{"[-a]x", "-x"},
		{"**/docker-*.scope", "a/b/docker-1.scope"},
		{"a/**/z", "a/b/c/z"},
		{"**a*/b", "xa/xaY/b"},
		{"***x", "a/x"},
		{"[\xc3-\xff]", "\xe9"},
		{"a]", "a]"},
	};
	static const char *const misses[][2] = {
		{"", "a"},
		{"a", ""},
		{"*", "a/b"},
		{"?", "/"},
		{"a?c", "a/c"},
		{"[!a]", "/"},
		{"a[/]b", "a/b"},
		{"a", "ab"},
		{"ab", "a"},
		{"[abc", "a"},
		{"[", "["},
		{"[]", "]"},
		{"[a-c]", "d"},
		{"a*b/c", "ab/d/c"},
		{"*/x", "a/b/x"},
		{"a/**/z", "a/z"},
		{"**x", "a/xy"},
		{"\\*", "*"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hits); i++) {
		if (!text_glob(hits[i][0], hits[i][1]))
			fail_msg("%s should match %s", hits[i][0], hits[i][1]);
	}
	for (size_t i = 0; i < COUNT(misses); i++) {
		if (text_glob(misses[i][0], misses[i][1]))
			fail_msg("%s should not match %s", misses[i][0], misses[i][1]);
	}
}

/* What makes a recursive matcher take years. */
static void glob_is_not_exponential(void **state)
{
	char pattern[190] = "", subject[4000];

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 3);
	strcat(pattern, "b");
	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = '\0';
	assert_false(text_glob(pattern, subject));
}

static void copy_never_cuts(void **state)
{
	char buf[4] = "xyz";

	(void)state;
	assert_true(text_copy(buf, sizeof(buf), "abcd", 3));
	assert_string_equal(buf, "abc");
	assert_false(text_copy(buf, sizeof(buf), "abcd", 4));
	assert_string_equal(buf, "");
	assert_false(text_copy(buf, 0, "", 0));
	assert_true(text_copy(buf, 1, "", 0));
}

static void nearest_finds_the_typo(void **state)
{
	static const char *const words[] = {"mem_limit", "mem_reservation", "swap_limit", "unit"};
	static const char long_word[] =
		"mem_reservationmem_reservationmem_reservationmem_reservatio"
		"nmem_reservation";

	(void)state;
	assert_string_equal(text_nearest("mem_limt", words, COUNT(words)), "mem_limit");
	assert_string_equal(text_nearest("memlimit", words, COUNT(words)), "mem_limit");
	assert_string_equal(text_nearest("mem_limits", words, COUNT(words)), "mem_limit");
	assert_string_equal(text_nearest("mme_limit", words, COUNT(words)), "mem_limit");
	assert_string_equal(text_nearest("swap_limit", words, COUNT(words)), "swap_limit");
	assert_string_equal(text_nearest("unut", words, COUNT(words)), "unit");
	assert_null(
		text_nearest("uxyt", words, COUNT(words))); /* two of four is not less than half */
	assert_null(text_nearest("memory", words, COUNT(words)));
	assert_null(text_nearest("", words, COUNT(words)));
	assert_null(text_nearest("unit", words, 0));
	assert_null(text_nearest(long_word, words, COUNT(words)));
	assert_null(text_nearest("unit", (const char *const[]){long_word}, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_takes_digits_alone),
		cmocka_unit_test(u64_stops_at_the_length),
		cmocka_unit_test(cgroup_value_knows_max),
		cmocka_unit_test(size_is_composes_grammar),
		cmocka_unit_test(duration_needs_its_unit),
		cmocka_unit_test(percent_needs_its_sign),
		cmocka_unit_test(centi_is_what_the_kernel_prints),
		cmocka_unit_test(key_value_takes_a_line_at_a_time),
		cmocka_unit_test(is_compares_the_whole_span),
		cmocka_unit_test(glob_matches_the_whole),
		cmocka_unit_test(glob_is_not_exponential),
		cmocka_unit_test(copy_never_cuts),
		cmocka_unit_test(nearest_finds_the_typo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
