/*
 * stream_cap: how many streams may run follows memory: down at once, up slowly.
 */
#include "world.h"

/* The host is never in warning, however much is used. */
static void no_levels(struct world *w)
{
	w->policy.host.warn_centipct = 0;
	w->policy.host.critical_centipct = 0;
}

static uint32_t cap(const struct world *w)
{
	return w->state.streams.effective_cap;
}

static void memory_enough_means_the_policy_alone(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	run(w, 30 * SECOND, SECOND);
	assert_int_equal(cap(w), 6);
	assert_int_equal(w->state.streams.reason, SLOT_CAP_FULL);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 0); /* the file says so already */
	assert_silent(w);
}

static void it_falls_in_the_same_tick(void **state)
{
	struct world *w = *state;
	const struct action *a;
	const struct event *e;

	with_streams(w, 6);
	step(w, SECOND);
	memory_carries(w, 4);
	no_levels(w);
	step(w, SECOND);
	assert_int_equal(cap(w), 4);
	a = action_of(w, ACT_STREAMS_PUBLISH);
	assert_int_equal(a->cap, 6);
	assert_int_equal(a->effective_cap, 4);
	assert_int_equal(a->cap_reason, SLOT_CAP_MEMORY);
	e = event_of(w, EVENT_STREAM_CAP_LOWERED);
	assert_int_equal(e->n[0], 6);
	assert_int_equal(e->n[1], 4);
	assert_true(e->n[2] == 800 * MIB && e->n[3] == 100 * MIB);
	assert_int_equal(e->reason, REASON_STREAMS_MEMORY);
	forget_told(w);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_CAP_LOWERED], 0);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 0);
}

static void it_rises_by_one_each_recover(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	memory_carries(w, 2);
	step(w, SECOND);
	assert_int_equal(cap(w), 2);
	memory_carries(w, 16);
	step(w, SECOND);
	for (uint32_t more = 3; more <= 6; more++) {
		run(w, 9 * SECOND, SECOND);
		assert_int_equal(cap(w), more - 1);
		step(w, SECOND);
		assert_int_equal(cap(w), more);
		assert_int_equal(w->told[EVENT_STREAM_CAP_RESTORED], more == 6);
	}
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(cap(w), 6);
	assert_int_equal(w->snap.streams.effective_cap, 6);
	assert_int_equal(w->snap.streams.reason, SLOT_CAP_FULL);
	assert_int_equal(w->told[EVENT_STREAM_CAP_LOWERED], 1);
	assert_int_equal(w->told[EVENT_STREAM_CAP_RESTORED], 1);
}

/* The room must have been there all the time. */
static void room_for_a_moment_is_none(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	memory_carries(w, 2);
	step(w, SECOND);
	for (int i = 0; i < 10; i++) {
		memory_carries(w, 16);
		run(w, 9 * SECOND, SECOND);
		assert_int_equal(cap(w), 2);
		memory_carries(w, 2);
		step(w, SECOND);
		assert_int_equal(cap(w), 2);
	}
	assert_int_equal(w->told[EVENT_STREAM_CAP_LOWERED], 1);
}

/* Those that run are what memory carries already; in warning nobody new is let in. */
static void those_that_run_go_on(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	for (int16_t i = 0; i < 5; i++)
		add_stream(w, (uint32_t)i + 1, i)->anon_bytes = 100 * MIB;
	run(w, 40 * SECOND, SECOND);
	memory_carries(w, 0);
	step(w, SECOND);
	assert_int_equal(cap(w), 5);
	w->policy.host.warn_centipct = 8000;
	step(w, SECOND);
	assert_int_equal(cap(w), 0);
	assert_int_equal(w->state.streams.reason, SLOT_CAP_WARNING);
	assert_int_equal(event_of(w, EVENT_STREAM_CAP_LOWERED)->reason, REASON_STREAMS_WARNING);
	step(w, SECOND);
	assert_int_equal(w->snap.streams.effective_cap, 0);
	assert_int_equal(w->snap.streams.in_use, 5);
	for (int kind = ACT_STREAM_TERM; kind < ACT_COUNT; kind++)
		assert_int_equal(w->done[kind], 0);
}

/* After a warning: first those that run, then one more at a time. */
static void after_a_warning_it_rises_to_those_that_run_first(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	for (int16_t i = 0; i < 3; i++)
		add_stream(w, (uint32_t)i + 1, i)->anon_bytes = 100 * MIB;
	w->state.host_level.now = MEMORY_WARN;
	w->snap.host.mem_available_bytes = 500 * MIB;
	step(w, SECOND);
	assert_int_equal(cap(w), 0);
	memory_carries(w, 16);
	run(w, 10 * SECOND, SECOND); /* the level is left */
	assert_int_equal(cap(w), 0);
	run(w, 12 * SECOND, SECOND);
	assert_int_equal(cap(w), 3);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(cap(w), 4);
}

/* A stream that has just begun will still take what one takes. */
static void the_young_will_still_grow(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	memory_carries(w, 3);
	add_stream(w, 1, 0)->anon_bytes = 10 * MIB;
	step(w, SECOND);
	assert_int_equal(cap(w), 3);         /* one that runs, and (300 - 90) / 100 more */
	add_stream(w, 2, 1)->anon_bytes = 0; /* taken, and not read yet */
	step(w, SECOND);
	assert_int_equal(cap(w), 3); /* two that run, and (300 - 190) / 100 */
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(cap(w), 5); /* grown up: what they take is not available any more */
}

/* Taken a moment ago: its process was not met yet. */
static void a_slot_without_a_process_is_young_too(void **state)
{
	struct world *w = *state;
	struct streams_sample *s = &w->snap.streams;

	with_streams(w, 6);
	no_levels(w);
	memory_carries(w, 3);
	s->slot[0] = (struct slot_sample){
		.held = true, .record_ok = true, .since_us = w->snap.realtime_us};
	s->in_use = 1;
	step(w, SECOND);
	assert_int_equal(cap(w), 3);
	s->slot[0].since_us -= 40 * SECOND;
	run(w, 10 * SECOND, SECOND);
	step(w, SECOND);
	assert_int_equal(cap(w), 4);
	s->slot[0].since_us = w->snap.realtime_us;
	s->slot[0].record_ok = false; /* since when nobody knows */
	step(w, SECOND);
	assert_int_equal(cap(w), 4);
}

static void without_a_reading_it_stays(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	memory_carries(w, 2);
	step(w, SECOND);
	w->snap.host.valid = 0;
	memory_carries(w, 0);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(cap(w), 2);
	memory_carries(w, 16);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(cap(w), 2);
	w->snap.host.valid = HOST_MEMORY;
	run(w, 11 * SECOND, SECOND);
	assert_int_equal(cap(w), 3);
	w->snap.streams.valid = 0; /* who runs is not known */
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(cap(w), 3);
}

/* trap 49: nobody is stopped, nothing wraps; raising needs no restart. */
static void a_cap_below_those_that_run_stops_nobody(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->policy.streams.over_cap = OVER_CAP_STOP_NEWEST;
	for (int16_t i = 0; i < 6; i++)
		add_stream(w, (uint32_t)i + 1, i)->anon_bytes = 100 * MIB;
	run(w, 40 * SECOND, SECOND);
	want_streams(w, 2);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_STREAMS_PUBLISH)->cap, 2);
	assert_int_equal(action_of(w, ACT_STREAMS_PUBLISH)->effective_cap, 2);
	forget_told(w);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(cap(w), 2);
	assert_int_equal(w->state.streams.reason, SLOT_CAP_FULL);
	for (int kind = 0; kind < ACT_COUNT; kind++)
		assert_int_equal(w->done[kind], 0);
	for (int kind = 0; kind < EVENT_COUNT; kind++)
		assert_int_equal(w->told[kind], 0);
	want_streams(w, 8); /* it had not been lowered by memory: at once */
	step(w, SECOND);
	assert_int_equal(cap(w), 8);
	assert_int_equal(action_of(w, ACT_STREAMS_PUBLISH)->cap, 8);
}

static void a_lowered_cap_that_is_raised_rises_slowly(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	memory_carries(w, 3);
	step(w, SECOND);
	memory_carries(w, 16);
	want_streams(w, 8);
	step(w, SECOND);
	assert_int_equal(cap(w), 3);
	assert_int_equal(action_of(w, ACT_STREAMS_PUBLISH)->cap, 8);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(cap(w), 4);
	want_streams(w, 2);
	step(w, SECOND);
	assert_int_equal(cap(w), 2);
	assert_int_equal(w->state.streams.reason, SLOT_CAP_FULL);
}

static void more_than_there_are_slots_is_cut(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	want_streams(w, 5000);
	w->snap.host.mem_total_bytes = w->snap.host.mem_available_bytes = 64 * GIB;
	step(w, SECOND);
	assert_int_equal(cap(w), STREAM_SLOTS_MAX);
	w->snap.streams.in_use = UINT16_MAX;
	step(w, SECOND);
	assert_int_equal(cap(w), STREAM_SLOTS_MAX);
}

static void flapping_is_told_within_reason(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	w->policy.streams.recover_us = SECOND;
	for (int i = 0; i < 300; i++) {
		memory_carries(w, i % 6 ? 16 : 5);
		step(w, SECOND);
	}
	assert_in_range(
		w->told[EVENT_STREAM_CAP_LOWERED] + w->told[EVENT_STREAM_CAP_RESTORED], 6, 12);
	run(w, 300 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_CAP_LOWERED], w->told[EVENT_STREAM_CAP_RESTORED]);
}

static void a_restart_keeps_the_cap_and_repeats_nothing(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	no_levels(w);
	memory_carries(w, 2);
	run(w, 5 * SECOND, SECOND);
	forget_told(w);
	state_resume(&w->state);
	run(w, 5 * SECOND, SECOND);
	assert_int_equal(cap(w), 2);
	assert_int_equal(w->told[EVENT_STREAM_CAP_LOWERED], 0);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 0);
}

static void who_only_observes_tells_what_would_be(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->policy.mode = MODE_OBSERVE;
	no_levels(w);
	memory_carries(w, 2);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_STREAM_OBSERVED)->reason, REASON_STREAMS_CAP);
	assert_int_equal(event_of(w, EVENT_STREAM_OBSERVED)->n[1], 2);
	run(w, 60 * SECOND, SECOND);
	memory_carries(w, 16);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAMS_PUBLISH], 0);
	assert_int_equal(w->told[EVENT_STREAM_OBSERVED], 1);
	assert_int_equal(w->told[EVENT_STREAM_CAP_LOWERED], 0);
	assert_int_equal(w->told[EVENT_STREAM_CAP_RESTORED], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(memory_enough_means_the_policy_alone),
		TEST(it_falls_in_the_same_tick),
		TEST(it_rises_by_one_each_recover),
		TEST(room_for_a_moment_is_none),
		TEST(those_that_run_go_on),
		TEST(after_a_warning_it_rises_to_those_that_run_first),
		TEST(the_young_will_still_grow),
		TEST(a_slot_without_a_process_is_young_too),
		TEST(without_a_reading_it_stays),
		TEST(a_cap_below_those_that_run_stops_nobody),
		TEST(a_lowered_cap_that_is_raised_rises_slowly),
		TEST(more_than_there_are_slots_is_cut),
		TEST(flapping_is_told_within_reason),
		TEST(a_restart_keeps_the_cap_and_repeats_nothing),
		TEST(who_only_observes_tells_what_would_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
