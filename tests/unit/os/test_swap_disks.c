/*
 * Swap files on real file systems in small images: full disks, other ways of allocating, NOCOW. All
 * but swapon(2), which is the guest's. The mounts are in a namespace of their own and end with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_fs.h"
#include "guardian/swap_make.h"
#include "swap_scene.h"

#define IMAGE_BYTES (400 * MIB) /* xfs and btrfs want some hundred; it is sparse */

static char folder[] = "/tmp/guardian-disks-XXXXXX";

/* Runs a command of the shell in the folder. */
static bool run(const char *first, const char *second, const char *third)
{
	char arguments[400], said[1000];

	(void)snprintf(arguments, sizeof(arguments), "-c 'cd %s && %s%s %s || echo FAILED'", folder,
		first, second, third);
	if (!swap_scene_tool(said, sizeof(said), "sh", arguments))
		return false;
	if (!strstr(said, "FAILED"))
		return true;
	print_message("# %s%s %s: %s", first, second, third, said);
	return false;
}

static int start(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	(void)umount2(folder, MNT_DETACH);
	return run("umount -l */ 2>/dev/null; rm -rf ", folder, "") ? 0 : -1;
}

static uint64_t free_bytes(const struct swap_scene *s)
{
	struct swap_fs fs;

	assert_int_equal(swap_fs_look(s->fd, &fs), 0);
	return fs.free_bytes;
}

/* The disk called KIND, mounted; the test is skipped where that cannot be made. */
static struct swap_scene disk(const char *kind, const char *options)
{
	char path[128], image[128];
	struct swap_scene s;
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_message("# no mounts here\n");
		skip();
	}
	(void)snprintf(path, sizeof(path), "%s/%s", folder, kind);
	(void)snprintf(image, sizeof(image), "%s/%s.img", folder, kind);
	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, IMAGE_BYTES), 0);
	close(fd);
	if (!run("mkfs.", options, image) || !run("mount -o loop ", image, path)) {
		assert_int_equal(rmdir(path), 0);
		skip();
	}
	s = swap_scene_in(path);
	assert_true(free_bytes(&s) < IMAGE_BYTES); /* it is filled: so it must be no disk of ours */
	return s;
}

static void leave(struct swap_scene *s)
{
	char image[sizeof(s->path) + 4];

	fs_close(&s->fd);
	assert_int_equal(umount2(s->path, 0), 0);
	assert_int_equal(rmdir(s->path), 0);
	(void)snprintf(image, sizeof(image), "%s.img", s->path);
	assert_int_equal(unlink(image), 0);
}

static void assert_size(const struct swap_scene *s, uint64_t size_bytes)
{
	struct swap_file f = swap_scene_look(s);

	assert_int_equal(f.state, SWAP_FILE_USABLE);
	assert_int_equal(f.size_bytes, size_bytes);
	assert_int_equal(f.header_bytes, size_bytes);
}

/* Somebody else fills the disk at the first stride after the look. */
static bool fill_disk(void *userdata, enum swap_phase phase, uint64_t done, uint64_t total)
{
	static char block[MIB];
	struct swap_scene *s = userdata;
	int fd;

	(void)done;
	(void)total;
	fd = phase == SWAP_SYNCING
		     ? -1
		     : openat(s->fd, "hog", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return true;
	if (fallocate(fd, 0, 0, (off_t)(free_bytes(s) - 30 * MIB)) < 0)
		while (free_bytes(s) > 30 * MIB)
			assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	assert_int_equal(fsync(fd), 0);
	close(fd);
	return true;
}

/* Gone, and its room free again: btrfs and xfs do that later. */
static void drop(struct swap_scene *s, const char *name)
{
	assert_int_equal(unlinkat(s->fd, name, 0), 0);
	for (int i = 0; i < 300 && (i == 0 || free_bytes(s) < 180 * MIB); i++) {
		assert_int_equal(syncfs(s->fd), 0);
		nanosleep(&(struct timespec){.tv_nsec = i ? 50000000 : 0}, NULL);
	}
}

/* Out of space half-way, by somebody else's doing. */
static void out_of_space(struct swap_scene *s)
{
	struct swap_how how = {.size_bytes = 100 * MIB, .progress = fill_disk, .userdata = s};

	for (int zeros = 0; zeros <= 1; zeros++) {
		how.zeros = zeros;
		assert_int_equal(swap_make(&s->target, &how, swap_scene_why(s)), -ENOSPC);
		drop(s, "hog");
		assert_int_equal(swap_scene_count(s), 0);
		swap_scene_make(s, 8 * MIB);
		assert_int_equal(swap_resize(&s->target, &how, swap_scene_why(s)), -ENOSPC);
		assert_size(s, 8 * MIB);
		drop(s, "hog");
		drop(s, "swapfile");
	}
}

static void reserve(struct swap_scene *s)
{
	uint64_t free_before = free_bytes(s);
	struct swap_how how = {.size_bytes = 64 * MIB, .reserve_bytes = free_before - 63 * MIB};

	assert_int_equal(swap_make(&s->target, &how, swap_scene_why(s)), -ENOSPC);
	swap_scene_assert_said(s, "/swapfile needs 64 MiB and ");
	how.reserve_bytes = free_before - 80 * MIB;
	assert_int_equal(swap_make(&s->target, &how, swap_scene_why(s)), 0);
	assert_true(free_bytes(s) >= how.reserve_bytes);
	drop(s, "swapfile");
}

static void all_sizes(struct swap_scene *s)
{
	static const uint64_t sizes[] = {40 * MIB, 12 * MIB, 33 * MIB};

	swap_scene_make(s, 20 * MIB);
	for (int zeros = 0; zeros <= 1; zeros++) {
		for (size_t i = 0; i < 3; i++) {
			struct swap_how how = {.size_bytes = sizes[i], .zeros = zeros};

			assert_int_equal(swap_resize(&s->target, &how, swap_scene_why(s)), 0);
			assert_size(s, sizes[i]);
		}
	}
	drop(s, "swapfile");
}

static void everything(const char *kind, const char *options)
{
	struct swap_scene s = disk(kind, options);

	reserve(&s); /* first: what is freed comes back late on xfs */
	all_sizes(&s);
	out_of_space(&s);
	leave(&s);
}

static void on_ext4(void **state)
{
	(void)state;
	everything("ext4", "ext4 -q -m 1");
}

/* No fallocate: zeros. */
static void on_ext2(void **state)
{
	(void)state;
	everything("ext2", "ext2 -q");
}

static void on_xfs(void **state)
{
	(void)state;
	everything("xfs", "xfs -q");
}

static void on_btrfs(void **state)
{
	(void)state;
	everything("btrfs", "btrfs -q");
}

static bool has_flag(const struct swap_scene *s, const char *path, int flag)
{
	_cleanup_fd_ int fd = openat(s->fd, path, O_RDONLY | O_CLOEXEC);
	int flags = 0;

	assert_int_equal(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	return flags & flag;
}

/* swapon(2) wants NOCOW; also in a folder whose files are compressed, which excludes NOCOW. */
static void nocow_on_btrfs(void **state)
{
	struct swap_scene s = disk("btrfs", "btrfs -q");
	int compressed = FS_COMPR_FL, fd;

	(void)state;
	swap_scene_make(&s, 16 * MIB);
	assert_true(has_flag(&s, "swapfile", FS_NOCOW_FL));
	assert_int_equal(mkdirat(s.fd, "small", 0755), 0);
	fd = openat(s.fd, "small", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &compressed), 0);
	close(fd);
	s.target.path = "/small/swapfile";
	swap_scene_make(&s, 16 * MIB);
	assert_true(has_flag(&s, "small/swapfile", FS_NOCOW_FL));
	assert_false(has_flag(&s, "small/swapfile", FS_COMPR_FL));
	leave(&s);
}

/* A file that shares its blocks with another: swap would write into both. */
static void shared_blocks(void **state)
{
	struct swap_scene s = disk("xfs", "xfs -q");
	int fd, copy;

	(void)state;
	swap_scene_make(&s, 16 * MIB);
	fd = openat(s.fd, "swapfile", O_RDONLY | O_CLOEXEC);
	copy = openat(s.fd, "copy", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ioctl(copy, FICLONE, fd), 0);
	assert_int_equal(swap_scene_look(&s).state, SWAP_FILE_HOLES);
	close(copy);
	close(fd);
	leave(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_ext4),
		cmocka_unit_test(on_ext2),
		cmocka_unit_test(on_xfs),
		cmocka_unit_test(on_btrfs),
		cmocka_unit_test(nocow_on_btrfs),
		cmocka_unit_test(shared_blocks),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
