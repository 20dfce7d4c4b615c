/*
 * event_list: an event as a line and as JSON, whatever its words are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "guardian/event_list.h"

static char buf[4096];
static struct text_out out;

static const struct event_record drift = {.realtime_us = 1700000000999999,
	.priority = LOG_WARNING,
	.event = "limit_drift",
	.service = "backend",
	.message = "mem_limit of backend was changed"};

static const char *line(const struct screen *screen, const struct event_record *record)
{
	text_out_init(&out, buf, sizeof(buf));
	event_record_line(&out, screen, record);
	return buf;
}

static void a_line(void **unused)
{
	const struct screen screen = {.columns = 60};

	(void)unused;
	assert_string_equal(line(&screen, &drift), "2023-11-14 22:13:20  limit_drift               "
						   "mem_limit of backend was changed\n");
}

static void a_line_is_cut_on_a_terminal_alone(void **unused)
{
	struct screen screen = {.columns = 60, .terminal = true};

	(void)unused;
	assert_string_equal(line(&screen, &drift),
		"2023-11-14 22:13:20  limit_drift               mem_limit of~\n");
	assert_int_equal(strlen(buf), 61);
	screen.columns = 20; /* narrower than what stands before the message: whole, and the
				terminal wraps it */
	assert_non_null(strstr(line(&screen, &drift), "mem_limit of backend was changed\n"));
}

static void each_priority_has_its_colour(void **unused)
{
	static const struct {
		uint8_t priority;
		const char *colour;
	} cases[] = {
		{LOG_CRIT, "\033[1;31mlimit_drift"},
		{LOG_ERR, "\033[1;31mlimit_drift"},
		{LOG_WARNING, "\033[33mlimit_drift"},
		{LOG_NOTICE, "\033[32mlimit_drift"},
		{LOG_INFO, "\033[0mlimit_drift"},
		{PRIORITY_NONE, "\033[0mlimit_drift"},
	};
	const struct screen screen = {.colour = true};
	struct event_record record = drift;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record.priority = cases[i].priority;
		assert_non_null(strstr(line(&screen, &record), cases[i].colour));
	}
}

static void a_line_that_is_no_event(void **unused)
{
	const struct screen screen = {.columns = 60};
	const struct event_record record = {.priority = PRIORITY_NONE, .message = "a\033[2Jb"};

	(void)unused;
	assert_string_equal(
		line(&screen, &record), "1970-01-01 00:00:00  -                         a?[2Jb\n");
}

static void from_the_status_file(void **unused)
{
	cJSON *item = cJSON_Parse("{\"realtime_us\":1700000000000000,\"event\":\"limit_drift\","
				  "\"service\":\"backend\",\"message\":\"words\"}");
	struct event_record record;

	(void)unused;
	event_record_from_status(item, &record);
	assert_int_equal(record.realtime_us, 1700000000000000);
	assert_string_equal(record.event, "limit_drift");
	assert_string_equal(record.service, "backend");
	assert_string_equal(record.message, "words");
	assert_int_equal(record.priority, LOG_WARNING); /* as the catalogue has it */
	cJSON_Delete(item);

	item = cJSON_Parse("{\"event\":\"of the future\"}");
	event_record_from_status(item, &record);
	assert_int_equal(record.priority, PRIORITY_NONE);
	assert_int_equal(record.realtime_us, 0);
	assert_string_equal(record.message, "");
	cJSON_Delete(item);
}

static void as_json(void **unused)
{
	const struct event_record bare = {.priority = PRIORITY_NONE, .message = "\"\n\033"};
	cJSON *json;

	(void)unused;
	text_out_init(&out, buf, sizeof(buf));
	event_record_json(&out, &drift);
	assert_string_equal(buf,
		"{\"realtime_us\":1700000000999999,\"priority\":4,\"event\":\"limit_drift\","
		"\"service\":\"backend\",\"message\":\"mem_limit of backend was changed\"}\n");
	text_out_init(&out, buf, sizeof(buf));
	event_record_json(&out, &bare);
	json = cJSON_ParseWithOpts(buf, NULL, 1);
	assert_non_null(json);
	assert_int_equal(cJSON_GetArraySize(json), 2);
	assert_string_equal(cJSON_GetObjectItem(json, "message")->valuestring, "\"\n\033");
	assert_ptr_equal(strchr(buf, '\n'), buf + strlen(buf) - 1); /* one line */
	cJSON_Delete(json);
}

static void text_is_cut_to_its_field(void **unused)
{
	char four[4];

	(void)unused;
	event_record_text(four, sizeof(four), "abcdef", 6);
	assert_string_equal(four, "abc");
	event_record_text(four, sizeof(four), "abcdef", 2);
	assert_string_equal(four, "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line),
		cmocka_unit_test(a_line_is_cut_on_a_terminal_alone),
		cmocka_unit_test(each_priority_has_its_colour),
		cmocka_unit_test(a_line_that_is_no_event),
		cmocka_unit_test(from_the_status_file),
		cmocka_unit_test(as_json),
		cmocka_unit_test(text_is_cut_to_its_field),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
