/*
 * swap_on: the two system calls, and sentences for the little they say.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/swap.h>

#include "guardian/fs.h"
#include "guardian/swap_fs.h"
#include "guardian/swap_on.h"
#include "swap_child.h"
#include "swap_place.h"
#include "swap_why.h"

static const char *const state_words[SWAP_FILE_STATES] = {
	[SWAP_FILE_NO_HEADER] = " has no swap header",
	[SWAP_FILE_HOLES] = " has holes, or shares its blocks: swap cannot lie there",
	[SWAP_FILE_WRONG_HEADER] = " has a swap header of another size, version or page size",
	[SWAP_FILE_UNREADABLE] = " cannot be read",
};

static int check_file(
	const struct swap_target *target, const struct swap_file *file, struct text_out *why)
{
	if (!file->owner_ok || !file->mode_ok)
		return swap_why(why, -EPERM, target->path,
			" is not root's alone: owner root and mode 0600 are needed");
	if (state_words[file->state])
		return swap_why(why, -EINVAL, target->path, state_words[file->state]);
	return 0;
}

/* The kernel has said EINVAL to a file that looks right. */
static void put_refused(int fd, const struct swap_target *target, struct text_out *why)
{
	struct swap_fs fs;

	swap_why(why, 0, "the kernel does not take ", target->path, " as swap");
	if (swap_fs_look(fd, &fs) < 0)
		return;
	text_put(why, ", which lies on ");
	text_put(why, fs.name ? fs.name : "a file system that is not known to carry any");
	if (fs.reason)
		swap_why(why, 0, "; ", fs.reason);
}

static int put_failure(int fd, const struct swap_target *target, int err, struct text_out *why)
{
	if (err == -EINVAL)
		put_refused(fd, target, why);
	else if (err == -EPERM)
		swap_why(why, 0, "swapon of ", target->path,
			" is not permitted: CAP_SYS_ADMIN or SystemCallFilter=@swap is missing, or "
			"there are too many swap areas");
	else
		swap_why_failed(why, err, "switch on", target->path);
	return err;
}

int swap_on(const struct swap_target *target, int32_t priority, struct text_out *why)
{
	char self[SWAP_FD_PATH_SIZE];
	struct swap_file file;
	struct stat st;
	_cleanup_fd_ int fd = swap_place_file(target, O_RDONLY, &st, why);
	int err, flags = 0;

	if (fd < 0)
		return fd;
	swap_file_look_at(fd, &st, target->page_bytes, &file);
	err = check_file(target, &file, why);
	if (err < 0)
		return err;
	if (priority >= 0)
		flags = SWAP_FLAG_PREFER |
			((priority << SWAP_FLAG_PRIO_SHIFT) & SWAP_FLAG_PRIO_MASK);
	swap_place_fd_path(fd, self);
	if (swapon(self, flags) == 0)
		return 0;
	/* A file can be busy in no other way than that it is on already. */
	return errno == EBUSY ? SWAP_ALREADY : put_failure(fd, target, -errno, why);
}

static int switch_off(const char *path)
{
	return swapoff(path) < 0 ? errno : 0;
}

/* "could not switch off /swapfile: ...", or why it ended otherwise. */
static int put_unfinished(const struct swap_target *target, int err, int killed_by,
	uint64_t deadline_us, struct text_out *why)
{
	if (err == -ECANCELED)
		return swap_why(why, err, "swapoff of ", target->path, " was stopped");
	if (killed_by == SIGKILL)
		return swap_why(why, -ENOMEM, "the kernel killed swapoff of ", target->path,
			" for want of memory");
	if (err != -ETIMEDOUT)
		return swap_why_failed(why, err, "switch off", target->path);
	swap_why(why, err, "swapoff of ", target->path, " was not done in ");
	text_put_duration(why, deadline_us);
	return swap_why(why, err, ", and stopped");
}

int swap_off(const struct swap_target *target, const struct swap_off_how *how, struct text_out *why)
{
	char self[SWAP_FD_PATH_SIZE];
	struct stat st;
	_cleanup_fd_ int fd = swap_place_file(target, O_RDONLY, &st, why);
	int err, killed_by;

	if (fd < 0)
		return fd;
	swap_place_fd_path(fd, self);
	err = swap_child_run(
		&(struct swap_child){.body = switch_off, .arg = self, .keep_fd = fd, .how = how},
		&killed_by);
	/* EINVAL: none of the areas is this file. */
	if (err == 0 || err == -EINVAL)
		return err == 0 ? 0 : SWAP_ALREADY;
	return put_unfinished(target, err, killed_by, how->deadline_us, why);
}
