/*
 * The readers of the machine under faults: an open, a watch or an allocation that fails is told, or
 * made up for at the next dispatch; nothing stays open, and what was not seen is never taken for
 * what is not there. Failing reads are in the unit tests: the readers' system call does not pass
 * through libc.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "guardian/cgroup.h"
#include "guardian/cgroup_reader.h"
#include "guardian/cgroup_tree.h"
#include "guardian/fs.h"
#include "guardian/procfs.h"

#define FIXTURE "tests/fixtures/t3-medium-docker"
#define BACKEND                                                                                    \
	"system.slice/"                                                                            \
	"docker-bbbbbbbb0123456789abcdef0123456789abcdef0123456789abcdef0badcafe.scope"

enum {
	DIRECTORIES = 8, /* of the fixture's tree */
	READINGS = MEMBER_CURRENT | MEMBER_STAT | MEMBER_SWAP | MEMBER_EVENTS |
		   MEMBER_EVENTS_LOCAL | MEMBER_PSI | MEMBER_POPULATED | MEMBER_PIDS | MEMBER_PEAK |
		   MEMBER_HIGH,
};

static int root = -1, cgroups = -1;

static int open_fixture(void **state)
{
	(void)state;
	root = fs_open_dir(AT_FDCWD, FIXTURE);
	cgroups = fs_open_dir(root, "sys/fs/cgroup");
	return root >= 0 && cgroups >= 0 ? 0 : -1;
}

static int close_fixture(void **state)
{
	(void)state;
	fs_close(&root);
	fs_close(&cgroups);
	return 0;
}

/* ---- cgroup ---- */

static int open_root(void *arg)
{
	int fd, mode = cgroup_open_root(root, &fd);

	(void)arg;
	if ((mode == CGROUP_UNIFIED) != (fd >= 0))
		return 1;
	fs_close(&fd);
	return mode;
}

static void test_root(void **state)
{
	(void)state;
	FOR_EACH_FAULT(open_root, .groups = FAULT_OPEN | FAULT_READ | FAULT_NAME);
	FOR_EACH_FAULT(open_root, .groups = FAULT_OPEN, .error = EMFILE);
}

/* ---- procfs ---- */

static int open_and_sample_host(void *arg)
{
	struct host_sample host = {0};
	struct procfs p;
	int r = procfs_open(&p, root);

	(void)arg;
	if (r == 0)
		procfs_sample(&p, &host, SAMPLE_FULL);
	procfs_close(&p);
	if (r == 0 && !(host.valid & HOST_MEMORY))
		return -EIO;
	return r;
}

static void test_procfs(void **state)
{
	(void)state;
	FOR_EACH_FAULT(open_and_sample_host, .groups = FAULT_OPEN, .error = EMFILE);
	FOR_EACH_FAULT(open_and_sample_host, .tolerates = true);
}

/* ---- reader ---- */

static int open_and_sample(void *arg)
{
	static const struct member_sample zero;
	struct member_sample m = zero;
	struct cgroup_reader reader;
	int r = cgroup_reader_open(&reader, cgroups, BACKEND);

	if (r == 0)
		r = cgroup_reader_sample(&reader, &m, 1);
	cgroup_reader_close(&reader);
	*(uint32_t *)arg = m.valid;
	return r;
}

/* Without descriptors there is an error, and no sample with holes. */
static void whole_or_error(void *arg, int status)
{
	assert_int_equal(*(uint32_t *)arg, status < 0 ? 0 : READINGS);
}

static int open_ancestor(void *arg)
{
	struct ancestor_reader reader;
	struct ancestor_sample a = {0};
	int r = ancestor_reader_open(&reader, cgroups, "system.slice");

	(void)arg;
	if (r == 0)
		r = ancestor_reader_sample(&reader, &a);
	ancestor_reader_close(&reader);
	return r;
}

static void test_reader(void **state)
{
	uint32_t valid;

	(void)state;
	/* crun's level is looked for once more at the sample: that open may fail. */
	FOR_EACH_FAULT(open_and_sample, .arg = &valid, .check = whole_or_error,
		.groups = FAULT_OPEN, .error = EMFILE, .tolerates = true);
	FOR_EACH_FAULT(open_and_sample, .arg = &valid, .tolerates = true);
	FOR_EACH_FAULT(open_ancestor, .groups = FAULT_OPEN, .error = EMFILE);
	FOR_EACH_FAULT(open_ancestor, .tolerates = true);
}

/* ---- tree ---- */

static void count(void *userdata, const char *path)
{
	(void)path;
	++*(int *)userdata;
}

static void count_down(void *userdata, const char *path)
{
	(void)path;
	--*(int *)userdata;
}

static void ignore(void *userdata, const char *path, const char *file)
{
	(void)userdata;
	(void)path;
	(void)file;
}

/* A walk with a hole in it says so; the next dispatch fills it, unless the kernel has no room for
 * watches. */
static int walk(void *arg)
{
	static const struct cgroup_tree_ops ops = {count, count_down, ignore};
	struct cgroup_tree *tree;
	int told = 0, known, r = cgroup_tree_open(&tree, cgroups, &ops, &told);

	(void)arg;
	if (r < 0)
		return tree ? 1 : r;
	if (r == CGROUP_TREE_TRUNCATED)
		r = cgroup_tree_dispatch(tree, &ops, &told);
	known = (int)cgroup_tree_count(tree);
	cgroup_tree_close(tree);
	if (told != known || (r == 0 && known != DIRECTORIES))
		return 1;
	return r == CGROUP_TREE_TRUNCATED ? -ENOSPC : r;
}

static void never_one(void *arg, int status)
{
	(void)arg;
	assert_int_not_equal(status, 1);
}

static void test_tree(void **state)
{
	(void)state;
	FOR_EACH_FAULT(walk, .check = never_one, .tolerates = true);
	FOR_EACH_FAULT(
		walk, .check = never_one, .groups = FAULT_OPEN, .error = EMFILE, .tolerates = true);
	FOR_EACH_FAULT(walk, .check = never_one, .groups = FAULT_WATCH, .error = ENOSPC);
	FOR_EACH_FAULT(walk, .check = never_one, .groups = FAULT_WATCH, .error = ENOMEM,
		.tolerates = true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_procfs),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
