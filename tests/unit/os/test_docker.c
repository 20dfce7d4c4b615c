/*
 * docker: pinging, inspecting and listing, against a Docker Engine that answers in every way it
 * can, and in some it should not. The good replies are those of a real Docker 20.10
 * (tests/fixtures/docker-files/api).
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "docker_scene.h"
#include "fake_docker.h"

static int ping_of(const struct fake_reply *reply)
{
	struct fake_docker fake;
	int r;

	fake_docker_start(&fake, reply, 1);
	r = docker_ping(&fake.docker);
	fake_docker_stop(&fake);
	return r;
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

/* dockerd under SIGSTOP accepts, by its backlog, until that is full. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
