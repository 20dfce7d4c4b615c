/*
 * guardian-stream --wait: first come, first served, whoever dies or is stopped on the way.
 */
#include "scene.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAITERS = 12 };

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The only slot is held. */
static pid_t hold(void)
{
	pid_t pid;

	scene_publish(1, 1, SLOT_CAP_FULL);
	pid = BEGIN("sleep", "60");
	UNTIL(scene_held() == 1);
	return pid;
}

static unsigned int waiting(void)
{
	return (unsigned int)__builtin_popcountll(scene_waiting());
}

/* One more in the queue, that writes WORD into the log when it is served. */
static pid_t queue_up(const char *wait, const char *word)
{
	unsigned int before = waiting();
	pid_t pid = BEGIN("--wait", wait, "sh", "-c", "echo $0 >>$1", word, scene.log);

	UNTIL(waiting() == before + 1);
	return pid;
}

static void waits_until_there_is_a_slot(void **state)
{
	pid_t holder = hold(), waiter = queue_up("30s", "served");
	uint64_t start;

	(void)state;
	kill(holder, SIGKILL);
	start = now_ms();
	assert_int_equal(scene_wait(waiter), 0);
	assert_true(now_ms() - start < 700); /* woken, not by the look each second */
	assert_string_equal(scene_log(), "served\n");
	assert_int_equal(scene_counters().waited, 1);
	assert_int_equal(scene_counters().taken, 2);
	assert_int_equal(waiting(), 0);
}

static void raised_cap_serves_who_waits(void **state)
{
	pid_t waiter;
	uint64_t start;

	(void)state;
	hold();
	waiter = queue_up("30s", "served");
	start = now_ms();
	scene_publish(2, 2, SLOT_CAP_FULL);
	assert_int_equal(scene_wait(waiter), 0);
	assert_true(now_ms() - start < 700);
}

static void gives_up_in_time(void **state)
{
	uint64_t start = now_ms();
	struct ran ran;

	(void)state;
	hold();
	ran = RAN("--wait", "300ms", "true");
	assert_int_equal(ran.status, 75);
	assert_true(now_ms() - start >= 300 && now_ms() - start < 2000);
	assert_string_equal(ran.err, "guardian-stream: no free slot within 300ms: 1 of 1 in use\n");
	assert_int_equal(scene_counters().gave_up, 1);
	assert_int_equal(scene_counters().refused, 0);
	/* Behind another, too: the lock that it sleeps in is not for ever. */
	queue_up("30s", "a");
	start = now_ms();
	ran = RAN("--wait", "300ms", "--json", "true");
	assert_true(now_ms() - start >= 300 && now_ms() - start < 2000);
	assert_contains(ran.err, "\"in_use\":1,\"waiting\":1,\"reason\":\"full\"");
}

/* A slot is free, and somebody waits for it: who comes without waiting does not get it. */
static void nobody_overtakes_those_who_wait(void **state)
{
	pid_t holder = hold(), waiter = queue_up("60s", "served");
	struct ran ran;

	(void)state;
	kill(waiter, SIGSTOP);
	kill(holder, SIGKILL);
	UNTIL(scene_held() == 0);
	ran = RAN("true");
	assert_int_equal(ran.status, 75);
	assert_string_equal(ran.err, "guardian-stream: no free slot: 0 of 1 in use, 1 waits\n");
	assert_contains(RAN("--json", "true").err, "\"waiting\":1,\"reason\":\"queue\"");
	kill(waiter, SIGCONT);
	assert_int_equal(scene_wait(waiter), 0);
	assert_int_equal(RAN("true").status, 0);
}

/* In the order in which they came, though some at random are killed while they wait. */
static void first_come_first_served(void **state)
{
	pid_t holder = hold(), waiters[WAITERS];
	char expected[128] = "", word[16];

	(void)state;
	srandom((unsigned int)getpid());
	for (int i = 0; i < WAITERS; i++) {
		snprintf(word, sizeof(word), "%d", i);
		waiters[i] = queue_up("60s", word);
	}
	for (int i = 0; i < WAITERS; i++) {
		if (random() % 3 == 0) {
			kill(waiters[i], SIGKILL);
			assert_int_equal(scene_wait(waiters[i]), 128 + SIGKILL);
			waiters[i] = 0;
			continue;
		}
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%d\n",
			i);
	}
	kill(holder, SIGKILL);
	for (int i = 0; i < WAITERS; i++)
		if (waiters[i])
			assert_int_equal(scene_wait(waiters[i]), 0);
	assert_string_equal(scene_log(), expected);
	assert_int_equal(waiting(), 0);
	assert_int_equal(scene_held(), 0);
}

/* Stopped past its deadline: it is passed over; and when it goes on, it takes nothing any more. */
static void stopped_waiter_holds_up_nobody(void **state)
{
	pid_t holder = hold(), stopped = queue_up("400ms", "stopped"), next;

	(void)state;
	kill(stopped, SIGSTOP);
	next = queue_up("30s", "next");
	kill(holder, SIGKILL);
	assert_int_equal(scene_wait(next), 0);
	assert_string_equal(scene_log(), "next\n");
	kill(stopped, SIGCONT);
	assert_int_equal(scene_wait(stopped), 75);
	assert_string_equal(scene_log(), "next\n");
}

static void a_signal_ends_the_wait(void **state)
{
	pid_t pid;

	(void)state;
	hold();
	pid = queue_up("30s", "first");
	kill(pid, SIGTERM);
	assert_int_equal(scene_wait(pid), 128 + SIGTERM);
	UNTIL(waiting() == 0);
	queue_up("30s", "first");
	pid = queue_up("30s", "second");
	kill(pid, SIGINT);
	assert_int_equal(scene_wait(pid), 128 + SIGINT);
	UNTIL(waiting() == 1);
}

/* As the first process of a container, with the test's process as its parent outside. */
static void become_init(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		_exit(97);
	pid = fork();
	if (pid == 0)
		return;
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 96);
}

/* The kernel spares pid 1 the signals that it has no handler for. */
static void a_signal_ends_the_wait_of_pid_1(void **state)
{
	char path[64], child[16] = "";
	pid_t pid;
	int fd;

	(void)state;
	if (getuid() != 0)
		skip();
	hold();
	scene.before_exec = become_init;
	pid = BEGIN("--wait", "30s", "true");
	UNTIL(waiting() == 1);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, child, sizeof(child) - 1) > 0);
	close(fd);
	kill((pid_t)strtol(child, NULL, 10), SIGTERM);
	assert_int_equal(scene_wait(pid), 128 + SIGTERM);
}

/* Somebody is stopped with the door in hand: a refusal comes all the same, uncounted, and a wait
 * ends in time. */
static void stopped_at_the_door(void **state)
{
	struct flock door = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SLOT_LOCK_DOOR, .l_len = 1};
	uint64_t start;

	(void)state;
	hold();
	UNTIL(scene_counters().taken == 1);
	assert_int_equal(fcntl(scene.fd, F_OFD_SETLK, &door), 0);
	start = now_ms();
	assert_int_equal(RAN("true").status, 75);
	assert_true(now_ms() - start < 1000);
	assert_int_equal(RAN("--wait", "200ms", "true").status, 75);
	assert_int_equal(scene_counters().refused + scene_counters().gave_up, 0);
	scene_publish(2, 2, SLOT_CAP_FULL);
	assert_int_equal(RAN("true").status, 0);
}

/* trap 47: the file was replaced (which guardiand never does): who waits goes over to the new one.
 */
static void replaced_while_somebody_waits(void **state)
{
	char other[128], command[256];
	pid_t waiter;

	(void)state;
	hold();
	waiter = queue_up("30s", "served");
	snprintf(other, sizeof(other), "%s/other", scene.folder);
	snprintf(command, sizeof(command), "cp %s %s", scene.file, other);
	assert_int_equal(system(command), 0);
	assert_int_equal(rename(other, scene.file), 0);
	assert_int_equal(scene_wait(waiter), 0);
	assert_string_equal(scene_log(), "served\n");
}

/* The queue's part of the file is scribbled while people wait: everybody is served. */
static void scribbled_while_somebody_waits(void **state)
{
	unsigned char junk[1024];
	pid_t holder = hold(), waiters[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		waiters[i] = queue_up("30s", "served");
	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = (unsigned char)random();
	scene_write(junk, sizeof(junk), SLOT_PLACES_AT);
	scene_write(junk, 16, SLOT_QUEUE_AT);
	kill(holder, SIGKILL);
	for (int i = 0; i < 4; i++)
		assert_int_equal(scene_wait(waiters[i]), 0);
	assert_int_equal(strlen(scene_log()), 4 * strlen("served\n"));
}

/* No descriptor is left for inotify, nor for a command that would load a library: it looks ten
 * times a second. */
/* make -j hands down descriptors of its own. */
static void allow_few_descriptors(void)
{
	(void)close_range(3, ~0U, 0);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){4, 4});
}

/* How long a waiter without inotify takes to see that the only slot is free. */
static uint64_t seen_after_ms(void)
{
	pid_t holder, waiter;
	uint64_t start;

	scene.before_exec = NULL;
	holder = hold();
	scene.before_exec = allow_few_descriptors;
	waiter = BEGIN("--wait", "30s", scene.program, "--version");
	UNTIL(waiting() == 1);
	kill(holder, SIGKILL);
	start = now_ms();
	assert_int_equal(scene_wait(waiter), 0);
	return now_ms() - start;
}

/* Those that inotify wakes look by themselves once a second only. The best of some rounds counts:
 * this machine may be busy. */
static void without_inotify_it_looks_itself(void **state)
{
	uint64_t best_ms = UINT64_MAX;

	(void)state;
	if (!scene_is_static())
		skip();
	for (int round = 0; round < 10 && best_ms >= 700; round++) {
		uint64_t took_ms = seen_after_ms();

		best_ms = took_ms < best_ms ? took_ms : best_ms;
	}
	assert_in_range(best_ms, 0, 699);
}

int main(int argc, char **argv)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_up, scene_down)
	const struct CMUnitTest tests[] = {
		IN_SCENE(waits_until_there_is_a_slot),
		IN_SCENE(raised_cap_serves_who_waits),
		IN_SCENE(gives_up_in_time),
		IN_SCENE(nobody_overtakes_those_who_wait),
		IN_SCENE(first_come_first_served),
		IN_SCENE(stopped_waiter_holds_up_nobody),
		IN_SCENE(a_signal_ends_the_wait),
		IN_SCENE(a_signal_ends_the_wait_of_pid_1),
		IN_SCENE(stopped_at_the_door),
		IN_SCENE(replaced_while_somebody_waits),
		IN_SCENE(scribbled_while_somebody_waits),
		IN_SCENE(without_inotify_it_looks_itself),
	};

	(void)argc;
	scene_find_program(argv[0]);
	return cmocka_run_group_tests_name("stream_wait", tests, NULL, NULL);
}
