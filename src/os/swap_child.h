/*
 * swap_child: one system call in a child that is worth less than its parent. Private to os.
 */
#ifndef GUARDIAN_OS_SWAP_CHILD_H
#define GUARDIAN_OS_SWAP_CHILD_H

#include "guardian/swap_on.h"

struct swap_child {
	/* Async-signal-safe functions alone: other threads of the parent may have held any lock. ->
	 * 0 or an errno. */
	int (*body)(const char *arg);
	const char *arg;
	int keep_fd; /* the only descriptor it has */
	const struct swap_off_how *how;
};

/*
 * Forks and runs the body, with an oom_score_adj of 1000; it dies with its parent.
 *
 * -> what the body gave, negative. -ETIMEDOUT, -ECANCELED: killed, as HOW says. -EINTR: a signal
 * ended it, *KILLED_BY (else 0). -EAGAIN, -ENOMEM: no child. It has been waited for in all cases.
 */
int swap_child_run(const struct swap_child *child, int *killed_by);

#endif
