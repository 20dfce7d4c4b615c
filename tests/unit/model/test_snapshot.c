/*
 * snapshot: what is computed from one reading, whether two differ, and the words for peers and
 * lacks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "guardian/snapshot.h"
#include "test_names.h"

/* Page cache that the kernel can drop at once is no use of memory. */
static void working_set_leaves_out_inactive_files(void **state)
{
	struct member_sample m = {.current_bytes = 100 << 20, .inactive_file_bytes = 95 << 20};

	(void)state;
	assert_int_equal(member_working_set(&m), 5 << 20);
	m.inactive_file_bytes = 0;
	assert_int_equal(member_working_set(&m), 100 << 20);
}

/* memory.current and memory.stat are read one after the other. */
static void working_set_does_not_underflow(void **state)
{
	struct member_sample m = {.current_bytes = 10, .inactive_file_bytes = 11};

	(void)state;
	assert_int_equal(member_working_set(&m), 0);
}

static void unreclaimable_leaves_out_files_and_reclaimable_slab(void **state)
{
	struct member_sample m = {.anon_bytes = 1000,
		.shmem_bytes = 200,
		.kernel_bytes = 30,
		.slab_reclaimable_bytes = 10,
		.file_bytes = 1 << 30};

	(void)state;
	assert_int_equal(member_unreclaimable(&m), 1220);
	m.slab_reclaimable_bytes = 31;
	assert_int_equal(member_unreclaimable(&m), 1200);
}

/* A broken chain ends where the table does. */
static void a_chain_is_never_longer_than_the_table(void **state)
{
	static struct snapshot snap = {.n_ancestors = 3};
	struct member_sample m = {.ancestor = 2};
	int16_t chain[SNAPSHOT_ANCESTORS_MAX];

	(void)state;
	snap.ancestor[2].parent = 0;
	snap.ancestor[0].parent = -1;
	assert_int_equal(member_ancestors(&snap, &m, chain), 2);
	assert_true(chain[0] == 2 && chain[1] == 0);
	snap.ancestor[0].parent = 2; /* a circle */
	assert_int_equal(member_ancestors(&snap, &m, chain), 3);
	snap.n_ancestors = UINT16_MAX;
	assert_int_equal(member_ancestors(&snap, &m, chain), SNAPSHOT_ANCESTORS_MAX);
	m.ancestor = SNAPSHOT_ANCESTORS_MAX;
	assert_int_equal(member_ancestors(&snap, &m, chain), 0);
	m.ancestor = -1;
	assert_int_equal(member_ancestors(&snap, &m, chain), 0);
}

static void switching_swap_off_needs_room(void **state)
{
	(void)state;
	assert_int_equal(swap_off_needs_bytes(0, 0), 0);
	assert_int_equal(swap_off_needs_bytes(1000, 7), 1207);
	assert_int_equal(swap_off_needs_bytes(4, 0), 4);
	assert_int_equal(swap_off_needs_bytes(UINT64_MAX, 1), UINT64_MAX);
}

/* Each field counts, and padding does not. */
static void samples_are_compared_field_by_field(void **state)
{
	static const size_t fields[] = {
#define AT(field) offsetof(struct host_sample, field)
		AT(valid), AT(mem_total_bytes), AT(mem_available_bytes), AT(mem_free_bytes),
		AT(swap_total_bytes), AT(swap_free_bytes), AT(oom_kill), AT(pgscan), AT(pgsteal),
		AT(pswpin), AT(pswpout), AT(refault_anon), AT(refault_file),
		AT(psi_memory.some.avg10_centipct), AT(psi_memory.full.total_us),
		AT(psi_io.some.avg60_centipct), AT(psi_cpu.full.avg300_centipct)
#undef AT
	};
	struct host_sample a, b;

	(void)state;
	memset(&a, 0xa5, sizeof(a));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		b = a;
		((unsigned char *)&b)[fields[i]] ^= 1;
		assert_false(host_same(&a, &b));
	}
	memset(&b, 0x5a, sizeof(b)); /* other padding */
	b.valid = a.valid;
	memcpy(&b.mem_total_bytes, &a.mem_total_bytes,
		sizeof(a) - offsetof(struct host_sample, mem_total_bytes));
	assert_true(host_same(&a, &b));
}

static void each_peer_has_its_name(void **state)
{
	(void)state;
	CHECK_NAMES(peer_name, PEER_COUNT);
}

static void swap_has_its_words(void **state)
{
	(void)state;
	CHECK_NAMES(swap_type_name, SWAP_TYPES);
	assert_string_equal(swap_type_name(SWAP_ZRAM), "zram");
	/* "unknown" is a state as well */
	for (unsigned int a = 1; a < SWAP_FILE_STATES; a++)
		for (unsigned int b = 0; b < a; b++)
			assert_string_not_equal(swap_file_state_name((enum swap_file_state)a),
				swap_file_state_name((enum swap_file_state)b));
	assert_string_equal(swap_file_state_name(SWAP_FILE_USABLE), "usable");
	assert_string_equal(swap_file_state_name(SWAP_FILE_STATES), "unknown");
	for (unsigned int a = 0; a < SLOT_FILE_STATES; a++)
		for (unsigned int b = 0; b < a; b++)
			assert_string_not_equal(slot_file_state_name((enum slot_file_state)a),
				slot_file_state_name((enum slot_file_state)b));
	assert_string_equal(slot_file_state_name(SLOT_FILE_OK), "ok");
	assert_string_equal(slot_file_state_name(SLOT_FILE_STATES), "unknown");
	assert_string_equal(swap_file_suffix(0), "");
	assert_string_equal(swap_file_suffix(1), ".2");
}

static void each_lack_has_a_name_and_an_effect(void **state)
{
	(void)state;
	for (unsigned int a = 0; a < LACK_COUNT; a++) {
		enum lack lack = (enum lack)(1U << a);

		assert_string_not_equal(lack_name(lack), "unknown");
		assert_string_not_equal(lack_effect(lack), "unknown");
		for (unsigned int b = 0; b < a; b++)
			assert_string_not_equal(lack_name(lack), lack_name((enum lack)(1U << b)));
	}
	assert_string_equal(lack_name((enum lack)(1U << LACK_COUNT)), "unknown");
	assert_string_equal(lack_name((enum lack)0), "unknown");
	assert_string_equal(lack_effect((enum lack)3), "unknown"); /* two at once */
	assert_string_equal(lack_name(LACK_CGROUP2), "cgroup v2 memory controller");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(working_set_leaves_out_inactive_files),
		cmocka_unit_test(working_set_does_not_underflow),
		cmocka_unit_test(unreclaimable_leaves_out_files_and_reclaimable_slab),
		cmocka_unit_test(a_chain_is_never_longer_than_the_table),
		cmocka_unit_test(switching_swap_off_needs_room),
		cmocka_unit_test(samples_are_compared_field_by_field),
		cmocka_unit_test(each_peer_has_its_name),
		cmocka_unit_test(swap_has_its_words),
		cmocka_unit_test(each_lack_has_a_name_and_an_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
