/*
 * rule_knob: vm.swappiness and zswap are set, held, fought over for a while, and given back.
 */
#include <errno.h>

#include "world.h"

#define LONG (100 * SECOND)

static void it_is_set_and_told_once(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, 0);
	w->policy.swap.swappiness = 10;
	w->policy.swap.zswap = SWITCH_ON;
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_SWAPPINESS)->value, 10);
	assert_int_equal(action_of(w, ACT_ZSWAP)->value, SWITCH_ON);
	step(w, SECOND);
	e = event_of(w, EVENT_VM_SET);
	assert_int_equal(e->subject, KNOB_SWAPPINESS);
	assert_int_equal(e->n[0], 10);
	assert_int_equal(e->n[1], 60);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_VM_SET], 2);
	assert_int_equal(w->done[ACT_SWAPPINESS], 1);
	assert_int_equal(w->done[ACT_ZSWAP], 1);
}

static void what_is_so_already_is_left(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	w->policy.swap.swappiness = 60;
	w->policy.swap.zswap = SWITCH_OFF;
	run(w, LONG, SECOND);
	assert_int_equal(w->done[ACT_SWAPPINESS] + w->done[ACT_ZSWAP], 0);
	/* and not given back: it was there before */
	want_swap(w, 0);
	w->policy.swap.swappiness = SWAPPINESS_KEEP;
	w->snap.swap.swappiness = 30;
	run(w, LONG, SECOND);
	assert_int_equal(w->done[ACT_SWAPPINESS], 0);
}

static void what_cannot_be_read_is_not_set(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	w->snap.swap.valid = 0;
	w->policy.swap.swappiness = 10;
	w->policy.swap.zswap = SWITCH_ON;
	run(w, LONG, SECOND);
	assert_silent(w);
	assert_int_equal(w->done[ACT_SWAPPINESS] + w->done[ACT_ZSWAP], 0);
}

static void a_stubborn_writer_wins_in_the_end(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, 0);
	w->policy.swap.swappiness = 10;
	run(w, 10 * SECOND, SECOND);
	w->snap.swap.swappiness = 60;
	step(w, SECOND);
	e = event_of(w, EVENT_VM_DRIFT);
	assert_true(e->n[0] == 10 && e->n[1] == 60 && e->n[2] == 1);
	for (int i = 0; i < 100; i++) {
		run(w, 5 * SECOND, SECOND);
		w->snap.swap.swappiness = 60;
	}
	assert_int_equal(w->told[EVENT_VM_DRIFT], 3);
	assert_int_equal(w->told[EVENT_VM_SURRENDERED], 1);
	assert_int_equal(w->done[ACT_SWAPPINESS], 1 + 3);
	assert_int_equal(w->told[EVENT_VM_SET], 1);
	want_swap(w, 0);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->snap.swap.swappiness, 10);
}

static void another_wish_is_no_drift(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	w->policy.swap.swappiness = 10;
	run(w, 10 * SECOND, SECOND);
	want_swap(w, 0);
	w->policy.swap.swappiness = 20;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->snap.swap.swappiness, 20);
	assert_int_equal(w->told[EVENT_VM_DRIFT], 0);
	assert_int_equal(w->told[EVENT_VM_SET], 2);
	assert_int_equal(w->state.swap.knob[KNOB_SWAPPINESS].before, 60);
}

static void failures_are_told_once_an_errno(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	w->policy.swap.zswap = SWITCH_ON;
	w->error = -ENODEV;
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_VM_FAILED], 1);
	assert_in_range(w->done[ACT_ZSWAP], 3, 8);
	w->error = -EROFS;
	run(w, 3 * LONG, SECOND);
	assert_int_equal(w->told[EVENT_VM_FAILED], 2);
	assert_int_equal(w->state.swap.knob[KNOB_ZSWAP].is_ours, 0);
	w->hung = true;
	run(w, 1000 * SECOND, SECOND); /* a lost result is a failure too */
	w->hung = false;
	w->error = 0;
	run(w, 1000 * SECOND, SECOND);
	assert_int_equal(w->snap.swap.zswap, SWITCH_ON);
	assert_int_equal(w->state.swap.knob[KNOB_ZSWAP].is_ours, 1);
}

static void observe_only_tells(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	w->policy.mode = MODE_OBSERVE;
	w->policy.swap.swappiness = 10;
	w->error = -ECANCELED;
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_VM_OBSERVED], 1);
	assert_int_equal(w->done[ACT_SWAPPINESS], 1);
	assert_int_equal(w->state.swap.knob[KNOB_SWAPPINESS].is_ours, 0);
	w->snap.swap.swappiness = 10;
	run(w, LONG, SECOND);
	w->snap.swap.swappiness = 60;
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_VM_DRIFT], 0);
	assert_int_equal(w->told[EVENT_VM_OBSERVED], 2);
}

static void what_the_policy_lets_go_of_is_put_back(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	w->policy.swap.swappiness = 10;
	w->policy.swap.zswap = SWITCH_ON;
	run(w, 10 * SECOND, SECOND);
	want_swap(w, 0);
	w->policy.swap.swappiness = SWAPPINESS_KEEP;
	w->policy.swap.zswap = SWITCH_KEEP;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->snap.swap.swappiness, 60);
	assert_int_equal(w->snap.swap.zswap, SWITCH_OFF);
	w->snap.swap.swappiness = 30; /* whoever does that may */
	run(w, LONG, SECOND);
	assert_int_equal(w->snap.swap.swappiness, 30);
	assert_int_equal(w->told[EVENT_VM_DRIFT], 0);
}

static void no_room_or_ration_means_later(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	w->policy.swap.swappiness = 10;
	run(w, 10 * SECOND, SECOND);
	w->policy.drift.rounds = 1;
	w->state.swap.told.used = 50;
	w->state.swap.told.refill_us = w->snap.now_us;
	for (int i = 0; i < 5; i++) {
		w->snap.swap.swappiness = 60;
		run(w, 5 * SECOND, SECOND);
	}
	assert_int_equal(w->told[EVENT_VM_DRIFT] + w->told[EVENT_VM_SURRENDERED], 0);
	assert_int_equal(w->done[ACT_SWAPPINESS], 2);
	w->snap.swap.swappiness = 60;
	for (uint16_t i = 0; i < 120; i++) {
		char name[8] = {'s', (char)('a' + i / 26), (char)('a' + i % 26)};

		add_member(w, add_service(w, name, 0, 0), 100U + i);
	}
	w->snap.policy_generation++;
	step(w, SECOND);
	assert_int_equal(w->done[ACT_SWAPPINESS], 2);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_SWAPPINESS], 3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_is_set_and_told_once),
		TEST(what_is_so_already_is_left),
		TEST(what_cannot_be_read_is_not_set),
		TEST(a_stubborn_writer_wins_in_the_end),
		TEST(another_wish_is_no_drift),
		TEST(failures_are_told_once_an_errno),
		TEST(observe_only_tells),
		TEST(what_the_policy_lets_go_of_is_put_back),
		TEST(no_room_or_ration_means_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
