/*
 * lanes: jobs done by threads, in order, none lost, and a hung peer that delays nobody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lanes_scene.h"

enum { MS_US = 1000, SECOND_US = 1000000, MIB = 1 << 20, QUEUE = SNAPSHOT_MEMBERS_MAX };

static struct lanes *left_behind; /* lost on purpose, and not to the leak checker */

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_US + (uint64_t)ts.tv_nsec / 1000;
}

static int setup(void **state)
{
	(void)state;
	lanes_start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lanes_end();
	return 0;
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void post(enum lane lane)
{
	assert_int_equal(lanes_post(lanes, lane, &job), 0);
}

/* The next answer, within TIMEOUT_US. */
static bool take_within(uint64_t timeout_us)
{
	uint64_t until_us = now_us() + timeout_us;

	while (!lanes_take(lanes, &job)) {
		struct pollfd fd = {.fd = lanes_fd(lanes), .events = POLLIN};
		uint64_t at_us = now_us();

		if (at_us >= until_us)
			return false;
		poll(&fd, 1, (int)((until_us - at_us) / MS_US) + 1);
	}
	return true;
}

static void take(void)
{
	assert_true(take_within(20 * SECOND_US));
}

static void new_job(enum job_kind kind)
{
	memset(&job, 0, sizeof(job));
	job.kind = (uint8_t)kind;
}

static void hold_job(const char *cgroup, uint64_t max_bytes)
{
	new_job(JOB_HOLD);
	job.ticket = 7;
	job.inode = host_inode(&host, cgroup);
	strcpy(job.path, cgroup);
	limit_put(&job.set, LIMIT_MAX, max_bytes);
}

static void identify_job(unsigned n)
{
	new_job(JOB_IDENTIFY);
	strcpy(job.id, host_id(n));
}

/* ---- the jobs ---- */

static void hold_writes_the_files(void **state)
{
	(void)state;
	host_group(&host, "a.slice");
	hold_job("a.slice", 100 * MIB);
	limit_put(&job.set, LIMIT_LOW, 64 * MIB);
	limit_put(&job.set, LIMIT_OOM_GROUP, 1);
	post(LANE_HOLD);
	take();
	assert_int_equal(job.error, 0);
	assert_int_equal(job.ticket, 7);
	assert_string_equal(host_value(&host, "a.slice", "memory.max"), "104857600");
	assert_string_equal(host_value(&host, "a.slice", "memory.low"), "67108864");
	assert_string_equal(host_value(&host, "a.slice", "memory.oom.group"), "1");
	assert_string_equal(host_value(&host, "a.slice", "memory.swap.max"), "max");
	assert_int_equal(lanes_pending(lanes), 0);
}

/* A unit that systemd does not know, or no systemd at all: the file all the same. */
static void hold_of_a_unit_falls_back_to_the_files(void **state)
{
	(void)state;
	host_group(&host, "nobody-here.service");
	hold_job("nobody-here.service", 100 * MIB);
	job.has_unit = true;
	strcpy(job.unit, "nobody-here.service");
	post(LANE_HOLD);
	take();
	assert_int_equal(job.error, 0);
	assert_string_equal(host_value(&host, "nobody-here.service", "memory.max"), "104857600");
}

static void stale_cgroup_is_an_error(void **state)
{
	(void)state;
	host_group(&host, "a.slice");
	hold_job("a.slice", 100 * MIB);
	job.inode++;
	post(LANE_HOLD);
	take();
	assert_int_equal(job.error, -ESTALE);
	hold_job("a.slice", 100 * MIB);
	host_group_remove(&host, "a.slice");
	post(LANE_HOLD);
	take();
	assert_int_equal(job.error, -ESTALE);
}

/* Looked at once more, right before the write. */
static void hold_refuses_to_kill(void **state)
{
	(void)state;
	host_group(&host, "a.slice");
	host_use(&host, "a.slice", 60 * MIB, 0);
	hold_job("a.slice", 20 * MIB);
	post(LANE_HOLD);
	take();
	assert_int_equal(job.error, -EBUSY);
	assert_string_equal(host_value(&host, "a.slice", "memory.max"), "max");
	hold_job("a.slice", 20 * MIB);
	job.force = true;
	post(LANE_HOLD);
	take();
	assert_int_equal(job.error, 0);
	assert_string_equal(host_value(&host, "a.slice", "memory.max"), "20971520");
}

static void identify_asks_docker(void **state)
{
	(void)state;
	dockerd.container[1].memory = 300 * MIB;
	identify_job(1);
	post(LANE_NAMES);
	take();
	assert_int_equal(job.error, 0);
	assert_string_equal(job.container.name, "web");
	assert_int_equal(job.container.stored.value[LIMIT_MAX], 300 * MIB);
}

static void identify_of_nobody(void **state)
{
	(void)state;
	identify_job(9);
	post(LANE_NAMES);
	take();
	assert_int_equal(job.error, -ENOENT);
}

/* An update of container 1, whose cgroup is a.slice. */
static void persist_job(uint64_t max_bytes)
{
	hold_job("a.slice", max_bytes);
	job.kind = JOB_PERSIST;
	strcpy(job.id, host_id(1));
}

static void persist_updates_docker(void **state)
{
	(void)state;
	host_group(&host, "a.slice");
	persist_job(100 * MIB);
	limit_put(&job.set, LIMIT_SWAP_MAX, 0);
	post(LANE_DOCKER);
	take();
	assert_int_equal(job.error, 0);
	assert_int_equal(dockerd.container[1].memory, 100 * MIB);
	assert_int_equal(dockerd.container[1].memory_swap, 100 * MIB);

	dockerd.mood = DOCKERD_REFUSES;
	persist_job(200 * MIB);
	post(LANE_DOCKER);
	take();
	assert_int_equal(job.error, -EREMOTEIO);
}

/* Docker's own write would kill as well; what does not run cannot be killed. */
static void persist_makes_way_first(void **state)
{
	(void)state;
	host_group(&host, "a.slice");
	host_use(&host, "a.slice", 60 * MIB, 0);
	persist_job(20 * MIB);
	post(LANE_DOCKER);
	take();
	assert_int_equal(job.error, -EBUSY);
	assert_int_equal(dockerd.updates, 0);
	persist_job(20 * MIB);
	host_group_remove(&host, "a.slice");
	post(LANE_DOCKER);
	take();
	assert_int_equal(job.error, 0);
	assert_int_equal(dockerd.container[1].memory, 20 * MIB);
}

/* It waited in the queue meanwhile: who runs there now was never looked at. */
static void persist_leaves_a_restarted_container_alone(void **state)
{
	(void)state;
	host_group(&host, "a.slice");
	persist_job(20 * MIB);
	job.inode++;
	post(LANE_DOCKER);
	take();
	assert_int_equal(job.error, -ESTALE);
	assert_int_equal(dockerd.updates, 0);
}

static void rehearsal_changes_nothing(void **state)
{
	uint64_t before;

	(void)state;
	host_container(&host, 1, "web");
	before = host_digest(&host);
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		new_job(JOB_REHEARSE);
		job.has_unit = lane == LANE_HOLD;
		post((enum lane)lane);
	}
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		take();
		assert_int_equal(job.kind, JOB_REHEARSE);
		assert_int_equal(job.error, 0);
	}
	assert_int_equal(host_digest(&host), before);
	assert_int_equal(dockerd.updates, 0);
}

static void new_settings_count_from_the_next_job(void **state)
{
	struct policy_docker elsewhere = settings;

	(void)state;
	strcat(elsewhere.socket, ".none");
	lanes_set_docker(lanes, &elsewhere);
	new_job(JOB_PING);
	post(LANE_DOCKER);
	take();
	assert_int_equal(job.error, -ENOENT);
	lanes_set_docker(lanes, &settings);
	new_job(JOB_PING);
	post(LANE_DOCKER);
	take();
	assert_int_equal(job.error, 0);
}

/* ---- a peer that hangs ---- */

/* dockerd takes the connection and says nothing. */
static void hung_docker_delays_only_its_lane(void **state)
{
	uint64_t begin_us = now_us();

	(void)state;
	dockerd.mood = DOCKERD_HUNG;
	new_job(JOB_PING);
	post(LANE_DOCKER);
	host_group(&host, "a.slice");
	for (int i = 0; i < 20; i++) {
		hold_job("a.slice", (uint64_t)(100 + i) * MIB);
		post(LANE_HOLD);
	}
	for (int i = 0; i < 20; i++) {
		take();
		assert_int_equal(job.kind, JOB_HOLD);
		assert_int_equal(job.error, 0);
	}
	assert_in_range(now_us() - begin_us, 0, 900 * MS_US);
	take();
	assert_int_equal(job.kind, JOB_PING);
	assert_int_equal(job.error, -ETIMEDOUT);
	assert_in_range(now_us() - begin_us, 900 * MS_US, 5 * SECOND_US);
}

static void names_come_from_files_when_docker_hangs(void **state)
{
	uint64_t begin_us;

	(void)state;
	dockerd.mood = DOCKERD_HUNG;
	host_docker_files(&host, 1, "web-by-file", "shop", "web");
	begin_us = now_us();
	identify_job(1);
	post(LANE_NAMES);
	take();
	/* 300 ms for the socket, and slack for a busy test machine */
	assert_in_range(now_us() - begin_us, 290 * MS_US, 900 * MS_US);
	assert_int_equal(job.error, 0);
	assert_string_equal(job.container.name, "web-by-file");
	assert_string_equal(job.container.project, "shop");
}

/* lanes_close() may give up on a thread, and must not wait for it for ever. */
static void close_while_a_job_hangs(void **state)
{
	uint64_t begin_us;

	(void)state;
	settings.deadline_us = 4 * SECOND_US;
	lanes_set_docker(lanes, &settings);
	dockerd.mood = DOCKERD_HUNG;
	new_job(JOB_PING);
	post(LANE_DOCKER);
	usleep(50 * MS_US);
	begin_us = now_us();
	left_behind = lanes;
	lanes_close(lanes, 0);
	lanes = NULL;
	assert_in_range(now_us() - begin_us, 0, 2 * SECOND_US);
	/* The thread that was left behind comes home before the tree it looks at goes. */
	sleep(4);
	assert_int_equal(lanes_pending(left_behind), 1);
}

static void jobs_not_begun_are_dropped_at_close(void **state)
{
	uint64_t begin_us = now_us();

	(void)state;
	dockerd.mood = DOCKERD_HUNG;
	for (int i = 0; i < 100; i++) {
		new_job(JOB_PING);
		post(LANE_DOCKER);
	}
	lanes_close(lanes, 5 * SECOND_US);
	lanes = NULL;
	assert_in_range(now_us() - begin_us, 0, 3 * SECOND_US);
}

/* ---- queues ---- */

static void full_queue_says_so(void **state)
{
	int posted = 0;

	(void)state;
	dockerd.mood = DOCKERD_HUNG;
	settings.deadline_us = 100 * MS_US;
	lanes_set_docker(lanes, &settings);
	new_job(JOB_PING);
	while (lanes_post(lanes, LANE_DOCKER, &job) == 0)
		posted++;
	assert_int_equal(posted, QUEUE);
	assert_int_equal(lanes_post(lanes, LANE_DOCKER, &job), -EAGAIN);
	assert_int_equal(lanes_post(lanes, LANE_HOLD, &job), -EAGAIN); /* no room for its answer */
	assert_int_equal(lanes_pending(lanes), QUEUE);
	take();
	assert_int_equal(lanes_pending(lanes), QUEUE - 1);
	assert_int_equal(lanes_post(lanes, LANE_DOCKER, &job), 0);
}

static void no_answer_is_lost(void **state)
{
	static bool seen[QUEUE * 4 + 1];
	uint32_t posted = 0, taken = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	host_group(&host, "a.slice");
	host_docker_files(&host, 1, "web", NULL, NULL);
	while (taken < QUEUE * 4) {
		for (; posted < QUEUE * 4; posted++) {
			hold_job("a.slice", 100 * MIB);
			job.kind = posted % 3 == 0   ? JOB_PING
				   : posted % 3 == 1 ? JOB_IDENTIFY
						     : JOB_HOLD;
			strcpy(job.id, host_id(1));
			job.ticket = posted + 1;
			if (lanes_post(lanes, (enum lane)(2 - posted % 3), &job) < 0)
				break;
		}
		take();
		assert_int_equal(job.error, 0);
		assert_in_range(job.ticket, 1, QUEUE * 4);
		assert_false(seen[job.ticket]);
		seen[job.ticket] = true;
		taken++;
	}
	assert_int_equal(lanes_pending(lanes), 0);
	assert_false(take_within(50 * MS_US));
}

static void a_lane_keeps_the_order(void **state)
{
	(void)state;
	host_group(&host, "a.slice");
	for (uint32_t i = 1; i <= QUEUE; i++) {
		hold_job("a.slice", 100 * MIB + i * 4096);
		job.ticket = i;
		post(LANE_HOLD);
	}
	for (uint32_t i = 1; i <= QUEUE; i++) {
		take();
		assert_int_equal(job.ticket, i);
	}
}

static void nothing_leaks(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct lanes *other;

		assert_int_equal(lanes_open(&other, host.tree.fd, host.cgfd, &settings), 0);
		assert_int_equal(lanes_post(other, LANE_NAMES, &job), 0);
		lanes_close(other, SECOND_US);
	}
	assert_int_equal(open_descriptors(), before);
	lanes_close(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(hold_writes_the_files),
		WORLD(hold_of_a_unit_falls_back_to_the_files),
		WORLD(stale_cgroup_is_an_error),
		WORLD(hold_refuses_to_kill),
		WORLD(identify_asks_docker),
		WORLD(identify_of_nobody),
		WORLD(persist_updates_docker),
		WORLD(persist_makes_way_first),
		WORLD(persist_leaves_a_restarted_container_alone),
		WORLD(rehearsal_changes_nothing),
		WORLD(new_settings_count_from_the_next_job),
		WORLD(hung_docker_delays_only_its_lane),
		WORLD(names_come_from_files_when_docker_hangs),
		WORLD(close_while_a_job_hangs),
		WORLD(jobs_not_begun_are_dropped_at_close),
		WORLD(full_queue_says_so),
		WORLD(no_answer_is_lost),
		WORLD(a_lane_keeps_the_order),
		WORLD(nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
