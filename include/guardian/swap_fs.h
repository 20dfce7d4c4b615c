/*
 * swap_fs: whether a file system can carry a swap file, and how much is free on it.
 *
 * Judged by name, because swapon(2) answers EINVAL to all that it does not like, and only when
 * gigabytes have been written (swapon(8) NOTES; magic numbers: include/uapi/linux/magic.h).
 */
#ifndef GUARDIAN_SWAP_FS_H
#define GUARDIAN_SWAP_FS_H

#include <stdint.h>

#include "guardian/snapshot.h"
#include "guardian/text.h"

struct swap_fs {
	uint8_t verdict;    /* enum swap_fs_verdict; UNKNOWN: may be tried */
	uint32_t magic;     /* statfs(2) f_type */
	const char *name;   /* "ext4"; static, or NULL when unknown */
	const char *reason; /* REFUSED: what it does that a swap file cannot have; OK: what it
			       wants, or NULL; static */
	uint64_t free_bytes, total_bytes; /* free: to those who are not root (f_bavail) */
};

/* The verdict alone; the sizes are 0. */
struct swap_fs swap_fs_judge(uint32_t magic);

/* FD is any file or folder on it, O_PATH will do. -> 0 or -errno. */
int swap_fs_look(int fd, struct swap_fs *out);

/* "/swapfile lies on tmpfs, which keeps its files in memory" */
void swap_fs_put_refusal(struct text_out *out, const struct swap_fs *fs, const char *path);

#endif
