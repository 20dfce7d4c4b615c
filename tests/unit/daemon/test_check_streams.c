/*
 * check: what it sees of streams, with the daemon there or not: the semaphore file, those who hold
 * slots, and those who run without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "../os/stream_scene.h"
#include "check_scene.h"
#include "guardian/slots.h"

static void put_policy(const char *streams)
{
	host_put(&host, "etc/guardian.yaml", "%s%s", policy, streams);
}

static const char two[] = "streams:\n  max: 2\n";

/* As the daemon has left it. */
static void make_file(uint32_t effective, enum slot_cap_reason reason)
{
	const struct slots_cap cap = {
		.cap = 2, .effective_cap = effective, .reason = reason, .realtime_us = 1};
	_cleanup_fd_ int dirfd = fs_open_dir(host.tree.fd, "/run/guardian");
	struct slots slots;

	assert_int_equal(slots_open(&slots, dirfd, false), 0);
	assert_int_equal(slots_mend(&slots, &cap), 0);
	slots_close(&slots);
}

static int open_file(void)
{
	int fd = openat(host.tree.fd, "run/guardian/" SLOTS_FILE, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void hold_slot(int fd, int slot)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1};

	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
}

static void a_sound_file_is_no_finding(void **unused)
{
	(void)unused;
	put_policy(two);
	make_file(2, SLOT_CAP_FULL);
	assert_int_equal(check(&plain), 0);
}

static void a_file_that_is_not_there_is_one(void **unused)
{
	(void)unused;
	put_policy(two);
	assert_int_not_equal(check(&plain), 0);
	assert_true(says("semaphore"));
	assert_int_equal(faccessat(host.tree.fd, "run/guardian/" SLOTS_FILE, F_OK, 0), -1);
}

static void a_damaged_file_is_told_and_left(void **unused)
{
	struct stat st;
	int fd;

	(void)unused;
	put_policy(two);
	make_file(2, SLOT_CAP_FULL);
	fd = open_file();
	assert_int_equal(ftruncate(fd, 5), 0);
	assert_int_not_equal(check(&plain), 0);
	assert_true(says("semaphore"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 5);
	close(fd);
}

static void used_up_slots_are_told(void **unused)
{
	int fd;

	(void)unused;
	put_policy(two);
	make_file(2, SLOT_CAP_FULL);
	fd = open_file();
	hold_slot(fd, 0);
	assert_int_equal(check(&plain), 0);
	hold_slot(fd, 1);
	(void)check(&plain);
	assert_true(says("slots"));
	close(fd);
}

static void a_stray_stream_is_told(void **unused)
{
	(void)unused;
	put_policy(two);
	make_file(2, SLOT_CAP_FULL);
	write_process(&host.tree, 3000, "ffmpeg", 4711, 1000, "3000");
	host_set(&host, host_scope(1), "cgroup.procs", "3000\n");
	assert_int_equal(check(&plain), 1);
	assert_true(says("without a slot") || says("stream"));
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_sound_file_is_no_finding),
		SCENE(a_file_that_is_not_there_is_one),
		SCENE(a_damaged_file_is_told_and_left),
		SCENE(used_up_slots_are_told),
		SCENE(a_stray_stream_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
