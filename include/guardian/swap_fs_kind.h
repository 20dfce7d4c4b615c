/*
 * swap_fs_kind: whether a kind of file system can carry a swap file, and why not. Pure.
 *
 * Judged by name, because swapon(2) answers EINVAL to all that it does not like, and only when
 * gigabytes have been written (swapon(8) NOTES; magic numbers: include/uapi/linux/magic.h).
 */
#ifndef GUARDIAN_SWAP_FS_KIND_H
#define GUARDIAN_SWAP_FS_KIND_H

#include <stdint.h>

#include "guardian/snapshot.h"

struct swap_fs_kind {
	const char *name;   /* "ext4"; static, or NULL when unknown */
	const char *reason; /* REFUSED: what it does that a swap file cannot have, to be said after
			       the name; OK: what it wants, or NULL; static */
	uint32_t magic;     /* statfs(2) f_type */
	uint8_t verdict;    /* enum swap_fs_verdict; UNKNOWN: may be tried */
};

struct swap_fs_kind swap_fs_kind(uint32_t magic);

#endif
