/*
 * fs: bounds, symlinks, what is left behind after a failure. Works in a fresh temporary folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"

static char folder[64];
static int dir = -1;

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/guardian-fs-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static void remove_below(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0)
			remove_below(fd, e->d_name);
	}
	if (d)
		closedir(d);
	unlinkat(parent, name, AT_REMOVEDIR);
}

static int remove_folder(void **state)
{
	(void)state;
	fs_close(&dir);
	remove_below(AT_FDCWD, folder);
	return 0;
}

static void put_file(const char *name, const char *data, size_t len)
{
	_cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
}

/* Names in the folder, the test's own dots left out. */
static unsigned int count_files(void)
{
	DIR *d = opendir(folder);
	unsigned int n = 0;
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static void assert_content(const char *name, const char *expected)
{
	char buf[256];

	assert_int_equal(fs_read(dir, name, buf, sizeof(buf)), strlen(expected));
	assert_string_equal(buf, expected);
}

static void close_keeps_errno_and_forgets(void **state)
{
	int fd = dup(dir), closed = fd;

	(void)state;
	errno = EDOM;
	fs_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EDOM);
	assert_int_equal(fcntl(closed, F_GETFD), -1);
	fs_close(&fd); /* nothing to close */
}

static void a_leading_slash_stays_below_the_root(void **state)
{
	(void)state;
	put_file("stat", "x", 1);
	assert_content("/stat", "x");
	assert_content("///stat", "x");
	_cleanup_fd_ int root = fs_open_dir(dir, "/");
	assert_true(root >= 0);
	_cleanup_fd_ int again = fs_open_read(root, "/stat");
	assert_true(again >= 0);
	assert_true(fcntl(again, F_GETFD) & FD_CLOEXEC);
	_cleanup_fd_ int absolute = fs_open_dir(AT_FDCWD, folder);
	assert_true(absolute >= 0);
}

static void open_refuses_what_is_no_file(void **state)
{
	(void)state;
	put_file("file", "x", 1);
	assert_int_equal(symlinkat("file", dir, "link"), 0);
	assert_int_equal(symlinkat(".", dir, "dirlink"), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(mkdirat(dir, "sub", 0700), 0);

	assert_int_equal(fs_open_read(dir, "link"), -ELOOP);
	assert_int_equal(fs_open_read(dir, "fifo"), -EINVAL); /* and does not hang */
	assert_int_equal(fs_open_read(dir, "sub"), -EISDIR);
	assert_int_equal(fs_open_read(dir, "/dev/null"), -ENOENT);
	assert_int_equal(fs_open_read(AT_FDCWD, "/dev/null"), -EINVAL);
	assert_int_equal(fs_open_read(dir, "none"), -ENOENT);
	assert_int_equal(fs_open_dir(dir, "file"), -ENOTDIR);
	assert_int_equal(fs_open_dir(dir, "dirlink"), -ENOTDIR);
	assert_int_equal(fs_write_value(dir, "link", "1"), -ELOOP);
	assert_int_equal(fs_write_value(dir, "none", "1"), -ENOENT);
	assert_int_equal(faccessat(dir, "none", F_OK, 0), -1);
}

static void read_is_bounded(void **state)
{
	char buf[5] = "....";

	(void)state;
	put_file("four", "abcd", 4);
	put_file("five", "abcde", 5);
	put_file("empty", "", 0);
	assert_int_equal(fs_read(dir, "four", buf, sizeof(buf)), 4);
	assert_string_equal(buf, "abcd");
	assert_int_equal(fs_read(dir, "five", buf, sizeof(buf)), -EFBIG);
	assert_string_equal(buf, ""); /* nothing is half-parsed */
	assert_int_equal(fs_read(dir, "empty", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	strcpy(buf, "old");
	assert_int_equal(fs_read(dir, "none", buf, sizeof(buf)), -ENOENT);
	assert_string_equal(buf, "");
	assert_int_equal(fs_read(dir, "four", buf, 0), -EINVAL);
	assert_int_equal(fs_read(dir, "empty", buf, 1), 0);
}

static void read_keeps_nul_bytes(void **state)
{
	char buf[16];

	(void)state;
	put_file("nul", "a\0b", 3);
	assert_int_equal(fs_read(dir, "nul", buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "a\0b", 4);
}

static void read_takes_a_pseudo_file_whole(void **state)
{
	char buf[16384];
	ssize_t n = fs_read(AT_FDCWD, "/proc/self/status", buf, sizeof(buf));

	(void)state;
	assert_true(n > 100);
	assert_int_equal(strlen(buf), n);
}

static void pread_reads_from_the_start_each_time(void **state)
{
	char buf[5];

	(void)state;
	put_file("file", "abcd", 4);
	_cleanup_fd_ int fd = fs_open_read(dir, "file");
	assert_int_equal(fs_pread(fd, buf, sizeof(buf)), 4);
	assert_int_equal(fs_pread(fd, buf, sizeof(buf)), 4);
	assert_string_equal(buf, "abcd");
	assert_int_equal(fs_pread(fd, buf, 4), -EFBIG);
	assert_string_equal(buf, "");
	assert_int_equal(fs_pread(fd, buf, 0), -EINVAL);
	assert_int_equal(fs_pread(-1, buf, sizeof(buf)), -EBADF);
	assert_string_equal(buf, "");
}

static void a_file_that_is_known_says_whose_it_is(void **state)
{
	struct stat st;
	char *out;
	size_t len;

	(void)state;
	put_file("policy", "x", 1);
	assert_int_equal(fchmodat(dir, "policy", 0620, 0), 0);
	assert_int_equal(symlinkat("policy", dir, "to-policy"), 0);
	assert_int_equal(fs_read_known(dir, "policy", false, 10, &out, &len, &st), 0);
	assert_string_equal(out, "x");
	free(out);
	assert_int_equal(st.st_mode & 07777, 0620);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(fs_read_known(dir, "to-policy", false, 10, &out, &len, &st), -ELOOP);
	assert_int_equal(fs_read_known(dir, "to-policy", true, 10, &out, &len, &st), 0);
	free(out);
	assert_int_equal(st.st_mode & 07777, 0620);
}

static void read_all_has_a_limit(void **state)
{
	enum { BIG = 10 << 20 };
	char *big = calloc(1, BIG), *out = big;
	size_t len = 1;

	(void)state;
	assert_non_null(big);
	big[BIG - 1] = 'z';
	put_file("big", big, BIG);
	assert_int_equal(fs_read_all(dir, "big", BIG - 1, &out, &len), -EFBIG);
	assert_null(out);
	assert_int_equal(len, 0);
	assert_int_equal(fs_read_all(dir, "big", BIG, &out, &len), 0);
	assert_int_equal(len, BIG);
	assert_memory_equal(out, big, BIG);
	assert_int_equal(out[BIG], 0);
	free(out);
	free(big);
	assert_int_equal(fs_read_all(dir, "none", 10, &out, &len), -ENOENT);
	assert_int_equal(fs_read_all(dir, "big", SIZE_MAX, &out, &len), -EINVAL);
	assert_null(out);
}

/* Their st_size is 0, so the content alone tells. */
static void read_all_grows_for_a_pseudo_file(void **state)
{
	char *out, whole[16384];
	size_t len;

	(void)state;
	assert_int_equal(fs_read_all(AT_FDCWD, "/proc/version", 1 << 20, &out, &len), 0);
	assert_int_equal(fs_read(AT_FDCWD, "/proc/version", whole, sizeof(whole)), len);
	assert_string_equal(out, whole);
	free(out);
	assert_int_equal(fs_read_all(AT_FDCWD, "/proc/version", len - 1, &out, &len), -EFBIG);
	assert_null(out);
}

/* An empty value in memory.max would be 0 to the kernel. */
static void write_value_writes_no_emptiness(void **state)
{
	(void)state;
	put_file("memory.max", "max\n", 4);
	assert_int_equal(fs_write_value(dir, "memory.max", ""), -EINVAL);
	assert_int_equal(fs_write_value(dir, "memory.max", "\n"), -EINVAL);
	assert_int_equal(fs_write_value(dir, "memory.max", " \n"), -EINVAL);
	assert_content("memory.max", "max\n");
	assert_int_equal(fs_write_value(dir, "memory.max", "12"), 0);
	assert_content("memory.max", "12x\n"); /* never truncates */
}

static void write_value_tells_the_devices_error(void **state)
{
	(void)state;
	assert_int_equal(fs_write_value(AT_FDCWD, "/dev/full", "1"), -ENOSPC);
}

/* A write that stops in the middle, as the limit of a file's size makes it. */
static void a_part_written_is_an_error(void **state)
{
	struct rlimit old, small;

	(void)state;
	put_file("value", "", 0);
	assert_int_equal(fs_replace(dir, "status", "old", 3, 0644), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 3, .rlim_max = old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int written = fs_write_value(dir, "value", "12345");
	int replaced = fs_replace(dir, "status", "12345", 5, 0644);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(written, -EIO);
	assert_int_equal(replaced, -EFBIG);
	assert_content("status", "old");
	assert_int_equal(count_files(), 2);
}

static void replace_puts_all_or_nothing(void **state)
{
	struct stat st;

	(void)state;
	umask(077);
	assert_int_equal(fs_replace(dir, "status", "one", 3, 0644), 0);
	umask(022);
	assert_content("status", "one");
	assert_int_equal(fstatat(dir, "status", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644); /* whatever the umask */
	assert_int_equal(fs_replace(dir, "status", "second", 6, 0600), 0);
	assert_content("status", "second");
	assert_int_equal(fs_replace(dir, "status", "", 0, 0600), 0);
	assert_content("status", "");
	assert_int_equal(count_files(), 1);
}

static void replace_takes_the_links_place(void **state)
{
	struct stat st;

	(void)state;
	put_file("victim", "secret", 6);
	assert_int_equal(symlinkat("victim", dir, "status"), 0);
	assert_int_equal(symlinkat("victim", dir, ".status.new"), 0);
	assert_int_equal(fs_replace(dir, "status", "new", 3, 0644), 0);
	assert_content("victim", "secret");
	assert_content("status", "new");
	assert_int_equal(fstatat(dir, "status", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(count_files(), 2);
}

static void replace_leaves_nothing_when_it_fails(void **state)
{
	char name[300];

	(void)state;
	assert_int_equal(mkdirat(dir, "status", 0755), 0);
	assert_int_equal(fs_replace(dir, "status", "x", 1, 0644), -EISDIR);
	assert_int_equal(count_files(), 1);
	assert_int_equal(fs_replace(dir, "../x", "x", 1, 0644), -EINVAL);
	assert_int_equal(fs_replace(dir, "a/b", "x", 1, 0644), -EINVAL);
	assert_int_equal(fs_replace(dir, "", "x", 1, 0644), -EINVAL);
	assert_int_equal(fs_replace(dir, ".", "x", 1, 0644), -EINVAL);
	assert_int_equal(fs_replace(dir, "..", "x", 1, 0644), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[252] = '\0'; /* a legal name itself, but not with the temporary file's additions */
	assert_int_equal(fs_replace(dir, name, "x", 1, 0644), -ENAMETOOLONG);
	assert_int_equal(mkdirat(dir, ".other.new", 0755), 0);
	assert_int_equal(fs_replace(dir, "other", "x", 1, 0644), -EISDIR);
	assert_int_equal(count_files(), 2);
}

static void dirs_are_made_once_and_not_through_links(void **state)
{
	struct stat st;
	char name[300];

	(void)state;
	umask(022);
	assert_int_equal(fs_make_dirs(dir, "/run/guardian/a", 0750), 0);
	assert_int_equal(fstatat(dir, "run/guardian/a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(fchmodat(dir, "run", 0700, 0), 0);
	assert_int_equal(fs_make_dirs(dir, "run//guardian/a/", 0755), 0);
	assert_int_equal(fstatat(dir, "run", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700); /* left as it was */
	umask(077);
	assert_int_equal(fs_make_dirs(dir, "run/open/to", 0755), 0);
	umask(022);
	assert_int_equal(fstatat(dir, "run/open/to", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755); /* whatever the umask */
	assert_int_equal(fs_make_dirs(dir, "", 0755), 0);
	assert_int_equal(fs_make_dirs(dir, "run/../etc", 0755), -EINVAL);
	assert_int_equal(symlinkat("run", dir, "link"), 0);
	assert_int_equal(fs_make_dirs(dir, "link/x", 0755), -ENOTDIR);
	put_file("file", "", 0);
	assert_int_equal(fs_make_dirs(dir, "file/x", 0755), -ENOTDIR);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(fs_make_dirs(dir, name, 0755), -ENAMETOOLONG);
	assert_int_equal(fs_make_dirs(-1, "x", 0755), -EBADF);
}

static void inode_is_the_folders(void **state)
{
	struct stat st;
	uint64_t inode = 0;

	(void)state;
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(fs_inode(dir, &inode), 0);
	assert_int_equal(inode, st.st_ino);
	assert_int_equal(fs_inode(-1, &inode), -EBADF);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(a_file_that_is_known_says_whose_it_is),
		FOLDER_TEST(close_keeps_errno_and_forgets),
		FOLDER_TEST(a_leading_slash_stays_below_the_root),
		FOLDER_TEST(open_refuses_what_is_no_file),
		FOLDER_TEST(read_is_bounded),
		FOLDER_TEST(read_keeps_nul_bytes),
		FOLDER_TEST(read_takes_a_pseudo_file_whole),
		FOLDER_TEST(pread_reads_from_the_start_each_time),
		FOLDER_TEST(read_all_has_a_limit),
		FOLDER_TEST(read_all_grows_for_a_pseudo_file),
		FOLDER_TEST(write_value_writes_no_emptiness),
		FOLDER_TEST(write_value_tells_the_devices_error),
		FOLDER_TEST(a_part_written_is_an_error),
		FOLDER_TEST(replace_puts_all_or_nothing),
		FOLDER_TEST(replace_takes_the_links_place),
		FOLDER_TEST(replace_leaves_nothing_when_it_fails),
		FOLDER_TEST(dirs_are_made_once_and_not_through_links),
		FOLDER_TEST(inode_is_the_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
