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

enum { SIZE = 1 << 20 };

static struct policy policy;
static struct snapshot snap;
static struct state state;
static struct event_line kept[EVENT_LINES_KEPT];
static uint32_t told;
static struct status_daemon about;
static char text[SIZE];
static struct text_out out;

static const char *cgroup_of(void *userdata, uint16_t member)
{
	return ((const char *const *)userdata)[member];
}

static const char *const cgroups[] = {"system.slice/docker-a.scope", "docker/b", "docker/c"};

static cJSON *render(void)
{
	cJSON *json;

	text_out_init(&out, text, sizeof(text));
	status_render(&out, &about, &policy, &snap, &state, kept, told, cgroup_of, (void *)cgroups);
	assert_false(out.full);
	json = cJSON_ParseWithOpts(text, NULL, 1);
	assert_non_null(json);
	return json;
}

static const cJSON *get(const cJSON *json, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(json, key);
}

static double number(const cJSON *json, const char *key)
{
	assert_true(cJSON_IsNumber(get(json, key)));
	return get(json, key)->valuedouble;
}

static const char *word(const cJSON *json, const char *key)
{
	const char *s = cJSON_GetStringValue(get(json, key));

	assert_non_null(s);
	return s;
}

static const cJSON *service(const cJSON *json, int i)
{
	return cJSON_GetArrayItem(get(json, "services"), i);
}

static const cJSON *member(const cJSON *json, int s, int i)
{
	return cJSON_GetArrayItem(get(service(json, s), "members"), i);
}

/* Two services, `backend` with one member and `redis` that does not run. */
static int setup(void **unused)
{
	(void)unused;
	memset(&policy, 0, sizeof(policy));
	memset(&snap, 0, sizeof(snap));
	memset(&state, 0, sizeof(state));
	memset(kept, 0, sizeof(kept));
	told = 0;
	about = (struct status_daemon){.version = "1.2.3",
		.pid = 812,
		.started_realtime_us = 1700000000000000,
		.ticks = 7,
		.longest_tick_us = 400,
		.unmanaged = 3,
		.unlimited = 2,
		.policy_file = "/etc/guardian.yaml"};
	policy.host.interval_us = 1000000;
	policy.n_services = 2;
	strcpy(policy.service[0].name, "backend");
	strcpy(policy.service[1].name, "redis");
	snap.realtime_us = 1700000001000000;
	snap.now_us = 5000000;
	snap.n_members = 1;
	snap.member[0] = (struct member_sample){.inode = 41, .service = 0, .also = SERVICE_NONE};
	state.n_services = 2;
	state.n_members = 1;
	state.member[0].inode = 41;
	return 0;
}

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
	snap.host.mem_total_bytes = 4ULL << 30; /* trap 53: more than an int holds */
	snap.host.mem_available_bytes = 1ULL << 30;
	snap.host.swap_total_bytes = 2ULL << 30;
	snap.host.swap_free_bytes = 1ULL << 30;
	snap.host.oom_kill = 3;
	snap.host.psi_memory.some.avg10_centipct = 1234;
	snap.host.psi_memory.full.total_us = 99;
	snap.lacks = LACK_PSI | LACK_ROOT;
	snap.peer[PEER_DOCKER] = PEER_SILENT;
	state.host_level.now = MEMORY_WARN;
	json = render();
	host = get(json, "host");
	assert_string_equal(word(host, "level"), "warn");
	assert_true(number(host, "mem_total_bytes") == 4294967296.0);
	assert_true(number(host, "mem_available_bytes") == 1073741824.0);
	assert_in_range((uint64_t)number(host, "used_centipct"), 7499, 7500);
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

static void every_service_is_listed_with_its_members(void **unused)
{
	cJSON *json;

	(void)unused;
	snap.n_members = 3;
	snap.member[1] = (struct member_sample){.inode = 42, .service = 1, .also = SERVICE_NONE};
	snap.member[2] = (struct member_sample){.inode = 43, .service = 0, .also = SERVICE_NONE};
	json = render();
	assert_int_equal(cJSON_GetArraySize(get(json, "services")), 2);
	assert_int_equal(cJSON_GetArraySize(get(service(json, 0), "members")), 2);
	assert_true(number(member(json, 0, 0), "inode") == 41);
	assert_true(number(member(json, 0, 1), "inode") == 43);
	assert_true(number(member(json, 1, 0), "inode") == 42);
	/* decide() has not seen it yet: no word on its limits, and its service is well as far as is
	 * known. */
	assert_null(get(member(json, 0, 1), "limit"));
	assert_string_equal(word(service(json, 0), "state"), "ok");
	cJSON_Delete(json);

	/* A member of a service that a reload took away belongs to nobody for a moment. */
	snap.member[0].service = SERVICE_NONE;
	snap.n_members = 1;
	state.n_services = 0;
	json = render();
	assert_int_equal(cJSON_GetArraySize(get(service(json, 0), "members")), 0);
	assert_string_equal(word(service(json, 0), "state"), "absent");
	assert_null(get(service(json, 0), "restarts"));
	cJSON_Delete(json);
}

/* Members come and go between decide() and the status: state and snapshot meet by inode. */
static void a_member_is_known_by_its_inode(void **unused)
{
	cJSON *json;

	(void)unused;
	state.n_members = 2;
	state.member[0].inode = 99;
	state.member[1].inode = 41;
	limit_put(&state.member[1].limits.wanted, LIMIT_MAX, 1 << 20);
	json = render();
	assert_true(number(member(json, 0, 0), "wanted_limit_bytes") == 1 << 20);
	cJSON_Delete(json);

	state.n_members = 1;
	json = render();
	assert_null(get(member(json, 0, 0), "wanted_limit_bytes"));
	cJSON_Delete(json);
}

struct case_of_state {
	const char *state, *limit;
	struct member_limits limits;
	uint8_t level;
	uint16_t also;
};

#define WANTS_MAX .wanted = {.mask = 1U << LIMIT_MAX, .value = {1 << 20}}

static void a_service_s_state_is_its_worst_news(void **unused)
{
	static const struct case_of_state cases[] = {
		{"ok", "none", {.held = 0}, MEMORY_NORMAL, SERVICE_NONE},
		{"ok", "held", {WANTS_MAX, .held = 1U << LIMIT_MAX}, MEMORY_NORMAL, SERVICE_NONE},
		{"pending", "pending", {WANTS_MAX}, MEMORY_NORMAL, SERVICE_NONE},
		{"pending", "pending",
			{WANTS_MAX, .held = 1U << LIMIT_MAX, .drifted = 1U << LIMIT_MAX},
			MEMORY_NORMAL, SERVICE_NONE},
		{"ok", "observed", {WANTS_MAX, .observed = 1U << LIMIT_MAX}, MEMORY_NORMAL,
			SERVICE_NONE},
		{"refused", "refused", {WANTS_MAX, .flags = LIMITS_REFUSED}, MEMORY_NORMAL,
			SERVICE_NONE},
		{"failed", "failed", {WANTS_MAX, .hold = {.failures = 2}}, MEMORY_NORMAL,
			SERVICE_NONE},
		{"surrendered", "surrendered", {WANTS_MAX, .hold = {.surrendered = 1}},
			MEMORY_NORMAL, SERVICE_NONE},
		{"warn", "held", {WANTS_MAX, .held = 1U << LIMIT_MAX}, MEMORY_WARN, SERVICE_NONE},
		{"warn", "pending", {WANTS_MAX}, MEMORY_WARN, SERVICE_NONE},
		{"refused", "refused", {WANTS_MAX, .flags = LIMITS_REFUSED}, MEMORY_WARN,
			SERVICE_NONE},
		{"conflict", "none", {.held = 0}, MEMORY_WARN, 1},
		{"critical", "none", {.held = 0}, MEMORY_CRITICAL, 1},
	};

	(void)unused;
	limit_put(&snap.member[0].live, LIMIT_MAX, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *json;

		state.member[0].limits = cases[i].limits;
		state.member[0].level.now = cases[i].level;
		snap.member[0].also = cases[i].also;
		json = render();
		assert_string_equal(word(service(json, 0), "state"), cases[i].state);
		assert_string_equal(word(member(json, 0, 0), "limit"), cases[i].limit);
		cJSON_Delete(json);
	}
}

/* Swap accounting is off: what cannot be held does not hold up the rest for ever. */
static void a_value_without_a_file_is_not_pending(void **unused)
{
	struct member_limits *l = &state.member[0].limits;
	cJSON *json;

	(void)unused;
	limit_put(&l->wanted, LIMIT_MAX, 1 << 20);
	limit_put(&l->wanted, LIMIT_SWAP_MAX, 0);
	limit_put(&snap.member[0].live, LIMIT_MAX, 1 << 20);
	l->held = 1U << LIMIT_MAX;
	json = render();
	assert_string_equal(word(member(json, 0, 0), "limit"), "held");
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

/* No bound of the structs makes it grow out of the daemon's buffer of 1 MiB, or of sight. */
static void five_hundred_services_fit(void **unused)
{
	static const char *paths[SNAPSHOT_MEMBERS_MAX];
	static char path[512];
	cJSON *json;

	(void)unused;
	memset(path, 'x', 200);
	policy.n_services = state.n_services = POLICY_SERVICES_MAX;
	snap.n_members = state.n_members = SNAPSHOT_MEMBERS_MAX;
	for (int i = 0; i < SNAPSHOT_MEMBERS_MAX; i++) {
		struct member_sample *m = &snap.member[i];

		paths[i] = path;
		memset(policy.service[i].name, 'n', POLICY_NAME_SIZE - 1);
		*m = (struct member_sample){
			.service = (uint16_t)i, .also = SERVICE_NONE, .valid = UINT32_MAX};
		m->inode = state.member[i].inode = UINT64_MAX - (uint64_t)i;
		m->current_bytes = m->peak_bytes = m->anon_bytes = m->file_bytes = m->swap_bytes =
			m->pids = UINT64_MAX;
		for (enum limit_kind k = 0; k < LIMIT_COUNT; k++) {
			limit_put(&m->live, k, UINT64_MAX - 1);
			limit_put(&state.member[i].limits.wanted, k, UINT64_MAX - 1);
		}
	}
	text_out_init(&out, text, sizeof(text));
	status_render(&out, &about, &policy, &snap, &state, kept, told, cgroup_of, paths);
	assert_false(out.full);
	json = cJSON_Parse(text);
	assert_int_equal(cJSON_GetArraySize(get(json, "services")), POLICY_SERVICES_MAX);
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
		cmocka_unit_test_setup(every_service_is_listed_with_its_members, setup),
		cmocka_unit_test_setup(a_member_is_known_by_its_inode, setup),
		cmocka_unit_test_setup(a_service_s_state_is_its_worst_news, setup),
		cmocka_unit_test_setup(a_value_without_a_file_is_not_pending, setup),
		cmocka_unit_test_setup(events_oldest_first, setup),
		cmocka_unit_test_setup(five_hundred_services_fit, setup),
		cmocka_unit_test_setup(too_small_a_buffer_is_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
