/*
 * The inside of the lanes: what their jobs do, for lanes.c. Private to daemon.
 */
#ifndef SRC_DAEMON_LANE_JOBS_H
#define SRC_DAEMON_LANE_JOBS_H

#include "guardian/lanes.h"
#include "guardian/units.h"

#include "lane_swap.h"

/* What the jobs of one lane work with; its thread's own while a job runs. */
struct lane_tools {
	enum lane lane;
	int rootfd, cgfd; /* borrowed; cgfd -1: no cgroup v2 */
	uint32_t page_bytes;
	struct policy_docker docker; /* as it was when the job was taken */
	struct units units;          /* LANE_HOLD */
	struct swap_lane *swap;      /* LANE_SWAP */
};

void lane_tools_init(struct lane_tools *tools, enum lane lane, int rootfd, int cgfd);
void lane_tools_close(struct lane_tools *tools);

/* Does JOB and fills its answer. -> 0 or -errno; -EINPROGRESS: not yet, do it again soon. Blocking.
 */
int lane_job_run(struct lane_tools *tools, struct job *job);

#endif
