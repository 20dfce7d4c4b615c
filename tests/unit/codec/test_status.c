/*
 * status: what guardiand writes is JSON whatever is known or not, says what the structs say, and
 * its head can be rewritten in place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/status.h"
#include "status_scene.h"

static void the_head_and_the_daemon(void **unused)
{
	cJSON *json = render();

	(void)unused;
	assert_string_equal(word(json, "version"), "1.2.3");
	assert_true(number(json, "pid") == 812);
	assert_non_null(
		strstr(text, "\"pid\":                 812,")); /* JSON knows no leading zeros */
	assert_true(number(json, "realtime_us") == 1700000001000000.0);
	assert_true(number(json, "now_us") == 5000000);
	assert_true(number(json, "tick") == 7);
	assert_true(number(json, "started_realtime_us") == 1700000000000000.0);
	assert_true(number(json, "interval_us") == 1000000);
	assert_true(number(json, "longest_tick_us") == 400);
	assert_string_equal(word(json, "mode"), "enforce");
	assert_string_equal(word(get(json, "policy"), "file"), "/etc/guardian.yaml");
	assert_null(get(get(json, "policy"), "error"));
	assert_true(number(json, "unmanaged") == 3);
	assert_true(number(json, "unlimited") == 2);
	cJSON_Delete(json);

	policy.mode = MODE_OBSERVE;
	about.policy_error = "guardian.yaml:3:1: \"what\"\n";
	json = render();
	assert_string_equal(word(json, "mode"), "observe");
	assert_string_equal(word(get(json, "policy"), "error"), "guardian.yaml:3:1: \"what\"\n");
	cJSON_Delete(json);
}

/* Only the times move, whatever their size, and nothing behind them. */
static void a_touch_rewrites_the_head_in_place(void **unused)
{
	static char before[SIZE];
	size_t len;
	cJSON *json;

	(void)unused;
	cJSON_Delete(render());
	len = out.len;
	memcpy(before, text, len + 1);

	snap.realtime_us = UINT64_MAX - 5;
	snap.now_us = 0;
	about.ticks = 123456789;
	status_touch(text, &about, &snap);
	assert_int_equal(strlen(text), len);
	assert_string_equal(
		strstr(text, "\"started_realtime_us\""), strstr(before, "\"started_realtime_us\""));
	assert_non_null(strstr(text, "18446744073709551610"));
	json = cJSON_Parse(text);
	assert_true(number(json, "tick") == 123456789);
	assert_true(number(json, "now_us") == 0);
	cJSON_Delete(json);

	/* A touch is a render whose numbers below have not changed. */
	text_out_init(&out, before, sizeof(before));
	status_render(&out, &about, &policy, &snap, &state, kept, told, cgroup_of, (void *)cgroups);
	assert_string_equal(before, text);
}

static void what_was_not_read_is_not_there(void **unused)
{
	cJSON *json = render();
	const cJSON *m = member(json, 0, 0), *host = get(json, "host");
	static const char *const of_member[] = {"working_set_bytes", "current_bytes", "anon_bytes",
		"file_bytes", "swap_bytes", "peak_bytes", "oom_kills", "pids", "limit_bytes",
		"reservation_bytes", "swap_limit_bytes", "wanted_limit_bytes"};
	static const char *const of_host[] = {"mem_total_bytes", "mem_available_bytes",
		"used_centipct", "swap_total_bytes", "swap_free_bytes", "oom_kills", "psi_memory"};

	(void)unused;
	for (size_t i = 0; i < sizeof(of_member) / sizeof(of_member[0]); i++)
		assert_null(get(m, of_member[i]));
	for (size_t i = 0; i < sizeof(of_host) / sizeof(of_host[0]); i++)
		assert_null(get(host, of_host[i]));
	assert_string_equal(word(host, "level"), "normal");
	assert_string_equal(word(host, "rules"), "without_swap");
	assert_string_equal(word(m, "cgroup"), cgroups[0]);
	assert_true(number(m, "inode") == 41);
	cJSON_Delete(json);
}

static void the_host_as_it_was_read(void **unused)
{
	cJSON *json;
	const cJSON *host;

	(void)unused;
	snap.host.valid = HOST_MEMORY | HOST_SWAP | HOST_VMSTAT | HOST_PSI_MEMORY;
	snap.host.mem_total_bytes = 4ULL << 30; /* more than an int holds */
	snap.host.mem_available_bytes = 1ULL << 30;
	snap.host.swap_total_bytes = 2ULL << 30;
	snap.host.swap_free_bytes = 1ULL << 30;
	snap.host.oom_kill = 3;
	snap.host.psi_memory.some.avg10_centipct = 1234;
	snap.host.psi_memory.full.total_us = 99;
	snap.lacks = LACK_PSI | LACK_ROOT;
	snap.peer[PEER_DOCKER] = PEER_SILENT;
	state.host_level.now = MEMORY_WARN;
	state.rules = RULES_WITH_SWAP;
	json = render();
	host = get(json, "host");
	assert_string_equal(word(host, "level"), "warn");
	assert_string_equal(word(host, "rules"), "with_swap");
	assert_true(number(host, "mem_total_bytes") == 4294967296.0);
	assert_true(number(host, "mem_available_bytes") == 1073741824.0);
	assert_true(number(host, "used_centipct") == 7500); /* as `--check` says it */
	assert_true(number(host, "swap_total_bytes") == 2147483648.0);
	assert_true(number(host, "swap_free_bytes") == 1073741824.0);
	assert_true(number(host, "oom_kills") == 3);
	assert_true(number(get(host, "psi_memory"), "some_avg10_centipct") == 1234);
	assert_true(number(get(host, "psi_memory"), "full_total_us") == 99);
	assert_int_equal(cJSON_GetArraySize(get(json, "lacks")), 2);
	assert_string_equal(
		cJSON_GetArrayItem(get(json, "lacks"), 0)->valuestring, lack_name(LACK_PSI));
	assert_string_equal(word(get(json, "peers"), "docker"), "silent");
	cJSON_Delete(json);

	snap.host.mem_available_bytes =
		snap.host.mem_total_bytes + 4096; /* as a container may show it */
	snap.peer[PEER_DOCKER] = 77;
	json = render();
	assert_true(number(get(json, "host"), "used_centipct") == 0);
	assert_string_equal(word(get(json, "peers"), "docker"), "unknown");
	cJSON_Delete(json);
}

static void a_member_as_it_was_read(void **unused)
{
	struct member_sample *m = &snap.member[0];
	cJSON *json;
	const cJSON *found;

	(void)unused;
	m->valid = MEMBER_CURRENT | MEMBER_STAT | MEMBER_SWAP | MEMBER_EVENTS | MEMBER_PEAK |
		   MEMBER_PIDS;
	m->current_bytes = 5ULL << 30;
	m->inactive_file_bytes = 1ULL << 30;
	m->anon_bytes = 100;
	m->file_bytes = 200;
	m->swap_bytes = 300;
	m->peak_bytes = 6ULL << 30;
	m->ev_oom_kill = 2;
	m->pids = 17;
	limit_put(&m->live, LIMIT_MAX, 8ULL << 30);
	limit_put(&m->live, LIMIT_LOW, 0);
	limit_put(&m->live, LIMIT_SWAP_MAX, LIMIT_UNLIMITED);
	limit_put(&state.member[0].limits.wanted, LIMIT_MAX, 8ULL << 30);
	state.service[0].restarts = 4;
	state.service[0].oom_kills = 9;
	json = render();
	found = member(json, 0, 0);
	assert_true(number(found, "working_set_bytes") == 4.0 * (1 << 30));
	assert_true(number(found, "current_bytes") == 5.0 * (1 << 30));
	assert_true(number(found, "anon_bytes") == 100);
	assert_true(number(found, "file_bytes") == 200);
	assert_true(number(found, "swap_bytes") == 300);
	assert_true(number(found, "peak_bytes") == 6.0 * (1 << 30));
	assert_true(number(found, "oom_kills") == 2);
	assert_true(number(found, "pids") == 17);
	assert_true(number(found, "limit_bytes") == 8.0 * (1 << 30));
	assert_true(number(found, "wanted_limit_bytes") == 8.0 * (1 << 30));
	assert_true(number(found, "reservation_bytes") == 0);
	assert_true(cJSON_IsNull(get(found, "swap_limit_bytes")));
	assert_true(number(service(json, 0), "restarts") == 4);
	assert_true(number(service(json, 0), "oom_kills") == 9);
	cJSON_Delete(json);
}

static void tell(const char *of, const char *message)
{
	struct event_line *line = &kept[told++ % EVENT_LINES_KEPT];

	line->realtime_us = 1000 + told;
	line->kind = EVENT_STARTED;
	strcpy(line->service, of);
	strcpy(line->message, message);
}

static void events_oldest_first(void **unused)
{
	cJSON *json = render();
	const cJSON *events;

	(void)unused;
	assert_int_equal(cJSON_GetArraySize(get(json, "events")), 0);
	cJSON_Delete(json);

	tell("", "quoted \" and \x1b[31m");
	tell("backend", "second");
	json = render();
	events = get(json, "events");
	assert_int_equal(cJSON_GetArraySize(events), 2);
	assert_null(get(cJSON_GetArrayItem(events, 0), "service"));
	assert_string_equal(
		word(cJSON_GetArrayItem(events, 0), "message"), "quoted \" and \x1b[31m");
	assert_null(strchr(text, '\x1b'));
	assert_string_equal(word(cJSON_GetArrayItem(events, 1), "service"), "backend");
	assert_string_equal(word(cJSON_GetArrayItem(events, 1), "event"), "started");
	cJSON_Delete(json);

	/* The ring has gone round, and so has its counter. */
	told = UINT32_MAX - 2;
	for (int i = 0; i < 20; i++)
		tell("backend", "again");
	json = render();
	events = get(json, "events");
	assert_int_equal(cJSON_GetArraySize(events), EVENT_LINES_KEPT);
	assert_true(number(cJSON_GetArrayItem(events, EVENT_LINES_KEPT - 1), "realtime_us") ==
		    1000 + told);
	cJSON_Delete(json);
}

/* A buffer too small is never written behind; the text is then no JSON, and out.full says so. */
static void too_small_a_buffer_is_told(void **unused)
{
	(void)unused;
	cJSON_Delete(render());
	for (size_t size = 1; size < 900; size += 7) {
		char *small = malloc(size);

		text_out_init(&out, small, size);
		status_render(&out, &about, &policy, &snap, &state, kept, told, cgroup_of,
			(void *)cgroups);
		assert_true(out.full || strlen(small) == out.len);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_head_and_the_daemon, setup),
		cmocka_unit_test_setup(a_touch_rewrites_the_head_in_place, setup),
		cmocka_unit_test_setup(what_was_not_read_is_not_there, setup),
		cmocka_unit_test_setup(the_host_as_it_was_read, setup),
		cmocka_unit_test_setup(a_member_as_it_was_read, setup),
		cmocka_unit_test_setup(events_oldest_first, setup),
		cmocka_unit_test_setup(too_small_a_buffer_is_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
