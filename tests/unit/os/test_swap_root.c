/*
 * swap_root: standard input is taken for the root only when it is just that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_root.h"
#include "temp_tree.h"

static struct temp_tree tree;

static int setup(void **state)
{
	(void)state;
	tree = temp_tree_make(NULL);
	temp_tree_mkdir(&tree, "root");
	temp_tree_mkdir(&tree, "other");
	temp_tree_write(&tree, "file", "no folder\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	temp_tree_remove(&tree);
	return 0;
}

static int open_below(const char *name)
{
	int fd = openat(tree.fd, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Two copies of one open file share its offset. */
static bool is_copy_of(int copy, int fd)
{
	off_t offset = lseek(copy, 0, SEEK_CUR);

	assert_int_equal(lseek(fd, offset + 1, SEEK_SET), offset + 1);
	return lseek(copy, 0, SEEK_CUR) == offset + 1;
}

static void expect_refused(int rootfd, int input)
{
	_cleanup_fd_ int fd = swap_root_open(rootfd, input);

	assert_true(fd > STDERR_FILENO);
	assert_true(is_copy_of(fd, rootfd));
}

/* As guardiand.service gives it: the same folder, opened by somebody else. */
static void the_root_itself_is_taken(void **state)
{
	_cleanup_fd_ int rootfd = open_below("root"), input = open_below("root");
	_cleanup_fd_ int fd = swap_root_open(rootfd, input);

	(void)state;
	assert_true(fd > STDERR_FILENO);
	assert_true(is_copy_of(fd, input));
	assert_false(is_copy_of(fd, rootfd));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void another_folder_is_not(void **state)
{
	_cleanup_fd_ int rootfd = open_below("root"), input = open_below("other");
	_cleanup_fd_ int above = open_below(".");

	(void)state;
	expect_refused(rootfd, input);
	expect_refused(rootfd, above);
}

/* A terminal looks like /dev/null here: a device. */
static void what_is_no_folder_is_not(void **state)
{
	_cleanup_fd_ int rootfd = open_below("root"), file = open_below("file");
	_cleanup_fd_ int device = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	expect_refused(rootfd, file);
	expect_refused(rootfd, device);
	expect_refused(rootfd, ends[0]);
	close(ends[0]);
	close(ends[1]);
	expect_refused(rootfd, ends[0]); /* closed */
	expect_refused(rootfd, -1);
}

static void without_a_root_there_is_none(void **state)
{
	(void)state;
	assert_int_equal(swap_root_open(-1, -1), -EBADF);
}

/* In a namespace of the child's own: 0: as it should be, 77: not permitted here. */
static _Noreturn void child_of_mounts(void)
{
	char from[PATH_MAX], to[PATH_MAX];
	int host = openat(tree.fd, "root", O_RDONLY | O_CLOEXEC), second, rootfd, fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(77);
	(void)snprintf(from, sizeof(from), "%s/root", tree.path);
	(void)snprintf(to, sizeof(to), "%s/other", tree.path);
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		_exit(77);
	rootfd = open(from, O_RDONLY | O_CLOEXEC);
	second = open(to, O_RDONLY | O_CLOEXEC);
	fd = swap_root_open(rootfd, second);
	if (!is_copy_of(fd, rootfd))
		_exit(1);
	/* the mount that the service's own was made of */
	fd = swap_root_open(rootfd, host);
	if (!is_copy_of(fd, host))
		_exit(2);
	/* one path, two folders: another is mounted there since */
	if (mount("none", from, "tmpfs", 0, NULL) < 0)
		_exit(77);
	rootfd = open(from, O_RDONLY | O_CLOEXEC);
	fd = swap_root_open(rootfd, host);
	_exit(is_copy_of(fd, rootfd) ? 0 : 3);
}

/* Neither the inode alone tells, nor the path. */
static void second_mount_of_the_root_is_not(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		child_of_mounts();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_itself_is_taken),
		cmocka_unit_test(another_folder_is_not),
		cmocka_unit_test(what_is_no_folder_is_not),
		cmocka_unit_test(without_a_root_there_is_none),
		cmocka_unit_test(second_mount_of_the_root_is_not),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
