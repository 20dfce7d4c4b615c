/*
 * A folder in place of cgroupfs, its tree, and what the tree tells of it.
 */
#ifndef TESTS_TREE_SCENE_H
#define TESTS_TREE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "guardian/cgroup.h"
#include "guardian/cgroup_tree.h"
#include "temp_tree.h"

struct story {
	char text[2048]; /* "+a +a/b -a/b ~a:memory.max", as far as it fits */
	int appeared, vanished, modified;
	struct cgroup_tree *tree;
	const struct temp_tree *folder;
	const char *make;  /* made inside the next directory that appears: the race of a listing */
	const char *watch; /* its files are watched as soon as it appears */
};

static inline void tell(struct story *story, char sign, const char *path, const char *file)
{
	size_t len = strlen(story->text);

	(void)snprintf(story->text + len, sizeof(story->text) - len, "%s%c%s%s%s", len ? " " : "",
		sign, path, file ? ":" : "", file ? file : "");
}

static inline void on_appeared(void *userdata, const char *path)
{
	struct story *story = userdata;

	tell(story, '+', path, NULL);
	story->appeared++;
	if (story->make) {
		char child[CGROUP_PATH_SIZE + 64];

		(void)snprintf(child, sizeof(child), "%s/%s", path, story->make);
		story->make = NULL;
		temp_tree_mkdir(story->folder, child);
	}
	if (story->watch && strcmp(path, story->watch) == 0)
		assert_int_equal(cgroup_tree_watch_files(story->tree, path, true), 0);
}

static inline void on_vanished(void *userdata, const char *path)
{
	struct story *story = userdata;

	tell(story, '-', path, NULL);
	story->vanished++;
}

static inline void on_modified(void *userdata, const char *path, const char *file)
{
	struct story *story = userdata;

	tell(story, '~', path, file);
	story->modified++;
}

static const struct cgroup_tree_ops ops = {on_appeared, on_vanished, on_modified};

struct scene {
	struct temp_tree folder;
	struct story story;
	struct cgroup_tree *tree;
};

static inline int open_tree(struct scene *s)
{
	s->story = (struct story){.folder = &s->folder};
	return cgroup_tree_open(&s->tree, s->folder.fd, &ops, &s->story);
}

static inline void begin(struct scene *s, const char *const *dirs)
{
	*s = (struct scene){.folder = temp_tree_make(NULL)};
	for (; dirs && *dirs; dirs++)
		temp_tree_mkdir(&s->folder, *dirs);
	assert_int_equal(open_tree(s), 0);
	s->story.tree = s->tree;
}

static inline void end(struct scene *s)
{
	s->tree = cgroup_tree_close(s->tree);
	assert_null(s->tree);
	temp_tree_remove(&s->folder);
}

/* Dispatches all, and tells the story since the last time. */
static inline const char *happened(struct scene *s)
{
	s->story.text[0] = '\0';
	assert_int_equal(cgroup_tree_dispatch(s->tree, &ops, &s->story), 0);
	return s->story.text;
}

/* Watches that the kernel holds for this tree. */
static inline int watches(const struct cgroup_tree *tree)
{
	char path[64], line[512];
	FILE *f;
	int n = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", cgroup_tree_fd(tree));
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strncmp(line, "inotify ", 8) == 0;
	(void)fclose(f);
	return n;
}

#define DIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
