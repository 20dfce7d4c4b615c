/*
 * docker: what is in an answer, the list of containers, and what is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "docker_scene.h"
#include "fake_docker.h"
#include "guardian/fs.h"

#define FIXTURE "tests/fixtures/docker-files/api/"
#define BACKEND "5087d18d790d3b2700cf98b8469427934659c9de12b511f74803990dc51aab1f"
#define PLAIN   "72ecef2862fa2ecf8690a5fc0d0e4e04d1e83adc4d38803d129b21cdcdcb46e1"
#define MIB     (1ULL << 20)

static char *fixture(const char *name)
{
	char *text;
	size_t len;

	assert_int_equal(fs_read_all(AT_FDCWD, name, 1 << 20, &text, &len), 0);
	return text;
}

/* ---- what is in it ---- */

static void a_real_container_is_understood(void **state)
{
	char *json = fixture(FIXTURE "inspect.json");
	struct docker_container c;

	(void)state;
	assert_int_equal(inspect_json(json, &c), 0);
	assert_string_equal(c.id, BACKEND);
	assert_string_equal(c.name, "backend"); /* without the slash before it */
	assert_string_equal(c.project, "demo");
	assert_string_equal(c.service, "backend");
	assert_string_equal(c.cgroup_parent, "");
	assert_true(c.running);
	assert_false(c.oom_killed);
	assert_int_equal(c.pid, 911);
	assert_int_equal(c.stored.mask, 1 << LIMIT_MAX | 1 << LIMIT_LOW | 1 << LIMIT_SWAP_MAX);
	assert_int_equal(c.stored.value[LIMIT_MAX], 256 * MIB);
	assert_int_equal(c.stored.value[LIMIT_LOW], 64 * MIB);
	assert_int_equal(c.stored.value[LIMIT_SWAP_MAX], 256 * MIB);
	free(json);
}

#define ABSENT (UINT64_MAX - 1)

static uint64_t value_or_absent(const struct limit_set *set, enum limit_kind kind)
{
	return limit_has(set, kind) ? set->value[kind] : ABSENT;
}

static void stored_limits_are_converted(void **state)
{
	static const struct {
		const char *host_config;
		uint64_t max, swap, low;
	} table[] = {
		{"\"Memory\":0,\"MemorySwap\":0,\"MemoryReservation\":0", LIMIT_UNLIMITED,
			LIMIT_UNLIMITED, 0},
		{"\"Memory\":1048576,\"MemorySwap\":-1", 1048576, LIMIT_UNLIMITED, ABSENT},
		{"\"Memory\":1048576,\"MemorySwap\":1048576", 1048576, 0, ABSENT},
		/* beyond an int */
		{"\"Memory\":4294967296,\"MemorySwap\":12884901888,\"MemoryReservation\":"
		 "4294967296",
			4ULL << 30, 8ULL << 30, 4ULL << 30},
		{"\"Memory\":2147483648", 2ULL << 30, ABSENT, ABSENT},
		/* not to be believed */
		{"\"Memory\":1048576,\"MemorySwap\":5", 1048576, ABSENT, ABSENT},
		{"\"Memory\":-1,\"MemorySwap\":-2,\"MemoryReservation\":-1", ABSENT, ABSENT,
			ABSENT},
		{"\"Memory\":1.5,\"MemoryReservation\":1e300", ABSENT, ABSENT, ABSENT},
		{"\"Memory\":\"1048576\",\"MemorySwap\":null,\"MemoryReservation\":[]", ABSENT,
			ABSENT, ABSENT},
		{"\"memory\":1048576", ABSENT, ABSENT, ABSENT},
	};
	struct docker_container c;
	char json[512];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(json, sizeof(json), "{\"Id\":\"a\",\"HostConfig\":{%s}}",
			table[i].host_config);
		assert_int_equal(inspect_json(json, &c), 0);
		assert_int_equal(value_or_absent(&c.stored, LIMIT_MAX), table[i].max);
		assert_int_equal(value_or_absent(&c.stored, LIMIT_SWAP_MAX), table[i].swap);
		assert_int_equal(value_or_absent(&c.stored, LIMIT_LOW), table[i].low);
	}
}

static void a_name_is_whole_or_absent(void **state)
{
	char json[1024], name[200];
	struct docker_container c;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(json, sizeof(json), "{\"Id\":\"a\",\"Name\":\"/%s\"}", name);
	assert_int_equal(inspect_json(json, &c), 0);
	assert_string_equal(c.name, "");
}

static void a_state_is_read(void **state)
{
	struct docker_container c;

	(void)state;
	assert_int_equal(
		inspect_json("{\"Id\":\"a\",\"State\":{\"Running\":false,\"OOMKilled\":true,"
			     "\"Pid\":0},\"HostConfig\":{\"CgroupParent\":\"app.slice\"}}",
			&c),
		0);
	assert_false(c.running);
	assert_true(c.oom_killed);
	assert_int_equal(c.pid, 0);
	assert_string_equal(c.cgroup_parent, "app.slice");
	assert_int_equal(
		inspect_json("{\"Id\":\"a\",\"State\":{\"Running\":1,\"Pid\":99999999999}}", &c),
		0);
	assert_false(c.running);
	assert_int_equal(c.pid, 0);
}

/* ---- what is asked ---- */

static void the_request_has_no_version(void **state)
{
	const struct fake_reply reply = {.bytes = fake_http(200, "{\"Id\":\"a\"}")};
	struct fake_docker fake;
	struct docker_container c;

	(void)state;
	fake_docker_start(&fake, &reply, 1);
	assert_int_equal(docker_inspect(&fake.docker, "back_end.1-x", &c), 0);
	fake_docker_stop(&fake);
	/* neither /v1.24 nor /v1.41: Docker 29 refuses both */
	assert_string_equal(fake.request[0],
		"GET /containers/back_end.1-x/json HTTP/1.1\r\nHost: localhost\r\n"
		"Connection: close\r\n\r\n");
}

static void no_name_makes_another_path(void **state)
{
	static const char *const names[] = {
		"", "a/b", "..", ".a", "a b", "a?b", "a%2fb", "a\r\nX: y", "-a", "\xc3\xa4"};
	const struct docker docker = {.socket = "/tmp/no-such-docker/sock", .deadline_us = 1000000};
	struct docker_container c;
	char name[200];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(docker_inspect(&docker, names[i], &c), -EINVAL);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(docker_inspect(&docker, name, &c), -EINVAL);
}

/* ---- the list ---- */

struct seen {
	int n, stop_at;
	struct docker_container c[8];
};

static int see(const struct docker_container *c, void *userdata)
{
	struct seen *seen = userdata;

	assert_true(seen->n < 8);
	seen->c[seen->n++] = *c;
	return seen->n == seen->stop_at ? -ECANCELED : 0;
}

static int list_of(const char *json, struct seen *seen)
{
	const struct fake_reply reply = {.bytes = fake_http(200, json)};
	struct fake_docker fake;
	int r;

	fake_docker_start(&fake, &reply, 1);
	r = docker_list(&fake.docker, see, seen);
	fake_docker_stop(&fake);
	return r;
}

static void a_real_list_is_understood(void **state)
{
	char *json = fixture(FIXTURE "list.json");
	struct seen seen = {0};

	(void)state;
	assert_int_equal(list_of(json, &seen), 2);
	assert_string_equal(seen.c[0].id, PLAIN);
	assert_string_equal(seen.c[0].name, "plain");
	assert_string_equal(seen.c[0].service, "");
	assert_true(seen.c[0].running);
	assert_string_equal(seen.c[1].name, "backend");
	assert_string_equal(seen.c[1].project, "demo");
	assert_int_equal(seen.c[1].stored.mask, 0);
	free(json);
}

static void a_list_of_links_and_oddities(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(
		list_of("[{\"Id\":\"a\",\"Names\":[\"/web/db\",\"/db\"],\"State\":\"paused\"},"
			"{\"Names\":[\"/nobody\"]},7,null,{\"Id\":\"b\",\"State\":\"exited\"}]",
			&seen),
		2);
	assert_string_equal(seen.c[0].name, "db");
	assert_true(seen.c[0].running);
	assert_string_equal(seen.c[1].name, "");
	assert_false(seen.c[1].running);
	assert_int_equal(list_of("[]", &seen), 0);
	assert_int_equal(list_of("{\"Id\":\"a\"}", &seen), -EBADMSG);
}

static void a_list_can_be_ended(void **state)
{
	struct seen seen = {.stop_at = 1};

	(void)state;
	assert_int_equal(list_of("[{\"Id\":\"a\"},{\"Id\":\"b\"}]", &seen), -ECANCELED);
	assert_int_equal(seen.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_container_is_understood),
		cmocka_unit_test(stored_limits_are_converted),
		cmocka_unit_test(a_name_is_whole_or_absent),
		cmocka_unit_test(a_state_is_read),
		cmocka_unit_test(the_request_has_no_version),
		cmocka_unit_test(no_name_makes_another_path),
		cmocka_unit_test(a_real_list_is_understood),
		cmocka_unit_test(a_list_of_links_and_oddities),
		cmocka_unit_test(a_list_can_be_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
