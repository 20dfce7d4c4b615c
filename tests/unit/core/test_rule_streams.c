/*
 * rule_streams: the semaphore file is there and says what holds; refusals are told, not each.
 */
#include <errno.h>

#include "world.h"

static void file_is(struct world *w, enum slot_file_state found)
{
	w->snap.streams.file_state = (uint8_t)found;
}

static void without_a_cap_nothing_is_done(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->policy.streams.max = 0;
	file_is(w, SLOT_FILE_ABSENT);
	add_stream(w, 1, STREAM_NO_SLOT);
	calm_down(w);
	forget_told(w);
	run(w, 60 * SECOND, SECOND);
	for (int kind = 0; kind < ACT_COUNT; kind++)
		assert_int_equal(w->done[kind], 0);
	assert_int_equal(w->state.streams.n_known, 0);
}

static void an_absent_file_is_made(void **state)
{
	struct world *w = *state;
	const struct action *a;

	with_streams(w, 6);
	file_is(w, SLOT_FILE_ABSENT);
	step(w, SECOND);
	a = action_of(w, ACT_STREAMS_MEND);
	assert_int_equal(a->cap, 6);
	assert_int_equal(a->effective_cap, 6);
	assert_int_equal(a->cap_reason, SLOT_CAP_FULL);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SEMAPHORE_MADE)->n[0], 6);
	forget_told(w);
	run(w, 60 * SECOND, SECOND);
	assert_silent(w);
	assert_int_equal(w->done[ACT_STREAMS_MEND] + w->done[ACT_STREAMS_PUBLISH], 0);
}

static void what_is_wrong_is_put_right_and_told(void **state)
{
	static const struct {
		enum slot_file_state found;
		enum event_reason reason;
	} cases[] = {
		{SLOT_FILE_WRONG_SIZE, REASON_SLOTS_SIZE},
		{SLOT_FILE_BAD_HEADER, REASON_SLOTS_HEADER},
		{SLOT_FILE_WRONG_MODE, REASON_SLOTS_MODE},
	};
	struct world *w = *state;

	with_streams(w, 6);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(w, 300 * SECOND, SECOND);
		file_is(w, cases[i].found);
		step(w, SECOND);
		assert_int_equal(action_of(w, ACT_STREAMS_MEND)->cap, 6);
		step(w, SECOND);
		assert_int_equal(event_of(w, EVENT_SEMAPHORE_MENDED)->reason, cases[i].reason);
	}
}

/* Slots in the old one are held all the same, and count no more: nothing can undo that. */
static void another_file_at_its_path_is_told_at_once(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	run(w, 10 * SECOND, SECOND);
	file_is(w, SLOT_FILE_REPLACED);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SEMAPHORE_REPLACED), 1);
	assert_int_equal(action_of(w, ACT_STREAMS_MEND)->effective_cap, 6);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SEMAPHORE_REPLACED], 1);
	assert_int_equal(w->told[EVENT_SEMAPHORE_MENDED], 0);
	file_is(w, SLOT_FILE_REPLACED);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SEMAPHORE_REPLACED), 1);
}

/* A folder, a symbolic link, somebody's file: never touched. */
static void what_is_no_plain_file_is_left_alone(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	file_is(w, SLOT_FILE_UNUSABLE);
	w->snap.streams.file_error = EISDIR;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SEMAPHORE_UNUSABLE], 1);
	assert_int_equal(w->done[ACT_STREAMS_MEND], 0);
	file_is(w, SLOT_FILE_OK);
	step(w, SECOND);
	file_is(w, SLOT_FILE_UNUSABLE);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SEMAPHORE_UNUSABLE)->n[0], EISDIR);
}

static void what_fails_is_told_once_and_tried_more_slowly(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	file_is(w, SLOT_FILE_ABSENT);
	w->error = -ENOSPC;
	run(w, 120 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SEMAPHORE_UNUSABLE], 1);
	assert_in_range(w->done[ACT_STREAMS_MEND], 4, 9);
	w->error = 0;
	run(w, 200 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SEMAPHORE_MADE], 1);
	memory_carries(w, 3);
	w->policy.host.warn_centipct = w->policy.host.critical_centipct = 0;
	w->error = -EIO;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SEMAPHORE_UNUSABLE], 2);
	assert_in_range(w->done[ACT_STREAMS_PUBLISH], 3, 8);
	w->error = 0;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->snap.streams.effective_cap, 3);
}

/* Without the file no stream gets a slot, so it is never given up; but ever more slowly. */
static void a_stubborn_writer_is_mended_after_for_ever(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	for (int i = 0; i < 600; i++) {
		file_is(w, SLOT_FILE_BAD_HEADER);
		step(w, SECOND);
	}
	assert_in_range(w->done[ACT_STREAMS_MEND], 8, 16);
	assert_in_range(w->told[EVENT_SEMAPHORE_MENDED], 4, 16);
	forget_told(w);
	for (int i = 0; i < 1200; i++) {
		file_is(w, SLOT_FILE_BAD_HEADER);
		step(w, SECOND);
	}
	assert_in_range(w->done[ACT_STREAMS_MEND], 2, 30);
}

/* A header that is whole but says something else: somebody helps himself to more. */
static void a_forged_header_is_written_over(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	run(w, 10 * SECOND, SECOND);
	w->snap.streams.cap = w->snap.streams.effective_cap = 60;
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_STREAMS_PUBLISH)->effective_cap, 6);
	step(w, SECOND);
	assert_silent(w);
	w->snap.streams.reason = SLOT_CAP_WARNING;
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_STREAMS_PUBLISH)->cap_reason, SLOT_CAP_FULL);
}

/* What was written is read back with the next look, not sooner. */
static void it_is_not_published_twice(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->snap.streams.cap = 4;
	w->deaf = true;
	step(w, SECOND);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 1);
	step(w, 100 * MS);
	step(w, 100 * MS);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 1);
	step(w, SECOND);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 2);
	want_streams(w, 3); /* something new does not wait */
	step(w, 10 * MS);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 3);
}

static void what_cannot_be_seen_is_not_mended(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->snap.streams.valid = STREAMS_PROCESSES;
	file_is(w, SLOT_FILE_ABSENT);
	run(w, 60 * SECOND, SECOND);
	w->snap.streams.valid |= STREAMS_FILE;
	file_is(w, SLOT_FILE_UNKNOWN);
	run(w, 60 * SECOND, SECOND);
	file_is(w, SLOT_FILE_STATES); /* of a record that somebody wrote */
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAMS_MEND] + w->done[ACT_STREAMS_PUBLISH], 0);
}

static void who_only_observes_makes_no_file(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->policy.mode = MODE_OBSERVE;
	file_is(w, SLOT_FILE_ABSENT);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_STREAM_OBSERVED)->reason, REASON_STREAMS_MAKE);
	add_stream(w, 1, STREAM_NO_SLOT); /* nobody can have a slot */
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_OBSERVED], 1);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 0);
	assert_int_equal(w->done[ACT_STREAMS_MEND], 0);
	w->policy.mode = MODE_ENFORCE; /* what was told is done now */
	w->snap.policy_generation++;
	step(w, SECOND);
	assert_int_equal(w->done[ACT_STREAMS_MEND], 1);
	w->policy.mode = MODE_OBSERVE;
	w->snap.policy_generation++;
	file_is(w, SLOT_FILE_WRONG_MODE);
	run(w, 5 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_OBSERVED], 2);
	assert_int_equal(w->done[ACT_STREAMS_MEND], 1);
}

/* ---- refusals ---- */

static void the_first_refusal_is_told_at_once_the_others_by_the_minute(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_streams(w, 2);
	w->snap.streams.refused = 70; /* from before there was a guardiand */
	add_stream(w, 1, 0);
	add_stream(w, 2, 1);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_REFUSED], 0);
	w->snap.streams.refused++;
	step(w, SECOND);
	e = event_of(w, EVENT_STREAM_REFUSED);
	assert_int_equal(e->n[0], 1);
	assert_int_equal(e->n[1], 2);
	assert_int_equal(e->n[2], 2);
	assert_int_equal(e->n[3], 2);
	for (int i = 0; i < 59; i++) {
		w->snap.streams.refused++;
		w->snap.streams.gave_up++; /* who waited in vain was refused as well */
		step(w, SECOND);
		assert_int_equal(told_now(w, EVENT_STREAM_REFUSED), 0);
	}
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_STREAM_REFUSED)->n[0], 118);
	forget_told(w);
	run(w, 300 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_REFUSED], 0);
}

static void a_restart_counts_on(void **state)
{
	struct world *w = *state;

	with_streams(w, 2);
	run(w, 10 * SECOND, SECOND);
	w->snap.streams.refused = 3;
	step(w, SECOND);
	forget_told(w);
	run(w, 100 * SECOND, SECOND);
	state_resume(&w->state);
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_REFUSED], 0);
	w->snap.streams.refused = 5; /* as if it had been away meanwhile */
	state_resume(&w->state);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_STREAM_REFUSED)->n[0], 2);
}

/* Rule 9: a counter that falls means another file, never an underflow. */
static void a_counter_that_falls_begins_anew(void **state)
{
	struct world *w = *state;

	with_streams(w, 2);
	w->snap.streams.refused = 100;
	run(w, 10 * SECOND, SECOND);
	w->snap.streams.refused = 2;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_REFUSED], 0);
	w->snap.streams.refused = 4;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_STREAM_REFUSED)->n[0], 2);
}

static void scribbled_counters_are_told_once(void **state)
{
	struct world *w = *state;

	with_streams(w, 2);
	w->snap.streams.refused = 100;
	run(w, 10 * SECOND, SECOND);
	w->snap.streams.counters_bad = true;
	w->snap.streams.refused = 0;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SEMAPHORE_MENDED], 1);
	w->snap.streams.counters_bad = false;
	w->snap.streams.refused = 1;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_REFUSED], 0);
	w->snap.streams.counters_bad = true;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SEMAPHORE_MENDED)->reason, REASON_SLOTS_COUNTERS);
}

/* A plan that is full already: the streams wait for the next one. */
static void a_full_plan_puts_it_off(void **state)
{
	struct world *w = *state;

	with_streams(w, 2);
	file_is(w, SLOT_FILE_ABSENT);
	for (uint16_t i = 0; i < 120; i++) {
		const char name[] = {(char)('a' + i % 26), (char)('a' + i / 26), '\0'};

		add_member(w, add_service(w, name, 0, 0), 1000U + i);
	}
	step(w, SECOND);
	assert_int_equal(w->done[ACT_STREAMS_MEND], 0);
	assert_true(w->plan.wake_us == w->snap.now_us);
	calm_down(w);
	assert_int_equal(w->done[ACT_STREAMS_MEND], 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_a_cap_nothing_is_done),
		TEST(an_absent_file_is_made),
		TEST(what_is_wrong_is_put_right_and_told),
		TEST(another_file_at_its_path_is_told_at_once),
		TEST(what_is_no_plain_file_is_left_alone),
		TEST(what_fails_is_told_once_and_tried_more_slowly),
		TEST(a_stubborn_writer_is_mended_after_for_ever),
		TEST(a_forged_header_is_written_over),
		TEST(it_is_not_published_twice),
		TEST(what_cannot_be_seen_is_not_mended),
		TEST(who_only_observes_makes_no_file),
		TEST(the_first_refusal_is_told_at_once_the_others_by_the_minute),
		TEST(a_restart_counts_on),
		TEST(a_counter_that_falls_begins_anew),
		TEST(scribbled_counters_are_told_once),
		TEST(a_full_plan_puts_it_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
