/*
 * cgroup_set: on a tree of ordinary files, where its own write does the work. The back end is told
 * apart and libcgroup faked in test_cgroup_write.c; the real kernel and the real libcgroup are met
 * in the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "guardian/cgroup_set.h"
#include "guardian/fs.h"
#include "temp_tree.h"

#define MIB   (1ULL << 20)
#define GROUP "system.slice/app.service"
#define STAT(anon, shmem, kernel, slab)                                                            \
	"anon " #anon "\nfile 900000000\nkernel " #kernel "\nshmem " #shmem                        \
	"\nslab_reclaimable " #slab "\n"
#define OLD_STAT                                                                                   \
	"anon 50000000\nfile 900000000\nkernel_stack 1000000\npagetables 2000000\npercpu "         \
	"3000000\n"                                                                                \
	"shmem 40000000\nslab_reclaimable 20000000\nslab 24000000\n"

struct fixture {
	struct temp_tree tree;
	struct cgroup_target target;
	struct cgroup_how how;
	struct cgroup_outcome out;
};

static struct fixture make(void)
{
	static const struct {
		const char *file, *text;
	} files[] = {{"memory.max", "max\n"}, {"memory.low", "0\n"}, {"memory.swap.max", "max\n"},
		{"memory.oom.group", "0\n"}, {"memory.current", "1048576\n"},
		{"memory.high", "max\n"}, {"memory.stat", STAT(1048576, 0, 0, 0)}};
	struct fixture f = {.tree = temp_tree_make(NULL)};
	struct stat st;
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), GROUP "/%s", files[i].file);
		temp_tree_write(&f.tree, path, files[i].text);
	}
	assert_int_equal(fstatat(f.tree.fd, GROUP, &st, 0), 0);
	f.target = (struct cgroup_target){f.tree.fd, GROUP, st.st_ino};
	f.how = (struct cgroup_how){.deadline_us = 1000000, .page_bytes = 4096};
	return f;
}

static void put(const struct fixture *f, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), GROUP "/%s", file);
	temp_tree_write(&f->tree, path, text);
}

static void assert_file(const struct fixture *f, const char *file, const char *expected)
{
	char path[128], text[128];

	snprintf(path, sizeof(path), GROUP "/%s", file);
	assert_true(fs_read(f->tree.fd, path, text, sizeof(text)) >= 0);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, expected);
}

static struct limit_set one(enum limit_kind kind, uint64_t value)
{
	struct limit_set set = {0};

	limit_put(&set, kind, value);
	return set;
}

static int set_one(struct fixture *f, enum limit_kind kind, uint64_t value)
{
	const struct limit_set set = one(kind, value);

	return cgroup_set_limits(&f->target, &set, &f->how, &f->out);
}

static void all_values_are_written_and_read_back(void **state)
{
	struct fixture f = make();
	struct limit_set set = {0};

	(void)state;
	limit_put(&set, LIMIT_MAX, 1536 * MIB);
	limit_put(&set, LIMIT_LOW, 512 * MIB);
	limit_put(&set, LIMIT_SWAP_MAX, 0);
	limit_put(&set, LIMIT_OOM_GROUP, 1);
	assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), 0);
	assert_file(&f, "memory.max", "1610612736");
	assert_file(&f, "memory.low", "536870912");
	assert_file(&f, "memory.swap.max", "0");
	assert_file(&f, "memory.oom.group", "1");
	assert_file(&f, "memory.high", "max");
	assert_int_equal(f.out.written, 15);
	assert_int_equal(f.out.failed, 0);
	assert_int_equal(f.out.backend, CGROUP_BACKEND_FILES);
	assert_int_equal(f.out.live.mask, 15);
	assert_memory_equal(f.out.live.value, set.value, sizeof(set.value));
	temp_tree_remove(&f.tree);
}

static void only_what_is_asked_for_is_written(void **state)
{
	struct fixture f = make();

	(void)state;
	assert_int_equal(set_one(&f, LIMIT_LOW, 64 * MIB), 0);
	assert_int_equal(f.out.written, 1 << LIMIT_LOW);
	assert_file(&f, "memory.max", "max");
	assert_file(&f, "memory.swap.max", "max");
	temp_tree_remove(&f.tree);
}

/* Back to "max", whose three letters must not stand before the rest of a longer number. */
static void unlimited_is_max(void **state)
{
	struct fixture f = make();

	(void)state;
	put(&f, "memory.max", "1073741824\n");
	assert_int_equal(set_one(&f, LIMIT_MAX, LIMIT_UNLIMITED), 0);
	assert_file(&f, "memory.max", "max");
	assert_int_equal(f.out.live.value[LIMIT_MAX], LIMIT_UNLIMITED);
	temp_tree_remove(&f.tree);
}

/* 100000000 reads back as 99999744: rounded down to a page. */
static void what_is_there_already_is_not_written(void **state)
{
	struct fixture f = make();

	(void)state;
	put(&f, "memory.max", "99999744\n");
	put(&f, "memory.stat", STAT(99000000, 0, 0, 0)); /* nor looked at: nothing is lowered */
	assert_int_equal(set_one(&f, LIMIT_MAX, 100000000), 0);
	assert_int_equal(f.out.written, 0);
	assert_int_equal(f.out.backend, CGROUP_BACKEND_NONE);
	assert_file(&f, "memory.max", "99999744");
	temp_tree_remove(&f.tree);
}

/* Less than a page is 0 for the kernel, and kills. */
static void below_the_floor_nothing_is_written(void **state)
{
	static const uint64_t low[] = {0, 1, 1500, 4096, 6 * MIB - 1};
	struct fixture f = make();
	struct limit_set set = one(LIMIT_LOW, MIB);

	(void)state;
	f.how.force = true;
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		limit_put(&set, LIMIT_MAX, low[i]);
		assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), -ERANGE);
		assert_int_equal(cgroup_set_make_way(&f.target, &set, &f.how, &f.out), -ERANGE);
	}
	assert_file(&f, "memory.max", "max");
	assert_file(&f, "memory.low", "0");
	assert_int_equal(set_one(&f, LIMIT_MAX, 6 * MIB), 0);
	assert_int_equal(set_one(&f, LIMIT_OOM_GROUP, 2), -EINVAL);
	assert_file(&f, "memory.oom.group", "0");
	temp_tree_remove(&f.tree);
}

/* Usage 60M, policy 20M, no force: no write */
static void what_would_kill_is_refused(void **state)
{
	struct fixture f = make();
	struct limit_set set = one(LIMIT_MAX, 20 * MIB);

	(void)state;
	put(&f, "memory.stat", STAT(62914560, 0, 0, 0));
	put(&f, "memory.current", "63963136\n");
	limit_put(&set, LIMIT_LOW, 10 * MIB);
	assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), -EBUSY);
	assert_int_equal(f.out.written, 0);
	assert_int_equal(f.out.unreclaimable_bytes, 60 * MIB);
	assert_int_equal(f.out.live.value[LIMIT_MAX], LIMIT_UNLIMITED);
	assert_file(&f, "memory.max", "max");
	assert_file(&f, "memory.low", "0");
	assert_int_equal(cgroup_set_make_way(&f.target, &set, &f.how, &f.out), -EBUSY);
	f.how.force = true;
	assert_int_equal(cgroup_set_make_way(&f.target, &set, &f.how, &f.out), 0);
	assert_file(&f, "memory.max", "max");
	assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), 0);
	assert_file(&f, "memory.max", "20971520");
	temp_tree_remove(&f.tree);
}

static void a_tenth_of_room_is_wanted(void **state)
{
	static const struct {
		const char *stat;
		uint64_t max;
		int r;
	} table[] = {
		{STAT(100000000, 0, 0, 0), 109999999, -EBUSY},
		{STAT(100000000, 0, 0, 0), 110000000, 0},
		/* shared memory and the kernel's own count; what it can shed does not */
		{STAT(50000000, 40000000, 30000000, 20000000), 109999999, -EBUSY},
		{STAT(50000000, 40000000, 30000000, 20000000), 110000000, 0},
		{STAT(0, 0, 0, 0), 6 * MIB, 0},
		{STAT(18446744073709551615, 0, 0, 0), 6 * MIB, -EBUSY},
		/* Linux before 5.18 has no `kernel`, but most of its parts */
		{"anon 100000000\nshmem 0\nslab_reclaimable 0\n", 110000000, 0},
		{OLD_STAT, 109999999, -EBUSY},
		{OLD_STAT, 110000000, 0},
		/* absent is not zero */
		{"anon 100\nshmem 0\n", 110000000, -ENODATA},
		{"", 110000000, -ENODATA},
		{"anon 100\nshmem x\nslab_reclaimable 0\n", 110000000, -ENODATA},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fixture f = make();

		put(&f, "memory.stat", table[i].stat);
		assert_int_equal(set_one(&f, LIMIT_MAX, table[i].max), table[i].r);
		assert_int_equal(f.out.written, table[i].r == 0);
		temp_tree_remove(&f.tree);
	}
}

static void without_its_figures_only_force_lowers(void **state)
{
	struct fixture f = make();

	(void)state;
	temp_tree_unlink(&f.tree, GROUP "/memory.stat");
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), -ENOENT);
	assert_file(&f, "memory.max", "max");
	f.how.force = true;
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), 0);
	assert_file(&f, "memory.max", "104857600");
	temp_tree_remove(&f.tree);
}

static void raising_asks_nothing(void **state)
{
	struct fixture f = make();

	(void)state;
	put(&f, "memory.max", "104857600\n");
	put(&f, "memory.stat", STAT(104857600, 0, 0, 0));
	assert_int_equal(set_one(&f, LIMIT_MAX, 105 * MIB), 0);
	assert_file(&f, "memory.max", "110100480");
	temp_tree_remove(&f.tree);
}

/* An ordinary memory.reclaim takes nothing: one step is tried, of 32 MiB at the most, and none
 * after it. */
static void way_is_made_in_bounded_steps(void **state)
{
	struct fixture f = make();

	(void)state;
	put(&f, "memory.current", "1073741824\n");
	put(&f, "memory.reclaim", "");
	assert_int_equal(set_one(&f, LIMIT_MAX, 512 * MIB), 0);
	assert_file(&f, "memory.reclaim", "33554432");
	assert_int_equal(f.out.reclaimed_bytes, 0);
	put(&f, "memory.current", "536870912\n");
	put(&f, "memory.reclaim", "none");
	assert_int_equal(set_one(&f, LIMIT_MAX, 511 * MIB), 0);
	assert_file(&f, "memory.reclaim", "1048576");
	put(&f, "memory.reclaim", "none");
	f.how.deadline_us = 0;
	assert_int_equal(set_one(&f, LIMIT_MAX, 500 * MIB), 0);
	assert_file(&f, "memory.reclaim", "none");
	temp_tree_remove(&f.tree);
}

static void another_cgroup_is_left_alone(void **state)
{
	struct fixture f = make();

	(void)state;
	f.target.inode++;
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), -ESTALE);
	assert_file(&f, "memory.max", "max");
	f.target.path = "system.slice/gone.service";
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), -ESTALE);
	assert_int_equal(f.out.live.mask, 0);
	f.target.path = "/";
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), -EINVAL);
	f.target.path = "";
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), -EINVAL);
	temp_tree_remove(&f.tree);
}

static void a_leading_slash_is_the_same_cgroup(void **state)
{
	struct fixture f = make();

	(void)state;
	f.target.path = "/" GROUP;
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), 0);
	assert_file(&f, "memory.max", "104857600");
	temp_tree_remove(&f.tree);
}

/* No swap accounting: the rest is set all the same, and what failed is told. */
static void a_missing_file_fails_alone(void **state)
{
	struct fixture f = make();
	struct limit_set set = one(LIMIT_MAX, 100 * MIB);

	(void)state;
	limit_put(&set, LIMIT_SWAP_MAX, 0);
	limit_put(&set, LIMIT_OOM_GROUP, 1);
	temp_tree_unlink(&f.tree, GROUP "/memory.swap.max");
	assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), -ENOENT);
	assert_int_equal(f.out.failed, 1 << LIMIT_SWAP_MAX);
	assert_int_equal(f.out.written, 1 << LIMIT_MAX | 1 << LIMIT_OOM_GROUP);
	assert_false(limit_has(&f.out.live, LIMIT_SWAP_MAX));
	assert_int_equal(f.out.live.value[LIMIT_MAX], 100 * MIB);
	assert_int_equal(f.out.live.value[LIMIT_OOM_GROUP], 1);
	temp_tree_remove(&f.tree);
}

static void no_link_is_followed(void **state)
{
	struct fixture f = make();
	char text[32];

	(void)state;
	temp_tree_unlink(&f.tree, GROUP "/memory.low");
	temp_tree_write(&f.tree, "elsewhere", "precious\n");
	assert_int_equal(symlinkat("../../elsewhere", f.tree.fd, GROUP "/memory.low"), 0);
	assert_int_equal(set_one(&f, LIMIT_LOW, MIB), -ELOOP);
	assert_int_equal(f.out.failed, 1 << LIMIT_LOW);
	assert_int_equal(fs_read(f.tree.fd, "elsewhere", text, sizeof(text)), strlen("precious\n"));
	temp_tree_remove(&f.tree);
}

static void no_descriptor_is_left(void **state)
{
	struct fixture f = make();
	int before = open_descriptors();

	(void)state;
	put(&f, "memory.stat", STAT(62914560, 0, 0, 0));
	for (uint64_t i = 0; i < 20; i++) {
		assert_int_equal(set_one(&f, LIMIT_MAX, 20 * MIB), -EBUSY);
		assert_int_equal(set_one(&f, LIMIT_LOW, i * MIB), 0);
		f.target.inode++;
		assert_int_equal(set_one(&f, LIMIT_LOW, 0), -ESTALE);
		f.target.inode--;
	}
	assert_int_equal(open_descriptors(), before);
	temp_tree_remove(&f.tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_values_are_written_and_read_back),
		cmocka_unit_test(only_what_is_asked_for_is_written),
		cmocka_unit_test(unlimited_is_max),
		cmocka_unit_test(what_is_there_already_is_not_written),
		cmocka_unit_test(below_the_floor_nothing_is_written),
		cmocka_unit_test(what_would_kill_is_refused),
		cmocka_unit_test(a_tenth_of_room_is_wanted),
		cmocka_unit_test(without_its_figures_only_force_lowers),
		cmocka_unit_test(raising_asks_nothing),
		cmocka_unit_test(way_is_made_in_bounded_steps),
		cmocka_unit_test(another_cgroup_is_left_alone),
		cmocka_unit_test(a_leading_slash_is_the_same_cgroup),
		cmocka_unit_test(a_missing_file_fails_alone),
		cmocka_unit_test(no_link_is_followed),
		cmocka_unit_test(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
