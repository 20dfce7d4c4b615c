/*
 * slot: what a slot costs when a stream begins: wall time of /bin/true, bare, by flock(1) and by
 * guardian-stream, in turns in one run.
 *
 *	slot GUARDIAN-STREAM
 *
 * A row is the median of rounds, since a busy machine only ever adds. The times are this run's and
 * nothing to keep; the ratios are.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guardian/slot_file.h"

enum { ROUNDS = 20, RUNS = 50, HELD_OF_64 = 63 };

extern char **environ;

struct row {
	const char *name;
	const char *argv[8];
	unsigned int held, cap; /* of the semaphore file, by us */
	int status;             /* expected */
	uint64_t ns[ROUNDS];    /* a run */
};

static char path[] = "/tmp/guardian-bench-slot-XXXXXX";
static int file;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void set_file(const struct row *row)
{
	struct slot_header header = slot_header_make(row->cap, row->cap, SLOT_CAP_FULL, 1, 0);
	struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_len = SLOT_SLOTS_MAX};

	if (pwrite(file, &header, sizeof(header), SLOT_HEADER_AT) != sizeof(header) ||
		fcntl(file, F_OFD_SETLK, &lock) < 0)
		abort();
	lock.l_type = F_WRLCK;
	lock.l_len = row->held;
	if (row->held && fcntl(file, F_OFD_SETLK, &lock) < 0)
		abort();
}

static void run_once(const struct row *row, const posix_spawn_file_actions_t *quiet)
{
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, row->argv[0], quiet, NULL, (char *const *)(uintptr_t)row->argv,
		    environ) != 0 ||
		waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
		WEXITSTATUS(status) != row->status) {
		fprintf(stderr, "slot: %s did not end with %d\n", row->name, row->status);
		exit(1);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void measure(struct row *rows, size_t n)
{
	posix_spawn_file_actions_t quiet;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < n; i++) {
			uint64_t start;

			set_file(&rows[i]);
			start = now_ns();
			for (int run = 0; run < RUNS; run++)
				run_once(&rows[i], &quiet);
			rows[i].ns[round] = (now_ns() - start) / RUNS;
		}
	}
	posix_spawn_file_actions_destroy(&quiet);
	for (size_t i = 0; i < n; i++)
		qsort(rows[i].ns, ROUNDS, sizeof(rows[i].ns[0]), compare);
}

int main(int argc, char **argv)
{
	const char *program = argc == 2 ? argv[1] : "build/guardian-stream";
	struct row rows[] = {
		{"/bin/true", {"/bin/true"}, 0, 6, 0, {0}},
		{"flock -n FILE /bin/true", {"flock", "-n", path, "/bin/true"}, 0, 6, 0, {0}},
		{"flock -n -F FILE /bin/true", {"flock", "-n", "-F", path, "/bin/true"}, 0, 6, 0,
			{0}},
		{"guardian-stream -- /bin/true", {program, "--file", path, "--", "/bin/true"}, 0, 6,
			0, {0}},
		{"the same, 63 of 64 held", {program, "--file", path, "--", "/bin/true"},
			HELD_OF_64, SLOT_SLOTS_MAX, 0, {0}},
		{"refused, 6 of 6 held", {program, "--file", path, "--", "/bin/true"}, 6, 6, 75,
			{0}},
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	file = mkstemp(path);
	if (file < 0 || fcntl(file, F_SETFD, FD_CLOEXEC) < 0 || ftruncate(file, SLOT_FILE_SIZE) < 0)
		return 1;
	measure(rows, n);
	printf("| begin a stream | µs | to bare | more than bare, µs |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		double us = (double)rows[i].ns[ROUNDS / 2] / 1000,
		       bare = (double)rows[0].ns[ROUNDS / 2] / 1000;

		printf("| %s | %.0f | %.2f | %.0f |\n", rows[i].name, us, us / bare, us - bare);
	}
	unlink(path);
	return 0;
}
