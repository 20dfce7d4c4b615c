/*
 * endurance: what the daemon may never do, however long it runs and whatever happens around it:
 * leak, allocate when nothing happens, show half a status, drown the journal, or lose a limit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/status_read.h"
#include "world.h"

/* ---- allocations of this thread: glibc's own functions stand behind ---- */

static _Thread_local volatile int counting; /* the compiler thinks that it knows malloc */
static _Thread_local volatile unsigned allocations;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ALLOCATIONS_ARE_COUNTED 1
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t size)
{
	allocations += (unsigned)counting;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations += (unsigned)counting;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	allocations += (unsigned)counting;
	return __libc_realloc(p, size);
}
#else
#define ALLOCATIONS_ARE_COUNTED 0
#endif

static void quiet_tick_allocates_nothing(void **state)
{
	(void)state;
	allocations = 0;
	host_container(&world.host, 1, "web");
	host_container(&world.host, 2, "stray");
	world_policy("  web:\n    mem_limit: 100m\n    swap_limit: 100m\n");
	world_start();
	world_run(60ULL * SECOND_US);
	for (int i = 0; i < 1000; i++) {
		world_settle(); /* the lanes' own work is not the tick's */
		world_now_us += SECOND_US;
		counting = 1;
		world.wake_us = guardian_tick(world.g);
		counting = 0;
		assert_int_equal(world.g->plan.n_actions, 0);
		assert_int_equal(world.g->plan.n_events, 0);
		assert_false(world.g->plan.state_changed);
	}
	assert_int_equal(allocations, 0);
	if (ALLOCATIONS_ARE_COUNTED) { /* does the counter count? */
		void *volatile something;

		counting = 1;
		something = malloc(1);
		counting = 0;
		free(something);
		assert_int_equal(allocations, 1);
	}
}

/* A number that moves is no reason for one either, and the status shows it. */
static void busy_tick_allocates_nothing(void **state)
{
	(void)state;
	allocations = 0;
	host_container(&world.host, 1, "web");
	world_policy("  web:\n    mem_limit: 100m\n    swap_limit: 100m\n");
	world_start();
	world_run(60ULL * SECOND_US);
	for (unsigned i = 0; i < 200; i++) {
		host_use(&world.host, host_scope(1), (40 + i % 10) * MIB, 0);
		world_settle();
		world_now_us += SECOND_US;
		counting = 1;
		world.wake_us = guardian_tick(world.g);
		counting = 0;
	}
	assert_int_equal(allocations, 0);
}

/* ---- the status is whole at any moment ---- */

struct reader {
	int rootfd;
	_Atomic bool stop;
	_Atomic unsigned reads, bad;
	uint64_t last_tick;
};

static void *read_all_the_time(void *arg)
{
	struct reader *r = arg;

	while (!r->stop) {
		struct status_head head;
		cJSON *tree = NULL;
		size_t len = 0;
		char *text = NULL;
		int err = fs_read_all(
			r->rootfd, "run/guardian/status.json", STATUS_TEXT_MAX, &text, &len);

		if (err == 0)
			err = status_parse(text, len, &tree);
		if (err == 0)
			err = status_head_read(tree, &head);
		if (err == 0 && head.ticks < r->last_tick)
			err = -EINVAL;
		if (err == 0)
			r->last_tick = head.ticks;
		r->bad += err != 0;
		r->reads++;
		cJSON_Delete(tree);
		free(text);
	}
	return NULL;
}

static void status_is_never_torn(void **state)
{
	struct reader reader = {.rootfd = world.host.tree.fd};
	pthread_t thread;

	(void)state;
	host_container(&world.host, 1, "web");
	host_container(&world.host, 2, "db");
	world_policy("  web:\n    mem_limit: 100m\n    swap_limit: 100m\n  db:\n    mem_limit: "
		     "200m\n    swap_limit: 200m\n");
	world_start();
	world_run(SECOND_US);
	assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, &reader), 0);
	for (unsigned i = 0; i < 3000 || (reader.reads < 300 && i < 30000); i++) {
		host_use(&world.host, host_scope(1), (10 + i % 60) * MIB, 0);
		if (i % 7 == 0)
			host_set(&world.host, host_scope(2), "memory.max", "max\n");
		world_now_us += SECOND_US / 4;
		world_tick();
	}
	reader.stop = true;
	pthread_join(thread, NULL);
	assert_int_equal(reader.bad, 0);
	assert_true(reader.reads >= 100);
}

/* ---- a day of a busy host ---- */

enum { CONTAINERS = 6, DAY_STEPS = 4000 };

static uint32_t dice_state;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525U + 1013904223U;
	return (dice_state >> 8) % sides;
}

struct busy {
	bool running[CONTAINERS];
	unsigned kills[CONTAINERS], slice_kills;
};

static void start_or_stop(struct busy *b, unsigned n)
{
	static const char *const names[CONTAINERS] = {
		"web", "db", "cache", "stray", "worker", "spare"};

	if (b->running[n])
		host_group_remove(&world.host, host_scope(n));
	else
		host_container(&world.host, n, names[n]);
	b->running[n] = !b->running[n];
	b->kills[n] = 0;
}

static void mishap(struct busy *b, unsigned n)
{
	static const char *const values[] = {"max\n", "300000000\n", "999999999\n"};

	switch (dice(6)) {
	case 0:
		start_or_stop(b, n);
		break;
	case 1:
		if (b->running[n]) { /* in the order of the kernel: the children first */
			host_kills(&world.host, host_scope(n), ++b->kills[n]);
			host_kills(&world.host, "system.slice", ++b->slice_kills);
		}
		break;
	case 2:
		if (b->running[n])
			host_set(&world.host, host_scope(n), "memory.max", "%s", values[dice(3)]);
		break;
	case 3:
		host_put(&world.host, "proc/meminfo",
			"MemTotal: 4000000 kB\nMemFree: 100000 kB\nMemAvailable: %u kB\nSwapTotal: "
			"0 kB\nSwapFree: 0 kB\n",
			300000 + dice(3000000));
		break;
	case 4:
		guardian_reload(world.g);
		break;
	default:
		if (b->running[n])
			host_use(&world.host, host_scope(n), dice(120) * (uint64_t)MIB,
				dice(50) * (uint64_t)MIB);
	}
}

static void assert_limits_hold(const struct busy *b)
{
	static const char *const wanted[3] = {"104857600", "209715200", "157286400"};

	for (unsigned n = 0; n < 3; n++)
		if (b->running[n])
			assert_string_equal(
				host_value(&world.host, host_scope(n), "memory.max"), wanted[n]);
}

static void day_of_a_busy_host(void **state)
{
	struct busy busy = {.slice_kills = 0};
	uint64_t begin_us;
	uint32_t reloads = 0;
	int descriptors;

	(void)state;
	dice_state = 20261122;
	world_policy("  web:\n    mem_limit: 100m\n    swap_limit: 100m\n    mem_reservation: 64m\n"
		     "  db:\n    mem_limit: 200m\n    swap_limit: 200m\n"
		     "  cache:\n    mem_limit: 150m\n    swap_limit: 150m\n");
	world_start();
	world_settle();
	descriptors = open_descriptors();
	begin_us = world_now_us;
	for (int i = 0; i < DAY_STEPS; i++) {
		mishap(&busy, dice(CONTAINERS));
		world_run(dice(20) * (uint64_t)SECOND_US);
		assert_in_range(world.g->snap.n_members, 0, 3);
		assert_in_range(world.g->snap.n_ancestors, 0, 1);
	}
	assert_true(world_now_us - begin_us > 10 * 3600ULL * SECOND_US);

	/* Quiet again: all fits, and all limits stand. */
	for (unsigned n = 0; n < CONTAINERS; n++)
		if (busy.running[n])
			host_use(&world.host, host_scope(n), 20 * MIB, 10 * MIB);
	guardian_reload(world.g);
	world_run(1200ULL * SECOND_US);
	assert_limits_hold(&busy);
	reloads = world.told[EVENT_POLICY_RELOADED];
	assert_true(reloads > 100);
	assert_int_equal(world.told[EVENT_LIMIT_FAILED], 0);
	assert_in_range(world_told() - reloads, DAY_STEPS / 20, DAY_STEPS * 3);

	for (unsigned n = 0; n < CONTAINERS; n++)
		if (busy.running[n])
			start_or_stop(&busy, n);
	world_run(60ULL * SECOND_US);
	assert_int_equal(world.g->snap.n_members, 0);
	assert_int_equal(world.g->snap.n_ancestors, 0);
	assert_int_equal(world.g->roster.overflow, 0);
	assert_int_equal(open_descriptors(), descriptors);
}

/* ---- the clock ---- */

static void sleeping_host_wakes_up_well(void **state)
{
	(void)state;
	host_container(&world.host, 1, "web");
	world_policy("  web:\n    mem_limit: 100m\n    swap_limit: 100m\n");
	world_start();
	world_run(30 * SECOND_US);
	world_forget_told();
	world_now_us += 8 * 3600ULL * SECOND_US;
	world_run(30 * SECOND_US);
	assert_int_equal(world_told(), 0);
	world_stop();
	world_now_us = 500ULL * SECOND_US; /* the state is of another boot */
	world_start();
	world_run(30 * SECOND_US);
	assert_int_equal(world.told[EVENT_LIMIT_DRIFT], 0);
	assert_string_equal(host_value(&world.host, host_scope(1), "memory.max"), "104857600");
}

/* ---- many ---- */

static void hundreds_of_members(void **state)
{
	char path[64];
	int before;

	(void)state;
	world_policy("  jobs:\n    cgroup: work/*\n    mem_limit: 100m\n    swap_limit: 100m\n");
	world_start();
	world_settle();
	before = open_descriptors();
	for (int i = 0; i < 300; i++) {
		(void)snprintf(path, sizeof(path), "work/job-%d", i);
		host_group(&world.host, path);
	}
	world_run(60ULL * SECOND_US);
	assert_int_equal(world.g->snap.n_members, 300);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(path, sizeof(path), "work/job-%d", i);
		assert_string_equal(host_value(&world.host, path, "memory.max"), "104857600");
	}
	host_group_remove(&world.host, "work");
	world_run(60ULL * SECOND_US);
	assert_int_equal(world.g->snap.n_members, 0);
	assert_int_equal(open_descriptors(), before);
}

static void opening_and_closing_leaks_nothing(void **state)
{
	int before = -1;

	(void)state;
	host_container(&world.host, 1, "web");
	world_policy("  web:\n    mem_limit: 100m\n    swap_limit: 100m\n");
	for (int i = 0; i < 20; i++) {
		world_start();
		world_run(SECOND_US);
		world_stop();
		if (before < 0)
			before = open_descriptors();
		assert_int_equal(open_descriptors(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(quiet_tick_allocates_nothing),
		WORLD(busy_tick_allocates_nothing),
		WORLD(status_is_never_torn),
		WORLD(day_of_a_busy_host),
		WORLD(sleeping_host_wakes_up_well),
		WORLD(hundreds_of_members),
		WORLD(opening_and_closing_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
