/*
 * tick: guardiand's tick on a tree, for counting what a quiet one costs (instructions, system
 * calls, allocations).
 *
 *	tick ROOT TICKS		opens ROOT (policy: ROOT/etc/guardian.yaml), waits until nothing
 *				is left to do, then ticks once a simulated second
 *	tick ROOT TICKS busy	the same, and before each tick every service's usage moves by 20 MB
 *
 * Callgrind counts only inside measured_ticks(). malloc and its kin are counted by standing in
 * front of glibc's.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guardian/guardian.h"

enum {
	SECOND_US = 1000000,
	SETTLE_TICKS = 40,
	SETTLE_MAX = 3000,
	LAST_WORDS_S = 20,
	SERVICES_MAX = 512,
	PLACE = 8
};

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
	for (int i = 0; i < LAST_WORDS_S; i++) { /* metrics of what has happened */
		now_us += SECOND_US;
		(void)guardian_tick(g);
	}
}

/* ---- a busy tree ---- */

/* The first numbers of memory.current and memory.stat, mapped: nobody is notified of what is
 * written there, as with a real cgroup's usage. */
static char *number[2 * SERVICES_MAX];
static size_t n_numbers;

static void map_numbers(const char *root, const char *file)
{
	char pattern[512];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/sys/fs/cgroup/system.slice/docker-*.scope/%s", root,
		file);
	if (glob(pattern, 0, NULL, &found) != 0)
		abort();
	for (size_t i = 0; i < found.gl_pathc && n_numbers < 2 * SERVICES_MAX; i++) {
		int fd = open(found.gl_pathv[i], O_RDWR | O_CLOEXEC);
		char *text = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (text == MAP_FAILED)
			abort();
		close(fd);
		number[n_numbers++] = text + strcspn(text, "0123456789");
	}
	globfree(&found);
}

/* The digit of the tens of millions goes up and down; a number that has none stays. */
static void stir(void)
{
	for (size_t i = 0; i < n_numbers; i++) {
		size_t digits = strspn(number[i], "0123456789");

		if (digits >= PLACE)
			number[i][digits - PLACE] = number[i][digits - PLACE] == '3' ? '1' : '3';
	}
}

int main(int argc, char **argv)
{
	struct guardian_options options = {.clock = simulated};
	struct report *report = calloc(1, sizeof(*report));
	struct guardian *g;
	int peer = 0, r;
	uint64_t before;
	long ticks;

	if (argc < 3 || argc > 4 || !report) {
		fputs("usage: tick ROOT TICKS [busy]\n", stderr);
		return 2;
	}
	ticks = strtol(argv[2], NULL, 10);
	if (argc == 4) {
		map_numbers(argv[1], "memory.current");
		map_numbers(argv[1], "memory.stat");
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
	(void)getppid(); /* strace's marks: ./run */
	for (long i = 0; n_numbers > 0 && i < ticks; i++) {
		stir();
		measured_ticks(g, 1);
	}
	if (n_numbers == 0)
		measured_ticks(g, ticks);
	(void)getppid();
	printf("allocations %llu\n",
		(unsigned long long)(__atomic_load_n(&allocations, __ATOMIC_RELAXED) - before));
	guardian_close(g);
	free(report);
	return 0;
}
