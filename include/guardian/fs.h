/*
 * fs: files, read and replaced the careful way.
 *
 * Everything guardiand opens, it opens below a directory descriptor, with O_CLOEXEC and O_NOFOLLOW,
 * and reads into a buffer of known size. The root descriptor (`--root DIR`) makes a fixture tree as
 * good as a host.
 *
 * Errors are negative errno throughout; -EFBIG means "longer than the buffer", and nothing is ever
 * half-parsed then.
 */
#ifndef GUARDIAN_FS_H
#define GUARDIAN_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Closes *fd when it is open; for __attribute__((cleanup)). */
void fs_close(int *fd);
#define _cleanup_fd_ __attribute__((cleanup(fs_close)))

/* Opens a directory; PATH may be absolute, or relative to DIRFD. A leading '/' is stripped when
 * DIRFD is not AT_FDCWD, so that "/proc" below a fixture's root is the fixture's proc. -> fd, or
 * -errno. */
int fs_open_dir(int dirfd, const char *path);

/* Opens a file for reading: regular files and kernel pseudo-files only, the last component never a
 * symlink. */
int fs_open_read(int dirfd, const char *path);

/* Opens, reads at most SIZE-1 bytes, closes; BUF is NUL-terminated. -> bytes read, -EFBIG when
 * there is more. */
ssize_t fs_read(int dirfd, const char *path, char *buf, size_t size);

/* One pread from offset 0 on a held descriptor; NUL-terminates. -> bytes, -ENODEV when a cgroup has
 * gone, -EFBIG when the buffer is full. Restarts on EINTR. */
ssize_t fs_pread(int fd, char *buf, size_t size);

/* Reads a whole regular file of at most MAX bytes into fresh memory (caller frees *OUT;
 * NUL-terminated). */
int fs_read_all(int dirfd, const char *path, size_t max, char **out, size_t *len);

/* The same, and whose file it is: *ST is of what was read, whatever is there by now. FOLLOW: for a
 * file that the user has named, as open(2) finds it; configuration management makes symlinks. Never
 * for what others may put in place. */
int fs_read_known(int dirfd, const char *path, bool follow, size_t max, char **out, size_t *len,
	struct stat *st);

/* Writes VALUE in one write(2) to an existing file (a cgroup's or sysctl's): never creates, never
 * truncates. -EIO when the kernel took only a part. */
int fs_write_value(int dirfd, const char *path, const char *value);

/* Replaces NAME in DIRFD by LEN bytes: a temporary file in the same folder, then rename, so that a
 * reader sees the old or the new text and never a part. The temporary file is removed on any
 * failure. Not fsynced: /run is memory. */
int fs_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode);

/* mkdir -p below DIRFD. Existing folders are left as they are. */
int fs_make_dirs(int dirfd, const char *path, mode_t mode);

/* Device-independent identity of a cgroup: its folder's inode (never reused while guardiand holds
 * it open). */
int fs_inode(int fd, uint64_t *inode);

#endif
