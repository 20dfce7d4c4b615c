/*
 * roster_ancestors: the cgroups above members. Each is held by as many members as stand below it,
 * directly or not, and has a place in the snapshot for as long; a child names its parent, so there
 * are no gaps upward.
 */
#include <string.h>

#include "guardian/text.h"
#include "roster_ancestors.h"

struct roster_ancestor *roster_ancestor_by_inode(struct roster *r, uint64_t inode)
{
	for (int i = 0; i < SNAPSHOT_ANCESTORS_MAX; i++)
		if (r->ancestor[i].members && r->ancestor[i].inode == inode)
			return &r->ancestor[i];
	return NULL;
}

static int16_t ancestor_by_path(const struct roster *r, const char *path)
{
	for (int16_t i = 0; i < SNAPSHOT_ANCESTORS_MAX; i++)
		if (r->ancestor[i].members && strcmp(r->ancestor[i].path, path) == 0)
			return i;
	return -1;
}

bool roster_is_ancestor(const struct roster *r, const char *path)
{
	return ancestor_by_path(r, path) >= 0;
}

static int16_t ancestor_open(struct roster *r, const char *path, int16_t parent)
{
	for (int16_t i = 0; i < SNAPSHOT_ANCESTORS_MAX; i++) {
		struct roster_ancestor *a = &r->ancestor[i];

		if (a->members)
			continue;
		memset(a, 0, sizeof(*a));
		if (ancestor_reader_open(&a->reader, r->cgfd, path) < 0)
			return -1;
		(void)text_copy(a->path, sizeof(a->path), path, strlen(path));
		cgroup_classify(path, &a->identity);
		a->inode = a->reader.inode;
		a->parent = parent;
		if (i >= r->snap->n_ancestors)
			r->snap->n_ancestors = (uint16_t)(i + 1);
		if (r->tree)
			(void)cgroup_tree_watch_files(r->tree, path, true);
		return i;
	}
	return -1;
}

int16_t roster_ancestors_hold(struct roster *r, const char *path)
{
	char above[CGROUP_PATH_SIZE];
	int16_t nearest = -1;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int16_t i;

		(void)text_copy(above, sizeof(above), path, (size_t)(slash - path));
		i = ancestor_by_path(r, above);
		if (i < 0)
			i = ancestor_open(r, above, nearest);
		if (i < 0)
			break;
		r->ancestor[i].members++;
		nearest = i;
	}
	return nearest;
}

void roster_ancestors_release(struct roster *r, int16_t i)
{
	for (; i >= 0; i = r->ancestor[i].parent) {
		struct roster_ancestor *a = &r->ancestor[i];

		if (--a->members > 0)
			continue;
		ancestor_reader_close(&a->reader);
		roster_unwatch(r, a->path);
		r->snap->ancestor[i] = (struct ancestor_sample){.parent = -1};
	}
	while (r->snap->n_ancestors > 0 && !r->ancestor[r->snap->n_ancestors - 1].members)
		r->snap->n_ancestors--;
}

void roster_ancestors_sample(struct roster *r)
{
	struct snapshot *s = r->snap;

	for (uint16_t i = 0; i < s->n_ancestors; i++) {
		struct roster_ancestor *a = &r->ancestor[i];

		if (!a->members)
			continue;
		(void)ancestor_reader_sample(&a->reader, &s->ancestor[i]);
		s->ancestor[i].parent = a->parent;
		s->ancestor[i].has_unit = a->identity.unit[0] != '\0';
	}
}
