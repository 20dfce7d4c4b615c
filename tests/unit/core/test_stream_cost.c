/*
 * stream_cost: what one stream takes, from the policy's guess to what was seen.
 */
#include <string.h>

#include "world.h"

#define MARGIN (5 * MIB)

static uint64_t cost(const struct world *w)
{
	return w->state.streams.cost_bytes;
}

static void until_some_have_run_the_policy_says(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	step(w, SECOND);
	assert_true(cost(w) == 100 * MIB);
	streams_took(w, 7, 40 * MIB);
	assert_int_equal(w->state.streams.n_costs, 7);
	assert_true(cost(w) == 100 * MIB);
	streams_took(w, 1, 40 * MIB);
	assert_true(cost(w) == 40 * MIB + MARGIN);
}

/* More than the guess counts from the first on. */
static void a_guess_that_is_too_low_is_raised_at_once(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	streams_took(w, 1, 180 * MIB);
	assert_true(cost(w) == 180 * MIB + MARGIN);
}

/* A camera may be watched for days. */
static void those_that_run_count(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	add_stream(w, 1, 0)->anon_bytes = 200 * MIB;
	step(w, SECOND);
	assert_true(cost(w) == 100 * MIB); /* its decoder may still grow */
	run(w, 10 * SECOND, SECOND);
	assert_true(cost(w) == 200 * MIB + MARGIN);
	stream(w, 1)->anon_bytes = 220 * MIB;
	step(w, SECOND);
	assert_true(cost(w) == 220 * MIB + MARGIN);
	stream(w, 1)->anon_bytes = 150 * MIB; /* the peak stays */
	step(w, SECOND);
	assert_true(cost(w) == 220 * MIB + MARGIN);
	end_stream(w, 1);
	step(w, SECOND);
	assert_true(cost(w) == 220 * MIB + MARGIN);
	assert_int_equal(w->state.streams.n_costs, 1);
}

/* A camera that does not answer makes a short, small stream, again and again. */
static void short_lives_teach_nothing(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	for (uint32_t pid = 1; pid < 30; pid++) {
		add_stream(w, pid, 0)->anon_bytes = 5 * MIB;
		run(w, 9 * SECOND, SECOND);
		end_stream(w, pid);
		step(w, SECOND);
	}
	assert_int_equal(w->state.streams.n_costs, 0);
	assert_true(cost(w) == 100 * MIB);
}

static void what_was_not_read_teaches_nothing(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	streams_took(w, 10, 0);
	assert_int_equal(w->state.streams.n_costs, 0);
	assert_true(cost(w) == 100 * MIB);
}

/* One of 32 that was out of the ordinary is not the rule; two are. */
static void the_ninety_fifth_percentile_counts(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	streams_took(w, 31, 60 * MIB);
	streams_took(w, 1, 900 * MIB);
	assert_true(cost(w) == 60 * MIB + MARGIN);
	streams_took(w, 1, 800 * MIB);
	assert_true(cost(w) == 800 * MIB + MARGIN);
}

static void the_latest_count(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	streams_took(w, 40, 300 * MIB);
	assert_true(cost(w) == 300 * MIB + MARGIN);
	streams_took(w, STREAM_COSTS_KEPT, 30 * MIB);
	assert_true(cost(w) == 30 * MIB + MARGIN);
	assert_int_equal(w->state.streams.n_costs, STREAM_COSTS_KEPT);
}

/* The smallest ffmpeg that copies takes 15 MiB (FACTS 4.2). */
static void it_is_never_next_to_nothing(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	streams_took(w, 10, MIB);
	assert_true(cost(w) == 16 * MIB);
}

static void numbers_beyond_all_sense_stay_numbers(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->policy.streams.per_stream_bytes = UINT64_MAX;
	step(w, SECOND);
	assert_true(cost(w) == (1ULL << 50));
	streams_took(w, 10, UINT64_MAX);
	assert_true(cost(w) == (1ULL << 50) + MARGIN);
	assert_int_equal(w->state.streams.effective_cap, 0);
}

static void a_restart_forgets_nothing(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	streams_took(w, 8, 40 * MIB);
	add_stream(w, 1, 0)->anon_bytes = 60 * MIB;
	run(w, 5 * SECOND, SECOND);
	state_resume(&w->state);
	run(w, 6 * SECOND, SECOND);
	assert_true(cost(w) == 60 * MIB + MARGIN); /* ten seconds in all */
	forget_told(w);
	run(w, 10 * SECOND, SECOND);
	assert_silent(w);
}

/* Another program: what the first one took says nothing. */
static void another_command_begins_anew(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	streams_took(w, 8, 40 * MIB);
	strcpy(w->policy.streams.command, "gst-launch-1.0");
	want_streams(w, 6);
	step(w, SECOND);
	assert_true(cost(w) == 100 * MIB);
	w->policy.streams.per_stream_bytes = 70 * MIB;
	want_streams(w, 6);
	step(w, SECOND);
	assert_true(cost(w) == 70 * MIB);
}

/* The same number is not the same process. */
static void a_pid_that_comes_back_is_another(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	add_stream(w, 1, 0)->anon_bytes = 300 * MIB;
	run(w, 9 * SECOND, SECOND);
	stream(w, 1)->start_ticks++;
	run(w, 9 * SECOND, SECOND);
	assert_true(cost(w) == 100 * MIB);
	assert_int_equal(w->state.streams.n_costs, 0);
}

static void processes_that_cannot_be_read_have_not_ended(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	add_stream(w, 1, 0)->anon_bytes = 300 * MIB;
	run(w, 5 * SECOND, SECOND);
	w->snap.streams.valid = STREAMS_FILE;
	w->snap.streams.n_processes = 0;
	run(w, 20 * SECOND, SECOND);
	assert_int_equal(w->state.streams.n_known, 1);
	assert_int_equal(w->state.streams.n_costs, 0);
}

static void more_than_the_tables_hold_is_cut(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->snap.streams.n_processes = UINT16_MAX;
	for (uint32_t i = 0; i < STREAM_PROCESSES_MAX; i++)
		w->snap.streams.process[i] = (struct stream_process){.pid = i + 1, .slot = -1};
	run(w, 15 * SECOND, SECOND);
	assert_int_equal(w->state.streams.n_known, STREAM_PROCESSES_MAX);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(until_some_have_run_the_policy_says),
		TEST(a_guess_that_is_too_low_is_raised_at_once),
		TEST(those_that_run_count),
		TEST(short_lives_teach_nothing),
		TEST(what_was_not_read_teaches_nothing),
		TEST(the_ninety_fifth_percentile_counts),
		TEST(the_latest_count),
		TEST(it_is_never_next_to_nothing),
		TEST(numbers_beyond_all_sense_stay_numbers),
		TEST(a_restart_forgets_nothing),
		TEST(another_command_begins_anew),
		TEST(a_pid_that_comes_back_is_another),
		TEST(processes_that_cannot_be_read_have_not_ended),
		TEST(more_than_the_tables_hold_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
