/*
 * swap_make: a swap file made, or given another size.
 *
 * Blocking, for minutes where zeros must be written: for a worker. Only one large buffer, mapped
 * and read only. The caller blocks or ignores SIGXFSZ (setrlimit(2) RLIMIT_FSIZE).
 */
#ifndef GUARDIAN_SWAP_MAKE_H
#define GUARDIAN_SWAP_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/swap_file.h"
#include "guardian/text.h"

enum swap_phase {
	SWAP_ALLOCATING, /* fallocate(2) */
	SWAP_ZEROING,    /* where that is not enough */
	SWAP_SYNCING,
};

struct swap_how {
	uint64_t size_bytes;    /* rounded down to whole pages */
	uint64_t reserve_bytes; /* of the file system, stays free to those who are not root */
	bool zeros; /* writes every byte: for a file that swapon(2) refuses though it has no holes
		       (ext4 of Linux 5.7 to 5.9 with fallocate) */
	/* Told before each stride, or NULL; false: stop. */
	bool (*progress)(
		void *userdata, enum swap_phase phase, uint64_t done_bytes, uint64_t total_bytes);
	void *userdata;
};

/*
 * Makes the file, with our label in its header; TARGET's inode does not matter. It has no name
 * until all is there (O_TMPFILE, linkat): a crash or a kill leaves nothing.
 *
 * -> 0. -EEXIST: something is there. -EOPNOTSUPP: the file system cannot carry it. -ENOSPC: not
 * with the reserve kept. -EINVAL: no size for a swap area. -ECANCELED: asked to. Nothing is left in
 * these and all other cases.
 */
int swap_make(const struct swap_target *target, const struct swap_how *how, struct text_out *why);

/*
 * Gives the file, which is a swap file and not in use, another size, in place; with the same size,
 * fills its holes. At each moment between, the header speaks of no more than the file has.
 *
 * -> 0. -ETXTBSY: it is in use. -ESTALE: it is another file. -ENOSPC and any other errno in
 * growing: it is as large as it was. -EPERM: it is not root's alone. -EINVAL: not a swap file.
 */
int swap_resize(const struct swap_target *target, const struct swap_how *how, struct text_out *why);

#endif
