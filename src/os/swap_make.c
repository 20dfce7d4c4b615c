/*
 * swap_make: the steps from nothing to a swap file, and from one size to another.
 *
 * Making: a file without a name, so that there is nothing to clean up whenever the process dies (a
 * failed fallocate leaves the disk full); NOCOW while it is empty, as btrfs asks for; space under
 * every byte; header; fsync; and only then its name, given by a link, which never replaces or
 * follows what is there.
 *
 * Resizing: growing adds the space first and the header last; shrinking writes the header first and
 * cuts last.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_fs.h"
#include "guardian/swap_header.h"
#include "guardian/swap_make.h"
#include "swap_fill.h"
#include "swap_place.h"
#include "swap_why.h"

enum { MODE = 0600 };

static int check_size(const struct swap_target *target, struct swap_how *how, struct text_out *why)
{
	if (target->page_bytes == 0)
		return -EINVAL;
	how->size_bytes -= how->size_bytes % target->page_bytes;
	if (how->size_bytes / target->page_bytes >= SWAP_PAGES_MIN)
		return 0;
	text_put_size(why, how->size_bytes);
	return swap_why(why, -EINVAL, " is too small for a swap file");
}

/* Before anything is written. */
static int check_place(const struct swap_place *place, const struct swap_target *target,
	struct swap_fs *fs, struct text_out *why)
{
	struct stat st;
	int err;

	if (fstatat(place->dirfd, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return swap_why(why, -EEXIST, target->path,
			" is there already: ", swap_place_kind(st.st_mode));
	if (errno != ENOENT)
		return swap_why_failed(why, -errno, "look at", target->path);
	err = swap_fs_look(place->dirfd, fs);
	if (err < 0)
		return swap_why_failed(why, err, "see the file system of", target->path);
	if (fs->verdict != SWAP_FS_REFUSED)
		return 0;
	swap_fs_put_refusal(why, fs, target->path);
	return -EOPNOTSUPP;
}

/* Without copy on write: before the first byte. Compression excludes it, and must have gone before
 * (fs/btrfs/ioctl.c: check_fsflags). */
static int set_nocow(int fd)
{
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -errno;
	if (flags & FS_COMPR_FL) {
		flags &= ~FS_COMPR_FL;
		if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
			return -errno;
	}
	flags |= FS_NOCOW_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* -> the file, empty, with root's mode, without a name. */
static int open_nameless(const struct swap_place *place, const struct swap_target *target,
	const struct swap_fs *fs, struct text_out *why)
{
	int err = 0, fd;

	do
		fd = openat(place->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return swap_why_failed(
			why, -errno, "make a nameless file (O_TMPFILE) for", target->path);
	if (fchown(fd, 0, 0) < 0 || fchmod(fd, MODE) < 0)
		err = swap_why_failed(why, -errno, "set owner and mode of", target->path);
	else if (fs->magic == BTRFS_SUPER_MAGIC && (err = set_nocow(fd)) < 0)
		swap_why_failed(why, err, "switch off copy on write (NOCOW) of", target->path);
	if (err < 0)
		fs_close(&fd);
	return err < 0 ? err : fd;
}

static int sync_file(
	int fd, const struct swap_target *target, const struct swap_how *how, struct text_out *why)
{
	if (how->progress)
		how->progress(how->userdata, SWAP_SYNCING, how->size_bytes, how->size_bytes);
	return fsync(fd) < 0 ? swap_why_failed(why, -errno, "sync", target->path) : 0;
}

/* Space, header, and all of it on the disk. */
static int complete(int fd, const struct swap_header *header, const struct swap_fill *fill,
	const struct swap_target *target, struct text_out *why)
{
	int err = swap_fill(fill, why);

	if (err < 0)
		return err;
	err = swap_header_write(fd, header, target->page_bytes);
	if (err < 0)
		return swap_why_failed(why, err, "write the header of", target->path);
	return sync_file(fd, target, fill->how, why);
}

/* link(2) neither replaces nor follows what may have come there meanwhile. */
static int give_name(int fd, const struct swap_place *place, const struct swap_target *target,
	struct text_out *why)
{
	char self[SWAP_FD_PATH_SIZE];
	int err;

	swap_place_fd_path(fd, self);
	if (linkat(AT_FDCWD, self, place->dirfd, place->name, AT_SYMLINK_FOLLOW) < 0)
		return swap_why_failed(why, -errno, "give its name to", target->path);
	if (fsync(place->dirfd) == 0)
		return 0;
	err = -errno;
	unlinkat(place->dirfd, place->name, 0);
	return swap_why_failed(why, err, "sync the folder of", target->path);
}

int swap_make(const struct swap_target *target, const struct swap_how *how, struct text_out *why)
{
	_cleanup_place_ struct swap_place place = {.dirfd = -1};
	_cleanup_fd_ int fd = -1;
	struct swap_how whole = *how; /* pages */
	struct swap_header header;
	struct swap_fs fs = {0};
	int err = check_size(target, &whole, why);

	if (err == 0)
		err = swap_place_open(target->rootfd, target->path, &place, why);
	if (err == 0)
		err = check_place(&place, target, &fs, why);
	if (err < 0)
		return err;
	err = swap_header_new(&header, whole.size_bytes);
	if (err < 0)
		return swap_why_failed(why, err, "get a random UUID for", target->path);
	fd = open_nameless(&place, target, &fs, why);
	if (fd < 0)
		return fd;
	err = complete(fd, &header,
		&(struct swap_fill){.fd = fd, .path = target->path, .how = &whole}, target, why);
	return err < 0 ? err : give_name(fd, &place, target, why);
}

/* ---- another size ---- */

/* What is to be written to must be root's alone: a second name may be anybody's. */
static int check_ours(const struct stat *st, const struct swap_target *target, struct text_out *why)
{
	if (st->st_uid != 0 || (st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return swap_why(why, -EPERM, target->path, " is not root's alone");
	if (st->st_nlink != 1)
		return swap_why(why, -EPERM, target->path, " has a second name, by a hard link");
	return 0;
}

static int shrink(int fd, const struct swap_header *header, const struct swap_how *how,
	const struct swap_target *target, struct text_out *why)
{
	int err = swap_header_write(fd, header, target->page_bytes);

	if (err < 0)
		return swap_why_failed(why, err, "write the header of", target->path);
	err = sync_file(fd, target, how, why);
	if (err < 0)
		return err;
	if (ftruncate(fd, (off_t)how->size_bytes) < 0)
		return swap_why_failed(why, -errno, "cut", target->path);
	return sync_file(fd, target, how, why);
}

/* The size it had; what fails here leaves a file that is longer than its header says, which is a
 * swap file all the same. */
static void give_back(int fd, const struct swap_header *old, off_t old_bytes, uint32_t page_bytes)
{
	if (swap_header_write(fd, old, page_bytes) == 0 && ftruncate(fd, old_bytes) == 0)
		(void)fsync(fd);
}

int swap_resize(const struct swap_target *target, const struct swap_how *how, struct text_out *why)
{
	_cleanup_fd_ int fd = -1;
	struct swap_how whole = *how;
	struct swap_header old, header;
	struct stat st;
	int err = check_size(target, &whole, why);

	if (err < 0)
		return err;
	fd = swap_place_file(target, O_RDWR, &st, why);
	if (fd < 0)
		return fd;
	err = check_ours(&st, target, why);
	if (err < 0)
		return err;
	if (swap_header_read(fd, &old, target->page_bytes) < 0)
		return swap_why(why, -EINVAL, target->path, " is not a swap file: left as it is");
	header = old;
	header.size_bytes = whole.size_bytes;
	if (whole.size_bytes < (uint64_t)st.st_size)
		return shrink(fd, &header, &whole, target, why);
	err = complete(fd, &header,
		&(struct swap_fill){.fd = fd,
			.path = target->path,
			.from_bytes = target->page_bytes,
			.how = &whole},
		target, why);
	if (err < 0)
		give_back(fd, &old, st.st_size, target->page_bytes);
	return err;
}
