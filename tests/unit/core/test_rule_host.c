/*
 * rule_host: the host's levels, without swap and with it, and readings lost and back: what cannot
 * be read is not zero.
 */
#include "world.h"

static void use_host(struct world *w, uint64_t used)
{
	w->snap.host.mem_available_bytes = 4000 * MIB - used;
}

static void levels_of_the_host(void **state)
{
	struct world *w = *state;

	w->snap.host.valid |= HOST_PSI_MEMORY;
	w->snap.host.psi_memory.some.avg10_centipct = 123;
	step(w, SECOND);
	assert_silent(w);
	use_host(w, 3200 * MIB);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_HOST_MEMORY_WARN)->service, SERVICE_NONE);
	assert_int_equal(event_of(w, EVENT_HOST_MEMORY_WARN)->n[0], 800 * MIB);
	assert_int_equal(event_of(w, EVENT_HOST_MEMORY_WARN)->n[1], 4000 * MIB);
	assert_int_equal(event_of(w, EVENT_HOST_MEMORY_WARN)->n[2], 8000);
	assert_int_equal(event_of(w, EVENT_HOST_MEMORY_WARN)->n[3], 123);
	use_host(w, 3700 * MIB);
	step(w, SECOND);
	event_of(w, EVENT_HOST_MEMORY_CRITICAL);
	use_host(w, 1000 * MIB);
	step(w, SECOND);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + SECOND);
	run(w, 10 * SECOND, SECOND);
	event_of(w, EVENT_HOST_MEMORY_NORMAL);
}

/* 3700 of 4000 MiB are in use, which is critical without swap; of 2 GiB so much. */
static struct world *cushioned(void **state, uint64_t used)
{
	struct world *w = *state;

	swap_counts(w, 2048 * MIB, used);
	use_host(w, 3700 * MIB);
	step(w, SECOND);
	forget_told(w);
	return w;
}

static void swap_keeps_it_from_being_critical(void **state)
{
	struct world *w = cushioned(state, 100 * MIB);

	assert_int_equal(w->state.rules, RULES_WITH_SWAP);
	assert_int_equal(w->state.host_level.now, MEMORY_WARN);
	assert_int_equal(event_of(w, EVENT_HOST_MEMORY_WARN)->n[2], 9250);
	use_host(w, 3990 * MIB);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_CRITICAL], 0);
	use_host(w, 1000 * MIB);
	run(w, 12 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_NORMAL], 1);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_WARN], 0);
}

/* Whatever happens to swap: the same tick. */
static void is_critical_as_soon_as_swap_is_none(void **state)
{
	static const struct host_sample ends[] = {
		{.valid = HOST_SWAP | HOST_PSI_MEMORY}, /* swapoff -a */
		{.valid = HOST_SWAP | HOST_PSI_MEMORY,
			.swap_total_bytes = 2048 * MIB,
			.swap_free_bytes = 409 * MIB}, /* nearly full */
		{.valid = HOST_SWAP | HOST_PSI_MEMORY,
			.swap_total_bytes = 500 * MIB,
			.swap_free_bytes = 399 * MIB}, /* a smaller one in its place */
		{.valid = HOST_PSI_MEMORY,
			.swap_total_bytes = 2048 * MIB,
			.swap_free_bytes = 2048 * MIB},
		{.valid = HOST_SWAP, .swap_total_bytes = 2048 * MIB, .swap_free_bytes = 2048 * MIB},
		{.valid = HOST_SWAP | HOST_PSI_MEMORY,
			.swap_total_bytes = 2048 * MIB,
			.swap_free_bytes = 2048 * MIB,
			.psi_memory.full.avg10_centipct = 500},
		{.valid = HOST_SWAP | HOST_PSI_MEMORY,
			.swap_total_bytes = 2048 * MIB,
			.swap_free_bytes = 2048 * MIB,
			.psi_memory.some.avg10_centipct = 2000},
	};
	struct world *w = cushioned(state, 100 * MIB);
	struct snapshot snap = w->snap;
	struct state known = w->state;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		w->snap = snap;
		w->state = known;
		w->snap.host = ends[i];
		w->snap.host.valid |= HOST_MEMORY;
		w->snap.host.mem_total_bytes = 4000 * MIB;
		use_host(w, 3700 * MIB);
		step(w, SECOND);
		event_of(w, EVENT_HOST_MEMORY_CRITICAL);
	}
}

static void thrashing_is_critical_until_it_is_over(void **state)
{
	struct world *w = cushioned(state, 100 * MIB);

	w->state.swap.thrash.since_us = w->snap.now_us;
	step(w, SECOND);
	event_of(w, EVENT_HOST_MEMORY_CRITICAL);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->state.host_level.now, MEMORY_CRITICAL);
	w->state.swap.thrash.since_us = 0;
	run(w, 12 * SECOND, SECOND);
	assert_int_equal(w->state.host_level.now, MEMORY_WARN);
}

static void new_swap_makes_it_a_warning_after_the_calm(void **state)
{
	struct world *w = *state;

	use_host(w, 3700 * MIB);
	step(w, SECOND);
	event_of(w, EVENT_HOST_MEMORY_CRITICAL);
	assert_int_equal(w->state.rules, RULES_WITHOUT_SWAP);
	swap_counts(w, 2048 * MIB, 0);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_WARN], 0);
	step(w, SECOND);
	event_of(w, EVENT_HOST_MEMORY_WARN);
}

/* Between what keeps it from critical and what leaves critical. */
static void pressure_that_eases_by_half_leaves_it(void **state)
{
	struct world *w = cushioned(state, 100 * MIB);

	w->snap.host.psi_memory.full.avg10_centipct = 600;
	step(w, SECOND);
	event_of(w, EVENT_HOST_MEMORY_CRITICAL);
	w->snap.host.psi_memory.full.avg10_centipct = 300;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->state.host_level.now, MEMORY_CRITICAL);
	w->snap.host.psi_memory.full.avg10_centipct = 200;
	run(w, 11 * SECOND, SECOND);
	assert_int_equal(w->state.host_level.now, MEMORY_WARN);
}

/* Without a warning of its own, critical that is none is a warning all the same. */
static void a_policy_of_critical_alone(void **state)
{
	struct world *w = *state;

	w->policy.host.warn_centipct = 0;
	cushioned(state, 0);
	event_of(w, EVENT_HOST_MEMORY_WARN);
}

static void the_end_of_the_calm_is_a_deadline(void **state)
{
	struct world *w = *state;

	w->policy.host.calm_us = 1500 * MS;
	use_host(w, 3300 * MIB);
	step(w, SECOND);
	use_host(w, 1000 * MIB);
	step(w, SECOND);
	step(w, SECOND);
	assert_int_equal(w->plan.wake_us, w->snap.now_us + 500 * MS);
}

/* No MemAvailable is no "all is well". */
static void an_unread_host_keeps_its_level(void **state)
{
	struct world *w = *state;

	use_host(w, 3300 * MIB);
	step(w, SECOND);
	w->snap.host.valid = 0;
	use_host(w, 0);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_NORMAL], 0);
	assert_int_equal(w->told[EVENT_READING_LOST], 1);
	w->snap.host.valid = HOST_MEMORY;
	w->snap.host.mem_available_bytes = 5000 * MIB; /* more than there is: nonsense */
	run(w, 20 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_NORMAL], 0);
}

static void a_reading_is_lost_once_and_back_once(void **state)
{
	struct world *w = *state;

	w->snap.host.valid = HOST_MEMORY | HOST_PSI_MEMORY;
	step(w, SECOND);
	w->snap.host.valid = HOST_MEMORY;
	step(w, SECOND);
	run(w, 4 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_READING_LOST], 0);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_READING_LOST)->subject, 3);
	assert_int_equal(event_of(w, EVENT_READING_LOST)->service, SERVICE_NONE);
	run(w, 60 * SECOND, SECOND);
	w->snap.host.valid = HOST_MEMORY | HOST_PSI_MEMORY;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_READING_LOST], 1);
	assert_int_equal(w->told[EVENT_READING_BACK], 1);
}

/* But a lack. */
static void what_never_was_is_not_lost(void **state)
{
	struct world *w = *state;

	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_READING_LOST], 0);
}

static void a_short_gap_is_not_told(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 100; i++) {
		w->snap.host.valid ^= HOST_MEMORY;
		step(w, SECOND);
	}
	assert_int_equal(w->told[EVENT_READING_LOST], 0);
}

static void readings_of_a_member(void **state)
{
	struct world *w = *state;

	add_service(w, "db", 0, 0);
	add_member(w, 0, 100)->valid |= MEMBER_STORED | MEMBER_INNER_MAX;
	calm_down(w);
	member(w, 100)->valid = MEMBER_CURRENT | MEMBER_EVENTS | MEMBER_POPULATED;
	step(w, SECOND);
	run(w, 5 * SECOND, SECOND); /* not STORED, not INNER_MAX: these come and go */
	assert_int_equal(event_of(w, EVENT_READING_LOST)->subject, 1);
	assert_int_equal(event_of(w, EVENT_READING_LOST)->inode, 100);
	assert_int_equal(w->told[EVENT_READING_LOST], 1);
	member(w, 100)->valid |= MEMBER_STAT;
	run(w, 7 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_READING_BACK], 1);
}

static void a_second_loss_waits_for_its_own_turn(void **state)
{
	struct world *w = *state;

	w->snap.host.valid = HOST_MEMORY | HOST_SWAP | HOST_VMSTAT;
	step(w, SECOND);
	w->snap.host.valid = HOST_MEMORY | HOST_SWAP;
	step(w, SECOND);
	run(w, 3 * SECOND, SECOND);
	w->snap.host.valid = HOST_MEMORY;
	run(w, 2 * SECOND, SECOND);
	assert_int_equal(event_of(w, EVENT_READING_LOST)->subject, 2);
	assert_int_equal(w->plan.n_events, 1);
	assert_true(w->plan.wake_us <= w->snap.now_us + 1);
	run(w, 7 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_READING_LOST], 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(levels_of_the_host),
		TEST(swap_keeps_it_from_being_critical),
		TEST(is_critical_as_soon_as_swap_is_none),
		TEST(thrashing_is_critical_until_it_is_over),
		TEST(new_swap_makes_it_a_warning_after_the_calm),
		TEST(pressure_that_eases_by_half_leaves_it),
		TEST(a_policy_of_critical_alone),
		TEST(the_end_of_the_calm_is_a_deadline),
		TEST(an_unread_host_keeps_its_level),
		TEST(a_reading_is_lost_once_and_back_once),
		TEST(what_never_was_is_not_lost),
		TEST(a_short_gap_is_not_told),
		TEST(readings_of_a_member),
		TEST(a_second_loss_waits_for_its_own_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
