/*
 * cgroup_room: may memory.max be lowered, and if so, making way for it. Private to os.
 */
#ifndef GUARDIAN_OS_CGROUP_ROOM_H
#define GUARDIAN_OS_CGROUP_ROOM_H

#include "guardian/cgroup_set.h"

/* What no reclaim takes of the cgroup FD. -> 0; -ENODATA: not known, which is not zero; -errno. */
int cgroup_room_unreclaimable(int fd, uint64_t *bytes);

/* OUT->live is filled; unreclaimable_bytes and reclaimed_bytes are filled here. -> 0: go on.
 * -EBUSY: it would kill. Another errno: it cannot be known. */
int cgroup_room_make(int fd, const struct limit_set *set, const struct cgroup_how *how,
	struct cgroup_outcome *out);

#endif
