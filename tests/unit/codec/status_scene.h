/*
 * A status rendered and read back as JSON.
 */
#ifndef TESTS_STATUS_SCENE_H
#define TESTS_STATUS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
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

static inline const char *cgroup_of(void *userdata, uint16_t member)
{
	return ((const char *const *)userdata)[member];
}

static const char *const cgroups[] = {"system.slice/docker-a.scope", "docker/b", "docker/c"};

static inline cJSON *render(void)
{
	cJSON *json;

	text_out_init(&out, text, sizeof(text));
	status_render(&out, &about, &policy, &snap, &state, kept, told, cgroup_of, (void *)cgroups);
	assert_false(out.full);
	json = cJSON_ParseWithOpts(text, NULL, 1);
	assert_non_null(json);
	return json;
}

static inline const cJSON *get(const cJSON *json, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(json, key);
}

static inline double number(const cJSON *json, const char *key)
{
	assert_true(cJSON_IsNumber(get(json, key)));
	return get(json, key)->valuedouble;
}

static inline const char *word(const cJSON *json, const char *key)
{
	const char *s = cJSON_GetStringValue(get(json, key));

	assert_non_null(s);
	return s;
}

static inline const cJSON *service(const cJSON *json, int i)
{
	return cJSON_GetArrayItem(get(json, "services"), i);
}

static inline const cJSON *member(const cJSON *json, int s, int i)
{
	return cJSON_GetArrayItem(get(service(json, s), "members"), i);
}

/* Two services, `backend` with one member and `redis` that does not run. */
static inline int setup(void **unused)
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

#endif
