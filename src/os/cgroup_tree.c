/*
 * cgroup_tree: the set of cgroups, kept true by inotify.
 *
 * One invariant carries it: a node is in the table if and only if its watch was set and `appeared`
 * was told, and a directory is listed only after its watch stands. So whatever the order of mkdir,
 * rmdir, listing and events, a directory is told at most once more than it vanished, and events
 * about the unknown are stale and skipped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_nodes.h"
#include "guardian/cgroup.h"
#include "guardian/cgroup_tree.h"
#include "guardian/fs.h"
#include "guardian/text.h"

enum {
	WATCH_DIRECTORIES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR |
			    IN_DONT_FOLLOW | IN_EXCL_UNLINK,
	EVENTS_SIZE = 8192, /* of one read(2) */
	READS_MAX = 64,     /* of one dispatch */
};

#define ROOM_SOON UINT32_MAX

struct cgroup_tree {
	int cgfd;            /* borrowed */
	int fd;              /* inotify */
	bool truncated;      /* something was left out */
	uint32_t room_again; /* once `used` is this or less, a rescan may find what was left out */
	uint32_t within;     /* nodes that are, see struct cgroup_node ... */
	uint32_t within_again; /* ... and the same for less of them than this */
	uint32_t head, queued;
	uint16_t queue[CGROUP_TREE_MAX]; /* a ring of nodes to be listed */
	struct cgroup_nodes nodes;
};

/* Who is told, and of which tree. */
struct report {
	struct cgroup_tree *tree;
	const struct cgroup_tree_ops *ops;
	void *userdata;
};

/* ---- watches ---- */

/* -> wd, or -errno. The same directory gives the same wd again. */
static int watch(const struct cgroup_tree *tree, const char *path, bool files)
{
	char full[CGROUP_PATH_SIZE + 64];
	uint32_t mask = WATCH_DIRECTORIES | (files ? (uint32_t)IN_MODIFY : 0);
	int n = snprintf(full, sizeof(full), "/proc/self/fd/%d/%s", tree->cgfd, path);
	int wd;

	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	wd = inotify_add_watch(tree->fd, full, mask);
	return wd < 0 ? -errno : wd;
}

static bool is_gone(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ENODEV;
}

/* Lack of room is over when an eighth of it is free again, lack of descriptors or memory perhaps at
 * the next dispatch; what lies too deep stays out. */
static void left_out(struct cgroup_tree *tree, int err)
{
	tree->truncated = true;
	if (err == -ENOSPC)
		tree->room_again = tree->nodes.used - tree->nodes.used / 8U;
	else if (err == -EDQUOT)
		tree->within_again = tree->within - tree->within / 8U;
	else if (err == -ENOMEM || err == -EMFILE || err == -ENFILE)
		tree->room_again = ROOM_SOON;
}

/* ---- coming and going ---- */

/* To be listed. A node may have gone, or been replaced, by its turn: listing one twice does no
 * harm. */
static void enqueue(struct cgroup_tree *tree, int index)
{
	if (tree->queued == CGROUP_TREE_MAX) {
		left_out(tree, -ENOSPC);
		return;
	}
	tree->queue[(tree->head + tree->queued++) % CGROUP_TREE_MAX] = (uint16_t)index;
}

static int dequeue(struct cgroup_tree *tree)
{
	int index = tree->queue[tree->head];

	tree->head = (tree->head + 1) % CGROUP_TREE_MAX;
	tree->queued--;
	return index;
}

static void forget_one(const struct report *to, int index)
{
	struct cgroup_tree *tree = to->tree;
	struct cgroup_node *node = &tree->nodes.node[index];

	to->ops->vanished(to->userdata, node->path);
	if (node->wd >= 0)
		(void)inotify_rm_watch(tree->fd, node->wd); /* EINVAL: the kernel was first */
	tree->within -= node->within;
	cgroup_nodes_remove(&tree->nodes, index);
}

static bool is_below(const struct cgroup_node *node, const char *path, size_t len)
{
	return node->path && strncmp(node->path, path, len) == 0 && node->path[len] == '/';
}

/* All below INDEX first, the deepest first. Needed only when a whole subtree goes at once (a
 * rename, a lost event): a cgroup can be removed only when it is empty. */
static void forget_below(const struct report *to, int index)
{
	struct cgroup_nodes *nodes = &to->tree->nodes;
	const char *path = nodes->node[index].path;
	size_t len = strlen(path);

	for (int depth = CGROUP_TREE_DEPTH_MAX; depth > nodes->node[index].depth; depth--)
		for (int i = 0; i < nodes->top && nodes->node[index].children; i++)
			if (nodes->node[i].depth == depth && is_below(&nodes->node[i], path, len))
				forget_one(to, i);
}

static void forget(const struct report *to, int index)
{
	if (to->tree->nodes.node[index].children)
		forget_below(to, index);
	forget_one(to, index);
}

/* A directory that is not in the table: watch it, tell it, and list it later. */
static void adopt(const struct report *to, const char *path, int parent)
{
	struct cgroup_tree *tree = to->tree;
	bool within = cgroup_node_is_owned(&tree->nodes.node[parent]);
	int wd, other, index;

	if (tree->nodes.node[parent].depth >= CGROUP_TREE_DEPTH_MAX) {
		left_out(tree, -E2BIG);
		return;
	}
	if (within && tree->within >= CGROUP_TREE_WITHIN_MAX) {
		left_out(tree, -EDQUOT);
		return;
	}
	wd = watch(tree, path, false);
	if (wd < 0) {
		if (!is_gone(wd))
			left_out(tree, wd);
		return;
	}
	other = cgroup_nodes_by_wd(&tree->nodes, wd);
	if (other != NODE_NONE) { /* renamed: its old name's event is still to come */
		cgroup_nodes_drop_wd(&tree->nodes, other);
		forget(to, other);
	}
	index = cgroup_nodes_add(&tree->nodes, path, parent, wd);
	if (index < 0) {
		(void)inotify_rm_watch(tree->fd, wd);
		left_out(tree, index);
		return;
	}
	tree->nodes.node[index].seen = true;
	tree->nodes.node[index].within = within;
	tree->within += within;
	enqueue(tree, index);
	to->ops->appeared(to->userdata, path);
}

/* A directory that was seen in a listing. */
static void meet(const struct report *to, const char *path, int parent)
{
	struct cgroup_tree *tree = to->tree;
	int index = cgroup_nodes_by_path(&tree->nodes, path);
	struct cgroup_node *node;

	if (index == NODE_NONE) {
		adopt(to, path, parent);
		return;
	}
	node = &tree->nodes.node[index];
	if (node->seen)
		return;
	/* Is it the same directory still? */
	if (node->wd >= 0 && watch(tree, path, node->files) == node->wd) {
		node->seen = true;
		enqueue(tree, index);
	} else {
		forget(to, index);
		adopt(to, path, parent);
	}
}

static bool join(char *out, const char *dir, const char *name)
{
	int n = snprintf(out, CGROUP_PATH_SIZE, "%s%s%s", dir, *dir ? "/" : "", name);

	return n > 0 && n < CGROUP_PATH_SIZE;
}

static bool is_directory(DIR *dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_name[0] == '.' && (!entry->d_name[1] || !strcmp(entry->d_name, "..")))
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static DIR *open_listing(const struct cgroup_tree *tree, const char *path, int *err)
{
	_cleanup_fd_ int fd = fs_open_dir(tree->cgfd, *path ? path : ".");
	DIR *dir;

	if (fd < 0) {
		*err = fd;
		return NULL;
	}
	dir = fdopendir(fd);
	*err = dir ? 0 : -errno;
	if (dir)
		fd = -1;
	return dir;
}

static void list(const struct report *to, int index)
{
	struct cgroup_tree *tree = to->tree;
	char path[CGROUP_PATH_SIZE], child[CGROUP_PATH_SIZE];
	const struct dirent *entry;
	DIR *dir;
	int err;

	if (!tree->nodes.node[index].path)
		return;
	(void)text_copy(path, sizeof(path), tree->nodes.node[index].path,
		strlen(tree->nodes.node[index].path));
	dir = open_listing(tree, path, &err);
	if (!dir) {
		if (!is_gone(err))
			left_out(tree, err);
		return;
	}
	while ((entry = readdir(dir)) && cgroup_nodes_by_path(&tree->nodes, path) == index) {
		if (!is_directory(dir, entry))
			continue;
		if (join(child, path, entry->d_name))
			meet(to, child, index);
		else
			left_out(tree, -ENAMETOOLONG);
	}
	closedir(dir);
}

static void list_queued(const struct report *to)
{
	while (to->tree->queued)
		list(to, dequeue(to->tree));
}

/* ---- the whole tree ---- */

static void forget_unseen(const struct report *to)
{
	struct cgroup_nodes *nodes = &to->tree->nodes;

	for (int depth = CGROUP_TREE_DEPTH_MAX; depth > 0; depth--)
		for (int i = 0; i < nodes->top; i++)
			if (nodes->node[i].path && nodes->node[i].depth == depth &&
				!nodes->node[i].seen)
				forget(to, i);
}

static int outcome(const struct cgroup_tree *tree)
{
	return tree->truncated ? CGROUP_TREE_TRUNCATED : 0;
}

static int rescan(const struct report *to)
{
	struct cgroup_tree *tree = to->tree;

	tree->truncated = false;
	tree->room_again = tree->within_again = 0;
	for (int i = 0; i < tree->nodes.top; i++)
		tree->nodes.node[i].seen = i == NODE_ROOT;
	enqueue(tree, NODE_ROOT);
	list_queued(to);
	/* A listing that failed tells nothing about those below it. */
	if (tree->room_again != ROOM_SOON)
		forget_unseen(to);
	return outcome(tree);
}

int cgroup_tree_rescan(struct cgroup_tree *tree, const struct cgroup_tree_ops *ops, void *userdata)
{
	return rescan(&(struct report){tree, ops, userdata});
}

static int add_root(struct cgroup_tree *tree)
{
	int wd = watch(tree, "", false);

	return wd < 0 ? wd : cgroup_nodes_add(&tree->nodes, "", NODE_NONE, wd);
}

int cgroup_tree_open(
	struct cgroup_tree **out, int cgfd, const struct cgroup_tree_ops *ops, void *userdata)
{
	struct cgroup_tree *tree = calloc(1, sizeof(*tree));
	int r;

	*out = NULL;
	if (!tree)
		return -ENOMEM;
	cgroup_nodes_init(&tree->nodes);
	tree->cgfd = cgfd;
	tree->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	r = tree->fd < 0 ? -errno : add_root(tree);
	if (r < 0) {
		cgroup_tree_close(tree);
		return r;
	}
	*out = tree;
	return cgroup_tree_rescan(tree, ops, userdata);
}

struct cgroup_tree *cgroup_tree_close(struct cgroup_tree *tree)
{
	if (!tree)
		return NULL;
	fs_close(&tree->fd);
	cgroup_nodes_clear(&tree->nodes);
	free(tree);
	return NULL;
}

int cgroup_tree_fd(const struct cgroup_tree *tree)
{
	return tree->fd;
}

/* ---- events ---- */

/* It may be known already: a listing was first, or (a rename onto an empty directory) it was
 * replaced. */
static void came(const struct report *to, int parent, const char *path)
{
	int index = cgroup_nodes_by_path(&to->tree->nodes, path);

	if (index != NODE_NONE)
		to->tree->nodes.node[index].seen = false;
	meet(to, path, parent);
	list_queued(to);
}

static void went(const struct report *to, const char *path)
{
	int index = cgroup_nodes_by_path(&to->tree->nodes, path);

	if (index != NODE_NONE)
		forget(to, index);
}

/* Something about the entry NAME of the directory INDEX. */
static void entry_event(const struct report *to, int index, const struct inotify_event *event)
{
	const struct cgroup_node *node = &to->tree->nodes.node[index];
	char path[CGROUP_PATH_SIZE];

	if (!(event->mask & IN_ISDIR)) {
		if ((event->mask & IN_MODIFY) && node->files)
			to->ops->modified(to->userdata, node->path, event->name);
		return;
	}
	if (!join(path, node->path, event->name))
		left_out(to->tree, -ENAMETOOLONG);
	else if (event->mask & (IN_CREATE | IN_MOVED_TO))
		came(to, index, path);
	else if (event->mask & (IN_DELETE | IN_MOVED_FROM))
		went(to, path);
}

static void handle(const struct report *to, const struct inotify_event *event)
{
	int index;

	if (event->mask & IN_Q_OVERFLOW) {
		(void)rescan(to);
		return;
	}
	index = cgroup_nodes_by_wd(&to->tree->nodes, event->wd);
	if (index == NODE_NONE)
		return; /* of a directory that was forgotten */
	if (event->mask & IN_IGNORED)
		cgroup_nodes_drop_wd(&to->tree->nodes, index);
	else if (event->len)
		entry_event(to, index, event);
}

/* -> bytes of events handled; 0: no more; -errno */
static ssize_t handle_some(const struct report *to)
{
	char buf[EVENTS_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(to->tree->fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const struct inotify_event *)(buf + at);

		handle(to, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return n;
}

int cgroup_tree_dispatch(
	struct cgroup_tree *tree, const struct cgroup_tree_ops *ops, void *userdata)
{
	struct report to = {tree, ops, userdata};
	ssize_t n = 1;

	for (int i = 0; i < READS_MAX && n > 0; i++)
		n = handle_some(&to);
	if (n != 0)
		return n < 0 ? (int)n : CGROUP_TREE_MORE;
	if (tree->truncated &&
		(tree->nodes.used <= tree->room_again || tree->within < tree->within_again))
		return rescan(&to);
	return outcome(tree);
}

/* ---- questions ---- */

int cgroup_tree_watch_files(struct cgroup_tree *tree, const char *path, bool on)
{
	int index = cgroup_nodes_by_path(&tree->nodes, path);
	struct cgroup_node *node;
	int wd;

	if (index == NODE_NONE)
		return -ENOENT;
	node = &tree->nodes.node[index];
	if (node->files == on)
		return 0;
	wd = watch(tree, path, on);
	if (wd < 0)
		return wd;
	if (wd != node->wd) { /* replaced: its events are still to come */
		if (cgroup_nodes_by_wd(&tree->nodes, wd) == NODE_NONE)
			(void)inotify_rm_watch(tree->fd, wd);
		return -ENOENT;
	}
	node->files = on;
	return 0;
}

void cgroup_tree_each(const struct cgroup_tree *tree, void (*fn)(void *userdata, const char *path),
	void *userdata)
{
	for (int i = NODE_ROOT + 1; i < tree->nodes.top; i++)
		if (tree->nodes.node[i].path)
			fn(userdata, tree->nodes.node[i].path);
}

uint32_t cgroup_tree_count(const struct cgroup_tree *tree)
{
	return tree->nodes.used - 1U;
}

bool cgroup_tree_is_truncated(const struct cgroup_tree *tree)
{
	return tree->truncated;
}
