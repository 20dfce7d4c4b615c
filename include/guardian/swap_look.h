/*
 * swap_look: what stands at the paths of our swap files, and on what file system.
 *
 * A look costs a few system calls. Only when a file's identity, size, change time, mode or owner,
 * or whether it is in use, differ from the last look, its header and extents are read too: a page
 * from the disk, and the map of the file.
 *
 * `replaced` asks whether the file at the path is the one in use. What the kernel promises of a
 * swap file in use: its name cannot be unlinked, renamed or renamed over (EPERM: may_delete() in
 * fs/namei.c), and it cannot be cut or written (ETXTBSY). What it does not: a folder above it may
 * be renamed (/proc/swaps then shows the new path: our area has become a foreign one), and a file
 * system may be mounted on top (/proc/swaps still shows the old path). /proc/swaps tells no inode.
 * So the file at the path is asked: fallocate(2) answers ETXTBSY for a swap file in use before it
 * looks at the range, and EFBIG for a range that ends beyond 2^63, which is why that is asked for:
 * nothing can come of it, on any file system (fs/open.c: vfs_fallocate()). Where the file may not
 * be opened for writing (not root, a read-only mount), the answer is not known and `replaced` is
 * false.
 */
#ifndef GUARDIAN_SWAP_LOOK_H
#define GUARDIAN_SWAP_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/snapshot.h"

/* A file as it was at the last deep look. */
struct swap_look_seen {
	bool is_known;
	bool active;
	uint32_t mode, uid; /* mode: with the type */
	uint64_t device, inode, size_bytes;
	int64_t change_s;
	int64_t change_ns;
	struct swap_file file;
};

/* All zeros at first; then it is the caller's to keep and nobody's to read. All zeros again after
 * guardiand has changed a file itself: two writes within one tick of the kernel's clock have the
 * same change time. */
struct swap_look {
	struct swap_look_seen seen[SWAP_FILES_MAX];
};

/* Fills file[], fs, fs_magic, fs_free_bytes and fs_total_bytes of OUT, and their bits. FILE is
 * policy.swap.file, below ROOTFD. OUT's areas must have been read before, by the same tick: which
 * files are in use is taken from there, and when that is not known (no SWAP_AREAS), SWAP_FILE_SEEN
 * is not set either. A folder that is not there: both files are absent, of the file system nothing
 * is known. A way there that leads over somebody else's link, or is barred: neither bit is set. */
void swap_look(struct swap_look *look, int rootfd, const char *file, uint32_t page_bytes,
	struct swap_sample *out);

/* Whether the file at NAME in DIRFD is in use as swap. -> 1, 0, or -errno: not known (-EINVAL: not
 * a regular file). */
int swap_look_in_use(int dirfd, const char *name);

#endif
