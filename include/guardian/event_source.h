/*
 * event_source: the last events of guardiand, one after the other, and those to come.
 *
 * From journald, which keeps them for long; where it has none (no journald, no right to read it),
 * from the status file, which has the last 16 and is there with journald dead.
 */
#ifndef GUARDIAN_EVENT_SOURCE_H
#define GUARDIAN_EVENT_SOURCE_H

#include <stdint.h>

#include "guardian/event_list.h"

struct event_source;

/* Stands before the last LAST events. ROOT is the path of the tree, ROOTFD its descriptor
 * (borrowed).
 * -> 0, or -errno of the status file when the journal has nothing either. */
int event_source_open(struct event_source **out, const char *root, int rootfd, uint32_t last);

/* -> 1: OUT is the next one. 0: none so far. -errno. */
int event_source_next(struct event_source *source, struct event_record *out);

/* Waits for more, at most WAIT_US. -> 0, also when none came, or -errno. */
int event_source_wait(struct event_source *source, uint64_t wait_us);

void event_source_close(struct event_source *source);

#endif
