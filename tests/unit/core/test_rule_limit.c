/*
 * rule_limit: limits that hold. Traps 1, 2, 5, 7 and the life of an effort.
 */
#include "world.h"

#include <errno.h>
#include <string.h>

#define INODE 7001ULL

/* One service with a limit, one member of it. */
static struct world *one(void **state, uint64_t max)
{
	struct world *w = *state;

	add_service(w, "backend", max, 0);
	add_member(w, 0, INODE);
	return w;
}

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

/* trap 5: the kernel rounds down to a page */
static void page_rounding_is_no_difference(void **state)
{
	struct world *w = one(state, 100000000);

	calm_down(w);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_MAX], 99999744);
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 0);
}

/* trap 3, trap 4: what the kernel would read as 0 is never written */
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

static struct world *held(void **state, uint64_t max)
{
	struct world *w = one(state, max);

	calm_down(w);
	forget_told(w);
	return w;
}

static void foreign_write(struct world *w, uint64_t value)
{
	limit_put(&member(w, INODE)->live, LIMIT_MAX, value);
}

/* trap 1: a raw write is found at the next look, repaired at once and told once */
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

/* trap 1: daemon-reload puts all back to the unit's defaults */
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

/* trap 23: swap alone comes back at daemon-reload */
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

/* trap 2: docker update leaves live equal to stored */
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

/* ---- refusing ---- */

/* trap 7: lowering below what cannot be reclaimed kills in 19 ms */
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

/* trap 13: the cgroup went away between reading and writing */
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

/* trap 51: a container that restarts ten times a second */
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
		TEST(a_changed_policy_applies_anew),
		TEST(a_reload_while_pending_waits_for_the_result),
		TEST(a_conflict_is_told_once_and_left_alone),
		TEST(each_alarm_of_a_crowd_is_told),
		TEST(what_fails_for_ever_is_tried_for_ever),
		TEST(a_crash_loop_does_not_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
