/*
 * swap_fs: the table of file systems, and statfs(2).
 *
 * What is not in the table may be tried: swapon(2) has the last word there.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stddef.h>
#include <sys/vfs.h>

#include "guardian/swap_fs.h"

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

static const struct {
	const char *name, *reason;
	uint32_t magic;
	uint8_t verdict;
} table[] = {
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

struct swap_fs swap_fs_judge(uint32_t magic)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		if (table[i].magic == magic)
			return (struct swap_fs){.verdict = table[i].verdict,
				.magic = magic,
				.name = table[i].name,
				.reason = table[i].reason};
	}
	return (struct swap_fs){.verdict = SWAP_FS_UNKNOWN, .magic = magic};
}

int swap_fs_look(int fd, struct swap_fs *out)
{
	struct statfs st;
	uint64_t block_bytes;

	*out = (struct swap_fs){0};
	if (fstatfs(fd, &st) < 0)
		return -errno;
	*out = swap_fs_judge((uint32_t)st.f_type);
	block_bytes = (uint64_t)(st.f_frsize > 0 ? st.f_frsize : st.f_bsize);
	out->free_bytes = st.f_bavail * block_bytes;
	out->total_bytes = st.f_blocks * block_bytes;
	return 0;
}

void swap_fs_put_refusal(struct text_out *out, const struct swap_fs *fs, const char *path)
{
	text_put(out, path);
	text_put(out, " lies on ");
	text_put(out, fs->name ? fs->name : "an unknown file system");
	text_put(out, fs->reason ? ", which " : "");
	text_put(out, fs->reason ? fs->reason : "");
}
