/*
 * swap_kernel: swapon(2) and swapoff(2) of a machine in a folder on a disk: they write its
 * /proc/swaps and /proc/meminfo. No test of the daemon reaches those of the machine it runs on.
 *
 * Of a file in use no more is played than that fallocate(2) says ETXTBSY.
 */
#ifndef TESTS_DAEMON_SWAP_KERNEL_H
#define TESTS_DAEMON_SWAP_KERNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host.h"

struct swap_kernel {
	const struct host *host;
	int on_error, off_error; /* errno that the call answers; 0: it works */
	int on_errors;           /* so many times; 0: each time */
	bool no_fallocate;       /* EOPNOTSUPP: zeros must be written */
	uint64_t used_kb;        /* of each area */
	uint64_t available_kb;   /* of the memory */
	const char *others;      /* lines of /proc/swaps that are somebody else's, or NULL */
	uint64_t others_kb;
	atomic_uint on_calls;
	bool off_stands;         /* swapoff(2), called from now on, does not come back */
	atomic_bool disk_stands; /* fdatasync(2) does not come back until this is false */
};
extern struct swap_kernel swap_kernel;

/* A host on a disk that can carry swap, without any. False: there is none, or this is not root. */
bool swap_kernel_make(struct host *h);

/* Writes what has changed in the struct into /proc. */
void swap_kernel_update(void);

/* As another program does it. PATH: "/swapfile" */
void swap_kernel_off(const char *path);
/* -> how many areas of ours are in use */
int swap_kernel_areas(void);

#endif
