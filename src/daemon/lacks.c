/*
 * lacks: see the header. A thing counts as there when its file is: whether it also works shows when
 * it is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "guardian/group.h"
#include "guardian/lacks.h"
#include "guardian/vm_knobs.h"

static bool exists(int dirfd, const char *path)
{
	while (*path == '/')
		path++;
	return faccessat(dirfd, path, F_OK, 0) == 0;
}

/* The root cgroup has no memory.* limits; system.slice is there on every host that has systemd. */
static bool has_no_swap_limits(int cgfd)
{
	return exists(cgfd, "system.slice/memory.max") &&
	       !exists(cgfd, "system.slice/memory.swap.max");
}

uint32_t lacks_find(
	int rootfd, int cgfd, const struct policy *policy, const struct host_sample *host)
{
	uint32_t lacks = 0, on, gid;

	if (cgfd < 0)
		lacks |= LACK_CGROUP2;
	else if (has_no_swap_limits(cgfd))
		lacks |= LACK_SWAP_ACCOUNT;
	if (!(host->valid & HOST_PSI_MEMORY))
		lacks |= LACK_PSI;
	if (!exists(rootfd, policy->docker.socket))
		lacks |= LACK_DOCKER;
	if (!exists(rootfd, "run/systemd/system"))
		lacks |= LACK_SYSTEMD;
	if (geteuid() != 0)
		lacks |= LACK_ROOT;
	/* Switched off it is as good as not there. */
	if (policy->swap.zswap == SWITCH_ON && vm_knob_read(rootfd, VM_ZSWAP, &on) == -ENOENT)
		lacks |= LACK_ZSWAP;
	if (policy->streams.max > 0 && group_find(rootfd, policy->streams.group, &gid) == -ENOENT)
		lacks |= LACK_STREAM_GROUP;
	return lacks;
}
