/*
 * status: the services, their members and their states.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <string.h>

#include "guardian/status.h"
#include "status_scene.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_service_is_listed_with_its_members, setup),
		cmocka_unit_test_setup(a_member_is_known_by_its_inode, setup),
		cmocka_unit_test_setup(a_service_s_state_is_its_worst_news, setup),
		cmocka_unit_test_setup(a_value_without_a_file_is_not_pending, setup),
		cmocka_unit_test_setup(five_hundred_services_fit, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
