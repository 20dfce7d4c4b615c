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

#include "guardian/fs.h"
#include "guardian/lanes.h"

#include "lane_jobs.h"

enum {
	QUEUE_MAX = SNAPSHOT_MEMBERS_MAX, /* every member may need a hold at the start */
	STACK_BYTES = 512 << 10, /* sd-bus and cJSON are the deepest; 8 MiB would be locked */
	AGAIN_NS = 20 * 1000000,
	SWAP_PATIENCE_S = 5, /* to be on again when the daemon stops; systemd waits for 10 s */
};

struct ring {
	uint32_t head, tail; /* jobs taken, jobs posted */
	struct job job[QUEUE_MAX];
};

struct lane_thread {
	struct lanes *lanes;
	pthread_t thread;
	bool running; /* and to be joined ... */
	bool ended;   /* ... at once */
	pthread_cond_t wake;
	struct ring todo;
	struct lane_tools tools; /* the thread's; `docker` is written with the lock held */
};

struct lanes {
	pthread_mutex_t lock; /* over everything below but the tools and `swap` */
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

/* ---- the thread ---- */

static bool wait_for_job(struct lane_thread *t, struct job *job)
{
	bool got = false;

	pthread_mutex_lock(&t->lanes->lock);
	while (!t->lanes->stop && !(got = ring_pop(&t->todo, job)) && t->tools.lane != LANE_SWAP)
		pthread_cond_wait(&t->wake, &t->lanes->lock);
	if (got)
		t->tools.docker = t->lanes->docker;
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

/* Behind the others, which shall not wait for it. The ring has room: JOB has left it. */
static void do_again(struct lane_thread *t, const struct job *job)
{
	const struct timespec pause = {.tv_nsec = AGAIN_NS};

	pthread_mutex_lock(&t->lanes->lock);
	(void)ring_push(&t->todo, job);
	pthread_mutex_unlock(&t->lanes->lock);
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

static void *lane_main(void *arg)
{
	struct lane_thread *t = arg;
	struct job job;

	if (t->tools.lane == LANE_SWAP)
		lane_swap_be_idle();
	while (wait_for_job(t, &job)) {
		job.error = lane_job_run(&t->tools, &job);
		if (job.error == -EINPROGRESS)
			do_again(t, &job);
		else
			answer(t->lanes, &job);
	}
	lane_tools_close(&t->tools);
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
	(void)pthread_setname_np(t->thread, names[t->tools.lane]);
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

/* ---- the loop's side ---- */

int lanes_open(struct lanes **out, int rootfd, int cgfd, const struct policy_docker *docker)
{
	struct lanes *l = calloc(1, sizeof(*l));
	int r = 0;

	if (!l)
		return -ENOMEM;
	l->docker = *docker;
	pthread_mutex_init(&l->lock, NULL);
	for (int i = 0; i < LANE_COUNT; i++) {
		struct lane_thread *t = &l->lane[i];

		t->lanes = l;
		pthread_cond_init(&t->wake, NULL);
		lane_tools_init(&t->tools, (enum lane)i, rootfd, cgfd);
		t->tools.swap = &l->swap;
	}
	l->swap.rootfd = rootfd;
	l->swap.cgfd = cgfd;
	l->swap.page_bytes = l->lane[LANE_SWAP].tools.page_bytes;
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
