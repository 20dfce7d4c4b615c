/*
 * fault: runs a scenario failing its 1st call, its 2nd, its 3rd ... until a run passes in which
 * nothing was left to fail.
 *
 * The calls are those of the program and of the libraries it is linked with (inject.c stands
 * before libc), so a library's failing allocation is tried too. After each run: the error must
 * have come back, and no descriptor may have leaked; leaked memory shows under `make
 * check-sanitize`. The loop, and not the author, finds the paths.
 *
 *	static int replace(void *arg) { return fs_replace(arg...); }
 *	FOR_EACH_FAULT(replace, .arg = &it, .check = old_or_new);
 */
#ifndef TEST_FAULT_H
#define TEST_FAULT_H

#include <stdbool.h>

/* Which calls may fail. close and unlink are not among them: they clean up. */
enum fault_group {
	FAULT_OPEN = 1 << 0,   /* open, openat, fdopendir, dup */
	FAULT_READ = 1 << 1,   /* read, pread, recv, recvmsg */
	FAULT_WRITE = 1 << 2,  /* write, pwrite, send, sendmsg, ftruncate */
	FAULT_NAME = 1 << 3,   /* rename, mkdir, chmod, stat, access */
	FAULT_MEMORY = 1 << 4, /* malloc, calloc, realloc, mmap */
	FAULT_SOCKET = 1 << 5, /* socket, connect, setsockopt */
	FAULT_WATCH = 1 << 6,  /* inotify, epoll, eventfd, timerfd, poll */
	FAULT_THREAD = 1 << 7, /* pthread_create */
	FAULT_DISK = 1 << 8,   /* fallocate, fsync, fdatasync, linkat, fchown, ioctl, getrandom */
	FAULT_CHILD = 1 << 9,  /* fork */
	FAULT_LOCK = 1 << 10,  /* fcntl: descriptions' locks, F_SETFD, F_DUPFD */
	FAULT_ALL = (1 << 11) - 1,
};

struct fault_scenario {
	const char *name;
	int (*run)(void *arg); /* -> negative errno, or anything else when it succeeded */
	/* Before and after each run, with no fault armed; may be NULL. */
	void (*prepare)(void *arg);
	void (*check)(void *arg, int status);
	void *arg;
	unsigned int groups; /* 0: FAULT_ALL */
	int error;           /* errno to fail with; 0: what is usual for the call */
	bool tolerates;      /* a failed call may be made up for: success is no mistake then */
};

/* Runs it under cmocka: a wrong run is a failed assertion that names the call and its number. */
void fault_run(const struct fault_scenario *scenario);
#define FOR_EACH_FAULT(function, ...)                                                              \
	fault_run(&(const struct fault_scenario){.name = #function, .run = (function), __VA_ARGS__})

/* For a loop of one's own: fail call number NTH (from 1) of GROUPS; then ask whether that came to
 * pass, and where. */
void fault_arm(unsigned long nth, unsigned int groups, int error);
bool fault_disarm(const char **call, int *error);
unsigned int fault_count_fds(void);

#endif
