/*
 * stream_stray: who goes around the slots is told, and stopped if the policy says so; who holds one
 * never is.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

/* Two slots, both held, and as many strays; the policy stops the newest. */
static void crowd(struct world *w, uint32_t strays)
{
	with_streams(w, 2);
	w->policy.streams.over_cap = OVER_CAP_STOP_NEWEST;
	add_stream(w, 1, 0);
	add_stream(w, 2, 1);
	run(w, 10 * SECOND, SECOND);
	for (uint32_t i = 0; i < strays; i++)
		add_stream(w, 11 + i, STREAM_NO_SLOT);
	forget_told(w);
}

static uint32_t acts(const struct world *w)
{
	return w->done[ACT_STREAM_TERM] + w->done[ACT_STREAM_KILL] +
	       w->done[ACT_STREAM_STOP_CONTAINER];
}

static void a_stray_is_told_after_two_seconds(void **state)
{
	struct world *w = *state;
	const struct event *e;

	with_streams(w, 6);
	add_stream(w, 1, 0);
	add_stream(w, 77, STREAM_NO_SLOT);
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 0);
	assert_true(w->plan.wake_us <= w->snap.now_us + SECOND);
	step(w, SECOND);
	e = event_of(w, EVENT_STREAM_UNACCOUNTED);
	assert_int_equal(e->service, 0);
	assert_int_equal(e->n[0], 1);
	assert_int_equal(e->n[1], 77);
	assert_int_equal(e->n[2], 1);
	assert_int_equal(e->n[3], 6);
	run(w, 300 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 1);
	assert_int_equal(acts(w), 0);
}

static void it_is_told_again_when_there_are_more_or_there_were_none(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	add_stream(w, 1, STREAM_NO_SLOT);
	add_stream(w, 2, STREAM_NO_SLOT);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 1);
	end_stream(w, 1);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->state.streams.unaccounted, 1);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 1);
	add_stream(w, 3, STREAM_NO_SLOT);
	add_stream(w, 4, STREAM_NO_SLOT);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 2);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED_OVER], 0);
	end_stream(w, 2);
	end_stream(w, 3);
	end_stream(w, 4);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_STREAM_UNACCOUNTED_OVER), 1);
	add_stream(w, 5, STREAM_NO_SLOT);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 3);
	state_resume(&w->state);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 3);
}

/* One that exits and is started again each few seconds must not fill the journal. */
static void flapping_strays_are_rationed(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	for (uint32_t pid = 1; pid < 150; pid++) {
		add_stream(w, pid, STREAM_NO_SLOT);
		run(w, 3 * SECOND, SECOND);
		end_stream(w, pid);
		step(w, SECOND);
	}
	assert_in_range(
		w->told[EVENT_STREAM_UNACCOUNTED] + w->told[EVENT_STREAM_UNACCOUNTED_OVER], 8, 19);
}

/* Somebody's slot has a holder that is none of these: a shell, whose child is one of them. */
static void a_slot_of_an_unknown_holder_accounts_for_one(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->snap.streams.slot[2].held = true;
	w->snap.streams.in_use = 3;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 0);
	add_stream(w, 12, STREAM_NO_SLOT); /* one too many, but which? */
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 1);
	assert_int_equal(acts(w), 0);
}

static void the_newest_is_stopped(void **state)
{
	struct world *w = *state;
	const struct action *a;
	const struct event *e;

	crowd(w, 2);
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(acts(w), 0);
	step(w, SECOND);
	a = action_of(w, ACT_STREAM_TERM);
	assert_int_equal(a->pid, 12);
	assert_int_equal(a->start_ticks, 7012);
	assert_int_equal(a->inode, 500);
	assert_int_equal(a->service, 0);
	e = event_of(w, EVENT_STREAM_STOPPING);
	assert_int_equal(e->reason, REASON_STREAM_TERM);
	assert_int_equal(e->n[0], 12);
	assert_int_equal(e->n[1], 4);
	assert_int_equal(e->n[2], 2);
	assert_true(e->n[3] == 50 * MIB);
	step(w, SECOND);
	e = event_of(w, EVENT_STREAM_STOPPED);
	assert_int_equal(e->n[0], 12);
	assert_true(e->n[1] == 50 * MIB && e->n[2] == SECOND);
	step(w, SECOND); /* then the other */
	assert_int_equal(action_of(w, ACT_STREAM_TERM)->pid, 11);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(acts(w), 2);
	assert_int_equal(w->snap.streams.n_processes, 2);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED_OVER], 1);
}

/* As many strays as there are free slots are told, but harm nobody. */
static void not_more_than_allowed_means_nobody_is_stopped(void **state)
{
	struct world *w = *state;

	with_streams(w, 6);
	w->policy.streams.over_cap = OVER_CAP_STOP_NEWEST;
	for (uint32_t i = 0; i < 6; i++)
		add_stream(w, 1 + i, i < 3 ? (int16_t)i : STREAM_NO_SLOT);
	memory_carries(w, 0); /* the effective cap is no reason */
	w->policy.host.warn_centipct = w->policy.host.critical_centipct = 0;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 1);
	assert_int_equal(acts(w), 0);
}

static void over_for_a_moment_is_forgiven(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	run(w, 60 * SECOND, SECOND); /* stopped */
	forget_told(w);
	w->policy.streams.max = 3;
	w->snap.policy_generation++;
	add_stream(w, 21, STREAM_NO_SLOT);
	run(w, 10 * SECOND, SECOND);
	add_stream(w, 22, STREAM_NO_SLOT);
	step(w, SECOND);
	step(w, SECOND);
	end_stream(w, 22);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(acts(w), 0);
}

static void who_does_not_listen_is_killed_after_the_grace(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->stubborn = 1;
	run(w, 3 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_TERM], 1);
	run(w, 4 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 0);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_STREAM_KILL)->pid, 11);
	assert_int_equal(event_of(w, EVENT_STREAM_STOPPING)->reason, REASON_STREAM_KILL);
	step(w, SECOND);
	assert_true(event_of(w, EVENT_STREAM_STOPPED)->n[2] == 6 * SECOND);
	assert_int_equal(acts(w), 2);
}

/* In state D behind a dead network file system: the next one has its turn. */
static void who_survives_that_is_told_and_left(void **state)
{
	struct world *w = *state;
	const struct event *e;

	crowd(w, 2);
	w->stubborn = 2;
	run(w, 8 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 1);
	forget_told(w);
	run(w, 9 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_STOP_FAILED], 0);
	step(w, SECOND);
	e = event_of(w, EVENT_STREAM_STOP_FAILED);
	assert_int_equal(e->n[0], EBUSY);
	assert_int_equal(e->n[1], 12);
	w->stubborn = 0;
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_STREAM_TERM)->pid, 11);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(acts(w), 1);
}

static void a_failure_is_told_once_and_tried_again(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->error = -EPERM;
	run(w, 30 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_STOP_FAILED], 1);
	assert_int_equal(w->told[EVENT_STREAM_STOPPING], 1);
	assert_in_range(w->done[ACT_STREAM_TERM], 3, 6);
	w->error = 0;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_STOPPED], 1);
}

/* It has gone before the signal came: no failure. */
static void who_has_gone_already_has_gone(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->error = -ESRCH;
	run(w, 3 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_TERM], 1);
	step(w, 100 * MS);
	end_stream(w, 11);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_STREAM_STOPPED), 1);
	assert_int_equal(w->told[EVENT_STREAM_STOP_FAILED], 0);
}

/* Identity is pid and start: who has the number now is not followed. */
static void a_reused_pid_is_somebody_else(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->stubborn = 1;
	run(w, 3 * SECOND, SECOND);
	stream(w, 11)->start_ticks++;
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_STREAM_STOPPED), 1);
	run(w, SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 0);
	run(w, 3 * SECOND, SECOND); /* it is a stray as any other */
	assert_int_equal(w->done[ACT_STREAM_TERM], 2);
}

/* Between the signals others have ended: there is room again. */
static void nobody_is_killed_when_it_is_over(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->stubborn = 1;
	run(w, 3 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_TERM], 1);
	end_stream(w, 1);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 0);
	end_stream(w, 11);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_STREAM_STOPPED), 1);
}

static void a_slot_saves_at_the_last_moment(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->stubborn = 1;
	run(w, 3 * SECOND, SECOND);
	stream(w, 11)->slot = 2;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 0);
	assert_int_equal(w->state.streams.stop.pid, 0);
}

static void a_reload_that_only_tells_ends_it(void **state)
{
	struct world *w = *state;

	crowd(w, 2);
	w->stubborn = 1;
	run(w, 3 * SECOND, SECOND);
	w->policy.streams.over_cap = OVER_CAP_TELL;
	w->snap.policy_generation++;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(acts(w), 1);
	assert_int_equal(w->state.streams.stop.pid, 0);
}

/* Rule 12. */
static void the_protected_and_the_unknown_are_never_victims(void **state)
{
	struct world *w = *state;

	crowd(w, 3);
	stream(w, 13)->service = SERVICE_NONE;
	stream(w, 12)->service = add_service(w, "nvr", 0, 0);
	service(w, 1)->is_protected = true;
	w->snap.policy_generation++;
	stream(w, 11)->pid = 1;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(acts(w), 0);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 1);
}

static void a_container_of_its_own_is_stopped_by_docker(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	stream(w, 11)->is_container = true;
	run(w, 3 * SECOND, SECOND);
	assert_int_equal(action_of(w, ACT_STREAM_STOP_CONTAINER)->pid, 11);
	assert_int_equal(action_of(w, ACT_STREAM_STOP_CONTAINER)->value, 5 * SECOND);
	assert_int_equal(event_of(w, EVENT_STREAM_STOPPING)->reason, REASON_STREAM_CONTAINER);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_STREAM_STOPPED), 1);
	assert_int_equal(acts(w), 1);
}

static void without_docker_it_is_a_process_like_others(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	stream(w, 11)->is_container = true;
	w->snap.peer[PEER_DOCKER] = PEER_SILENT;
	run(w, 3 * SECOND, SECOND);
	assert_int_equal(action_of(w, ACT_STREAM_TERM)->pid, 11);
}

static void what_docker_cannot_do_a_signal_does(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	stream(w, 11)->is_container = true;
	w->error = -EIO;
	run(w, 3 * SECOND, SECOND);
	w->error = 0;
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_STREAM_TERM)->pid, 11);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_STREAM_STOPPED), 1);
	assert_int_equal(w->told[EVENT_STREAM_STOP_FAILED], 0);
}

/* Docker's own grace comes first. */
static void a_container_that_stays_is_killed(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	stream(w, 11)->is_container = true;
	w->stubborn = 1;
	run(w, 12 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 0);
	run(w, SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 1);
}

/* Whoever starts it again as soon as it is stopped has it stopped ever again, within reason. */
static void a_restart_loop_is_rationed(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	for (uint32_t pid = 100; pid < 300; pid++) {
		run(w, 4 * SECOND, SECOND);
		if (w->snap.streams.n_processes < 3)
			add_stream(w, pid, STREAM_NO_SLOT);
	}
	assert_in_range(acts(w), 60, 95);
}

static void what_cannot_be_read_accuses_nobody(void **state)
{
	struct world *w = *state;

	crowd(w, 2);
	step(w, SECOND);
	w->snap.streams.valid = STREAMS_PROCESSES;
	run(w, 60 * SECOND, SECOND);
	w->snap.streams.valid = STREAMS_FILE;
	run(w, 60 * SECOND, SECOND);
	w->snap.streams.valid |= STREAMS_PROCESSES;
	w->snap.streams.file_state = SLOT_FILE_UNUSABLE;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_UNACCOUNTED], 0);
	assert_int_equal(acts(w), 0);
	w->snap.streams.file_state = SLOT_FILE_OK;
	step(w, SECOND); /* durations begin again */
	step(w, SECOND);
	assert_int_equal(acts(w), 0);
	step(w, SECOND);
	assert_int_equal(acts(w), 1);
}

static void a_restart_of_guardiand_goes_on(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->stubborn = 1;
	w->hung = true;
	run(w, 3 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_STOPPING], 1);
	w->hung = false;
	state_resume(&w->state); /* whether the signal was sent nobody knows: once more */
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_STREAM_TERM)->pid, 11);
	assert_int_equal(w->told[EVENT_STREAM_STOPPING], 1);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 1);
	assert_int_equal(w->told[EVENT_STREAM_STOPPED], 1);
}

/* Rule 10. */
static void a_clock_that_jumps_restarts_the_grace(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->stubborn = 1;
	run(w, 4 * SECOND, SECOND);
	step(w, 3600 * SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 0);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_KILL], 1);
}

static void who_only_observes_stops_nobody(void **state)
{
	struct world *w = *state;
	const struct event *e;

	crowd(w, 2);
	w->policy.mode = MODE_OBSERVE;
	run(w, 2 * SECOND, SECOND);
	step(w, SECOND);
	e = event_of(w, EVENT_STREAM_OBSERVED);
	assert_int_equal(e->reason, REASON_STREAMS_STOP);
	assert_int_equal(e->n[2], 12);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_STREAM_OBSERVED], 1);
	assert_int_equal(acts(w), 0);
}

/* Rule 3: another rule has taken the tick's one. */
static void one_destructive_action_a_tick(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	run(w, 2 * SECOND, SECOND);
	use_memory(w, 500, 200 * MIB);
	want(w, 0, LIMIT_MAX, 100 * MIB);
	service(w, 0)->force = true;
	w->snap.policy_generation++;
	step(w, SECOND);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(acts(w), 0);
	assert_true(w->plan.wake_us <= w->snap.now_us + 200 * MS);
	step(w, 200 * MS);
	assert_int_equal(acts(w), 1);
}

static void sigkill_waits_for_its_turn_too(void **state)
{
	struct world *w = *state;

	crowd(w, 1);
	w->stubborn = 1;
	run(w, 7 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_STREAM_TERM], 1);
	use_memory(w, 500, 200 * MIB);
	want(w, 0, LIMIT_MAX, 100 * MIB);
	service(w, 0)->force = true;
	w->snap.policy_generation++;
	step(w, SECOND);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->done[ACT_STREAM_KILL], 0);
	step(w, 200 * MS);
	assert_int_equal(w->done[ACT_STREAM_KILL], 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_stray_is_told_after_two_seconds),
		TEST(it_is_told_again_when_there_are_more_or_there_were_none),
		TEST(flapping_strays_are_rationed),
		TEST(a_slot_of_an_unknown_holder_accounts_for_one),
		TEST(the_newest_is_stopped),
		TEST(not_more_than_allowed_means_nobody_is_stopped),
		TEST(over_for_a_moment_is_forgiven),
		TEST(who_does_not_listen_is_killed_after_the_grace),
		TEST(who_survives_that_is_told_and_left),
		TEST(a_failure_is_told_once_and_tried_again),
		TEST(who_has_gone_already_has_gone),
		TEST(a_reused_pid_is_somebody_else),
		TEST(nobody_is_killed_when_it_is_over),
		TEST(a_slot_saves_at_the_last_moment),
		TEST(a_reload_that_only_tells_ends_it),
		TEST(the_protected_and_the_unknown_are_never_victims),
		TEST(a_container_of_its_own_is_stopped_by_docker),
		TEST(without_docker_it_is_a_process_like_others),
		TEST(what_docker_cannot_do_a_signal_does),
		TEST(a_container_that_stays_is_killed),
		TEST(a_restart_loop_is_rationed),
		TEST(what_cannot_be_read_accuses_nobody),
		TEST(a_restart_of_guardiand_goes_on),
		TEST(a_clock_that_jumps_restarts_the_grace),
		TEST(who_only_observes_stops_nobody),
		TEST(one_destructive_action_a_tick),
		TEST(sigkill_waits_for_its_turn_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
