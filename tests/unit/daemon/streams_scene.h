/*
 * A world with a cap on streams, takers that are real children with real locks, and processes of
 * plain files.
 */
#ifndef TESTS_STREAMS_SCENE_H
#define TESTS_STREAMS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../os/stream_scene.h"
#include "guardian/slot_file.h"
#include "world.h"

#define SEM "run/guardian/streams.sem"

enum { START_TICKS = 4711 };

static inline void streams_policy(const char *streams)
{
	host_put(&world.host, "etc/guardian.yaml",
		"%s%sservices:\n  backend:\n    mem_limit: 100m\n", *streams ? "streams:\n" : "",
		streams);
}

static inline const struct streams_sample *seen(void)
{
	return &world.g->snap.streams;
}

/* A child that takes SLOT by the rules, and says who it is. */
static inline pid_t take_slot(unsigned slot)
{
	int ready[2];
	char byte = 0;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct flock lock = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1};
		struct slot_record record = {.pid = (uint32_t)getpid(),
			.start_ticks = START_TICKS,
			.since_us = 1,
			.name = "cam-12"};
		int fd = openat(world.host.tree.fd, SEM, O_RDWR);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = STDERR_FILENO + 1; i < 256; i++) /* guardiand's lock among them */
			if (i != fd && i != ready[1])
				close(i);
		slot_record_seal(&record);
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0 &&
			pwrite(fd, &record, sizeof(record), slot_record_at(slot)) == sizeof(record))
			(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static inline void end_taker(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	reap(child);
}

/* One refusal, counted by the one who was refused. */
static inline void count_refusal(void)
{
	struct slot_counters counters;
	int fd = openat(world.host.tree.fd, SEM, O_RDWR | O_CLOEXEC);

	assert_int_equal(
		pread(fd, &counters, sizeof(counters), SLOT_COUNTERS_AT), sizeof(counters));
	if (!slot_counters_ok(&counters))
		memset(&counters, 0, sizeof(counters));
	counters.refused++;
	slot_counters_seal(&counters);
	assert_int_equal(
		pwrite(fd, &counters, sizeof(counters), SLOT_COUNTERS_AT), sizeof(counters));
	close(fd);
}

/* The processes of the N-th container, a list with newlines; and one of them. */
static inline void set_procs(unsigned n, const char *list)
{
	unsigned pids = 0;

	for (const char *at = list; *at; at++)
		pids += *at == '\n';
	host_set(&world.host, host_scope(n), "cgroup.procs", "%s", list);
	host_set(&world.host, host_scope(n), "pids.current", "%u\n", pids);
}

static inline void put_process(pid_t pid, uint64_t start_ticks)
{
	char inner[16];

	(void)snprintf(inner, sizeof(inner), "%d", pid);
	write_process(&world.host.tree, (uint32_t)pid, "ffmpeg", start_ticks, 40960, inner);
}

/* As the loop does. */
static inline void notice(void)
{
	struct pollfd fd = {.fd = guardian_slots_fd(world.g), .events = POLLIN};

	if (poll(&fd, 1, 0) == 1)
		(void)guardian_slots_noticed(world.g);
}

#endif
