/*
 * cgroup_set: the only writer to cgroup files (Documentation/admin-guide/cgroup-v2.rst).
 *
 * A write to memory.max below the usage reclaims, then kills, inside the writer's write(2). So this
 * runs in a worker thread; before it lowers, it looks whether that can be survived, and makes way
 * in small steps.
 *
 * libcgroup does the write where it can. It cannot where the tree is not the host's own (a
 * fixture), and one over-mounted line in /proc/mounts is enough to disable it: then one write(2) of
 * our own does the same. Use from one thread: libcgroup keeps its tables in globals.
 */
#ifndef GUARDIAN_CGROUP_SET_H
#define GUARDIAN_CGROUP_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/limit.h"

enum cgroup_backend { CGROUP_BACKEND_NONE, CGROUP_BACKEND_LIBCGROUP, CGROUP_BACKEND_FILES };

/* Which cgroup is meant. */
struct cgroup_target {
	int cgfd;         /* /sys/fs/cgroup, opened */
	const char *path; /* below it: "system.slice/docker-….scope"; never the root */
	uint64_t inode;   /* its identity: another one there is another cgroup */
};

struct cgroup_how {
	bool force;           /* lower memory.max even below what cannot be reclaimed */
	uint64_t deadline_us; /* for reclaiming step by step, before a limit is lowered */
	uint32_t page_bytes;
};

struct cgroup_outcome {
	uint32_t written;      /* bits of enum limit_kind: what differed and was written */
	uint32_t failed;       /* the same: what could not be */
	struct limit_set live; /* read back afterwards; LIMIT_* whose file there is */
	uint8_t backend; /* enum cgroup_backend: of the last write; NONE when nothing differed */
	/* When refused (-EBUSY) or lowered: anon + shmem + kernel - reclaimable slab, just before.
	 * 0: not looked at. */
	uint64_t unreclaimable_bytes;
	uint64_t reclaimed_bytes; /* asked for and got by memory.reclaim beforehand */
};

/* Loads libcgroup's tables, which the first write that needs them does otherwise: for a rehearsal,
 * from the thread that will write. They cost 1 MB of private memory. -> 0, or a negative errno
 * after which everything works by our own writes. */
int cgroup_set_init(void);

/*
 * Makes TARGET's files say SET. A value that is there already (after page rounding) is not written.
 *
 * -> 0. -ESTALE: TARGET is gone, or another. -EBUSY: MAX would be below 1.1 times what cannot be
 * reclaimed, and not HOW.force. -ERANGE: MAX below LIMIT_FLOOR_BYTES (the kernel would read a part
 * of a page as 0 and kill everything). -EINVAL: oom.group is neither 0 nor 1. Nothing is written in
 * these cases. Any other errno is the first write's or reading's that failed; the values after it
 * are tried all the same, OUT tells which. OUT is always filled.
 */
int cgroup_set_limits(const struct cgroup_target *target, const struct limit_set *set,
	const struct cgroup_how *how, struct cgroup_outcome *out);

/* The looking and the making way alone, for when somebody else (systemd, Docker) writes: call it
 * immediately before. The same results; OUT tells what was found. Does nothing when SET has no MAX
 * or does not lower it. */
int cgroup_set_make_way(const struct cgroup_target *target, const struct limit_set *set,
	const struct cgroup_how *how, struct cgroup_outcome *out);

#endif
