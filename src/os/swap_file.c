/*
 * swap_file: the look before each step, and the one repair that needs no swapoff.
 *
 * The kernel checks neither mode nor owner of a swap file: whoever may read it, reads
 * every process's memory. It does check extents and header, but answers EINVAL to all; so they are
 * looked at here, and what is wrong gets a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_file.h"
#include "guardian/swap_header.h"
#include "swap_extents.h"
#include "swap_place.h"
#include "swap_why.h"

enum { MODE = 0600, MODE_BITS = 07777 };

static enum swap_file_state state_of(int fd, uint32_t page_bytes, struct swap_file *out)
{
	struct swap_header header;
	int found, err = swap_header_read(fd, &header, page_bytes);

	if (err == -EPROTO)
		return SWAP_FILE_WRONG_HEADER;
	if (err < 0)
		return err == -EBADMSG || err == -EBUSY ? SWAP_FILE_NO_HEADER
							: SWAP_FILE_UNREADABLE;
	out->header_bytes = header.size_bytes;
	out->labelled = strcmp(header.label, SWAP_LABEL) == 0;
	if (header.size_bytes > out->size_bytes)
		return SWAP_FILE_WRONG_HEADER;
	found = swap_extents_look(fd, header.size_bytes);
	if (found < 0)
		return SWAP_FILE_UNREADABLE;
	return found == SWAP_EXTENTS_WHOLE ? SWAP_FILE_USABLE : SWAP_FILE_HOLES;
}

static void put_stat(const struct stat *st, struct swap_file *out)
{
	out->inode = st->st_ino;
	out->mode = st->st_mode & MODE_BITS;
	out->uid = st->st_uid;
	out->mode_ok = out->mode == MODE;
	out->owner_ok = st->st_uid == 0;
	out->size_bytes = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
}

void swap_file_look_at(int fd, const struct stat *st, uint32_t page_bytes, struct swap_file *out)
{
	*out = (struct swap_file){0};
	put_stat(st, out);
	out->state = (uint8_t)state_of(fd, page_bytes, out);
}

void swap_file_look(const struct swap_target *target, struct swap_file *out)
{
	struct stat st;
	struct text_out nobody;
	_cleanup_fd_ int fd = -1;

	text_out_init(&nobody, NULL, 0);
	fd = swap_place_file(target, O_RDONLY, &st, &nobody);
	*out = (struct swap_file){.state = fd == -ENOENT ? SWAP_FILE_ABSENT : SWAP_FILE_UNREADABLE};
	if (fd == -EINVAL && st.st_mode != 0 && !S_ISREG(st.st_mode)) {
		put_stat(&st, out);
		out->state = SWAP_FILE_NOT_REGULAR;
	}
	if (fd >= 0)
		swap_file_look_at(fd, &st, target->page_bytes, out);
}

int swap_file_mend(const struct swap_target *target, struct text_out *why)
{
	struct swap_header header;
	struct stat st;
	_cleanup_fd_ int fd = swap_place_file(target, O_RDONLY, &st, why);

	if (fd < 0)
		return fd;
	if (swap_header_read(fd, &header, target->page_bytes) < 0)
		return swap_why(why, -EINVAL, target->path, " is not a swap file: left as it is");
	/* The owner first: an owner that is not root could change the mode again. */
	if ((st.st_uid != 0 || st.st_gid != 0) && fchown(fd, 0, 0) < 0)
		return swap_why_failed(why, -errno, "change the owner of", target->path);
	if (fchmod(fd, MODE) < 0)
		return swap_why_failed(why, -errno, "change the mode of", target->path);
	return 0;
}
