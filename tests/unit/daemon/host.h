/*
 * host: a small machine in a temporary folder, to be looked at with --root: proc, sys/fs/cgroup and
 * Docker's files, written in place as the kernel would, so that held descriptors see it.
 *
 * A plain file keeps the tail of a longer value that a shorter one is written over
 * (fs_write_value() does not truncate, the kernel's files have no length), so values here never get
 * shorter.
 */
#ifndef TESTS_DAEMON_HOST_H
#define TESTS_DAEMON_HOST_H

#include <stdint.h>
#include <stdio.h>

#include "../os/temp_tree.h"
#include "guardian/docker.h"

enum { HOST_PATH_SIZE = 512 };

struct host {
	struct temp_tree tree;
	int cgfd;
};

/* proc, an empty cgroup tree with system.slice, Docker's folder. */
void host_make(struct host *h);
/* The same in TREE, which is to be empty. */
void host_make_in(struct host *h, struct temp_tree tree);
void host_remove(struct host *h);

/* Writes a file below the root in place; it and its folders are made as needed. */
__attribute__((format(printf, 3, 4))) void host_put(
	const struct host *h, const char *path, const char *format, ...);
/* -> what stands in it, without its newline, in a static buffer; NULL when there is no such file.
 */
const char *host_get(const struct host *h, const char *path);
void host_rmtree(const struct host *h, const char *path);

/* A cgroup below sys/fs/cgroup with the memory controller's files, nothing limited. */
void host_group(const struct host *h, const char *cgroup);
void host_group_remove(const struct host *h, const char *cgroup);
/* "sys/fs/cgroup/CGROUP/FILE" */
__attribute__((format(printf, 4, 5))) void host_set(
	const struct host *h, const char *cgroup, const char *file, const char *format, ...);
const char *host_value(const struct host *h, const char *cgroup, const char *file);
/* memory.current and memory.stat of it. */
void host_use(const struct host *h, const char *cgroup, uint64_t anon_bytes, uint64_t file_bytes);
void host_kills(const struct host *h, const char *cgroup, unsigned kills);
uint64_t host_inode(const struct host *h, const char *cgroup);

/* The id of the N-th container, and its cgroup with the systemd driver; static, eight of each. */
const char *host_id(unsigned n);
const char *host_scope(unsigned n);
/* Docker's files of the N-th container, and its cgroup. PROJECT may be NULL. */
void host_docker_files(const struct host *h, unsigned n, const char *name, const char *project,
	const char *service);
void host_container(const struct host *h, unsigned n, const char *name);

/* All names, modes and contents below the root, run/guardian excepted, as one number. */
uint64_t host_digest(const struct host *h);

#endif
