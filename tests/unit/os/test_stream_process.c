/*
 * stream_process: the parsers, and a process that ends while it is read.
 */
#include "stream_scene.h"

#include <errno.h>
#include <fcntl.h>

#include "stream_process.h"

static int parse(const char *text, struct process_stat *out)
{
	return process_stat_parse(text, strlen(text), out);
}

static void a_name_may_hold_anything(void **state)
{
	struct process_stat stat;

	(void)state;
	assert_int_equal(parse("7 (a) b (c) d) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 991 "
			       "23 24\n",
				 &stat),
		0);
	assert_string_equal(stat.comm, "a) b (c) d");
	assert_int_equal(stat.start_ticks, 991);
	assert_int_equal(
		parse("7 () S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5 6", &stat), 0);
	assert_string_equal(stat.comm, "");
}

static void what_is_no_stat_is_refused(void **state)
{
	static const char *const bad[] = {"", "7", "7 (", "7 )(", "7 (a)", "7 (a) ",
		"7 (a) S 1 2 3", "7 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ",
		"7 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -5 1",
		"7 (a name beyond all names) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5 6",
		"7 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 99999999999999999999 6"};
	struct process_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &stat), -EBADMSG);
}

static void numbers_in_namespaces(void **state)
{
	struct process_status status;

	(void)state;
	process_status_parse("Name:\tx\nNSpid:\t900\t17\t1\n", 900, &status);
	assert_int_equal(status.inner_pid, 1);
	assert_true(status.is_container);
	process_status_parse("Name:\tx\nNSpid:\t900\t17\n", 900, &status);
	assert_int_equal(status.inner_pid, 17);
	assert_false(status.is_container);
	process_status_parse("Name:\tx\nNSpid:\t1\n", 1, &status);
	assert_int_equal(status.inner_pid, 1);
	assert_false(status.is_container);                /* the host's first process */
	process_status_parse("Name:\tx\n", 900, &status); /* before Linux 4.1 */
	assert_int_equal(status.inner_pid, 900);
	assert_false(status.has_anon || status.zombie);
	process_status_parse("Name:\tx\nRssAnon:\t 99999999999999999999 kB\n", 9, &status);
	assert_false(status.has_anon);
}

/* A folder of /proc that was opened is nobody else's afterwards. */
static void an_ended_process_says_so(void **state)
{
	int procfd = fs_open_dir(AT_FDCWD, "/proc");
	pid_t child = start_child("ffmpeg");
	int dirfd = process_open(procfd, (uint32_t)child);
	int fd = openat(dirfd, "status", O_RDONLY | O_CLOEXEC);
	struct process_status status;
	struct process_stat stat;

	(void)state;
	assert_int_equal(process_status_read(fd, (uint32_t)child, &status), 0);
	assert_true(status.has_anon);
	assert_false(status.zombie);
	kill(child, SIGKILL);
	reap(child);
	assert_int_equal(process_status_read(fd, (uint32_t)child, &status), -ESRCH);
	assert_int_equal(process_stat_read(dirfd, &stat), -ESRCH);
	assert_int_equal(process_open(procfd, (uint32_t)child), -ENOENT);
	fs_close(&fd);
	fs_close(&dirfd);
	fs_close(&procfd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_may_hold_anything),
		cmocka_unit_test(what_is_no_stat_is_refused),
		cmocka_unit_test(numbers_in_namespaces),
		cmocka_unit_test(an_ended_process_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
