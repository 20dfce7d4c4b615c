/*
 * stream_procs: the processes of a cgroup and of those below it. Private to stream_watch.c and
 * stream_signal.c.
 */
#ifndef GUARDIAN_OS_STREAM_PROCS_H
#define GUARDIAN_OS_STREAM_PROCS_H

#include <stdbool.h>
#include <stdint.h>

/* false: that is enough. */
typedef bool stream_procs_fn(void *userdata, uint32_t pid);

/* Each process of the cgroup at DIRFD, and of those below it to a depth that no container manager
 * reaches. -> 0, or -errno when some could not be read: those that EACH was called for are not all.
 */
int stream_procs_each(int dirfd, stream_procs_fn *each, void *userdata);

#endif
