/*
 * cgroup_nodes: the directories that cgroup_tree knows, found by path and by watch descriptor in
 * one step.
 *
 * A fixed array of nodes, and two open-addressing tables of indices into it. Each path is stored
 * once, in memory of its own size.
 */
#ifndef GUARDIAN_OS_CGROUP_NODES_H
#define GUARDIAN_OS_CGROUP_NODES_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/cgroup_tree.h"

enum { NODE_ROOT = 0, NODE_NONE = -1, NODE_SLOTS = 2 * CGROUP_TREE_MAX };

struct cgroup_node {
	char *path; /* NULL: free */
	uint32_t hash;
	int32_t wd; /* inotify's, or -1: the kernel has taken it away */
	uint16_t parent;
	uint16_t children;
	int16_t next_free;
	uint8_t depth;   /* 0: the root */
	bool files : 1;  /* its files are of interest */
	bool seen : 1;   /* by the rescan under way */
	bool within : 1; /* below a service, scope or container, whose owner may make what he likes
			  */
};

struct cgroup_nodes {
	struct cgroup_node node[CGROUP_TREE_MAX];
	uint16_t by_path[NODE_SLOTS], by_wd[NODE_SLOTS]; /* index + 1; 0: empty */
	uint16_t used, top; /* nodes in use; end of the part ever used */
	int16_t free;       /* list, or NODE_NONE */
};

/* NODES must be zero (calloc), so that pages never needed are never touched. */
void cgroup_nodes_init(struct cgroup_nodes *nodes);
void cgroup_nodes_clear(struct cgroup_nodes *nodes);

/* -> index, -ENOSPC, -ENOMEM. PATH and WD must not be known. */
int cgroup_nodes_add(struct cgroup_nodes *nodes, const char *path, int parent, int32_t wd);
/* The node must have no children. */
void cgroup_nodes_remove(struct cgroup_nodes *nodes, int index);
/* Its watch has gone; the node stays until its parent tells. */
void cgroup_nodes_drop_wd(struct cgroup_nodes *nodes, int index);

/* -> index, or NODE_NONE. */
int cgroup_nodes_by_path(const struct cgroup_nodes *nodes, const char *path);
int cgroup_nodes_by_wd(const struct cgroup_nodes *nodes, int32_t wd);

/* Whether what is below NODE is its owner's business: a service's, scope's or container's; what is
 * in a slice is the host's. */
bool cgroup_node_is_owned(const struct cgroup_node *node);

#endif
