/*
 * descriptors: see the header.
 */
#include <sys/resource.h>

#include "guardian/descriptors.h"
#include "guardian/snapshot.h"

enum {
	OF_MEMBER = 18, /* the files of a cgroup_reader and its folder */
	OF_THE_REST = 256,
	WANTED = SNAPSHOT_MEMBERS_MAX * OF_MEMBER + OF_THE_REST,
};

void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < WANTED ? limit.rlim_max : WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
