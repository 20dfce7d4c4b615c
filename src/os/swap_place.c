/*
 * swap_place: a path, walked a component at a time.
 *
 * openat2(2) could refuse all symbolic links, but /var/swap on another disk is often a link that
 * root has made, and older kernels do not have the call. So each component is opened without
 * following it; a link is read from that very descriptor, and its target walked the same way.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "swap_place.h"
#include "swap_why.h"

enum { LINKS_MAX = 8 };

struct walk {
	int rootfd, at;      /* at: the folder reached */
	char rest[PATH_MAX]; /* still to be walked */
	unsigned int links;
};

void swap_place_close(struct swap_place *place)
{
	fs_close(&place->dirfd);
}

const char *swap_place_kind(mode_t mode)
{
	return S_ISLNK(mode)   ? "a symbolic link"
	       : S_ISDIR(mode) ? "a folder"
	       : S_ISREG(mode) ? "a file"
			       : "a device or a pipe";
}

static int open_at(int dirfd, const char *name, int flags)
{
	int fd;

	do
		fd = openat(dirfd, name, flags | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* Puts the target of the link LINKFD before what is left of the way. */
static int insert_target(struct walk *w, int linkfd)
{
	char way[PATH_MAX];
	ssize_t n = readlinkat(linkfd, "", way, sizeof(way));
	struct text_out out;

	if (n < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if ((size_t)n + 1 + strlen(w->rest) >= sizeof(way))
		return -ENAMETOOLONG;
	way[n] = '/';
	memcpy(way + n + 1, w->rest, strlen(w->rest) + 1);
	if (way[0] == '/') {
		int root = open_at(w->rootfd, ".", O_PATH | O_DIRECTORY);

		if (root < 0)
			return root;
		fs_close(&w->at);
		w->at = root;
	}
	text_out_init(&out, w->rest, sizeof(w->rest));
	text_put(&out, way);
	return 0;
}

/* Goes into NAME, or follows it. */
static int step(struct walk *w, const char *name)
{
	_cleanup_fd_ int fd = open_at(w->at, name, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return st.st_uid == 0 ? insert_target(w, fd) : -ELOOP;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	fs_close(&w->at);
	w->at = fd;
	fd = -1;
	return 0;
}

/* Takes the next component off the way. -> its length, 0 at the end, or -ENAMETOOLONG. */
static int next(struct walk *w, char name[static NAME_MAX + 1])
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(start, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, start, len);
	name[len] = '\0';
	memmove(w->rest, start + len, strlen(start + len) + 1);
	return (int)len;
}

static int walk_all(struct walk *w)
{
	char name[NAME_MAX + 1];
	int n, err = 0;

	while (err == 0 && (n = next(w, name)) != 0)
		err = n < 0 ? n : step(w, name);
	return err;
}

/* Splits PATH into the way and the last component. */
static int split(const char *path, struct walk *w, struct swap_place *out)
{
	const char *slash = strrchr(path, '/');

	if (path[0] != '/' || !text_copy(w->rest, sizeof(w->rest), path, (size_t)(slash - path)) ||
		!text_copy(out->name, sizeof(out->name), slash + 1, strlen(slash + 1)))
		return -EINVAL;
	if (!*out->name || strcmp(out->name, ".") == 0 || strcmp(out->name, "..") == 0)
		return -EINVAL;
	return 0;
}

/* The folder of the whole way, open for reading: it is synced later. */
static int walk_to_folder(struct walk *w)
{
	int err;

	w->at = open_at(w->rootfd, ".", O_PATH | O_DIRECTORY);
	if (w->at < 0)
		return w->at;
	err = walk_all(w);
	return err < 0 ? err : open_at(w->at, ".", O_RDONLY | O_DIRECTORY);
}

int swap_place_open(int rootfd, const char *path, struct swap_place *out, struct text_out *why)
{
	struct walk w = {.rootfd = rootfd, .at = -1};

	*out = (struct swap_place){.dirfd = -1};
	if (split(path, &w, out) < 0)
		return swap_why(why, -EINVAL, path, " is not the absolute path of a file");
	out->dirfd = walk_to_folder(&w);
	fs_close(&w.at);
	if (out->dirfd == -ELOOP)
		return swap_why(why, -ELOOP, "the way to ", path,
			" leads over a symbolic link that is not root's, or over too many");
	if (out->dirfd < 0)
		return swap_why_failed(why, out->dirfd, "open the folder of", path);
	return 0;
}

/* A device is not opened: that may set something going. */
static int open_regular(const struct swap_place *place, int flags, struct stat *st)
{
	if (fstatat(place->dirfd, place->name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	return open_at(place->dirfd, place->name, flags | O_NOFOLLOW | O_NONBLOCK);
}

int swap_place_file(
	const struct swap_target *target, int flags, struct stat *st, struct text_out *why)
{
	_cleanup_place_ struct swap_place place;
	int fd, err = swap_place_open(target->rootfd, target->path, &place, why);

	*st = (struct stat){0};
	if (err < 0)
		return err;
	fd = open_regular(&place, flags, st);
	if (fd == -EINVAL && st->st_mode != 0 && !S_ISREG(st->st_mode))
		return swap_why(why, -EINVAL, target->path, " is ", swap_place_kind(st->st_mode),
			", and not a file");
	if (fd < 0)
		return swap_why_failed(why, fd, "open", target->path);
	err = fstat(fd, st) < 0 ? -errno : 0;
	if (err < 0)
		swap_why_failed(why, err, "look at", target->path);
	else if (!S_ISREG(st->st_mode) || (target->inode && st->st_ino != target->inode))
		err = swap_why(why, -ESTALE, target->path, " is another file than before");
	if (err < 0)
		fs_close(&fd);
	return err < 0 ? err : fd;
}

void swap_place_fd_path(int fd, char path[static SWAP_FD_PATH_SIZE])
{
	struct text_out out;

	text_out_init(&out, path, SWAP_FD_PATH_SIZE);
	text_put(&out, "/proc/self/fd/");
	text_put_u64(&out, (uint64_t)fd);
}
