/*
 * stream_signal: see the header.
 *
 * First the process is held by a pidfd, then it is looked at, then the signal goes through the
 * pidfd. What ends in between takes its signal along into nothing; what has taken over its number
 * is not what the pidfd is of. So there is no moment at which a signal could reach another.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/stream_signal.h"
#include "stream_process.h"
#include "stream_procs.h"

struct sought {
	uint32_t pid;
	bool found;
};

static bool compare(void *userdata, uint32_t pid)
{
	struct sought *sought = userdata;

	sought->found |= pid == sought->pid;
	return !sought->found;
}

/* -> 0, -ESRCH, -ESTALE, -errno */
static int look_again(
	const struct stream_target *target, int procfd, const struct stream_process *process)
{
	_cleanup_fd_ int dirfd = process_open(procfd, process->pid);
	struct sought sought = {.pid = process->pid};
	struct process_stat stat;
	uint64_t inode = 0;
	int r = dirfd < 0 ? dirfd : process_stat_read(dirfd, &stat);

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (stat.start_ticks != process->start_ticks || strcmp(stat.comm, target->command) != 0)
		return -ESTALE;
	r = fs_inode(target->cgroup_dirfd, &inode);
	if (r == 0 && inode != process->member_inode)
		r = -ESTALE;
	if (r == 0)
		r = stream_procs_each(target->cgroup_dirfd, compare, &sought);
	if (r < 0)
		return r;
	return sought.found ? 0 : -ESTALE;
}

/* glibc has these since 2.36, and Amazon Linux 2023 has 2.34. */
static int open_pidfd(uint32_t pid)
{
	long fd = syscall(SYS_pidfd_open, (pid_t)pid, 0U);

	return fd < 0 ? -errno : (int)fd;
}

static int send_through(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U) < 0 ? -errno : 0;
}

int stream_signal(const struct stream_target *target, int procfd,
	const struct stream_process *process, int signal)
{
	_cleanup_fd_ int pidfd = -1;
	int r;

	/* 0 and below would be a group or all; 1 is the host's first process. */
	if (process->pid < 2 || process->pid > INT32_MAX || process->pid == (uint32_t)getpid())
		return -EINVAL;
	pidfd = open_pidfd(process->pid);
	if (pidfd < 0)
		return pidfd;
	r = look_again(target, procfd, process);
	return r < 0 ? r : send_through(pidfd, signal);
}
