/*
 * rule_limit: what is refused, what fails, and what the mode, a conflict and a reload do to it.
 */
#include "world.h"

#include "limit_scene.h"
#include <errno.h>
#include <string.h>

/* ---- refusing ---- */

/* Lowering below what cannot be reclaimed kills, within 19 ms. */
static void a_limit_below_use_is_refused(void **state)
{
	struct world *w = one(state, 20 * MIB);

	want(w, 0, LIMIT_SWAP_MAX, 0);
	use_memory(w, INODE, 60 * MIB);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_HOLD)->set.mask, K(LIMIT_SWAP_MAX));
	assert_int_equal(event_of(w, EVENT_LIMIT_REFUSED)->n[0], 20 * MIB);
	assert_int_equal(event_of(w, EVENT_LIMIT_REFUSED)->n[1], 60 * MIB);
	for (int i = 0; i < 100; i++) {
		use_memory(w, INODE, 60 * MIB + (uint64_t)(i % 7) * MIB);
		step(w, SECOND);
	}
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 1);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_MAX], NONE);
}

static void a_refused_limit_is_taken_up_when_it_fits(void **state)
{
	struct world *w = one(state, 100 * MIB);

	use_memory(w, INODE, 92 * MIB); /* x 1.1 = 101.2 */
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 0);
	use_memory(w, INODE, 90 * MIB); /* x 1.1 would fit, x 1.15 does not: no flapping */
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 0);
	use_memory(w, INODE, 86 * MIB);
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 1);
}

static void exactly_what_fits_is_set(void **state)
{
	struct world *w = one(state, 110 * MIB);

	use_memory(w, INODE, 100 * MIB);
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
}

static void without_memory_stat_nothing_is_lowered(void **state)
{
	struct world *w = one(state, 20 * MIB);

	service(w, 0)->force = true;
	member(w, INODE)->valid = MEMBER_CURRENT;
	member(w, INODE)->anon_bytes = 0;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_HOLD], 0);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 0);
}

static void raising_needs_no_look_at_use(void **state)
{
	struct world *w = one(state, 200 * MIB);

	limit_put(&member(w, INODE)->live, LIMIT_MAX, 100 * MIB);
	member(w, INODE)->valid = 0;
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
}

static void force_lowers_one_a_tick(void **state)
{
	struct world *w = one(state, 20 * MIB);

	service(w, 0)->force = true;
	use_memory(w, INODE, 60 * MIB);
	add_member(w, 0, INODE + 1);
	use_memory(w, INODE + 1, 60 * MIB);
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
	assert_true(w->plan.action[0].force);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + 200 * MS);
	step(w, 200 * MS);
	assert_int_equal(w->plan.n_actions, 1);
	assert_int_equal(w->plan.action[0].inode, INODE + 1);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 0);
}

static void ebusy_of_the_last_look_is_a_refusal(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->error = -EBUSY;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 0);
	assert_in_range(w->done[ACT_HOLD], 2, 8);
	w->error = 0;
	run(w, 120 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 1);
}

/* ---- failing ---- */

static void a_failure_is_told_once_an_errno_and_tried_again(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->error = -EACCES;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 1);
	assert_in_range(w->done[ACT_HOLD], 5, 8); /* 0, 1, 3, 7, ... */
	w->error = -EPERM;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 2);
	w->error = 0;
	run(w, 400 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 2);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 0);
}

static void a_failed_repair_is_no_new_drift(void **state)
{
	struct world *w = held(state, 512 * MIB);

	w->error = -EIO;
	foreign_write(w, 300 * MIB);
	run(w, 600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 1);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 0);
}

/* The cgroup went away between reading and writing. */
static void a_vanished_member_fails_in_silence(void **state)
{
	static const int errors[] = {-ENOENT, -ENODEV, -ESTALE}; /* -ETIMEDOUT: below */
	struct world *w = one(state, 512 * MIB);

	for (size_t i = 0; i < 3; i++) {
		w->error = errors[i];
		run(w, 2 * SECOND, SECOND);
		remove_member(w, INODE + i);
		add_member(w, 0, INODE + i + 1);
	}
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 0);
	run(w, 60 * SECOND, SECOND); /* but it is still there: something is wrong */
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 1);
}

static void a_result_that_never_comes_is_a_timeout(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->hung = true;
	step(w, SECOND);
	for (int lost = 0; lost < 3; lost++) {
		assert_int_equal(w->plan.n_actions, 1);
		run(w, 300 * SECOND, SECOND);
		assert_int_equal(w->plan.n_actions, 0);
		if (lost < 2) /* tried again after 1 and 2 s; being slow is no news yet */
			run(w, (uint64_t)(1 + lost) * SECOND, SECOND);
	}
	assert_int_equal(event_of(w, EVENT_LIMIT_FAILED)->n[0], ETIMEDOUT);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 1);
}

static void a_result_of_nobody_changes_nothing(void **state)
{
	struct world *w = held(state, 512 * MIB);
	struct state before = w->state;

	w->snap.n_results = 2;
	w->snap.result[0] = (struct result){.ticket = 12345, .error = -EIO};
	w->snap.result[1] = (struct result){.ticket = 0, .error = -EIO};
	step(w, SECOND);
	assert_silent(w);
	before.now_us = w->state.now_us;
	before.peer_ok_us[0] = before.peer_ok_us[1] = w->state.now_us;
	assert_memory_equal(&before, &w->state, sizeof(before));
}

/* Success that nobody can read is what a stubborn writer looks like: it ends. */
static void success_without_effect_ends_in_surrender(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->deaf = true;
	run(w, 300 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 0);
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 1);
	assert_int_equal(w->done[ACT_HOLD], 4);
}

static void a_late_reading_gets_a_moment(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->deaf = true;
	step(w, SECOND);
	step(w, 10 * MS);
	assert_silent(w);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + 200 * MS);
	w->deaf = false;
	foreign_write(w, 512 * MIB);
	step(w, 100 * MS);
	assert_int_equal(told_now(w, EVENT_LIMIT_APPLIED), 1);
}

/* ---- observe, conflict, reload ---- */

static void observe_tells_what_would_be_done_once(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->policy.mode = MODE_OBSERVE;
	w->error = -ECANCELED;
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_OBSERVED)->n[0], 512 * MIB);
	assert_int_equal(event_of(w, EVENT_LIMIT_OBSERVED)->n[1], NONE);
	run(w, 600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_OBSERVED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 0);
	assert_int_equal(w->done[ACT_HOLD], 1);
	w->state.adopted = 0; /* after a restart it is not told again */
	run(w, 600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_OBSERVED], 1);
}

/* The usual way of a new user: to look on first, and then to mean it, by a restart. */
static void what_was_observed_is_done_once_the_policy_enforces(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->policy.mode = MODE_OBSERVE;
	w->error = -ECANCELED;
	run(w, 10 * SECOND, SECOND);
	w->policy.mode = MODE_ENFORCE;
	w->state.adopted = 0;
	w->error = 0;
	run(w, 600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
}

static void a_changed_policy_applies_anew(void **state)
{
	struct world *w = held(state, 512 * MIB);

	want(w, 0, LIMIT_MAX, 256 * MIB);
	w->snap.policy_generation++;
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 0);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_MAX], 256 * MIB);
}

static void a_reload_while_pending_waits_for_the_result(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->hung = true;
	step(w, SECOND);
	want(w, 0, LIMIT_MAX, 256 * MIB);
	w->snap.policy_generation++;
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 0);
	w->hung = false;
	w->snap.n_results = 1;
	w->snap.result[0] = (struct result){.ticket = known(w, INODE)->limits.hold.ticket};
	step(w, SECOND);
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_MAX], 256 * MIB);
}

static void a_conflict_is_told_once_and_left_alone(void **state)
{
	struct world *w = one(state, 512 * MIB);

	add_service(w, "other", 100 * MIB, 50 * MIB);
	member(w, INODE)->also = 1;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_CONFLICT], 1);
	assert_int_equal(w->done[ACT_HOLD] + w->done[ACT_RESERVE], 0);
	member(w, INODE)->also = SERVICE_NONE;
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 1);
}

/* Each of a service scaled to 80 gets its alarm, as soon as the ration allows. */
static void each_alarm_of_a_crowd_is_told(void **state)
{
	struct world *w = *state;

	add_service(w, "worker", 512 * MIB, 0);
	for (uint64_t i = 0; i < 80; i++)
		add_member(w, 0, 100 + i);
	w->error = -EIO;
	run(w, 3600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 80);
	w->error = 0;
	run(w, 600 * SECOND, SECOND);
	forget_told(w);
	for (int i = 0; i < 600; i++) {
		for (uint64_t k = 0; k < 80; k++)
			limit_put(&member(w, 100 + k)->live, LIMIT_MAX, 300 * MIB);
		step(w, SECOND);
	}
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 80);
	want(w, 0, LIMIT_MAX, 20 * MIB);
	w->snap.policy_generation++;
	run(w, 400 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 80);
}

/* Retries and rounds are counted no further than a byte goes. */
static void what_fails_for_ever_is_tried_for_ever(void **state)
{
	struct world *w = one(state, 512 * MIB);

	w->policy.drift.rounds = 1000;
	w->policy.drift.backoff_us = 600 * SECOND; /* longer than the usual longest pause */
	w->error = -EAGAIN;
	run(w, 300 * 600 * SECOND, 10 * SECOND);
	assert_in_range(w->done[ACT_HOLD], 290, 301);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 0);
	assert_int_equal(known(w, INODE)->limits.hold.failures, UINT8_MAX);
}

/* A container that restarts ten times a second. */
static void a_crash_loop_does_not_flood(void **state)
{
	struct world *w = one(state, 512 * MIB);

	for (uint64_t i = 0; i < 1000; i++) {
		step(w, 50 * MS);
		step(w, 50 * MS);
		remove_member(w, INODE + i);
		add_member(w, 0, INODE + i + 1);
	}
	assert_in_range(w->told[EVENT_LIMIT_APPLIED], 64, 64 + 100 / 5 + 1);
	assert_in_range(w->told[EVENT_SERVICE_RESTARTED], 15, 16 + 10 + 1);
	assert_int_equal(w->state.service[0].restarts, 999);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_limit_below_use_is_refused),
		TEST(a_refused_limit_is_taken_up_when_it_fits),
		TEST(exactly_what_fits_is_set),
		TEST(without_memory_stat_nothing_is_lowered),
		TEST(raising_needs_no_look_at_use),
		TEST(force_lowers_one_a_tick),
		TEST(ebusy_of_the_last_look_is_a_refusal),
		TEST(a_failure_is_told_once_an_errno_and_tried_again),
		TEST(a_failed_repair_is_no_new_drift),
		TEST(a_vanished_member_fails_in_silence),
		TEST(a_result_that_never_comes_is_a_timeout),
		TEST(a_result_of_nobody_changes_nothing),
		TEST(success_without_effect_ends_in_surrender),
		TEST(a_late_reading_gets_a_moment),
		TEST(observe_tells_what_would_be_done_once),
		TEST(what_was_observed_is_done_once_the_policy_enforces),
		TEST(a_changed_policy_applies_anew),
		TEST(a_reload_while_pending_waits_for_the_result),
		TEST(a_conflict_is_told_once_and_left_alone),
		TEST(each_alarm_of_a_crowd_is_told),
		TEST(what_fails_for_ever_is_tried_for_ever),
		TEST(a_crash_loop_does_not_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
