/*
 * rule_memory: levels of a service by working set, entered at once, left slowly; and what swap of
 * its own and of the host makes of them.
 */
#include "rules.h"
#include "world.h"

#define INODE 7001ULL

/* A member at its limit of 100 MiB, using 50. */
static struct world *limited(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 100 * MIB, 0);
	add_member(w, 0, INODE);
	limit_put(&member(w, INODE)->live, LIMIT_MAX, 100 * MIB);
	calm_down(w);
	forget_told(w);
	return w;
}

static void warns_at_the_threshold(void **state)
{
	struct world *w = limited(state);

	use_memory(w, INODE, 80 * MIB - 16384);
	step(w, SECOND);
	assert_silent(w);
	use_memory(w, INODE, 80 * MIB);
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SERVICE_MEMORY_WARN)->n[0], 80 * MIB);
	assert_int_equal(event_of(w, EVENT_SERVICE_MEMORY_WARN)->n[1], 100 * MIB);
	assert_int_equal(event_of(w, EVENT_SERVICE_MEMORY_WARN)->n[2], 8000);
	assert_int_equal(event_of(w, EVENT_SERVICE_MEMORY_WARN)->n[3], 80 * MIB);
	use_memory(w, INODE, 94 * MIB);
	step(w, SECOND);
	assert_silent(w);
	use_memory(w, INODE, 95 * MIB);
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SERVICE_MEMORY_CRITICAL), 1);
}

/* 99 of 100 MiB are used, of 100 MiB of swap so much, of 2 GiB of the host's nothing. */
static struct world *swapping(void **state, uint64_t swap_used)
{
	struct world *w = limited(state);
	struct member_sample *m = member(w, INODE);

	swap_counts(w, 2048 * MIB, 0);
	m->valid |= MEMBER_SWAP | MEMBER_PSI;
	limit_put(&m->live, LIMIT_SWAP_MAX, 100 * MIB);
	want(w, 0, LIMIT_SWAP_MAX, 100 * MIB);
	m->swap_bytes = swap_used;
	use_memory(w, INODE, 99 * MIB);
	step(w, SECOND);
	return w;
}

static void swap_left_to_it_is_a_warning(void **state)
{
	struct world *w = swapping(state, 70 * MIB);

	assert_int_equal(event_of(w, EVENT_SERVICE_MEMORY_WARN)->n[2], 9900);
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_CRITICAL], 0);
	member(w, INODE)->swap_bytes = 80 * MIB;
	step(w, SECOND);
	event_of(w, EVENT_SERVICE_MEMORY_CRITICAL);
	member(w, INODE)->swap_bytes = 76 * MIB;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(known(w, INODE)->level.now, MEMORY_CRITICAL);
	member(w, INODE)->swap_bytes = 74 * MIB;
	run(w, 11 * SECOND, SECOND);
	assert_int_equal(known(w, INODE)->level.now, MEMORY_WARN);
}

static void a_service_that_may_not_swap_is_critical(void **state)
{
	struct world *w = limited(state);

	service(w, 0)->is_protected = true;
	swapping(state, 0);
	event_of(w, EVENT_SERVICE_MEMORY_CRITICAL);
}

/* Nothing happens to the service itself. */
static void is_critical_when_the_host_loses_its_swap(void **state)
{
	struct world *w = swapping(state, 0);

	run(w, 10 * SECOND, SECOND);
	assert_int_equal(known(w, INODE)->level.now, MEMORY_WARN);
	swap_counts(w, 0, 0);
	step(w, SECOND);
	event_of(w, EVENT_SERVICE_MEMORY_CRITICAL);
	swap_counts(w, 2048 * MIB, 0);
	run(w, 11 * SECOND, SECOND);
	assert_int_equal(told_now(w, EVENT_SERVICE_MEMORY_WARN), 1);
}

static void straight_to_critical_is_one_event(void **state)
{
	struct world *w = limited(state);

	use_memory(w, INODE, 99 * MIB);
	step(w, SECOND);
	assert_int_equal(w->plan.n_events, 1);
	event_of(w, EVENT_SERVICE_MEMORY_CRITICAL);
}

static void is_left_below_the_margin_and_after_the_time(void **state)
{
	struct world *w = limited(state);

	use_memory(w, INODE, 85 * MIB);
	step(w, SECOND);
	use_memory(w, INODE, 76 * MIB); /* 80 % - 5 % = 75 % */
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 0);
	use_memory(w, INODE, 74 * MIB);
	step(w, SECOND);
	run(w, 9 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 0);
	step(w, SECOND); /* nothing changed, the time alone */
	assert_int_equal(told_now(w, EVENT_SERVICE_MEMORY_NORMAL), 1);
}

static void a_relapse_begins_the_time_anew(void **state)
{
	struct world *w = limited(state);

	use_memory(w, INODE, 85 * MIB);
	step(w, SECOND);
	for (int i = 0; i < 20; i++) {
		use_memory(w, INODE, 50 * MIB);
		run(w, 9 * SECOND, SECOND);
		use_memory(w, INODE, 82 * MIB);
		step(w, SECOND);
	}
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 0);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_WARN], 1);
}

static void critical_goes_down_by_way_of_warn(void **state)
{
	struct world *w = limited(state);

	use_memory(w, INODE, 96 * MIB);
	step(w, SECOND);
	use_memory(w, INODE, 85 * MIB);
	run(w, 11 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_WARN], 1);
	use_memory(w, INODE, 40 * MIB);
	run(w, 11 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 1);
}

/* It fills a limit, and nothing is short. */
static void page_cache_is_no_alarm(void **state)
{
	struct world *w = limited(state);
	struct member_sample *m = member(w, INODE);

	m->file_bytes = m->active_file_bytes = 49 * MIB; /* read twice: in the working set */
	m->current_bytes = 99 * MIB;
	step(w, SECOND);
	assert_silent(w);
	m->inactive_file_bytes = 49 * MIB; /* read once: not in it */
	m->changed = true;
	step(w, SECOND);
	assert_silent(w);
}

static void anon_beside_page_cache_is_one(void **state)
{
	struct world *w = limited(state);
	struct member_sample *m = member(w, INODE);

	m->anon_bytes = 66 * MIB; /* 80 % - 15 % = 65 % */
	m->file_bytes = 20 * MIB;
	m->current_bytes = 86 * MIB;
	step(w, SECOND);
	assert_int_equal(told_now(w, EVENT_SERVICE_MEMORY_WARN), 1);
	m->anon_bytes = 30 * MIB; /* cache takes its place */
	m->current_bytes = 99 * MIB;
	m->changed = true;
	run(w, 12 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 1);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_CRITICAL], 0);
}

static void absent_readings_keep_the_level(void **state)
{
	struct world *w = limited(state);

	use_memory(w, INODE, 85 * MIB);
	step(w, SECOND);
	member(w, INODE)->valid = MEMBER_EVENTS;
	member(w, INODE)->current_bytes = 0;
	run(w, 60 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 0);
	assert_int_equal(known(w, INODE)->level.now, MEMORY_WARN);
}

static void an_unlimited_member_has_no_level(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 0, 0);
	add_member(w, 0, INODE);
	use_memory(w, INODE, 3000 * MIB);
	run(w, 10 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_WARN], 0);
}

static void a_limit_of_zero_is_no_division(void **state)
{
	struct world *w = *state;

	add_service(w, "backend", 0, 0);
	add_member(w, 0, INODE);
	limit_put(&member(w, INODE)->live, LIMIT_MAX, 0);
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_CRITICAL], 0);
}

/* Podman's inner group has a limit of its own. */
static void the_inner_limit_counts(void **state)
{
	struct world *w = limited(state);

	member(w, INODE)->inner_max_bytes = 60 * MIB;
	member(w, INODE)->valid |= MEMBER_INNER_MAX;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SERVICE_MEMORY_WARN)->n[1], 60 * MIB);
}

static void a_policy_without_thresholds_is_silent(void **state)
{
	struct world *w = limited(state);

	service(w, 0)->warn_centipct = 0;
	service(w, 0)->critical_centipct = 0;
	use_memory(w, INODE, 100 * MIB);
	step(w, SECOND);
	assert_silent(w);
}

static void even_without_calm_time_it_does_not_flutter(void **state)
{
	struct world *w = limited(state);

	w->policy.host.calm_us = 0;
	w->policy.host.calm_centipct = 0;
	for (int i = 0; i < 1000; i++) { /* 10 s */
		use_memory(w, INODE, i % 2 ? 81 * MIB : 79 * MIB);
		step(w, 10 * MS);
	}
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_WARN], 1);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_NORMAL], 0);
}

static void hundredths_of_a_percent_do_not_overflow(void **state)
{
	(void)state;
	assert_int_equal(centipct_of(1, 3), 3333);
	assert_int_equal(centipct_of(5, 0), 0);
	assert_int_equal(centipct_of(UINT64_MAX, 1), UINT32_MAX);
	assert_in_range(centipct_of(UINT64_MAX, UINT64_MAX), 9990, 10000);
	assert_in_range(centipct_of(UINT64_MAX / 2, UINT64_MAX), 4990, 5000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(warns_at_the_threshold),
		TEST(swap_left_to_it_is_a_warning),
		TEST(a_service_that_may_not_swap_is_critical),
		TEST(is_critical_when_the_host_loses_its_swap),
		TEST(straight_to_critical_is_one_event),
		TEST(is_left_below_the_margin_and_after_the_time),
		TEST(a_relapse_begins_the_time_anew),
		TEST(critical_goes_down_by_way_of_warn),
		TEST(page_cache_is_no_alarm),
		TEST(anon_beside_page_cache_is_one),
		TEST(absent_readings_keep_the_level),
		TEST(an_unlimited_member_has_no_level),
		TEST(a_limit_of_zero_is_no_division),
		TEST(the_inner_limit_counts),
		TEST(a_policy_without_thresholds_is_silent),
		TEST(even_without_calm_time_it_does_not_flutter),
		TEST(hundredths_of_a_percent_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
