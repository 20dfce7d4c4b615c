/*
 * record_streams: streams as lines of JSON, both ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guardian/record.h"

enum { SIZE = 1 << 18 };

static struct snapshot snap, again;
static struct record record;
static char buf[SIZE];
static struct text_out out;

static int begin(void **unused)
{
	(void)unused;
	memset(&snap, 0, sizeof(snap));
	snap.page_bytes = 4096;
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	record_end(&record);
	return 0;
}

static void there_and_back(void)
{
	text_out_init(&out, buf, sizeof(buf));
	record_put_snapshot(&out, &snap);
	assert_false(out.full);
	assert_int_equal(record_read(&record, buf, out.len, &again), 0);
	assert_memory_equal(&snap, &again, sizeof(snap));
}

static void every_field_comes_back(void **unused)
{
	struct streams_sample *s = &snap.streams;

	(void)unused;
	*s = (struct streams_sample){.valid = STREAMS_FILE | STREAMS_PROCESSES,
		.file_state = SLOT_FILE_UNUSABLE,
		.file_error = ELOOP,
		.counters_bad = true,
		.cap = 6,
		.effective_cap = 4,
		.reason = SLOT_CAP_MEMORY,
		.generation = UINT64_MAX - 5,
		.taken = 1,
		.refused = 2,
		.waited = 3,
		.gave_up = 4,
		.in_use = 2,
		.n_processes = 2};
	s->slot[0] = (struct slot_sample){true, true, 7, 8, 9, "cam \"12\"\n"};
	s->slot[STREAM_SLOTS_MAX - 1] = (struct slot_sample){.held = true, .pid = UINT32_MAX};
	s->process[0] = (struct stream_process){4711, 7, 8, UINT64_MAX, 511, 0, true, 1ULL << 54};
	s->process[1] = (struct stream_process){.pid = 1, .service = SERVICE_NONE, .slot = -1};
	there_and_back();
}

static void absent_stays_absent(void **unused)
{
	static const char *const lines[] = {"{\"streams\":{}}", "{\"streams\":{\"file_state\":2}}",
		"{\"streams\":{\"processes\":[{}]}}"};
	static const uint32_t valid[] = {0, STREAMS_FILE, STREAMS_PROCESSES};

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(record_read(&record, lines[i], strlen(lines[i]), &snap), 0);
		assert_int_equal(snap.streams.valid, valid[i]);
		there_and_back();
	}
	assert_int_equal(snap.streams.process[0].slot, STREAM_NO_SLOT);
	assert_int_equal(snap.streams.process[0].service, SERVICE_NONE);
	begin(NULL);
	there_and_back();
	assert_null(strstr(buf, "streams"));
}

static void a_full_house_comes_back(void **unused)
{
	struct streams_sample *s = &snap.streams;

	(void)unused;
	s->valid = STREAMS_FILE | STREAMS_PROCESSES;
	for (size_t i = 0; i < STREAM_SLOTS_MAX; i++)
		s->slot[i] = (struct slot_sample){.held = true, .pid = (uint32_t)i};
	s->n_processes = STREAM_PROCESSES_MAX;
	for (uint32_t i = 0; i < STREAM_PROCESSES_MAX; i++)
		s->process[i] = (struct stream_process){.pid = i, .slot = -1};
	there_and_back();
}

static void what_is_wrong_is_refused(void **unused)
{
	static const struct {
		const char *line;
		int error;
	} cases[] = {
		{"{\"streams\":7}", -EINVAL},
		{"{\"streams\":{\"caps\":1}}", -EINVAL},
		{"{\"streams\":{\"slots\":{}}}", -EINVAL},
		{"{\"streams\":{\"processes\":7}}", -EINVAL},
		{"{\"streams\":{\"processes\":[7]}}", -EINVAL},
		{"{\"streams\":{\"processes\":[{\"x\":7}]}}", -EINVAL},
		{"{\"streams\":{\"processes\":[{\"slot\":40000}]}}", -ERANGE},
		{"{\"streams\":{\"slots\":[7]}}", -ERANGE},
		{"{\"streams\":{\"slots\":[{}]}}", -ERANGE},
		{"{\"streams\":{\"slots\":[{\"slot\":64}]}}", -ERANGE},
		{"{\"streams\":{\"slots\":[{\"slot\":-1}]}}", -ERANGE},
		{"{\"streams\":{\"slots\":[{\"slot\":1,\"x\":1}]}}", -EINVAL},
		{"{\"streams\":{\"slots\":[{\"slot\":1,\"name\":7}]}}", -EINVAL},
	};
	char line[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(record_read(&record, cases[i].line, strlen(cases[i].line), &snap),
			cases[i].error);
	(void)snprintf(line, sizeof(line),
		"{\"streams\":{\"slots\":[{\"slot\":0,\"name\":\"%0*d\"}]}}", SLOT_NAME_SIZE, 0);
	assert_int_equal(record_read(&record, line, strlen(line), &snap), -ERANGE);
	assert_string_equal(record.wrong, "name");
}

static void too_many_processes_are_refused(void **unused)
{
	(void)unused;
	text_out_init(&out, buf, sizeof(buf));
	text_put(&out, "{\"streams\":{\"processes\":[{}");
	for (int i = 0; i < STREAM_PROCESSES_MAX; i++)
		text_put(&out, ",{}");
	text_put(&out, "]}}");
	assert_int_equal(record_read(&record, buf, out.len, &snap), -ERANGE);
}

static void actions_say_what_they_need(void **unused)
{
	static struct plan plan;

	(void)unused;
	plan.n_actions = 3;
	plan.action[0] = (struct action){.kind = ACT_STREAMS_PUBLISH,
		.service = SERVICE_NONE,
		.ticket = 2,
		.cap = 6,
		.effective_cap = 0,
		.cap_reason = SLOT_CAP_WARNING};
	plan.action[1] = (struct action){.kind = ACT_STREAM_TERM,
		.service = 1,
		.ticket = 3,
		.inode = 5,
		.pid = 77,
		.start_ticks = 123};
	plan.action[2] = (struct action){.kind = ACT_STREAM_STOP_CONTAINER,
		.service = SERVICE_NONE,
		.ticket = 4,
		.pid = 78,
		.value = 5000000};
	text_out_init(&out, buf, sizeof(buf));
	record_put_plan(&out, &plan, 8);
	assert_string_equal(buf,
		"{\"now_us\":8,\"wake_us\":0,\"actions\":["
		"{\"do\":\"streams_publish\",\"inode\":0,\"ticket\":2,\"cap\":6,"
		"\"effective_cap\":0,\"reason\":\"warning\"},"
		"{\"do\":\"stream_term\",\"service\":1,\"inode\":5,\"ticket\":3,\"pid\":77,"
		"\"start_ticks\":123},"
		"{\"do\":\"stream_stop_container\",\"inode\":0,\"ticket\":4,\"pid\":78,"
		"\"start_ticks\":0,\"grace_us\":5000000}],\"events\":[]}");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(every_field_comes_back),
		TEST(absent_stays_absent),
		TEST(a_full_house_comes_back),
		TEST(what_is_wrong_is_refused),
		TEST(too_many_processes_are_refused),
		TEST(actions_say_what_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
