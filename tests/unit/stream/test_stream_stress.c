/*
 * guardian-stream under stress: many processes fight for five slots, and are killed at random, at
 * whatever they are just doing; the cap moves meanwhile. Never do more commands run than the cap
 * allows, and in the end no slot is held and nobody stands in the queue.
 *
 * A few seconds; with GUARDIAN_STRESS=1 in the environment it is 200 processes and 30 s each.
 */
#include "scene.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CAP = 5, PROCESSES_MAX = 200, SECONDS_MAX = 40 };

/* A process between its start and its end; pid 0: none. */
static pid_t fighters[PROCESSES_MAX];
static unsigned int n_fighters, seconds;
static unsigned int begun_total, killed_total, ended[256];

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A container, as far as files and pids go: pid 1 of its own namespace, and the folder is mounted
 * at another place. */
static void enter_container(void)
{
	char other[128];

	snprintf(other, sizeof(other), "%s/mounted", scene.folder);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(scene.folder, other, NULL, MS_BIND, NULL) < 0)
		_exit(97);
	snprintf(scene.file, sizeof(scene.file), "%.64s/streams.sem", other);
}

/* Half of them wait. Their lives last up to 40 ms. */
static _Noreturn void fight(unsigned int seed, bool contained)
{
	const char *wait[] = {"0", "0", "100ms", "1s"};
	char life[16];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	if (contained)
		enter_container();
	snprintf(life, sizeof(life), "0.0%u", seed / 4 % 40);
	execl(scene.program, scene.program, "--file", scene.file, "--wait", wait[seed % 4], "sleep",
		life, NULL);
	_exit(98);
}

static void begin(unsigned int i, bool contained)
{
	unsigned int seed = (unsigned int)random();
	long flags = SIGCHLD | (contained ? CLONE_NEWPID | CLONE_NEWNS : 0);
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (pid == 0)
		fight(seed, contained);
	fighters[i] = pid;
	begun_total++;
}

/* The command runs, with the descriptor that the slot hangs on. */
static bool holds(pid_t pid)
{
	char path[64], comm[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, comm, sizeof(comm) - 1) < 0)
			comm[0] = '\0';
		close(fd);
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/100", pid);
	return strcmp(comm, "sleep\n") == 0 && access(path, F_OK) == 0;
}

/* Those who held at the first look and hold at the second held together in between. */
static unsigned int count_holders(void)
{
	bool held[PROCESSES_MAX];
	unsigned int n = 0, both = 0;

	for (unsigned int i = 0; i < n_fighters; i++) {
		held[i] = fighters[i] && holds(fighters[i]);
		n += held[i];
	}
	if (n <= CAP)
		return n;
	for (unsigned int i = 0; i < n_fighters; i++)
		both += held[i] && holds(fighters[i]);
	return both;
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned int i = 0; i < n_fighters; i++)
			if (fighters[i] == pid)
				fighters[i] = 0;
		if (WIFEXITED(status))
			ended[WEXITSTATUS(status)]++;
	}
}

static void move_cap(void)
{
	uint32_t cap = 2 + (uint32_t)random() % (CAP - 1);

	scene_publish(CAP, cap, cap < CAP ? SLOT_CAP_MEMORY : SLOT_CAP_FULL);
}

/* One round: whoever has ended begins anew, somebody is killed, all are counted. */
static unsigned int fight_round(bool contained)
{
	unsigned int victim = (unsigned int)random() % n_fighters, holders;

	reap();
	if (fighters[victim] && random() % 2 == 0)
		killed_total += kill(fighters[victim], SIGKILL) == 0;
	for (unsigned int i = 0; i < n_fighters; i++)
		if (!fighters[i])
			begin(i, contained && i % 2);
	holders = count_holders();
	assert_in_range(holders, 0, CAP);
	assert_true(scene_held() >> CAP == 0);
	return holders;
}

/* -> the most that held at once. On a slow machine it goes on until everything has been tried. */
static unsigned int stress(bool contained)
{
	uint64_t end = now_ms() + seconds * 1000ULL, last = now_ms() + SECONDS_MAX * 1000ULL;
	unsigned int most = 0, holders;

	begun_total = killed_total = 0;
	memset(ended, 0, sizeof(ended));
	scene_publish(CAP, CAP, SLOT_CAP_FULL);
	for (unsigned int round = 1; now_ms() < last; round++) {
		holders = fight_round(contained);
		if (holders > most)
			most = holders;
		if (now_ms() > end && most == CAP && killed_total && ended[0] && ended[75])
			break;
		if (round % 50 == 0)
			move_cap();
		scene_pause_ms(2);
	}
	return most;
}

static void end_all(void)
{
	for (unsigned int i = 0; i < n_fighters; i++)
		if (fighters[i])
			kill(fighters[i], SIGKILL);
	for (unsigned int i = 0; i < n_fighters; i++)
		if (fighters[i])
			waitpid(fighters[i], NULL, 0);
	memset(fighters, 0, sizeof(fighters));
}

static void fight_and_look(bool contained)
{
	unsigned int most = stress(contained);
	struct slot_counters counters;

	end_all();
	counters = scene_counters();
	print_message("# %u begun, %u killed, %u had a slot, %u had none; %u at most at once\n",
		begun_total, killed_total, ended[0], ended[75], most);
	assert_int_equal(scene_held(), 0);
	assert_int_equal(scene_waiting(), 0);
	assert_int_equal(most, CAP); /* else it has not been tried */
	assert_true(killed_total > 0 && ended[0] > 0 && ended[75] > 0);
	/* Nothing else can come of it: 0 and 75, and the killed. */
	for (int i = 0; i < 256; i++)
		if (i != 0 && i != 75)
			assert_int_equal(ended[i], 0);
	assert_true(slot_counters_ok(&counters));
	assert_true(counters.taken >= ended[0] / 2 && counters.taken <= begun_total);
	scene_publish(CAP, CAP, SLOT_CAP_FULL);
	assert_int_equal(RAN("true").status, 0);
}

static void never_more_than_the_cap(void **state)
{
	(void)state;
	fight_and_look(false);
}

/* The same lock through another mount, and from another pid namespace. */
static void never_more_across_namespaces(void **state)
{
	char folder[128];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/mounted", scene.folder);
	if (getuid() != 0 || mkdir(folder, 0755) < 0 || unshare(CLONE_NEWNS) < 0)
		skip();
	fight_and_look(true);
}

static int stress_down(void **state)
{
	end_all();
	return scene_down(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(never_more_than_the_cap, scene_up, stress_down),
		cmocka_unit_test_setup_teardown(
			never_more_across_namespaces, scene_up, stress_down),
	};
	bool full = getenv("GUARDIAN_STRESS") != NULL;

	(void)argc;
	n_fighters = full ? PROCESSES_MAX : 40;
	seconds = full ? 30 : 2;
	srandom((unsigned int)getpid());
	scene_find_program(argv[0]);
	return cmocka_run_group_tests_name("stream_stress", tests, NULL, NULL);
}
