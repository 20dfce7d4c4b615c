/*
 * container_birth: see the header. runc's processes call themselves "runc:[2:INIT]" and the like
 * until they become the container's program.
 */
#include <stdio.h>
#include <string.h>

#include "guardian/container_birth.h"
#include "guardian/fs.h"

#include "cgroup_text.h"
#include "stream_procs.h"

enum {
	COMM_SIZE = 16 + 1, /* TASK_COMM_LEN, and a newline */
	EVENTS_SIZE = 128,
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

static bool is_empty(int dirfd)
{
	struct member_sample m = {.populated = true};
	char text[EVENTS_SIZE];
	ssize_t n = fs_read(dirfd, "cgroup.events", text, sizeof(text));

	return n > 0 && cgroup_text_populated(text, (size_t)n, &m) && !m.populated;
}

bool container_is_starting(int rootfd, int cgfd, const char *path)
{
	_cleanup_fd_ int dirfd = fs_open_dir(cgfd, path);
	struct search search = {.rootfd = rootfd};

	if (dirfd < 0)
		return false;
	if (is_empty(dirfd))
		return true;
	(void)stream_procs_each(dirfd, look_at, &search);
	return search.found;
}
