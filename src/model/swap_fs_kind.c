/*
 * swap_fs_kind: the table of file systems.
 *
 * What is not in the table may be tried: swapon(2) has the last word there.
 */
#include <linux/magic.h>
#include <stddef.h>

#include "guardian/swap_fs_kind.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char IN_MEMORY[] = "keeps its files in memory";
static const char ELSEWHERE[] = "keeps its files on another machine";
static const char READ_ONLY[] = "is read-only";
static const char NO_MODE[] = "knows no owner and no mode, so that anybody could read the swap";
static const char LAYERED[] = "is a layer above another file system; swapon(2) refuses it";
static const char USERSPACE[] = "is served by a process that may itself be swapped out";

/* Those without a name in linux/magic.h, from their own headers. */
enum {
	MAGIC_ZFS = 0x2fc12fc1,
	MAGIC_NTFS = 0x5346544e,
	MAGIC_NTFS3 = 0x7366746e,
	MAGIC_UBIFS = 0x24051905,
	MAGIC_AUFS = 0x61756673,
};
#define MAGIC_BCACHEFS 0xca451a4eU

static const struct swap_fs_kind table[] = {
	{"ext4", NULL, EXT4_SUPER_MAGIC, SWAP_FS_OK},
	{"xfs", NULL, XFS_SUPER_MAGIC, SWAP_FS_OK},
	{"btrfs",
		"it takes a swap file only if that has no copy on write (NOCOW, set while it was "
		"empty), lies on a single device, and no snapshot holds its subvolume",
		BTRFS_SUPER_MAGIC, SWAP_FS_OK},
	{"f2fs", NULL, F2FS_SUPER_MAGIC, SWAP_FS_OK},
	{"tmpfs", IN_MEMORY, TMPFS_MAGIC, SWAP_FS_REFUSED},
	{"ramfs", IN_MEMORY, RAMFS_MAGIC, SWAP_FS_REFUSED},
	{"hugetlbfs", IN_MEMORY, HUGETLBFS_MAGIC, SWAP_FS_REFUSED},
	{"overlayfs", LAYERED, OVERLAYFS_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"aufs", LAYERED, MAGIC_AUFS, SWAP_FS_REFUSED},
	{"ecryptfs", LAYERED, ECRYPTFS_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"nfs", ELSEWHERE, NFS_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"smb", ELSEWHERE, SMB_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"smb", ELSEWHERE, SMB2_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"cifs", ELSEWHERE, CIFS_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"ceph", ELSEWHERE, CEPH_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"afs", ELSEWHERE, AFS_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"afs", ELSEWHERE, AFS_FS_MAGIC, SWAP_FS_REFUSED},
	{"9p", ELSEWHERE, V9FS_MAGIC, SWAP_FS_REFUSED},
	{"fuse", USERSPACE, FUSE_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"vfat", NO_MODE, MSDOS_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"exfat", NO_MODE, EXFAT_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"ntfs", NO_MODE, MAGIC_NTFS, SWAP_FS_REFUSED},
	{"ntfs", NO_MODE, MAGIC_NTFS3, SWAP_FS_REFUSED},
	{"zfs", "needs memory of its own to write, and hangs without", MAGIC_ZFS, SWAP_FS_REFUSED},
	{"bcachefs", "cannot carry swap files", MAGIC_BCACHEFS, SWAP_FS_REFUSED},
	{"ubifs", "lies on raw flash, which swapping wears out", MAGIC_UBIFS, SWAP_FS_REFUSED},
	{"jffs2", "lies on raw flash, which swapping wears out", JFFS2_SUPER_MAGIC,
		SWAP_FS_REFUSED},
	{"squashfs", READ_ONLY, SQUASHFS_MAGIC, SWAP_FS_REFUSED},
	{"erofs", READ_ONLY, EROFS_SUPER_MAGIC_V1, SWAP_FS_REFUSED},
	{"iso9660", READ_ONLY, ISOFS_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"cramfs", READ_ONLY, CRAMFS_MAGIC, SWAP_FS_REFUSED},
	{"proc", "holds no files of one's own", PROC_SUPER_MAGIC, SWAP_FS_REFUSED},
	{"sysfs", "holds no files of one's own", SYSFS_MAGIC, SWAP_FS_REFUSED},
};

struct swap_fs_kind swap_fs_kind(uint32_t magic)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].magic == magic)
			return table[i];
	return (struct swap_fs_kind){.magic = magic, .verdict = SWAP_FS_UNKNOWN};
}
