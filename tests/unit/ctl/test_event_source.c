/*
 * event_source: the last events and those to come, from the status file, and from a journal where
 * systemd's tools can write one for the test.
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
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/event_source.h"
#include "root_scene.h"

static struct event_source *source;
static struct event_record record;

/* A status file whose events are "FIRST" to "LAST", two of each microsecond. */
static void put_status(int first, int last)
{
	char text[8192], dir_path[128];
	int n = snprintf(text, sizeof(text),
		"{\"pid\":1,\"realtime_us\":1,\"now_us\":1,\"interval_us\":1,\"events\":[");
	_cleanup_fd_ int dir = -1;

	for (int i = first; i <= last; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			"%s{\"realtime_us\":%d,\"event\":\"limit_drift\",\"message\":\"%d\"}",
			i > first ? "," : "", 1000 + i / 2, i);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "]}");
	(void)snprintf(dir_path, sizeof(dir_path), "%s/run/guardian", root);
	dir = fs_open_dir(AT_FDCWD, dir_path);
	assert_int_equal(fs_replace(dir, "status.json", text, (size_t)n, 0644), 0);
}

static int next(void)
{
	if (event_source_next(source, &record) <= 0)
		return -1;
	return atoi(record.message);
}

static void the_last_events_of_the_status_file(void **unused)
{
	(void)unused;
	put_status(1, 5);
	assert_int_equal(event_source_open(&source, root, rootfd, 2), 0);
	assert_int_equal(next(), 4);
	assert_int_equal(next(), 5);
	assert_int_equal(next(), -1);
	assert_int_equal(next(), -1);
	event_source_close(source);

	assert_int_equal(event_source_open(&source, root, rootfd, 100), 0);
	for (int i = 1; i <= 5; i++)
		assert_int_equal(next(), i);
	assert_int_equal(next(), -1);
	event_source_close(source);

	assert_int_equal(event_source_open(&source, root, rootfd, 0), 0);
	assert_int_equal(next(), -1);
	event_source_close(source);
}

/* Each event once, also where two have the same microsecond and the oldest have left the file. */
static void events_to_come(void **unused)
{
	(void)unused;
	put_status(1, 4);
	assert_int_equal(event_source_open(&source, root, rootfd, 1), 0);
	assert_int_equal(next(), 4);
	assert_int_equal(next(), -1);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), -1); /* nothing new */
	put_status(3, 7);
	assert_int_equal(event_source_wait(source, 1000), 0);
	for (int i = 5; i <= 7; i++)
		assert_int_equal(next(), i);
	assert_int_equal(next(), -1);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), -1); /* 6 and 7 are of one microsecond */
	put_status(20, 21);           /* all that was seen has left */
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), 20);
	assert_int_equal(next(), 21);
	event_source_close(source);
}

/* What was not asked for is not news either. */
static void no_event_comes_twice_or_late(void **unused)
{
	(void)unused;
	put_status(1, 5);
	assert_int_equal(event_source_open(&source, root, rootfd, 0), 0);
	assert_int_equal(next(), -1);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), -1);
	put_status(1, 6);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), 6);
	assert_int_equal(next(), -1);
	event_source_close(source);

	put_status(1, 5); /* 4 and 5 are of one microsecond */
	assert_int_equal(event_source_open(&source, root, rootfd, 1), 0);
	assert_int_equal(next(), 5);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), -1);
	event_source_close(source);
}

static void the_status_file_goes_and_comes(void **unused)
{
	(void)unused;
	put_status(1, 2);
	assert_int_equal(event_source_open(&source, root, rootfd, 10), 0);
	assert_int_equal(next(), 1);
	assert_int_equal(next(), 2);
	assert_int_equal(unlinkat(rootfd, "run/guardian/status.json", 0), 0);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), -1);
	put_status(2, 3);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(next(), 3);
	event_source_close(source);
}

static void neither_journal_nor_status(void **unused)
{
	(void)unused;
	assert_int_equal(event_source_open(&source, root, rootfd, 10), -ENOENT);
}

/* ---- a journal of our own ---- */

static const char *const entries =
	"__REALTIME_TIMESTAMP=1700000000000000\n__MONOTONIC_TIMESTAMP=1\n"
	"_BOOT_ID=11111111111111111111111111111111\nSYSLOG_IDENTIFIER=guardiand\nPRIORITY=4\n"
	"GUARDIAN_EVENT=limit_drift\nGUARDIAN_SERVICE=backend\nMESSAGE=drift of 1=2\n\n"
	"__REALTIME_TIMESTAMP=1700000000000001\n__MONOTONIC_TIMESTAMP=2\n"
	"_BOOT_ID=11111111111111111111111111111111\nSYSLOG_IDENTIFIER=dockerd\nMESSAGE=another "
	"program\n\n"
	"__REALTIME_TIMESTAMP=1700000000000002\n__MONOTONIC_TIMESTAMP=3\n"
	"_BOOT_ID=11111111111111111111111111111111\nSYSLOG_IDENTIFIER=guardiand\nPRIORITY="
	"nonsense\n"
	"MESSAGE=a plain line\n\n";

/* -> false when systemd-journal-remote is not installed. */
static bool put_journal(void)
{
	static const char tool[] = "/lib/systemd/systemd-journal-remote";
	char path[256];
	int ends[2], status;
	pid_t child;

	if (access(tool, X_OK) < 0)
		return false;
	assert_int_equal(
		fs_make_dirs(rootfd, "var/log/journal/22222222222222222222222222222222", 0755), 0);
	(void)snprintf(path, sizeof(path),
		"--output=%s/var/log/journal/22222222222222222222222222222222/system.journal",
		root);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[0], STDIN_FILENO);
		execl(tool, tool, path, "--split-mode=none", "-", NULL);
		_exit(127);
	}
	assert_int_equal(write(ends[1], entries, strlen(entries)), strlen(entries));
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

/* Another program's entries are not shown, and the status file is not asked. */
static void the_journal_comes_first(void **unused)
{
	(void)unused;
	if (!put_journal())
		skip();
	put_status(1, 5);
	assert_int_equal(event_source_open(&source, root, rootfd, 10), 0);
	assert_int_equal(event_source_next(source, &record), 1);
	assert_int_equal(record.realtime_us, 1700000000000000);
	assert_int_equal(record.priority, 4);
	assert_string_equal(record.event, "limit_drift");
	assert_string_equal(record.service, "backend");
	assert_string_equal(record.message, "drift of 1=2");
	assert_int_equal(event_source_next(source, &record), 1);
	assert_string_equal(record.event, "");
	assert_string_equal(record.message, "a plain line");
	assert_int_equal(record.priority, PRIORITY_NONE);
	assert_int_equal(event_source_next(source, &record), 0);
	assert_int_equal(event_source_wait(source, 1000), 0);
	assert_int_equal(event_source_next(source, &record), 0);
	event_source_close(source);

	assert_int_equal(event_source_open(&source, root, rootfd, 1), 0);
	assert_int_equal(event_source_next(source, &record), 1);
	assert_string_equal(record.message, "a plain line");
	assert_int_equal(event_source_next(source, &record), 0);
	event_source_close(source);

	/* none of them, only those to come: still the journal's */
	assert_int_equal(unlinkat(rootfd, "run/guardian/status.json", 0), 0);
	assert_int_equal(event_source_open(&source, root, rootfd, 0), 0);
	assert_int_equal(event_source_next(source, &record), 0);
	event_source_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_last_events_of_the_status_file, setup, teardown),
		cmocka_unit_test_setup_teardown(events_to_come, setup, teardown),
		cmocka_unit_test_setup_teardown(no_event_comes_twice_or_late, setup, teardown),
		cmocka_unit_test_setup_teardown(the_status_file_goes_and_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(neither_journal_nor_status, setup, teardown),
		cmocka_unit_test_setup_teardown(the_journal_comes_first, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
