/*
 * The semaphore file and the scan for streams under faults: the error comes back, no descriptor
 * stays open, the file is the same inode, and its holder holds it. What a failed call has left
 * half done, the next mending does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "guardian/fs.h"
#include "guardian/slots.h"
#include "guardian/stream_watch.h"

static const struct slots_cap CAP = {.cap = 6, .effective_cap = 6, .realtime_us = 77};

static char folder[64];
static int root = -1, holder = -1;
static ino_t inode;
static struct streams_sample seen;

static int open_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/guardian-fault-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	root = fs_open_dir(AT_FDCWD, folder);
	return root < 0 ? -1 : 0;
}

static int close_folder(void **state)
{
	static const char *const files[] = {SLOTS_FILE, "proc/30/stat", "proc/30/status",
		"group/cgroup.procs", "group/inner/cgroup.procs"};
	static const char *const dirs[] = {"proc/30", "proc", "group/inner", "group"};

	(void)state;
	fs_close(&holder);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlinkat(root, files[i], 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		(void)unlinkat(root, dirs[i], AT_REMOVEDIR);
	fs_close(&root);
	return rmdir(folder);
}

/* ---- the file ---- */

static int mend(void *arg)
{
	struct slots slots;
	int r = slots_open(&slots, root, false);

	(void)arg;
	slots_set_group(&slots, getegid());
	if (r == 0)
		r = slots_mend(&slots, &CAP);
	slots_close(&slots);
	return r;
}

static int publish(void *arg)
{
	struct slots slots;
	int r = slots_open(&slots, root, false);

	(void)arg;
	memset(&seen, 0, sizeof(seen));
	slots_set_group(&slots, getegid());
	if (r == 0 && slots_look(&slots, &seen))
		r = seen.file_state == SLOT_FILE_OK ? slots_publish(&slots, &CAP)
						    : -seen.file_error;
	slots_close(&slots);
	return r;
}

static bool is_held(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 1};
	int fd = openat(root, SLOTS_FILE, O_RDWR | O_CLOEXEC);
	int r = fcntl(fd, F_OFD_GETLK, &lock);

	close(fd);
	return r == 0 && lock.l_type == F_WRLCK;
}

/* Sound, and held by one. */
static void sound(void *arg)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 1};
	struct stat st;

	assert_int_equal(mend(arg), 0);
	if (holder >= 0)
		return;
	holder = openat(root, SLOTS_FILE, O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(holder, F_OFD_SETLK, &lock), 0);
	assert_int_equal(fstat(holder, &st), 0);
	inode = st.st_ino;
}

/* Scribbled over, cut, and everybody's. */
static void damaged(void *arg)
{
	sound(arg);
	assert_int_equal(pwrite(holder, "scribble", 8, 0), 8);
	assert_int_equal(ftruncate(holder, 500), 0);
	assert_int_equal(fchmod(holder, 0666), 0);
}

static void same_and_held(void *arg, int status)
{
	struct stat st;

	(void)arg, (void)status;
	assert_int_equal(fstatat(root, SLOTS_FILE, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_ino, inode);
	assert_true(is_held());
}

static void whole_when_told_so(void *arg, int status)
{
	struct stat st;

	same_and_held(arg, status);
	if (status < 0)
		return;
	assert_int_equal(fstat(holder, &st), 0);
	assert_int_equal(st.st_size, SLOT_FILE_SIZE);
	assert_int_equal(st.st_mode & 07777, 0660);
}

static void none(void *arg)
{
	(void)arg;
	fs_close(&holder);
	(void)unlinkat(root, SLOTS_FILE, 0);
}

/* Open to its group only when all of it is there. */
static void closed_until_made(void *arg, int status)
{
	struct stat st;

	(void)arg;
	if (fstatat(root, SLOTS_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && status < 0)
		assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(mend(NULL), 0);
	assert_int_equal(fstatat(root, SLOTS_FILE, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_size, SLOT_FILE_SIZE);
}

/* Without inotify it is looked at all the same. */
static void the_file_is_made(void **state)
{
	(void)state;
	FOR_EACH_FAULT(mend, .prepare = none, .check = closed_until_made,
		.groups = FAULT_ALL & ~(unsigned)FAULT_WATCH);
	FOR_EACH_FAULT(mend, .prepare = none, .check = closed_until_made, .groups = FAULT_WATCH,
		.tolerates = true);
}

static void the_file_is_mended(void **state)
{
	static const int errors[] = {0, EIO, ENOSPC, EPERM, EINVAL, EROFS};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		FOR_EACH_FAULT(mend, .prepare = damaged, .check = whole_when_told_so,
			.error = errors[i], .groups = FAULT_ALL & ~(unsigned)FAULT_WATCH);
}

static void the_head_is_published(void **state)
{
	(void)state;
	FOR_EACH_FAULT(publish, .prepare = sound, .check = same_and_held,
		.groups = FAULT_ALL & ~(unsigned)FAULT_WATCH);
}

/* ---- the scan ---- */

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_fd_ int fd = -1;

	assert_int_equal(fs_make_dirs(root, dir, 0755), 0);
	fd = fs_open_dir(root, dir);
	assert_int_equal(fs_replace(fd, name, text, strlen(text), 0644), 0);
}

static void one_stream(void *arg)
{
	(void)arg;
	put("proc/30", "stat", "30 (ffmpeg) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 1 1\n");
	put("proc/30", "status", "Name:\tffmpeg\nState:\tS\nNSpid:\t30\nRssAnon:\t 9 kB\n");
	put("group", "cgroup.procs", "30\n");
	put("group/inner", "cgroup.procs", "");
	memset(&seen, 0, sizeof(seen));
}

/* One that was found is not lost by a scan that fails. */
static int scan_twice(void *arg)
{
	struct stream_watch watch = {0};
	struct stream_place place = {.dirfd = fs_open_dir(root, "group"), .inode = 7};
	uint16_t before;
	int r = stream_watch_open(&watch, root);

	(void)arg;
	if (r == 0)
		r = place.dirfd < 0 ? place.dirfd : 0;
	if (r == 0) {
		stream_watch_set_command(&watch, "ffmpeg", &seen);
		(void)stream_watch_scan(&watch, &place, 1000000000, &seen);
		before = seen.n_processes;
		(void)stream_watch_scan(&watch, &place, 1000000000, &seen);
		assert_true(seen.n_processes >= before);
		(void)stream_watch_read(&watch, &seen);
		assert_true(seen.n_processes >= before);
	}
	stream_watch_close(&watch, &seen);
	fs_close(&place.dirfd);
	return r;
}

static void a_scan_that_fails_loses_nobody(void **state)
{
	(void)state;
	FOR_EACH_FAULT(scan_twice, .prepare = one_stream, .tolerates = true);
	FOR_EACH_FAULT(scan_twice, .prepare = one_stream, .tolerates = true, .error = ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_file_is_made, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(the_file_is_mended, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(the_head_is_published, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(
			a_scan_that_fails_loses_nobody, open_folder, close_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
