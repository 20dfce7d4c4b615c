/*
 * roster_ancestors: the part of roster that knows the cgroups above members. Private to daemon.
 */
#ifndef SRC_DAEMON_ROSTER_ANCESTORS_H
#define SRC_DAEMON_ROSTER_ANCESTORS_H

#include "guardian/roster.h"

/* Takes hold of every cgroup above PATH, from the top down. -> the nearest one, or -1 for a child
 * of the root. */
int16_t roster_ancestors_hold(struct roster *r, const char *path);
/* Lets go of the I-th and all above it. */
void roster_ancestors_release(struct roster *r, int16_t i);
bool roster_is_ancestor(const struct roster *r, const char *path);
/* Reads each into the snapshot. */
void roster_ancestors_sample(struct roster *r);

/* Of roster.c: nobody asks any more for the writes at PATH, unless it is a member or above one. */
void roster_unwatch(struct roster *r, const char *path);

#endif
