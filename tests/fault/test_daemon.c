/*
 * The daemon under faults: every call of an opening, and of ticks in which something happens, fails
 * once. What is asked: an opening that fails says so and leaves nothing behind; a tick goes on,
 * loses no descriptor, writes no wrong limit, and all is well as soon as the calls are.
 *
 * Threads make their calls when they please, so the count of calls differs from run to run; a fault
 * in a lane becomes a result, and that is what is wanted of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/daemon/host.c"
#include "../unit/daemon/shared.c"
#include "../unit/daemon/world.c"
#include "fault.h"

static int open_and_close(void *arg)
{
	struct guardian_options options = {.root = world.host.tree.path, .clock = world_clock};
	struct guardian *g = NULL;
	int r = guardian_open(&g, &options, &world.report, &world.peer);

	(void)arg;
	if (r < 0) {
		assert_null(g);
		return r;
	}
	guardian_close(g);
	return 0;
}

static void standard_streams_are_there(void *arg, int status)
{
	(void)arg;
	(void)status;
	for (int fd = 0; fd <= 2; fd++)
		assert_true(fcntl(fd, F_GETFD) >= 0);
}

static void shop(void)
{
	host_container(&world.host, 1, "web");
	host_container(&world.host, 2, "db");
	world_policy(
		"  web:\n    mem_limit: 100m\n    swap_limit: 100m\n"
		"  db:\n    mem_limit: 200m\n    swap_limit: 200m\n    mem_reservation: 64m\n");
}

static void opening(void **state)
{
	(void)state;
	shop();
	/* Much of it is made up for: no journal, no PSI, no names yet. */
	FOR_EACH_FAULT(open_and_close, .check = standard_streams_are_there, .tolerates = true);
}

static const char *failed_call;

/* Either as it was, or as the policy wants it: nothing else may ever stand there. */
static void assert_old_or_wanted(const char *scope, const char *wanted)
{
	const char *max = host_value(&world.host, scope, "memory.max");

	/* An ordinary file is emptied before it is written; one of the kernel's has no length. */
	if (max && *max && strcmp(max, "max") != 0 && strcmp(max, wanted) != 0)
		fail_msg("%s failing: memory.max of %s is '%s'", failed_call, scope, max);
}

static const char semaphore[] = "run/guardian/streams.sem";

static void scribble(void)
{
	_cleanup_fd_ int fd =
		openat(world.host.tree.fd, semaphore, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	assert_int_equal(pwrite(fd, "scribble", 8, 0), 8);
	(void)guardian_slots_noticed(world.g);
}

static ino_t inode_of_semaphore(void)
{
	struct stat st;

	assert_int_equal(fstatat(world.host.tree.fd, semaphore, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static void happen(unsigned long nth)
{
	scribble();
	host_set(&world.host, host_scope(1), "memory.max", "max\n");
	host_group_remove(&world.host, host_scope(2));
	host_group(&world.host, host_scope(2));
	host_group(&world.host, "system.slice/another.service");
	host_kills(&world.host, host_scope(1), (unsigned)nth);
}

static void tidy(void)
{
	host_group_remove(&world.host, "system.slice/another.service");
}

/* The NTH call of a tick after something has happened. -> false when there are fewer. */
static bool tick_with_fault(unsigned long nth, unsigned int groups)
{
	const char *call;
	int error;
	bool injected;

	happen(nth);
	fault_arm(nth, groups, 0);
	world_now_us += SECOND_US;
	world_tick();
	injected = fault_disarm(&call, &error);
	failed_call = injected ? call : "nothing";
	world_run(2 * SECOND_US);
	assert_old_or_wanted(host_scope(1), "104857600");
	assert_old_or_wanted(host_scope(2), "209715200");
	tidy();
	world_run(20ULL * SECOND_US);
	return injected;
}

static void ticks_go_on(unsigned int groups)
{
	unsigned int fds;
	unsigned long nth = 1;
	ino_t inode;

	shop();
	/* Nobody is to surrender to the test. */
	host_put(&world.host, "etc/guardian.yaml",
		"drift:\n  rounds: 20\n  window: 1s\nservices:\n  web:\n    mem_limit: 100m\n    "
		"swap_limit: 100m\n"
		"  db:\n    mem_limit: 200m\n    swap_limit: 200m\n    mem_reservation: 64m\n"
		"streams:\n  max: 2\n");
	host_put(&world.host, "proc/3000/stat",
		"3000 (ffmpeg) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 1 1\n");
	host_put(&world.host, "proc/3000/status", "Name:\tffmpeg\nState:\tS\n");
	host_set(&world.host, host_scope(1), "cgroup.procs", "3000\n");
	world_start();
	world_run(60ULL * SECOND_US);
	fds = fault_count_fds();
	inode = inode_of_semaphore();
	while (tick_with_fault(nth, groups) && nth < 2000)
		nth++;
	assert_in_range(nth, 2, 1999);
	happen(nth);
	tidy();
	world_run(700ULL * SECOND_US);
	assert_int_equal(world.g->snap.n_members, 2);
	assert_string_equal(host_value(&world.host, host_scope(1), "memory.max"), "104857600");
	assert_string_equal(host_value(&world.host, host_scope(2), "memory.max"), "209715200");
	assert_string_equal(host_value(&world.host, host_scope(2), "memory.low"), "67108864");
	assert_int_equal(world.g->snap.streams.file_state, SLOT_FILE_OK);
	assert_int_equal(world.g->snap.streams.cap, 2);
	assert_int_equal(world.g->snap.streams.n_processes, 1);
	assert_int_equal(inode_of_semaphore(), inode); /* trap 47 */
	assert_int_equal(fault_count_fds(), fds);
}

static void ticks_without_files(void **state)
{
	(void)state;
	ticks_go_on(FAULT_OPEN | FAULT_READ | FAULT_LOCK);
}

static void ticks_without_writes(void **state)
{
	(void)state;
	ticks_go_on(FAULT_WRITE | FAULT_NAME);
}

static void ticks_without_memory(void **state)
{
	(void)state;
	ticks_go_on(FAULT_MEMORY | FAULT_WATCH | FAULT_SOCKET);
}

static int reload(void *arg)
{
	uint32_t rejected = world.told[EVENT_POLICY_REJECTED];

	(void)arg;
	guardian_reload(world.g);
	count_told();
	return world.told[EVENT_POLICY_REJECTED] > rejected ? -EINVAL : 0;
}

static void policy_is_whole(void *arg, int status)
{
	(void)arg;
	(void)status;
	assert_int_equal(world.g->policy.n_services, 2);
	assert_int_equal(world.g->policy.service[1].limits.value[LIMIT_MAX], 200 * MIB);
	assert_int_equal(world.g->snap.n_members, 2);
}

static void reloading(void **state)
{
	(void)state;
	shop();
	world_start();
	world_run(10ULL * SECOND_US);
	FOR_EACH_FAULT(reload, .check = policy_is_whole, .tolerates = true,
		.groups = FAULT_OPEN | FAULT_READ | FAULT_MEMORY | FAULT_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(opening),
		WORLD(ticks_without_files),
		WORLD(ticks_without_writes),
		WORLD(ticks_without_memory),
		WORLD(reloading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
