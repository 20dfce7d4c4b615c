/*
 * lanes: the worker threads, one for each peer that may hang, so that the loop never waits.
 *
 * A job is a flat copy: no pointers cross the threads. The loop posts with lanes_post() and
 * collects with lanes_take() when lanes_fd() (an eventfd) is readable. A lane does its jobs in
 * order, but for one that is not possible yet, which comes again behind the others; a hung peer
 * delays its own lane only.
 */
#ifndef GUARDIAN_LANES_H
#define GUARDIAN_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/cgroup.h"
#include "guardian/docker.h"
#include "guardian/limit.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"

enum lane {
	LANE_HOLD,   /* systemd and the kernel's files: libcgroup lives in this one thread */
	LANE_DOCKER, /* docker update, which may take long: runc, systemd and the kernel do it */
	LANE_NAMES,  /* docker inspect, with a short deadline and Docker's own files behind it; and
			the ping that tells whether dockerd is alive */
	LANE_SWAP,   /* swap files: minutes where zeros are written. Its thread is there only while
			it has jobs */
	LANE_COUNT,
};

enum job_kind {
	JOB_REHEARSE, /* walk the lane's whole path without changing anything, so that its pages are
			 there */
	JOB_HOLD,     /* a cgroup's values: by its unit, or by its files */
	JOB_PERSIST,  /* Docker's stored values */
	JOB_IDENTIFY, /* container id -> name, labels, stored values */
	JOB_STOP_CONTAINER, /* and no restart policy brings it back; `value`: its grace in us */
	JOB_PING,
	JOB_KNOB, /* a setting of the kernel */
	/* Of the file at `path` below the root; of LANE_SWAP. */
	JOB_SWAP_MAKE,   /* made, and switched on */
	JOB_SWAP_ON,     /* switched on */
	JOB_SWAP_RESIZE, /* switched off, made larger or smaller, switched on again */
	JOB_SWAP_MEND,   /* mode and owner put right */
	JOB_COUNT,
};

struct job {
	uint8_t kind;  /* enum job_kind */
	bool can_wait; /* the answer may: nobody is woken for it, the next tick takes it */
	bool force;
	bool has_unit;
	uint32_t ticket; /* of an action, or 0 */
	uint64_t inode;
	struct limit_set set;
	char path[CGROUP_PATH_SIZE]; /* below /sys/fs/cgroup; of a swap file, below the root */
	char unit[CGROUP_UNIT_SIZE];
	char id[DOCKER_ID_SIZE];
	uint8_t knob;                       /* enum vm_knob */
	int64_t value;                      /* of the knob; the priority of the swap; grace */
	uint64_t size_bytes, reserve_bytes; /* of a swap file, and of its file system */
	uint64_t floor_bytes; /* JOB_SWAP_RESIZE: of memory, stays available meanwhile */
	uint64_t newborn_us;  /* JOB_HOLD, the lane's own: since when its container is being made */
	/* the answer */
	int32_t error;                     /* 0 or -errno */
	char message[160];                 /* the peer's own words, or why not; or empty */
	struct docker_container container; /* JOB_IDENTIFY */
};

struct lanes;

/* ROOTFD and CGFD (or -1) are borrowed for the life of the lanes. -> 0 or -errno. */
int lanes_open(struct lanes **out, int rootfd, int cgfd, const struct policy_docker *docker);

/* Swap files are below FD and not below ROOTFD; borrowed. Before the first job. */
void lanes_set_swap_root(struct lanes *lanes, int fd);

/* New settings for Docker, from the next job on. */
void lanes_set_docker(struct lanes *lanes, const struct policy_docker *docker);

/* 0; -EAGAIN when the lane's queue is full, or there can be no thread for it now. */
int lanes_post(struct lanes *lanes, enum lane lane, const struct job *job);

int lanes_fd(const struct lanes *lanes);
/* Takes one finished job; false when there is none (left). Resets the eventfd when none is left. */
bool lanes_take(struct lanes *lanes, struct job *out);

/* Jobs posted and not yet taken. */
uint32_t lanes_pending(struct lanes *lanes);

/* What LANE_SWAP is at. It takes no lock: each tick may ask. */
struct swap_progress {
	const char *phase; /* "zeroing"; NULL: at nothing */
	uint64_t done_bytes, total_bytes;
};
struct swap_progress lanes_swap_progress(const struct lanes *lanes);

/* Asks the threads to end and waits for at most WAIT_US, some seconds more for swap that is
 * switched off at this moment; a thread that hangs in the kernel is left to the exit. */
void lanes_close(struct lanes *lanes, uint64_t wait_us);

/* The body of JOB_IDENTIFY: asks the socket within DEADLINE_US, then the files. Blocking; also used
 * by --check. */
int lanes_identify(int rootfd, const struct policy_docker *docker, uint64_t deadline_us,
	const char *id, struct docker_container *out);

#endif
