/*
 * cgroup_nodes: see cgroup_nodes.h. Removal from a table moves the entries behind the hole up
 * (Knuth 6.4, algorithm R), so that no tombstones gather over years of containers coming and going.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_nodes.h"
#include "guardian/cgroup.h"

enum { SLOT_MASK = NODE_SLOTS - 1 };
_Static_assert((NODE_SLOTS & SLOT_MASK) == 0, "the tables' size is a power of two");
_Static_assert(CGROUP_TREE_MAX < UINT16_MAX, "an index and its 1 fit a slot");

static uint32_t hash_path(const char *path)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (; *path; path++)
		h = (h ^ (uint8_t)*path) * 16777619U;
	return h;
}

/* The kernel numbers watches upwards: as they are they fill a table page after page. */
static uint32_t hash_wd(int32_t wd)
{
	return (uint32_t)wd;
}

typedef uint32_t (*home_fn)(const struct cgroup_node *node);

static uint32_t home_by_path(const struct cgroup_node *node)
{
	return node->hash & SLOT_MASK;
}

static uint32_t home_by_wd(const struct cgroup_node *node)
{
	return hash_wd(node->wd) & SLOT_MASK;
}

static void slot_insert(uint16_t *slots, uint32_t home, int index)
{
	while (slots[home])
		home = (home + 1) & SLOT_MASK;
	slots[home] = (uint16_t)(index + 1);
}

static void slot_remove(const struct cgroup_nodes *nodes, uint16_t *slots, home_fn home, int index)
{
	uint32_t hole = home(&nodes->node[index]), at;

	while (slots[hole] != index + 1)
		hole = (hole + 1) & SLOT_MASK;
	for (at = (hole + 1) & SLOT_MASK; slots[at]; at = (at + 1) & SLOT_MASK) {
		uint32_t distance = (at - home(&nodes->node[slots[at] - 1])) & SLOT_MASK;

		if (distance >= ((at - hole) & SLOT_MASK)) {
			slots[hole] = slots[at];
			hole = at;
		}
	}
	slots[hole] = 0;
}

void cgroup_nodes_init(struct cgroup_nodes *nodes)
{
	nodes->free = NODE_NONE;
}

void cgroup_nodes_clear(struct cgroup_nodes *nodes)
{
	for (int i = 0; i < nodes->top; i++)
		free(nodes->node[i].path);
	memset(nodes, 0, sizeof(*nodes));
	cgroup_nodes_init(nodes);
}

static int take_free(struct cgroup_nodes *nodes)
{
	int index = nodes->free;

	if (index != NODE_NONE)
		nodes->free = nodes->node[index].next_free;
	else if (nodes->top < CGROUP_TREE_MAX)
		index = nodes->top++;
	return index;
}

static void give_free(struct cgroup_nodes *nodes, int index)
{
	nodes->node[index] = (struct cgroup_node){.wd = -1, .next_free = nodes->free};
	nodes->free = (int16_t)index;
}

int cgroup_nodes_add(struct cgroup_nodes *nodes, const char *path, int parent, int32_t wd)
{
	int index = take_free(nodes);
	struct cgroup_node *node;

	if (index == NODE_NONE)
		return -ENOSPC;
	node = &nodes->node[index];
	*node = (struct cgroup_node){.path = strdup(path), .hash = hash_path(path), .wd = wd};
	if (!node->path) {
		give_free(nodes, index);
		return -ENOMEM;
	}
	node->parent = (uint16_t)(parent == NODE_NONE ? NODE_ROOT : parent);
	if (parent != NODE_NONE) {
		node->depth = (uint8_t)(nodes->node[parent].depth + 1);
		nodes->node[parent].children++;
	}
	slot_insert(nodes->by_path, home_by_path(node), index);
	slot_insert(nodes->by_wd, home_by_wd(node), index);
	nodes->used++;
	return index;
}

void cgroup_nodes_drop_wd(struct cgroup_nodes *nodes, int index)
{
	if (nodes->node[index].wd < 0)
		return;
	slot_remove(nodes, nodes->by_wd, home_by_wd, index);
	nodes->node[index].wd = -1;
}

void cgroup_nodes_remove(struct cgroup_nodes *nodes, int index)
{
	struct cgroup_node *node = &nodes->node[index];

	cgroup_nodes_drop_wd(nodes, index);
	slot_remove(nodes, nodes->by_path, home_by_path, index);
	if (index != NODE_ROOT)
		nodes->node[node->parent].children--;
	free(node->path);
	give_free(nodes, index);
	nodes->used--;
}

int cgroup_nodes_by_path(const struct cgroup_nodes *nodes, const char *path)
{
	uint32_t hash = hash_path(path);

	for (uint32_t at = hash & SLOT_MASK; nodes->by_path[at]; at = (at + 1) & SLOT_MASK) {
		int index = nodes->by_path[at] - 1;
		const struct cgroup_node *node = &nodes->node[index];

		if (node->hash == hash && strcmp(node->path, path) == 0)
			return index;
	}
	return NODE_NONE;
}

int cgroup_nodes_by_wd(const struct cgroup_nodes *nodes, int32_t wd)
{
	for (uint32_t at = hash_wd(wd) & SLOT_MASK; nodes->by_wd[at]; at = (at + 1) & SLOT_MASK)
		if (nodes->node[nodes->by_wd[at] - 1].wd == wd)
			return nodes->by_wd[at] - 1;
	return NODE_NONE;
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len > tail && strcmp(s + len - tail, suffix) == 0;
}

bool cgroup_node_is_owned(const struct cgroup_node *node)
{
	struct cgroup_identity identity;

	if (node->within || ends_with(node->path, ".service") || ends_with(node->path, ".scope"))
		return true;
	cgroup_classify(node->path, &identity); /* Docker's cgroupfs driver: docker/<id> */
	return cgroup_is_container(&identity);
}
