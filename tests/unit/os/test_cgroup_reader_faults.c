/*
 * The readers where files are absent, reads fail and cgroups go; and the reader of ancestors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fail_pread.h"
#include "guardian/cgroup_reader.h"
#include "kernel_cgroup.h"
#include "reader_scene.h"
#include "temp_tree.h"

/* ---- absent is not zero ---- */

static void test_files_that_are_not_there(void **state)
{
	static const struct {
		const char *file;
		uint32_t reading, limit;
	} files[] = {
		{"memory.swap.current", MEMBER_SWAP, 0}, /* swapaccount=0 */
		{"memory.swap.max", 0, 1 << LIMIT_SWAP_MAX},
		{"memory.peak", MEMBER_PEAK, 0}, /* before 5.19 */
		{"memory.oom.group", 0, 1 << LIMIT_OOM_GROUP},
		{"memory.pressure", MEMBER_PSI, 0},
		{"pids.current", MEMBER_PIDS, 0},
		{"memory.events.local", MEMBER_EVENTS_LOCAL, 0},
	};
	struct scene s = {.tree = temp_tree_make("t3-medium-docker"), .path = REDIS};
	uint32_t valid = READINGS, mask = LIMITS;
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", REDIS, files[i].file);
		temp_tree_unlink(&s.tree, path);
		valid &= ~files[i].reading;
		mask &= ~files[i].limit;
		memset(&s.m, 0, sizeof(s.m));
		assert_int_equal(cgroup_reader_open(&s.reader, s.tree.fd, REDIS), 0);
		(void)tick(&s);
		assert_int_equal(s.m.valid, valid);
		assert_int_equal(s.m.live.mask, mask);
		assert_false(tick(&s));
		cgroup_reader_close(&s.reader);
	}
	temp_tree_remove(&s.tree);
}

/* A text that is not of the form takes the bit away, and gives it back when it is whole again. */
static void test_texts_that_are_not_of_the_form(void **state)
{
	static const char *const bad[] = {"", "\n", "x\n", "-1\n", "12 \n",
		"18446744073709551616\n", "000000000000000000000000000001\n", "maximum\n"};
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		edit(&s, "memory.current", bad[i]);
		edit(&s, "memory.max", bad[i]);
		assert_true(tick(&s));
		assert_int_equal(s.m.valid & MEMBER_CURRENT, 0);
		assert_false(limit_has(&s.m.live, LIMIT_MAX));
		assert_false(tick(&s));
		edit(&s, "memory.current", "4096\n");
		edit(&s, "memory.max", "max\n");
		assert_true(tick(&s));
		assert_int_equal(s.m.valid & MEMBER_CURRENT, MEMBER_CURRENT);
		assert_int_equal(s.m.current_bytes, 4096);
		assert_true(s.m.live.value[LIMIT_MAX] == LIMIT_UNLIMITED);
	}
	edit(&s, "memory.stat", "anon 1\n");
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_int_equal(s.m.valid & MEMBER_STAT, 0);
	cgroup_reader_mark(&s.reader);
	assert_true(reads_fully(&s, "1001"));
	assert_int_equal(s.m.valid & MEMBER_STAT, MEMBER_STAT);
	end(&s);
}

static void test_a_stat_that_is_too_long(void **state)
{
	static char text[10000];
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	memset(text, '\n', sizeof(text) - 1);
	edit(&s, "memory.stat", text);
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_int_equal(s.m.valid, READINGS & ~MEMBER_STAT);
	end(&s);
}

/* After the sample was lost, the next one fills another whole, and nothing of what that held before
 * stays. */
static void test_forget(void **state)
{
	struct scene s;
	struct member_sample before;

	(void)state;
	begin(&s, "t3-medium-docker", POSTGRES);
	(void)tick(&s);
	before = s.m;
	memset(&s.m, 0, sizeof(s.m));
	s.m.valid = MEMBER_INNER_MAX;
	cgroup_reader_forget(&s.reader);
	assert_true(tick(&s));
	assert_memory_equal(&s.m, &before, sizeof(before));
	assert_false(tick(&s));
	end(&s);
}

/* ---- descriptors ---- */

static void test_descriptors(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct cgroup_reader reader;
	int descriptors = open_descriptors();

	(void)state;
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, BACKEND), 0);
	assert_int_equal(open_descriptors(), descriptors + 1 + FILES);
	cgroup_reader_close(&reader);
	assert_int_equal(open_descriptors(), descriptors);
	cgroup_reader_close(&reader);
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, SLICE "/none"), -ENOENT);
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, BACKEND "/memory.max"), -ENOTDIR);
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, "proc/pressure"),
		-ENODEV); /* none of the files */
	cgroup_reader_close(&reader);
	assert_int_equal(open_descriptors(), descriptors);
	temp_tree_remove(&tree);
}

/* Whichever open fails for want of descriptors: an error, nothing left open, and never "absent". */
static void test_no_descriptors_left(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	int descriptors = open_descriptors();
	struct rlimit all, few;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	for (int i = 0; i < 1 + FILES; i++) {
		struct cgroup_reader reader;
		int r;

		few = (struct rlimit){(rlim_t)(tree.fd + 1 + i), all.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		r = cgroup_reader_open(&reader, tree.fd, BACKEND);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
		assert_int_equal(r, -EMFILE);
		assert_int_equal(open_descriptors(), descriptors);
	}
	temp_tree_remove(&tree);
}

/* ---- failing reads ---- */

static int current_is_absent_and_quiet(void *arg)
{
	struct scene *s = arg;
	bool first, second;

	s->now_us += SECOND / 10;
	if (cgroup_reader_sample(&s->reader, &s->m, s->now_us) != 0)
		return false;
	first = s->m.changed;
	if (cgroup_reader_sample(&s->reader, &s->m, s->now_us) != 0)
		return false;
	second = s->m.changed;
	return first && !second && s->m.valid == (READINGS & ~MEMBER_CURRENT);
}

static void test_a_read_that_fails(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	assert_true(
		fail_pread(s.reader.value[VALUE_CURRENT].fd, EIO, current_is_absent_and_quiet, &s));
	end(&s);
}

static int pressure_is_absent(void *arg)
{
	struct scene *s = arg;

	cgroup_reader_mark(&s->reader);
	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == 0 && s->m.changed &&
	       s->m.valid == (READINGS & ~MEMBER_PSI);
}

static void test_a_text_that_fails(void **state)
{
	struct scene s;
	int fd;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	fd = s.reader.text[TEXT_PRESSURE].fd;
	assert_true(fail_pread(fd, EOPNOTSUPP, pressure_is_absent, &s)); /* psi=0 */
	assert_true(
		fail_pread(fd, ENODEV, pressure_is_absent, &s)); /* cgroup.pressure was set to 0 */
	end(&s);
}

static int has_gone(void *arg)
{
	struct scene *s = arg;

	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == -ENODEV;
}

static int events_tell_that_it_has_gone(void *arg)
{
	struct scene *s = arg;

	cgroup_reader_mark(&s->reader);
	return has_gone(s);
}

/* A removed cgroup answers ENODEV on every descriptor. */
static void test_removed(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	assert_true(fail_pread(-1, ENODEV, has_gone, &s));
	assert_true(fail_pread(
		s.reader.text[TEXT_POPULATED].fd, ENODEV, events_tell_that_it_has_gone, &s));
	end(&s);
}

/* The memory controller was switched off and on again: the old descriptors are dead, the cgroup is
 * not. */
static int goes_on_with_new_descriptors(void *arg)
{
	struct scene *s = arg;

	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == 0 && s->m.changed &&
	       s->m.current_bytes == 4096;
}

static int goes_on_without_memory(void *arg)
{
	struct scene *s = arg;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/memory.current", s->path);
	if (unlinkat(s->tree.fd, path, 0) < 0)
		return false;
	if (cgroup_reader_sample(&s->reader, &s->m, s->now_us) != 0 || s->m.valid & MEMBER_CURRENT)
		return false;
	/* It comes back: found at the next full read. */
	edit(s, "memory.current", "8192\n");
	s->now_us += 6 * SECOND;
	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == 0 &&
	       s->m.current_bytes == 8192;
}

static void test_controller_switched_off_and_on(void **state)
{
	struct scene s;
	int fd;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	fd = fcntl(s.reader.value[VALUE_CURRENT].fd, F_DUPFD_CLOEXEC, 500);
	assert_true(fd >= 0);
	close(s.reader.value[VALUE_CURRENT].fd);
	s.reader.value[VALUE_CURRENT].fd = fd; /* a number that is not used again at once */
	edit(&s, "memory.current", "4096\n");
	assert_true(fail_pread(fd, ENODEV, goes_on_with_new_descriptors, &s));
	assert_true(fail_pread(fd, ENODEV, goes_on_without_memory, &s));
	end(&s);
}

/* ---- the kernel's own ---- */

static void test_kernel_removes_it(void **state)
{
	struct temp_tree tree = kernel_cgroup_make();
	struct cgroup_reader reader;
	struct member_sample m = {0};
	int pid;

	(void)state;
	temp_tree_mkdir(&tree, "g");
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, "g"), 0);
	assert_int_equal(cgroup_reader_sample(&reader, &m, 1), 0);
	assert_int_equal(m.valid & MEMBER_POPULATED, MEMBER_POPULATED);
	assert_false(m.populated);
	pid = kernel_cgroup_enter(&tree, "g");
	cgroup_reader_mark(&reader);
	assert_int_equal(cgroup_reader_sample(&reader, &m, 2), 0);
	assert_true(m.populated && m.changed);
	kernel_cgroup_leave(pid);
	temp_tree_rmdir(&tree, "g");
	cgroup_reader_mark(&reader);
	assert_int_equal(cgroup_reader_sample(&reader, &m, 3), -ENODEV);
	cgroup_reader_close(&reader);
	kernel_cgroup_remove(&tree);
}

/* ---- ancestors ---- */

static void test_ancestor(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct ancestor_sample a = {.parent = -1, .has_unit = true};
	struct ancestor_reader reader;
	int descriptors = open_descriptors();

	(void)state;
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, SLICE), 0);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_int_equal(a.inode, reader.inode);
	assert_true(a.has_low && a.has_events && a.has_unit);
	assert_int_equal(a.parent, -1);
	assert_int_equal(a.low_bytes, 0);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 0);
	temp_tree_write(&tree, SLICE "/memory.low", "67108864\n");
	temp_tree_write(&tree, SLICE "/memory.events", "low 0\nhigh 0\nmax 0\noom 9\noom_kill 2\n");
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_int_equal(a.low_bytes, 64 * MIB);
	assert_int_equal(a.ev_oom_kill, 2);
	temp_tree_write(&tree, SLICE "/memory.low", "much\n");
	temp_tree_write(&tree, SLICE "/memory.events", "\n");
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_false(a.has_low || a.has_events);
	ancestor_reader_forget(&reader);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	ancestor_reader_close(&reader);
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, "none"), -ENOENT);
	assert_int_equal(open_descriptors(), descriptors);
	temp_tree_remove(&tree);
}

/* The root has neither memory.low nor memory.events before 6.x. */
static void test_ancestor_without_files(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct ancestor_sample a = {.has_low = true, .has_events = true};
	struct ancestor_reader reader;

	(void)state;
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, "sys/fs/cgroup"), 0);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_false(a.has_low || a.has_events);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 0);
	ancestor_reader_close(&reader);
	temp_tree_remove(&tree);
}

static int ancestor_has_gone(void *arg)
{
	struct ancestor_sample a = {0};

	return ancestor_reader_sample(arg, &a) == -ENODEV;
}

static void test_ancestor_removed(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct ancestor_reader reader;

	(void)state;
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, SLICE), 0);
	assert_true(fail_pread(reader.low.fd, ENODEV, ancestor_has_gone, &reader));
	assert_true(fail_pread(reader.events.fd, ENODEV, ancestor_has_gone, &reader));
	ancestor_reader_close(&reader);
	temp_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_that_are_not_there),
		cmocka_unit_test(test_texts_that_are_not_of_the_form),
		cmocka_unit_test(test_a_stat_that_is_too_long),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_no_descriptors_left),
		cmocka_unit_test(test_a_read_that_fails),
		cmocka_unit_test(test_a_text_that_fails),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_controller_switched_off_and_on),
		cmocka_unit_test(test_kernel_removes_it),
		cmocka_unit_test(test_ancestor),
		cmocka_unit_test(test_ancestor_without_files),
		cmocka_unit_test(test_ancestor_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
