/*
 * swap_fs: the verdict on each kind of file system, the sentence of a refusal, and the figures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "guardian/swap_fs.h"

static void verdicts(void **state)
{
	static const struct {
		uint32_t magic;
		enum swap_fs_verdict verdict;
		const char *name;
	} expected[] = {
		{EXT4_SUPER_MAGIC, SWAP_FS_OK, "ext4"},
		{XFS_SUPER_MAGIC, SWAP_FS_OK, "xfs"},
		{BTRFS_SUPER_MAGIC, SWAP_FS_OK, "btrfs"},
		{F2FS_SUPER_MAGIC, SWAP_FS_OK, "f2fs"},
		{TMPFS_MAGIC, SWAP_FS_REFUSED, "tmpfs"},
		{RAMFS_MAGIC, SWAP_FS_REFUSED, "ramfs"},
		{OVERLAYFS_SUPER_MAGIC, SWAP_FS_REFUSED, "overlayfs"},
		{NFS_SUPER_MAGIC, SWAP_FS_REFUSED, "nfs"},
		{CIFS_SUPER_MAGIC, SWAP_FS_REFUSED, "cifs"},
		{V9FS_MAGIC, SWAP_FS_REFUSED, "9p"},
		{FUSE_SUPER_MAGIC, SWAP_FS_REFUSED, "fuse"},
		{MSDOS_SUPER_MAGIC, SWAP_FS_REFUSED, "vfat"},
		{0x2fc12fc1, SWAP_FS_REFUSED, "zfs"},
		{0xca451a4e, SWAP_FS_REFUSED, "bcachefs"},
		{SQUASHFS_MAGIC, SWAP_FS_REFUSED, "squashfs"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct swap_fs fs = swap_fs_judge(expected[i].magic);

		assert_int_equal(fs.verdict, expected[i].verdict);
		assert_string_equal(fs.name, expected[i].name);
		assert_int_equal(fs.magic, expected[i].magic);
		if (fs.verdict == SWAP_FS_REFUSED)
			assert_non_null(fs.reason);
	}
}

/* It may be tried: swapon(2) has the last word. */
static void an_unknown_one_is_neither_good_nor_bad(void **state)
{
	struct swap_fs fs = swap_fs_judge(0x12345678);

	(void)state;
	assert_int_equal(fs.verdict, SWAP_FS_UNKNOWN);
	assert_null(fs.name);
	assert_int_equal(fs.magic, 0x12345678);
}

static void assert_refusal(uint32_t magic, const char *path, const char *sentence)
{
	struct swap_fs fs = swap_fs_judge(magic);
	struct text_out out;
	char words[256];

	text_out_init(&out, words, sizeof(words));
	swap_fs_put_refusal(&out, &fs, path);
	assert_string_equal(words, sentence);
}

static void refusals_name_the_reason(void **state)
{
	(void)state;
	assert_refusal(TMPFS_MAGIC, "/swapfile",
		"/swapfile lies on tmpfs, which keeps its files in memory");
	assert_refusal(NFS_SUPER_MAGIC, "/mnt/swap",
		"/mnt/swap lies on nfs, which keeps its files on another machine");
	assert_refusal(0x12345678, "/swap", "/swap lies on an unknown file system");
}

static void the_figures_are_those_of_df(void **state)
{
	int fd = open("/", O_PATH | O_CLOEXEC);
	struct statvfs st;
	struct swap_fs fs;
	uint64_t free_bytes;

	(void)state;
	assert_int_equal(fstatvfs(fd, &st), 0);
	assert_int_equal(swap_fs_look(fd, &fs), 0);
	assert_int_equal(fs.total_bytes, st.f_blocks * st.f_frsize);
	free_bytes = st.f_bavail * st.f_frsize; /* others write meanwhile */
	assert_true(fs.free_bytes < free_bytes + (1ULL << 30));
	assert_true(fs.free_bytes + (1ULL << 30) > free_bytes);
	close(fd);
}

static void the_live_ones(void **state)
{
	int proc = open("/proc", O_PATH | O_CLOEXEC), shm = open("/dev/shm", O_PATH | O_CLOEXEC);
	struct swap_fs fs;

	(void)state;
	assert_int_equal(swap_fs_look(proc, &fs), 0);
	assert_int_equal(fs.verdict, SWAP_FS_REFUSED);
	assert_string_equal(fs.name, "proc");
	assert_int_equal(swap_fs_look(-1, &fs), -EBADF);
	assert_int_equal(fs.verdict, SWAP_FS_UNKNOWN);
	close(proc);
	if (swap_fs_look(shm, &fs) < 0 || fs.magic != TMPFS_MAGIC)
		skip();
	assert_int_equal(fs.verdict, SWAP_FS_REFUSED);
	close(shm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(an_unknown_one_is_neither_good_nor_bad),
		cmocka_unit_test(refusals_name_the_reason),
		cmocka_unit_test(the_figures_are_those_of_df),
		cmocka_unit_test(the_live_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
