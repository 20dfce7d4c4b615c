/*
 * state: what is kept over a restart is recognised, and nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include <stdlib.h>
#include <string.h>

#include "guardian/state.h"
#include "test_names.h"

static struct state state;

static int begin(void **unused)
{
	(void)unused;
	memset(&state, 0, sizeof(state));
	state_init(&state);
	return 0;
}

static bool valid(void)
{
	return state_valid(&state, state_kept_size(&state));
}

static void only_what_is_used_is_kept(void **unused)
{
	(void)unused;
	assert_true(valid());
	assert_int_equal(state_kept_size(&state), offsetof(struct state, member));
	state.n_members = SNAPSHOT_MEMBERS_MAX;
	assert_int_equal(state_kept_size(&state), sizeof(state));
	assert_true(valid());
}

static void init_leaves_unused_pages_alone(void **unused)
{
	(void)unused;
	state.member[5].inode = 7;
	state.n_members = 6;
	state_init(&state);
	assert_int_equal(state.n_members, 0);
	assert_int_equal(state.member[5].inode, 7);
}

/* Each of these makes it another program's, another version's, or nonsense. */
static void nothing_else_is_recognised(void **unused)
{
#define BREAK(field, value)                                                                        \
	do {                                                                                       \
		begin(NULL);                                                                       \
		state.n_members = 1;                                                               \
		state.field = (value);                                                             \
		assert_false(state_valid(&state, sizeof(state)));                                  \
		assert_false(valid());                                                             \
	} while (0)
	(void)unused;
	BREAK(magic, 0);
	BREAK(version, STATE_VERSION + 1);
	BREAK(size, 8);
	BREAK(n_ancestors, SNAPSHOT_ANCESTORS_MAX + 1);
	BREAK(n_services, POLICY_SERVICES_MAX + 1);
	BREAK(n_departed, STATE_DEPARTED_MAX + 1);
	BREAK(next_departed, STATE_DEPARTED_MAX);
	BREAK(host_level.now, MEMORY_LEVELS);
	BREAK(rules, MEMORY_RULES);
	BREAK(member[0].level.now, MEMORY_LEVELS);
	BREAK(streams.n_known, STREAM_PROCESSES_MAX + 1);
	BREAK(streams.n_costs, STREAM_COSTS_KEPT + 1);
	BREAK(streams.next_cost, STREAM_COSTS_KEPT);
	BREAK(streams.max, STREAM_SLOTS_MAX + 1);
	BREAK(streams.effective_cap, 1); /* over max */
	BREAK(streams.reason, SLOT_CAP_REASONS);
	BREAK(streams.file_problem, SLOT_FILE_STATES);
	BREAK(streams.stop.stage, STREAM_STOP_STAGES);
	begin(NULL);
	state.n_members = SNAPSHOT_MEMBERS_MAX + 1;
	assert_false(state_valid(&state, sizeof(state)));
}

static void a_part_is_not_recognised(void **unused)
{
	size_t len = state_kept_size(&state);

	(void)unused;
	assert_false(state_valid(&state, len - 1));
	assert_false(state_valid(&state, len + 1));
	assert_false(state_valid(&state, 0));
	state.n_members = 1;
	assert_false(state_valid(&state, len));
}

static void streams_survive_a_restart_and_begin_their_durations_again(void **unused)
{
	struct streams_state *s = &state.streams;

	(void)unused;
	s->n_known = 1;
	s->effort[STREAMS_EFFORT_STOP] = (struct effort){.ticket = 9, .asked_us = 3};
	s->stop = (struct stream_stop){.pid = 4711, .stage = STREAM_STOP_TERM, .stage_us = 3};
	s->cost[0] = 77;
	s->over_us = 4;
	state.stream[0] = (struct stream_known){.pid = 4711, .seen_us = 2};
	state_resume(&state);
	assert_int_equal(s->effort[STREAMS_EFFORT_STOP].ticket, 0);
	assert_int_equal(s->stop.pid, 4711);
	assert_int_equal(s->cost[0], 77);
	state_restart_durations(&state, 1000);
	assert_int_equal(s->effort[STREAMS_EFFORT_STOP].asked_us, 1000);
	assert_int_equal(s->stop.stage_us, 1000);
	assert_int_equal(s->over_us, 1000);
	assert_int_equal(s->room_us, 0); /* had not begun */
	assert_int_equal(state.stream[0].seen_us, 1000);
	assert_int_equal(state.stream[0].bare_us, 0);
}

static void resuming_forgets_what_was_under_way(void **unused)
{
	(void)unused;
	state.adopted = 1;
	state.n_members = 2;
	state.n_ancestors = 1;
	state.member[1].deadline_us = UINT64_MAX;
	state.member[1].limits.hold = (struct effort){.ticket = 5, .rounds = 2};
	state.member[1].limits.persist = (struct effort){.ticket = 6, .ended = 1};
	state.ancestor[0].reserve.ticket = 7;
	state_resume(&state);
	assert_int_equal(state.adopted, 0);
	assert_int_equal(state.member[1].deadline_us, 0);
	assert_int_equal(state.member[1].limits.hold.ticket, 0);
	assert_int_equal(state.member[1].limits.hold.rounds, 2); /* budgets survive */
	assert_int_equal(state.member[1].limits.persist.ticket, 0);
	assert_int_equal(state.ancestor[0].reserve.ticket, 0);
}

/* A docker update that was under way may have been done. */
static void an_update_under_way_ended_without_an_answer(void **unused)
{
	(void)unused;
	state.now_us = 55;
	state.n_members = 1;
	state.member[0].limits.persist.ticket = 9;
	state_resume(&state);
	assert_int_equal(state.member[0].limits.persist.ticket, 0);
	assert_int_equal(state.member[0].limits.persist.ended, 1);
	assert_int_equal(state.member[0].limits.persist.ended_us, 55);
	assert_int_equal(state.member[0].limits.persist.outcome, -ETIMEDOUT);
}

static void only_what_has_begun_begins_again(void **unused)
{
	(void)unused;
	state.n_services = 1;
	state.n_departed = 1;
	state.service[0].gone_us = 5;
	state.departed[0].at_us = 5;
	state.peer_back_us[1] = 5;
	state.host_level.calm_us = 5;
	state_restart_durations(&state, 77);
	assert_int_equal(state.service[0].gone_us, 77);
	assert_int_equal(state.service[0].ooms.refill_us, 0);
	assert_int_equal(state.departed[0].at_us, 77);
	assert_int_equal(state.peer_back_us[0], 0);
	assert_int_equal(state.peer_back_us[1], 77);
	assert_int_equal(state.host_level.calm_us, 77);
	assert_int_equal(state.host_readings.changing_us, 0);
}

static void swap_is_resumed_and_begins_again(void **unused)
{
	struct swap_file_memory *second = &state.swap.file[1];

	(void)unused;
	second->effort[SWAP_EFFORT_ON] = (struct effort){.ticket = 3, .ended = 1, .asked_us = 5};
	state.swap.knob[KNOB_ZSWAP].effort = (struct effort){.ticket = 4, .window_us = 6};
	state.swap.thrash = (struct thrash_state){.window_us = 7, .since_us = 8};
	state.swap.normal_us = 9;
	state_resume(&state);
	assert_int_equal(second->effort[SWAP_EFFORT_ON].ticket, 0);
	assert_int_equal(second->effort[SWAP_EFFORT_ON].ended, 0);
	assert_int_equal(state.swap.knob[KNOB_ZSWAP].effort.ticket, 0);
	state_restart_durations(&state, 77);
	assert_int_equal(second->effort[SWAP_EFFORT_ON].asked_us, 77);
	assert_int_equal(state.swap.knob[KNOB_ZSWAP].effort.window_us, 77);
	assert_int_equal(state.swap.thrash.window_us, 0); /* with its counters it is void */
	assert_int_equal(state.swap.thrash.since_us, 77);
	assert_int_equal(state.swap.thrash.calm_us, 0);
	assert_int_equal(state.swap.normal_us, 77);
}

static void only_what_is_ours_is_given_back(void **unused)
{
	struct swap_sample found = {
		.valid = SWAP_SWAPPINESS | SWAP_ZSWAP, .swappiness = 10, .zswap = SWITCH_ON};
	struct knob_state *knob = state.swap.knob,
			  ours = {.is_ours = 1, .wanted = 10, .before = 60};
	uint32_t value;

	(void)unused;
	knob[KNOB_SWAPPINESS] = ours;
	assert_true(state_give_back(&state, &found, KNOB_SWAPPINESS, &value));
	assert_int_equal(value, 60);
	assert_false(state_give_back(&state, &found, KNOB_SWAPPINESS, &value)); /* once */
	knob[KNOB_ZSWAP] = (struct knob_state){.is_ours = 1, .wanted = SWITCH_ON};
	assert_true(state_give_back(&state, &found, KNOB_ZSWAP, &value));
	assert_int_equal(value, SWITCH_OFF);
	knob[KNOB_SWAPPINESS] = ours;
	found.swappiness = 30; /* somebody else's by now */
	assert_false(state_give_back(&state, &found, KNOB_SWAPPINESS, &value));
	knob[KNOB_SWAPPINESS] = ours;
	found.swappiness = 10;
	found.valid = 0;
	assert_false(state_give_back(&state, &found, KNOB_SWAPPINESS, &value));
	knob[KNOB_SWAPPINESS] = ours;
	knob[KNOB_SWAPPINESS].before = 10;
	found.valid = SWAP_SWAPPINESS;
	assert_false(state_give_back(&state, &found, KNOB_SWAPPINESS, &value));
}

static void levels_have_names(void **unused)
{
	(void)unused;
	CHECK_NAMES(memory_level_name, MEMORY_LEVELS);
	CHECK_NAMES(memory_rules_name, MEMORY_RULES);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
	const struct CMUnitTest tests[] = {
		TEST(only_what_is_used_is_kept),
		TEST(init_leaves_unused_pages_alone),
		TEST(nothing_else_is_recognised),
		TEST(a_part_is_not_recognised),
		TEST(streams_survive_a_restart_and_begin_their_durations_again),
		TEST(resuming_forgets_what_was_under_way),
		TEST(an_update_under_way_ended_without_an_answer),
		TEST(only_what_has_begun_begins_again),
		TEST(swap_is_resumed_and_begins_again),
		TEST(only_what_is_ours_is_given_back),
		TEST(levels_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
