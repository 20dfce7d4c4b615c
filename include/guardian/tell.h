/*
 * tell: events to journald, in words and fields; under a terminal, readable coloured lines; and the
 * last ones kept for the status file, where they can be read with journald dead.
 */
#ifndef GUARDIAN_TELL_H
#define GUARDIAN_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/event.h"
#include "guardian/policy.h"

struct tell {
	bool journal; /* the socket of journald is there */
	bool lines;   /* to stderr, for a person or a log file */
	bool colour;
	uint32_t told;                            /* since the start */
	struct event_line kept[EVENT_LINES_KEPT]; /* a ring: the newest is kept[(told - 1) %
						     EVENT_LINES_KEPT] */
};

/* Decides where events go: journald when its socket is there; lines on stderr unless stderr is
 * journald's. */
void tell_open(struct tell *t, int rootfd);

/* EXTRA: words that only the daemon knows, or NULL. CGROUP: the member's path, or NULL. */
void tell_event(struct tell *t, const struct event *e, const struct policy *p, const char *cgroup,
	const char *extra);

#endif
