/*
 * act: what of an action about streams reaches the machine, by driver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../os/stream_scene.h"
#include "guardian/act.h"
#include "lanes_scene.h"

enum { START_TICKS = 4711 };

static struct policy policy;
static struct snapshot snap;
static struct roster roster;
static struct slots slots;
static struct stream_watch processes;
static struct act_streams on;

/* A container `web`, member of the one service. */
static int setup(void **state)
{
	(void)state;
	lanes_start();
	memset(&policy, 0, sizeof(policy));
	memset(&snap, 0, sizeof(snap));
	memset(&roster, 0, sizeof(roster));
	policy.n_services = 1;
	strcpy(policy.service[0].container, "web");
	strcpy(policy.streams.command, "ffmpeg");
	roster_init(&roster, host.cgfd, &policy, NULL, &snap);
	host_container(&host, 1, "web");
	roster_appeared(&roster, host_scope(1));
	{
		struct docker_container c = {.running = true, .name = "web"};

		strcpy(c.id, host_id(1));
		roster_named(&roster, host_inode(&host, host_scope(1)), 0, &c);
	}
	assert_int_equal(slots_open(&slots, host.tree.fd, false), 0);
	slots_set_group(&slots, getegid());
	memset(&processes, 0, sizeof(processes));
	assert_int_equal(stream_watch_open(&processes, host.tree.fd), 0);
	on = (struct act_streams){.slots = &slots,
		.processes = &processes,
		.roster = &roster,
		.lanes = lanes,
		.realtime_us = 5};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_watch_close(&processes, &snap.streams);
	slots_close(&slots);
	roster_close(&roster);
	lanes_end();
	return 0;
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static struct action action_of(enum action_kind kind)
{
	return (struct action){.kind = (uint8_t)kind,
		.ticket = 9,
		.inode = host_inode(&host, host_scope(1)),
		.cap = 6,
		.effective_cap = 4,
		.cap_reason = SLOT_CAP_MEMORY,
		.value = 2000000};
}

/* A real child, of the container as far as the tree says. */
static pid_t start_stream(struct action *a)
{
	pid_t child = start_child("ffmpeg");
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", child);
	write_process(&host.tree, (uint32_t)child, "ffmpeg", START_TICKS, 1, pid);
	host_set(&host, host_scope(1), "cgroup.procs", "%d\n", child);
	a->pid = (uint32_t)child;
	a->start_ticks = START_TICKS;
	return child;
}

static void the_null_driver_does_nothing(void **state)
{
	struct action a = action_of(ACT_STREAM_KILL);
	pid_t child = start_stream(&a);
	uint64_t before = host_digest(&host);

	(void)state;
	for (int kind = ACT_STREAMS_PUBLISH; kind <= ACT_STREAM_STOP_CONTAINER; kind++) {
		a.kind = (uint8_t)kind;
		assert_int_equal(act_null.stream(&on, &a), -ECANCELED);
	}
	assert_int_equal(host_digest(&host), before);
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	assert_int_equal(dockerd.stops, 0);
	kill(child, SIGKILL);
	reap(child);
}

static void the_files_driver_writes_the_file_alone(void **state)
{
	struct action a = action_of(ACT_STREAMS_PUBLISH);
	pid_t child;

	(void)state;
	assert_int_equal(act_files.stream(&on, &a), -ENOENT); /* publishing makes none */
	a.kind = ACT_STREAMS_MEND;
	assert_int_equal(act_files.stream(&on, &a), ACT_DONE);
	a.kind = ACT_STREAMS_PUBLISH;
	a.effective_cap = 2;
	assert_int_equal(act_files.stream(&on, &a), ACT_DONE);
	(void)slots_look(&slots, &snap.streams);
	assert_int_equal(snap.streams.file_state, SLOT_FILE_OK);
	assert_int_equal(snap.streams.cap, 6);
	assert_int_equal(snap.streams.effective_cap, 2);
	assert_int_equal(snap.streams.reason, SLOT_CAP_MEMORY);

	child = start_stream(&a);
	for (int kind = ACT_STREAM_TERM; kind <= ACT_STREAM_STOP_CONTAINER; kind++) {
		a.kind = (uint8_t)kind;
		assert_int_equal(act_files.stream(&on, &a), -EOPNOTSUPP);
	}
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	kill(child, SIGKILL);
	reap(child);
}

static void the_real_driver_sends_signals(void **state)
{
	(void)state;
	for (int kind = ACT_STREAM_TERM; kind <= ACT_STREAM_KILL; kind++) {
		struct action a = action_of((enum action_kind)kind);
		pid_t child = start_stream(&a);
		int how;

		a.start_ticks++; /* another with its number */
		assert_int_equal(act_real.stream(&on, &a), -ESTALE);
		a.start_ticks--;
		a.inode++; /* nobody's cgroup */
		assert_int_equal(act_real.stream(&on, &a), -ENOENT);
		a.inode--;
		assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
		assert_int_equal(act_real.stream(&on, &a), ACT_DONE);
		assert_int_equal(waitpid(child, &how, 0), child);
		assert_true(WIFSIGNALED(how));
		assert_int_equal(WTERMSIG(how), kind == ACT_STREAM_TERM ? SIGTERM : SIGKILL);
	}
}

static void take(void)
{
	struct pollfd fd = {.fd = lanes_fd(lanes), .events = POLLIN};

	while (!lanes_take(lanes, &job))
		assert_int_equal(poll(&fd, 1, 10000), 1);
}

static void a_container_is_stopped_by_docker(void **state)
{
	struct action a = action_of(ACT_STREAM_STOP_CONTAINER);

	(void)state;
	assert_int_equal(act_real.stream(&on, &a), 0);
	take();
	assert_int_equal(job.kind, JOB_STOP_CONTAINER);
	assert_int_equal(job.ticket, 9);
	assert_int_equal(job.error, 0);
	assert_int_equal(dockerd.stops, 1);

	/* It was started again meanwhile: the same id, another cgroup. */
	job.inode++;
	assert_int_equal(lanes_post(lanes, LANE_DOCKER, &job), 0);
	take();
	assert_int_equal(job.error, -ESTALE);
	host_group_remove(&host, host_scope(1));
	assert_int_equal(lanes_post(lanes, LANE_DOCKER, &job), 0);
	take();
	assert_int_equal(job.error, -ENOENT);
	assert_int_equal(dockerd.stops, 1);
}

/* Docker answers when the container has gone: that may take the grace, and the answer its time. */
static void docker_has_time_to_answer(void **state)
{
	struct action a = action_of(ACT_STREAM_STOP_CONTAINER);

	(void)state;
	a.value = 1000000;
	dockerd.stop_takes_ms = 1700;
	assert_int_equal(act_real.stream(&on, &a), 0);
	take();
	assert_int_equal(job.error, 0);
}

static void what_is_no_container_is_not_stopped_as_one(void **state)
{
	struct action a = action_of(ACT_STREAM_STOP_CONTAINER);

	(void)state;
	strcpy(policy.service[0].container, "");
	strcpy(policy.service[0].unit, "cams.service");
	host_group(&host, "system.slice/cams.service");
	roster_appeared(&roster, "system.slice/cams.service");
	a.inode = host_inode(&host, "system.slice/cams.service");
	assert_int_equal(act_real.stream(&on, &a), -EOPNOTSUPP);
}

static void they_are_not_for_the_lanes(void **state)
{
	(void)state;
	for (int kind = ACT_STREAMS_PUBLISH; kind <= ACT_STREAM_STOP_CONTAINER; kind++) {
		struct action a = action_of((enum action_kind)kind);

		assert_int_equal(act_real.submit(lanes, &roster, &a), -EINVAL);
		assert_int_equal(act_files.submit(lanes, &roster, &a), -EINVAL);
	}
	assert_int_equal(lanes_pending(lanes), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(the_null_driver_does_nothing),
		WORLD(the_files_driver_writes_the_file_alone),
		WORLD(the_real_driver_sends_signals),
		WORLD(a_container_is_stopped_by_docker),
		WORLD(docker_has_time_to_answer),
		WORLD(what_is_no_container_is_not_stopped_as_one),
		WORLD(they_are_not_for_the_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
