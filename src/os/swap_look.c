/*
 * swap_look: fstatat(2) first, and deep only into what has changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_file.h"
#include "guardian/swap_fs.h"
#include "guardian/swap_look.h"
#include "guardian/swaps.h"
#include "swap_place.h"

enum { PERMISSIONS = 07777, MODE_WANTED = 0600 };

int swap_look_in_use(int dirfd, const char *name)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* See the header: no file ends beyond 2^63, so this cannot succeed. */
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, INT64_MAX, INT64_MAX) == 0)
		return -EINVAL;
	if (errno == ETXTBSY)
		return 1;
	return errno == EFBIG ? 0 : -errno;
}

/* ---- deep ---- */

/* As fstatat() has seen it: another may have been put there since. */
static bool is_same(int fd, const struct stat *seen)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == seen->st_dev && st.st_ino == seen->st_ino;
}

/* Holes, of which swapon(2) says EINVAL only, and a mode or owner that it takes, are found here. */
static struct swap_file look_deep(
	int dirfd, const char *name, uint32_t page_bytes, const struct stat *st, bool active)
{
	struct swap_file file = {
		.mode = st->st_mode & PERMISSIONS,
		.uid = st->st_uid,
		.mode_ok = (st->st_mode & PERMISSIONS) == MODE_WANTED,
		.owner_ok = st->st_uid == 0,
		.inode = st->st_ino,
		.size_bytes = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.state = SWAP_FILE_NOT_REGULAR,
	};
	_cleanup_fd_ int fd = -1;

	if (S_ISREG(st->st_mode)) {
		file.state = SWAP_FILE_UNREADABLE;
		fd = fs_open_read(dirfd, name);
	}
	if (fd >= 0 && is_same(fd, st))
		swap_file_look_at(fd, st, page_bytes, &file);
	file.active = active;
	file.replaced = active &&
			(file.state == SWAP_FILE_NOT_REGULAR || swap_look_in_use(dirfd, name) == 0);
	return file;
}

/* ---- at a glance ---- */

static struct swap_look_seen glance(const struct stat *st, bool active)
{
	return (struct swap_look_seen){
		.active = active,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.device = st->st_dev,
		.inode = st->st_ino,
		.size_bytes = (uint64_t)st->st_size,
		.change_s = st->st_ctim.tv_sec,
		.change_ns = st->st_ctim.tv_nsec,
	};
}

static bool is_unchanged(const struct swap_look_seen *seen, const struct swap_look_seen *now)
{
	return seen->is_known && seen->active == now->active && seen->mode == now->mode &&
	       seen->uid == now->uid && seen->device == now->device && seen->inode == now->inode &&
	       seen->size_bytes == now->size_bytes && seen->change_s == now->change_s &&
	       seen->change_ns == now->change_ns;
}

static struct swap_file nothing(enum swap_file_state state, bool active)
{
	return (struct swap_file){.state = (uint8_t)state,
		.active = active,
		.replaced = active && state == SWAP_FILE_ABSENT};
}

/* What could not be read is read again the next time. */
static struct swap_file look_at(
	struct swap_look_seen *seen, int dirfd, const char *name, uint32_t page_bytes, bool active)
{
	struct swap_look_seen now;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		int error = errno;

		seen->is_known = false;
		return nothing(error == ENOENT ? SWAP_FILE_ABSENT : SWAP_FILE_UNREADABLE, active);
	}
	now = glance(&st, active);
	if (is_unchanged(seen, &now))
		return seen->file;
	now.file = look_deep(dirfd, name, page_bytes, &st, active);
	now.is_known = now.file.state != SWAP_FILE_UNREADABLE;
	*seen = now;
	return now.file;
}

static bool is_active(const struct swap_sample *sample, int index)
{
	for (int i = 0; i < sample->n_areas; i++)
		if (sample->area[i].ours == index)
			return true;
	return false;
}

static void look_at_files(struct swap_look *look, int dirfd, const char *file, uint32_t page_bytes,
	struct swap_sample *out)
{
	for (int i = 0; i < SWAP_FILES_MAX; i++) {
		char path[SWAPS_PATH_SIZE];

		swaps_path(file, i, path);
		out->file[i] = dirfd < 0 ? nothing(SWAP_FILE_ABSENT, is_active(out, i))
					 : look_at(&look->seen[i], dirfd, strrchr(path, '/') + 1,
						   page_bytes, is_active(out, i));
	}
	out->valid |= SWAP_FILE_SEEN;
}

static void look_at_fs(int dirfd, struct swap_sample *out)
{
	struct swap_fs fs;

	if (swap_fs_look(dirfd, &fs) < 0)
		return;
	out->fs = fs.verdict;
	out->fs_magic = fs.magic;
	out->fs_free_bytes = fs.free_bytes;
	out->fs_total_bytes = fs.total_bytes;
	out->valid |= SWAP_FS;
}

void swap_look(struct swap_look *look, int rootfd, const char *file, uint32_t page_bytes,
	struct swap_sample *out)
{
	_cleanup_place_ struct swap_place place;
	char told[1]; /* why not, is for those who act */
	struct text_out why;
	int r;

	text_out_init(&why, told, sizeof(told));
	r = swap_place_open(rootfd, file, &place, &why);
	out->valid &= ~(uint32_t)(SWAP_FILE_SEEN | SWAP_FS);
	if (r < 0 && r != -ENOENT)
		return;
	if (out->valid & SWAP_AREAS)
		look_at_files(look, place.dirfd, file, page_bytes, out);
	if (r == 0)
		look_at_fs(place.dirfd, out);
}
