/*
 * swap_extents: whether each byte of a file has a block of its own.
 *
 * swapon(2) is EINVAL when not, after mkswap(8) has only warned. Blocks that are reserved
 * and not written yet count: the kernel takes them (fs/iomap/swapfile.c: IOMAP_UNWRITTEN).
 */
#ifndef GUARDIAN_OS_SWAP_EXTENTS_H
#define GUARDIAN_OS_SWAP_EXTENTS_H

#include <stdint.h>

enum swap_extents { SWAP_EXTENTS_WHOLE, SWAP_EXTENTS_HOLES };

/* Of the first SIZE_BYTES; nothing is written back or changed. Shared, packed and compressed
 * extents, which the kernel refuses too, count as holes. -> enum swap_extents, or -errno. */
int swap_extents_look(int fd, uint64_t size_bytes);

#endif
