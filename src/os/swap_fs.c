/*
 * swap_fs: statfs(2), and what the table of file systems says of the answer.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/vfs.h>

#include "guardian/swap_fs.h"
#include "guardian/swap_fs_kind.h"

int swap_fs_look(int fd, struct swap_fs *out)
{
	struct swap_fs_kind kind;
	struct statfs st;
	uint64_t block_bytes;

	*out = (struct swap_fs){0};
	if (fstatfs(fd, &st) < 0)
		return -errno;
	kind = swap_fs_kind((uint32_t)st.f_type);
	*out = (struct swap_fs){.verdict = kind.verdict,
		.magic = kind.magic,
		.name = kind.name,
		.reason = kind.reason};
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
