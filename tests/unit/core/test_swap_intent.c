/*
 * swap_intent: what is lacking, in each state of file, file system and memory; and nothing from
 * readings that are absent.
 */
#include "guardian/swap_intent.h"
#include "world.h"

static struct swap_intent intent_of(const struct world *w)
{
	return swap_intent(&w->policy, &w->snap);
}

#define assert_step(w, wanted) assert_int_equal(intent_of(w).step, SWAP_STEP_##wanted)

static void steps_have_names(void **state)
{
	(void)state;
	for (int step = 0; step < SWAP_STEPS; step++)
		assert_string_not_equal(swap_step_name((enum swap_step)step), "unknown");
	assert_string_equal(swap_step_name(SWAP_STEP_MAKE), "make");
	assert_string_equal(swap_step_name(SWAP_STEPS), "unknown");
}

static void none_is_wanted(void **state)
{
	struct world *w = *state;

	with_swap(w, 0);
	assert_step(w, NONE);
	swap_file_is(w, 0, GIB, false)->mode_ok = false;
	assert_step(w, NONE);
	assert_false(swap_file_intent(&w->policy, &w->snap, 0).mend);
}

static void what_is_absent_is_made_as_large_as_is_missing(void **state)
{
	struct world *w = *state;
	struct swap_intent in;

	with_swap(w, 2 * GIB + 100);
	in = intent_of(w);
	assert_int_equal(in.step, SWAP_STEP_MAKE);
	assert_int_equal(in.file, 0);
	assert_true(in.size_bytes == 2 * GIB); /* whole pages */
	assert_true(in.reserve_bytes == 2 * GIB);
	w->snap.page_bytes = 65536;
	assert_true(intent_of(w).size_bytes == 2 * GIB);
	w->snap.page_bytes = 0;
	assert_true(intent_of(w).size_bytes == 2 * GIB);
	/* swap of others counts */
	foreign_swap(w, GIB);
	assert_true(intent_of(w).size_bytes == GIB);
	swap_file_is(w, 1, 512 * MIB, true);
	assert_true(intent_of(w).size_bytes == 512 * MIB);
	foreign_swap(w, GIB - SWAP_STEP_BYTES);
	assert_step(w, NONE);
	foreign_swap(w, 4096 + 1);
	assert_step(w, COVERED);
	foreign_swap(w, 9 * GIB);
	assert_step(w, COVERED);
}

static void the_disk_keeps_its_reserve(void **state)
{
	struct world *w = *state;
	struct swap_intent in;

	with_swap(w, 2 * GIB);
	w->snap.swap.fs_free_bytes = 4 * GIB; /* 2 GiB of it stay free */
	assert_step(w, MAKE);
	w->snap.swap.fs_free_bytes--;
	in = intent_of(w);
	assert_int_equal(in.step, SWAP_STEP_REFUSE);
	assert_int_equal(in.reason, REASON_SWAP_SPACE);
	assert_true(in.reserve_bytes == 2 * GIB && in.size_bytes == 2 * GIB);
	w->snap.swap.fs_total_bytes = 10 * GIB;
	assert_true(swap_reserve_bytes(&w->policy, &w->snap) == GIB);
	assert_step(w, MAKE);
	w->policy.swap.reserve_bytes = 3 * GIB;
	assert_step(w, REFUSE);
	w->policy.swap.reserve_bytes = 0;
	assert_step(w, MAKE);
	w->snap.swap.fs_free_bytes = 0;
	assert_step(w, REFUSE);
}

static void a_file_system_that_cannot_is_refused(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	w->snap.swap.fs = SWAP_FS_REFUSED;
	assert_step(w, REFUSE);
	assert_int_equal(intent_of(w).reason, REASON_SWAP_FS);
	w->snap.swap.fs = SWAP_FS_UNKNOWN; /* swapon(2) has the last word */
	assert_step(w, MAKE);
}

/* Rule 2 of the engine. */
static void nothing_follows_from_what_was_not_read(void **state)
{
	static const uint32_t needed[] = {SWAP_AREAS, SWAP_FILE_SEEN, SWAP_FS};
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	for (size_t i = 0; i < 3; i++) {
		w->snap.swap.valid &= ~needed[i];
		assert_step(w, NONE);
		assert_true(intent_of(w).unknown);
		w->snap.swap.valid |= needed[i];
	}
	w->snap.swap.file[0].state = SWAP_FILE_UNKNOWN;
	assert_true(intent_of(w).unknown);
	w->snap.swap.file[0].state = SWAP_FILE_STATES;
	assert_true(intent_of(w).unknown);
	swap_file_is(w, 0, GIB, true);
	w->snap.swap.valid &= ~(uint32_t)SWAP_AREAS;
	assert_true(swap_size_intent(&w->policy, &w->snap).unknown);
	w->snap.swap.valid = SWAP_AREAS;
	assert_true(swap_size_intent(&w->policy, &w->snap).unknown);
}

static void a_file_that_is_there_is_switched_on(void **state)
{
	struct world *w = *state;
	struct swap_file *f;

	with_swap(w, 2 * GIB);
	f = swap_file_is(w, 0, 2 * GIB, false);
	assert_step(w, ON);
	f->labelled = false; /* whoever has made it: the policy names its path */
	assert_step(w, ON);
	f->active = true;
	assert_step(w, NONE);
	f = swap_file_is(w, 1, GIB, false);
	assert_step(w, ON);
	assert_int_equal(intent_of(w).file, 1);
	f->labelled = false; /* this path the policy does not name */
	assert_step(w, NONE);
}

static void what_is_not_ours_is_never_touched(void **state)
{
	static const struct {
		uint8_t state, reason;
	} cases[] = {
		{SWAP_FILE_NOT_REGULAR, REASON_SWAP_NOT_REGULAR},
		{SWAP_FILE_NO_HEADER, REASON_SWAP_NO_HEADER},
		{SWAP_FILE_HOLES, REASON_SWAP_HOLES},
		{SWAP_FILE_WRONG_HEADER, REASON_SWAP_WRONG_HEADER},
		{SWAP_FILE_UNREADABLE, REASON_SWAP_UNREADABLE},
	};
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct swap_file *f = swap_file_is(w, 0, 2 * GIB, false);

		f->state = cases[i].state;
		f->labelled = false;
		f->mode_ok = false;
		assert_step(w, REFUSE);
		assert_int_equal(intent_of(w).reason, cases[i].reason);
		assert_false(intent_of(w).mend);
		f = swap_file_is(w, 1, GIB, false);
		f->state = cases[i].state;
		f->labelled = false;
		swap_file_is(w, 0, 2 * GIB, true);
		assert_step(w, NONE); /* in the place of a second it harms nobody */
	}
}

static void ours_is_repaired(void **state)
{
	struct world *w = *state;
	struct swap_file *f;

	with_swap(w, 2 * GIB);
	f = swap_file_is(w, 0, 2 * GIB + 1, false);
	f->state = SWAP_FILE_HOLES;
	assert_step(w, RESIZE);
	assert_true(intent_of(w).size_bytes == 2 * GIB);
	f->state = SWAP_FILE_WRONG_HEADER;
	assert_step(w, RESIZE);
	f->size_bytes = 4096; /* cut off: nothing to repair */
	assert_step(w, REFUSE);
	f->size_bytes = GIB;
	w->snap.swap.fs = SWAP_FS_REFUSED;
	assert_step(w, REFUSE);
	f->active = true; /* in use: the kernel reads it no more */
	w->policy.swap.size_bytes = GIB;
	assert_step(w, NONE);
}

/* As kill -9 leaves it: growing puts the header last, shrinking first; the kernel goes by it. */
static void a_resize_that_was_killed_is_finished(void **state)
{
	struct world *w = *state;
	struct swap_file *f;
	struct swap_intent in;

	with_swap(w, 2 * GIB);
	f = swap_file_is(w, 0, 2 * GIB, false); /* as large as wanted, so far as stat(2) tells */
	f->header_bytes = GIB;
	w->snap.swap.fs_free_bytes = 0; /* to cut takes no space */
	in = intent_of(w);
	assert_true(in.step == SWAP_STEP_RESIZE && in.size_bytes == GIB);
	w->snap.swap.fs_free_bytes = 40 * GIB;
	f = swap_file_is(w, 0, 2 * GIB, true);
	f->header_bytes = GIB;
	in = intent_of(w);
	assert_true(in.step == SWAP_STEP_RESIZE && in.size_bytes == 2 * GIB);
	w->policy.swap.size_bytes = 512 * MIB;
	in = intent_of(w);
	assert_true(in.step == SWAP_STEP_RESIZE && in.size_bytes == 512 * MIB);
	w->policy.swap.size_bytes = GIB;
	assert_step(w, NONE);
	f->active = f->labelled = false; /* somebody's, who may have made it so */
	assert_step(w, ON);
	f->labelled = true;
	f->size_bytes = GIB + 4095; /* a rest of a page is none */
	assert_step(w, ON);
	f->header_bytes = 0; /* not known */
	assert_step(w, ON);
}

static void another_file_in_its_place_is_told(void **state)
{
	struct world *w = *state;
	struct swap_file *f;

	with_swap(w, 2 * GIB);
	f = swap_file_is(w, 0, GIB, true);
	f->replaced = true;
	f->mode_ok = false;
	assert_int_equal(intent_of(w).reason, REASON_SWAP_REPLACED);
	assert_false(intent_of(w).mend);
	assert_int_equal(swap_size_intent(&w->policy, &w->snap).step, SWAP_STEP_NONE);
	f->replaced = false;
	swap_file_is(w, 1, GIB, true)->replaced = true;
	assert_int_equal(intent_of(w).reason, REASON_SWAP_REPLACED);
	assert_int_equal(swap_size_intent(&w->policy, &w->snap).step, SWAP_STEP_NONE);
}

/* The kernel takes any. */
static void mode_and_owner_are_put_right(void **state)
{
	struct world *w = *state;
	struct swap_file *f;

	with_swap(w, 2 * GIB);
	f = swap_file_is(w, 0, 2 * GIB, true);
	assert_false(swap_file_intent(&w->policy, &w->snap, 0).mend);
	f->mode_ok = false;
	assert_true(swap_file_intent(&w->policy, &w->snap, 0).mend);
	f->mode_ok = true;
	f->owner_ok = false;
	assert_true(swap_file_intent(&w->policy, &w->snap, 0).mend);
	f->active = false;
	assert_true(swap_file_intent(&w->policy, &w->snap, 0).mend);
	swap_file_is(w, 0, 2 * GIB, true);
	f = swap_file_is(w, 1, GIB, false);
	f->mode_ok = f->labelled = false;
	assert_false(swap_file_intent(&w->policy, &w->snap, 1).mend);
}

/* ---- sizes ---- */

static struct swap_intent size_of(const struct world *w)
{
	return swap_size_intent(&w->policy, &w->snap);
}

static void small_differences_move_nothing(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	swap_file_is(w, 0, 2 * GIB - SWAP_STEP_BYTES + 4096, true);
	assert_int_equal(size_of(w).step, SWAP_STEP_NONE);
	swap_file_is(w, 0, 2 * GIB + SWAP_STEP_BYTES - 4096, true);
	assert_int_equal(size_of(w).step, SWAP_STEP_NONE);
	swap_file_is(w, 0, 2 * GIB + SWAP_STEP_BYTES, true);
	assert_int_equal(size_of(w).step, SWAP_STEP_RESIZE);
	foreign_swap(w, 2 * GIB); /* never to nothing */
	assert_int_equal(size_of(w).step, SWAP_STEP_NONE);
}

/* Memory must hold 1.2 times what is in it, beside the host's reserve. */
static void it_grows_in_place_when_it_can_be_off(void **state)
{
	struct world *w = *state;
	struct swap_intent in;

	w->policy.host.reserve_bytes = 400 * MIB;
	with_swap(w, 2 * GIB);
	swap_file_is(w, 0, GIB, true);
	use_swap(w, 0, 1000 * MIB);
	w->snap.host.mem_available_bytes = 1600 * MIB;
	in = size_of(w);
	assert_int_equal(in.step, SWAP_STEP_RESIZE);
	assert_true(in.size_bytes == 2 * GIB && in.have_bytes == GIB && in.file == 0);
	w->snap.host.mem_available_bytes--;
	in = size_of(w);
	assert_int_equal(in.step, SWAP_STEP_MAKE);
	assert_true(in.size_bytes == GIB && in.file == 1);
	w->snap.swap.fs_free_bytes = GIB;
	assert_int_equal(size_of(w).reason, REASON_SWAP_SPACE);
	w->snap.host.mem_available_bytes++;
	assert_int_equal(size_of(w).reason, REASON_SWAP_SPACE);
	w->snap.swap.fs_free_bytes = 40 * GIB;
	w->snap.swap.file[0].active = false; /* nothing to switch off */
	w->snap.host.valid = 0;
	assert_int_equal(size_of(w).step, SWAP_STEP_RESIZE);
}

static void it_grows_beside_one_that_is_not_ours(void **state)
{
	struct world *w = *state;

	with_swap(w, 2 * GIB);
	swap_file_is(w, 0, GIB, true)->labelled = false;
	assert_int_equal(size_of(w).step, SWAP_STEP_MAKE);
	assert_int_equal(size_of(w).file, 1);
	w->snap.swap.file[1].state = SWAP_FILE_NO_HEADER;
	assert_int_equal(size_of(w).step, SWAP_STEP_REFUSE);
	assert_int_equal(size_of(w).reason, REASON_SWAP_NOT_OURS);
	w->policy.swap.size_bytes = 512 * MIB;
	assert_int_equal(size_of(w).reason, REASON_SWAP_NOT_OURS);
}

static void with_two_files_the_one_that_can_grows(void **state)
{
	struct world *w = *state;
	struct swap_intent in;

	with_swap(w, 4 * GIB);
	swap_file_is(w, 0, GIB, true);
	swap_file_is(w, 1, GIB, true);
	use_swap(w, 0, GIB);
	w->snap.host.mem_available_bytes = 100 * MIB;
	in = size_of(w);
	assert_int_equal(in.step, SWAP_STEP_RESIZE);
	assert_true(in.file == 1 && in.size_bytes == 3 * GIB);
	use_swap(w, 1, GIB);
	in = size_of(w);
	assert_int_equal(in.step, SWAP_STEP_WAIT);
	assert_true(in.file == 0 && in.size_bytes == 3 * GIB && in.used_bytes == GIB);
	assert_true(in.available_bytes == GIB + GIB / 5);
}

static void nothing_is_switched_off_on_a_guess(void **state)
{
	struct world *w = *state;

	with_swap(w, 512 * MIB);
	swap_file_is(w, 0, GIB, true);
	w->snap.host.valid = 0;
	assert_int_equal(size_of(w).step, SWAP_STEP_NONE);
	assert_true(size_of(w).unknown);
	w->snap.host.valid = HOST_MEMORY;
	assert_int_equal(size_of(w).step, SWAP_STEP_RESIZE);
	w->snap.swap.n_areas = 0; /* in use, and how much of it is not known */
	assert_true(size_of(w).unknown);
	w->snap.swap.n_areas = UINT16_MAX;
	assert_int_equal(size_of(w).step, SWAP_STEP_RESIZE);
	w->snap.swap.area[0].used_bytes = UINT64_MAX - 1; /* no sum overflows */
	assert_int_equal(size_of(w).step, SWAP_STEP_WAIT);
}

static void the_second_shrinks_first_and_none_to_nothing(void **state)
{
	struct world *w = *state;
	struct swap_intent in;

	with_swap(w, GIB);
	swap_file_is(w, 0, GIB, true);
	swap_file_is(w, 1, 512 * MIB, true);
	in = size_of(w);
	assert_true(in.step == SWAP_STEP_RESIZE && in.file == 1);
	assert_true(in.size_bytes == SWAP_STEP_BYTES);
	swap_file_is(w, 1, SWAP_STEP_BYTES, true);
	in = size_of(w);
	assert_true(in.step == SWAP_STEP_RESIZE && in.file == 0);
	assert_true(in.size_bytes == GIB - SWAP_STEP_BYTES);
	use_swap(w, 0, 900 * MIB);
	w->snap.host.mem_available_bytes = 100 * MIB;
	assert_int_equal(size_of(w).step, SWAP_STEP_WAIT);
	w->snap.swap.fs_free_bytes = 0; /* to shrink takes no space */
	use_swap(w, 0, 0);
	assert_int_equal(size_of(w).step, SWAP_STEP_RESIZE);
	w->policy.swap.size_bytes = SWAP_STEP_BYTES;
	swap_file_is(w, 0, SWAP_STEP_BYTES, true);
	assert_int_equal(size_of(w).step, SWAP_STEP_NONE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(steps_have_names),
		TEST(none_is_wanted),
		TEST(what_is_absent_is_made_as_large_as_is_missing),
		TEST(the_disk_keeps_its_reserve),
		TEST(a_file_system_that_cannot_is_refused),
		TEST(nothing_follows_from_what_was_not_read),
		TEST(a_file_that_is_there_is_switched_on),
		TEST(what_is_not_ours_is_never_touched),
		TEST(ours_is_repaired),
		TEST(a_resize_that_was_killed_is_finished),
		TEST(another_file_in_its_place_is_told),
		TEST(mode_and_owner_are_put_right),
		TEST(small_differences_move_nothing),
		TEST(it_grows_in_place_when_it_can_be_off),
		TEST(it_grows_beside_one_that_is_not_ours),
		TEST(with_two_files_the_one_that_can_grows),
		TEST(nothing_is_switched_off_on_a_guess),
		TEST(the_second_shrinks_first_and_none_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
