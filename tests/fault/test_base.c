/*
 * base under faults: every call of fs fails once with its usual error, and is interrupted once.
 * What is asked: the error comes back, no descriptor stays open, a replaced file is the old one or
 * the new one and nothing lies beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "guardian/fs.h"

static char folder[] = "/tmp/guardian-fault-XXXXXX";
static int dir = -1;
static char *whole;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlinkat(dir, "status", 0);
	unlinkat(dir, "value", 0);
	unlinkat(dir, "made/deep", AT_REMOVEDIR);
	unlinkat(dir, "made", AT_REMOVEDIR);
	fs_close(&dir);
	return rmdir(folder);
}

static void put_old(void *arg)
{
	FILE *file;
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "%s/status", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("old", file);
	fclose(file);
}

static int replace(void *arg)
{
	(void)arg;
	return fs_replace(dir, "status", "new!", 4, 0644);
}

static void old_or_new(void *arg, int status)
{
	char buf[16];
	DIR *d = opendir(folder);
	struct dirent *e;

	(void)arg;
	assert_true(fs_read(dir, "status", buf, sizeof(buf)) > 0);
	assert_string_equal(buf, status < 0 ? "old" : "new!");
	assert_non_null(d);
	while ((e = readdir(d)))
		assert_null(strstr(e->d_name, ".new")); /* the temporary file */
	closedir(d);
}

static void replace_is_all_or_nothing(void **state)
{
	(void)state;
	FOR_EACH_FAULT(replace, .prepare = put_old, .check = old_or_new);
}

static int read_bounded(void *arg)
{
	char buf[64];

	(void)arg;
	return (int)fs_read(dir, "status", buf, sizeof(buf));
}

static int read_held(void *arg)
{
	_cleanup_fd_ int fd = fs_open_read(dir, "status");
	char buf[64];
	uint64_t inode;
	int err;

	(void)arg;
	if (fd < 0)
		return fd;
	err = fs_inode(fd, &inode);
	return err < 0 ? err : (int)fs_pread(fd, buf, sizeof(buf));
}

/* A pseudo-file tells no size: the buffer has to grow several times. */
static int read_growing(void *arg)
{
	size_t len;
	int err = fs_read_all(AT_FDCWD, "/proc/self/status", 1 << 20, &whole, &len);

	(void)arg;
	assert_true(err == 0 ? len > 100 : len == 0);
	return err;
}

static void free_whole(void *arg, int status)
{
	(void)arg;
	assert_true(status < 0 ? whole == NULL : whole != NULL);
	free(whole);
	whole = NULL;
}

static void reads_tell_their_errors(void **state)
{
	(void)state;
	put_old(NULL);
	FOR_EACH_FAULT(read_bounded);
	FOR_EACH_FAULT(read_held);
	FOR_EACH_FAULT(read_growing, .check = free_whole);
}

static void put_value(void *arg)
{
	_cleanup_fd_ int fd = openat(dir, "value", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)arg;
	assert_true(fd >= 0);
}

static int write_value(void *arg)
{
	(void)arg;
	return fs_write_value(dir, "value", "1048576");
}

static int make_dirs(void *arg)
{
	(void)arg;
	return fs_make_dirs(dir, "made/deep", 0755);
}

static void writes_tell_their_errors(void **state)
{
	(void)state;
	put_value(NULL);
	FOR_EACH_FAULT(write_value);
	FOR_EACH_FAULT(make_dirs);
}

/* A signal is no error. */
static void an_interrupted_call_is_made_again(void **state)
{
	const unsigned int calls = FAULT_OPEN | FAULT_READ | FAULT_WRITE;
	struct fault_scenario all[] = {
		{.name = "replace", .run = replace, .prepare = put_old, .check = old_or_new},
		{.name = "read_bounded", .run = read_bounded},
		{.name = "read_held", .run = read_held},
		{.name = "read_growing", .run = read_growing, .check = free_whole},
		{.name = "write_value", .run = write_value},
		{.name = "make_dirs", .run = make_dirs},
	};

	(void)state;
	put_old(NULL);
	put_value(NULL);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (unsigned long nth = 1;; nth++) {
			const char *call;
			int error, status;

			fault_arm(nth, calls, EINTR);
			status = all[i].run(NULL);
			bool injected = fault_disarm(&call, &error);
			if (status < 0)
				fail_msg("%s: %s interrupted: %s", all[i].name, call,
					strerror(-status));
			if (all[i].check)
				all[i].check(NULL, status);
			if (!injected)
				break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replace_is_all_or_nothing),
		cmocka_unit_test(reads_tell_their_errors),
		cmocka_unit_test(writes_tell_their_errors),
		cmocka_unit_test(an_interrupted_call_is_made_again),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
