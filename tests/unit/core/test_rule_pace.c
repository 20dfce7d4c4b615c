/*
 * rule_pace: the more memory is free, the longer until the next look; and what ends it.
 */
#include "world.h"

static const uint64_t fill_bytes = 512 * MIB; /* a second */

static struct world *calm_world(void **state)
{
	struct world *w = *state;

	w->policy.host.idle_interval_us = 5 * SECOND;
	w->snap.host.mem_available_bytes = 4000 * MIB;
	return w;
}

static uint64_t pace(struct world *w)
{
	step(w, SECOND);
	return w->plan.wake_us - w->snap.now_us;
}

/* What is free until the warning at 80 % of 4000 MiB. */
static void leave_until_warning(struct world *w, uint64_t bytes)
{
	w->snap.host.mem_available_bytes = 800 * MIB + bytes;
}

static void an_empty_host_is_looked_at_seldom(void **state)
{
	struct world *w = calm_world(state);

	assert_int_equal(pace(w), 5 * SECOND);
	w->policy.host.idle_interval_us = 60 * SECOND;
	assert_in_range(pace(w), 6 * SECOND, 7 * SECOND); /* 3200 MiB */
}

static void the_pace_follows_what_is_free(void **state)
{
	struct world *w = calm_world(state);

	leave_until_warning(w, 3 * fill_bytes);
	assert_in_range(pace(w), 3 * SECOND, 3 * SECOND + 10 * MS);
	leave_until_warning(w, 2 * fill_bytes);
	assert_in_range(pace(w), 2 * SECOND, 2 * SECOND + 10 * MS);
	leave_until_warning(w, fill_bytes / 2);
	assert_int_equal(pace(w), SECOND);
	leave_until_warning(w, 0);
	assert_int_equal(pace(w), SECOND);
}

static void an_idle_interval_below_the_interval_is_none(void **state)
{
	struct world *w = calm_world(state);

	w->policy.host.idle_interval_us = 100 * MS;
	assert_int_equal(pace(w), SECOND);
	w->policy.host.interval_us = 0;
	assert_int_equal(pace(w), SECOND);
}

/* What cannot be read is not empty. */
static void an_unread_host_is_looked_at_each_interval(void **state)
{
	struct world *w = calm_world(state);

	w->snap.host.valid = 0;
	assert_int_equal(pace(w), SECOND);
}

static void pressure_and_levels_keep_awake(void **state)
{
	struct world *w = calm_world(state);

	w->snap.host.psi_memory.some.avg10_centipct = 1; /* not valid: not looked at */
	assert_int_equal(pace(w), 5 * SECOND);
	w->snap.host.valid |= HOST_PSI_MEMORY;
	assert_int_equal(pace(w), SECOND);
	w->snap.host.psi_memory.some.avg10_centipct = 0;
	assert_int_equal(pace(w), 5 * SECOND);
	w->snap.host.mem_available_bytes = 100 * MIB;
	step(w, SECOND);
	w->snap.host.mem_available_bytes = 4000 * MIB; /* and the level is left after 10 s */
	assert_int_equal(pace(w), SECOND);
	run(w, 11 * SECOND, SECOND);
	assert_int_equal(pace(w), 5 * SECOND);
}

static void a_member_near_its_warning_keeps_awake(void **state)
{
	struct world *w = calm_world(state);
	uint16_t web = add_service(w, "web", 1000 * MIB, 0);

	add_member(w, web, 1);
	run(w, 30 * SECOND, SECOND);
	assert_int_equal(pace(w), 5 * SECOND);
	use_memory(w, 1, 640 * MIB);
	assert_int_equal(pace(w), 5 * SECOND);
	use_memory(w, 1, 660 * MIB);
	assert_int_equal(pace(w), SECOND);
	member(w, 1)->changed = false; /* and so at the next tick, in which nothing changes */
	assert_int_equal(pace(w), SECOND);
	use_memory(w, 1, 100 * MIB);
	assert_int_equal(pace(w), 5 * SECOND);
	use_memory(w, 1, 900 * MIB);
	step(w, SECOND);
	use_memory(w, 1, 100 * MIB); /* its level is not left yet */
	assert_int_equal(pace(w), SECOND);
}

static void a_member_of_no_service_does_not(void **state)
{
	struct world *w = calm_world(state);

	add_member(w, 7, 1);
	use_memory(w, 1, 900 * MIB);
	run(w, 30 * SECOND, SECOND);
	assert_int_equal(pace(w), 5 * SECOND);
}

static void what_happens_keeps_awake(void **state)
{
	struct world *w = calm_world(state);
	uint16_t web = add_service(w, "web", 1000 * MIB, 0);

	assert_int_equal(pace(w), 5 * SECOND);
	add_member(w, web, 1);
	step(w, SECOND); /* an event and an action */
	assert_true(w->plan.n_events > 0 && w->plan.n_actions > 0);
	assert_true(w->plan.wake_us <= w->snap.now_us + SECOND);
	step(w, SECOND); /* a result */
	assert_true(w->plan.wake_us <= w->snap.now_us + SECOND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_host_is_looked_at_seldom),
		TEST(the_pace_follows_what_is_free),
		TEST(an_idle_interval_below_the_interval_is_none),
		TEST(an_unread_host_is_looked_at_each_interval),
		TEST(pressure_and_levels_keep_awake),
		TEST(a_member_near_its_warning_keeps_awake),
		TEST(a_member_of_no_service_does_not),
		TEST(what_happens_keeps_awake),
	};

	return cmocka_run_group_tests_name("rule_pace", tests, NULL, NULL);
}
