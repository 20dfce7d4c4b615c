/*
 * status_read: what status_render() writes is read back; anything else is refused or absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "guardian/status.h"
#include "guardian/status_read.h"

static cJSON *parsed(const char *text)
{
	cJSON *json = NULL;

	assert_int_equal(status_parse(text, strlen(text), &json), 0);
	return json;
}

static void what_the_daemon_writes_is_read_back(void **unused)
{
	static struct policy policy = {.host.interval_us = 2000000, .mode = MODE_OBSERVE};
	static struct snapshot snap = {.realtime_us = 1700000000000000, .now_us = 77};
	static struct state state;
	static char text[4096];
	const struct status_daemon about = {.version = "1.2",
		.pid = 812,
		.ticks = 9,
		.started_realtime_us = 1690000000000000,
		.policy_file = "/etc/guardian.yaml"};
	struct text_out out;
	struct status_head head;
	cJSON *json;

	(void)unused;
	text_out_init(&out, text, sizeof(text));
	status_render(&out, &about, &policy, &snap, &state, NULL, 0, NULL, NULL);
	json = parsed(text);
	assert_int_equal(status_head_read(json, &head), 0);
	assert_string_equal(head.version, "1.2");
	assert_string_equal(head.mode, "observe");
	assert_int_equal(head.pid, 812);
	assert_int_equal(head.realtime_us, 1700000000000000);
	assert_int_equal(head.now_us, 77);
	assert_int_equal(head.ticks, 9);
	assert_int_equal(head.started_realtime_us, 1690000000000000);
	assert_int_equal(head.interval_us, 2000000);
	cJSON_Delete(json);
}

static void other_text_is_refused(void **unused)
{
	static const char *const texts[] = {
		"", "{", "[]", "null", "7", "{\"pid\":1", "\xff\xfe", "{\"a\":}"};
	cJSON *json;

	(void)unused;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(status_parse(texts[i], strlen(texts[i]), &json), -EBADMSG);
}

static void a_head_needs_its_numbers(void **unused)
{
	static const char *const texts[] = {
		"{}",
		"{\"pid\":1}",
		"{\"pid\":1,\"realtime_us\":1}",
		"{\"pid\":1,\"realtime_us\":1,\"now_us\":1}",
		"{\"pid\":-1,\"realtime_us\":1,\"now_us\":1,\"interval_us\":1}",
		"{\"pid\":\"1\",\"realtime_us\":1,\"now_us\":1,\"interval_us\":1}",
		"{\"PID\":1,\"realtime_us\":1,\"now_us\":1,\"interval_us\":1}",
	};
	struct status_head head;

	(void)unused;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cJSON *json = parsed(texts[i]);

		assert_int_equal(status_head_read(json, &head), -EBADMSG);
		cJSON_Delete(json);
	}
}

/* 4 GiB is not 2147483647. */
static void numbers_are_whole_and_exact(void **unused)
{
	cJSON *json =
		parsed("{\"big\":4294967296,\"max\":9007199254740992,\"over\":9007199254740994,"
		       "\"huge\":1e300,\"half\":1.5,\"minus\":-1,\"null\":null,\"text\":\"7\","
		       "\"zero\":0}");
	uint64_t n = 42;

	(void)unused;
	assert_true(status_number(json, "big", &n));
	assert_int_equal(n, 4294967296);
	assert_true(status_number(json, "max", &n));
	assert_int_equal(n, 9007199254740992);
	assert_true(status_number(json, "zero", &n));
	assert_int_equal(n, 0);
	assert_false(status_number(json, "over", &n));
	assert_false(status_number(json, "huge", &n));
	assert_false(status_number(json, "half", &n));
	assert_false(status_number(json, "minus", &n));
	assert_false(status_number(json, "null", &n));
	assert_false(status_number(json, "text", &n));
	assert_false(status_number(json, "absent", &n));
	assert_false(status_number(json, "BIG", &n)); /* cJSON's plain lookup ignores case */
	assert_false(status_number(NULL, "big", &n));
	cJSON_Delete(json);
}

static void words_are_never_null(void **unused)
{
	cJSON *json = parsed("{\"word\":\"ok\",\"n\":1}");

	(void)unused;
	assert_string_equal(status_string(json, "word"), "ok");
	assert_string_equal(status_string(json, "n"), "");
	assert_string_equal(status_string(json, "absent"), "");
	assert_string_equal(status_string(NULL, "word"), "");
	assert_null(status_item(NULL, "word"));
	cJSON_Delete(json);
}

static void a_word_too_long_is_left_out(void **unused)
{
	cJSON *json =
		parsed("{\"pid\":1,\"realtime_us\":1,\"now_us\":1,\"interval_us\":1,\"version\":"
		       "\"a-version-longer-than-any-that-there-has-ever-been\"}");
	struct status_head head;

	(void)unused;
	assert_int_equal(status_head_read(json, &head), 0);
	assert_string_equal(head.version, "");
	cJSON_Delete(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_daemon_writes_is_read_back),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(a_head_needs_its_numbers),
		cmocka_unit_test(numbers_are_whole_and_exact),
		cmocka_unit_test(words_are_never_null),
		cmocka_unit_test(a_word_too_long_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
