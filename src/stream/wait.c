/*
 * wait: the queue, first come, first served.
 *
 * Who waits holds a lock on a place, so that the dead leave the queue by themselves. Only the first
 * tries for a slot; it sleeps until something happens to the file. The others each sleep in a lock
 * on the place before their own, and are woken one by one. Nothing here is needed for safety: who
 * is late, stopped or damaged is passed over, and the slots are counted by their own locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/time.h>
#include <unistd.h>

#include "stream.h"

enum {
	LOOK_EVERY_US = 1000000,
	/* Without inotify, whose instances are few (fs.inotify.max_user_instances: 128). */
	POLL_EVERY_US = 100000,
	/* The timer goes on until it is stopped: the first signal may come just before the lock is
	 * waited for. */
	TIMER_AGAIN_US = 20000,
};

struct waiter {
	struct semaphore *s;
	uint64_t ticket, deadline_us;
	unsigned int place;
	int inotify;           /* -1: none */
	unsigned int look;     /* which of soon_us comes next */
	struct sigaction sigs; /* SIGALRM's, as it was inherited */
	sigset_t mask;
};

/* After an event: the kernel tells of the close before it drops the locks (fs/file_table.c,
 * __fput), so the slot is looked for 1, 5 and 20 ms later. */
static const uint64_t soon_us[] = {1000, 4000, 15000};
#define SOON_COUNT (sizeof(soon_us) / sizeof(soon_us[0]))

static void wake(int signal)
{
	(void)signal;
}

/* PID 1 of a container is spared the signals it has no handler for: it would outlive `docker stop`
 * by ten seconds. */
static void end(int signal)
{
	_exit(128 + signal);
}

static void obey_as_init(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = end}, old;

	if (getpid() != 1)
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL); /* exec(2) undoes it */
}

static void begin_signals(struct waiter *w)
{
	struct sigaction action = {.sa_handler = wake}; /* no SA_RESTART: it is to interrupt */
	sigset_t alarm;

	sigaction(SIGALRM, &action, &w->sigs);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, &w->mask);
	obey_as_init();
}

static void set_timer(uint64_t us, uint64_t again_us)
{
	struct itimerval timer = {
		.it_value = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)},
		.it_interval = {0, (suseconds_t)again_us},
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void end_signals(struct waiter *w)
{
	set_timer(0, 0); /* exec(2) would keep it */
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
	sigaction(SIGALRM, &w->sigs, NULL);
}

/* The place is written before it is locked, so that nobody sees the words of the one before. A
 * place in which somebody's read lock lingers is passed over, and its ticket with it. */
static int take_place(struct waiter *w, struct slot_queue *queue, struct slot_line *line)
{
	int err = -EAGAIN;

	while (err == -EAGAIN) {
		struct slot_place place = {.ticket = slot_next_ticket(queue, line),
			.deadline_us = w->deadline_us,
			.pid = (uint32_t)getpid()};

		if (place.ticket == SLOT_NO_TICKET)
			return TAKE_NO_SLOT;
		w->ticket = place.ticket;
		w->place = (unsigned int)(place.ticket % SLOT_PLACES_MAX);
		slot_place_seal(&place);
		err = semaphore_write(w->s, &place, sizeof(place), slot_place_at(w->place));
		if (err == 0)
			err = semaphore_lock(w->s, SLOT_LOCK_PLACES + w->place);
		line->held |= 1ULL << w->place;
	}
	return err;
}

/* -> 0 with a place, TAKE_NO_SLOT when there is none, or -errno. */
static int join(struct waiter *w)
{
	struct slot_queue queue = {0};
	struct slot_line line = {0};
	int err = semaphore_enter(w->s, w->deadline_us);

	if (err < 0)
		return err == -EAGAIN ? TAKE_NO_SLOT : err;
	err = semaphore_read_line(w->s, &line);
	if (err == 0)
		err = semaphore_read(w->s, &queue, sizeof(queue), SLOT_QUEUE_AT);
	if (err == 0 || err == -EBADMSG)
		err = take_place(w, &queue, &line);
	if (err == 0) {
		queue.next_ticket = w->ticket + 1;
		slot_queue_seal(&queue);
		err = semaphore_write(w->s, &queue, sizeof(queue), SLOT_QUEUE_AT);
	}
	semaphore_leave(w->s);
	return err;
}

/* At most a second: whom the kernel does not tell of, time does. */
static uint64_t left(uint64_t deadline_us)
{
	uint64_t now = now_us();

	if (now >= deadline_us)
		return 0;
	return deadline_us - now < LOOK_EVERY_US ? deadline_us - now : LOOK_EVERY_US;
}

/* Until the one before has left, or US are over. */
static void sleep_behind(const struct waiter *w, unsigned int place, uint64_t us)
{
	struct flock lock = {.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = SLOT_LOCK_PLACES + place,
		.l_len = 1};

	set_timer(us, TIMER_AGAIN_US);
	if (fcntl(w->s->fd, F_OFD_SETLKW, &lock) == 0)
		semaphore_unlock(w->s, SLOT_LOCK_PLACES + place);
	else if (errno != EINTR)
		sleep_us(us < POLL_EVERY_US ? us : POLL_EVERY_US);
	set_timer(0, 0);
}

static void watch(struct waiter *w)
{
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify < 0)
		return;
	if (inotify_add_watch(w->inotify, w->s->path, IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB) < 0) {
		close(w->inotify);
		w->inotify = -1;
	}
}

/* Until something happened to the file, or US are over. */
static void sleep_first(struct waiter *w, uint64_t us)
{
	struct pollfd fds = {.fd = w->inotify, .events = POLLIN};
	uint64_t most_us = w->inotify < 0 ? POLL_EVERY_US : LOOK_EVERY_US;
	char events[1024];

	if (w->inotify >= 0 && w->look < SOON_COUNT)
		most_us = soon_us[w->look++];
	if (us > most_us)
		us = most_us;
	/* Negative descriptors are passed over by poll(2). Rounded up: not to spin. */
	if (poll(&fds, 1, (int)((us + 999) / 1000)) > 0) {
		while (read(w->inotify, events, sizeof(events)) > 0)
			continue;
		w->look = 0;
	}
}

/* -> as take_slot(). */
static int wait_in_place(struct waiter *w, struct attempt *attempt)
{
	for (;;) {
		int outcome = TAKE_NO_SLOT;
		uint64_t left_us;

		/* Stopped for too long, and passed over: those who came later go first now. */
		if (now_us() > w->deadline_us + SLOT_LATE_US)
			return outcome;
		if (semaphore_is_replaced(w->s))
			return TAKE_REPLACED;
		outcome = take_slot(w->s, w->ticket, attempt);
		if (outcome != TAKE_NO_SLOT && outcome != TAKE_DAMAGED)
			return outcome;
		left_us = left(w->deadline_us);
		if (left_us == 0)
			return outcome;
		if (attempt->before.count > 0)
			sleep_behind(w, attempt->before.nearest, left_us);
		else
			sleep_first(w, left_us);
	}
}

int wait_for_slot(struct semaphore *s, uint64_t deadline_us, struct attempt *attempt)
{
	struct waiter w = {.s = s, .deadline_us = deadline_us, .inotify = -1, .look = SOON_COUNT};
	int outcome;

	begin_signals(&w);
	outcome = join(&w);
	if (outcome == 0) {
		watch(&w);
		outcome = wait_in_place(&w, attempt);
		semaphore_unlock(s, SLOT_LOCK_PLACES + w.place);
	}
	if (w.inotify >= 0)
		close(w.inotify);
	end_signals(&w);
	attempt->refusal.waited = left(deadline_us) == 0;
	return outcome;
}
