/*
 * The inside of LANE_SWAP: what its jobs do, for lanes.c. Private to daemon.
 */
#ifndef SRC_DAEMON_LANE_SWAP_H
#define SRC_DAEMON_LANE_SWAP_H

#include <stdatomic.h>
#include <stdint.h>

#include "guardian/lanes.h"

struct swap_lane {
	int rootfd, cgfd; /* borrowed; cgfd -1: no cgroup v2 */
	uint32_t page_bytes;
	atomic_bool stop; /* whatever takes long is to end */
	/* Told by the lane, asked by the loop: each is of some moment, which is enough for people.
	 */
	_Atomic(const char *) phase; /* of static storage, or NULL */
	_Atomic uint64_t done_bytes, total_bytes;
};

/* For the thread that calls: behind all others at the disk, as far as its scheduler knows that. */
void lane_swap_be_idle(void);

/* Fills the answer of JOB, one of JOB_SWAP_... */
int lane_swap_run(struct swap_lane *lane, struct job *job);

#endif
