/*
 * What `guardianctl swap` shows: from the status file of a living daemon, from /proc/swaps without
 * one, and nothing half-made when memory runs out on the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_view.h"

static const char status[] =
	"{\"swap\":{\"wanted_bytes\":2147483648,\"thrash\":\"none\",\"in_bytes_per_s\":1,"
	"\"out_bytes_per_s\":2,\"foreign_bytes\":5,"
	"\"areas\":[{\"path\":\"/swapfile\",\"used_bytes\":7,\"size_bytes\":9,\"ours\":true}],"
	"\"file\":{\"path\":\"/swapfile\"},\"progress\":{\"done_bytes\":1},\"plan\":\"grow\"},"
	"\"services\":[{\"name\":\"redis\",\"members\":[{\"swap_bytes\":3,\"swap_limit_bytes\":0}]}"
	","
	"{\"name\":\"unread\",\"members\":[{\"swap_limit_bytes\":4}]},"
	"{\"name\":\"backend\",\"members\":[{\"swap_bytes\":10,\"swap_limit_bytes\":40},"
	"{\"swap_bytes\":20,\"swap_limit_bytes\":30}]},"
	"{\"name\":\"worker\",\"members\":[{\"swap_bytes\":30,\"swap_limit_bytes\":50},"
	"{\"swap_bytes\":1,\"swap_limit_bytes\":null}]},"
	"{\"name\":\"old\",\"members\":[{\"swap_bytes\":0}]},{\"name\":\"gone\",\"members\":[]}]}";

static char text[4096];

/* FIXTURE: of tests/fixtures, or an empty folder. */
static const char *view_of(const char *json, enum heartbeat_state state, const char *fixture)
{
	_cleanup_fd_ int rootfd = fs_open_dir(AT_FDCWD, fixture);
	struct heartbeat hb = {.state = state, .age_us = 400000};
	struct cJSON *view;

	assert_true(rootfd >= 0);
	if (json) {
		hb.json = cJSON_Parse(json);
		assert_non_null(hb.json);
	}
	view = swap_view(&hb, rootfd);
	assert_non_null(view);
	assert_true(cJSON_PrintPreallocated(view, text, sizeof(text), false));
	cJSON_Delete(view);
	cJSON_Delete(hb.json);
	return text;
}

static void expect_part(const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
}

static void expect_no(const char *part)
{
	if (strstr(text, part))
		fail_msg("%s in %s", part, text);
}

static void of_a_living_daemon(void **unused)
{
	(void)unused;
	view_of(status, HEARTBEAT_ALIVE, "tests/fixtures/swaps/two-of-ours");
	assert_int_equal(strncmp(text,
				 "{\"alive\":true,\"tick_age_us\":400000,\"swap\":{"
				 "\"wanted_bytes\":2147483648,\"thrash\":\"none\",",
				 80),
		0);
	expect_part("\"areas\":[{\"path\":\"/swapfile\",\"used_bytes\":7,");
	expect_part("\"progress\":{\"done_bytes\":1}");
	expect_part("\"areas_from\":\"status.json\"");
}

/* The most first; the largest limit, and none is the largest of all; what is not known is not
 * there.
 */
static void services_by_use(void **unused)
{
	(void)unused;
	view_of(status, HEARTBEAT_ALIVE, "tests/fixtures/swaps/none");
	expect_part("\"services\":["
		    "{\"name\":\"worker\",\"swap_bytes\":31,\"swap_limit_bytes\":null},"
		    "{\"name\":\"backend\",\"swap_bytes\":30,\"swap_limit_bytes\":40},"
		    "{\"name\":\"redis\",\"swap_bytes\":3,\"swap_limit_bytes\":0},"
		    "{\"name\":\"old\",\"swap_bytes\":0}]}");
}

/* Its areas are those of now, and nothing that it was doing is still done. */
static void of_a_dead_daemon(void **unused)
{
	(void)unused;
	view_of(status, HEARTBEAT_GONE, "tests/fixtures/swaps/two-of-ours");
	assert_int_equal(strncmp(text, "{\"alive\":false,", 15), 0);
	expect_part("\"areas_from\":\"/proc/swaps\"");
	expect_part(
		"\"areas\":[{\"path\":\"/swap.img\",\"type\":\"file\",\"size_bytes\":1073737728,"
		"\"used_bytes\":0,\"priority\":-2,\"ours\":false},"
		"{\"path\":\"/swapfile\",\"type\":\"file\",\"size_bytes\":1073737728,"
		"\"used_bytes\":1024000,\"priority\":10,\"ours\":true},"
		"{\"path\":\"/swapfile.2\"");
	expect_part("\"foreign_bytes\":1073737728");
	expect_part("\"wanted_bytes\":2147483648");
	expect_no("progress");
	expect_no("thrash");
	expect_no("per_s");
	expect_part("\"name\":\"worker\"");
}

static void of_a_daemon_that_never_was(void **unused)
{
	(void)unused;
	assert_string_equal(view_of(NULL, HEARTBEAT_NONE, "tests/fixtures/swaps/one-file"),
		"{\"alive\":false,\"swap\":{\"areas\":[{\"path\":\"/swapfile\",\"type\":\"file\","
		"\"size_bytes\":2147479552,\"used_bytes\":47185920,\"priority\":10}]},"
		"\"areas_from\":\"/proc/swaps\",\"services\":[]}");
	assert_string_equal(view_of(NULL, HEARTBEAT_NONE, "tests/fixtures/swaps/none"),
		"{\"alive\":false,\"swap\":{\"areas\":[]},\"areas_from\":\"/proc/swaps\","
		"\"services\":[]}");
}

/* An empty list would say that there is no swap. */
static void areas_that_cannot_be_read(void **unused)
{
	(void)unused;
	view_of(NULL, HEARTBEAT_NONE, "tests/fixtures/swaps");
	assert_string_equal(text, "{\"alive\":false,\"swap\":{},\"areas_from\":\"/proc/swaps\","
				  "\"services\":[]}");
	/* A daemon of before, and its file without swap. */
	view_of("{\"services\":[]}", HEARTBEAT_ALIVE, "tests/fixtures/swaps/one-file");
	expect_part("{\"alive\":true,");
	expect_part("\"path\":\"/swapfile\"");
}

static void what_is_not_of_the_form(void **unused)
{
	(void)unused;
	view_of("{\"swap\":{\"areas\":1,\"file\":2,\"progress\":[]},\"services\":{\"a\":1}}",
		HEARTBEAT_GONE, "tests/fixtures/swaps/none");
	expect_part("\"areas\":[]");
	expect_part("\"services\":[]");
	view_of("{\"services\":[1,{},{\"name\":3,\"members\":[1,{\"swap_bytes\":2}]}]}",
		HEARTBEAT_GONE, "tests/fixtures/swaps/none");
	expect_part("\"services\":[{\"name\":\"\",\"swap_bytes\":2}]");
}

/* ---- memory that runs out ---- */

static int left; /* allocations that succeed; below 0: all */
static int living;

static void *allocate(size_t size)
{
	if (left == 0)
		return NULL;
	left -= left > 0;
	living++;
	return malloc(size);
}

static void release(void *memory)
{
	living -= memory != NULL;
	free(memory);
}

static bool view_with(int allocations, enum heartbeat_state state)
{
	_cleanup_fd_ int rootfd = fs_open_dir(AT_FDCWD, "tests/fixtures/swaps/two-of-ours");
	cJSON_Hooks hooks = {allocate, release};
	struct heartbeat hb = {.state = state};
	struct cJSON *view;
	bool made;

	left = -1;
	living = 0;
	cJSON_InitHooks(&hooks);
	hb.json = cJSON_Parse(status);
	left = allocations;
	view = swap_view(&hb, rootfd);
	made = view != NULL;
	cJSON_Delete(view);
	cJSON_Delete(hb.json);
	cJSON_InitHooks(NULL);
	assert_int_equal(living, 0);
	return made;
}

static void each_allocation_fails(void **unused)
{
	int n;

	(void)unused;
	for (n = 0; !view_with(n, HEARTBEAT_GONE); n++)
		assert_in_range(n, 0, 1000);
	assert_true(n > 50);
	for (n = 0; !view_with(n, HEARTBEAT_ALIVE); n++)
		assert_in_range(n, 0, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_living_daemon),
		cmocka_unit_test(services_by_use),
		cmocka_unit_test(of_a_dead_daemon),
		cmocka_unit_test(of_a_daemon_that_never_was),
		cmocka_unit_test(areas_that_cannot_be_read),
		cmocka_unit_test(what_is_not_of_the_form),
		cmocka_unit_test(each_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
