/*
 * swap_fs: whether a file system can carry a swap file, and how much is free on it.
 */
#ifndef GUARDIAN_SWAP_FS_H
#define GUARDIAN_SWAP_FS_H

#include <stdint.h>

#include "guardian/snapshot.h"
#include "guardian/text.h"

struct swap_fs {
	uint8_t verdict; /* this and the next three: see swap_fs_kind.h */
	uint32_t magic;
	const char *name;
	const char *reason;
	uint64_t free_bytes, total_bytes; /* free: to those who are not root (f_bavail) */
};

/* FD is any file or folder on it, O_PATH will do. -> 0 or -errno. */
int swap_fs_look(int fd, struct swap_fs *out);

/* "/swapfile lies on tmpfs, which keeps its files in memory" */
void swap_fs_put_refusal(struct text_out *out, const struct swap_fs *fs, const char *path);

#endif
