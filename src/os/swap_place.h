/*
 * swap_place: the folder a swap file stands in, found so that nobody but root can lead elsewhere.
 * Private to os.
 */
#ifndef GUARDIAN_OS_SWAP_PLACE_H
#define GUARDIAN_OS_SWAP_PLACE_H

#include <limits.h>
#include <sys/stat.h>

#include "guardian/swap_file.h"
#include "guardian/text.h"

struct swap_place {
	int dirfd; /* of the folder, or -1 */
	char name[NAME_MAX + 1];
};

/* PATH is absolute, below ROOTFD. A symbolic link on the way is followed only when it is root's.
 * -> 0, or -errno with its reason: -EINVAL not an absolute path of a file, -ELOOP a link that is
 * not root's or too many, -ENOTDIR, -ENOENT, ... OUT is to be closed in all cases. */
int swap_place_open(int rootfd, const char *path, struct swap_place *out, struct text_out *why);
void swap_place_close(struct swap_place *place);
#define _cleanup_place_ __attribute__((cleanup(swap_place_close)))

/* Opens TARGET's file itself, which must be regular, not a link, and the one that is meant; FLAGS
 * O_RDONLY or O_RDWR. -> fd, or -errno: -ENOENT, -EINVAL something else than a file, -ESTALE
 * another one. ST is of what was opened. */
int swap_place_file(
	const struct swap_target *target, int flags, struct stat *st, struct text_out *why);

/* What stands there instead, for sentences: "a symbolic link". */
const char *swap_place_kind(mode_t mode);

enum { SWAP_FD_PATH_SIZE = sizeof("/proc/self/fd/") + TEXT_DIGITS_MAX };
/* A path of the open file itself, whatever became of its name: "/proc/self/fd/7". */
void swap_place_fd_path(int fd, char path[static SWAP_FD_PATH_SIZE]);

#endif
