/*
 * cgroup_room: lowering memory.max without a kill.
 *
 * memory.max below the usage makes the kernel reclaim inside the write, in 16 tries, and then kill
 * until it fits (60 MB of anonymous memory under 20 MB: dead in 19 ms). So what no reclaim can take
 * is read at the last moment, and 1.1 times that must fit. Then memory.reclaim (Linux 5.19) takes
 * the rest down in steps of 32 MiB: each is short, each can be the last one, and larger ones have
 * stalled kernels.
 */
#include <errno.h>
#include <stddef.h>

#include "cgroup_room.h"
#include "cgroup_text.h"
#include "cgroup_write.h"
#include "deadline.h"
#include "guardian/fs.h"

#define STEP_BYTES (32ULL << 20)

enum { STAT_SIZE = 16 << 10 }; /* memory.stat is 2 kB on 6.x */

int cgroup_room_unreclaimable(int fd, uint64_t *bytes)
{
	char text[STAT_SIZE];
	ssize_t n = fs_read(fd, "memory.stat", text, sizeof(text));

	if (n < 0)
		return (int)n;
	return cgroup_text_unreclaimable(text, (size_t)n, bytes) ? 0 : -ENODATA;
}

/* One step towards NEW_MAX. true: it took some, look again. */
static bool reclaim_step(int fd, uint64_t new_max, struct cgroup_outcome *out)
{
	uint64_t current, after, step;
	int err;

	if (cgroup_read_value(fd, "memory.current", &current) < 0 || current <= new_max)
		return false;
	step = current - new_max < STEP_BYTES ? current - new_max : STEP_BYTES;
	err = cgroup_write_file(fd, "memory.reclaim", step);
	if (cgroup_read_value(fd, "memory.current", &after) < 0 || after >= current)
		return false;
	out->reclaimed_bytes += current - after;
	/* EAGAIN: that was all there is. A kernel without the file leaves it to the write of
	 * memory.max. */
	return err == 0;
}

static int check_room(int fd, uint64_t new_max, bool force, struct cgroup_outcome *out)
{
	uint64_t bytes = 0;
	int err = cgroup_room_unreclaimable(fd, &bytes);

	out->unreclaimable_bytes = bytes;
	if (force)
		return 0;
	if (err < 0)
		return err;
	/* new_max < 1.1 x bytes, without an overflow. */
	return new_max < bytes || new_max - bytes < bytes / 10 ? -EBUSY : 0;
}

static bool lowers_max(const struct limit_set *live, const struct limit_set *set)
{
	if (!limit_has(set, LIMIT_MAX) || set->value[LIMIT_MAX] == LIMIT_UNLIMITED)
		return false;
	return !limit_has(live, LIMIT_MAX) || set->value[LIMIT_MAX] < live->value[LIMIT_MAX];
}

int cgroup_room_make(int fd, const struct limit_set *set, const struct cgroup_how *how,
	struct cgroup_outcome *out)
{
	uint64_t until_us = deadline_after(how->deadline_us);
	uint64_t new_max = set->value[LIMIT_MAX];
	bool more = true;
	int err;

	if (!lowers_max(&out->live, set))
		return 0;
	err = check_room(fd, new_max, how->force, out);
	if (err < 0)
		return err;
	while (more && deadline_left_us(until_us) > 0)
		more = reclaim_step(fd, new_max, out);
	/* That may have taken seconds, and the service went on allocating. */
	return check_room(fd, new_max, how->force, out);
}
