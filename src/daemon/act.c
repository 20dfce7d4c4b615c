/*
 * act: from an action of the plan to a job for a lane.
 *
 * Identity first: the plan speaks of an inode, and only a cgroup that is on the roster under this
 * inode is acted on. The lane looks at it again right before it writes.
 *
 * Swap files and settings of the kernel are the host's: a file is found by the policy's path, a
 * setting by its name.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "guardian/act.h"
#include "guardian/stream_signal.h"
#include "guardian/swaps.h"

/* What the action is about: a member, or a cgroup above one. */
struct subject {
	const char *path;
	const struct cgroup_identity *identity;
	const struct docker_container *container; /* or NULL */
};

static int find_subject(struct roster *roster, const struct action *action, struct subject *out)
{
	const struct roster_entry *entry;
	const struct roster_ancestor *above;

	if (action->kind == ACT_RESERVE) {
		above = roster_ancestor_by_inode(roster, action->inode);
		if (!above)
			return -ENOENT;
		*out = (struct subject){.path = above->path, .identity = &above->identity};
		return 0;
	}
	entry = roster_by_inode(roster, action->inode);
	if (!entry || !entry->member)
		return -ENOENT;
	*out = (struct subject){.path = entry->path,
		.identity = &entry->identity,
		.container = entry->naming == NAMING_KNOWN ? &entry->container : NULL};
	return 0;
}

static void fill_job(
	struct job *job, const struct action *action, const struct subject *subject, bool units)
{
	memset(job, 0, sizeof(*job));
	job->kind = action->kind == ACT_PERSIST ? JOB_PERSIST : JOB_HOLD;
	job->ticket = action->ticket;
	job->inode = action->inode;
	job->force = action->force;
	job->set = action->set;
	job->has_unit = units && subject->identity->unit[0];
	memcpy(job->path, subject->path, strlen(subject->path) + 1);
	memcpy(job->unit, subject->identity->unit, sizeof(job->unit));
	if (subject->container)
		memcpy(job->id, subject->container->id, sizeof(job->id));
}

/* ---- what is the host's ---- */

static const struct host_act {
	uint8_t job; /* enum job_kind, or 0: of a cgroup */
	uint8_t lane;
	uint8_t knob;
	bool files; /* works in a fixture too: no system call but of files */
} host_acts[ACT_COUNT] = {
	[ACT_SWAP_MAKE] = {.job = JOB_SWAP_MAKE, .lane = LANE_SWAP},
	[ACT_SWAP_ON] = {.job = JOB_SWAP_ON, .lane = LANE_SWAP},
	[ACT_SWAP_RESIZE] = {.job = JOB_SWAP_RESIZE, .lane = LANE_SWAP},
	[ACT_SWAP_MEND] = {.job = JOB_SWAP_MEND, .lane = LANE_SWAP, .files = true},
	/* Not behind minutes of zeros. */
	[ACT_SWAPPINESS] = {.job = JOB_KNOB,
		.lane = LANE_HOLD,
		.knob = VM_SWAPPINESS,
		.files = true},
	[ACT_ZSWAP] = {.job = JOB_KNOB, .lane = LANE_HOLD, .knob = VM_ZSWAP, .files = true},
};

static int submit_host(
	struct lanes *lanes, const struct policy *policy, const struct action *action)
{
	const struct host_act *how = &host_acts[action->kind];
	struct job job;

	memset(&job, 0, sizeof(job));
	job.kind = how->job;
	job.ticket = action->ticket;
	job.knob = how->knob;
	job.value = action->value;
	job.inode = action->inode;
	job.size_bytes = action->size_bytes;
	job.reserve_bytes = action->reserve_bytes;
	job.floor_bytes = policy->host.reserve_bytes;
	swaps_path(policy->swap.file, action->file, job.path);
	return lanes_post(lanes, (enum lane)how->lane, &job);
}

/* ---- the semaphore file and the streams ---- */

static int write_slots(const struct act_streams *on, const struct action *action,
	int (*write)(struct slots *slots, const struct slots_cap *cap))
{
	const struct slots_cap cap = {.cap = action->cap,
		.effective_cap = action->effective_cap,
		.reason = action->cap_reason,
		.realtime_us = on->realtime_us};
	int r = write(on->slots, &cap);

	return r < 0 ? r : ACT_DONE;
}

static int signal_stream(const struct act_streams *on, const struct action *action)
{
	const struct roster_entry *entry = roster_by_inode(on->roster, action->inode);
	const struct stream_process process = {.pid = action->pid,
		.start_ticks = action->start_ticks,
		.member_inode = action->inode};
	struct stream_target target = {.command = on->roster->policy->streams.command};
	int r;

	if (!entry || !entry->member)
		return -ENOENT;
	target.cgroup_dirfd = entry->reader.dirfd;
	r = stream_signal(&target, on->processes->procfd, &process,
		action->kind == ACT_STREAM_KILL ? SIGKILL : SIGTERM);
	return r < 0 ? r : ACT_DONE;
}

/* By its id, which no other container ever has; the lane looks at the cgroup again. */
static int stop_container(const struct act_streams *on, const struct action *action)
{
	const struct roster_entry *entry = roster_by_inode(on->roster, action->inode);
	struct job job;

	if (!entry || !entry->member)
		return -ENOENT;
	if (!on->lanes || !cgroup_is_container(&entry->identity))
		return -EOPNOTSUPP;
	memset(&job, 0, sizeof(job));
	job.kind = JOB_STOP_CONTAINER;
	job.ticket = action->ticket;
	job.inode = action->inode;
	job.value = action->value;
	memcpy(job.path, entry->path, strlen(entry->path) + 1);
	memcpy(job.id, entry->identity.id, sizeof(job.id));
	return lanes_post(on->lanes, LANE_DOCKER, &job);
}

static int stream_files(const struct act_streams *on, const struct action *action)
{
	switch (action->kind) {
	case ACT_STREAMS_PUBLISH:
		return write_slots(on, action, slots_publish);
	case ACT_STREAMS_MEND:
		return write_slots(on, action, slots_mend);
	default: /* the processes of a fixture are nobody's here */
		return -EOPNOTSUPP;
	}
}

static int stream_real(const struct act_streams *on, const struct action *action)
{
	switch (action->kind) {
	case ACT_STREAM_TERM:
	case ACT_STREAM_KILL:
		return signal_stream(on, action);
	case ACT_STREAM_STOP_CONTAINER:
		return stop_container(on, action);
	default:
		return stream_files(on, action);
	}
}

static int stream_null(const struct act_streams *on, const struct action *action)
{
	(void)on;
	(void)action;
	return -ECANCELED;
}

/* ---- the drivers ---- */

static int submit(
	struct lanes *lanes, struct roster *roster, const struct action *action, bool peers)
{
	struct subject subject;
	struct job job;
	int r;

	if (action_is_of_streams((enum action_kind)action->kind))
		return -EINVAL; /* not of the lanes: see act_ops.stream */
	if (host_acts[action->kind].job)
		return peers || host_acts[action->kind].files
			       ? submit_host(lanes, roster->policy, action)
			       : -EOPNOTSUPP;
	r = find_subject(roster, action, &subject);
	if (r < 0)
		return r;
	if (action->kind == ACT_PERSIST && !peers)
		return -ECANCELED; /* Docker is a peer */
	if (action->kind == ACT_PERSIST && !subject.container)
		return -EOPNOTSUPP;
	fill_job(&job, action, &subject, peers);
	return lanes_post(lanes, action->kind == ACT_PERSIST ? LANE_DOCKER : LANE_HOLD, &job);
}

static int submit_real(struct lanes *lanes, struct roster *roster, const struct action *action)
{
	return submit(lanes, roster, action, true);
}

static int submit_files(struct lanes *lanes, struct roster *roster, const struct action *action)
{
	return submit(lanes, roster, action, false);
}

static int submit_null(struct lanes *lanes, struct roster *roster, const struct action *action)
{
	(void)lanes;
	(void)roster;
	(void)action;
	return -ECANCELED;
}

static int put_back_null(int rootfd, enum vm_knob knob, uint32_t value)
{
	(void)rootfd;
	(void)knob;
	(void)value;
	return -ECANCELED;
}

const struct act_ops act_real = {"real", submit_real, stream_real, vm_knob_write};
const struct act_ops act_files = {"files", submit_files, stream_files, vm_knob_write};
const struct act_ops act_null = {"null", submit_null, stream_null, put_back_null};
