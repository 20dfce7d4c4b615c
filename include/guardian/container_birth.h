/*
 * container_birth: whether a container's cgroup still belongs to the runtime that makes it.
 *
 * Between making the scope and starting the container's program, runc sets up the cgroup, its
 * device rules among it: it asks which BPF program is attached and replaces that one. A
 * SetUnitProperties in between lets systemd attach its own anew, runc's replacement fails with
 * "can't attach program: no such file or directory", and with it the whole `docker run`
 * (opencontainers/runc#3604 is of the same kind). So a unit is not spoken of until its container's
 * own program runs.
 */
#ifndef GUARDIAN_CONTAINER_BIRTH_H
#define GUARDIAN_CONTAINER_BIRTH_H

#include <stdbool.h>

/* PATH below CGFD has no process yet, or holds one that is runc's (by its comm), as /proc below
 * ROOTFD shows it. What cannot be read is nobody's. */
bool container_is_starting(int rootfd, int cgfd, const char *path);

#endif
