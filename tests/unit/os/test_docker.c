/*
 * docker: pinging, inspecting and listing, against a Docker Engine that answers in every way it
 * can, and in some it should not. The good replies are those of a real Docker 20.10
 * (tests/fixtures/docker-files/api).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_docker.h"
#include "guardian/fs.h"

#define FIXTURE "tests/fixtures/docker-files/api/"
#define BACKEND "5087d18d790d3b2700cf98b8469427934659c9de12b511f74803990dc51aab1f"
#define PLAIN   "72ecef2862fa2ecf8690a5fc0d0e4e04d1e83adc4d38803d129b21cdcdcb46e1"
#define MIB     (1ULL << 20)

static int ping_of(const struct fake_reply *reply)
{
	struct fake_docker fake;
	int r;

	fake_docker_start(&fake, reply, 1);
	r = docker_ping(&fake.docker);
	fake_docker_stop(&fake);
	return r;
}

static int inspect_of(const struct fake_reply *reply, struct docker_container *out)
{
	struct fake_docker fake;
	int r;

	fake_docker_start(&fake, reply, 1);
	fake.docker.deadline_us = 500000;
	r = docker_inspect(&fake.docker, "backend", out);
	fake_docker_stop(&fake);
	return r;
}

static int inspect_json(const char *json, struct docker_container *out)
{
	const struct fake_reply reply = {.bytes = fake_http(200, json)};

	return inspect_of(&reply, out);
}

static char *fixture(const char *name)
{
	char *text;
	size_t len;

	assert_int_equal(fs_read_all(AT_FDCWD, name, 1 << 20, &text, &len), 0);
	return text;
}

/* ---- is it there ---- */

static void ping_is_answered(void **state)
{
	const struct fake_reply ok = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"};

	(void)state;
	assert_int_equal(ping_of(&ok), 0);
}

static void no_socket_is_enoent(void **state)
{
	const struct docker docker = {.socket = "/tmp/no-such-docker/sock", .deadline_us = 1000000};

	(void)state;
	assert_int_equal(docker_ping(&docker), -ENOENT);
}

static void a_dead_socket_is_refused(void **state)
{
	struct fake_docker fake;

	(void)state;
	fake_docker_start(&fake, NULL, 0);
	close(fake.listen_fd);
	assert_int_equal(docker_ping(&fake.docker), -ECONNREFUSED);
	fake.listen_fd = -1;
	fake_docker_stop(&fake);
}

static void a_path_too_long_for_a_socket(void **state)
{
	struct docker docker = {.deadline_us = 1000000};

	(void)state;
	memset(docker.socket, 'a', sizeof(docker.socket) - 1);
	assert_int_equal(docker_ping(&docker), -ENAMETOOLONG);
}

static void silence_ends_at_the_deadline(void **state)
{
	const struct fake_reply silent = {.bytes = "", .manner = FAKE_SILENT};
	struct fake_docker fake;
	uint64_t start_us;

	(void)state;
	fake_docker_start(&fake, &silent, 1);
	fake.docker.deadline_us = 200000;
	start_us = fake_now_us();
	assert_int_equal(docker_ping(&fake.docker), -ETIMEDOUT);
	assert_in_range(fake_now_us() - start_us, 200000, 5000000);
	fake_docker_stop(&fake);
}

static void a_drip_does_not_outlast_the_deadline(void **state)
{
	const struct fake_reply drip = {
		.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", .manner = FAKE_DRIP};
	struct fake_docker fake;

	(void)state;
	fake_docker_start(&fake, &drip, 1);
	fake.docker.deadline_us = 200000; /* ten bytes' worth */
	assert_int_equal(docker_ping(&fake.docker), -ETIMEDOUT);
	fake_docker_stop(&fake);
}

/* trap 26: dockerd under SIGSTOP accepts, by its backlog, until that is full. */
static void a_stopped_dockerd_is_silent(void **state)
{
	struct fake_docker fake;
	pid_t child;

	(void)state;
	fake_docker_start(&fake, NULL, 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	fake.docker.deadline_us = 100000;
	for (int i = 0; i < 5; i++)
		assert_int_equal(docker_ping(&fake.docker), -ETIMEDOUT);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	fake_docker_stop(&fake);
}

static void a_full_backlog_is_waited_for_until_the_deadline(void **state)
{
	struct fake_docker fake;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int waiting[4];
	uint64_t start_us;

	(void)state;
	fake_docker_start(&fake, NULL, 0);
	memcpy(address.sun_path, fake.docker.socket, strlen(fake.docker.socket) + 1);
	for (int i = 0; i < 4; i++) {
		waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(waiting[i], (struct sockaddr *)&address, sizeof(address));
	}
	fake.docker.deadline_us = 150000;
	start_us = fake_now_us();
	assert_int_equal(docker_ping(&fake.docker), -ETIMEDOUT);
	assert_in_range(fake_now_us() - start_us, 140000, 5000000);
	for (int i = 0; i < 4; i++)
		close(waiting[i]);
	fake_docker_stop(&fake);
}

/* ---- forms of a reply ---- */

static const char CHUNKED[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "8\r\n{\"Id\":\"a\r\n"
			      "10;ext=1\r\nbc\",\"Name\":\"/web\r\n"
			      "2\r\n\"}\r\n0\r\nX-Trailer: 1\r\n\r\n";

static void every_whole_form_is_understood(void **state)
{
	const struct fake_reply replies[] = {
		{.bytes = CHUNKED},
		{.bytes = CHUNKED, .manner = FAKE_BYTES},
		{.bytes = CHUNKED, .manner = FAKE_OPEN},
		{.bytes = "HTTP/1.1 200 OK\r\n\r\n{\"Id\":\"abc\",\"Name\":\"/web\"}"},
		{.bytes = "HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"abc\",\"Name\":\"/web\"}",
			.manner = FAKE_BYTES},
		{.bytes = "HTTP/1.1 100 Continue\r\n\r\n"
			  "HTTP/1.1 200 OK\r\nContent-Length: "
			  "26\r\n\r\n{\"Id\":\"abc\",\"Name\":\"/web\"}"},
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: "
			  "26\r\n\r\n{\"Id\":\"abc\",\"Name\":\"/web\"}"
			  "HTTP/1.1 500 Another\r\nContent-Length: 4\r\n\r\nnope"},
	};
	struct docker_container c;

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		assert_int_equal(inspect_of(&replies[i], &c), 0);
		assert_string_equal(c.id, "abc");
		assert_string_equal(c.name, "web");
	}
}

static void what_is_not_a_reply_is_ebadmsg(void **state)
{
	const struct fake_reply replies[] = {
		{.bytes = "\0", .len = 1},
		{.bytes = "\r\n"}, /* and the end */
		{.bytes = "SSH-2.0-OpenSSH_9.2\r\n"},
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Le"},
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Id\":\"abc\"}"},
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"},
		{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"Id"},
		{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
		{.bytes = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"},
		{.bytes = "HTTP/1.1 200 OK\r\n\r\n"},
		{.bytes = "HTTP/1.1 200 OK\r\n\r\n{\"Id\":\"abc\", \"Na"},
		{.bytes = "HTTP/1.1 200 OK\r\n\r\n\"abc\""},
		{.bytes = "HTTP/1.1 200 OK\r\n\r\n{\"Id\":1}"},
		{.bytes = "HTTP/1.1 200 OK\r\n\r\n[]"},
	};
	struct docker_container c;

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		assert_int_equal(inspect_of(&replies[i], &c), -EBADMSG);
}

static void a_reply_beyond_the_bound_is_refused(void **state)
{
	size_t size = (1 << 20) + 200;
	char *text = malloc(size);
	struct fake_reply reply = {.bytes = text, .len = size};
	struct docker_container c;

	(void)state;
	memset(text, ' ', size);
	memcpy(text, "HTTP/1.1 200 OK\r\n\r\n", 19);
	assert_int_equal(inspect_of(&reply, &c), -EFBIG);
	/* One MiB itself is taken: the blanks are no JSON. */
	reply.len = (1 << 20) + 19;
	assert_int_equal(inspect_of(&reply, &c), -EBADMSG);
	/* Headers without an end. */
	memset(text + 17, 'a', size - 17);
	assert_int_equal(inspect_of(&reply, &c), -EBADMSG);
	free(text);
}

static void depth_costs_no_stack(void **state)
{
	size_t depth = 200000;
	char *json = malloc(depth + 1);
	struct docker_container c;

	(void)state;
	memset(json, '[', depth);
	json[depth] = '\0';
	assert_int_equal(inspect_json(json, &c), -EBADMSG);
	free(json);
}

static void a_status_becomes_an_errno(void **state)
{
	static const struct {
		unsigned status;
		int error;
	} table[] = {{200, 0}, {404, -ENOENT}, {400, -EREMOTEIO}, {409, -EREMOTEIO},
		{500, -EREMOTEIO}, {503, -EREMOTEIO}};
	struct docker_container c;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct fake_reply reply = {
			.bytes = fake_http(table[i].status, "{\"Id\":\"a\",\"message\":\"no\"}")};

		assert_int_equal(inspect_of(&reply, &c), table[i].error);
	}
}

/* ---- what is in it ---- */

static void a_real_container_is_understood(void **state)
{
	char *json = fixture(FIXTURE "inspect.json");
	struct docker_container c;

	(void)state;
	assert_int_equal(inspect_json(json, &c), 0);
	assert_string_equal(c.id, BACKEND);
	assert_string_equal(c.name, "backend"); /* trap 18 */
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
		/* trap 53: beyond an int */
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
	/* trap 25: neither /v1.24 nor /v1.41 */
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
		cmocka_unit_test(ping_is_answered),
		cmocka_unit_test(no_socket_is_enoent),
		cmocka_unit_test(a_dead_socket_is_refused),
		cmocka_unit_test(a_path_too_long_for_a_socket),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(a_drip_does_not_outlast_the_deadline),
		cmocka_unit_test(a_stopped_dockerd_is_silent),
		cmocka_unit_test(a_full_backlog_is_waited_for_until_the_deadline),
		cmocka_unit_test(every_whole_form_is_understood),
		cmocka_unit_test(what_is_not_a_reply_is_ebadmsg),
		cmocka_unit_test(a_reply_beyond_the_bound_is_refused),
		cmocka_unit_test(depth_costs_no_stack),
		cmocka_unit_test(a_status_becomes_an_errno),
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
