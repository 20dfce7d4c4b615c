/*
 * lanes: threads that do what may hang.
 *
 * Each lane has a ring of jobs; all share one ring of answers and one eventfd. The rings are
 * bounded, jobs are copied, and nothing is allocated after the start: a lane works while memory is
 * short. A lane that has emptied its ring starts at its first slot again, so that a quiet daemon
 * keeps touching the same pages.
 *
 * The thread of LANE_SWAP is made for its first job and ends with its last, so that a daemon that
 * makes no swap has no stack for it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "guardian/cgroup_set.h"
#include "guardian/docker_files.h"
#include "guardian/fs.h"
#include "guardian/lanes.h"
#include "guardian/units.h"
#include "guardian/vm_knobs.h"

#include "lane_swap.h"

enum {
	QUEUE_MAX = SNAPSHOT_MEMBERS_MAX, /* every member may need a hold at the start */
	STACK_BYTES = 512 << 10,       /* sd-bus and cJSON are the deepest; 8 MiB would be locked */
	NAME_DEADLINE_US = 300 * 1000, /* of the second from a container's birth to its limit */
	UNIT_DEADLINE_US = 5 * 1000000, /* systemd reclaims inside the write of a lower limit */
	MAKE_WAY_US = 2 * 1000000,
	UPDATE_DEADLINES = 8,
	SWAP_PATIENCE_S = 5, /* to be on again when the daemon stops; systemd waits for 10 s */
};

struct ring {
	uint32_t head, tail; /* jobs taken, jobs posted */
	struct job job[QUEUE_MAX];
};

struct lane_thread {
	struct lanes *lanes;
	enum lane lane;
	pthread_t thread;
	bool running; /* and to be joined ... */
	bool ended;   /* ... at once */
	pthread_cond_t wake;
	struct ring todo;
	struct units units; /* LANE_HOLD: opened and used by its thread only */
};

struct lanes {
	pthread_mutex_t lock; /* over everything below but the borrowed */
	int rootfd, cgfd;     /* borrowed */
	uint32_t page_bytes;
	int event_fd;
	bool signalled; /* event_fd has been written since it was read */
	bool stop;
	uint32_t pending;
	struct policy_docker docker;
	struct lane_thread lane[LANE_COUNT];
	struct ring done;
	struct swap_lane swap;
};

static bool ring_push(struct ring *r, const struct job *job)
{
	if (r->tail - r->head == QUEUE_MAX)
		return false;
	if (r->head == r->tail)
		r->head = r->tail = 0;
	r->job[r->tail++ % QUEUE_MAX] = *job;
	return true;
}

static bool ring_pop(struct ring *r, struct job *out)
{
	if (r->head == r->tail)
		return false;
	*out = r->job[r->head++ % QUEUE_MAX];
	return true;
}

/* ---- what the jobs do ---- */

static struct docker docker_of(const struct lane_thread *t, uint64_t deadline_us)
{
	struct docker d = {.deadline_us = deadline_us};
	struct policy_docker settings;

	pthread_mutex_lock(&t->lanes->lock);
	settings = t->lanes->docker;
	pthread_mutex_unlock(&t->lanes->lock);
	memcpy(d.socket, settings.socket, sizeof(d.socket));
	if (!d.deadline_us)
		d.deadline_us = settings.deadline_us;
	return d;
}

int lanes_identify(int rootfd, const struct policy_docker *docker, uint64_t deadline_us,
	const char *id, struct docker_container *out)
{
	struct docker d = {.deadline_us = deadline_us};
	int r;

	memcpy(d.socket, docker->socket, sizeof(d.socket));
	r = docker_inspect(&d, id, out);
	/* While a container starts, dockerd holds its lock and the answer waits; the files are
	 * there already. */
	if (r < 0)
		r = docker_files_find(rootfd, docker->data_root, id, out);
	return r;
}

static int do_identify(struct lane_thread *t, struct job *job)
{
	struct policy_docker settings;
	uint64_t deadline_us;

	pthread_mutex_lock(&t->lanes->lock);
	settings = t->lanes->docker;
	pthread_mutex_unlock(&t->lanes->lock);
	deadline_us =
		settings.deadline_us < NAME_DEADLINE_US ? settings.deadline_us : NAME_DEADLINE_US;
	return lanes_identify(t->lanes->rootfd, &settings, deadline_us, job->id, &job->container);
}

static int do_ping(struct lane_thread *t, struct job *job)
{
	struct docker d = docker_of(t, 0);

	(void)job;
	return docker_ping(&d);
}

static struct cgroup_target target_of(const struct lane_thread *t, const struct job *job)
{
	return (struct cgroup_target){
		.cgfd = t->lanes->cgfd, .path = job->path, .inode = job->inode};
}

static struct cgroup_how how_of(const struct lane_thread *t, const struct job *job)
{
	return (struct cgroup_how){.force = job->force,
		.deadline_us = MAKE_WAY_US,
		.page_bytes = t->lanes->page_bytes};
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
static int do_persist(struct lane_thread *t, struct job *job)
{
	struct docker d = docker_of(t, 0);
	struct cgroup_target target = target_of(t, job);
	struct cgroup_how how = how_of(t, job);
	struct cgroup_outcome outcome;
	int r = cgroup_set_make_way(&target, &job->set, &how, &outcome);

	if (r < 0 && !(r == -ESTALE && is_gone(&target)))
		return r;
	d.deadline_us *= UPDATE_DEADLINES;
	return docker_update(&d, job->id, &job->set, job->message, sizeof(job->message));
}

static int hold_files(struct lane_thread *t, struct job *job, const struct limit_set *set)
{
	struct cgroup_target target = target_of(t, job);
	struct cgroup_how how = how_of(t, job);
	struct cgroup_outcome outcome;

	return cgroup_set_limits(&target, set, &how, &outcome);
}

/* The unit owns its cgroup's values; what systemd has no property for (memory.oom.group in v252) is
 * a file. */
static int hold_unit(struct lane_thread *t, struct job *job)
{
	struct cgroup_target target = target_of(t, job);
	struct cgroup_how how = how_of(t, job);
	struct cgroup_outcome outcome;
	struct limit_set files = job->set, unit = job->set;
	int r;

	files.mask &= 1U << LIMIT_OOM_GROUP;
	unit.mask &= ~files.mask;
	if (unit.mask) {
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

static int do_hold(struct lane_thread *t, struct job *job)
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
static int do_rehearse(struct lane_thread *t, struct job *job)
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

static int do_knob(struct lane_thread *t, struct job *job)
{
	return vm_knob_write(t->lanes->rootfd, (enum vm_knob)job->knob, (uint32_t)job->value);
}

static int do_swap(struct lane_thread *t, struct job *job)
{
	return lane_swap_run(&t->lanes->swap, job);
}

static int (*const job_run[JOB_COUNT])(struct lane_thread *t, struct job *job) = {
	[JOB_REHEARSE] = do_rehearse,
	[JOB_HOLD] = do_hold,
	[JOB_PERSIST] = do_persist,
	[JOB_IDENTIFY] = do_identify,
	[JOB_PING] = do_ping,
	[JOB_KNOB] = do_knob,
	[JOB_SWAP_MAKE] = do_swap,
	[JOB_SWAP_ON] = do_swap,
	[JOB_SWAP_RESIZE] = do_swap,
	[JOB_SWAP_MEND] = do_swap,
};

/* ---- the thread ---- */

static bool wait_for_job(struct lane_thread *t, struct job *job)
{
	bool got = false;

	pthread_mutex_lock(&t->lanes->lock);
	while (!t->lanes->stop && !(got = ring_pop(&t->todo, job)) && t->lane != LANE_SWAP)
		pthread_cond_wait(&t->wake, &t->lanes->lock);
	t->ended = !got;
	pthread_mutex_unlock(&t->lanes->lock);
	return got;
}

/* The ring of answers has room for all that may be pending: lanes_post() sees to it. */
static void answer(struct lanes *l, const struct job *job)
{
	uint64_t one = 1;

	pthread_mutex_lock(&l->lock);
	(void)ring_push(&l->done, job);
	if (!job->can_wait) {
		(void)!write(l->event_fd, &one, sizeof(one));
		l->signalled = true;
	}
	pthread_mutex_unlock(&l->lock);
}

static void *lane_main(void *arg)
{
	struct lane_thread *t = arg;
	struct job job;

	if (t->lane == LANE_SWAP)
		lane_swap_be_idle();
	while (wait_for_job(t, &job)) {
		job.error = job_run[job.kind](t, &job);
		answer(t->lanes, &job);
	}
	units_close(&t->units);
	return NULL;
}

/* Signals belong to the loop; SIGXFSZ, too, which a swap file beyond RLIMIT_FSIZE would raise. */
static int lane_start(struct lane_thread *t)
{
	static const char *const names[LANE_COUNT] = {"hold", "docker", "names", "swap"};
	sigset_t all, before;
	pthread_attr_t attr;
	int r;

	t->ended = false;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&t->thread, &attr, lane_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (r)
		return -r;
	t->running = true;
	(void)pthread_setname_np(t->thread, names[t->lane]);
	return 0;
}

/* With the lock held, which a thread that has ended does not want any more. */
static int lane_awake(struct lane_thread *t)
{
	if (t->running && t->ended) {
		pthread_join(t->thread, NULL);
		t->running = false;
	}
	return t->running ? 0 : lane_start(t);
}

static void lane_init(struct lanes *l, enum lane lane)
{
	struct lane_thread *t = &l->lane[lane];

	t->lanes = l;
	t->lane = lane;
	t->units.deadline_us = UNIT_DEADLINE_US;
	pthread_cond_init(&t->wake, NULL);
}

/* ---- the loop's side ---- */

int lanes_open(struct lanes **out, int rootfd, int cgfd, const struct policy_docker *docker)
{
	struct lanes *l = calloc(1, sizeof(*l));
	int r = 0;

	if (!l)
		return -ENOMEM;
	l->rootfd = rootfd;
	l->cgfd = cgfd;
	l->page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
	l->docker = *docker;
	l->swap.rootfd = rootfd;
	l->swap.cgfd = cgfd;
	l->swap.page_bytes = l->page_bytes;
	pthread_mutex_init(&l->lock, NULL);
	for (int i = 0; i < LANE_COUNT; i++)
		lane_init(l, (enum lane)i);
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->event_fd < 0)
		r = -errno;
	for (int i = 0; r == 0 && i < LANE_SWAP; i++)
		r = lane_start(&l->lane[i]);
	if (r < 0) {
		lanes_close(l, 1000000);
		return r;
	}
	*out = l;
	return 0;
}

void lanes_set_swap_root(struct lanes *l, int fd)
{
	l->swap.rootfd = fd;
}

void lanes_set_docker(struct lanes *l, const struct policy_docker *docker)
{
	pthread_mutex_lock(&l->lock);
	l->docker = *docker;
	pthread_mutex_unlock(&l->lock);
}

int lanes_post(struct lanes *l, enum lane lane, const struct job *job)
{
	struct lane_thread *t = &l->lane[lane];
	int r = -EAGAIN;

	pthread_mutex_lock(&l->lock);
	if (l->pending < QUEUE_MAX && lane_awake(t) == 0 && ring_push(&t->todo, job)) {
		l->pending++;
		pthread_cond_signal(&t->wake);
		r = 0;
	}
	pthread_mutex_unlock(&l->lock);
	return r;
}

int lanes_fd(const struct lanes *l)
{
	return l->event_fd;
}

bool lanes_take(struct lanes *l, struct job *out)
{
	uint64_t n;
	bool got;

	pthread_mutex_lock(&l->lock);
	got = ring_pop(&l->done, out);
	if (got)
		l->pending--;
	else if (l->signalled)
		(void)!read(l->event_fd, &n, sizeof(n));
	l->signalled &= got;
	pthread_mutex_unlock(&l->lock);
	return got;
}

uint32_t lanes_pending(struct lanes *l)
{
	uint32_t n;

	pthread_mutex_lock(&l->lock);
	n = l->pending;
	pthread_mutex_unlock(&l->lock);
	return n;
}

struct swap_progress lanes_swap_progress(const struct lanes *l)
{
	return (struct swap_progress){
		.phase = atomic_load_explicit(&l->swap.phase, memory_order_acquire),
		.done_bytes = atomic_load_explicit(&l->swap.done_bytes, memory_order_relaxed),
		.total_bytes = atomic_load_explicit(&l->swap.total_bytes, memory_order_relaxed),
	};
}

/* Not by the clock of the day, which may be set while we wait. */
static bool lanes_join(struct lanes *l, uint64_t wait_us)
{
	struct timespec until;
	bool all = true;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(wait_us / 1000000) + 1;
	for (int i = 0; i < LANE_COUNT; i++) {
		if (i == LANE_SWAP)
			until.tv_sec += SWAP_PATIENCE_S;
		if (l->lane[i].running &&
			pthread_clockjoin_np(l->lane[i].thread, NULL, CLOCK_MONOTONIC, &until) != 0)
			all = false;
	}
	return all;
}

void lanes_close(struct lanes *l, uint64_t wait_us)
{

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	atomic_store(&l->swap.stop, true);
	for (int i = 0; i < LANE_COUNT; i++)
		if (l->lane[i].running)
			pthread_cond_signal(&l->lane[i].wake);
	pthread_mutex_unlock(&l->lock);

	if (!lanes_join(l, wait_us))
		return; /* a thread hangs in the kernel and still uses all this: the exit takes it
			   along */
	fs_close(&l->event_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
