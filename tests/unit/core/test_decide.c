/*
 * decide: the tick itself. Quiet ticks, deadlines, full plans, clocks that jump.
 */
#include "world.h"

#include <errno.h>
#include <string.h>

static struct world *many(void **state, uint64_t n)
{
	struct world *w = *state;

	add_service(w, "worker", 512 * MIB, 0);
	for (uint64_t i = 0; i < n; i++)
		add_member(w, 0, 100 + i);
	return w;
}

static void an_empty_host_is_quiet(void **state)
{
	struct world *w = *state;

	step(w, SECOND);
	assert_silent(w);
	step(w, SECOND);
	assert_silent(w);
	assert_false(w->plan.state_changed);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + SECOND);
}

static void nothing_changed_the_plan_is_empty(void **state)
{
	struct world *w = many(state, 64);
	struct state before;

	calm_down(w);
	run(w, 10 * SECOND, SECOND);
	before = w->state;
	for (int i = 0; i < 100; i++) {
		step(w, SECOND);
		assert_silent(w);
		assert_false(w->plan.state_changed);
		assert_int_equal(w->plan.wake_us, w->snap.now_us + SECOND);
	}
	before.now_us = w->state.now_us;
	before.peer_ok_us[0] = before.peer_ok_us[1] = w->state.now_us;
	assert_memory_equal(&before, &w->state, sizeof(before));
}

static void what_does_not_fit_comes_at_once(void **state)
{
	struct world *w = many(state, SNAPSHOT_MEMBERS_MAX);
	int ticks = 1;

	step(w, SECOND);
	assert_in_range(w->plan.n_actions, 30, PLAN_ACTIONS_MAX);
	while (w->plan.wake_us == w->snap.now_us) {
		step(w, MS);
		assert_in_range(++ticks, 0, 100);
	}
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], SNAPSHOT_MEMBERS_MAX);
	for (uint16_t i = 0; i < SNAPSHOT_MEMBERS_MAX; i++)
		assert_int_equal(w->snap.member[i].live.value[LIMIT_MAX], 512 * MIB);
}

static void services_wait_for_room_too(void **state)
{
	struct world *w = *state;
	char name[8] = "svc-aaa";

	for (uint16_t i = 0; i < 300; i++) {
		name[5] = (char)('a' + i / 26);
		name[6] = (char)('a' + i % 26);
		add_member(w, add_service(w, name, 0, 0), 100U + i);
	}
	step(w, SECOND);
	assert_int_equal(w->plan.wake_us, w->snap.now_us);
	run(w, 100 * MS, MS);
	assert_int_equal(w->told[EVENT_SERVICE_FOUND], 300);
}

static void a_moment_of_zero_is_a_moment(void **state)
{
	struct world *w = many(state, 1);

	w->snap.now_us = 0;
	w->policy.host.interval_us = 0;
	step(w, 0);
	assert_int_equal(w->plan.wake_us, 1 + SECOND);
	assert_int_equal(w->plan.n_actions, 1);
}

static void memory_without_page_size_is_compared_as_it_is(void **state)
{
	struct world *w = many(state, 1);

	w->snap.page_bytes = 0;
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 1);
}

/* ---- clocks ---- */

/* A warning whose calm time has begun 5 s ago. */
static struct world *calming(void **state)
{
	struct world *w = many(state, 1);

	w->snap.host.valid = HOST_MEMORY | HOST_VMSTAT;
	w->snap.host.mem_available_bytes = 100 * MIB;
	calm_down(w);
	w->snap.host.mem_available_bytes = 3000 * MIB;
	w->snap.host.valid = HOST_MEMORY;
	run(w, 5 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_NORMAL], 0);
	return w;
}

static void time_going_back_restarts_durations(void **state)
{
	struct world *w = calming(state);

	w->snap.now_us = 500 * SECOND;
	step(w, 0);
	assert_int_equal(w->plan.n_events, 0);
	run(w, 9 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_NORMAL], 0);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_HOST_MEMORY_NORMAL), 1);
	assert_int_equal(w->told[EVENT_READING_LOST], 1);
}

static void a_jump_restarts_durations(void **state)
{
	struct world *w = calming(state);

	step(w, 8 * 3600 * SECOND); /* suspended for a night */
	assert_silent(w);
	run(w, 9 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_NORMAL], 0);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_HOST_MEMORY_NORMAL), 1);
}

static void a_late_tick_is_no_jump(void **state)
{
	struct world *w = calming(state);

	step(w, 13 * SECOND);
	assert_int_equal(told_now(w, EVENT_HOST_MEMORY_NORMAL), 1);
}

/* Everything that has a duration goes through it. */
static void all_durations_survive_a_jump(void **state)
{
	struct world *w = many(state, 3);

	want(w, 0, LIMIT_LOW, 10 * MIB);
	add_service(w, "other", 512 * MIB, 0);
	docker(add_member(w, 1, 50));
	calm_down(w);
	use_memory(w, 100, 500 * MIB);
	step(w, SECOND);
	use_memory(w, 100, 50 * MIB);
	member(w, 101)->valid &= ~(uint32_t)MEMBER_STAT;
	limit_put(&member(w, 102)->live, LIMIT_MAX, NONE);
	w->snap.peer[PEER_DOCKER] = PEER_SILENT;
	w->snap.ancestor[0].ev_oom_kill++;
	step(w, SECOND);
	w->snap.peer[PEER_DOCKER] = PEER_OK;
	remove_member(w, 50);
	step(w, 10 * MS);
	forget_told(w);
	for (int i = 0; i < 20; i++) {
		w->snap.now_us = i % 2 ? SECOND : 100000 * SECOND;
		step(w, 0);
	}
	for (int kind = 0; kind < EVENT_COUNT; kind++)
		assert_int_equal(w->told[kind], 0);
	run(w, 30 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 1);
	assert_int_equal(w->told[EVENT_READING_LOST], 1);
	assert_int_equal(w->told[EVENT_PEER_BACK], 1);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 1);
}

/* ---- tickets ---- */

static void tickets_wrap_around_those_in_use(void **state)
{
	struct world *w = many(state, 3);

	want(w, 0, LIMIT_LOW, 10 * MIB);
	w->state.next_ticket = UINT32_MAX;
	w->hung = true;
	step(w, SECOND);
	assert_int_equal(w->plan.action[0].ticket, UINT32_MAX);
	assert_int_equal(w->plan.action[1].ticket, 1);
	assert_int_equal(w->plan.action[3].kind, ACT_RESERVE);
	w->state.next_ticket = UINT32_MAX;
	w->state.member[0].limits.persist.ticket = 4;
	w->state.swap.knob[KNOB_ZSWAP].effort.ticket = 5;
	w->state.swap.file[1].effort[SWAP_EFFORT_MEND].ticket = 6;
	add_member(w, 0, 200);
	step(w, SECOND);
	assert_int_equal(w->plan.action[0].ticket, 7);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_host_is_quiet),
		TEST(nothing_changed_the_plan_is_empty),
		TEST(what_does_not_fit_comes_at_once),
		TEST(services_wait_for_room_too),
		TEST(a_moment_of_zero_is_a_moment),
		TEST(memory_without_page_size_is_compared_as_it_is),
		TEST(time_going_back_restarts_durations),
		TEST(a_jump_restarts_durations),
		TEST(a_late_tick_is_no_jump),
		TEST(all_durations_survive_a_jump),
		TEST(tickets_wrap_around_those_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
