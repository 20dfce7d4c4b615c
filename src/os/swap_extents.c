/*
 * swap_extents: the number of blocks first, because a sparse file tells itself so at once; then the
 * map of extents, because the blocks of the map itself and those behind the end count as the file's
 * own. Where a file system has no map, lseek(2) knows its holes.
 */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swap_extents.h"

enum {
	EXTENTS_AT_ONCE = 64,
	BLOCK_BYTES = 512, /* of st_blocks, whatever the file system's are */
};

static const uint32_t REFUSED = FIEMAP_EXTENT_SHARED | FIEMAP_EXTENT_DATA_INLINE |
				FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_ENCODED;

struct map {
	struct fiemap head;
	struct fiemap_extent extent[EXTENTS_AT_ONCE];
};

static int next_extents(int fd, uint64_t from, uint64_t size_bytes, struct map *map)
{
	memset(&map->head, 0, sizeof(map->head));
	map->head.fm_start = from;
	map->head.fm_length = size_bytes - from;
	map->head.fm_extent_count = EXTENTS_AT_ONCE;
	return ioctl(fd, FS_IOC_FIEMAP, &map->head) < 0 ? -errno : 0;
}

/* How far the file is whole from FROM on, by the extents in MAP. */
static uint64_t whole_up_to(const struct map *map, uint64_t from)
{
	for (uint32_t i = 0; i < map->head.fm_mapped_extents && i < EXTENTS_AT_ONCE; i++) {
		const struct fiemap_extent *extent = &map->extent[i];

		if (extent->fe_logical > from || extent->fe_flags & REFUSED)
			break;
		from = extent->fe_logical + extent->fe_length;
	}
	return from;
}

static int check_map(int fd, uint64_t size_bytes)
{
	struct map map;
	uint64_t from = 0;

	while (from < size_bytes) {
		int r = next_extents(fd, from, size_bytes, &map);
		uint64_t whole;

		if (r < 0)
			return r;
		whole = whole_up_to(&map, from);
		if (whole <= from)
			return SWAP_EXTENTS_HOLES;
		from = whole;
	}
	return SWAP_EXTENTS_WHOLE;
}

static int check_seek(int fd, uint64_t size_bytes)
{
	off_t hole = lseek(fd, 0, SEEK_HOLE);

	if (hole < 0)
		return -errno;
	return (uint64_t)hole < size_bytes ? SWAP_EXTENTS_HOLES : SWAP_EXTENTS_WHOLE;
}

int swap_extents_look(int fd, uint64_t size_bytes)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < size_bytes || (uint64_t)st.st_blocks * BLOCK_BYTES < size_bytes)
		return SWAP_EXTENTS_HOLES;
	r = check_map(fd, size_bytes);
	return r == -EOPNOTSUPP || r == -ENOTTY ? check_seek(fd, size_bytes) : r;
}
