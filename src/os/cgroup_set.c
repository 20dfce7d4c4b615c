/*
 * cgroup_set: writes memory limits to a cgroup, one value at a time, and reads them back.
 *
 * Order inside a set: swap may be needed as the place where a lowered memory.max pushes pages to,
 * so a swap limit is raised before memory.max changes and lowered after it. The rest does not
 * depend on each other.
 *
 * The two back ends are in cgroup_write.c, the careful lowering in cgroup_room.c.
 */
#include <errno.h>
#include <string.h>

#include "cgroup_room.h"
#include "cgroup_write.h"
#include "guardian/cgroup_set.h"
#include "guardian/fs.h"

int cgroup_set_init(void)
{
	return cgroup_write_init();
}

static int check_identity(int fd, uint64_t inode)
{
	uint64_t found;
	int err = fs_inode(fd, &found);

	if (err < 0)
		return err;
	return found == inode ? 0 : -ESTALE;
}

/* -> a descriptor of the cgroup's folder, and of none but the one that is meant. */
static int open_target(const struct cgroup_target *target)
{
	int fd, err;

	if (target->path[strspn(target->path, "/")] == '\0')
		return -EINVAL;
	fd = fs_open_dir(target->cgfd, target->path);
	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	err = check_identity(fd, target->inode);
	if (err < 0)
		fs_close(&fd);
	return err < 0 ? err : fd;
}

static int check_values(const struct limit_set *set)
{
	if (limit_has(set, LIMIT_MAX) && set->value[LIMIT_MAX] < LIMIT_FLOOR_BYTES)
		return -ERANGE;
	if (limit_has(set, LIMIT_OOM_GROUP) && set->value[LIMIT_OOM_GROUP] > 1)
		return -EINVAL;
	return 0;
}

/* Those of the four files that there are: without swap accounting there is no memory.swap.max. */
static void read_live(int fd, struct limit_set *live)
{
	*live = (struct limit_set){0};
	for (int kind = 0; kind < LIMIT_COUNT; kind++) {
		uint64_t value;

		if (cgroup_read_value(fd, limit_file((enum limit_kind)kind), &value) == 0)
			limit_put(live, (enum limit_kind)kind, value);
	}
}

static bool is_there(const struct limit_set *live, const struct limit_set *set,
	enum limit_kind kind, uint32_t page_bytes)
{
	return limit_has(live, kind) &&
	       limit_same(kind, set->value[kind], live->value[kind], page_bytes);
}

/* Writes KIND of SET when it is wanted and differs. -> 0, or -errno. */
static int write_one(const struct cgroup_target *target, int fd, const struct limit_set *set,
	enum limit_kind kind, uint32_t page_bytes, struct cgroup_outcome *out)
{
	int err;

	if (!limit_has(set, kind) || is_there(&out->live, set, kind, page_bytes))
		return 0;
	err = cgroup_write_value(target, fd, limit_file(kind), set->value[kind], &out->backend);
	if (err < 0)
		out->failed |= 1U << kind;
	else
		out->written |= 1U << kind;
	return err;
}

static bool raises_swap(const struct limit_set *live, const struct limit_set *set)
{
	return limit_has(set, LIMIT_SWAP_MAX) && limit_has(live, LIMIT_SWAP_MAX) &&
	       set->value[LIMIT_SWAP_MAX] > live->value[LIMIT_SWAP_MAX];
}

/* -> 0, or the first error. */
static int write_all(const struct cgroup_target *target, int fd, const struct limit_set *set,
	uint32_t page_bytes, struct cgroup_outcome *out)
{
	static const enum limit_kind SWAP_FIRST[] = {
		LIMIT_SWAP_MAX, LIMIT_MAX, LIMIT_LOW, LIMIT_OOM_GROUP};
	static const enum limit_kind SWAP_LAST[] = {
		LIMIT_MAX, LIMIT_SWAP_MAX, LIMIT_LOW, LIMIT_OOM_GROUP};
	const enum limit_kind *order = raises_swap(&out->live, set) ? SWAP_FIRST : SWAP_LAST;
	int first = 0;

	for (int i = 0; i < LIMIT_COUNT; i++) {
		int err = write_one(target, fd, set, order[i], page_bytes, out);

		if (err < 0 && first == 0)
			first = err;
	}
	return first;
}

/* Common beginning of both doors. -> the folder's descriptor, and OUT->live as it is. */
static int begin(const struct cgroup_target *target, const struct limit_set *set,
	const struct cgroup_how *how, struct cgroup_outcome *out)
{
	int fd, err;

	*out = (struct cgroup_outcome){0};
	err = check_values(set);
	if (err < 0)
		return err;
	fd = open_target(target);
	if (fd < 0)
		return fd;
	read_live(fd, &out->live);
	err = cgroup_room_make(fd, set, how, out);
	if (err < 0)
		fs_close(&fd);
	return err < 0 ? err : fd;
}

int cgroup_set_make_way(const struct cgroup_target *target, const struct limit_set *set,
	const struct cgroup_how *how, struct cgroup_outcome *out)
{
	_cleanup_fd_ int fd = begin(target, set, how, out);

	return fd < 0 ? fd : 0;
}

int cgroup_set_limits(const struct cgroup_target *target, const struct limit_set *set,
	const struct cgroup_how *how, struct cgroup_outcome *out)
{
	_cleanup_fd_ int fd = begin(target, set, how, out);
	int err;

	if (fd < 0)
		return fd;
	err = write_all(target, fd, set, how->page_bytes, out);
	read_live(fd, &out->live);
	return err;
}
