/*
 * dockerd: a Docker Engine in a thread of the test: ping, inspect, update and stop of numbered
 * containers (host_id()), for as long as it is wanted; and it can hang, as dockerd does when memory
 * is short.
 */
#ifndef TESTS_DAEMON_DOCKERD_H
#define TESTS_DAEMON_DOCKERD_H

#include <pthread.h>
#include <stdatomic.h>

enum { DOCKERD_CONTAINERS = 16, DOCKERD_HELD = 64 };

enum dockerd_mood {
	DOCKERD_WELL,
	DOCKERD_HUNG,           /* takes connections and says nothing */
	DOCKERD_REFUSES,        /* 500 to everything */
	DOCKERD_SLOW_TO_UPDATE, /* takes an update and says nothing; answers the rest */
};

struct dockerd_container {
	char name[64]; /* "" : there is no such container */
	char project[32], service[32];
	_Atomic long long memory, memory_swap, reservation; /* as stored: 0 is unset */
};

struct dockerd {
	char socket[108];
	struct dockerd_container container[DOCKERD_CONTAINERS];
	_Atomic int mood;
	_Atomic int pings, inspects, updates, stops;
	_Atomic int stop_takes_ms;
	int listen_fd, stop_pipe[2];
	int held[DOCKERD_HELD], n_held;
	pthread_t thread;
};

/* SOCKET is a path to be made. Names are to be set before; stored values and mood at any time. */
void dockerd_start(struct dockerd *d, const char *socket);
void dockerd_stop(struct dockerd *d);

#endif
