/*
 * status_page: a person reads first whether guardiand is alive; a script gets the file as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guardian/status_page.h"

static const struct screen plain = {.columns = 100};
static char buf[1 << 16];

static const char status[] =
	"{\"version\":\"0.1.0\",\"pid\":                 812,\"realtime_us\":    1700000001000000,"
	"\"tick\":3,\"now_us\":5000000,\"interval_us\":1000000,\"mode\":\"enforce\","
	"\"policy\":{\"file\":\"/etc/guardian.yaml\",\"generation\":0},\"lacks\":[],"
	"\"host\":{\"level\":\"warn\",\"mem_total_bytes\":4000000000,\"mem_available_bytes\":"
	"700000000,"
	"\"swap_total_bytes\":2147483648,\"swap_free_bytes\":1073741824,"
	"\"psi_memory\":{\"some_avg10_centipct\":1234,\"full_avg10_centipct\":5}},"
	"\"peers\":{\"docker\":\"ok\"},\"unmanaged\":1,\"unlimited\":0,"
	"\"services\":[{\"name\":\"backend\",\"state\":\"ok\",\"restarts\":0,\"oom_kills\":0,"
	"\"members\":[{"
	"\"working_set_bytes\":629145600,\"limit_bytes\":1610612736,\"peak_bytes\":681574400}]}],"
	"\"events\":[{\"realtime_us\":1700000000000000,\"event\":\"started\",\"message\":"
	"\"guardiand has "
	"started\"}]}\n";

static struct heartbeat beat(const char *text, enum heartbeat_state state, uint64_t age_us)
{
	struct heartbeat hb = {.state = state, .age_us = age_us};

	if (!text)
		return hb;
	hb.text = strdup(text);
	hb.len = strlen(text);
	assert_int_equal(status_parse(text, hb.len, &hb.json), 0);
	(void)status_head_read(hb.json, &hb.head);
	return hb;
}

static const char *page(struct heartbeat hb, const struct screen *screen)
{
	struct text_out out;

	text_out_init(&out, buf, sizeof(buf));
	status_page(&out, screen, &hb);
	assert_false(out.full);
	cJSON_Delete(hb.json);
	free(hb.text);
	return buf;
}

static void a_page(void **unused)
{
	(void)unused;
	assert_string_equal(page(beat(status, HEARTBEAT_ALIVE, 400000), &plain),
		"guardiand 0.1.0 is running (pid 812), enforcing, policy /etc/guardian.yaml, last "
		"tick 0.4 s ago\n"
		"host  warn  ################.... 82.50%  3.1 GiB of 3.7 GiB used, swap 1 GiB of 2 "
		"GiB, pressure some "
		"12.34% full 0.05%\n"
		"\n"
		"SERVICE  STATE                                     MEMORY / LIMIT       PEAK   "
		"OOM  RESTARTS\n"
		"backend  ok           #######.............      600 MiB / 1.5 GiB    650 MiB     "
		"0         0\n"
		"\n"
		"2023-11-14 22:13:20  started                   guardiand has started\n");
}

/* The first words are the ones that matter. */
static void the_dead_are_named_first(void **unused)
{
	struct heartbeat unreadable = beat(NULL, HEARTBEAT_UNREADABLE, 0);

	(void)unused;
	page(beat(status, HEARTBEAT_GONE, 300000000), &plain);
	assert_int_equal(strncmp(buf,
				 "guardiand IS NOT RUNNING: process 812 has gone, its last tick "
				 "was 5 min ago. Nobody "
				 "is watching; what follows is old.\nhost  warn",
				 120),
		0);
	page(beat(status, HEARTBEAT_OLD, UINT64_MAX), &plain);
	assert_int_equal(strncmp(buf,
				 "guardiand IS STUCK: process 812 is there, but its last tick was "
				 "before this "
				 "boot.",
				 80),
		0);
	assert_string_equal(page(beat(NULL, HEARTBEAT_NONE, 0), &plain),
		"guardiand IS NOT RUNNING: there is no /run/guardian/status.json. Start it with: "
		"systemctl start "
		"guardiand\n");
	unreadable.error = -EACCES;
	assert_string_equal(page(unreadable, &plain),
		"guardiand's state is UNKNOWN: /run/guardian/status.json: Permission denied\n");
}

static void what_is_wrong_stands_above_the_table(void **unused)
{
	static const char text[] =
		"{\"mode\":\"observe\",\"lacks\":[\"systemd\",7],\"policy\":{\"file\":\"p\","
		"\"error\":\"p:1:1: error: \\u001b[2Jno\"},\"peers\":{\"docker\":\"silent\"},"
		"\"unlimited\":2,\"host\":{\"level\":\"normal\"},\"services\":[]}";

	(void)unused;
	page(beat(text, HEARTBEAT_ALIVE, 0), &plain);
	assert_non_null(strstr(buf, "observing only"));
	assert_non_null(strstr(buf, "\nhost  normal  memory unknown\n"));
	assert_non_null(strstr(buf, "\nmissing: systemd\n"));
	assert_non_null(strstr(buf, "\npolicy not reloaded: p:1:1: error: ?[2Jno\n"));
	assert_non_null(strstr(buf, "\ndocker: dockerd does not answer\n"));
	assert_non_null(strstr(buf,
		"\nunlimited: 2 containers run without a memory limit; guardiand --check names "
		"them\n"));
	page(beat("{\"unlimited\":1,\"host\":{\"swap_total_bytes\":0}}", HEARTBEAT_ALIVE, 0),
		&plain);
	assert_non_null(strstr(buf, "\nunlimited: 1 container runs without"));
	assert_non_null(strstr(buf, "memory unknown, swap none\n"));
}

static void odd_numbers_are_not_calculated_with(void **unused)
{
	(void)unused;
	page(beat("{\"host\":{\"mem_total_bytes\":5,\"mem_available_bytes\":6,\"swap_total_bytes\":"
		  "5,"
		  "\"swap_free_bytes\":6,\"psi_memory\":{\"some_avg10_centipct\":5}}}",
		     HEARTBEAT_ALIVE, 0),
		&plain);
	assert_non_null(strstr(buf, "memory unknown, swap 5 B\n"));
	page(beat("{\"host\":{\"rules\":\"without_swap\",\"swap_total_bytes\":5}}", HEARTBEAT_ALIVE,
		     0),
		&plain);
	assert_non_null(strstr(buf, "swap 5 B (not counted on)\n"));
	page(beat("{\"host\":{\"rules\":\"without_swap\",\"swap_total_bytes\":0}}", HEARTBEAT_ALIVE,
		     0),
		&plain);
	assert_non_null(strstr(buf, "swap none\n"));
	page(beat("{\"host\":{\"rules\":\"with_swap\",\"swap_total_bytes\":5}}", HEARTBEAT_ALIVE,
		     0),
		&plain);
	assert_non_null(strstr(buf, "swap 5 B\n"));
}

static void colours_of_life_and_death(void **unused)
{
	const struct screen screen = {.columns = 100, .colour = true};

	(void)unused;
	page(beat(status, HEARTBEAT_GONE, 0), &screen);
	assert_int_equal(strncmp(buf, "\033[1;31mguardiand IS NOT RUNNING", 31), 0);
	assert_non_null(strstr(buf, "host  \033[33mwarn\033[0m"));
}

/* The last eight, the newest at the bottom. */
static void not_every_event(void **unused)
{
	static char text[4096] = "{\"events\":[";
	const char *eighth, *last;

	(void)unused;
	for (int i = 0; i < 12; i++) {
		size_t len = strlen(text);

		(void)snprintf(text + len, sizeof(text) - len,
			"%s{\"realtime_us\":1,\"event\":\"started\","
			"\"message\":\"number %d.\"}",
			i > 0 ? "," : "", i);
	}
	strcat(text, "]}");
	page(beat(text, HEARTBEAT_ALIVE, 0), &plain);
	assert_null(strstr(buf, "number 3."));
	eighth = strstr(buf, "number 4.");
	last = strstr(buf, "number 11.\n");
	assert_true(eighth && last && eighth < last);
	assert_int_equal(strlen(last), strlen("number 11.\n"));
}

static const char *age(uint64_t us)
{
	struct text_out out;

	text_out_init(&out, buf, sizeof(buf));
	status_age(&out, us);
	return buf;
}

static void ages_for_people(void **unused)
{
	(void)unused;
	assert_string_equal(age(0), "0.0 s");
	assert_string_equal(age(9999999), "9.9 s");
	assert_string_equal(age(10000000), "10 s");
	assert_string_equal(age(119 * 1000000ULL), "119 s");
	assert_string_equal(age(120 * 1000000ULL), "2 min");
	assert_string_equal(age(7200 * 1000000ULL), "2 h");
	assert_string_equal(age(172800 * 1000000ULL), "2 days");
	assert_string_equal(age(UINT64_MAX - 1), "213503982 days");
}

static const char *json(struct heartbeat hb)
{
	struct text_out out;
	cJSON *tree;

	text_out_init(&out, buf, sizeof(buf));
	status_page_json(&out, &hb);
	tree = cJSON_ParseWithOpts(buf, NULL, 1);
	assert_non_null(tree);
	assert_int_equal(
		cJSON_IsTrue(cJSON_GetObjectItem(tree, "alive")), hb.state == HEARTBEAT_ALIVE);
	cJSON_Delete(tree);
	cJSON_Delete(hb.json);
	free(hb.text);
	return buf;
}

static void the_file_as_it_is_and_alive(void **unused)
{
	(void)unused;
	assert_int_equal(strncmp(json(beat(status, HEARTBEAT_ALIVE, 0)),
				 "{\"alive\":true,\"version\":\"0.1.0\",", 32),
		0);
	assert_string_equal(strstr(buf, "\"version\""), strstr(status, "\"version\""));
	assert_int_equal(strncmp(json(beat(status, HEARTBEAT_OLD, 0)), "{\"alive\":false,", 15), 0);
	assert_string_equal(json(beat(NULL, HEARTBEAT_NONE, 0)), "{\"alive\":false}\n");
	assert_string_equal(
		json(beat("{\"a\":1}", HEARTBEAT_GONE, 0)), "{\"alive\":false,\"a\":1}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page),
		cmocka_unit_test(the_dead_are_named_first),
		cmocka_unit_test(what_is_wrong_stands_above_the_table),
		cmocka_unit_test(odd_numbers_are_not_calculated_with),
		cmocka_unit_test(colours_of_life_and_death),
		cmocka_unit_test(not_every_event),
		cmocka_unit_test(ages_for_people),
		cmocka_unit_test(the_file_as_it_is_and_alive),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
