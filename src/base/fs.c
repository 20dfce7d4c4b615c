/*
 * fs: files, read and replaced the careful way.
 *
 * guardiand runs as root over trees that others write (/run, Docker's folders, a fixture). So no
 * symlink is followed at the end of a path (but for a file that its user has named), no FIFO can
 * stop an open, every read has a bound, and a file that readers see is replaced by rename. What a
 * function could not do, it undoes: no descriptor, no memory and no temporary file is left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h> /* renameat() */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/text.h"

void fs_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* "/proc/stat" below a descriptor is "proc/stat"; the root itself is ".". */
static const char *below(int dirfd, const char *path)
{
	if (dirfd == AT_FDCWD)
		return path;
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static int open_any(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, below(dirfd, path), flags | O_CLOEXEC | O_NOCTTY, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int open_below(int dirfd, const char *path, int flags, mode_t mode)
{
	return open_any(dirfd, path, flags | O_NOFOLLOW, mode);
}

int fs_open_dir(int dirfd, const char *path)
{
	return open_below(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
}

/* What may be read, its size and rights. */
static int check_regular(int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -errno;
	if (S_ISDIR(st->st_mode))
		return -EISDIR;
	return S_ISREG(st->st_mode) ? 0 : -EINVAL;
}

/* O_NONBLOCK so that a FIFO put in a file's place cannot stop the open. */
static int open_to_read(int dirfd, const char *path, int nofollow)
{
	return open_any(dirfd, path, O_RDONLY | O_NONBLOCK | nofollow, 0);
}

int fs_open_read(int dirfd, const char *path)
{
	struct stat st;
	int fd = open_to_read(dirfd, path, O_NOFOLLOW);
	int err = fd < 0 ? fd : check_regular(fd, &st);

	if (err < 0)
		fs_close(&fd);
	return err < 0 ? err : fd;
}

static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Reads until the end of the file or until SIZE bytes are there. */
static ssize_t read_up_to(int fd, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read_some(fd, buf + have, size - have);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

ssize_t fs_read(int dirfd, const char *path, char *buf, size_t size)
{
	_cleanup_fd_ int fd = -1;
	ssize_t n;

	if (size == 0)
		return -EINVAL;
	buf[0] = '\0';
	fd = fs_open_read(dirfd, path);
	if (fd < 0)
		return fd;
	/* The byte kept for the NUL is asked for too: a file that fills it is too long. */
	n = read_up_to(fd, buf, size);
	if (n == (ssize_t)size)
		n = -EFBIG;
	buf[n < 0 ? 0 : n] = '\0';
	return n;
}

ssize_t fs_pread(int fd, char *buf, size_t size)
{
	ssize_t n;

	if (size == 0)
		return -EINVAL;
	do
		n = pread(fd, buf, size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		n = -errno;
	else if (n == (ssize_t)size)
		n = -EFBIG;
	buf[n < 0 ? 0 : n] = '\0';
	return n;
}

/* Doubles *BUF, but never beyond LIMIT; -EFBIG when it is there already. */
static int grow(char **buf, size_t *size, size_t limit)
{
	size_t larger = *size > limit / 2 ? limit : *size * 2;
	char *moved;

	if (*size >= limit)
		return -EFBIG;
	moved = realloc(*buf, larger);
	if (!moved)
		return -ENOMEM;
	*buf = moved;
	*size = larger;
	return 0;
}

/* *BUF of *SIZE bytes is filled to *LEN; one byte more than the file is always wanted, for the NUL.
 */
static int read_growing(int fd, char **buf, size_t *size, size_t limit, size_t *len)
{
	int err;

	for (;;) {
		ssize_t n = read_up_to(fd, *buf + *len, *size - *len);

		if (n < 0)
			return (int)n;
		*len += (size_t)n;
		if (*len < *size)
			return 0;
		err = grow(buf, size, limit);
		if (err < 0)
			return err;
	}
}

/* The whole of FD into fresh memory. */
static int read_whole(int fd, size_t max, char **out, size_t *len, struct stat *st)
{
	size_t size, have = 0;
	char *buf;
	int err = check_regular(fd, st);

	if (err < 0)
		return err;
	if (st->st_size > (off_t)max)
		return -EFBIG;
	/* A pseudo-file says 0, and any file may have grown since: the size is a guess. */
	size = (size_t)st->st_size + 1;
	buf = malloc(size);
	if (!buf)
		return -ENOMEM;
	err = read_growing(fd, &buf, &size, max + 1, &have);
	if (err < 0) {
		free(buf);
		return err;
	}
	buf[have] = '\0';
	*out = buf;
	*len = have;
	return 0;
}

int fs_read_known(int dirfd, const char *path, bool follow, size_t max, char **out, size_t *len,
	struct stat *st)
{
	_cleanup_fd_ int fd = -1;

	*out = NULL;
	*len = 0;
	if (max >= SSIZE_MAX)
		return -EINVAL;
	fd = open_to_read(dirfd, path, follow ? 0 : O_NOFOLLOW);
	return fd < 0 ? fd : read_whole(fd, max, out, len, st);
}

int fs_read_all(int dirfd, const char *path, size_t max, char **out, size_t *len)
{
	struct stat st;

	return fs_read_known(dirfd, path, false, max, out, len, &st);
}

int fs_write_value(int dirfd, const char *path, const char *value)
{
	_cleanup_fd_ int fd = -1;
	size_t len = strlen(value);
	ssize_t n;

	/* The kernel reads an empty memory.max as 0 and kills everything in the group. */
	if (value[strspn(value, " \t\n")] == '\0')
		return -EINVAL;
	fd = open_below(dirfd, path, O_WRONLY, 0);
	if (fd < 0)
		return fd;
	do
		n = write(fd, value, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A name in a folder, and not a path out of it. */
static bool is_plain_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The new file with its content, or nothing. fchmod: a strict umask must not hide the file from its
 * readers. */
static int make_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
	_cleanup_fd_ int fd = -1;
	int err;

	fd = open_below(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd == -EEXIST) {
		/* What a killed writer left; each file has one writer. */
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return -errno;
		fd = open_below(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, mode);
	}
	if (fd < 0)
		return fd;
	err = fchmod(fd, mode) < 0 ? -errno : write_all(fd, data, len);
	if (err < 0)
		unlinkat(dirfd, name, 0);
	return err;
}

int fs_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
	static const char suffix[] = ".new";
	char temp[NAME_MAX + 1];
	size_t n = strlen(name);
	int err;

	if (!is_plain_name(name))
		return -EINVAL;
	if (1 + n + sizeof(suffix) > sizeof(temp))
		return -ENAMETOOLONG;
	temp[0] = '.';
	memcpy(temp + 1, name, n);
	memcpy(temp + 1 + n, suffix, sizeof(suffix));
	err = make_file(dirfd, temp, data, len, mode);
	if (err < 0)
		return err;
	if (renameat(dirfd, temp, dirfd, name) < 0) {
		err = -errno;
		unlinkat(dirfd, temp, 0);
	}
	return err;
}

/* Takes the next component of *PATH into NAME. -> 0, 1 at the end, or -errno. */
static int next_component(const char **path, char name[static NAME_MAX + 1])
{
	size_t len;

	*path += strspn(*path, "/");
	len = strcspn(*path, "/");
	if (len == 0)
		return 1;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, *path, len);
	name[len] = '\0';
	*path += len;
	return is_plain_name(name) ? 0 : -EINVAL;
}

int fs_make_dirs(int dirfd, const char *path, mode_t mode)
{
	_cleanup_fd_ int here = -1;
	char name[NAME_MAX + 1];
	int status, parent = dirfd;

	while ((status = next_component(&path, name)) == 0) {
		bool made = mkdirat(parent, name, mode) == 0;
		int child;

		if (!made && errno != EEXIST)
			return -errno;
		child = fs_open_dir(parent, name);
		if (child < 0)
			return child;
		if (made)
			(void)fchmod(child, mode); /* as with make_file() */
		fs_close(&here);
		here = parent = child;
	}
	return status < 0 ? status : 0;
}

int fs_inode(int fd, uint64_t *inode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*inode = st.st_ino;
	return 0;
}
