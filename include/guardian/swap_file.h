/*
 * swap_file: what stands at the path of a swap file, and its mode and owner put right.
 *
 * The path is walked without trusting links that are not root's, the file is never a link itself,
 * and whatever is judged or changed is that one open file.
 */
#ifndef GUARDIAN_SWAP_FILE_H
#define GUARDIAN_SWAP_FILE_H

#include <stdint.h>
#include <sys/stat.h>

#include "guardian/snapshot.h"
#include "guardian/text.h"

/* Which file is meant. */
struct swap_target {
	int rootfd;          /* below it ... */
	const char *path;    /* ... this absolute path */
	uint64_t inode;      /* the one that was seen there; 0: whichever there is */
	uint32_t page_bytes; /* of this machine */
};

/* In all functions of swap files WHY gets one sentence when the result is negative; it is appended
 * to. */

/* Fills OUT but for `active` and `replaced`, which only /proc/swaps knows and which are false. What
 * is not there is a state, not an error; so is what cannot be read. */
void swap_file_look(const struct swap_target *target, struct swap_file *out);

/* The same of an open file; ST is FD's. */
void swap_file_look_at(int fd, const struct stat *st, uint32_t page_bytes, struct swap_file *out);

/* Makes the mode 0600 and the owner root; also while it is in use. -> 0. -ESTALE: another file is
 * there. -EINVAL: not a file, or not a swap file: not touched. -EPERM, -EROFS, ... */
int swap_file_mend(const struct swap_target *target, struct text_out *why);

#endif
