/*
 * A report keeps the order of the file, counts what it does not keep, and costs the same whatever
 * is put in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/report.h"

static struct report report;
static char buf[64 * 1024];
static struct text_out out;

static const char *rendered(void)
{
	text_out_init(&out, buf, sizeof(buf));
	report_render(&report, &out);
	assert_false(out.full);
	return buf;
}

static int begin(void **state)
{
	(void)state;
	report_init(&report, "guardian.yaml");
	return 0;
}

static void lines_stand_in_the_order_of_the_file(void **state)
{
	(void)state;
	report_add(&report, REPORT_ERROR, 7, 3, "late");
	report_add(&report, REPORT_WARNING, 2, 9, "early");
	report_addf(&report, REPORT_ERROR, 7, 3, "late, %s", "and second");
	report_add(&report, REPORT_ERROR, 2, 1, "earliest");
	report_add(&report, REPORT_WARNING, 0, 0, "of the whole file");
	assert_string_equal(rendered(), "guardian.yaml: warning: of the whole file\n"
					"guardian.yaml:2:1: error: earliest\n"
					"guardian.yaml:2:9: warning: early\n"
					"guardian.yaml:7:3: error: late\n"
					"guardian.yaml:7:3: error: late, and second\n");
	assert_int_equal(report.n_errors, 3);
	assert_int_equal(report.n_warnings, 2);
}

/* A tag of the file may hold an escape: `!<%1b[31m>`. */
static void a_terminal_is_told_nothing(void **state)
{
	(void)state;
	report_add(&report, REPORT_ERROR, 1, 1, "tags \x1b[31m\xc2\x9b\n are \xc3\xa9");
	assert_string_equal(rendered(), "guardian.yaml:1:1: error: tags ?[31m??? are \xc3\xa9\n");
}

static void the_first_fifty_are_kept_and_the_rest_counted(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= REPORT_MAX; i++)
		report_add(&report, REPORT_ERROR, i, 1, "x");
	assert_null(strstr(rendered(), "more"));
	report_add(&report, REPORT_ERROR, 1, 1, "one too many");
	report_add(&report, REPORT_WARNING, 99, 1, "two too many");
	assert_non_null(strstr(rendered(), "guardian.yaml:50:1: error: x\n... and 2 more\n"));
	assert_null(strstr(buf, "too many"));
	assert_int_equal(report.n_errors, REPORT_MAX + 1);
	assert_int_equal(report.n_warnings, 1);
}

static void a_long_sentence_is_cut_before_a_whole_character(void **state)
{
	char text[REPORT_TEXT_SIZE + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[REPORT_TEXT_SIZE - 1] = '\0';
	report_add(&report, REPORT_ERROR, 1, 1, text); /* fits to the byte */
	assert_string_equal(report.entry[0].text, text);

	memset(text, 'a', sizeof(text));
	memcpy(text + REPORT_TEXT_SIZE - 5, "\xe2\x82\xac", 3);
	text[REPORT_TEXT_SIZE] = '\0';
	report_add(&report, REPORT_ERROR, 2, 1, text);
	assert_int_equal(strlen(report.entry[1].text), REPORT_TEXT_SIZE - 5 + 3);
	assert_string_equal(report.entry[1].text + REPORT_TEXT_SIZE - 6, "a...");
}

static void a_long_path_is_told_by_its_end(void **state)
{
	char path[REPORT_FILE_SIZE + 20];

	(void)state;
	memset(path, 'd', sizeof(path));
	memcpy(path + sizeof(path) - sizeof("/guardian.yaml"), "/guardian.yaml",
		sizeof("/guardian.yaml"));
	report_init(&report, path);
	assert_int_equal(strlen(report.file), REPORT_FILE_SIZE - 1);
	assert_string_equal(
		report.file + strlen(report.file) - strlen("/guardian.yaml"), "/guardian.yaml");
}

static void printing_says_the_same_as_rendering(void **state)
{
	char *printed = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&printed, &len);

	(void)state;
	for (uint32_t i = 1; i <= REPORT_MAX + 3; i++)
		report_addf(&report, REPORT_ERROR, i, 1, "number %u", i);
	report_print(&report, file);
	fclose(file);
	assert_string_equal(printed, rendered());
	free(printed);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_stand_in_the_order_of_the_file),
		TEST(a_terminal_is_told_nothing),
		TEST(the_first_fifty_are_kept_and_the_rest_counted),
		TEST(a_long_sentence_is_cut_before_a_whole_character),
		TEST(a_long_path_is_told_by_its_end),
		TEST(printing_says_the_same_as_rendering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
