/*
 * rule_swap: what is lacking is done once, told once, tried again ever more slowly, and left alone
 * when it cannot be or another program will not have it.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

#define LONG (100 * SECOND)

static void it_is_made_told_and_left_in_peace(void **state)
{
	struct world *w = *state;
	const struct action *a;

	with_swap(w, 2 * GIB);
	w->policy.swap.priority = 10;
	step(w, SECOND);
	a = action_of(w, ACT_SWAP_MAKE);
	assert_true(a->size_bytes == 2 * GIB && a->reserve_bytes == 2 * GIB);
	assert_int_equal(a->value, 10);
	assert_int_equal(a->file, 0);
	assert_int_equal(a->service, SERVICE_NONE);
	assert_true(event_of(w, EVENT_SWAP_MAKING)->n[0] == 2 * GIB);
	step(w, SECOND);
	assert_true(event_of(w, EVENT_SWAP_MADE)->n[0] == 2 * GIB);
	assert_true(event_of(w, EVENT_SWAP_MADE)->n[1] == SECOND);
	forget_told(w);
	run(w, LONG, SECOND);
	assert_silent(w);
	assert_int_equal(w->done[ACT_SWAP_MAKE], 0);
	assert_int_equal(w->state.swap.open, 0);
}

/* Zeros on a slow disk take longer than any other result. */
static void it_may_take_an_hour(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	w->hung = true;
	step(w, SECOND);
	run(w, 3600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_MAKING], 1);
	w->snap.n_results = 1;
	w->snap.result[0] = (struct result){.ticket = w->state.swap.file[0].effort[0].ticket};
	swap_file_is(w, 0, 2 * GIB, true);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SWAP_MADE), 1);
}

static void what_fails_is_told_once_and_tried_more_slowly(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	w->error = -ENOSPC;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_MAKING], 1);
	assert_int_equal(w->told[EVENT_SWAP_FAILED], 1);
	assert_in_range(w->done[ACT_SWAP_MAKE], 3, 7);
	w->error = -EIO;
	run(w, 120 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_FAILED], 2);
	w->error = 0;
	run(w, 400 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_MADE], 1);
}

static void a_failure_names_the_step(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, 2 * GIB);
	swap_file_is(w, 0, 2 * GIB, false);
	w->error = -EINVAL;
	step(w, SECOND);
	step(w, SECOND);
	e = event_of(w, EVENT_SWAP_FAILED);
	assert_int_equal(e->reason, REASON_SWAP_ON);
	assert_int_equal(e->n[0], EINVAL);
	assert_true(e->n[1] == 2 * GIB);
}

/* After a boot there is the file; after a restart of guardiand it is in use. */
static void its_own_file_is_recognised(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	swap_file_is(w, 0, 2 * GIB, false);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_SWAP_ON)->inode, 70);
	step(w, SECOND);
	assert_true(event_of(w, EVENT_SWAP_ON)->n[0] == 2 * GIB);
	assert_int_equal(w->told[EVENT_SWAP_OFF], 0);
	run(w, LONG, SECOND);
	forget_told(w);
	state_resume(&w->state);
	run(w, LONG, SECOND);
	state_init(&w->state);
	run(w, LONG, SECOND);
	for (int kind = 0; kind < ACT_COUNT; kind++)
		assert_int_equal(w->done[kind], 0);
	for (int kind = EVENT_SWAP_MAKING; kind < EVENT_COUNT; kind++)
		assert_int_equal(w->told[kind], 0);
}

static void somebody_switches_it_off(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	swap_file_is(w, 0, 2 * GIB, false);
	step(w, SECOND);
	e = event_of(w, EVENT_SWAP_OFF);
	assert_true(e->n[0] == 2 * GIB);
	assert_int_equal(e->n[1], 1);
	assert_int_equal(action_of(w, ACT_SWAP_ON)->file, 0);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SWAP_ON), 1);
	run(w, 10 * SECOND, SECOND);
	swap_file_is(w, 0, 2 * GIB, false);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SWAP_OFF)->n[1], 2);
}

static void a_stubborn_one_wins(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	forget_told(w);
	for (int i = 0; i < 100; i++) {
		swap_file_is(w, 0, 2 * GIB, false);
		run(w, 5 * SECOND, SECOND);
	}
	assert_int_equal(w->told[EVENT_SWAP_OFF], 3);
	assert_int_equal(w->done[ACT_SWAP_ON], 3);
	assert_int_equal(w->told[EVENT_SWAP_SURRENDERED], 1);
	/* somebody switches it on, and off, long after */
	swap_file_is(w, 0, 2 * GIB, true);
	run(w, 1000 * SECOND, SECOND);
	swap_file_is(w, 0, 2 * GIB, false);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_OFF], 3);
	assert_int_equal(w->done[ACT_SWAP_ON], 3);
	want_swap(w, 2 * GIB); /* a reload opens the matter */
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_SWAP_ON], 4);
	assert_true(w->snap.swap.file[0].active);
}

static void who_also_removes_it_is_no_less_stubborn(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	forget_told(w);
	for (int i = 0; i < 100; i++) {
		w->snap.swap.file[0] = (struct swap_file){.state = SWAP_FILE_ABSENT};
		w->snap.swap.n_areas = 0;
		run(w, 5 * SECOND, SECOND);
	}
	assert_int_equal(w->told[EVENT_SWAP_OFF], 3);
	assert_int_equal(w->done[ACT_SWAP_MAKE], 3);
	assert_int_equal(w->told[EVENT_SWAP_SURRENDERED], 1);
}

static void what_is_refused_is_told_once_a_reason(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, 2 * GIB);
	w->snap.swap.fs_free_bytes = 3 * GIB;
	step(w, SECOND);
	e = event_of(w, EVENT_SWAP_REFUSED);
	assert_int_equal(e->reason, REASON_SWAP_SPACE);
	assert_true(e->n[0] == 2 * GIB && e->n[1] == 3 * GIB && e->n[2] == 2 * GIB);
	assert_int_equal(e->n[3], 0xef53);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_REFUSED], 1);
	w->snap.swap.valid = 0; /* not to know is not to be rid of it */
	run(w, LONG, SECOND);
	w->snap.swap.valid = SWAP_AREAS | SWAP_FILE_SEEN | SWAP_FS;
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_REFUSED], 1);
	w->snap.swap.file[0].state = SWAP_FILE_NOT_REGULAR;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SWAP_REFUSED)->reason, REASON_SWAP_NOT_REGULAR);
	w->snap.swap.file[0].state = SWAP_FILE_ABSENT;
	w->snap.swap.fs_free_bytes = 4 * GIB;
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SWAP_MAKING), 1);
}

static void other_swap_is_enough(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, 2 * GIB);
	foreign_swap(w, 2 * GIB);
	step(w, SECOND);
	e = event_of(w, EVENT_SWAP_COVERED);
	assert_true(e->n[0] == 2 * GIB && e->n[1] == 2 * GIB);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_COVERED], 1);
	want_swap(w, 2 * GIB);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_COVERED], 2);
	for (int kind = 0; kind < ACT_COUNT; kind++)
		assert_int_equal(w->done[kind], 0);
}

/* ---- mode and owner ---- */

static void mode_and_owner_are_mended(void **state)
{
	struct world *w = *state;
	struct swap_file *f;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	f = &w->snap.swap.file[0];
	f->mode_ok = false;
	f->mode = 0644;
	f->uid = 7;
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_SWAP_MEND)->inode, 70);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SWAP_MENDED)->n[0], 0644);
	assert_int_equal(event_of(w, EVENT_SWAP_MENDED)->n[1], 7);
	forget_told(w);
	for (int i = 0; i < 50; i++) {
		f->mode_ok = false;
		run(w, 5 * SECOND, SECOND);
	}
	assert_int_equal(w->told[EVENT_SWAP_MENDED], 2);
	assert_int_equal(w->told[EVENT_SWAP_SURRENDERED], 1);
	swap_file_is(w, 0, 2 * GIB, false)->mode_ok = false;
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SWAP_OFF), 1); /* that goes on all the same */
	assert_int_equal(action_of(w, ACT_SWAP_ON)->file, 0);
}

/* ---- modes and policies ---- */

static void observe_tells_what_would_be_done_once(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	w->policy.mode = MODE_OBSERVE;
	w->error = -ECANCELED;
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_OBSERVED], 1);
	assert_int_equal(w->told[EVENT_SWAP_MAKING], 0);
	assert_int_equal(w->told[EVENT_SWAP_FAILED], 0);
	assert_int_equal(w->done[ACT_SWAP_MAKE], 1);
	swap_file_is(w, 0, 3 * GIB, true)->mode_ok = false;
	run(w, LONG, SECOND);
	swap_file_is(w, 0, 3 * GIB, false);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_OFF], 0); /* nobody switches it on again */
	assert_int_equal(w->told[EVENT_SWAP_OBSERVED], 3);
	run(w, LONG, SECOND);
	assert_silent(w);
}

/* Also with a state from before a restart. */
static void what_was_observed_is_done_once_the_policy_enforces(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	w->policy.swap.swappiness = 10;
	w->policy.mode = MODE_OBSERVE;
	w->error = -ECANCELED;
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_OBSERVED], 1);
	assert_int_equal(w->told[EVENT_VM_OBSERVED], 1);
	w->policy.mode = MODE_ENFORCE;
	w->state.adopted = 0;
	w->error = 0;
	run(w, LONG, SECOND);
	assert_true(w->snap.swap.file[0].active);
	assert_int_equal(w->snap.swap.swappiness, 10);
}

static void without_a_size_nobody_looks_after_it(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	forget_told(w);
	want_swap(w, 0);
	run(w, 10 * SECOND, SECOND);
	swap_file_is(w, 0, 2 * GIB, false)->mode_ok = false;
	run(w, LONG, SECOND);
	assert_int_equal(w->done[ACT_SWAP_ON], 0);
	want_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_SWAP_ON], 1);
	assert_int_equal(w->told[EVENT_SWAP_OFF], 0);
}

/* What stood at the old path is somebody else's business now, also over a restart. */
static void another_path_is_another_file(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	forget_told(w);
	strcpy(w->policy.swap.file, "/data/swap");
	state_resume(&w->state);
	foreign_swap(w, GIB);
	w->snap.swap.file[0] = (struct swap_file){.state = SWAP_FILE_ABSENT};
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_OFF], 0);
	assert_int_equal(w->told[EVENT_SWAP_MADE], 1);
}

static void no_room_in_the_plan_means_later(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	for (uint16_t i = 0; i < 120; i++) {
		char name[8] = {'s', (char)('a' + i / 26), (char)('a' + i % 26)};

		add_member(w, add_service(w, name, 0, 0), 100U + i);
	}
	step(w, SECOND);
	assert_int_equal(w->done[ACT_SWAP_MAKE], 0);
	assert_true(w->plan.wake_us == w->snap.now_us);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_SWAP_MAKE], 1);
}

/* Whatever flaps, no more is told than the ration allows; and the alarm comes when it may. */
static void what_flaps_is_rationed(void **state)
{
	struct world *w = *state;
	uint32_t told = 0;

	with_swap(w, 2 * GIB);
	for (int i = 0; i < 6000; i++) {
		w->snap.swap.file[0].state = i % 2 ? SWAP_FILE_NOT_REGULAR : SWAP_FILE_NO_HEADER;
		if (i % 3 == 0) {
			want_swap(w, GIB);
			w->snap.swap.foreign_bytes = 4 * GIB;
			w->snap.swap.file[0].state = SWAP_FILE_ABSENT;
		}
		step(w, 100 * MS);
	}
	for (int kind = EVENT_SWAP_MAKING; kind < EVENT_COUNT; kind++)
		told += w->told[kind];
	assert_in_range(told, 16, 16 + 600 / 30 + 1);
}

static void a_full_ration_delays_the_wait_and_the_surrender(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	use_swap(w, 0, 1500 * MIB);
	w->snap.host.mem_available_bytes = 1000 * MIB;
	w->state.swap.told.used = 100;
	w->state.swap.told.refill_us = w->snap.now_us;
	want_swap(w, GIB);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_RESIZE_WAITS], 0);
	run(w, 3600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_RESIZE_WAITS], 1);
	w->state.swap.told.used = 100;
	w->state.swap.told.refill_us = w->snap.now_us;
	w->snap.swap.file[0].replaced = true;
	for (int i = 0; i < 20; i++) {
		w->snap.swap.file[0].mode_ok = false;
		run(w, 5 * SECOND, SECOND);
	}
	assert_int_equal(w->told[EVENT_SWAP_REFUSED], 0);
	run(w, 3600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_REFUSED], 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_is_made_told_and_left_in_peace),
		TEST(it_may_take_an_hour),
		TEST(what_fails_is_told_once_and_tried_more_slowly),
		TEST(a_failure_names_the_step),
		TEST(its_own_file_is_recognised),
		TEST(somebody_switches_it_off),
		TEST(a_stubborn_one_wins),
		TEST(who_also_removes_it_is_no_less_stubborn),
		TEST(what_is_refused_is_told_once_a_reason),
		TEST(other_swap_is_enough),
		TEST(mode_and_owner_are_mended),
		TEST(observe_tells_what_would_be_done_once),
		TEST(what_was_observed_is_done_once_the_policy_enforces),
		TEST(without_a_size_nobody_looks_after_it),
		TEST(another_path_is_another_file),
		TEST(no_room_in_the_plan_means_later),
		TEST(what_flaps_is_rationed),
		TEST(a_full_ration_delays_the_wait_and_the_surrender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
