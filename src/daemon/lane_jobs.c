/*
 * lane_jobs: what a lane's thread does with a job.
 *
 * A table from the kind of a job to a function that may block for as long as its peer does. Nothing
 * here is shared with the loop or another lane, so that nothing has to be locked; what LANE_SWAP
 * shares is in lane_swap.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guardian/cgroup_set.h"
#include "guardian/clock.h"
#include "guardian/container_birth.h"
#include "guardian/docker_files.h"
#include "guardian/fs.h"
#include "guardian/vm_knobs.h"

#include "lane_jobs.h"

enum {
	NAME_DEADLINE_US = 300 * 1000,  /* of the second from a container's birth to its limit */
	UNIT_DEADLINE_US = 5 * 1000000, /* systemd reclaims inside the write of a lower limit */
	MAKE_WAY_US = 2 * 1000000,
	BIRTH_US = 30 * 1000000, /* from a container's cgroup to its own program */
	UPDATE_DEADLINES = 8,
	STOP_DEADLINES = 2, /* beyond the grace */
};

static struct docker docker_of(const struct policy_docker *settings, uint64_t deadline_us)
{
	struct docker d = {.deadline_us = deadline_us};

	memcpy(d.socket, settings->socket, sizeof(d.socket));
	return d;
}

int lanes_identify(int rootfd, const struct policy_docker *docker, uint64_t deadline_us,
	const char *id, struct docker_container *out)
{
	struct docker d = docker_of(docker, deadline_us);
	int r = docker_inspect(&d, id, out);

	/* While a container starts, dockerd holds its lock and the answer waits; the files are
	 * there already. */
	if (r < 0)
		r = docker_files_find(rootfd, docker->data_root, id, out);
	return r;
}

static int do_identify(struct lane_tools *t, struct job *job)
{
	uint64_t deadline_us =
		t->docker.deadline_us < NAME_DEADLINE_US ? t->docker.deadline_us : NAME_DEADLINE_US;

	return lanes_identify(t->rootfd, &t->docker, deadline_us, job->id, &job->container);
}

static int do_ping(struct lane_tools *t, struct job *job)
{
	struct docker d = docker_of(&t->docker, t->docker.deadline_us);

	(void)job;
	return docker_ping(&d);
}

static struct cgroup_target target_of(const struct lane_tools *t, const struct job *job)
{
	return (struct cgroup_target){.cgfd = t->cgfd, .path = job->path, .inode = job->inode};
}

static struct cgroup_how how_of(const struct lane_tools *t, const struct job *job)
{
	return (struct cgroup_how){
		.force = job->force, .deadline_us = MAKE_WAY_US, .page_bytes = t->page_bytes};
}

/* Nobody runs where the target was. Somebody else there is a container that was restarted
 * meanwhile. */
static bool is_gone(const struct cgroup_target *target)
{
	_cleanup_fd_ int fd = fs_open_dir(target->cgfd, target->path);

	return fd == -ENOENT;
}

/* An update does more than answer: runc asks systemd, and the kernel may have to reclaim. Below the
 * usage it kills, so way is made first; a container that is not running has nothing to lose. */
static int do_persist(struct lane_tools *t, struct job *job)
{
	struct docker d = docker_of(&t->docker, t->docker.deadline_us * UPDATE_DEADLINES);
	struct cgroup_target target = target_of(t, job);
	struct cgroup_how how = how_of(t, job);
	struct cgroup_outcome outcome;
	int r = cgroup_set_make_way(&target, &job->set, &how, &outcome);

	if (r < 0 && !(r == -ESTALE && is_gone(&target)))
		return r;
	return docker_update(&d, job->id, &job->set, job->message, sizeof(job->message));
}

/* A container that was restarted meanwhile has the same id, and is in another cgroup. */
static int do_stop_container(struct lane_tools *t, struct job *job)
{
	struct docker d = docker_of(&t->docker, t->docker.deadline_us * STOP_DEADLINES);
	_cleanup_fd_ int fd = fs_open_dir(t->cgfd, job->path);
	uint64_t inode;
	int r = fd < 0 ? fd : fs_inode(fd, &inode);

	if (r < 0)
		return r;
	if (inode != job->inode)
		return -ESTALE;
	return docker_stop(&d, job->id, (uint64_t)job->value, job->message, sizeof(job->message));
}

static int hold_files(struct lane_tools *t, struct job *job, const struct limit_set *set)
{
	struct cgroup_target target = target_of(t, job);
	struct cgroup_how how = how_of(t, job);
	struct cgroup_outcome outcome;

	return cgroup_set_limits(&target, set, &how, &outcome);
}

static bool is_scope(const char *unit)
{
	static const char suffix[] = ".scope";
	size_t len = strlen(unit);

	return len >= sizeof(suffix) && strcmp(unit + len - (sizeof(suffix) - 1), suffix) == 0;
}

/* A container that is only being made is under its limit at once, by its files, and its unit is
 * told when runc has done with it. Until then runc has systemd set properties, and systemd writes
 * all values with any one: what it lifted is written again. */
static int hold_newborn(struct lane_tools *t, struct job *job)
{
	uint64_t now_us = clock_now_us(CLOCK_BOOTTIME);
	int r;

	if (!is_scope(job->unit) || !container_is_starting(t->rootfd, t->cgfd, job->path))
		return 0;
	if (!job->newborn_us)
		job->newborn_us = now_us;
	if (now_us - job->newborn_us >= BIRTH_US)
		return 0;
	r = hold_files(t, job, &job->set);
	return r < 0 ? r : -EINPROGRESS;
}

/* The unit owns its cgroup's values; what systemd has no property for (memory.oom.group in v252) is
 * a file. */
static int hold_unit(struct lane_tools *t, struct job *job)
{
	struct cgroup_target target = target_of(t, job);
	struct cgroup_how how = how_of(t, job);
	struct cgroup_outcome outcome;
	struct limit_set files = job->set, unit = job->set;
	int r;

	files.mask &= 1U << LIMIT_OOM_GROUP;
	unit.mask &= ~files.mask;
	if (unit.mask) {
		r = hold_newborn(t, job);
		if (r == 0)
			r = cgroup_set_make_way(&target, &unit, &how, &outcome);
		if (r == 0)
			r = units_keep_memory(
				&t->units, job->unit, &outcome.live, how.page_bytes, &unit);
		if (r == 0)
			r = units_set_memory(
				&t->units, job->unit, &unit, job->message, sizeof(job->message));
		if (r < 0)
			return r;
	}
	return files.mask ? hold_files(t, job, &files) : 0;
}

/* systemd does not answer, or knows no such unit. */
static bool unit_is_out_of_reach(int error)
{
	return error == -ENOTCONN || error == -ENOENT || error == -ETIMEDOUT ||
	       error == -ECONNREFUSED || error == -ECONNRESET;
}

static int do_hold(struct lane_tools *t, struct job *job)
{
	int r = -ENOTCONN;

	if (job->has_unit)
		r = hold_unit(t, job);
	/* Then the file is written all the same: a daemon-reload would lift that, and drift repair
	 * puts it back. */
	if (!job->has_unit || unit_is_out_of_reach(r))
		r = hold_files(t, job, &job->set);
	return r;
}

/* Faults in what the lane will need, before memory is short: the libraries' first calls allocate
 * and relocate. */
static int do_rehearse(struct lane_tools *t, struct job *job)
{
	struct limit_set none;

	switch (t->lane) {
	case LANE_HOLD:
		if (job->has_unit)
			(void)units_get_memory(&t->units, "system.slice", &none);
		return 0;
	case LANE_DOCKER:
		return do_ping(t, job); /* the connection is what an update needs too */
	case LANE_NAMES:
		memset(job->id, '0', sizeof(job->id) - 1);
		(void)do_identify(t, job);
		return 0;
	default:
		return 0;
	}
}

static int do_knob(struct lane_tools *t, struct job *job)
{
	return vm_knob_write(t->rootfd, (enum vm_knob)job->knob, (uint32_t)job->value);
}

static int do_swap(struct lane_tools *t, struct job *job)
{
	return lane_swap_run(t->swap, job);
}

static int (*const job_run[JOB_COUNT])(struct lane_tools *t, struct job *job) = {
	[JOB_REHEARSE] = do_rehearse,
	[JOB_HOLD] = do_hold,
	[JOB_PERSIST] = do_persist,
	[JOB_STOP_CONTAINER] = do_stop_container,
	[JOB_IDENTIFY] = do_identify,
	[JOB_PING] = do_ping,
	[JOB_KNOB] = do_knob,
	[JOB_SWAP_MAKE] = do_swap,
	[JOB_SWAP_ON] = do_swap,
	[JOB_SWAP_RESIZE] = do_swap,
	[JOB_SWAP_MEND] = do_swap,
};

int lane_job_run(struct lane_tools *t, struct job *job)
{
	return job_run[job->kind](t, job);
}

void lane_tools_init(struct lane_tools *t, enum lane lane, int rootfd, int cgfd)
{
	*t = (struct lane_tools){.lane = lane,
		.rootfd = rootfd,
		.cgfd = cgfd,
		.page_bytes = (uint32_t)sysconf(_SC_PAGESIZE),
		.units = {.deadline_us = UNIT_DEADLINE_US}};
}

void lane_tools_close(struct lane_tools *t)
{
	units_close(&t->units);
}
