/*
 * rule_oom: each kill once, with the right service.
 */
#include "world.h"

#define INODE 7001ULL

static struct world *one(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 0, 0);
	add_member(w, 0, INODE);
	return w;
}

/* A kill in the member, as the kernel counts it: there and in every cgroup above. */
static void kill_in(struct world *w, uint64_t inode, uint64_t n)
{
	struct member_sample *m = member(w, inode);

	m->ev_oom_kill += n;
	m->ev_oom += 22289 * n;
	for (int16_t a = m->ancestor; a >= 0; a = w->snap.ancestor[a].parent)
		w->snap.ancestor[a].ev_oom_kill += n;
}

/* `oom` jumps by 22 289 for one kill. */
static void only_kills_are_counted(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	kill_in(w, INODE, 1);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->service, 0);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->inode, INODE);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->n[0], 1);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->n[1], 1);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
	member(w, INODE)->ev_oom += 1000;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
}

/* The first look is the baseline. */
static void attaching_tells_nothing(void **state)
{
	struct world *w = one(state);

	kill_in(w, INODE, 3);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 0);
}

static void a_falling_counter_is_a_new_one(void **state)
{
	struct world *w = one(state);

	kill_in(w, INODE, 3);
	calm_down(w);
	member(w, INODE)->ev_oom_kill = 0;
	w->snap.ancestor[0].ev_oom_kill = 0;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 0);
	kill_in(w, INODE, 1);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->n[0], 1);
}

static void kills_while_guardiand_was_dead_are_told_once(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	state_resume(&w->state);
	kill_in(w, INODE, 2);
	step(w, 3600 * SECOND);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->n[0], 2);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
}

/* It was gone before its memory.events could be read. */
static void a_vanished_container_gets_its_kill(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	remove_member(w, INODE);
	w->snap.ancestor[0].ev_oom_kill++;
	step(w, SECOND);
	assert_silent(w);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + 100 * MS);
	step(w, 100 * MS);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->service, 0);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->inode, INODE);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
	assert_int_equal(w->state.service[0].oom_kills, 1);
}

static void the_kill_may_be_seen_before_the_departure(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	w->snap.ancestor[0].ev_oom_kill++;
	step(w, SECOND);
	step(w, 500 * MS);
	assert_silent(w);
	remove_member(w, INODE);
	step(w, 100 * MS);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->service, 0);
}

static void the_kill_may_be_seen_after_the_departure(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	remove_member(w, INODE);
	step(w, SECOND);
	step(w, 900 * MS);
	w->snap.ancestor[0].ev_oom_kill++;
	step(w, 100 * MS);
	step(w, 100 * MS);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->service, 0);
}

static void the_one_nearest_to_its_limit_is_meant(void **state)
{
	struct world *w = *state;

	for (uint16_t i = 0; i < 3; i++) {
		add_service(w, (const char *[]){"a", "b", "c"}[i], 0, 0);
		add_member(w, i, 100U + i);
		limit_put(&member(w, 100U + i)->live, LIMIT_MAX, 200 * MIB);
	}
	use_memory(w, 101, 150 * MIB);
	calm_down(w);
	w->snap.n_members = 0;
	w->snap.ancestor[0].ev_oom_kill++;
	step(w, SECOND);
	step(w, 100 * MS);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->service, 1);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->n[2], 200 * MIB);
}

static void nobodys_kill_is_told_after_a_second(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	w->snap.ancestor[0].ev_oom_kill++; /* ssh.service, say */
	step(w, SECOND);
	step(w, 900 * MS);
	assert_silent(w);
	step(w, 100 * MS);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->service, SERVICE_NONE);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->n[0], 1);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
}

/* The counts of one kill are read one after the other: whichever is seen first. */
static void a_kill_read_in_two_ticks_is_one(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	w->snap.ancestor[0].ev_oom_kill++;
	step(w, SECOND);
	member(w, INODE)->ev_oom_kill++;
	run(w, 10 * SECOND, 50 * MS);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
	member(w, INODE)->ev_oom_kill++;
	step(w, SECOND);
	w->snap.ancestor[0].ev_oom_kill++;
	run(w, 10 * SECOND, 50 * MS);
	assert_int_equal(w->told[EVENT_OOM_KILL], 2);
}

static void a_kill_counts_once_however_deep(void **state)
{
	struct world *w = one(state);

	w->snap.n_ancestors = 3; /* 0: of the member, below 1, below 2 */
	w->snap.ancestor[1] = w->snap.ancestor[2] = w->snap.ancestor[0];
	w->snap.ancestor[0].parent = 1;
	w->snap.ancestor[1].inode = 9001;
	w->snap.ancestor[1].parent = 2;
	w->snap.ancestor[2].inode = 9002;
	calm_down(w);
	kill_in(w, INODE, 1);
	run(w, 10 * SECOND, 100 * MS);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
	for (int i = 0; i < 3; i++) /* and one that only the ancestors saw */
		w->snap.ancestor[i].ev_oom_kill++;
	run(w, 10 * SECOND, 100 * MS);
	assert_int_equal(w->told[EVENT_OOM_KILL], 2);
	assert_int_equal(w->state.oom_untold, 0);
}

static void an_ancestor_that_cannot_be_read_accuses_nobody(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	w->snap.ancestor[0].has_events = false;
	step(w, SECOND);
	kill_in(w, INODE, 1);
	run(w, 10 * SECOND, SECOND);
	w->snap.ancestor[0].has_events = true;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
}

static void readings_of_events_may_be_absent(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	member(w, INODE)->valid &= ~(uint32_t)MEMBER_EVENTS;
	member(w, INODE)->ev_oom_kill = 99;
	run(w, 3 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_OOM_KILL], 0);
}

static void born_and_hit_between_two_looks(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	add_member(w, 0, INODE + 1);
	kill_in(w, INODE + 1, 1);
	run(w, SECOND, 100 * MS);
	assert_int_equal(w->told[EVENT_OOM_KILL], 1);
	assert_int_equal(w->state.service[0].oom_kills, 1);
}

static void a_member_without_ancestor_is_counted_too(void **state)
{
	struct world *w = one(state);

	member(w, INODE)->ancestor = -1;
	calm_down(w);
	member(w, INODE)->ev_oom_kill++;
	step(w, SECOND);
	event_of(w, EVENT_OOM_KILL);
	remove_member(w, INODE);
	step(w, SECOND);
	assert_int_equal(w->state.n_departed, 0);
}

static void the_ring_of_the_departed_turns(void **state)
{
	struct world *w = one(state);

	for (uint64_t i = 0; i < 3 * STATE_DEPARTED_MAX; i++) {
		remove_member(w, INODE + i);
		add_member(w, 0, INODE + i + 1);
		step(w, 10 * MS);
	}
	assert_int_equal(w->state.n_departed, STATE_DEPARTED_MAX);
	w->snap.ancestor[0].ev_oom_kill++;
	step(w, 100 * MS);
	step(w, 100 * MS);
	assert_int_equal(event_of(w, EVENT_OOM_KILL)->service, 0);
}

/* It is told as a sum. */
static void a_storm_of_kills_does_not_flood(void **state)
{
	struct world *w = one(state);
	uint64_t told = 0;

	calm_down(w);
	for (int i = 0; i < 2000; i++) {
		kill_in(w, INODE, 1);
		step(w, 10 * MS);
		for (uint16_t e = 0; e < w->plan.n_events; e++)
			told += w->plan.event[e].n[0];
	}
	assert_in_range(w->told[EVENT_OOM_KILL], 8, 8 + 2);
	step(w, 10 * SECOND);
	told += event_of(w, EVENT_OOM_KILL)->n[0];
	assert_int_equal(told, 2000);
}

static void a_storm_of_nobodys_kills_does_not_flood_either(void **state)
{
	struct world *w = one(state);

	calm_down(w);
	for (int i = 0; i < 200; i++) {
		w->snap.ancestor[0].ev_oom_kill += i % 2 ? 1 : UINT32_MAX;
		step(w, 500 * MS);
	}
	assert_in_range(w->told[EVENT_OOM_KILL], 8, 8 + 10 + 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(only_kills_are_counted),
		TEST(attaching_tells_nothing),
		TEST(a_falling_counter_is_a_new_one),
		TEST(kills_while_guardiand_was_dead_are_told_once),
		TEST(a_vanished_container_gets_its_kill),
		TEST(the_kill_may_be_seen_before_the_departure),
		TEST(the_kill_may_be_seen_after_the_departure),
		TEST(the_one_nearest_to_its_limit_is_meant),
		TEST(nobodys_kill_is_told_after_a_second),
		TEST(a_kill_read_in_two_ticks_is_one),
		TEST(a_kill_counts_once_however_deep),
		TEST(an_ancestor_that_cannot_be_read_accuses_nobody),
		TEST(readings_of_events_may_be_absent),
		TEST(born_and_hit_between_two_looks),
		TEST(a_member_without_ancestor_is_counted_too),
		TEST(the_ring_of_the_departed_turns),
		TEST(a_storm_of_kills_does_not_flood),
		TEST(a_storm_of_nobodys_kills_does_not_flood_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
