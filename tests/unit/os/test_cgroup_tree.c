/*
 * The tree by notification: on a plain folder, where everything can be provoked, and on the
 * kernel's own cgroupfs, where a removed directory keeps its watch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/cgroup.h"
#include "guardian/cgroup_tree.h"
#include "temp_tree.h"
#include "tree_scene.h"

/* ---- coming and going ---- */

static void test_first_walk(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("a/b/c"));
	assert_string_equal(s.story.text, "+a +a/b +a/b/c");
	assert_int_equal(cgroup_tree_count(s.tree), 3);
	assert_int_equal(watches(s.tree), 4);
	assert_string_equal(happened(&s), "");
	end(&s);
}

static void test_a_directory_comes_and_goes(void **state)
{
	struct scene s;
	struct pollfd poller;

	(void)state;
	begin(&s, DIRS("a"));
	poller = (struct pollfd){.fd = cgroup_tree_fd(s.tree), .events = POLLIN};
	assert_int_equal(poll(&poller, 1, 0), 0);
	temp_tree_mkdir(&s.folder, "a/b");
	assert_int_equal(poll(&poller, 1, 0), 1);
	assert_string_equal(happened(&s), "+a/b");
	assert_int_equal(poll(&poller, 1, 0), 0);
	temp_tree_rmdir(&s.folder, "a/b");
	assert_string_equal(happened(&s), "-a/b");
	temp_tree_rmdir(&s.folder, "a");
	assert_string_equal(happened(&s), "-a");
	assert_int_equal(watches(s.tree), 1);
	end(&s);
}

/* All of it was made before the first watch stood; each is told once, parents first. */
static void test_nested_at_once(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, NULL);
	temp_tree_mkdir(&s.folder, "a/b/c/d");
	assert_string_equal(happened(&s), "+a +a/b +a/b/c +a/b/c/d");
	assert_string_equal(happened(&s), "");
	end(&s);
}

/* The mkdir falls between the watch and the listing: the kernel's event and the listing both show
 * it. */
static void test_a_mkdir_that_races_is_told_once(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, NULL);
	s.story.make = "inner";
	temp_tree_mkdir(&s.folder, "a");
	assert_string_equal(happened(&s), "+a +a/inner");
	assert_string_equal(happened(&s), "");
	end(&s);
}

static void test_gone_before_it_was_seen(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, NULL);
	temp_tree_mkdir(&s.folder, "a/b");
	temp_tree_rmdir(&s.folder, "a/b");
	temp_tree_rmdir(&s.folder, "a");
	assert_string_equal(happened(&s), "");
	assert_int_equal(cgroup_tree_count(s.tree), 0);
	end(&s);
}

/* One dispatch is bounded; that there is more is said, for an edge-triggered loop is not told
 * twice. */
static void test_a_storm_is_dispatched_by_parts(void **state)
{
	char name[221];
	struct scene s;
	int parts = 0;

	(void)state;
	begin(&s, NULL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 2000; i++) {
		temp_tree_mkdir(&s.folder, name);
		temp_tree_rmdir(&s.folder, name);
	}
	temp_tree_mkdir(&s.folder, "last");
	while (cgroup_tree_dispatch(s.tree, &ops, &s.story) == CGROUP_TREE_MORE)
		parts++;
	assert_in_range(parts, 1, 3);
	assert_string_equal(s.story.text, "+last");
	end(&s);
}

/* A restarted service: the same name, another directory. */
static void test_replaced_between_two_dispatches(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("a/b"));
	temp_tree_rmdir(&s.folder, "a/b");
	temp_tree_rmdir(&s.folder, "a");
	temp_tree_mkdir(&s.folder, "a/b");
	assert_string_equal(happened(&s), "-a/b -a +a +a/b");
	temp_tree_mkdir(&s.folder, "a/b/c");
	assert_string_equal(happened(&s), "+a/b/c");
	assert_int_equal(watches(s.tree), 4);
	end(&s);
}

static void test_renamed_with_all_below_it(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("a/b/c"));
	assert_int_equal(renameat(s.folder.fd, "a", s.folder.fd, "z"), 0);
	assert_string_equal(happened(&s), "-a/b/c -a/b -a +z +z/b +z/b/c");
	assert_int_equal(watches(s.tree), 4);
	temp_tree_rmdir(&s.folder, "z/b/c");
	assert_string_equal(happened(&s), "-z/b/c");
	end(&s);
}

static void test_files_and_links_are_no_directories(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("a"));
	assert_int_equal(symlinkat("a", s.folder.fd, "link"), 0);
	temp_tree_write(&s.folder, "a/file", "x");
	temp_tree_unlink(&s.folder, "a/file");
	assert_string_equal(happened(&s), "");
	s.story.text[0] = '\0';
	assert_int_equal(cgroup_tree_rescan(s.tree, &ops, &s.story), 0);
	assert_string_equal(s.story.text, "");
	end(&s);
}

/* ---- files ---- */

static void test_files_are_told_where_asked(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("a", "b"));
	temp_tree_write(&s.folder, "a/memory.max", "1");
	temp_tree_write(&s.folder, "b/memory.max", "1");
	assert_string_equal(happened(&s), "");
	assert_int_equal(cgroup_tree_watch_files(s.tree, "a", true), 0);
	assert_int_equal(cgroup_tree_watch_files(s.tree, "a", true), 0);
	temp_tree_write(&s.folder, "a/memory.max", "2");
	temp_tree_write(&s.folder, "b/memory.max", "2");
	assert_non_null(strstr(happened(&s), "~a:memory.max"));
	assert_null(strstr(s.story.text, "~b"));
	/* Directories are told still. */
	temp_tree_mkdir(&s.folder, "a/c");
	assert_string_equal(happened(&s), "+a/c");
	assert_int_equal(cgroup_tree_watch_files(s.tree, "a", false), 0);
	temp_tree_write(&s.folder, "a/memory.max", "3");
	assert_string_equal(happened(&s), "");
	assert_int_equal(cgroup_tree_watch_files(s.tree, "none", true), -ENOENT);
	assert_int_equal(watches(s.tree), 4);
	end(&s);
}

static void test_files_are_watched_from_the_callback(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, NULL);
	s.story.watch = "a";
	temp_tree_mkdir(&s.folder, "a");
	assert_string_equal(happened(&s), "+a");
	temp_tree_write(&s.folder, "a/memory.high", "max");
	assert_string_equal(happened(&s), "~a:memory.high");
	end(&s);
}

/* The name is another directory's by now: no watch may be left on it, it will be told in its turn.
 */
static void test_files_of_a_replaced_directory(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("a"));
	temp_tree_rmdir(&s.folder, "a");
	assert_int_equal(cgroup_tree_watch_files(s.tree, "a", true), -ENOENT);
	temp_tree_mkdir(&s.folder, "a");
	assert_int_equal(cgroup_tree_watch_files(s.tree, "a", true), -ENOENT);
	assert_string_equal(happened(&s), "-a +a");
	assert_int_equal(watches(s.tree), 2);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_walk),
		cmocka_unit_test(test_a_directory_comes_and_goes),
		cmocka_unit_test(test_nested_at_once),
		cmocka_unit_test(test_a_mkdir_that_races_is_told_once),
		cmocka_unit_test(test_gone_before_it_was_seen),
		cmocka_unit_test(test_a_storm_is_dispatched_by_parts),
		cmocka_unit_test(test_replaced_between_two_dispatches),
		cmocka_unit_test(test_renamed_with_all_below_it),
		cmocka_unit_test(test_files_and_links_are_no_directories),
		cmocka_unit_test(test_files_are_told_where_asked),
		cmocka_unit_test(test_files_are_watched_from_the_callback),
		cmocka_unit_test(test_files_of_a_replaced_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
