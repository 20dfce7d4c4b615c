/*
 * docker_stop(): what is asked for, and what the answers come to.
 */
#include "docker_scene.h"

#include <errno.h>
#include <string.h>

enum { SECOND = 1000000 };

static int stop(const struct fake_reply *reply, const char *id, uint64_t grace_us, char *err,
	struct fake_docker *fake)
{
	int r;

	fake_docker_start(fake, reply, 1);
	fake->docker.deadline_us = 300000;
	r = docker_stop(&fake->docker, id, grace_us, err, DOCKER_ERROR_SIZE);
	fake_docker_stop(fake);
	return r;
}

static void it_stops_with_its_grace(void **state)
{
	static const struct {
		uint64_t grace_us;
		const char *line;
	} cases[] = {{5 * SECOND, "POST /containers/abc/stop?t=5 HTTP/1.1\r\n"},
		{1500000, "POST /containers/abc/stop?t=2 HTTP/1.1\r\n"},
		{0, "POST /containers/abc/stop?t=1 HTTP/1.1\r\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fake_reply reply = {.bytes = fake_http(204, "")};
		char err[DOCKER_ERROR_SIZE];
		struct fake_docker fake;

		assert_int_equal(stop(&reply, "abc", cases[i].grace_us, err, &fake), 0);
		assert_string_equal(err, "");
		assert_int_equal(fake.n_requests, 1);
		assert_memory_equal(fake.request[0], cases[i].line, strlen(cases[i].line));
	}
}

static void one_that_had_stopped_is_no_failure(void **state)
{
	const struct fake_reply reply = {.bytes = "HTTP/1.1 304 Not Modified\r\n\r\n"};
	char err[DOCKER_ERROR_SIZE];
	struct fake_docker fake;

	(void)state;
	assert_int_equal(stop(&reply, "abc", SECOND, err, &fake), 0);
}

static void refusals_come_in_dockerds_words(void **state)
{
	const struct fake_reply gone = {
		.bytes = fake_http(404, "{\"message\":\"No such container: abc\"}")};
	char err[DOCKER_ERROR_SIZE];
	struct fake_docker fake;

	(void)state;
	assert_int_equal(stop(&gone, "abc", SECOND, err, &fake), -ENOENT);
	assert_non_null(strstr(err, "No such container"));
	{
		const struct fake_reply broken = {
			.bytes = fake_http(500, "{\"message\":\"cannot stop container\"}")};

		assert_int_equal(stop(&broken, "abc", SECOND, err, &fake), -EREMOTEIO);
		assert_non_null(strstr(err, "annot stop container"));
	}
}

/* The grace is dockerd's to use up; its own silence comes on top. */
static void a_silent_dockerd_is_given_its_grace(void **state)
{
	const struct fake_reply silent = {.bytes = "", .manner = FAKE_SILENT};
	char err[DOCKER_ERROR_SIZE];
	struct fake_docker fake;
	uint64_t before = fake_now_us(), took;

	(void)state;
	assert_int_equal(stop(&silent, "abc", SECOND, err, &fake), -ETIMEDOUT);
	took = fake_now_us() - before;
	assert_in_range(took, 1300000, 5 * SECOND);
}

static void a_path_is_no_id(void **state)
{
	char err[DOCKER_ERROR_SIZE];
	struct docker docker = {.socket = "/nonexistent", .deadline_us = SECOND};

	(void)state;
	assert_int_equal(docker_stop(&docker, "../images", SECOND, err, sizeof(err)), -EINVAL);
	assert_int_equal(docker_stop(&docker, "", SECOND, err, sizeof(err)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_stops_with_its_grace),
		cmocka_unit_test(one_that_had_stopped_is_no_failure),
		cmocka_unit_test(refusals_come_in_dockerds_words),
		cmocka_unit_test(a_silent_dockerd_is_given_its_grace),
		cmocka_unit_test(a_path_is_no_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
