/*
 * stream_signal: the one signal that guardiand sends, to a process that is a stream, and to no
 * other.
 */
#ifndef GUARDIAN_STREAM_SIGNAL_H
#define GUARDIAN_STREAM_SIGNAL_H

#include "guardian/snapshot.h"

/* What it has to be, besides what struct stream_process says. */
struct stream_target {
	const char *command; /* its name, as policy.streams.command */
	int cgroup_dirfd;    /* in this cgroup, or in one below */
};

/* PROCFD: /proc. Its number, start, name and cgroup are looked at with its pidfd held. -> 0;
 * -ESRCH: it has gone; -ESTALE: its number is another's by now, or it is that stream no more;
 * -EPERM; -errno. */
int stream_signal(const struct stream_target *target, int procfd,
	const struct stream_process *process, int signal);

#endif
