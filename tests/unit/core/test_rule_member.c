/*
 * rule_member: found, gone, restarted; tables in the order of snapshot and policy.
 */
#include "rules.h"
#include "world.h"

#include <string.h>

/* `db` runs as cgroup 100, and all that there was to tell of it is told. */
static struct world *one_running(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 0, 0);
	add_member(w, 0, 100);
	calm_down(w);
	return w;
}

static void found_once(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 512 * MIB, 0);
	add_member(w, 0, 100);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SERVICE_FOUND)->n[0], 100);
	assert_int_equal(event_of(w, EVENT_SERVICE_FOUND)->n[1], NONE);
	assert_int_equal(event_of(w, EVENT_SERVICE_FOUND)->n[2], 50 * MIB);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_FOUND], 1);
}

static void gone_after_a_moment(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 0, 0);
	add_member(w, 0, 100)->peak_bytes = 77 * MIB;
	member(w, 100)->valid |= MEMBER_PEAK;
	calm_down(w);
	remove_member(w, 100);
	step(w, SECOND);
	run(w, GONE_AFTER_US - SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 0);
	step(w, 500 * MS);
	assert_silent(w);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + 500 * MS);
	step(w, 500 * MS);
	assert_int_equal(event_of(w, EVENT_SERVICE_GONE)->n[0], 50 * MIB);
	assert_int_equal(event_of(w, EVENT_SERVICE_GONE)->n[1], 77 * MIB);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 1);
}

/* A host short of memory took 12 s between the end of the one container and the start of the next.
 */
static void a_slow_restart_is_no_departure(void **state)
{
	struct world *w = one_running(state);

	remove_member(w, 100);
	run(w, 25 * SECOND, SECOND);
	add_member(w, 0, 101);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 0);
	assert_int_equal(w->told[EVENT_SERVICE_RESTARTED], 1);
}

/* A recreated container has another id, and the same service. */
static void a_restart_is_one_event(void **state)
{
	struct world *w = one_running(state);

	forget_told(w);
	remove_member(w, 100);
	step(w, SECOND);
	add_member(w, 0, 101);
	step(w, 500 * MS);
	assert_int_equal(event_of(w, EVENT_SERVICE_RESTARTED)->n[0], 1);
	assert_int_equal(event_of(w, EVENT_SERVICE_RESTARTED)->n[1], 101);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE] + w->told[EVENT_SERVICE_FOUND], 0);
	assert_int_equal(w->state.service[0].restarts, 1);
}

static void replaced_between_two_looks_is_a_restart(void **state)
{
	struct world *w = one_running(state);

	remove_member(w, 100);
	add_member(w, 0, 101);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SERVICE_RESTARTED), 1);
}

static void back_after_being_gone_is_a_restart(void **state)
{
	struct world *w = one_running(state);

	remove_member(w, 100);
	run(w, GONE_AFTER_US + 5 * SECOND, SECOND);
	add_member(w, 0, 101);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 1);
	assert_int_equal(w->told[EVENT_SERVICE_RESTARTED], 1);
	assert_int_equal(w->told[EVENT_SERVICE_FOUND], 1);
}

static void a_scaled_service_is_gone_with_its_last_member(void **state)
{
	struct world *w = *state;

	add_service(w, "worker", 0, 0);
	add_member(w, 0, 100);
	calm_down(w);
	add_member(w, 0, 101);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SERVICE_FOUND)->n[0], 101);
	remove_member(w, 100);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 0);
	remove_member(w, 101);
	run(w, GONE_AFTER_US + 5 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 1);
}

static void what_is_known_follows_the_member(void **state)
{
	struct world *w = *state;
	struct member_sample kept;

	add_service(w, "a", 300 * MIB, 0);
	for (uint64_t i = 0; i < 8; i++)
		add_member(w, 0, 100 + i);
	calm_down(w);
	forget_told(w);
	kept = w->snap.member[0]; /* another order, one gone, one new */
	w->snap.member[0] = w->snap.member[7];
	w->snap.member[7] = kept;
	remove_member(w, 103);
	add_member(w, 0, 200);
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->state.n_members, 8);
	for (uint16_t i = 0; i < 8; i++)
		assert_int_equal(w->state.member[i].inode, w->snap.member[i].inode);
}

static struct world *as_many_as_fit(void **state)
{
	struct world *w = *state;

	add_service(w, "a", 0, 0);
	for (uint64_t i = 0; i < SNAPSHOT_MEMBERS_MAX; i++)
		add_member(w, 0, 1000 + i);
	step(w, SECOND);
	return w;
}

static void a_full_table_turns_over(void **state)
{
	struct world *w = as_many_as_fit(state);

	for (uint16_t i = 0; i < SNAPSHOT_MEMBERS_MAX; i++)
		w->snap.member[i].inode += 256;
	step(w, SECOND);
	assert_int_equal(w->state.n_members, SNAPSHOT_MEMBERS_MAX);
	assert_int_equal(w->state.service[0].members, SNAPSHOT_MEMBERS_MAX);
}

/* A sampler gone wrong must not write beyond the table. */
static void one_cgroup_named_twice_does_no_harm(void **state)
{
	struct world *w = as_many_as_fit(state);

	for (uint16_t i = 0; i < SNAPSHOT_MEMBERS_MAX; i++)
		w->snap.member[i].inode = 1000 + i / 2U;
	step(w, SECOND);
	for (uint16_t i = 0; i < SNAPSHOT_MEMBERS_MAX; i++)
		w->snap.member[i].inode = 1000 + (uint64_t)i;
	w->snap.member[0].inode = 9999;
	step(w, SECOND);
	assert_int_equal(w->state.n_members, SNAPSHOT_MEMBERS_MAX);
	w->snap.member[0].inode = w->snap.member[1].inode;
	w->snap.n_members = 2;
	step(w, SECOND);
	w->snap.n_members = 1;
	step(w, SECOND);
	assert_int_equal(w->state.n_members, 1);
}

static void beyond_the_bounds_is_not_read(void **state)
{
	struct world *w = *state;

	add_service(w, "a", 0, 0);
	add_member(w, 0, 100);
	w->snap.n_members = SNAPSHOT_MEMBERS_MAX + 100;
	w->snap.n_ancestors = UINT16_MAX;
	w->snap.n_results = UINT16_MAX;
	step(w, SECOND);
	assert_int_equal(w->state.n_members, SNAPSHOT_MEMBERS_MAX);
}

static void a_member_of_no_service_is_passed_over(void **state)
{
	struct world *w = *state;

	add_service(w, "a", 300 * MIB, 100 * MIB);
	add_member(w, 5, 100);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->plan.n_actions + w->plan.n_events, 0);
	assert_int_equal(w->done[ACT_HOLD] + w->done[ACT_RESERVE], 0);
	remove_member(w, 100);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 0);
}

/* What the ration puts off is told later, about who is there then. */
static void put_off_news_are_of_their_own_moment(void **state)
{
	struct world *w = *state;

	add_service(w, "worker", 0, 0);
	for (uint64_t i = 0; i < 17; i++) { /* one more than the ration */
		add_member(w, 0, 100 + i);
		step(w, 10 * MS);
	}
	assert_int_equal(w->told[EVENT_SERVICE_FOUND], 16);
	w->snap.n_members = 0;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_FOUND], 17);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 0);
	run(w, GONE_AFTER_US + 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 1);
}

static void a_service_without_current_is_found_too(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 0, 0);
	add_member(w, 0, 100)->valid = 0;
	member(w, 100)->live.mask = 0;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SERVICE_FOUND)->n[1], NONE);
	assert_int_equal(event_of(w, EVENT_SERVICE_FOUND)->n[2], 0);
}

static void a_conflict_waits_for_the_ration(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 0, 0);
	for (uint64_t i = 0; i < 70; i++)
		add_member(w, 0, 100 + i)->also = 0;
	run(w, 100 * MS, MS);
	assert_int_equal(w->told[EVENT_SERVICE_CONFLICT], 64);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_CONFLICT], 70);
}

/* Rule 9: a count that is wrong already does not wrap. */
static void members_are_not_counted_below_none(void **state)
{
	struct world *w = one_running(state);

	w->state.service[0].members = 0;
	remove_member(w, 100);
	calm_down(w);
	assert_int_equal(w->state.service[0].members, 0);
}

/* ---- reload ---- */

static void services_keep_their_past_by_name(void **state)
{
	struct world *w = *state;
	struct policy_service first;

	add_service(w, "a", 300 * MIB, 0);
	add_service(w, "b", 300 * MIB, 0);
	add_service(w, "c", 300 * MIB, 0);
	add_member(w, 0, 100);
	add_member(w, 1, 101);
	calm_down(w);
	add_member(w, 0, 102);
	step(w, SECOND);
	remove_member(w, 102);
	calm_down(w);
	w->state.service[1].restarts = 7;
	forget_told(w);
	first = w->policy.service[0]; /* b, new, a; c is no more */
	w->policy.service[0] = w->policy.service[1];
	w->policy.service[2] = first;
	w->policy.n_services = 1;
	add_service(w, "new", 300 * MIB, 0);
	w->policy.n_services = 3;
	strcpy(w->policy.service[1].name, "new");
	member(w, 100)->service = 2;
	member(w, 101)->service = 0;
	w->snap.policy_generation++;
	calm_down(w);
	assert_int_equal(w->state.service[0].restarts, 7);
	assert_int_equal(w->state.departed[0].service, 2);
	assert_int_equal(w->told[EVENT_SERVICE_FOUND] + w->told[EVENT_SERVICE_RESTARTED], 0);
	assert_int_equal(w->done[ACT_HOLD], 0);
	assert_int_equal(w->state.service[1].members, 0);
}

static void a_member_may_change_its_service(void **state)
{
	struct world *w = *state;

	add_service(w, "a", 300 * MIB, 0);
	add_service(w, "b", 200 * MIB, 0);
	add_member(w, 0, 100);
	calm_down(w);
	member(w, 100)->service = 1; /* docker rename */
	calm_down(w);
	run(w, GONE_AFTER_US + 5 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_GONE], 1);
	assert_int_equal(w->told[EVENT_SERVICE_FOUND], 2);
	assert_int_equal(member(w, 100)->live.value[LIMIT_MAX], 200 * MIB);
}

static void a_removed_service_goes_in_silence(void **state)
{
	struct world *w = *state;

	add_service(w, "a", 300 * MIB, 0);
	add_member(w, 0, 100);
	calm_down(w);
	forget_told(w);
	w->policy.n_services = 0;
	w->snap.n_members = 0;
	w->snap.policy_generation++;
	run(w, 60 * SECOND, SECOND);
	for (int kind = 0; kind < EVENT_COUNT; kind++)
		assert_int_equal(w->told[kind], 0);
}

/* ---- restart of guardiand ---- */

static void a_restart_of_guardiand_repeats_nothing(void **state)
{
	struct world *w = *state;

	add_service(w, "a", 300 * MIB, 0);
	add_member(w, 0, 100);
	add_service(w, "b", 20 * MIB, 0);
	add_member(w, 1, 101); /* refused */
	w->snap.lacks = LACK_PSI | LACK_JOURNAL;
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 1);
	forget_told(w);
	assert_true(state_valid(&w->state, state_kept_size(&w->state)));
	state_resume(&w->state);
	w->snap.policy_generation = 77;
	member(w, 100);
	member(w, 101);
	run(w, 60 * SECOND, SECOND);
	for (int kind = 0; kind < EVENT_COUNT; kind++)
		assert_int_equal(w->told[kind], 0);
	assert_int_equal(w->done[ACT_HOLD], 0);
}

static void an_action_lost_with_guardiand_is_asked_again(void **state)
{
	struct world *w = *state;

	add_service(w, "a", 300 * MIB, 0);
	add_member(w, 0, 100);
	w->hung = true;
	step(w, SECOND);
	state_resume(&w->state);
	w->hung = false;
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(found_once),
		TEST(gone_after_a_moment),
		TEST(a_slow_restart_is_no_departure),
		TEST(a_restart_is_one_event),
		TEST(replaced_between_two_looks_is_a_restart),
		TEST(back_after_being_gone_is_a_restart),
		TEST(a_scaled_service_is_gone_with_its_last_member),
		TEST(what_is_known_follows_the_member),
		TEST(a_full_table_turns_over),
		TEST(one_cgroup_named_twice_does_no_harm),
		TEST(beyond_the_bounds_is_not_read),
		TEST(a_member_of_no_service_is_passed_over),
		TEST(put_off_news_are_of_their_own_moment),
		TEST(a_service_without_current_is_found_too),
		TEST(a_conflict_waits_for_the_ration),
		TEST(members_are_not_counted_below_none),
		TEST(services_keep_their_past_by_name),
		TEST(a_member_may_change_its_service),
		TEST(a_removed_service_goes_in_silence),
		TEST(a_restart_of_guardiand_repeats_nothing),
		TEST(an_action_lost_with_guardiand_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
