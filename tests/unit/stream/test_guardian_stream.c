/*
 * guardian-stream, the built program: exit statuses, words, what the command gets and what it does
 * not, and that a slot lives just as long as the command. Where it has to run: test_stream_images.
 */
#include "scene.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Slots 0 and 1 are held after it. */
static void fill(void)
{
	BEGIN("--name", "first", "sleep", "60");
	UNTIL(scene_held() == 1);
	BEGIN("--name", "second", "--", "sleep", "60");
	UNTIL(scene_held() == 3);
}

static void it_becomes_the_command(void **state)
{
	struct ran ran = RAN("--", "sh", "-c", "echo $0 $1; exit 42", "a", "b");

	(void)state;
	assert_int_equal(ran.status, 42);
	assert_string_equal(ran.out, "a b\n");
	assert_string_equal(ran.err, "");
	assert_int_equal(scene_held(), 0);
	assert_int_equal(scene_counters().taken, 1);
}

static void no_slot_is_75_and_one_line(void **state)
{
	struct ran ran;

	(void)state;
	fill();
	ran = RAN("touch", scene.log);
	assert_int_equal(ran.status, 75);
	assert_string_equal(ran.err, "guardian-stream: no free slot: 2 of 2 in use\n");
	assert_int_not_equal(access(scene.log, F_OK), 0); /* it never ran */
	assert_int_equal(scene_counters().refused, 1);
	assert_int_equal(scene_counters().taken, 2);
	scene_publish(4, 2, SLOT_CAP_MEMORY);
	assert_string_equal(RAN("true").err,
		"guardian-stream: no free slot: 2 of 2 in use (lowered from 4 by memory)\n");
	scene_publish(4, 0, SLOT_CAP_WARNING);
	ran = RAN("true");
	assert_int_equal(ran.status, 75);
	assert_string_equal(ran.err, "guardian-stream: no new streams: the host's memory is in "
				     "warning (2 in use, cap 4)\n");
}

static void json_is_one_line_for_a_backend(void **state)
{
	(void)state;
	fill();
	scene_publish(6, 2, SLOT_CAP_MEMORY);
	assert_string_equal(RAN("--json", "true").err,
		"{\"error\":\"no_slot\",\"cap\":6,\"effective_cap\":2,\"in_use\":2,\"waiting\":0,"
		"\"reason\":\"memory\",\"retry_after_s\":5}\n");
	scene_publish(6, 0, SLOT_CAP_WARNING);
	assert_contains(RAN("--json", "true").err, "\"reason\":\"warning\",\"retry_after_s\":30}");
	scene_publish(6, 6, SLOT_CAP_FULL);
	assert_string_equal(RAN("--json", "no-such-\"command\"").err,
		"{\"error\":\"not_found\",\"message\":\"cannot run no-such-\\\"command\\\": No "
		"such file or directory\"}\n");
	unlink(scene.file);
	assert_contains(RAN("--json", "true").err, "{\"error\":\"no_semaphore\",\"message\":");
}

static void command_that_cannot_run(void **state)
{
	struct ran ran = RAN("no-such-command");

	(void)state;
	assert_int_equal(ran.status, 127);
	assert_contains(ran.err, "cannot run no-such-command: No such file");
	ran = RAN("/etc/passwd");
	assert_int_equal(ran.status, 126);
	assert_contains(ran.err, "cannot run /etc/passwd: Permission denied");
	assert_int_equal(scene_held(), 0);
}

static void no_file_is_69_unless_that_is_fine(void **state)
{
	struct ran ran;

	(void)state;
	unlink(scene.file);
	ran = RAN("touch", scene.log);
	assert_int_equal(ran.status, 69);
	assert_contains(ran.err, "no semaphore file /tmp/");
	assert_contains(ran.err, "-v /run/guardian:/run/guardian");
	assert_int_not_equal(access(scene.log, F_OK), 0);
	ran = RAN("--missing-ok", "--wait", "5s", "echo", "runs");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "runs\n");
	assert_contains(ran.err, "the command runs without a slot\n");
	/* Something else in its place is not a missing file. */
	assert_int_equal(mkdir(scene.file, 0755), 0);
	assert_int_equal(RAN("--missing-ok", "true").status, 69);
	rmdir(scene.file);
	assert_int_equal(mkfifo(scene.file, 0666), 0);
	assert_int_equal(RAN("--missing-ok", "true").status, 69);
	unlink(scene.file);
	assert_int_equal(symlink("/dev/null", scene.file), 0);
	assert_contains(RAN("true").err, " is no regular file\n");
}

static void damaged_file_gives_no_slot(void **state)
{
	struct ran ran;

	(void)state;
	scene_write("?", 1, 20);
	ran = RAN("true");
	assert_int_equal(ran.status, 75);
	assert_contains(ran.err, "is damaged; guardiand mends it when it runs\n");
	assert_contains(RAN("--json", "--missing-ok", "true").err, "\"reason\":\"damaged\"");
	assert_int_equal(ftruncate(scene.fd, 0), 0);
	assert_int_equal(RAN("true").status, 75);
	/* Damaged counters begin again, and hold nobody up. */
	assert_int_equal(ftruncate(scene.fd, SLOT_FILE_SIZE), 0);
	scene_publish(2, 2, SLOT_CAP_FULL);
	assert_int_equal(RAN("true").status, 0);
	assert_int_equal(scene_counters().taken, 1);
}

/* Mended while somebody waits: it goes on. */
static void waits_for_a_damaged_file_to_be_mended(void **state)
{
	pid_t pid;

	(void)state;
	scene_write("?", 1, 20);
	pid = BEGIN("--wait", "10s", "true");
	UNTIL(scene_waiting() != 0);
	scene_publish(2, 2, SLOT_CAP_FULL);
	assert_int_equal(scene_wait(pid), 0);
}

static void usage_errors_are_64(void **state)
{
	static const char *const wrong[][4] = {{"--wait", "5", "true"}, {"--wait", "2h", "true"},
		{"--wat"}, {"--name", "", "true"}, {"--name", "a\x1b[2J", "true"},
		{"--json=1", "x"}, {"--name"}, {"--nice", "20", "true"}, {"--nice=-21", "true"},
		{"--nice", "", "true"}, {"--oom-score-adj", "1001", "true"},
		{"--oom-score-adj", "+5", "true"}, {"--rlimit-as", "512", "true"},
		{"--rlimit-as", "0", "true"}, {"--file", "", "true"},
		{"--name", "0123456789012345678901234567890123456789012345678901234567890123",
			"true"},
		{"--json"}, {"--"}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ran ran = scene_run(wrong[i], true);

		assert_int_equal(ran.status, 64);
		assert_contains(ran.err, "; guardian-stream --help shows all options");
		assert_int_equal(strchr(ran.err, '\n') - ran.err + 1, strlen(ran.err));
		assert_null(strchr(ran.err, '\x1b'));
	}
	assert_int_equal(scene_counters().taken + scene_counters().refused, 0);
	assert_contains(RAN_BARE("--help").out, "usage: guardian-stream ");
	assert_int_equal(RAN_BARE("--help").status, 0);
	assert_contains(RAN_BARE("--version").out, "guardian-stream ");
}

static void record_says_who_has_it(void **state)
{
	char stat[512], *at;
	struct slot_record record;
	pid_t pid = BEGIN("--name", "cam-12", "sleep", "60");
	FILE *file;

	(void)state;
	UNTIL(scene_counters().taken == 1);
	record = scene_record(0);
	assert_true(slot_record_ok(&record));
	assert_int_equal(record.pid, pid);
	assert_string_equal(record.name, "cam-12");
	snprintf(stat, sizeof(stat), "/proc/%d/stat", pid);
	file = fopen(stat, "r");
	assert_non_null(file);
	assert_non_null(fgets(stat, sizeof(stat), file));
	fclose(file);
	at = strrchr(stat, ')') + 2; /* field 3 */
	for (int field = 3; field < 22; field++)
		at = strchr(at, ' ') + 1;
	assert_int_equal(record.start_ticks, strtoull(at, NULL, 10));
	assert_true(record.since_us / 1000000 - (uint64_t)time(NULL) + 5 < 10);
	assert_true(record.pid_namespace_inode != 0);
	/* Without a name, the command's. */
	BEGIN("/bin/sleep", "60");
	UNTIL(scene_counters().taken == 2);
	assert_string_equal(scene_record(1).name, "sleep");
}

/* Descriptors of the parent go on to the command, one more comes, and nothing of a wait. */
static void command_has_one_descriptor_more(void **state)
{
	static const char list[] = "for f in /proc/self/fd/*; do readlink $f; done";
	struct ran ran = RAN("sh", "-c", list);
	char *at = strstr(ran.out, scene.file);
	pid_t pid;

	(void)state;
	assert_non_null(at);
	assert_null(strstr(at + 1, scene.file));
	fill();
	pid = BEGIN("--wait", "10s", "sh", "-c",
		"for f in /proc/self/fd/*; do readlink $f; done >$0; true", scene.log);
	UNTIL(scene_waiting() != 0);
	scene_publish(3, 3, SLOT_CAP_FULL);
	assert_int_equal(scene_wait(pid), 0);
	assert_contains(scene_log(), scene.file);
	assert_null(strstr(scene_log(), "inotify"));
}

static void close_stderr(void)
{
	close(STDERR_FILENO);
}

static void close_all_three(void)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}

/* The file must not become the command's stderr: the first word there would be over its header. */
static void closed_standard_descriptors_stay_closed(void **state)
{
	(void)state;
	scene.before_exec = close_stderr;
	assert_int_equal(RAN("sh", "-c", "echo scribble >&2; exit 5").status, 5);
	assert_int_equal(RAN("true").status, 0);
	scene.before_exec = close_all_three;
	assert_int_equal(RAN("sh", "-c", "echo scribble >&2; echo scribble; exit 6").status, 6);
	assert_int_equal(RAN("true").status, 0);
}

/* trap 44: no process between: the signal reaches the command, and the slot goes with it. */
static void signals_reach_the_command(void **state)
{
	pid_t pid = BEGIN("sh", "-c",
		"trap 'echo term >>$0; exit 9' TERM; echo ready >>$0; while :; do sleep 0.01; done",
		scene.log);

	(void)state;
	UNTIL(strcmp(scene_log(), "ready\n") == 0);
	assert_int_equal(scene_record(0).pid, pid);
	kill(pid, SIGTERM);
	assert_int_equal(scene_wait(pid), 9);
	assert_string_equal(scene_log(), "ready\nterm\n");
	UNTIL(scene_held() == 0);
	pid = BEGIN("sleep", "60");
	UNTIL(scene_held() == 1);
	kill(pid, SIGKILL);
	assert_int_equal(scene_wait(pid), 128 + SIGKILL);
	assert_int_equal(scene_held(), 0);
}

/* Documented: a child of the command has the descriptor too. */
static void child_of_the_command_keeps_the_slot(void **state)
{
	pid_t pid = BEGIN("sh", "-c", "sleep 60 & echo $! >$0; exit 0", scene.log);
	int child;

	(void)state;
	assert_int_equal(scene_wait(pid), 0);
	assert_int_equal(scene_held(), 1);
	child = (int)strtol(scene_log(), NULL, 10);
	assert_true(child > 1);
	kill(child, SIGKILL);
	UNTIL(scene_held() == 0);
}

/* trap 45: a look takes nothing: with one slot and somebody who looks all the time, every take
 * succeeds. */
static void looking_takes_no_slot(void **state)
{
	pid_t looker = fork();

	(void)state;
	if (looker == 0) {
		for (;;)
			scene_held();
	}
	scene_publish(1, 1, SLOT_CAP_FULL);
	for (int i = 0; i < 50; i++)
		assert_int_equal(RAN("true").status, 0);
	kill(looker, SIGKILL);
	scene_wait(looker);
}

/* trap 47: it is never unlinked, renamed or cut; and if another did, the new one counts. */
static void file_stays_the_same(void **state)
{
	struct stat before, after;
	struct slot_header header;

	(void)state;
	assert_int_equal(fstat(scene.fd, &before), 0);
	fill();
	RAN("true");
	RAN("--wait", "50ms", "true");
	assert_int_equal(stat(scene.file, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_size, SLOT_FILE_SIZE);
	assert_int_equal(after.st_mode & 07777, 0660);
	assert_int_equal(pread(scene.fd, &header, sizeof(header), 0), sizeof(header));
	assert_true(slot_header_ok(&header));
}

/* trap 48: the command opens and closes the file once more, and still has the slot. */
static void closing_another_descriptor_keeps_the_slot(void **state)
{
	(void)state;
	BEGIN("sh", "-c", "exec 5<>$0; exec 5>&-; echo closed >$1; sleep 60", scene.file,
		scene.log);
	UNTIL(strcmp(scene_log(), "closed\n") == 0);
	assert_int_equal(scene_held(), 1);
}

/* trap 49: lowered below what is in use: nobody is thrown out, nobody comes in; raised: no restart.
 */
static void cap_lowered_below_what_is_in_use(void **state)
{
	pid_t third;
	struct ran ran;

	(void)state;
	scene_publish(3, 3, SLOT_CAP_FULL);
	fill();
	third = BEGIN("sleep", "60");
	UNTIL(scene_held() == 7);
	scene_publish(3, 2, SLOT_CAP_MEMORY);
	ran = RAN("true");
	assert_int_equal(ran.status, 75);
	assert_contains(ran.err, "3 of 2 in use (lowered from 3 by memory)");
	assert_int_equal(scene_held(), 7);
	/* A free byte below the cap is no slot while one above it is held. */
	kill((pid_t)scene_record(0).pid, SIGKILL);
	UNTIL(scene_held() == 6);
	ran = RAN("true");
	assert_int_equal(ran.status, 75);
	assert_contains(ran.err, "2 of 2 in use (lowered from 3 by memory)");
	kill(third, SIGKILL);
	UNTIL(scene_held() == 2);
	assert_int_equal(RAN("true").status, 0);
	scene_publish(0, 0, SLOT_CAP_FULL);
	assert_contains(RAN("true").err, "no free slot: 1 of 0 in use");
	scene_publish(64, 64, SLOT_CAP_FULL);
	assert_int_equal(RAN("true").status, 0);
}

/* A parent that blocks SIGALRM and ignores SIGINT, as some do. */
static void block_alarm(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGINT, SIG_IGN);
}

/* After a wait behind another (timer, handler, unblocked signal) the command is as it would have
 * been without. */
static void wait_leaves_no_trace_on_signals(void **state)
{
	static const char show[] = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >$0; "
				   "read -t 1.3 x </dev/zero; exit 0";
	char without[256];
	pid_t pid, ahead;

	(void)state;
	scene.before_exec = block_alarm;
	assert_int_equal(scene_wait(BEGIN("bash", "-c", show, scene.log)), 0);
	snprintf(without, sizeof(without), "%s", scene_log());
	assert_contains(without, "SigBlk:	0000000000002800");
	fill();
	ahead = BEGIN("--wait", "60s", "sleep", "60");
	UNTIL(scene_waiting() == 1);
	pid = BEGIN("--wait", "60s", "bash", "-c", show, scene.log);
	UNTIL(scene_waiting() == 3);
	unlink(scene.log);
	scene_pause_ms(1100); /* until the timer has fired once */
	kill(ahead, SIGKILL);
	scene_publish(3, 3, SLOT_CAP_FULL);
	assert_int_equal(scene_wait(pid), 0); /* and no SIGALRM killed it */
	assert_string_equal(scene_log(), without);
}

int main(int argc, char **argv)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_up, scene_down)
	const struct CMUnitTest tests[] = {
		IN_SCENE(it_becomes_the_command),
		IN_SCENE(no_slot_is_75_and_one_line),
		IN_SCENE(json_is_one_line_for_a_backend),
		IN_SCENE(command_that_cannot_run),
		IN_SCENE(no_file_is_69_unless_that_is_fine),
		IN_SCENE(damaged_file_gives_no_slot),
		IN_SCENE(waits_for_a_damaged_file_to_be_mended),
		IN_SCENE(usage_errors_are_64),
		IN_SCENE(record_says_who_has_it),
		IN_SCENE(command_has_one_descriptor_more),
		IN_SCENE(closed_standard_descriptors_stay_closed),
		IN_SCENE(signals_reach_the_command),
		IN_SCENE(child_of_the_command_keeps_the_slot),
		IN_SCENE(looking_takes_no_slot),
		IN_SCENE(file_stays_the_same),
		IN_SCENE(closing_another_descriptor_keeps_the_slot),
		IN_SCENE(cap_lowered_below_what_is_in_use),
		IN_SCENE(wait_leaves_no_trace_on_signals),
	};

	(void)argc;
	scene_find_program(argv[0]);
	return cmocka_run_group_tests_name("guardian_stream", tests, NULL, NULL);
}
