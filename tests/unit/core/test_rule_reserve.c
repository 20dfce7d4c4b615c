/*
 * rule_reserve: reservations need their ancestors.
 */
#include "world.h"

#include <errno.h>

/* Two services that want 100 and 50 MiB below a slice (9001) in system.slice (9000). */
static struct world *two(void **state)
{
	struct world *w = *state;

	w->snap.n_ancestors = 2;
	w->snap.ancestor[1] = w->snap.ancestor[0];
	w->snap.ancestor[1].inode = 9001;
	w->snap.ancestor[1].parent = 0;
	add_service(w, "db", 0, 100 * MIB);
	add_service(w, "cache", 0, 50 * MIB);
	add_member(w, 0, 100)->ancestor = 1;
	add_member(w, 1, 101);
	return w;
}

static void each_ancestor_gets_the_sum_below_it(void **state)
{
	struct world *w = two(state);

	calm_down(w);
	assert_int_equal(w->snap.ancestor[1].low_bytes, 100 * MIB);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 150 * MIB);
	assert_int_equal(w->done[ACT_RESERVE], 2);
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_RESERVE], 2);
}

static void a_higher_foreign_value_is_left_alone(void **state)
{
	struct world *w = two(state);

	w->snap.ancestor[0].low_bytes = 400 * MIB;
	run(w, 200 * SECOND, SECOND);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 400 * MIB);
	assert_int_equal(w->done[ACT_RESERVE], 1);
}

static void a_smaller_policy_lowers_only_our_own(void **state)
{
	struct world *w = two(state);

	calm_down(w);
	w->snap.ancestor[1].low_bytes = 300 * MIB; /* somebody else, later */
	want(w, 0, LIMIT_LOW, 40 * MIB);
	w->snap.policy_generation++;
	run(w, 59 * SECOND, SECOND);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 150 * MIB);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 90 * MIB);
	assert_int_equal(w->snap.ancestor[1].low_bytes, 300 * MIB);
}

/* MemoryLow= of the slice in a drop-in of the host's owner: raised for as long as the policy needs
 * more. */
static void what_was_found_comes_back(void **state)
{
	struct world *w = two(state);

	w->snap.ancestor[0].low_bytes = 120 * MIB;
	calm_down(w);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 150 * MIB);
	want(w, 0, LIMIT_LOW, 10 * MIB);
	w->snap.policy_generation++;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 120 * MIB);
	assert_int_equal(w->snap.ancestor[1].low_bytes, 10 * MIB);
	forget_told(w);
	run(w, 200 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_RESERVE], 0);
}

static void a_restarting_container_does_not_move_the_slice(void **state)
{
	struct world *w = two(state);

	calm_down(w);
	forget_told(w);
	remove_member(w, 100);
	run(w, 30 * SECOND, SECOND);
	add_member(w, 0, 102)->ancestor = 1;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_RESERVE], 0);
}

static void a_conflict_reserves_nothing(void **state)
{
	struct world *w = two(state);

	member(w, 100)->also = 1;
	calm_down(w);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 50 * MIB);
	assert_int_equal(w->snap.ancestor[1].low_bytes, 0);
}

static void an_unread_ancestor_is_not_written(void **state)
{
	struct world *w = two(state);

	w->snap.ancestor[0].has_low = w->snap.ancestor[1].has_low = false;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_RESERVE], 0);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 0);
}

/* Without the ancestors it protects nothing, and that is told. */
static void what_fails_is_void_and_told_once(void **state)
{
	struct world *w = two(state);

	limit_put(&member(w, 100)->live, LIMIT_LOW, 100 * MIB);
	limit_put(&member(w, 101)->live, LIMIT_LOW, 50 * MIB);
	w->error = -EPERM;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 2); /* one a member */
	assert_in_range(w->done[ACT_RESERVE], 8, 20);
	w->error = 0;
	run(w, 300 * SECOND, SECOND);
	assert_int_equal(w->snap.ancestor[0].low_bytes, 150 * MIB);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 2);
}

static void the_event_says_what_is_missing(void **state)
{
	struct world *w = two(state);

	limit_put(&member(w, 100)->live, LIMIT_LOW, 100 * MIB);
	limit_put(&member(w, 101)->live, LIMIT_LOW, 50 * MIB);
	w->snap.ancestor[1].low_bytes = 100 * MIB;
	w->snap.ancestor[0].low_bytes = 10 * MIB;
	w->error = -EPERM;
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_RESERVATION_VOID)->service, 0);
	assert_int_equal(event_of(w, EVENT_RESERVATION_VOID)->n[0], 100 * MIB);
	assert_int_equal(event_of(w, EVENT_RESERVATION_VOID)->n[1], 10 * MIB);
}

static void only_what_is_below_is_void(void **state)
{
	struct world *w = two(state);

	limit_put(&member(w, 100)->live, LIMIT_LOW, 100 * MIB);
	limit_put(&member(w, 101)->live, LIMIT_LOW, 50 * MIB);
	w->snap.ancestor[0].low_bytes = NONE;
	w->error = -EPERM;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 1);
}

static void a_stubborn_writer_makes_it_void(void **state)
{
	struct world *w = two(state);

	for (int i = 0; i < 100; i++) {
		step(w, SECOND);
		w->snap.ancestor[0].low_bytes = 0;
	}
	assert_int_equal(w->done[ACT_RESERVE], 1 + 3);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 2);
	w->snap.policy_generation++;
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
}

static void observe_says_it_is_void(void **state)
{
	struct world *w = two(state);

	w->error = -ECANCELED;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 2);
	assert_int_equal(w->done[ACT_RESERVE], 2);
}

static void a_vanished_slice_fails_in_silence(void **state)
{
	struct world *w = two(state);

	limit_put(&member(w, 100)->live, LIMIT_LOW, 100 * MIB);
	limit_put(&member(w, 101)->live, LIMIT_LOW, 50 * MIB);
	w->error = -ENOENT;
	step(w, SECOND);
	step(w, SECOND);
	w->snap.n_ancestors = 0;
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 0);
}

static void a_broken_chain_of_parents_ends(void **state)
{
	struct world *w = two(state);

	w->snap.ancestor[0].parent = 1; /* each above the other */
	member(w, 101)->ancestor = 63;
	w->error = -EPERM;
	run(w, 5 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 1);
}

static void sums_stop_at_the_top(void **state)
{
	struct world *w = two(state);

	want(w, 0, LIMIT_LOW, NONE - 5);
	want(w, 1, LIMIT_LOW, NONE - 5);
	step(w, SECOND);
	assert_int_equal(w->state.ancestor[0].need_bytes, NONE);
}

static void more_voids_than_fit_are_told_in_turn(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 0, MIB);
	for (uint64_t i = 0; i < 200; i++)
		limit_put(&add_member(w, 0, 100 + i)->live, LIMIT_LOW, MIB);
	w->error = -EPERM;
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(w->plan.wake_us, w->snap.now_us);
	run(w, 10 * MS, MS);
	assert_int_equal(w->told[EVENT_RESERVATION_VOID], 200);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_ancestor_gets_the_sum_below_it),
		TEST(a_higher_foreign_value_is_left_alone),
		TEST(a_smaller_policy_lowers_only_our_own),
		TEST(what_was_found_comes_back),
		TEST(a_restarting_container_does_not_move_the_slice),
		TEST(a_conflict_reserves_nothing),
		TEST(an_unread_ancestor_is_not_written),
		TEST(what_fails_is_void_and_told_once),
		TEST(the_event_says_what_is_missing),
		TEST(only_what_is_below_is_void),
		TEST(a_stubborn_writer_makes_it_void),
		TEST(observe_says_it_is_void),
		TEST(a_vanished_slice_fails_in_silence),
		TEST(a_broken_chain_of_parents_ends),
		TEST(sums_stop_at_the_top),
		TEST(more_voids_than_fit_are_told_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
