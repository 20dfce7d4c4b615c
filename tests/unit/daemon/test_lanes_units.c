/*
 * lanes: the lane that holds, with a systemd to talk to. The rest of the lanes is in test_lanes.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../os/fake_systemd.h"
#include "guardian/lanes.h"
#include "host.h"

enum { SECOND_US = 1000000, MIB = 1 << 20, PATIENCE_MS = 20000 };

static struct host host;
static struct fake_systemd systemd;
static struct lanes *lanes;
static struct job job;

static int setup(void **state)
{
	static const struct policy_docker docker = {.socket = "/none", .deadline_us = SECOND_US};

	(void)state;
	host_make(&host);
	if (fake_bus_start(&systemd))
		fake_systemd_start(&systemd);
	memset(&job, 0, sizeof(job));
	return lanes_open(&lanes, host.tree.fd, host.cgfd, &docker);
}

static int teardown(void **state)
{
	(void)state;
	lanes_close(lanes, 5 * SECOND_US);
	fake_bus_remove(&systemd);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	host_remove(&host);
	return 0;
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* A hold of app.scope, whose unit is systemd's. */
static void post_hold(enum limit_kind kind, uint64_t value)
{
	job.kind = JOB_HOLD;
	job.ticket = 7;
	job.inode = host_inode(&host, "app.scope");
	job.has_unit = true;
	strcpy(job.path, "app.scope");
	strcpy(job.unit, "app.scope");
	limit_put(&job.set, kind, value);
	assert_int_equal(lanes_post(lanes, LANE_HOLD, &job), 0);
}

static void await_hold(void)
{
	struct pollfd fd = {.fd = lanes_fd(lanes), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_true(lanes_take(lanes, &job));
	assert_int_equal(job.error, 0);
}

static void hold(enum limit_kind kind, uint64_t value)
{
	post_hold(kind, value);
	await_hold();
}

/* systemd writes all values with any one: without a word on memory.max it would fall back to 20 MiB
 * here, below what is in use, and the kernel would kill. */
static void a_reservation_leaves_the_limit(void **state)
{
	(void)state;
	if (systemd.bus <= 0)
		skip(); /* no dbus-daemon here */
	systemd.max = 20 * MIB;
	host_group(&host, "app.scope");
	host_set(&host, "app.scope", "memory.max", "%d\n", 200 * MIB);
	hold(LIMIT_LOW, 64 * MIB);
	assert_string_equal(
		systemd.properties, "app.scope 1 MemoryMax=209715200 MemoryLow=67108864");
}

/* What is the same on both sides is not said: it is the unit's owner's to change. */
static void a_limit_says_nothing_of_the_rest(void **state)
{
	(void)state;
	if (systemd.bus <= 0)
		skip();
	host_group(&host, "app.scope");
	hold(LIMIT_MAX, 100 * MIB);
	assert_string_equal(systemd.properties, "app.scope 1 MemoryMax=104857600");
}

static void await_limit(const char *bytes)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (strcmp(host_value(&host, "app.scope", "memory.max"), bytes) == 0)
			return;
		usleep(1000);
	}
	fail_msg("memory.max of app.scope is not %s", bytes);
}

/* While runc makes the container, the file holds the limit, as often as systemd lifts it, and the
 * unit is not spoken of: that would make `docker run` fail. */
static void a_newborn_is_left_to_runc(void **state)
{
	(void)state;
	if (systemd.bus <= 0)
		skip();
	host_group(&host, "app.scope");
	host_set(&host, "app.scope", "cgroup.procs", "77\n");
	host_put(&host, "proc/77/comm", "runc:[2:INIT]\n");
	post_hold(LIMIT_MAX, 100 * MIB);
	await_limit("104857600");
	host_set(&host, "app.scope", "memory.max", "      max\n"); /* as long: see host.h */
	await_limit("104857600");
	usleep(200 * 1000); /* it would have been spoken of by now */
	assert_string_equal(systemd.properties, "");
	host_put(&host, "proc/77/comm", "node\n");
	await_hold();
	assert_string_equal(systemd.properties, "app.scope 1 MemoryMax=104857600");
}

/* Others do not wait for it. */
static void a_newborn_delays_nobody(void **state)
{
	struct job other = {.kind = JOB_HOLD, .path = "other.slice", .ticket = 8};
	struct pollfd fd = {.fd = lanes_fd(lanes), .events = POLLIN};

	(void)state;
	host_group(&host, "app.scope");
	host_group(&host, "other.slice");
	host_set(&host, "app.scope", "cgroup.procs", "77\n");
	host_put(&host, "proc/77/comm", "runc:[2:INIT]\n");
	post_hold(LIMIT_MAX, 100 * MIB);
	await_limit("104857600");
	other.inode = host_inode(&host, "other.slice");
	limit_put(&other.set, LIMIT_MAX, 100 * MIB);
	assert_int_equal(lanes_post(lanes, LANE_HOLD, &other), 0);
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_true(lanes_take(lanes, &other));
	assert_int_equal(other.ticket, 8);
	assert_int_equal(other.error, 0);
	assert_int_equal(lanes_pending(lanes), 1);
}

/* It was restarted meanwhile: its place is somebody else's. */
static void a_newborn_that_is_gone_is_no_more_waited_for(void **state)
{
	struct pollfd fd = {.fd = lanes_fd(lanes), .events = POLLIN};

	(void)state;
	host_group(&host, "app.scope");
	host_set(&host, "app.scope", "cgroup.procs", "77\n");
	host_put(&host, "proc/77/comm", "runc:[2:INIT]\n");
	post_hold(LIMIT_MAX, 100 * MIB);
	await_limit("104857600");
	host_group(&host, "app2.scope");
	host_set(&host, "app2.scope", "cgroup.procs", "77\n");
	assert_int_equal(renameat(host.cgfd, "app.scope", host.cgfd, "gone.scope"), 0);
	assert_int_equal(renameat(host.cgfd, "app2.scope", host.cgfd, "app.scope"), 0);
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_true(lanes_take(lanes, &job));
	assert_int_equal(job.error, -ESTALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(a_reservation_leaves_the_limit),
		WORLD(a_limit_says_nothing_of_the_rest),
		WORLD(a_newborn_is_left_to_runc),
		WORLD(a_newborn_delays_nobody),
		WORLD(a_newborn_that_is_gone_is_no_more_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
