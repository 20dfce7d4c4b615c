/*
 * stream_match: records against processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "guardian/stream_match.h"

static struct streams_sample streams;

static void add_process(uint32_t pid, uint32_t inner_pid, uint64_t start_ticks)
{
	streams.process[streams.n_processes++] = (struct stream_process){.pid = pid,
		.inner_pid = inner_pid,
		.start_ticks = start_ticks,
		.slot = STREAM_NO_SLOT};
}

static void take(int slot, uint32_t pid, uint64_t start_ticks)
{
	streams.slot[slot] = (struct slot_sample){
		.held = true, .record_ok = true, .pid = pid, .start_ticks = start_ticks};
}

static int begin(void **state)
{
	(void)state;
	memset(&streams, 0, sizeof(streams));
	return 0;
}

static void number_and_start_make_a_holder(void **state)
{
	(void)state;
	add_process(900, 17, 50); /* two containers, the same number inside */
	add_process(901, 17, 60);
	add_process(902, 18, 60);
	take(0, 17, 60);
	take(3, 17, 50);
	assert_true(streams_match(&streams));
	assert_int_equal(streams.process[0].slot, 3);
	assert_int_equal(streams.process[1].slot, 0);
	assert_int_equal(streams.process[2].slot, STREAM_NO_SLOT);
	assert_false(streams_match(&streams));
	streams.slot[0].held = false;
	assert_true(streams_match(&streams));
	assert_int_equal(streams.process[1].slot, STREAM_NO_SLOT);
}

static void without_a_start_the_number_must_be_the_only_one(void **state)
{
	(void)state;
	add_process(900, 17, 50);
	take(5, 17, 0);
	(void)streams_match(&streams);
	assert_int_equal(streams.process[0].slot, 5);
	add_process(901, 17, 60);
	(void)streams_match(&streams);
	assert_int_equal(streams.process[0].slot, STREAM_NO_SLOT);
	assert_int_equal(streams.process[1].slot, STREAM_NO_SLOT);
}

static void a_record_that_cannot_be_read_is_nobodys(void **state)
{
	(void)state;
	add_process(900, 17, 50);
	take(5, 17, 50);
	streams.slot[5].record_ok = false;
	(void)streams_match(&streams);
	assert_int_equal(streams.process[0].slot, STREAM_NO_SLOT);
}

static void a_stale_record_of_a_slot_twice_counts_once(void **state)
{
	(void)state;
	add_process(900, 17, 50);
	take(2, 17, 50);
	take(5, 17, 50);
	(void)streams_match(&streams);
	assert_int_equal(streams.process[0].slot, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(number_and_start_make_a_holder, begin),
		cmocka_unit_test_setup(without_a_start_the_number_must_be_the_only_one, begin),
		cmocka_unit_test_setup(a_record_that_cannot_be_read_is_nobodys, begin),
		cmocka_unit_test_setup(a_stale_record_of_a_slot_twice_counts_once, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
