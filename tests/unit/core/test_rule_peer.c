/*
 * rule_peer: peers silent and back, lacks told once; a silent dockerd stops nothing.
 */
#include "world.h"

static void a_silent_peer_is_told_once(void **state)
{
	struct world *w = *state;

	step(w, SECOND);
	w->snap.peer[PEER_DOCKER] = PEER_UNKNOWN;
	step(w, SECOND);
	w->snap.peer[PEER_DOCKER] = PEER_SILENT;
	step(w, 2 * SECOND);
	assert_int_equal(event_of(w, EVENT_PEER_SILENT)->subject, PEER_DOCKER);
	assert_int_equal(event_of(w, EVENT_PEER_SILENT)->n[0], 3 * SECOND);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_PEER_SILENT], 1);
	w->snap.peer[PEER_DOCKER] = PEER_OK;
	step(w, SECOND);
	assert_silent(w);
	step(w, 500 * MS);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + SECOND);
	step(w, 1500 * MS);
	assert_int_equal(event_of(w, EVENT_PEER_BACK)->subject, PEER_DOCKER);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_PEER_BACK], 1);
}

static void a_peer_never_heard_has_no_time(void **state)
{
	struct world *w = *state;

	w->snap.peer[PEER_SYSTEMD] = PEER_SILENT;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_PEER_SILENT)->subject, PEER_SYSTEMD);
	assert_int_equal(event_of(w, EVENT_PEER_SILENT)->n[0], 0);
}

static void an_absent_peer_is_neither(void **state)
{
	struct world *w = *state;

	w->snap.peer[PEER_DOCKER] = PEER_ABSENT;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_PEER_SILENT], 0);
}

static void a_flapping_peer_does_not_flood(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 1000; i++) {
		w->snap.peer[PEER_DOCKER] = i % 2 ? PEER_SILENT : PEER_OK;
		step(w, SECOND);
	}
	assert_int_equal(w->told[EVENT_PEER_SILENT], 1);
	assert_int_equal(w->told[EVENT_PEER_BACK], 0);
}

static void a_lack_is_told_once(void **state)
{
	struct world *w = *state;

	w->snap.lacks = LACK_PSI | LACK_SWAP_ACCOUNT | 1U << 20;
	step(w, SECOND);
	assert_int_equal(w->plan.n_events, 2);
	assert_int_equal(w->plan.event[0].subject, 1);
	assert_int_equal(w->plan.event[1].subject, 5);
	w->snap.lacks |= LACK_DOCKER;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LACK)->subject, 2);
	w->snap.lacks = 0;
	step(w, SECOND);
	w->snap.lacks = LACK_DOCKER;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_LACK], 3);
}

static void limits_hold_without_docker(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 512 * MIB, 0);
	docker(add_member(w, 0, 100));
	w->snap.peer[PEER_DOCKER] = PEER_SILENT;
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(member(w, 100)->live.value[LIMIT_MAX], 512 * MIB);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_silent_peer_is_told_once),
		TEST(a_peer_never_heard_has_no_time),
		TEST(an_absent_peer_is_neither),
		TEST(a_flapping_peer_does_not_flood),
		TEST(a_lack_is_told_once),
		TEST(limits_hold_without_docker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
