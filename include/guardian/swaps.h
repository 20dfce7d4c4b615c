/*
 * swaps: the active swap areas, from /proc/swaps on a held descriptor.
 *
 * A line of it (mm/swapfile.c: swap_show) is the path with blanks, newlines and backslashes as
 * octal escapes (`\040`), `file` or `partition`, the usable KiB (the header's page is not among
 * them), the used KiB, and the priority, below 0 when the kernel chose it. The path is asked for at
 * each read: it follows a renamed parent folder, says nothing of a mount on top of it, and ends in
 * `\040(deleted)` when the file has no name any more; a name that truly ends so loses its end here.
 *
 * The text is taken whole or not at all: foreign swap that was not understood must not look like
 * none.
 */
#ifndef GUARDIAN_SWAPS_H
#define GUARDIAN_SWAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/snapshot.h"

enum { SWAPS_PATH_SIZE = POLICY_PATH_SIZE + 2 }; /* of a swap file of ours: room for ".2" */

/* The path of our file INDEX: FILE itself, or FILE with ".2" behind it. */
void swaps_path(const char *file, int index, char path[static SWAPS_PATH_SIZE]);

struct swaps {
	int rootfd;      /* borrowed: must outlive the struct */
	int fd;          /* -1: not there yet; opened anew at the next read. EPOLLPRI on it:
			    swap was switched on or off */
	int32_t len;     /* of the text as it was the last time */
	uint64_t digest; /* of the same */
};

/* Opens proc/swaps below ROOTFD. -ENOENT: a kernel without swap, or no proc. S may be read and must
 * be closed in any case. */
int swaps_open(struct swaps *s, int rootfd);
void swaps_close(struct swaps *s);

/* Reads. FILE is policy.swap.file, or "" when none of the areas is to be ours.
 * -> 1: area, n_areas and foreign_bytes of OUT are new; 0: the text is the same as the last time
 * and OUT is not touched; -errno (-EBADMSG: not of the form, -EFBIG): SWAP_AREAS is cleared. */
int swaps_read(struct swaps *s, const char *file, struct swap_sample *out);

/* The next read is a new one: FILE is another, or OUT is. */
void swaps_forget(struct swaps *s);

/* For the fuzzer and for those who read a text of their own; areas are ours by their path alone. */
int swaps_parse(const char *text, size_t len, const char *file, struct swap_sample *out);

#endif
