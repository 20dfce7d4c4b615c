/*
 * world: see world.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

struct world world;
uint64_t world_now_us;

uint64_t world_clock(void)
{
	return world_now_us;
}

/* Lines on stderr would be the same sixteen thousand times. */
static void hush(void)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

int world_setup(void **state)
{
	(void)state;
	hush();
	memset(&world, 0, sizeof(world));
	world_now_us = 1000ULL * SECOND_US;
	host_make(&world.host);
	return 0;
}

int world_teardown(void **state)
{
	(void)state;
	world_stop();
	host_remove(&world.host);
	return 0;
}

void world_policy(const char *format, ...)
{
	char services[4096];
	va_list args;

	va_start(args, format);
	assert_in_range(
		vsnprintf(services, sizeof(services), format, args), 0, sizeof(services) - 1);
	va_end(args);
	host_put(&world.host, "etc/guardian.yaml", "services:\n%s", services);
}

int world_open(bool observe)
{
	struct guardian_options options = {
		.root = world.host.tree.path, .observe = observe, .clock = world_clock};
	int r = guardian_open(&world.g, &options, &world.report, &world.peer);

	world_forget_told();
	world.told_seen = 0;
	world.wake_us = 0;
	return r;
}

void world_start(void)
{
	int r = world_open(false);

	if (r < 0)
		report_print(&world.report, stderr);
	assert_int_equal(r, 0);
}

void world_stop(void)
{
	if (world.g)
		guardian_close(world.g);
	world.g = NULL;
}

static void count_told(void)
{
	const struct tell *t = &world.g->tell;

	/* The ring keeps the last sixteen: a test that counts tells no more than that in a tick. */
	for (; world.told_seen != t->told; world.told_seen++)
		if (t->told - world.told_seen <= EVENT_LINES_KEPT)
			world.told[t->kept[world.told_seen % EVENT_LINES_KEPT].kind]++;
}

void world_tick(void)
{
	world.wake_us = guardian_tick(world.g);
	assert_true(world.wake_us > world_now_us);
	count_told();
}

void world_settle(void)
{
	do {
		struct pollfd lanes = {.fd = guardian_lanes_fd(world.g), .events = POLLIN};
		bool pinging = world.g->pinging; /* the answer wakes nobody, and the clock stands
						    until it is there */
		int answers = 1;

		if (guardian_pending(world.g))
			answers = poll(&lanes, 1, pinging ? 2 : 20000);
		assert_true(answers == 1 || pinging);
		world_now_us += answers ? 10000 : 1;
		world_tick();
	} while (guardian_pending(world.g));
}

void world_run(uint64_t us)
{
	uint64_t until_us = world_now_us + us;

	while (world_now_us < until_us) {
		world_settle();
		if (world.wake_us > world_now_us)
			world_now_us = world.wake_us;
	}
}

uint32_t world_told(void)
{
	uint32_t n = 0;

	for (int kind = 0; kind < EVENT_COUNT; kind++)
		n += world.told[kind];
	return n;
}

void world_forget_told(void)
{
	memset(world.told, 0, sizeof(world.told));
}
