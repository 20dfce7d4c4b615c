/*
 * swap_room: a cgroup whose memory and swap together exceed its limit is found wherever it is, and
 * what cannot be read is no room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guardian/swap_room.h"
#include "temp_tree.h"

enum { MIB = 1 << 20 };

static struct temp_tree tree;
static char words[256];

static int setup(void **state)
{
	(void)state;
	tree = temp_tree_make(NULL);
	temp_tree_write(&tree, "cgroup.controllers", "memory\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	temp_tree_remove(&tree);
	return 0;
}

static void put(const char *cgroup, const char *file, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	temp_tree_write(&tree, path, text);
}

/* MAX_MIB 0: unlimited. */
static void group(const char *path, int max_mib, int anon_mib, int file_mib, int swap_mib)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%d\n", max_mib * MIB);
	put(path, "memory.max", max_mib ? text : "max\n");
	(void)snprintf(text, sizeof(text), "%d\n", swap_mib * MIB);
	put(path, "memory.swap.current", text);
	(void)snprintf(text, sizeof(text),
		"anon %d\nfile %d\nkernel 0\nshmem 0\ninactive_file %d\nactive_file 0\n"
		"slab_reclaimable 0\nslab 0\nworkingset_refault_anon 0\nworkingset_refault_file 0\n"
		"pgscan 0\npgsteal 0\n",
		anon_mib * MIB, file_mib * MIB, file_mib * MIB);
	put(path, "memory.stat", text);
}

static int room(void)
{
	struct text_out why;
	int before = open_descriptors(), r;

	text_out_init(&why, words, sizeof(words));
	r = swap_room(tree.fd, &why);
	assert_int_equal(open_descriptors(), before);
	return r;
}

static void no_swap_no_question(void **state)
{
	(void)state;
	assert_int_equal(room(), 0);
	group("a.slice", 10, 90, 0, 0);
	put("b.slice", "cgroup.procs", ""); /* no memory controller there */
	assert_int_equal(room(), 0);
	assert_string_equal(words, "");
}

static void what_fits_and_what_does_not(void **state)
{
	(void)state;
	group("a.slice", 0, 50, 0, 50);
	group("a.slice/one.scope", 110, 50, 60, 50); /* page cache makes room */
	assert_int_equal(room(), 0);
	group("a.slice/one.scope", 109, 50, 0, 50);
	assert_int_equal(room(), -ENOMEM);
	assert_string_equal(words,
		"50 MiB in swap have no room under the limit of 109 MiB of a.slice/one.scope");
}

static void limits_above_count_as_well(void **state)
{
	(void)state;
	group("a.slice", 100, 90, 0, 30);
	group("a.slice/one.scope", 0, 45, 0, 15);
	group("a.slice/two.scope", 0, 45, 0, 15);
	assert_int_equal(room(), -ENOMEM);
	assert_non_null(strstr(words, "limit of 100 MiB of a.slice"));
}

static void what_cannot_be_read_is_no_room(void **state)
{
	(void)state;
	group("a.slice", 100, 10, 0, 10);
	put("a.slice", "memory.stat", "anon 7\n");
	assert_int_equal(room(), -ENODATA);
	assert_non_null(strstr(words, "a.slice"));
	group("a.slice", 100, 10, 0, 10);
	put("a.slice", "memory.max", "all\n");
	assert_true(room() < 0);
	temp_tree_unlink(&tree, "a.slice/memory.stat");
	put("a.slice", "memory.max", "1000\n");
	assert_int_equal(room(), -ENOENT);
	put("a.slice", "memory.swap.current", "much\n");
	assert_true(room() < 0);
}

static void no_tree_at_all(void **state)
{
	struct text_out why;

	(void)state;
	text_out_init(&why, words, sizeof(words));
	assert_int_equal(swap_room(-1, &why), -EOPNOTSUPP);
	assert_non_null(strstr(words, "cannot be seen"));
}

#define TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE(no_swap_no_question),
		TREE(what_fits_and_what_does_not),
		TREE(limits_above_count_as_well),
		TREE(what_cannot_be_read_is_no_room),
		TREE(no_tree_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
