/*
 * cgroup_tree: which cgroups there are, by notification.
 *
 * An inotify watch stands on every directory below the tree's root: the kernel tells of each mkdir
 * and rmdir, and the quiet tree costs nothing. A directory is scanned after its watch stands, so
 * that a nested mkdir that raced with it is found; each is reported once. When the kernel's queue
 * overflows, the tree is walked again and the differences are reported. Works on cgroupfs and on a
 * plain directory (a fixture).
 *
 * inotify(7). The kernel leaves the watch of a removed cgroup standing, so it is taken away here.
 */
#ifndef GUARDIAN_CGROUP_TREE_H
#define GUARDIAN_CGROUP_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup_tree;

enum {
	CGROUP_TREE_MAX = 4096, /* directories watched, the root included */
	/* ... of them below a service, a scope or a container: their owners may make as many as
	 * they like (a user in his user@.service), and the host's own cgroups keep their places. */
	CGROUP_TREE_WITHIN_MAX = CGROUP_TREE_MAX / 2,
	CGROUP_TREE_DEPTH_MAX = 32, /* levels below the root */
	/* A positive outcome: there are more directories than could be watched (or longer paths, or
	 * the kernel's own bound fs.inotify.max_user_watches); the rest is not seen. */
	CGROUP_TREE_TRUNCATED = 1,
	/* ... there is more to dispatch, soon: an edge-triggered descriptor does not say so again.
	 */
	CGROUP_TREE_MORE = 2,
};

/* Called from cgroup_tree_open(), _dispatch() and _rescan() only. They may call
 * cgroup_tree_watch_files(), and nothing else of the tree. PATH is relative to the root, without
 * leading slash, and valid during the call. */
struct cgroup_tree_ops {
	void (*appeared)(void *userdata, const char *path); /* parents before children */
	void (*vanished)(void *userdata, const char *path); /* children before parents */
	/* FILE in PATH was written by somebody, or the kernel's counters in it moved:
	 * memory.events, memory.events.local and cgroup.events raise it (at most each 10 ms), as
	 * long as somebody holds them open. */
	void (*modified)(void *userdata, const char *path, const char *file);
};

/* CGFD is borrowed for the tree's life. *OUT is set before the first walk reports to OPS, so that
 * its callbacks may use it. -> 0, CGROUP_TREE_TRUNCATED, or -errno and *OUT NULL. */
int cgroup_tree_open(
	struct cgroup_tree **out, int cgfd, const struct cgroup_tree_ops *ops, void *userdata);
struct cgroup_tree *cgroup_tree_close(struct cgroup_tree *tree); /* -> NULL; NULL is allowed */

/* The inotify descriptor: readable when there is something to dispatch. Never blocks. */
int cgroup_tree_fd(const struct cgroup_tree *tree);

/* Reports what has happened. -> 0, CGROUP_TREE_TRUNCATED, or -errno. Bounded work: then
 * CGROUP_TREE_MORE. */
int cgroup_tree_dispatch(
	struct cgroup_tree *tree, const struct cgroup_tree_ops *ops, void *userdata);

/* Walks the whole tree and reports the differences, as after an overflow. Same outcomes. */
int cgroup_tree_rescan(struct cgroup_tree *tree, const struct cgroup_tree_ops *ops, void *userdata);

/* Whether PATH's files are of interest. -> 0, -ENOENT: no such directory in the tree, -errno. */
int cgroup_tree_watch_files(struct cgroup_tree *tree, const char *path, bool on);

/* Every directory known, in no order; the root ("") is not among them. */
void cgroup_tree_each(const struct cgroup_tree *tree, void (*fn)(void *userdata, const char *path),
	void *userdata);
uint32_t cgroup_tree_count(const struct cgroup_tree *tree);
/* As the last outcome said: something is left out. */
bool cgroup_tree_is_truncated(const struct cgroup_tree *tree);

#endif
