/*
 * kernel_cgroup: see kernel_cgroup.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "kernel_cgroup.h"

struct temp_tree kernel_cgroup_make(void)
{
	static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	struct temp_tree tree = {.fd = -1};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts) && tree.fd < 0; i++) {
		char controllers[256];

		(void)snprintf(
			controllers, sizeof(controllers), "%s/cgroup.controllers", mounts[i]);
		(void)snprintf(tree.path, sizeof(tree.path), "%s/guardian-test-%d", mounts[i],
			(int)getpid());
		if (access(controllers, R_OK) == 0 && mkdir(tree.path, 0755) == 0)
			tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (tree.fd < 0)
		skip();
	return tree;
}

void kernel_cgroup_remove(struct temp_tree *tree)
{
	fs_close(&tree->fd);
	assert_int_equal(rmdir(tree->path), 0);
}

static int move_to(const struct temp_tree *tree, const char *path, pid_t pid)
{
	char procs[256], number[16];

	(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	return fs_write_value(tree->fd, procs, number);
}

int kernel_cgroup_enter(const struct temp_tree *tree, const char *path)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	assert_int_equal(move_to(tree, path, pid), 0);
	return pid;
}

void kernel_cgroup_leave(int pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}
