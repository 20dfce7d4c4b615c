/*
 * swap_fs_kind: the verdict on each kind of file system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/magic.h>

#include "guardian/swap_fs_kind.h"

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
		struct swap_fs_kind fs = swap_fs_kind(expected[i].magic);

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
	struct swap_fs_kind fs = swap_fs_kind(0x12345678);

	(void)state;
	assert_int_equal(fs.verdict, SWAP_FS_UNKNOWN);
	assert_null(fs.name);
	assert_int_equal(fs.magic, 0x12345678);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(an_unknown_one_is_neither_good_nor_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
