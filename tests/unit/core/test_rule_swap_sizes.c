/*
 * rule_swap, sizes: looked at after a start and a reload alone, changed where memory can hold what
 * is in the file, and else waited for.
 */
#include <errno.h>

#include "world.h"

#define LONG (100 * SECOND)

static void a_size_is_looked_at_when_the_policy_changes(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, GIB);
	run(w, 10 * SECOND, SECOND);
	forget_told(w);
	foreign_swap(w, 512 * MIB); /* comes later, and moves nothing */
	run(w, LONG, SECOND);
	assert_int_equal(w->done[ACT_SWAP_RESIZE], 0);
	want_swap(w, 3 * GIB);
	step(w, SECOND);
	assert_true(action_of(w, ACT_SWAP_RESIZE)->size_bytes == 3 * GIB - 512 * MIB);
	step(w, SECOND);
	e = event_of(w, EVENT_SWAP_RESIZED);
	assert_true(e->n[0] == 3 * GIB - 512 * MIB && e->n[1] == GIB);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_OFF], 0); /* that was us */
	assert_int_equal(w->done[ACT_SWAP_RESIZE], 1);
}

static void a_resize_waits_until_it_fits(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	use_swap(w, 0, 1500 * MIB);
	w->snap.host.mem_available_bytes = 1000 * MIB;
	want_swap(w, GIB);
	step(w, SECOND);
	e = event_of(w, EVENT_SWAP_RESIZE_WAITS);
	assert_true(e->n[0] == GIB && e->n[1] == 2 * GIB);
	assert_true(e->n[2] == 1500 * MIB && e->n[3] == 1800 * MIB);
	run(w, 1000 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_RESIZE_WAITS], 1);
	assert_int_equal(w->done[ACT_SWAP_RESIZE], 0);
	w->snap.host.mem_available_bytes = 1800 * MIB;
	step(w, SECOND);
	assert_true(action_of(w, ACT_SWAP_RESIZE)->size_bytes == GIB);
	run(w, LONG, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_RESIZED], 1);
}

static void what_does_not_fit_after_all_is_no_failure(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	want_swap(w, GIB);
	w->error = -EBUSY;
	run(w, 20 * SECOND, SECOND);
	assert_in_range(w->done[ACT_SWAP_RESIZE], 2, 6);
	assert_int_equal(w->told[EVENT_SWAP_FAILED], 0);
	w->error = -ENOMEM;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_FAILED], 1);
}

/* It grows beside what is in use; the second is as much guardiand's own. */
static void a_second_file_is_made_and_kept(void **state)
{
	struct world *w = *state;

	with_swap(w, GIB);
	run(w, 10 * SECOND, SECOND);
	use_swap(w, 0, GIB);
	w->snap.host.mem_available_bytes = 100 * MIB;
	want_swap(w, 2 * GIB);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_SWAP_MAKE)->file, 1);
	assert_int_equal(event_of(w, EVENT_SWAP_MAKING)->subject, 1);
	run(w, LONG, SECOND);
	assert_int_equal(w->snap.swap.n_areas, 2);
	swap_file_is(w, 1, GIB, false);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SWAP_OFF)->subject, 1);
	assert_int_equal(action_of(w, ACT_SWAP_ON)->file, 1);
}

/* Rule 3: not beside a limit that kills. */
static void one_destructive_action_a_tick(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	run(w, 10 * SECOND, SECOND);
	add_service(w, "backend", 100 * MIB, 0);
	service(w, 0)->force = true;
	add_member(w, 0, 100);
	use_memory(w, 100, 500 * MIB);
	want_swap(w, GIB);
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
	assert_true(action_of(w, ACT_HOLD)->force);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_SWAP_RESIZE)->file, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_size_is_looked_at_when_the_policy_changes),
		TEST(a_resize_waits_until_it_fits),
		TEST(what_does_not_fit_after_all_is_no_failure),
		TEST(a_second_file_is_made_and_kept),
		TEST(one_destructive_action_a_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
