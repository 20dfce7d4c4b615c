/*
 * rule_thrash: swap that fills up, and a host that thrashes: told when it is so for seconds, with
 * the service that causes it, and not for a burst.
 */
#include "world.h"

static void read_it_all(struct world *w)
{
	w->snap.host.valid = HOST_MEMORY | HOST_SWAP | HOST_VMSTAT | HOST_PSI_MEMORY;
	w->snap.host.swap_total_bytes = w->snap.host.swap_free_bytes = 2 * GIB;
	w->snap.host.pswpin = 5000;
	w->snap.host.pswpout = 9000;
	w->snap.host.psi_memory.full.avg10_centipct = 3000;
}

static struct world *all_read(void **state)
{
	read_it_all(*state);
	return *state;
}

/* SECONDS pass with so many pages a second each way. */
static void swapping(struct world *w, int seconds, uint64_t in, uint64_t out)
{
	for (int i = 0; i < seconds; i++) {
		w->snap.host.pswpin += in;
		w->snap.host.pswpout += out;
		step(w, SECOND);
	}
}

/* ---- nearly full ---- */

static void nearly_full_and_room_again(void **state)
{
	struct world *w = all_read(state);
	const struct event *e;

	w->snap.host.swap_total_bytes = 1000 * MIB;
	w->snap.host.swap_free_bytes = 201 * MIB;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_HIGH], 0);
	w->snap.host.swap_free_bytes = 200 * MIB;
	step(w, SECOND);
	e = event_of(w, EVENT_SWAP_HIGH);
	assert_true(e->n[0] == 800 * MIB && e->n[1] == 1000 * MIB && e->n[2] == 8000);
	assert_true(e->n[3] == 2000 * MIB);
	w->snap.host.swap_free_bytes = 250 * MIB; /* 75 %: not left yet */
	run(w, 100 * SECOND, SECOND);
	w->snap.host.swap_free_bytes = 251 * MIB;
	run(w, 30 * SECOND, SECOND);
	w->snap.host.swap_free_bytes = 250 * MIB;
	step(w, SECOND);
	w->snap.host.swap_free_bytes = 251 * MIB;
	run(w, 30 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_NORMAL], 0);
	w->snap.host.valid &= ~(uint32_t)HOST_MEMORY;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_SWAP_NORMAL)->n[3], 0);
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_HIGH], 1);
	assert_int_equal(w->told[EVENT_SWAP_NORMAL], 1);
}

/* The kernel takes a file's free space away first, and then what is in it, page by page. */
static void swap_that_guardiand_switches_off_is_not_full(void **state)
{
	struct world *w = *state;

	with_swap(w, GIB);
	swap_file_is(w, 0, 2 * GIB, true);
	w->hung = true;
	step(w, SECOND);
	(void)action_of(w, ACT_SWAP_RESIZE);
	read_it_all(w);
	w->snap.host.swap_total_bytes = 300 * MIB;
	w->snap.host.swap_free_bytes = 0;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_HIGH], 0);
	w->state.swap.file[0].effort[SWAP_EFFORT_RESIZE].ticket = 0;
	w->policy.swap.size_bytes = 0;
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_HIGH], 1);
}

static void swap_that_is_gone_is_not_full(void **state)
{
	struct world *w = all_read(state);

	w->snap.host.swap_free_bytes = 0;
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_HIGH], 1);
	w->snap.host.swap_total_bytes = 0;
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_NORMAL], 0);
	w->snap.host.swap_total_bytes = GIB;
	step(w, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_HIGH], 2);
	w->snap.host.valid = 0;
	w->snap.host.swap_free_bytes = GIB;
	run(w, 100 * SECOND, SECOND);
	w->snap.host.valid = HOST_SWAP;
	w->snap.host.swap_free_bytes = 2 * GIB; /* read in two halves */
	run(w, 100 * SECOND, SECOND);
	assert_int_equal(w->told[EVENT_SWAP_NORMAL], 0);
}

/* ---- thrashing ---- */

static void thrashing_is_told_with_who_causes_it(void **state)
{
	struct world *w = all_read(state);
	const struct event *e;

	add_service(w, "quiet", 0, 0);
	add_service(w, "hungry", 0, 0);
	add_service(w, "stopped", 0, 0);
	add_member(w, 0, 100)->valid |= MEMBER_SWAP;
	add_member(w, 1, 200)->valid |= MEMBER_SWAP;
	add_member(w, 1, 201)->valid |= MEMBER_SWAP;
	member(w, 100)->swap_bytes = 900 * MIB;
	member(w, 100)->refault_anon = 1000000; /* long ago */
	member(w, 200)->swap_bytes = 300 * MIB;
	member(w, 201)->swap_bytes = 200 * MIB;
	step(w, SECOND);
	for (int i = 0; i < 5; i++) {
		member(w, 201)->refault_anon += 400;
		member(w, 100)->refault_anon += 300;
		swapping(w, 1, 256, 300);
	}
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 0);
	swapping(w, 1, 256, 300);
	e = event_of(w, EVENT_SWAP_THRASH);
	assert_int_equal(e->service, 1);
	assert_int_equal(e->n[0], 256 * 4096);
	assert_int_equal(e->n[1], 300 * 4096);
	assert_int_equal(e->n[2], 3000);
	assert_true(e->n[3] == 500 * MIB);
	swapping(w, 100, 256, 300);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 1);
}

/* What a cgroup that is found meanwhile has behind it is no part of this. */
static void a_late_comer_is_not_to_blame_for_its_past(void **state)
{
	struct world *w = all_read(state);

	add_service(w, "hungry", 0, 0);
	add_service(w, "late", 0, 0);
	add_member(w, 0, 100);
	step(w, SECOND);
	for (int i = 0; i < 6; i++) {
		if (i == 4)
			add_member(w, 1, 200)->refault_anon = 1000000;
		member(w, 100)->refault_anon += 400;
		swapping(w, 1, 256, 300);
	}
	assert_int_equal(event_of(w, EVENT_SWAP_THRASH)->service, 0);
}

static void it_is_over_when_it_has_been_for_long(void **state)
{
	struct world *w = all_read(state);

	w->snap.host.psi_memory.full.avg10_centipct = 0;
	w->snap.host.psi_memory.some.avg10_centipct = 2000;
	swapping(w, 20, 1000, 1000);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 1);
	swapping(w, 100, 64, 64); /* far less, and still both ways */
	swapping(w, 20, 63, 1000);
	swapping(w, 20, 64, 64);
	swapping(w, 29, 1000, 63);
	assert_int_equal(w->told[EVENT_SWAP_CALM], 0);
	w->snap.host.valid &= ~(uint32_t)HOST_PSI_MEMORY;
	swapping(w, 10, 0, 0);
	assert_int_equal(w->told[EVENT_SWAP_CALM], 1);
	swapping(w, 300, 0, 0);
	assert_int_equal(w->told[EVENT_SWAP_CALM], 1);
	w->snap.host.valid |= HOST_PSI_MEMORY;
	swapping(w, 10, 1000, 1000);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 2);
	swapping(w, 100, 0, 0);
	assert_int_equal(w->told[EVENT_SWAP_CALM], 2);
}

/* What goes out once, or comes back once, is what swap is for. */
static void one_way_is_no_thrashing(void **state)
{
	struct world *w = all_read(state);

	swapping(w, 100, 0, 100000);
	swapping(w, 100, 100000, 0);
	swapping(w, 100, 15, 15);
	swapping(w, 100, 15, 5000);
	w->snap.host.psi_memory.full.avg10_centipct = 1999;
	swapping(w, 100, 255, 255);
	w->snap.host.psi_memory.full.avg10_centipct = 3000;
	for (int i = 0; i < 30; i++) { /* a window now and then */
		swapping(w, 2, 5000, 5000);
		swapping(w, 10, 0, 0);
	}
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 0);
}

/* As measured at 100 operations a second: hardly a page moves, and everybody waits for it. */
static void a_slow_disk_thrashes_with_few_pages(void **state)
{
	struct world *w = all_read(state);

	w->snap.host.psi_memory.full.avg10_centipct = 3100;
	swapping(w, 20, 35, 100);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 1);
	w->snap.host.psi_memory.full.avg10_centipct = 1000;
	swapping(w, 100, 4, 100);
	assert_int_equal(w->told[EVENT_SWAP_CALM], 0);
	w->snap.host.psi_memory.full.avg10_centipct = 999; /* nobody waits so long for so few */
	swapping(w, 40, 35, 100);
	assert_int_equal(w->told[EVENT_SWAP_CALM], 1);
	w->snap.host.psi_memory.full.avg10_centipct = 3100;
	swapping(w, 20, 16, 16);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 2);
	swapping(w, 40, 3, 100);
	assert_int_equal(w->told[EVENT_SWAP_CALM], 2);
}

/* The counters are read less often than is looked: what stands still between is not calm. */
static void seldom_readings_hide_nothing(void **state)
{
	struct world *w = all_read(state);

	for (int i = 0; i < 5; i++) {
		swapping(w, 4, 0, 0);
		swapping(w, 1, 1500, 1500);
	}
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 1);
	assert_true(w->plan.wake_us <= w->snap.now_us + 2 * SECOND);
}

static void nobody_waits_nobody_thrashes(void **state)
{
	struct world *w = all_read(state);

	w->snap.host.psi_memory.full.avg10_centipct = 499;
	w->snap.host.psi_memory.some.avg10_centipct = 1999;
	swapping(w, 100, 5000, 5000);
	w->snap.host.psi_memory.full.avg10_centipct = 9000;
	w->snap.host.valid &= ~(uint32_t)HOST_PSI_MEMORY;
	swapping(w, 100, 5000, 5000);
	w->snap.host.valid &= ~(uint32_t)HOST_VMSTAT;
	w->snap.host.valid |= HOST_PSI_MEMORY;
	swapping(w, 100, 5000, 5000);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 0);
}

/* Rules 9 and 10 of the engine; and an average over minutes is none. */
static void counters_and_clocks_that_jump_begin_anew(void **state)
{
	struct world *w = all_read(state);

	swapping(w, 4, 5000, 5000);
	w->snap.host.pswpin = 0;
	swapping(w, 3, 300, 300);
	w->snap.host.pswpout = 0;
	swapping(w, 3, 300, 300);
	w->snap.now_us -= 500 * SECOND;
	step(w, SECOND);
	step(w, 3000 * SECOND);
	w->policy.host.interval_us = 60 * SECOND;
	w->snap.host.pswpin += 1ULL << 40;
	w->snap.host.pswpout += 1ULL << 40;
	step(w, 61 * SECOND);
	step(w, 3 * SECOND);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 0);
	w->snap.host.pswpin = w->snap.host.pswpout = UINT64_MAX - 1;
	step(w, 3 * SECOND);
	swapping(w, 10, 0, 0);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 0);
}

static void without_refaults_it_is_who_has_most_in_swap(void **state)
{
	struct world *w = all_read(state);

	add_service(w, "a", 0, 0);
	add_service(w, "b", 0, 0);
	add_member(w, 0, 100)->valid = MEMBER_SWAP;
	add_member(w, 1, 200)->valid = MEMBER_SWAP;
	member(w, 100)->swap_bytes = 100 * MIB;
	member(w, 200)->swap_bytes = 300 * MIB;
	member(w, 100)->refault_anon = 7; /* not read */
	swapping(w, 7, 5000, 5000);
	assert_int_equal(event_of(w, EVENT_SWAP_THRASH)->service, 1);
}

static void a_full_ration_delays_it(void **state)
{
	struct world *w = all_read(state);

	w->snap.host.swap_free_bytes = 0;
	w->state.swap.told.used = 17;
	w->state.swap.told.refill_us = w->snap.now_us;
	swapping(w, 20, 5000, 5000);
	assert_int_equal(w->told[EVENT_SWAP_THRASH] + w->told[EVENT_SWAP_HIGH], 0);
	swapping(w, 200, 5000, 5000);
	assert_int_equal(w->told[EVENT_SWAP_THRASH], 1);
	assert_int_equal(w->told[EVENT_SWAP_HIGH], 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(nearly_full_and_room_again),
		TEST(swap_that_guardiand_switches_off_is_not_full),
		TEST(swap_that_is_gone_is_not_full),
		TEST(thrashing_is_told_with_who_causes_it),
		TEST(a_late_comer_is_not_to_blame_for_its_past),
		TEST(it_is_over_when_it_has_been_for_long),
		TEST(one_way_is_no_thrashing),
		TEST(a_slow_disk_thrashes_with_few_pages),
		TEST(seldom_readings_hide_nothing),
		TEST(nobody_waits_nobody_thrashes),
		TEST(counters_and_clocks_that_jump_begin_anew),
		TEST(without_refaults_it_is_who_has_most_in_swap),
		TEST(a_full_ration_delays_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
