/*
 * rule_persist: limits that outlive a docker restart.
 */
#include "world.h"

#include <errno.h>

#define INODE 7001ULL

/* A running container with a unit; the policy wants 512 MiB and no swap. */
static struct world *container(void **state)
{
	struct world *w = *state;
	uint16_t s = add_service(w, "backend", 512 * MIB, 0);

	want(w, s, LIMIT_SWAP_MAX, 0);
	docker(add_member(w, s, INODE));
	return w;
}

static void stores_after_the_cgroup_holds(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
	action_of(w, ACT_HOLD);
	step(w, SECOND);
	assert_int_equal(w->plan.n_actions, 1);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.value[LIMIT_MAX], 512 * MIB);
	calm_down(w);
	assert_int_equal(w->done[ACT_PERSIST], 1);
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_PERSIST], 1);
}

/* Memory without MemorySwap fails; and swap that appears on the host is not given away. */
static void swap_is_always_sent_with_the_limit(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 512 * MIB, 0);
	want_no_swap_limit(w, 0);
	docker(add_member(w, 0, INODE));
	limit_put(&member(w, INODE)->stored, LIMIT_SWAP_MAX, 0);
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.mask, K(LIMIT_MAX) | K(LIMIT_SWAP_MAX));
	assert_int_equal(action_of(w, ACT_PERSIST)->set.value[LIMIT_SWAP_MAX], 0);
}

static void swap_alone_is_sent_with_the_stored_limit(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 0, 0);
	want(w, 0, LIMIT_SWAP_MAX, 0);
	docker(add_member(w, 0, INODE));
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, 300 * MIB);
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.value[LIMIT_MAX], 300 * MIB);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.value[LIMIT_SWAP_MAX], 0);
}

static void swap_without_any_limit_cannot_be_stored(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 0, 0);
	want(w, 0, LIMIT_SWAP_MAX, 0);
	docker(add_member(w, 0, INODE));
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->done[ACT_PERSIST], 0);
}

static void unknown_swap_is_stored_as_unlimited(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 512 * MIB, 0);
	docker(add_member(w, 0, INODE));
	member(w, INODE)->stored.mask = K(LIMIT_MAX);
	member(w, INODE)->live.mask = K(LIMIT_MAX);
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.value[LIMIT_SWAP_MAX], NONE);
}

static void a_reservation_is_stored_too(void **state)
{
	struct world *w = container(state);

	want(w, 0, LIMIT_LOW, 128 * MIB);
	calm_down(w);
	assert_int_equal(member(w, INODE)->stored.value[LIMIT_LOW], 128 * MIB);
	limit_put(&member(w, INODE)->stored, LIMIT_LOW, 64 * MIB);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(member(w, INODE)->stored.value[LIMIT_LOW], 128 * MIB);
}

/* Any update writes the stored limit to the cgroup: with it at hand, the lane sees whether it fits.
 */
static void a_reservation_brings_the_stored_limit_along(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 0, 128 * MIB);
	want_no_swap_limit(w, 0);
	docker(add_member(w, 0, INODE));
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, 256 * MIB);
	limit_put(&member(w, INODE)->stored, LIMIT_SWAP_MAX, 0);
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.mask,
		K(LIMIT_MAX) | K(LIMIT_LOW) | K(LIMIT_SWAP_MAX));
	assert_int_equal(action_of(w, ACT_PERSIST)->set.value[LIMIT_MAX], 256 * MIB);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.value[LIMIT_SWAP_MAX], 0);
}

static void a_reservation_alone_needs_no_limit(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 0, 128 * MIB);
	docker(add_member(w, 0, INODE));
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_PERSIST)->set.mask, K(LIMIT_LOW));
}

static void a_reservation_below_dockers_minimum_is_not_sent(void **state)
{
	struct world *w = container(state);

	want(w, 0, LIMIT_LOW, MIB);
	calm_down(w);
	assert_int_equal(w->done[ACT_PERSIST], 1);
	assert_int_equal(member(w, INODE)->stored.value[LIMIT_LOW], 0);
}

/* By Docker: 0 and -1 do not unset it. */
static void a_limit_cannot_be_unset(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", NONE, 0);
	want(w, 0, LIMIT_LOW, 0);
	docker(add_member(w, 0, INODE));
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, 300 * MIB);
	limit_put(&member(w, INODE)->stored, LIMIT_LOW, 30 * MIB);
	limit_put(&member(w, INODE)->live, LIMIT_MAX, 300 * MIB);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_CANNOT_UNSET], 2);
	assert_int_equal(w->done[ACT_PERSIST], 0);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_MAX], NONE);
}

/* Docker sets swap in the file alone, so the unit is told again. */
static void the_unit_is_told_after_docker(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	step(w, SECOND);
	action_of(w, ACT_PERSIST);
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_HOLD)->set.mask, K(LIMIT_MAX) | K(LIMIT_SWAP_MAX));
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 2);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 2);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 0);
}

/* The unit told again behind Docker is no repair: the first foreign write is round 1, seen as
 * "repair 2" in the guest. */
static void the_unit_told_again_is_no_round(void **state)
{
	struct world *w = container(state);

	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 2);
	assert_int_equal(w->state.member[0].limits.hold.rounds, 0);
	limit_put(&member(w, INODE)->live, LIMIT_MAX, NONE);
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 1);
	assert_int_equal(w->state.member[0].limits.hold.rounds, 1);
}

/* kill -9 while Docker updates: it has written swap behind systemd's back, which is no drift, and
 * the unit is told. */
static void an_update_that_a_crash_cut_off_is_no_drift(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	w->hung = true;
	step(w, SECOND);
	action_of(w, ACT_PERSIST);
	w->hung = false;
	w->snap.n_results = 0;
	limit_put(&member(w, INODE)->live, LIMIT_SWAP_MAX, NONE);
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, 512 * MIB);
	limit_put(&member(w, INODE)->stored, LIMIT_SWAP_MAX, 0);
	state_resume(&w->state);
	forget_told(w);
	calm_down(w);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_SWAP_MAX], 0);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT] + w->told[EVENT_LIMIT_FAILED], 0);
	assert_in_range(w->done[ACT_HOLD], 1, 2);
	assert_int_equal(w->done[ACT_PERSIST], 0);
	limit_put(&member(w, INODE)->live, LIMIT_SWAP_MAX, NONE); /* later it is drift again */
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 1);
}

/* What docker update did to the cgroup is no drift, and is made right in silence. */
static void what_docker_changed_is_no_drift(void **state)
{
	struct world *w = container(state);

	member(w, INODE)->has_unit = false;
	step(w, SECOND);
	step(w, SECOND);
	action_of(w, ACT_PERSIST);
	limit_put(&member(w, INODE)->live, LIMIT_SWAP_MAX, NONE);
	forget_told(w);
	calm_down(w);
	assert_int_equal(w->done[ACT_HOLD], 1);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT] + w->told[EVENT_LIMIT_APPLIED], 0);
	assert_int_equal(member(w, INODE)->live.value[LIMIT_SWAP_MAX], 0);
	limit_put(&member(w, INODE)->live, LIMIT_SWAP_MAX, NONE); /* later it is drift again */
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 1);
}

static void one_at_a_time(void **state)
{
	struct world *w = container(state);

	docker(add_member(w, 0, INODE + 1));
	docker(add_member(w, 0, INODE + 2));
	step(w, SECOND);
	for (int i = 0; i < 10; i++) {
		uint32_t n = 0;

		step(w, 100 * MS);
		for (uint16_t a = 0; a < w->plan.n_actions; a++)
			n += w->plan.action[a].kind == ACT_PERSIST;
		assert_in_range(n, 0, 1);
	}
	calm_down(w);
	assert_int_equal(w->done[ACT_PERSIST], 3);
}

static void nothing_is_asked_of_a_silent_docker(void **state)
{
	struct world *w = container(state);

	w->snap.peer[PEER_DOCKER] = PEER_SILENT;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_PERSIST], 0);
	w->snap.peer[PEER_DOCKER] = PEER_OK; /* no reading changes by that */
	calm_down(w);
	assert_int_equal(w->done[ACT_PERSIST], 1);
}

static void a_refused_limit_is_not_stored(void **state)
{
	struct world *w = container(state);

	use_memory(w, INODE, 500 * MIB);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_REFUSED], 1);
	assert_int_equal(w->done[ACT_PERSIST], 0);
}

static void a_failure_backs_off_and_is_told_once(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	w->error = -EREMOTEIO;
	step(w, SECOND);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 1);
	assert_in_range(w->done[ACT_PERSIST], 3, 8);
	w->error = 0;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(member(w, INODE)->stored.value[LIMIT_MAX], 512 * MIB);
	assert_int_equal(w->told[EVENT_LIMIT_DRIFT], 0);
}

static void a_docker_that_forgets_is_given_up(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	w->deaf = true;
	run(w, 300 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_PERSIST], 3);
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 1);
}

static void stored_has_time_to_be_read_again(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	step(w, SECOND);
	w->deaf = true; /* the reading of what is stored lags */
	action_of(w, ACT_PERSIST);
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, NONE);
	limit_put(&member(w, INODE)->stored, LIMIT_SWAP_MAX, NONE);
	run(w, 4 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_PERSIST], 1);
}

/* Alarms that the ration puts off come as soon as it allows: a service scaled to 80 containers. */
static struct world *crowd(void **state, uint64_t max, uint64_t stored)
{
	struct world *w = *state;

	add_service(w, "worker", max, 0);
	for (uint64_t i = 0; i < 80; i++) {
		struct member_sample *m = add_member(w, 0, 100 + i);

		docker(m);
		limit_put(&m->live, LIMIT_MAX, max);
		limit_put(&m->stored, LIMIT_MAX, stored);
	}
	return w;
}

static void each_that_cannot_be_unset_is_told(void **state)
{
	struct world *w = crowd(state, NONE, 300 * MIB);

	run(w, 200 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_CANNOT_UNSET], 80);
}

static void each_failure_to_store_is_told(void **state)
{
	struct world *w = crowd(state, 512 * MIB, 300 * MIB);

	w->error = -EIO;
	run(w, 3600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 80);
}

static void each_one_given_up_is_told(void **state)
{
	struct world *w = crowd(state, 512 * MIB, 300 * MIB);

	w->policy.drift.window_us = 24 * 3600 * SECOND;
	w->deaf = true;
	run(w, 3600 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 80);
}

/* The ration is used up: each of the three alarms waits for it. */
static void without_ration(struct world *w)
{
	w->state.service[0].limits.used = 64;
	w->state.service[0].limits.refill_us = w->snap.now_us;
}

static struct world *about_to_store(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	step(w, SECOND);
	action_of(w, ACT_PERSIST);
	forget_told(w);
	without_ration(w);
	return w;
}

static void a_failure_waits_for_the_ration(void **state)
{
	struct world *w = about_to_store(state);

	w->snap.result[0].error = w->error = -EIO;
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, NONE);
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 0);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 1);
}

static void observing_waits_for_the_ration(void **state)
{
	struct world *w = about_to_store(state);

	w->snap.result[0].error = w->error = -ECANCELED;
	limit_put(&member(w, INODE)->stored, LIMIT_MAX, NONE);
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_OBSERVED], 0);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_OBSERVED], 1);
}

static void giving_up_waits_for_the_ration(void **state)
{
	struct world *w = container(state);

	step(w, SECOND);
	w->deaf = true;
	while (w->done[ACT_PERSIST] < 3)
		step(w, SECOND);
	for (int i = 0; i < 50; i++) {
		without_ration(w);
		step(w, SECOND);
	}
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 0);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LIMIT_SURRENDERED], 1);
}

static void unlimited_on_both_sides_is_nothing_to_unset(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", NONE, 0);
	docker(add_member(w, 0, INODE));
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_CANNOT_UNSET], 0);
}

static void observe_stores_nothing(void **state)
{
	struct world *w = container(state);

	limit_put(&member(w, INODE)->live, LIMIT_MAX, 512 * MIB);
	limit_put(&member(w, INODE)->live, LIMIT_SWAP_MAX, 0);
	w->error = -ECANCELED;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_PERSIST], 1);
	assert_int_equal(w->told[EVENT_LIMIT_OBSERVED], 1);
	assert_int_equal(w->told[EVENT_LIMIT_FAILED], 0);
}

/* Only Docker's containers, and only when what is stored has been read. */
static void nothing_is_stored_without_docker(void **state)
{
	struct world *w = container(state);

	member(w, INODE)->owner = OWNER_UNIT;
	run(w, 10 * SECOND, SECOND);
	member(w, INODE)->owner = OWNER_DOCKER;
	member(w, INODE)->valid &= ~(uint32_t)MEMBER_STORED;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->done[ACT_PERSIST], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(stores_after_the_cgroup_holds),
		TEST(swap_is_always_sent_with_the_limit),
		TEST(swap_alone_is_sent_with_the_stored_limit),
		TEST(swap_without_any_limit_cannot_be_stored),
		TEST(unknown_swap_is_stored_as_unlimited),
		TEST(a_reservation_is_stored_too),
		TEST(a_reservation_brings_the_stored_limit_along),
		TEST(a_reservation_alone_needs_no_limit),
		TEST(a_reservation_below_dockers_minimum_is_not_sent),
		TEST(a_limit_cannot_be_unset),
		TEST(the_unit_is_told_after_docker),
		TEST(the_unit_told_again_is_no_round),
		TEST(an_update_that_a_crash_cut_off_is_no_drift),
		TEST(what_docker_changed_is_no_drift),
		TEST(one_at_a_time),
		TEST(nothing_is_asked_of_a_silent_docker),
		TEST(a_refused_limit_is_not_stored),
		TEST(a_failure_backs_off_and_is_told_once),
		TEST(a_docker_that_forgets_is_given_up),
		TEST(stored_has_time_to_be_read_again),
		TEST(each_that_cannot_be_unset_is_told),
		TEST(each_failure_to_store_is_told),
		TEST(each_one_given_up_is_told),
		TEST(a_failure_waits_for_the_ration),
		TEST(observing_waits_for_the_ration),
		TEST(giving_up_waits_for_the_ration),
		TEST(unlimited_on_both_sides_is_nothing_to_unset),
		TEST(observe_stores_nothing),
		TEST(nothing_is_stored_without_docker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
