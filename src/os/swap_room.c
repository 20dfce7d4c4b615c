/*
 * swap_room: a walk down the tree, as far as there is swap: memory.swap.current counts all below.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_room.h"
#include "cgroup_write.h"
#include "guardian/cgroup.h"
#include "guardian/fs.h"
#include "guardian/swap_room.h"
#include "swap_why.h"

enum { DEPTH_MAX = 32 };

struct walk {
	struct text_out *why;
	char path[CGROUP_PATH_SIZE]; /* of the cgroup looked at */
	size_t len;                  /* of it */
};

static int put_lack(const struct walk *w, uint64_t max, uint64_t swap)
{
	text_put_size(w->why, swap);
	text_put(w->why, " in swap have no room under the limit of ");
	text_put_size(w->why, max);
	return swap_why(w->why, -ENOMEM, " of ", w->path);
}

/* One cgroup with SWAP bytes in swap. Page cache makes room; all else stays. */
static int check(const struct walk *w, int fd, uint64_t swap)
{
	uint64_t max, memory, needed;
	int r = cgroup_read_value(fd, "memory.max", &max);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* the root */
	if (max == LIMIT_UNLIMITED)
		return 0;
	r = cgroup_room_unreclaimable(fd, &memory);
	if (r < 0)
		return r;
	needed = memory + swap;
	return max < needed || max - needed < needed / 10 ? put_lack(w, max, swap) : 0;
}

/* NOLINTBEGIN(misc-no-recursion): DEPTH_MAX bounds it */
static int walk_below(struct walk *w, int fd, int depth);

static int look(struct walk *w, int fd, int depth)
{
	uint64_t swap = 0;
	int r = cgroup_read_value(fd, "memory.swap.current", &swap);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && swap == 0)
		return 0;
	/* The root, and what has no memory controller of its own, has no such file. */
	if (r == -ENOENT && depth > 0)
		return 0;
	r = check(w, fd, swap);
	return r < 0 ? r : walk_below(w, fd, depth + 1);
}

/* A cgroup that goes meanwhile has nothing in swap any more. */
static int look_child(struct walk *w, int fd, const char *name, int depth)
{
	size_t before = w->len, len = strlen(name);
	_cleanup_fd_ int child = -1;
	int r;

	if (before + len + 2 > sizeof(w->path))
		return -ENAMETOOLONG;
	child = fs_open_dir(fd, name);
	if (child < 0)
		return child == -ENOENT ? 0 : child;
	if (before)
		w->path[w->len++] = '/';
	memcpy(w->path + w->len, name, len + 1);
	w->len += len;
	r = look(w, child, depth);
	if (r < 0 && r != -ENODEV)
		return r; /* of this one it is told */
	w->path[w->len = before] = '\0';
	return 0;
}

static int walk_below(struct walk *w, int fd, int depth)
{
	int r = 0, own = depth > DEPTH_MAX ? -ELOOP : fs_open_dir(fd, ".");
	struct dirent *entry;
	DIR *dir;

	if (own < 0)
		return own == -ENOENT ? 0 : own;
	dir = fdopendir(own);
	if (!dir) {
		r = -errno;
		close(own);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = look_child(w, fd, entry->d_name, depth);
	closedir(dir);
	return r;
}
/* NOLINTEND(misc-no-recursion) */

int swap_room(int cgfd, struct text_out *why)
{
	struct walk w = {.why = why};
	int r;

	if (cgfd < 0)
		return swap_why(why, -EOPNOTSUPP,
			"whether the limits of containers leave room for their swap cannot be "
			"seen");
	r = look(&w, cgfd, 0);
	if (r < 0 && r != -ENOMEM)
		return swap_why_failed(why, r, "look at the swap of", w.path);
	return r;
}
