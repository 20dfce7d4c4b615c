/*
 * cgroup_write: one value to one file of a cgroup, by libcgroup or by one write(2). Private to
 * cgroup_set.c.
 */
#ifndef GUARDIAN_OS_CGROUP_WRITE_H
#define GUARDIAN_OS_CGROUP_WRITE_H

#include "guardian/cgroup_set.h"

int cgroup_write_init(void);

/* FD is TARGET's folder, opened and identified. BACKEND tells who wrote. */
int cgroup_write_value(const struct cgroup_target *target, int fd, const char *file, uint64_t value,
	uint8_t *backend);

/* By write(2) alone: memory.reclaim is an order and not a value. */
int cgroup_write_file(int fd, const char *file, uint64_t value);

/* A number, or "max" -> LIMIT_UNLIMITED. */
int cgroup_read_value(int fd, const char *file, uint64_t *value);

#endif
