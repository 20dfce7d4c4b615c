/*
 * world: a host (host.h), a guardian that looks at it, and a clock that goes as fast as the test
 * likes.
 */
#ifndef TESTS_DAEMON_WORLD_H
#define TESTS_DAEMON_WORLD_H

#include "daemon/daemon.h"
#include "host.h"

enum { SECOND_US = 1000000, MIB = 1 << 20 };

struct world {
	struct host host;
	struct guardian *g;
	struct report report;
	int peer;
	uint64_t wake_us;           /* what the last tick asked for */
	uint32_t told[EVENT_COUNT]; /* events by kind, since world_open() */
	uint32_t told_seen;
};

extern struct world world;
extern uint64_t world_now_us; /* the clock */
uint64_t world_clock(void);

/* cmocka's fixtures: a host without a policy. */
int world_setup(void **state);
int world_teardown(void **state);
#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

/* etc/guardian.yaml: FORMAT of the lines below `services:`. */
__attribute__((format(printf, 1, 2))) void world_policy(const char *format, ...);

/* -> guardian_open()'s answer. */
int world_open(bool observe);
/* With the policy there, and no errors. */
void world_start(void);
void world_stop(void);

/* One tick, now; and what it told is counted. */
void world_tick(void);
/* Ticks until no lane has work: a lane's time is real. */
void world_settle(void);
/* Ticks whenever the guardian wants, for so long; lanes get the time they need. */
void world_run(uint64_t us);
/* All events together. */
uint32_t world_told(void);
void world_forget_told(void);

#endif
