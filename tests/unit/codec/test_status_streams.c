/*
 * status_streams: the streams as the status file has them.
 */
#include "status_scene.h"

#define MIB ((uint64_t)1 << 20)

static int streams_setup(void **unused)
{
	struct streams_sample *s = &snap.streams;

	(void)setup(unused);
	memset(s, 0, sizeof(*s));
	policy.streams.max = 6;
	state.streams.max = 6;
	state.streams.effective_cap = 4;
	state.streams.reason = SLOT_CAP_MEMORY;
	state.streams.cost_bytes = 90 * MIB;
	state.streams.unaccounted = 1;
	s->valid = STREAMS_FILE | STREAMS_PROCESSES;
	s->file_state = SLOT_FILE_OK;
	s->in_use = 2;
	s->taken = 70;
	s->refused = 7;
	s->waited = 3;
	s->gave_up = 1;
	s->slot[0] = (struct slot_sample){true, true, 12, 5000, 1700000000000000, "cam-\x1b\"12"};
	s->slot[63].held = true;
	s->n_processes = 2;
	s->process[0] = (struct stream_process){.pid = 4711,
		.inner_pid = 12,
		.start_ticks = 5000,
		.service = 0,
		.slot = 0,
		.anon_bytes = 80 * MIB};
	s->process[1] = (struct stream_process){
		.pid = 4712, .service = SERVICE_NONE, .slot = STREAM_NO_SLOT};
	return 0;
}

static int streams_teardown(void **unused)
{
	(void)unused;
	policy.streams.max = 0;
	return 0;
}

static void all_of_it(void **unused)
{
	const cJSON *streams, *slots, *slot;
	cJSON *json = render();

	(void)unused;
	streams = get(json, "streams");
	assert_true(number(streams, "cap") == 6);
	assert_true(number(streams, "effective_cap") == 4);
	assert_string_equal(word(streams, "reason"), "memory");
	assert_string_equal(word(streams, "semaphore"), "ok");
	assert_true(number(streams, "in_use") == 2);
	assert_true(number(streams, "taken") == 70);
	assert_true(number(streams, "refused") == 7);
	assert_true(number(streams, "waited") == 3);
	assert_true(number(streams, "gave_up") == 1);
	assert_true(number(streams, "cost_bytes") == 94371840.0);
	assert_true(number(streams, "unaccounted") == 1);
	slots = get(streams, "slots");
	assert_int_equal(cJSON_GetArraySize(slots), 2);
	slot = cJSON_GetArrayItem(slots, 0);
	assert_true(number(slot, "slot") == 0);
	assert_string_equal(word(slot, "name"), "cam-\x1b\"12");
	assert_true(number(slot, "pid") == 4711);
	assert_true(number(slot, "inner_pid") == 12);
	assert_string_equal(word(slot, "service"), "backend");
	assert_true(number(slot, "since_realtime_us") == 1700000000000000.0);
	assert_true(number(slot, "anon_bytes") == 83886080.0);
	slot = cJSON_GetArrayItem(slots, 1); /* held, and nothing else is known */
	assert_true(number(slot, "slot") == 63);
	assert_int_equal(cJSON_GetArraySize(slot), 1);
	cJSON_Delete(json);
}

static void who_runs_without_a_slot(void **unused)
{
	const cJSON *bare;
	cJSON *json = render();

	(void)unused;
	bare = get(get(json, "streams"), "without_slot");
	assert_int_equal(cJSON_GetArraySize(bare), 1);
	bare = cJSON_GetArrayItem(bare, 0);
	assert_true(number(bare, "pid") == 4712);
	assert_null(get(bare, "service"));
	assert_null(get(bare, "anon_bytes")); /* not read: not 0 */
	cJSON_Delete(json);
}

static void what_was_not_read_is_not_there(void **unused)
{
	const cJSON *streams;
	cJSON *json;

	(void)unused;
	snap.streams.valid = STREAMS_PROCESSES;
	json = render();
	streams = get(json, "streams");
	assert_null(get(streams, "semaphore"));
	assert_null(get(streams, "in_use"));
	assert_null(get(streams, "slots"));
	cJSON_Delete(json);
	snap.streams.valid = STREAMS_FILE;
	snap.streams.file_state = SLOT_FILE_ABSENT;
	json = render();
	streams = get(json, "streams");
	assert_string_equal(word(streams, "semaphore"), "absent");
	assert_null(get(streams, "in_use"));
	assert_null(get(streams, "unaccounted"));
	cJSON_Delete(json);
}

static void without_a_cap_there_is_nothing(void **unused)
{
	cJSON *json;

	(void)unused;
	policy.streams.max = 0;
	json = render();
	assert_null(get(json, "streams"));
	cJSON_Delete(json);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, streams_setup, streams_teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_of_it),
		TEST(who_runs_without_a_slot),
		TEST(what_was_not_read_is_not_there),
		TEST(without_a_cap_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
