/*
 * swap_header: the first page of a swap area, version 1 (include/linux/swap.h: union swap_header).
 *
 * All numbers are native. At 1024: version (1), last page, number of bad pages (0), 16 bytes of
 * UUID, 16 of label; "SWAPSPACE2" in the last 10 bytes of the page. The rest is zero. The same
 * bytes as util-linux mkswap(8) writes.
 */
#ifndef GUARDIAN_SWAP_HEADER_H
#define GUARDIAN_SWAP_HEADER_H

#include <stdint.h>

enum {
	SWAP_PAGES_MIN = 10, /* mkswap(8) makes no smaller area */
	SWAP_UUID_BYTES = 16,
	SWAP_LABEL_SIZE = 16 + 1, /* with a NUL that is not in the file */
};

#define SWAP_LABEL "guardiand" /* of the areas that are ours */

struct swap_header {
	uint64_t size_bytes; /* of the whole area, this page included */
	uint8_t uuid[SWAP_UUID_BYTES];
	char label[SWAP_LABEL_SIZE];
};

/* Our label and a new random UUID (RFC 4122, version 4). -> 0 or -errno of getrandom(2). */
int swap_header_new(struct swap_header *header, uint64_t size_bytes);

/* Writes the header into FD, whose first page holds zeros or an older header; not synced. The size
 * is rounded down to whole pages. -> 0. -EINVAL: no page size, or less than SWAP_PAGES_MIN pages,
 * or more than 2^32. */
int swap_header_write(int fd, const struct swap_header *header, uint32_t page_bytes);

/* -> 0. -EBADMSG: not a swap area. -EPROTO: a swap area of another page size or version, or with
 * bad pages. -EBUSY: the image of a sleeping host is in it (S1SUSPEND). Another -errno: it cannot
 * be read. */
int swap_header_read(int fd, struct swap_header *header, uint32_t page_bytes);

#endif
