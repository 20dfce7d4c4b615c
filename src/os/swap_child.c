/*
 * swap_child: fork, a deadline, and an end that is always seen.
 *
 * swapoff(2) makes its caller the first that the OOM killer takes (mm/swapfile.c:
 * set_current_oom_origin), whatever its oom_score_adj, and reads pages back for minutes. So the
 * caller is a child that owns nothing: no memory lock (not inherited), no descriptor that somebody
 * waits on.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "deadline.h"
#include "guardian/fs.h"
#include "swap_child.h"

enum {
	LOOK_MS = 100,        /* at the deadline and at GO_ON */
	OLD_KERNEL_FDS = 1024 /* closed one by one where close_range(2) is not known (Linux 5.9) */
};

/* ---- in the child: async-signal-safe functions alone ---- */

static void close_range_of(unsigned int first, unsigned int last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (unsigned int fd = first; fd <= last && fd < OLD_KERNEL_FDS; fd++)
		close((int)fd);
}

static void close_others(int keep_fd)
{
	if (keep_fd > 0)
		close_range_of(0, (unsigned int)keep_fd - 1);
	close_range_of((unsigned int)keep_fd + 1, UINT_MAX);
}

/* The first to be killed. -> 0 or an errno. */
static int become_expendable(void)
{
	static const char most[] = "1000\n";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (write(fd, most, sizeof(most) - 1) < 0)
		return errno;
	close(fd);
	return 0;
}

static _Noreturn void be_child(const struct swap_child *c, pid_t parent)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(ECHILD);
	close_others(c->keep_fd);
	err = become_expendable();
	_exit(err ? err : c->body(c->arg));
}

/* ---- in the parent ---- */

/* Signals wait, so that no handler of the parent runs in the child. */
static pid_t start(const struct swap_child *c)
{
	sigset_t all, before;
	pid_t parent = getpid(), pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		be_child(c, parent);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* Until it ends, or it is time to look again. */
static void rest(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0 || poll(&p, 1, LOOK_MS) < 0)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0,
			&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
}

/* -> 0: it has ended, STATUS is waitpid's. -ETIMEDOUT, -ECANCELED: it runs on. -ECHILD: lost. */
static int wait_for(pid_t pid, const struct swap_off_how *how, uint64_t until_us, int *status)
{
	_cleanup_fd_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (deadline_left_us(until_us) == 0)
			return -ETIMEDOUT;
		if (how->go_on && !how->go_on(how->userdata))
			return -ECANCELED;
		rest(pidfd);
	}
}

static void kill_and_wait(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

int swap_child_run(const struct swap_child *child, int *killed_by)
{
	uint64_t until_us = deadline_after(child->how->deadline_us);
	pid_t pid = start(child);
	int err, status = 0;

	*killed_by = 0;
	if (pid < 0)
		return pid;
	err = wait_for(pid, child->how, until_us, &status);
	if (err == -ETIMEDOUT || err == -ECANCELED)
		kill_and_wait(pid);
	if (err < 0)
		return err;
	if (WIFEXITED(status))
		return -WEXITSTATUS(status);
	*killed_by = WTERMSIG(status);
	return -EINTR;
}
