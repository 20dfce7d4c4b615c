/*
 * guardian-stream under faults: every call fails once, while a slot is free, while there is none,
 * and while it is waited for. What is asked: the command never runs without the lock on a slot, and
 * when it does not run, the exit status is one of the documented and a line says why.
 *
 * The program is static, so its sources are linked here, and execvp() stands for the command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "stream/stream.h"

int execvp(const char *file, char *const *argv);
/* What the compiler calls in its place with --coverage: it would write files, amid the faults. */
int __gcov_execvp(const char *file, char *const *argv);

static char folder[] = "/tmp/guardian-fault-stream-XXXXXX";
static char path[64], told[64];
static int file = -1, errors = -1, stderr_kept = -1; /* errors: what was told */
static pid_t holder;
static bool ran, ran_in_a_slot;

/* By the system call, which is not made to fail. */
static bool is_locked(int64_t byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	assert_int_equal(syscall(SYS_fcntl, file, F_OFD_GETLK, &lock), 0);
	return lock.l_type != F_UNLCK;
}

/* The command: its own process would have the descriptor now. */
static int command(void)
{
	ran = true;
	ran_in_a_slot = is_locked(0);
	errno = ENOENT;
	return -1;
}

int execvp(const char *name, char *const *argv)
{
	(void)name;
	(void)argv;
	return command();
}

int __gcov_execvp(const char *name, char *const *argv)
{
	(void)name;
	(void)argv;
	return command();
}

static int make_file(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/streams.sem", folder);
	snprintf(told, sizeof(told), "%s/told", folder);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	errors = open(told, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
	stderr_kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	return file < 0 || errors < 0 || stderr_kept < 0 ? -1 : ftruncate(file, SLOT_FILE_SIZE);
}

static int remove_file(void **state)
{
	(void)state;
	close(file);
	close(errors);
	close(stderr_kept);
	unlink(path);
	unlink(told);
	return rmdir(folder);
}

static void put(const void *bytes, size_t size, int64_t at)
{
	assert_int_equal(pwrite(file, bytes, size, at), size);
}

static void prepare(void *arg)
{
	struct slot_header header = slot_header_make(1, 1, SLOT_CAP_FULL, 1, 0);

	(void)arg;
	put(&header, sizeof(header), SLOT_HEADER_AT);
	assert_int_equal(ftruncate(errors, 0), 0);
	ran = ran_in_a_slot = false;
}

static void lock_byte(int fd, int64_t byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		_exit(1);
}

/* Another process has the slot for some ms, and stands in the queue's first place. */
static void prepare_held(void *ms)
{
	struct slot_place place = {.deadline_us = now_us() + 5000000};
	struct slot_queue queue = {.next_ticket = 1};
	int ready[2];
	char c;

	prepare(NULL);
	slot_place_seal(&place);
	put(&place, sizeof(place), slot_place_at(0));
	slot_queue_seal(&queue);
	put(&queue, sizeof(queue), SLOT_QUEUE_AT);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	holder = fork();
	if (holder == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		lock_byte(fd, 0);
		lock_byte(fd, SLOT_LOCK_PLACES);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		sleep_us(*(uint64_t *)ms * 1000);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

static int run(uint64_t wait_us, int expected)
{
	char *const words[] = {(char[]){"ffmpeg"}, NULL};
	struct options options = {.file = path,
		.name = "cam",
		.command = words,
		.wait_us = wait_us,
		.address_space_bytes = UINT64_MAX};
	int status;

	dup2(errors, STDERR_FILENO);
	status = stream_run(&options);
	dup2(stderr_kept, STDERR_FILENO);
	return status == expected ? 0 : -status;
}

static int take(void *arg)
{
	(void)arg;
	return run(0, STATUS_NOT_FOUND);
}

static int refused(void *arg)
{
	(void)arg;
	return run(0, STATUS_NO_SLOT);
}

static int wait_and_take(void *arg)
{
	(void)arg;
	return run(3000000, STATUS_NOT_FOUND);
}

static void check(void *arg, int status)
{
	static const int documented[] = {
		STATUS_NO_FILE, STATUS_OS, STATUS_NO_SLOT, STATUS_NO_PERMISSION, STATUS_NOT_FOUND};
	struct stat st;
	bool known = status >= 0;

	(void)arg;
	for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
		known |= status == -documented[i];
	if (!known)
		fail_msg("status %d", -status);
	assert_true(!ran || ran_in_a_slot);
	assert_int_equal(fstat(errors, &st), 0);
	assert_true(st.st_size > 0);
}

static void check_held(void *arg, int status)
{
	kill(holder, SIGKILL);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	check(arg, status);
	/* What we held, we gave back. */
	assert_false(is_locked(0) || is_locked(SLOT_LOCK_DOOR) || is_locked(SLOT_LOCK_PLACES + 1));
}

/* All but the line on stderr, whose loss can be told to nobody. */
#define FAULTS (FAULT_ALL & ~(unsigned int)FAULT_WRITE)

static void a_free_slot(void **state)
{
	(void)state;
	FOR_EACH_FAULT(
		take, .prepare = prepare, .check = check, .groups = FAULTS, .tolerates = true);
	/* The locks must not fail unseen, but for the door of the counters. */
	FOR_EACH_FAULT(take, .prepare = prepare, .check = check, .groups = FAULT_LOCK,
		.error = EINTR, .tolerates = true);
}

static void no_slot(void **state)
{
	uint64_t ms = 5000;

	(void)state;
	FOR_EACH_FAULT(refused, .prepare = prepare_held, .check = check_held, .arg = &ms,
		.groups = FAULTS, .tolerates = true);
}

static void waiting_for_a_slot(void **state)
{
	uint64_t ms = 15;

	(void)state;
	FOR_EACH_FAULT(wait_and_take, .prepare = prepare_held, .check = check_held, .arg = &ms,
		.groups = FAULTS, .tolerates = true);
}

/* No record, no stream: guardiand would take it for one without a slot. */
static bool record_is_ours(void)
{
	struct slot_record record;

	return pread(file, &record, sizeof(record), slot_record_at(0)) == sizeof(record) &&
	       slot_record_ok(&record) && record.pid == (uint32_t)getpid();
}

static void prepare_unwritten(void *arg)
{
	struct slot_record record = {0};

	prepare(arg);
	put(&record, sizeof(record), slot_record_at(0));
}

static void check_written(void *arg, int status)
{
	(void)arg;
	(void)status;
	assert_true(!ran || (ran_in_a_slot && record_is_ours()));
}

static void writing_fails(void **state)
{
	(void)state;
	FOR_EACH_FAULT(take, .prepare = prepare_unwritten, .check = check_written,
		.groups = FAULT_WRITE, .tolerates = true);
	FOR_EACH_FAULT(take, .prepare = prepare_unwritten, .check = check_written,
		.groups = FAULT_WRITE, .error = EINTR, .tolerates = true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_slot),
		cmocka_unit_test(no_slot),
		cmocka_unit_test(waiting_for_a_slot),
		cmocka_unit_test(writing_fails),
	};

	return cmocka_run_group_tests_name("fault_stream", tests, make_file, remove_file);
}
