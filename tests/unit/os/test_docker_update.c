/*
 * docker_update(): the request byte for byte, what is refused before it is sent, and what is made
 * of dockerd's refusals.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_docker.h"

#define ID     "5087d18d790d3b2700cf98b8469427934659c9de12b511f74803990dc51aab1f"
#define MIB    (1ULL << 20)
#define NONE   (UINT64_MAX - 1) /* not in the set */
#define MAX_IS LIMIT_UNLIMITED

struct outcome {
	int r;
	char err[DOCKER_ERROR_SIZE];
	size_t n_requests;
	char post[FAKE_REQUEST_SIZE];
};

static struct limit_set set_of(uint64_t max, uint64_t swap, uint64_t low)
{
	const uint64_t value[LIMIT_COUNT] = {[LIMIT_MAX] = max,
		[LIMIT_SWAP_MAX] = swap,
		[LIMIT_LOW] = low,
		[LIMIT_OOM_GROUP] = NONE};
	struct limit_set set = {0};

	for (int kind = 0; kind < LIMIT_COUNT; kind++)
		if (value[kind] != NONE)
			limit_put(&set, kind, value[kind]);
	return set;
}

/* STORED is the HostConfig that the inspection before the update finds. */
static struct outcome update(const char *stored, struct limit_set set, const char *answer)
{
	char inspection[512], first[1024];
	struct fake_reply replies[2] = {{.bytes = first}, {.bytes = answer}};
	struct fake_docker fake;
	struct outcome o = {0};

	snprintf(inspection, sizeof(inspection), "{\"Id\":\"" ID "\",\"HostConfig\":{%s}}", stored);
	snprintf(first, sizeof(first), "%s", fake_http(200, inspection));
	fake_docker_start(&fake, replies, 2);
	strcpy(o.err, "left from before");
	o.r = docker_update(&fake.docker, ID, &set, o.err, sizeof(o.err));
	fake_docker_stop(&fake);
	o.n_requests = fake.n_requests;
	memcpy(o.post, fake.request[1], sizeof(o.post));
	return o;
}

#define ANSWER_OK "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"Warnings\":null}\n"
#define NEVER     "\"Memory\":0,\"MemorySwap\":0,\"MemoryReservation\":0"
#define LIMITED   "\"Memory\":268435456,\"MemorySwap\":536870912,\"MemoryReservation\":67108864"
#define NO_SWAP   "\"Memory\":268435456,\"MemorySwap\":268435456,\"MemoryReservation\":0"

static void the_body_says_it_all(void **state)
{
	static const struct {
		const char *stored;
		uint64_t max, swap, low;
		const char *body;
	} table[] = {
		/* a container that was never limited; MemorySwap goes with Memory in any case */
		{NEVER, 200 * MIB, NONE, NONE, "{\"Memory\":209715200,\"MemorySwap\":-1}"},
		{NEVER, 200 * MIB, 0, 50 * MIB,
			"{\"Memory\":209715200,\"MemorySwap\":209715200,\"MemoryReservation\":"
			"52428800}"},
		{NEVER, 6 * MIB, 1, NONE, "{\"Memory\":6291456,\"MemorySwap\":6291457}"},
		{NEVER, 8ULL << 30, 4ULL << 30, NONE,
			"{\"Memory\":8589934592,\"MemorySwap\":12884901888}"},
		/* what is not in the set stays: 256 MiB of swap */
		{LIMITED, 300 * MIB, NONE, NONE, "{\"Memory\":314572800,\"MemorySwap\":583008256}"},
		{LIMITED, NONE, 0, NONE, "{\"Memory\":268435456,\"MemorySwap\":268435456}"},
		{LIMITED, NONE, MAX_IS, NONE, "{\"Memory\":268435456,\"MemorySwap\":-1}"},
		{LIMITED, NONE, NONE, 128 * MIB, "{\"MemoryReservation\":134217728}"},
		{NO_SWAP, 512 * MIB, NONE, 0, "{\"Memory\":536870912,\"MemorySwap\":536870912}"},
		/* below the stored reservation: that is not ours to judge */
		{LIMITED, 32 * MIB, 0, NONE, "{\"Memory\":33554432,\"MemorySwap\":33554432}"},
		{"", 64 * MIB, NONE, NONE, "{\"Memory\":67108864,\"MemorySwap\":-1}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct outcome o = update(table[i].stored,
			set_of(table[i].max, table[i].swap, table[i].low), ANSWER_OK);
		char request[512];

		snprintf(request, sizeof(request),
			"POST /containers/" ID
			"/update HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			strlen(table[i].body), table[i].body);
		assert_string_equal(o.post, request);
		assert_int_equal(o.r, 0);
		assert_string_equal(o.err, "");
		assert_int_equal(o.n_requests, 2);
	}
}

static void what_cannot_be_is_not_sent(void **state)
{
	static const struct {
		const char *stored;
		uint64_t max, swap, low;
		int error;
		const char *word;
	} table[] = {
		/* a limit cannot be taken back: 0 leaves it, -1 is refused */
		{LIMITED, MAX_IS, NONE, NONE, -EOPNOTSUPP, "needs recreate"},
		{LIMITED, NONE, NONE, 0, -EOPNOTSUPP, "needs recreate"},
		/* Docker's floor */
		{NEVER, 6 * MIB - 1, NONE, NONE, -ERANGE, "6 MiB"},
		{NEVER, 0, NONE, NONE, -ERANGE, "6 MiB"},
		{NEVER, NONE, NONE, 1500, -ERANGE, "6 MiB"},
		{NEVER, 100 * MIB, NONE, 101 * MIB, -EINVAL, "above the memory limit"},
		{LIMITED, NONE, NONE, 257 * MIB, -EINVAL, "above the memory limit"},
		{NEVER, NONE, 10 * MIB, NONE, -EINVAL, "only with a memory limit"},
		{NEVER, 1ULL << 63, NONE, NONE, -ERANGE, "too large"},
		{NEVER, 1ULL << 62, 1ULL << 62, NONE, -ERANGE, "too large"},
		{NEVER, NONE, NONE, 1ULL << 63, -ERANGE, "too large"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct outcome o = update(table[i].stored,
			set_of(table[i].max, table[i].swap, table[i].low), ANSWER_OK);

		assert_int_equal(o.r, table[i].error);
		assert_non_null(strstr(o.err, table[i].word));
		assert_int_equal(o.n_requests, 1);
	}
}

static void nothing_to_say_is_not_sent(void **state)
{
	struct limit_set group = {0};

	(void)state;
	limit_put(&group, LIMIT_OOM_GROUP, 1);
	assert_int_equal(update(NEVER, set_of(MAX_IS, MAX_IS, 0), ANSWER_OK).n_requests, 1);
	assert_int_equal(update(NEVER, set_of(MAX_IS, NONE, NONE), ANSWER_OK).r, 0);
	assert_int_equal(update(LIMITED, group, ANSWER_OK).n_requests, 1);
	assert_int_equal(update(LIMITED, group, ANSWER_OK).r, 0);
}

static void a_refusal_is_told_in_dockerds_words(void **state)
{
	struct limit_set set = set_of(100 * MIB, 0, NONE);
	char answer[1024];
	struct outcome o;

	(void)state;
	snprintf(answer, sizeof(answer), "%s",
		fake_http(409, "{\"message\":\"Memory limit should be smaller than already set "
			       "memoryswap limit, "
			       "update the memoryswap at the same time\"}\n"));
	o = update(NEVER, set, answer);
	assert_int_equal(o.r, -EREMOTEIO);
	assert_string_equal(o.err,
		"Memory limit should be smaller than already set memoryswap limit, update the "
		"memoryswap at the same time");

	snprintf(answer, sizeof(answer), "%s",
		fake_http(500, "{\"message\":\"runc did\\nnot \\u001b[1mdo it\"}"));
	o = update(NEVER, set, answer);
	assert_int_equal(o.r, -EREMOTEIO);
	assert_string_equal(o.err, "runc did not  [1mdo it");

	snprintf(answer, sizeof(answer), "%s",
		fake_http(404, "{\"message\":\"No such container: x\"}"));
	o = update(NEVER, set, answer);
	assert_int_equal(o.r, -ENOENT);

	/* An error page of a proxy: no words of dockerd's. */
	snprintf(answer, sizeof(answer), "%s", fake_http(500, "<html>"));
	o = update(NEVER, set, answer);
	assert_int_equal(o.r, -EREMOTEIO);
	assert_string_equal(o.err, "");
}

static void a_long_refusal_is_cut(void **state)
{
	char body[1024], answer[2048];
	struct outcome o;

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"message\":\"", 12);
	memcpy(body + sizeof(body) - 3, "\"}", 3);
	snprintf(answer, sizeof(answer), "%s", fake_http(500, body));
	o = update(NEVER, set_of(100 * MIB, 0, NONE), answer);
	assert_int_equal(strlen(o.err), DOCKER_ERROR_SIZE - 1);
}

static void a_warning_of_a_success_is_told(void **state)
{
	char answer[1024];
	struct outcome o;

	(void)state;
	snprintf(answer, sizeof(answer), "%s",
		fake_http(200, "{\"Warnings\":[\"No swap limit support\",\"Another\"]}"));
	o = update(NEVER, set_of(100 * MIB, 0, NONE), answer);
	assert_int_equal(o.r, 0);
	assert_string_equal(o.err, "No swap limit support");
}

static void one_deadline_spans_both_requests(void **state)
{
	char first[512];
	struct fake_reply replies[2] = {{.bytes = first}, {.bytes = "", .manner = FAKE_SILENT}};
	struct limit_set set = set_of(100 * MIB, 0, NONE);
	struct fake_docker fake;
	char err[64];
	uint64_t start_us;

	(void)state;
	snprintf(first, sizeof(first), "%s", fake_http(200, "{\"Id\":\"" ID "\"}"));
	fake_docker_start(&fake, replies, 2);
	fake.docker.deadline_us = 200000;
	start_us = fake_now_us();
	assert_int_equal(docker_update(&fake.docker, ID, &set, err, sizeof(err)), -ETIMEDOUT);
	assert_in_range(fake_now_us() - start_us, 200000, 5000000);
	fake_docker_stop(&fake);
}

static void a_container_that_is_not_there(void **state)
{
	const struct fake_reply reply = {
		.bytes = fake_http(404, "{\"message\":\"No such container\"}")};
	struct limit_set set = set_of(100 * MIB, 0, NONE);
	struct fake_docker fake;
	char err[64];

	(void)state;
	fake_docker_start(&fake, &reply, 1);
	assert_int_equal(docker_update(&fake.docker, ID, &set, err, sizeof(err)), -ENOENT);
	assert_int_equal(docker_update(&fake.docker, "../" ID, &set, err, sizeof(err)), -EINVAL);
	fake_docker_stop(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_says_it_all),
		cmocka_unit_test(what_cannot_be_is_not_sent),
		cmocka_unit_test(nothing_to_say_is_not_sent),
		cmocka_unit_test(a_refusal_is_told_in_dockerds_words),
		cmocka_unit_test(a_long_refusal_is_cut),
		cmocka_unit_test(a_warning_of_a_success_is_told),
		cmocka_unit_test(one_deadline_spans_both_requests),
		cmocka_unit_test(a_container_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
