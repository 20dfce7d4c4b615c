/*
 * container_birth: see the header. runc's processes call themselves "runc:[2:INIT]" and the like
 * until they become the container's program.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "guardian/clock.h"
#include "guardian/container_birth.h"
#include "guardian/fs.h"

#include "stream_procs.h"

enum {
	LOOK_AGAIN_US = 20 * 1000,
	COMM_SIZE = 16 + 1, /* TASK_COMM_LEN, and a newline */
};

struct search {
	int rootfd;
	bool found;
};

static bool look_at(void *userdata, uint32_t pid)
{
	static const char runc[] = "runc";
	struct search *search = userdata;
	char path[32], comm[COMM_SIZE];

	(void)snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	search->found = fs_read(search->rootfd, path, comm, sizeof(comm)) > 0 &&
			strncmp(comm, runc, sizeof(runc) - 1) == 0;
	return !search->found;
}

bool container_is_starting(int rootfd, int cgfd, const char *path)
{
	_cleanup_fd_ int dirfd = fs_open_dir(cgfd, path);
	struct search search = {.rootfd = rootfd};

	if (dirfd >= 0)
		(void)stream_procs_each(dirfd, look_at, &search);
	return search.found;
}

void container_await_start(int rootfd, int cgfd, const char *path, uint64_t timeout_us)
{
	const struct timespec pause = {.tv_nsec = LOOK_AGAIN_US * 1000L};
	uint64_t end_us = clock_now_us(CLOCK_BOOTTIME) + timeout_us;

	while (container_is_starting(rootfd, cgfd, path) && clock_now_us(CLOCK_BOOTTIME) < end_us)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}
