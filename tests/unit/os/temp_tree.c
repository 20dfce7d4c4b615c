/*
 * temp_tree: see temp_tree.h. Removal and copying are done by cp and rm, started without a shell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "temp_tree.h"

extern char **environ;

static void run(char *const argv[])
{
	pid_t pid;
	int status = -1;

	assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

struct temp_tree temp_tree_make(const char *fixture)
{
	struct temp_tree tree = {.path = "/dev/shm/guardian-test-XXXXXX"};

	if (!mkdtemp(tree.path)) {
		(void)snprintf(tree.path, sizeof(tree.path), "/tmp/guardian-test-XXXXXX");
		assert_non_null(mkdtemp(tree.path));
	}
	if (fixture) {
		char from[256];

		(void)snprintf(from, sizeof(from), "tests/fixtures/%s/.", fixture);
		run((char *[]){"cp", "-R", from, tree.path, NULL});
	}
	tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree.fd >= 0);
	return tree;
}

struct temp_tree temp_tree_make_in(const char *folder)
{
	struct temp_tree tree;

	(void)snprintf(tree.path, sizeof(tree.path), "%s/guardian-test-XXXXXX", folder);
	assert_non_null(mkdtemp(tree.path));
	tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree.fd >= 0);
	return tree;
}

void temp_tree_remove(struct temp_tree *tree)
{
	fs_close(&tree->fd);
	run((char *[]){"rm", "-rf", tree->path, NULL});
}

void temp_tree_mkdir(const struct temp_tree *tree, const char *path)
{
	assert_int_equal(fs_make_dirs(tree->fd, path, 0755), 0);
}

void temp_tree_write(const struct temp_tree *tree, const char *path, const char *text)
{
	char dir[1024];
	const char *slash = strrchr(path, '/');
	size_t len = strlen(text);
	int fd;

	if (slash) {
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		temp_tree_mkdir(tree, dir);
	}
	fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

void temp_tree_rmdir(const struct temp_tree *tree, const char *path)
{
	assert_int_equal(unlinkat(tree->fd, path, AT_REMOVEDIR), 0);
}

void temp_tree_unlink(const struct temp_tree *tree, const char *path)
{
	assert_int_equal(unlinkat(tree->fd, path, 0), 0);
}

int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -3; /* ".", ".." and the folder's own */

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
