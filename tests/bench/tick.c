/*
 * tick: guardiand's tick on a tree, for counting what a quiet one costs (instructions, system calls, allocations).
 *
 *	tick ROOT TICKS		opens ROOT (policy: ROOT/etc/guardian.yaml), waits until nothing is left to do,
 *				then ticks once a simulated second
 *
 * Callgrind counts only inside measured_ticks(). malloc and its kin are counted by standing in front of glibc's.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "guardian/guardian.h"

enum { SECOND_US = 1000000, SETTLE_TICKS = 40, SETTLE_MAX = 3000 };

static uint64_t now_us = 1000 * (uint64_t)SECOND_US;
static uint64_t allocations;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void measured_ticks(struct guardian *g, long ticks);

void *malloc(size_t size)
{
	__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
	return __libc_realloc(p, size);
}

static uint64_t simulated(void)
{
	return now_us;
}

__attribute__((noinline)) void measured_ticks(struct guardian *g, long ticks)
{
	for (long i = 0; i < ticks; i++) {
		now_us += SECOND_US;
		(void)guardian_tick(g);
	}
}

/* Names asked for, limits set: until no lane has had work for a while. */
static void settle(struct guardian *g)
{
	int quiet = 0;

	for (int i = 0; i < SETTLE_MAX && quiet < SETTLE_TICKS; i++) {
		now_us += SECOND_US / 10;
		(void)guardian_tick(g);
		if (guardian_pending(g)) {
			quiet = 0;
			usleep(1000);
		} else {
			quiet++;
		}
	}
}

int main(int argc, char **argv)
{
	struct guardian_options options = {.clock = simulated};
	struct report *report = calloc(1, sizeof(*report));
	struct guardian *g;
	int peer = 0, r;
	uint64_t before;

	if (argc != 3 || !report) {
		fputs("usage: tick ROOT TICKS\n", stderr);
		return 2;
	}
	options.root = argv[1];
	r = guardian_open(&g, &options, report, &peer);
	if (r < 0) {
		report_print(report, stderr);
		fprintf(stderr, "tick: cannot open %s: %d\n", argv[1], r);
		return 1;
	}
	settle(g);
	before = __atomic_load_n(&allocations, __ATOMIC_RELAXED);
	measured_ticks(g, strtol(argv[2], NULL, 10));
	printf("allocations %llu\n",
		(unsigned long long)(__atomic_load_n(&allocations, __ATOMIC_RELAXED) - before));
	guardian_close(g);
	free(report);
	return 0;
}
