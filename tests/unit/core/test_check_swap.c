/*
 * check_swap: what `--check` says of swap, and that it says nothing that was not read.
 */
#include <string.h>

#include "check_findings.h"
#include "world.h"

static struct check_world look;
static struct check_findings findings;
static const struct check_finding *const found = findings.finding;

static size_t look_at(const struct world *w)
{
	memset(&findings, 0, sizeof(findings));
	look.policy = &w->policy;
	look.snap = &w->snap;
	check_swap(&look, &findings);
	return findings.n;
}

static struct world *begin(void **state, uint64_t size)
{
	struct world *w = *state;

	with_swap(w, size);
	w->snap.host.valid = HOST_MEMORY | HOST_SWAP;
	w->snap.host.swap_total_bytes = w->snap.host.swap_free_bytes = 2 * GIB;
	return w;
}

static void all_is_well(void **state)
{
	struct world *w = begin(state, 2 * GIB);

	swap_file_is(w, 0, 2 * GIB, true);
	assert_int_equal(look_at(w), 0);
	w->policy.swap.size_bytes = GIB; /* more than is wanted */
	assert_int_equal(look_at(w), 0);
	w->policy.swap.size_bytes = 0;
	assert_int_equal(look_at(w), 0);
}

static void none_at_all(void **state)
{
	struct world *w = begin(state, 2 * GIB);

	w->snap.host.swap_total_bytes = 0;
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_NO_SWAP);
	w->snap.host.valid = 0;
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_SWAP_UNREAD);
}

static void ours_is_missing_beside_others(void **state)
{
	struct world *w = begin(state, 4 * GIB);

	foreign_swap(w, 2 * GIB);
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_SWAP_ABSENT);
	swap_file_is(w, 0, 2 * GIB, false);
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_SWAP_ABSENT);
	w->snap.swap.file[0].state = SWAP_FILE_ABSENT;
	w->policy.swap.size_bytes = 2 * GIB; /* covered */
	assert_int_equal(look_at(w), 0);
}

static void too_small(void **state)
{
	struct world *w = begin(state, 4 * GIB);

	swap_file_is(w, 0, 2 * GIB, true);
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_SWAP_SMALL);
	assert_true(found[0].n[0] == 4 * GIB && found[0].n[1] == 2 * GIB);
	w->snap.host.valid = HOST_MEMORY;
	assert_int_equal(look_at(w), 2);
	assert_true(found[1].n[1] == 2 * GIB);
	w->snap.swap.fs_free_bytes = 0;
	assert_int_equal(look_at(w), 2);
	assert_int_equal(found[1].kind, CHECK_SWAP_UNUSABLE);
	assert_int_equal(found[1].subject, REASON_SWAP_SPACE);
	assert_true(found[1].n[1] == 0 && found[1].n[2] == 2 * GIB && found[1].n[3] == 4 * GIB);
}

static void unsafe_mode_or_owner(void **state)
{
	struct world *w = begin(state, 2 * GIB);
	struct swap_file *f = swap_file_is(w, 0, 2 * GIB, true);

	f->mode_ok = false;
	f->mode = 0644;
	f->uid = 7;
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_SWAP_MODE);
	assert_int_equal(found[0].n[1], 0644);
	assert_int_equal(found[0].n[2], 7);
}

static void what_cannot_be_had(void **state)
{
	struct world *w = begin(state, 2 * GIB);

	w->snap.swap.file[0].state = SWAP_FILE_NO_HEADER;
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_SWAP_UNUSABLE);
	assert_int_equal(found[0].subject, REASON_SWAP_NO_HEADER);
}

static void nearly_full(void **state)
{
	struct world *w = begin(state, 0);

	w->snap.host.swap_free_bytes = 2 * GIB / 5 + 2048;
	assert_int_equal(look_at(w), 0);
	w->snap.host.swap_free_bytes = 2 * GIB / 5 - 2048;
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].kind, CHECK_SWAP_HIGH);
	assert_int_equal(found[0].n[0], 8000);
	w->snap.host.swap_free_bytes = 9 * GIB; /* read in two halves */
	assert_int_equal(look_at(w), 0);
	w->snap.host.swap_total_bytes = 1000;
	w->snap.host.swap_free_bytes = 0;
	assert_int_equal(look_at(w), 1);
	assert_int_equal(found[0].n[0], 10000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_is_well),
		TEST(none_at_all),
		TEST(ours_is_missing_beside_others),
		TEST(too_small),
		TEST(unsafe_mode_or_owner),
		TEST(what_cannot_be_had),
		TEST(nearly_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
