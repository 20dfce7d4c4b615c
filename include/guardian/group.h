/*
 * group: a group's number, out of /etc/group of a tree. Not getgrnam(3): that may ask a directory
 * server, and wait for it; and it knows the host's groups only.
 */
#ifndef GUARDIAN_GROUP_H
#define GUARDIAN_GROUP_H

#include <stdint.h>

/* NAME may be a number. -> 0; -ENOENT: there is no such group; -errno: the file cannot be read. */
int group_find(int rootfd, const char *name, uint32_t *gid);

#endif
