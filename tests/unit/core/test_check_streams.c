/*
 * check_streams: what is found of the cap on streams, and that nothing is made of what was not
 * read.
 */
#include "findings_scene.h"
#include "guardian/event.h"

static int streams_setup(void **unused)
{
	struct streams_sample *s = &snap.streams;

	(void)setup(unused);
	policy.streams.max = 6;
	s->valid = STREAMS_FILE | STREAMS_PROCESSES;
	s->file_state = SLOT_FILE_OK;
	s->cap = s->effective_cap = 6;
	s->in_use = s->n_processes = 3;
	return 0;
}

static void nothing_is_found_of_a_cap_that_holds(void **unused)
{
	(void)unused;
	check_rules(&world, &found);
	assert_int_equal(found.n, 0);
}

static void no_cap_is_no_more_than_noticed(void **unused)
{
	(void)unused;
	policy.streams.max = 0;
	snap.streams.file_state = SLOT_FILE_ABSENT;
	assert_found(CHECK_NO_STREAM_CAP, CHECK_NOTICE);
	assert_null(look(CHECK_SEMAPHORE));
}

static void a_file_that_is_not_sound(void **unused)
{
	static const struct {
		enum slot_file_state found;
		enum event_reason reason;
	} cases[] = {
		{SLOT_FILE_ABSENT, REASON_SLOTS_ABSENT},
		{SLOT_FILE_WRONG_SIZE, REASON_SLOTS_SIZE},
		{SLOT_FILE_BAD_HEADER, REASON_SLOTS_HEADER},
		{SLOT_FILE_WRONG_MODE, REASON_SLOTS_MODE},
		{SLOT_FILE_REPLACED, REASON_SLOTS_REPLACED},
		{SLOT_FILE_UNUSABLE, REASON_SLOTS_UNUSABLE},
	};

	(void)unused;
	snap.streams.in_use = 6; /* says nothing then */
	snap.streams.file_error = 40;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snap.streams.file_state = (uint8_t)cases[i].found;
		assert_found(CHECK_SEMAPHORE, CHECK_WARNING);
		assert_int_equal(look(CHECK_SEMAPHORE)->subject, cases[i].reason);
		assert_int_equal(look(CHECK_SEMAPHORE)->n[0], 40);
		assert_null(look(CHECK_STREAMS_FULL));
	}
}

static void what_was_not_read_is_unknown(void **unused)
{
	(void)unused;
	snap.streams.valid = 0;
	assert_found(CHECK_SEMAPHORE_UNREAD, CHECK_UNKNOWN);
	snap.streams.valid = STREAMS_FILE;
	snap.streams.file_state = SLOT_FILE_UNKNOWN;
	assert_found(CHECK_SEMAPHORE_UNREAD, CHECK_UNKNOWN);
	snap.streams.file_state = SLOT_FILE_STATES;
	assert_found(CHECK_SEMAPHORE_UNREAD, CHECK_UNKNOWN);
}

static void all_slots_in_use_is_a_warning(void **unused)
{
	const struct check_finding *f;

	(void)unused;
	snap.streams.in_use = snap.streams.n_processes = 6;
	assert_found(CHECK_STREAMS_FULL, CHECK_WARNING);
	f = look(CHECK_STREAMS_FULL);
	assert_int_equal(f->n[0], 6);
	assert_int_equal(f->n[1], 6);
	assert_int_equal(f->n[2], 6);
	assert_null(look(CHECK_STREAMS_FEWER));
}

static void a_lowered_cap_is_noticed(void **unused)
{
	(void)unused;
	snap.streams.effective_cap = 4;
	snap.streams.reason = SLOT_CAP_MEMORY;
	assert_found(CHECK_STREAMS_FEWER, CHECK_NOTICE);
	assert_int_equal(look(CHECK_STREAMS_FEWER)->subject, REASON_STREAMS_MEMORY);
	assert_int_equal(look(CHECK_STREAMS_FEWER)->n[0], 4);
	assert_int_equal(look(CHECK_STREAMS_FEWER)->n[1], 6);
	assert_null(look(CHECK_STREAMS_FULL));
	snap.streams.effective_cap = 0;
	snap.streams.reason = SLOT_CAP_WARNING;
	assert_int_equal(look(CHECK_STREAMS_FEWER)->subject, REASON_STREAMS_WARNING);
	assert_non_null(look(CHECK_STREAMS_FULL));
	snap.streams.in_use = snap.streams.n_processes = 0; /* nobody wants one */
	assert_null(look(CHECK_STREAMS_FULL));
}

static void streams_without_a_slot(void **unused)
{
	(void)unused;
	snap.streams.n_processes = 5;
	assert_found(CHECK_STREAMS_STRAY, CHECK_WARNING);
	assert_int_equal(look(CHECK_STREAMS_STRAY)->n[0], 5);
	assert_int_equal(look(CHECK_STREAMS_STRAY)->n[1], 3);
	snap.streams.valid = STREAMS_FILE;
	assert_null(look(CHECK_STREAMS_STRAY));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, streams_setup)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_found_of_a_cap_that_holds),
		TEST(no_cap_is_no_more_than_noticed),
		TEST(a_file_that_is_not_sound),
		TEST(what_was_not_read_is_unknown),
		TEST(all_slots_in_use_is_a_warning),
		TEST(a_lowered_cap_is_noticed),
		TEST(streams_without_a_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
