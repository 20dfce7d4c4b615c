/*
 * loop: one timer, five descriptors, three signals.
 *
 * Whatever wakes the loop, the work is the same tick; a wake-up by descriptor only moves the timer
 * forward, so that a burst of notifications (a cgroup at its limit raises one each 10 ms) is one
 * tick each 50 ms at most. The watchdog is petted by a completed tick and by nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "guardian/loop.h"
#include "guardian/notify.h"

enum {
	GAP_US = 50 * 1000,     /* between ticks that notifications ask for */
	ACCURACY_US = 5 * 1000, /* how far the kernel may shift a wake-up to join another */
	LOCK_AFTER_US = 3 * 1000 * 1000, /* and no lane has work: what acting needs is there by
					     then, and what only starting needed has gone */
	LOCK_BY_US = 10 * 1000 * 1000,   /* all the same: a swap file may take minutes */
};

struct loop {
	struct guardian *guardian;
	struct notify notify;
	sd_event *event;
	sd_event_source *timer;
	/* CLOCK_BOOTTIME: the first tick and the last one began; the next one is due */
	uint64_t first_us, last_us, wake_us;
	uint64_t watchdog_us; /* half of systemd's patience, or 0 */
	uint64_t petted_us;
	uint64_t ticks;
	bool locked;
};

static int set_timer(struct loop *l, uint64_t at_us)
{
	int r;

	l->wake_us = at_us;
	r = sd_event_source_set_time(l->timer, at_us);
	return r < 0 ? r : sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

static void notify(struct loop *l, uint64_t now_us)
{
	static const char status[] = "STATUS=";
	char word[sizeof(status) + 128] = "STATUS=", *summary = word + sizeof(status) - 1;

	if (l->ticks == 1)
		notify_say(&l->notify, "READY=1");
	if (guardian_summary(l->guardian, summary, sizeof(word) - (sizeof(status) - 1)))
		notify_say(&l->notify, word);
	if (l->watchdog_us && now_us - l->petted_us >= l->watchdog_us) {
		notify_say(&l->notify, "WATCHDOG=1");
		l->petted_us = now_us;
	}
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct loop *l = userdata;
	uint64_t next_us;
	int r;

	(void)source;
	(void)due_us;
	r = sd_event_now(l->event, CLOCK_BOOTTIME, &l->last_us);
	if (r < 0)
		return r;
	if (l->ticks++ == 0)
		l->first_us = l->last_us;
	next_us = guardian_tick(l->guardian);
	if (!l->locked && l->last_us - l->first_us >= LOCK_AFTER_US &&
		(guardian_pending(l->guardian) == 0 || l->last_us - l->first_us >= LOCK_BY_US)) {
		guardian_lock_memory(l->guardian);
		l->locked = true;
	}
	notify(l, l->last_us);
	/* A tick that was asked for in between has not petted it. */
	if (l->watchdog_us && next_us > l->petted_us + l->watchdog_us)
		next_us = l->petted_us + l->watchdog_us;
	return set_timer(l, next_us);
}

/* Something is to be seen: tick soon, but not more often than each GAP_US. */
static int on_notice(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct loop *l = userdata;
	uint64_t at_us = l->last_us + GAP_US;

	guardian_noticed(l->guardian);
	(void)source;
	(void)fd;
	(void)events;
	return at_us < l->wake_us ? set_timer(l, at_us) : 0;
}

/* The same, as often as slots are to be looked at. */
static int on_slots(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct loop *l = userdata;
	uint64_t at_us = guardian_slots_noticed(l->guardian);

	(void)source;
	(void)fd;
	(void)events;
	return at_us < l->wake_us ? set_timer(l, at_us) : 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct loop *l = userdata;

	(void)source;
	(void)info;
	notify_say(&l->notify, "RELOADING=1");
	guardian_reload(l->guardian);
	notify_say(&l->notify, "READY=1");
	return set_timer(l, l->last_us);
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct loop *l = userdata;

	(void)source;
	(void)info;
	notify_say(&l->notify, "STOPPING=1");
	return sd_event_exit(l->event, 0);
}

static int add_signals(struct loop *l)
{
	static const struct {
		int signal;
		sd_event_signal_handler_t handler;
	} signals[] = {{SIGHUP, on_hangup}, {SIGTERM, on_end}, {SIGINT, on_end}};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(signals) / sizeof(signals[0]); i++)
		r = sd_event_add_signal(l->event, NULL, signals[i].signal, signals[i].handler, l);
	return r;
}

/* Edge-triggered: the tick empties it, the loop only has to know that something has come. */
static int add_notice(struct loop *l, int fd, uint32_t events, sd_event_io_handler_t handler)
{
	return fd < 0 ? 0 : sd_event_add_io(l->event, NULL, fd, events | EPOLLET, handler, l);
}

static int prepare(struct loop *l)
{
	int r;

	if ((r = sd_event_new(&l->event)) < 0)
		return r;
	if ((r = add_signals(l)) < 0)
		return r;
	if ((r = add_notice(l, guardian_tree_fd(l->guardian), EPOLLIN, on_notice)) < 0)
		return r;
	if ((r = add_notice(l, guardian_lanes_fd(l->guardian), EPOLLIN, on_notice)) < 0)
		return r;
	if ((r = add_notice(l, guardian_pressure_fd(l->guardian), EPOLLPRI, on_notice)) < 0)
		return r;
	if ((r = add_notice(l, guardian_swaps_fd(l->guardian), EPOLLPRI, on_notice)) < 0)
		return r;
	if ((r = add_notice(l, guardian_slots_fd(l->guardian), EPOLLIN, on_slots)) < 0)
		return r;
	return sd_event_add_time(l->event, &l->timer, CLOCK_BOOTTIME, 0, ACCURACY_US, on_timer, l);
}

int loop_run(struct guardian *g)
{
	struct loop l = {.guardian = g};
	uint64_t usec = 0;
	int r;

	notify_open(&l.notify);
	if (sd_watchdog_enabled(0, &usec) > 0)
		l.watchdog_us = usec / 2;
	r = prepare(&l);
	if (r >= 0)
		r = sd_event_loop(l.event);
	sd_event_source_unref(l.timer);
	sd_event_unref(l.event);
	notify_close(&l.notify);
	return r;
}
