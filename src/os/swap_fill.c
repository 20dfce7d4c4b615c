/*
 * swap_fill: fallocate(2), and zeros where that is not enough.
 *
 * Both go in strides: before each it is seen that the reserve stays free, since others write to the
 * same disk meanwhile, and the daemon may ask to stop. Zeros are synced and dropped from the cache
 * a stride at a time: on a host that is short of memory two gigabytes of dirty pages would be the
 * very trouble that swap is to prevent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/swap_fs.h"
#include "swap_extents.h"
#include "swap_fill.h"
#include "swap_why.h"

enum {
	BLOCK_BYTES = 512, /* of st_blocks */
	ZEROS_BYTES = 1 << 20,
	/* Below a tenth of guardiand.service's MemoryMax=: from there on the kernel throttles
	 * whoever dirties pages (balance_dirty_pages), to a third of what the disk could do. */
	ZERO_STRIDE_BYTES = 4 << 20,
	ALLOCATE_STRIDE_BYTES = 256 << 20,
};

/* A way to fill. */
struct method {
	enum swap_phase phase;
	uint64_t stride_bytes;
	int (*one)(int fd, const char *zeros, uint64_t at, uint64_t len); /* one stride */
};

static void put_lack(
	const struct swap_fill *fill, uint64_t needed, uint64_t free, struct text_out *why)
{
	text_put(why, fill->path);
	text_put(why, " needs ");
	text_put_size(why, needed);
	text_put(why, needed < fill->how->size_bytes ? " more and " : " and ");
	text_put_size(why, fill->how->reserve_bytes);
	text_put(why, " must stay free, but only ");
	text_put_size(why, free);
	text_put(why, " are free there");
}

/* Is there room for what is not allocated yet, so that the reserve stays free? */
static int check_room(const struct swap_fill *fill, struct text_out *why)
{
	uint64_t allocated, needed, reserve = fill->how->reserve_bytes;
	struct swap_fs fs = {0};
	struct stat st;
	int err = fstat(fill->fd, &st) < 0 ? -errno : swap_fs_look(fill->fd, &fs);

	if (err < 0)
		return swap_why_failed(why, err, "see what is free for", fill->path);
	allocated = (uint64_t)st.st_blocks * BLOCK_BYTES;
	needed = fill->how->size_bytes > allocated ? fill->how->size_bytes - allocated : 0;
	if (fs.free_bytes >= needed && fs.free_bytes - needed >= reserve)
		return 0;
	put_lack(fill, needed, fs.free_bytes, why);
	return -ENOSPC;
}

static int allocate(int fd, const char *zeros, uint64_t at, uint64_t len)
{
	int r;

	(void)zeros;
	do
		r = fallocate(fd, 0, (off_t)at, (off_t)len);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int write_zeros(int fd, const char *zeros, uint64_t at, uint64_t len)
{
	for (uint64_t end = at + len, left; at < end;) {
		ssize_t n;

		left = end - at;
		n = pwrite(fd, zeros, left < ZEROS_BYTES ? left : ZEROS_BYTES, (off_t)at);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n > 0 ? (uint64_t)n : 0;
	}
	/* Space that was only promised is missed here, and not in swapon. */
	if (fdatasync(fd) < 0)
		return -errno;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

static const struct method by_allocation = {SWAP_ALLOCATING, ALLOCATE_STRIDE_BYTES, allocate};
static const struct method by_zeros = {SWAP_ZEROING, ZERO_STRIDE_BYTES, write_zeros};

static int run(const struct swap_fill *fill, const struct method *method, const char *zeros,
	uint64_t from, struct text_out *why)
{
	const struct swap_how *how = fill->how;

	for (uint64_t at = from, len; at < how->size_bytes; at += len) {
		int err = check_room(fill, why);

		if (err < 0)
			return err;
		if (how->progress &&
			!how->progress(how->userdata, method->phase, at, how->size_bytes))
			return swap_why(why, -ECANCELED, "asked to stop");
		len = how->size_bytes - at;
		if (len > method->stride_bytes)
			len = method->stride_bytes;
		err = method->one(fill->fd, zeros, at, len);
		if (err == -EOPNOTSUPP)
			return err;
		if (err < 0)
			return swap_why_failed(why, err, "get space for", fill->path);
	}
	return 0;
}

/* -> enum swap_extents, or -errno. */
static int look(const struct swap_fill *fill, struct text_out *why)
{
	int found = swap_extents_look(fill->fd, fill->how->size_bytes);

	if (found < 0)
		return swap_why_failed(why, found, "see the extents of", fill->path);
	return found;
}

/* From the start, so that holes that the file has already are filled too. The same results. */
static int allocate_all(const struct swap_fill *fill, struct text_out *why)
{
	int err = run(fill, &by_allocation, NULL, 0, why);

	if (err == -EOPNOTSUPP)
		return SWAP_EXTENTS_HOLES;
	return err < 0 ? err : look(fill, why);
}

/* The zeros are only read, so that they are the kernel's one page of them, also in a process that
 * locks its memory. The same results. */
static int zero_all(const struct swap_fill *fill, struct text_out *why)
{
	void *zeros = mmap(NULL, ZEROS_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (zeros == MAP_FAILED)
		return swap_why_failed(why, -errno, "get memory to write", fill->path);
	err = run(fill, &by_zeros, zeros, fill->from_bytes, why);
	munmap(zeros, ZEROS_BYTES);
	return err < 0 ? err : look(fill, why);
}

int swap_fill(const struct swap_fill *fill, struct text_out *why)
{
	int found = fill->how->zeros ? SWAP_EXTENTS_HOLES : allocate_all(fill, why);

	if (found == SWAP_EXTENTS_HOLES)
		found = zero_all(fill, why);
	if (found == SWAP_EXTENTS_HOLES)
		return swap_why(why, -EOPNOTSUPP, fill->path,
			" has holes even after all of it was written, or shares its blocks");
	return found < 0 ? found : check_room(fill, why);
}
