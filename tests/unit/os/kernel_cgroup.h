/*
 * kernel_cgroup: a cgroup of this host's own v2 tree, for what no plain folder does. The memory
 * controller is not needed (nor there, on this project's test machines).
 */
#ifndef GUARDIAN_TESTS_KERNEL_CGROUP_H
#define GUARDIAN_TESTS_KERNEL_CGROUP_H

#include "temp_tree.h"

/* An empty cgroup as a tree; the test is skipped where none can be made. */
struct temp_tree kernel_cgroup_make(void);
void kernel_cgroup_remove(struct temp_tree *tree); /* must be empty again */

/* A child process that sits in the cgroup PATH of TREE until it is let go. -> its pid */
int kernel_cgroup_enter(const struct temp_tree *tree, const char *path);
void kernel_cgroup_leave(int pid);

#endif
