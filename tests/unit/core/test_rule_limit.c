/*
 * rule_limit: limits that hold, and the life of an effort.
 */
#include "world.h"

#include "limit_scene.h"
#include <string.h>

static void applies_and_tells_once(void **state)
{
	struct world *w = one(state, 512 * MIB);

	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_HOLD)->set.mask, K(LIMIT_MAX));
	assert_int_equal(action_of(w, ACT_HOLD)->set.value[LIMIT_MAX], 512 * MIB);
	assert_int_equal(action_of(w, ACT_HOLD)->inode, INODE);
	assert_int_not_equal(action_of(w, ACT_HOLD)->ticket, 0);
	step(w, 10 * MS);
	assert_int_equal(event_of(w, EVENT_LIMIT_APPLIED)->n[0], 512 * MIB);
	assert_int_equal(event_of(w, EVENT_LIMIT_APPLIED)->n[1], NONE);
	assert_int_equal(event_of(w, EVENT_LIMIT_APPLIED)->limit, LIMIT_MAX);
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
	assert_int_equal(w->done[ACT_HOLD], 1);
}

static void one_action_and_an_event_for_each_value(void **state)
{
	struct world *w = one(state, 512 * MIB);

	want(w, 0, LIMIT_LOW, 128 * MIB);
	want(w, 0, LIMIT_SWAP_MAX, 0);
	want(w, 0, LIMIT_OOM_GROUP, 1);
	w->snap.ancestor[0].low_bytes = NONE;
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 4);
}

/* systemd 252 puts it to 0 whenever it writes a unit's values: it goes along behind them */
static void oom_group_goes_with_every_hold_of_a_unit(void **state)
{
	struct world *w = one(state, 512 * MIB);

	want(w, 0, LIMIT_OOM_GROUP, 1);
	member(w, INODE)->has_unit = true;
	limit_put(&member(w, INODE)->live, LIMIT_OOM_GROUP, 1);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_HOLD)->set.mask, K(LIMIT_MAX) | K(LIMIT_OOM_GROUP));
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
}

static void nothing_is_written_when_nothing_differs(void **state)
{
	struct world *w = one(state, 512 * MIB);

	limit_put(&member(w, INODE)->live, LIMIT_MAX, 512 * MIB);
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 0);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 0);
}

/* The kernel rounds down to a page. */
static void page_rounding_is_no_difference(void **state)
{
	struct world *w = one(state, 100000000);

	calm_down(w);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_MAX], 99999744);
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 0);
}

/* What the kernel would read as 0 is never written. */
static void below_the_floor_is_not_wanted(void **state)
{
	struct world *w = one(state, 1500);

	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 0);
}

static void an_absent_value_is_not_compared(void **state)
{
	struct world *w = one(state, 512 * MIB);

	want(w, 0, LIMIT_SWAP_MAX, 0);
	member(w, INODE)->live.mask = 0;
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 0);
	member(w, INODE)->live.mask = K(LIMIT_MAX);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_HOLD)->set.mask, K(LIMIT_MAX));
}

/* ---- drift ---- */

/* A raw write is found at the next look. */
static void drift_is_repaired_at_once_and_told_once(void **state)
{
	struct world *w = held(state, 512 * MIB);

	foreign_write(w, 300 * MIB);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->n[0], 512 * MIB);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->n[1], 300 * MIB);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->n[2], 1);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->reason, REASON_WRITER_UNKNOWN);
	assert_int_equal(action_of(w, ACT_HOLD)->set.value[LIMIT_MAX], 512 * MIB);
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 1);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 0);
}

static void drift_while_pending_is_not_told_again(void **state)
{
	struct world *w = held(state, 512 * MIB);

	w->hung = true;
	foreign_write(w, 300 * MIB);
	step(w, SECOND);
	for (int i = 0; i < 50; i++) {
		foreign_write(w, 300 * MIB + (uint64_t)i * 4096);
		step(w, SECOND);
		assert_silent(w);
	}
}

static void repairs_back_off(void **state)
{
	struct world *w = held(state, 512 * MIB);

	foreign_write(w, 300 * MIB);
	step(w, SECOND);
	step(w, 10 * MS);
	foreign_write(w, 301 * MIB);
	step(w, 300 * MS);
	assert_int_equal(told_now(w, EVENT_LIMIT_DRIFT), 1); /* seen at once */
	assert_int_equal(w->plan.n_actions, 0);              /* 1 s after the first repair */
	assert_int_equal(w->plan.wake_us, w->snap.now_us + 690 * MS);
	step(w, 690 * MS);
	assert_int_equal(w->plan.n_actions, 1);
	assert_int_equal(w->plan.n_events, 0);
}

static void a_stubborn_writer_wins_with_one_alarm(void **state)
{
	struct world *w = held(state, 512 * MIB);

	for (int i = 0; i < 300; i++) {
		foreign_write(w, 300 * MIB);
		step(w, SECOND);
	}
	assert_int_equal(w->done[ACT_HOLD], 3);
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 3);
	w->snap.policy_generation++; /* a reload opens it again */
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
}

static void a_new_cgroup_is_no_surrender(void **state)
{
	struct world *w = held(state, 512 * MIB);

	for (int i = 0; i < 60; i++) {
		foreign_write(w, 300 * MIB);
		step(w, SECOND);
	}
	remove_member(w, INODE);
	add_member(w, 0, INODE + 1);
	calm_down(w);
	assert_int_equal(member(w, INODE + 1)->live.value[LIMIT_MAX], 512 * MIB);
}

static void an_hourly_writer_is_corrected_for_ever(void **state)
{
	struct world *w = held(state, 512 * MIB);

	for (int hour = 0; hour < 10; hour++) {
		foreign_write(w, 300 * MIB);
		run(w, 3600 * SECOND, 10 * SECOND);
	}
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 0);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 10);
	assert_int_equal(w->done[ACT_HOLD], 10);
}

/* A daemon-reload puts all back to the unit's defaults. */
static void systemd_is_the_likely_writer(void **state)
{
	struct world *w = one(state, 512 * MIB);

	member(w, INODE)->has_unit = true;
	want(w, 0, LIMIT_SWAP_MAX, 256 * MIB);
	calm_down(w);
	foreign_write(w, NONE);
	limit_put(&member(w, INODE)->live, LIMIT_SWAP_MAX, NONE);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_LIMIT_DRIFT), 2);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->reason, REASON_WRITER_SYSTEMD);
}

/* Swap alone comes back at a daemon-reload where Docker set it to 0. */
static void swap_alone_points_to_systemd_too(void **state)
{
	struct world *w = one(state, 512 * MIB);

	member(w, INODE)->has_unit = true;
	want(w, 0, LIMIT_SWAP_MAX, 0);
	calm_down(w);
	limit_put(&member(w, INODE)->live, LIMIT_SWAP_MAX, NONE);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->limit, LIMIT_SWAP_MAX);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->reason, REASON_WRITER_SYSTEMD);
	assert_int_equal(action_of(w, ACT_HOLD)->set.value[LIMIT_SWAP_MAX], 0);
}

/* docker update leaves what is live equal to what is stored. */
static void docker_is_the_likely_writer(void **state)
{
	struct world *w = one(state, 512 * MIB);

	docker(member(w, INODE));
	calm_down(w);
	foreign_write(w, 300 * MIB);
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, 300 * MIB);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->reason, REASON_WRITER_DOCKER);
}

static void a_direct_write_has_an_unknown_writer(void **state)
{
	struct world *w = one(state, 512 * MIB);

	docker(member(w, INODE));
	calm_down(w);
	foreign_write(w, 300 * MIB);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->reason, REASON_WRITER_UNKNOWN);
	limit_put(&member(w, INODE)->live, LIMIT_OOM_GROUP, 1);
	want(w, 0, LIMIT_OOM_GROUP, 0);
	calm_down(w);
	limit_put(&member(w, INODE)->live, LIMIT_OOM_GROUP, 1);
	step(w, 2 * SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->reason, REASON_WRITER_UNKNOWN);
}

static void without_a_unit_it_was_not_systemd(void **state)
{
	struct world *w = held(state, 512 * MIB);

	foreign_write(w, NONE);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->reason, REASON_WRITER_UNKNOWN);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(applies_and_tells_once),
		TEST(one_action_and_an_event_for_each_value),
		TEST(oom_group_goes_with_every_hold_of_a_unit),
		TEST(nothing_is_written_when_nothing_differs),
		TEST(page_rounding_is_no_difference),
		TEST(below_the_floor_is_not_wanted),
		TEST(an_absent_value_is_not_compared),
		TEST(drift_is_repaired_at_once_and_told_once),
		TEST(drift_while_pending_is_not_told_again),
		TEST(repairs_back_off),
		TEST(a_stubborn_writer_wins_with_one_alarm),
		TEST(a_new_cgroup_is_no_surrender),
		TEST(an_hourly_writer_is_corrected_for_ever),
		TEST(systemd_is_the_likely_writer),
		TEST(swap_alone_points_to_systemd_too),
		TEST(docker_is_the_likely_writer),
		TEST(a_direct_write_has_an_unknown_writer),
		TEST(without_a_unit_it_was_not_systemd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
