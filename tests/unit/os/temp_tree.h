/*
 * temp_tree: a copy of a fixture, or an empty folder, for a test to edit; gone when the test ends.
 */
#ifndef GUARDIAN_TESTS_TEMP_TREE_H
#define GUARDIAN_TESTS_TEMP_TREE_H

#include <stdbool.h>

struct temp_tree {
	char path[128];
	int fd; /* of the folder */
};

/* A cmocka setup would hide the fixture's name: tests call these. FIXTURE is a folder of
 * tests/fixtures, or NULL. */
struct temp_tree temp_tree_make(const char *fixture);
/* An empty one in FOLDER, where memory will not do. */
struct temp_tree temp_tree_make_in(const char *folder);
void temp_tree_remove(struct temp_tree *tree);

/* All paths are relative to the tree; a missing folder of a written file is made. Failures end the
 * test. */
void temp_tree_write(const struct temp_tree *tree, const char *path, const char *text);
void temp_tree_mkdir(const struct temp_tree *tree, const char *path); /* with its parents */
void temp_tree_rmdir(const struct temp_tree *tree, const char *path);
void temp_tree_unlink(const struct temp_tree *tree, const char *path);

/* Open descriptors of this process. */
int open_descriptors(void);

#endif
