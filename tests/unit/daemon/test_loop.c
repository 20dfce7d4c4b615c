/*
 * loop: a guardiand in a child, and systemd's end of the notify socket in the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guardian/loop.h"
#include "world.h"

enum { MS = 1, PATIENCE_MS = 20000 };

static int notify_fd;
static pid_t child;
static char message[1024];

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int setup(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	world_setup(state);
	host_container(&world.host, 1, "web");
	host_put(&world.host, "etc/guardian.yaml",
		"host:\n  interval: 200ms\nservices:\n  web:\n    mem_limit: 100m\n    swap_limit: "
		"100m\n");
	(void)snprintf(
		address.sun_path, sizeof(address.sun_path), "%.80s/notify", world.host.tree.path);
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(notify_fd >= 0);
	assert_int_equal(bind(notify_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	child = 0;
	return 0;
}

static int teardown(void **state)
{
	int status;

	if (child > 0 && waitpid(child, &status, WNOHANG) == 0) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	close(notify_fd);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return world_teardown(state);
}

#define LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* As main.c does it. */
static void be_guardiand(void)
{
	struct guardian_options options = {.root = world.host.tree.path};
	struct guardian *g;
	sigset_t mine;
	int r;

	sigemptyset(&mine);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGINT);
	sigprocmask(SIG_BLOCK, &mine, NULL);
	r = guardian_open(&g, &options, &world.report, &world.peer);
	if (r < 0)
		exit(100);
	r = loop_run(g);
	guardian_close(g);
	exit(r < 0 ? 101 : 0); /* not _exit(): coverage is written there */
}

static void start(const char *watchdog_us)
{
	if (watchdog_us)
		setenv("WATCHDOG_USEC", watchdog_us, 1);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		be_guardiand();
}

/* The next message within TIMEOUT_MS, in `message`. */
static bool receive(uint64_t timeout_ms)
{
	struct pollfd fd = {.fd = notify_fd, .events = POLLIN};
	ssize_t n;

	if (poll(&fd, 1, (int)timeout_ms) != 1)
		return false;
	n = recv(notify_fd, message, sizeof(message) - 1, 0);
	assert_true(n >= 0);
	message[n] = '\0';
	return true;
}

/* Passes over others until WANTED comes. */
static void expect(const char *wanted)
{
	uint64_t until_ms = now_ms() + PATIENCE_MS;

	do {
		if (now_ms() >= until_ms || !receive(until_ms - now_ms()))
			fail_msg("never came: %s", wanted);
	} while (!strstr(message, wanted));
}

static void end(int signal, int wanted_status)
{
	int status;

	assert_int_equal(kill(child, signal), 0);
	expect("STOPPING=1");
	assert_int_equal(waitpid(child, &status, 0), child);
	child = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted_status);
}

static void ready_after_the_first_tick(void **state)
{
	(void)state;
	start(NULL);
	assert_true(receive(PATIENCE_MS)); /* nothing comes before it */
	assert_non_null(strstr(message, "READY=1"));
	assert_non_null(host_get(&world.host, "run/guardian/status.json"));
	expect("STATUS=1 of 1 services running");
	end(SIGTERM, 0);
}

static void stopping_leaves_the_limits(void **state)
{
	(void)state;
	start(NULL);
	expect("READY=1");
	for (int i = 0; i < 100 && strcmp(host_value(&world.host, host_scope(1), "memory.max"),
					   "104857600") != 0;
		i++)
		usleep(100000);
	end(SIGINT, 0);
	assert_string_equal(host_value(&world.host, host_scope(1), "memory.max"), "104857600");
}

/* By ticks, not by a thread beside them, which would hide one that hangs. */
static void watchdog_is_petted_in_time(void **state)
{
	(void)state;
	host_put(&world.host, "etc/guardian.yaml",
		"host:\n  interval: 10s\nservices:\n  web:\n    mem_limit: 100m\n    swap_limit: "
		"100m\n");
	start("4000000");
	expect("READY=1");
	expect("WATCHDOG=1");
	for (unsigned pets = 0; pets < 3; pets++) {
		uint64_t last_ms = now_ms();

		/* A tick that comes shortly before the pet is due must not put it off. */
		usleep(1600000);
		host_use(&world.host, host_scope(1), (30 + pets) * MIB, 0);
		expect("WATCHDOG=1");
		assert_in_range(now_ms() - last_ms, 1600, 3000); /* due after 2 s */
	}
	end(SIGTERM, 0);
}

static void no_watchdog_no_pets(void **state)
{
	uint64_t until_ms;

	(void)state;
	start(NULL);
	expect("READY=1");
	until_ms = now_ms() + 1000;
	while (now_ms() < until_ms)
		if (receive(100))
			assert_null(strstr(message, "WATCHDOG"));
	end(SIGTERM, 0);
}

static void hangup_reloads(void **state)
{
	(void)state;
	start(NULL);
	expect("STATUS=");
	host_put(&world.host, "etc/guardian.yaml",
		"services:\n  web:\n    mem_limit: 300m\n    swap_limit: 300m\n");
	assert_int_equal(kill(child, SIGHUP), 0);
	expect("RELOADING=1");
	expect("READY=1");
	for (int i = 0; i < 100 && strcmp(host_value(&world.host, host_scope(1), "memory.max"),
					   "314572800") != 0;
		i++)
		usleep(100000);
	assert_string_equal(host_value(&world.host, host_scope(1), "memory.max"), "314572800");
	host_put(&world.host, "etc/guardian.yaml", "services: [\n");
	assert_int_equal(kill(child, SIGHUP), 0);
	expect("RELOADING=1");
	expect("READY=1");
	expect("last reload refused");
	end(SIGTERM, 0);
}

/* A new container is seen at once, not at the next look, which is ten seconds away. */
static void new_container_wakes_the_loop(void **state)
{
	uint64_t begin_ms;

	(void)state;
	host_put(&world.host, "etc/guardian.yaml",
		"host:\n  interval: 30s\nservices:\n  web:\n    mem_limit: 100m\n    swap_limit: "
		"100m\n"
		"  db:\n    mem_limit: 200m\n    swap_limit: 200m\n");
	start(NULL);
	expect("STATUS=1 of 2");
	usleep(300000);
	begin_ms = now_ms();
	host_container(&world.host, 2, "db");
	while (strcmp(host_value(&world.host, host_scope(2), "memory.max"), "209715200") != 0 &&
		now_ms() - begin_ms < PATIENCE_MS)
		usleep(5000);
	assert_in_range(
		now_ms() - begin_ms, 0, 5000); /* 1 s is promised; a test machine may be busy */
	expect("STATUS=2 of 2");
	end(SIGTERM, 0);
}

/* Drift in a file that nobody else reads: inotify tells. */
static void written_limit_wakes_the_loop(void **state)
{
	uint64_t begin_ms;

	(void)state;
	host_put(&world.host, "etc/guardian.yaml",
		"host:\n  interval: 30s\nservices:\n  web:\n    mem_limit: 100m\n    swap_limit: "
		"100m\n");
	start(NULL);
	expect("STATUS=");
	for (int i = 0; i < 100 && strcmp(host_value(&world.host, host_scope(1), "memory.max"),
					   "104857600") != 0;
		i++)
		usleep(100000);
	sleep(1);
	begin_ms = now_ms();
	host_set(&world.host, host_scope(1), "memory.max", "max\n");
	while (strcmp(host_value(&world.host, host_scope(1), "memory.max"), "104857600") != 0 &&
		now_ms() - begin_ms < PATIENCE_MS)
		usleep(5000);
	assert_in_range(now_ms() - begin_ms, 0, 5000);
	end(SIGTERM, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP(ready_after_the_first_tick),
		LOOP(stopping_leaves_the_limits),
		LOOP(watchdog_is_petted_in_time),
		LOOP(no_watchdog_no_pets),
		LOOP(hangup_reloads),
		LOOP(new_container_wakes_the_loop),
		LOOP(written_limit_wakes_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
