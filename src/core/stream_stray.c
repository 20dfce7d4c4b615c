/*
 * stream_stray: streams that were started without taking a slot. They are told; and when more run
 * than the policy allows, the newest of them is stopped if it says so: SIGTERM, SIGKILL after the
 * grace. One that is its own container is stopped by Docker, whose restart policy would bring it
 * back otherwise.
 *
 * Nobody is stopped on suspicion. While a slot is held by none of the processes known, any of those
 * without one may be behind it (a shell took the slot and started the stream, a record was
 * scribbled over): then it is only told how many are too many.
 */
#include <errno.h>
#include <string.h>

#include "stream_rules.h"

/* A slot is taken before the stream begins, and seen at the latest at the next look. */
#define STRAY_AFTER_US   (2 * SECOND_US)
#define OVER_AFTER_US    (2 * SECOND_US)
#define KILL_PATIENCE_US (10 * SECOND_US) /* for the exit of a process of some GiB */
#define DOCKER_EXTRA_US  (5 * SECOND_US)  /* Docker's answer comes when the container has gone */

static const struct ration strays_ration = {.burst = 8, .refill_us = 60 * SECOND_US};
/* Against whoever starts a stream again as soon as it is stopped. */
static const struct ration stops_ration = {.burst = 8, .refill_us = 10 * SECOND_US};

static const struct stream_process *process_at(const struct tick *t, size_t i)
{
	return &t->snap->streams.process[i];
}

/* ---- who they are ---- */

static bool is_ripe(const struct tick *t, size_t i, uint64_t *deadline_us)
{
	const struct stream_known *known = &t->state->stream[i];

	return known->bare_us && passed(t, known->bare_us, STRAY_AFTER_US, deadline_us);
}

static void watch_slots(struct tick *t)
{
	for (size_t i = 0; i < t->state->streams.n_known; i++) {
		struct stream_known *known = &t->state->stream[i];

		if (process_at(t, i)->slot >= 0)
			known->bare_us = 0;
		else if (known->bare_us == 0)
			known->bare_us = t->now_us;
	}
}

/* -> index of the newest of them, or -1 */
static int strays_count(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	uint32_t others = slots_of_others(t), ripe = 0;
	uint64_t deadline_us = UINT64_MAX;
	int newest = -1;

	for (size_t i = 0; i < s->n_known; i++) {
		if (!is_ripe(t, i, &deadline_us))
			continue;
		newest = (int)i;
		ripe++;
	}
	plan_wake(t, deadline_us);
	s->unaccounted = ripe > others ? ripe - others : 0;
	return s->unaccounted ? newest : -1;
}

static uint16_t service_of(const struct tick *t, uint16_t service)
{
	return service_policy(t, service) ? service : SERVICE_NONE;
}

static void tell_strays(struct tick *t, int newest)
{
	struct streams_state *s = &t->state->streams;
	struct event *e;

	if (newest < 0) {
		if (s->unaccounted_told == 0)
			return;
		e = tell_stream(t, EVENT_STREAM_UNACCOUNTED_OVER, &s->strays, &strays_ration);
		if (!e)
			return;
		e->n[0] = t->snap->streams.in_use;
		e->n[1] = s->max;
	} else {
		if (s->unaccounted <= s->unaccounted_told)
			return;
		e = tell_stream(t, EVENT_STREAM_UNACCOUNTED, &s->strays, &strays_ration);
		if (!e)
			return;
		e->service = service_of(t, process_at(t, (size_t)newest)->service);
		e->n[0] = s->unaccounted;
		e->n[1] = process_at(t, (size_t)newest)->pid;
		e->n[2] = t->snap->streams.in_use;
		e->n[3] = s->max;
	}
	s->unaccounted_told = s->unaccounted;
}

/* True when more have run than may for long enough. */
static bool is_over(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	uint64_t deadline_us = UINT64_MAX;
	bool over;

	if (streams_running(t) <= s->max) {
		s->over_us = 0;
		s->observed &= (uint8_t)~STREAMS_OBSERVED_STOP;
		return false;
	}
	if (s->over_us == 0)
		s->over_us = t->now_us;
	over = passed(t, s->over_us, OVER_AFTER_US, &deadline_us);
	plan_wake(t, deadline_us);
	return over;
}

/* ---- stopping ---- */

/* Whoever it is, it may be stopped: no slot holder, nobody protected, and of a service. */
static bool may_stop(struct tick *t, size_t i)
{
	const struct stream_process *p = process_at(t, i);
	const struct policy_service *service = service_policy(t, p->service);
	uint64_t deadline_us = UINT64_MAX;

	return t->policy->streams.over_cap == OVER_CAP_STOP_NEWEST && p->pid > 1 && service &&
	       !service->is_protected && slots_of_others(t) == 0 && is_ripe(t, i, &deadline_us) &&
	       !t->state->stream[i].abandoned;
}

static int victim(struct tick *t)
{
	for (size_t i = t->state->streams.n_known; i-- > 0;)
		if (may_stop(t, i))
			return (int)i;
	return -1;
}

static const struct {
	enum action_kind action;
	enum event_reason reason;
} stages[STREAM_STOP_STAGES] = {
	[STREAM_STOP_CONTAINER] = {ACT_STREAM_STOP_CONTAINER, REASON_STREAM_CONTAINER},
	[STREAM_STOP_TERM] = {ACT_STREAM_TERM, REASON_STREAM_TERM},
	[STREAM_STOP_KILL] = {ACT_STREAM_KILL, REASON_STREAM_KILL},
};

static struct event *tell_stop(struct tick *t, enum event_kind kind)
{
	const struct stream_stop *stop = &t->state->streams.stop;

	return plan_tell(t, kind, service_of(t, stop->service), stop->inode);
}

static void ask(struct tick *t, enum stream_stop_stage stage, uint64_t *deadline_us)
{
	struct streams_state *s = &t->state->streams;
	struct stream_stop *stop = &s->stop;
	struct action *a;
	struct event *e;

	if (t->destructive) {
		look_at(deadline_us, t->now_us + SETTLE_US);
		return;
	}
	t->destructive = true;
	a = plan_act(t, stages[stage].action, &s->effort[STREAMS_EFFORT_STOP], stop->service,
		stop->inode, deadline_us);
	a->pid = stop->pid;
	a->start_ticks = stop->start_ticks;
	a->value = (int64_t)t->policy->streams.grace_us;
	if (stop->stage == (uint8_t)stage)
		return; /* once more */
	stop->stage = (uint8_t)stage;
	stop->stage_us = 0;
	e = tell_stop(t, EVENT_STREAM_STOPPING);
	e->reason = (uint8_t)stages[stage].reason;
	e->n[0] = stop->pid;
	e->n[1] = streams_running(t);
	e->n[2] = s->max;
	e->n[3] = stop->anon_bytes;
}

static void forget(struct streams_state *s)
{
	memset(&s->stop, 0, sizeof(s->stop));
	effort_open(&s->effort[STREAMS_EFFORT_STOP]);
}

static enum stream_stop_stage first_stage(const struct tick *t, const struct stream_process *p)
{
	return p->is_container && t->snap->peer[PEER_DOCKER] == PEER_OK ? STREAM_STOP_CONTAINER
									: STREAM_STOP_TERM;
}

static void tell_would_stop(struct tick *t, const struct stream_process *p)
{
	struct streams_state *s = &t->state->streams;
	struct event *e;

	if (s->observed & STREAMS_OBSERVED_STOP)
		return;
	e = tell_stream(t, EVENT_STREAM_OBSERVED, &s->strays, &strays_ration);
	if (!e)
		return;
	e->service = service_of(t, p->service);
	e->reason = REASON_STREAMS_STOP;
	e->n[0] = s->max;
	e->n[1] = s->effective_cap;
	e->n[2] = p->pid;
	s->observed |= STREAMS_OBSERVED_STOP;
}

static void begin(struct tick *t, size_t i, uint64_t *deadline_us)
{
	struct streams_state *s = &t->state->streams;
	const struct stream_process *p = process_at(t, i);

	if (streams_observed(t)) {
		tell_would_stop(t, p);
		return;
	}
	if (t->destructive || !budget_take(t, &s->stops, &stops_ration, deadline_us)) {
		look_at(deadline_us, t->now_us + SETTLE_US);
		return;
	}
	forget(s);
	s->stop.pid = p->pid;
	s->stop.start_ticks = p->start_ticks;
	s->stop.inode = p->member_inode;
	s->stop.service = p->service;
	s->stop.anon_bytes = p->anon_bytes;
	s->stop.began_us = t->now_us;
	ask(t, first_stage(t, p), deadline_us);
}

/* ---- the one that is being stopped ---- */

/* -> its index, or -1: it has gone */
static int find_stopping(const struct tick *t)
{
	const struct stream_stop *stop = &t->state->streams.stop;

	for (size_t i = 0; i < t->state->streams.n_known; i++)
		if (process_at(t, i)->pid == stop->pid &&
			process_at(t, i)->start_ticks == stop->start_ticks)
			return (int)i;
	return -1;
}

static void tell_stopped(struct tick *t)
{
	struct stream_stop *stop = &t->state->streams.stop;
	struct event *e = tell_stop(t, EVENT_STREAM_STOPPED);

	e->n[0] = stop->pid;
	e->n[1] = stop->anon_bytes;
	e->n[2] = t->now_us - stop->began_us;
	forget(&t->state->streams);
}

static void tell_failed(struct tick *t, int error)
{
	struct event *e = tell_stop(t, EVENT_STREAM_STOP_FAILED);

	e->n[0] = errno_number(error);
	e->n[1] = t->state->streams.stop.pid;
	t->state->streams.effort[STREAMS_EFFORT_STOP].told_error = error;
}

/* The result of the latest stage. */
static void stage_ended(struct tick *t, struct effort *effort)
{
	struct stream_stop *stop = &t->state->streams.stop;
	int outcome = effort_outcome(effort);

	if (outcome == 0)
		stop->stage_us = effort->asked_us;
	if (outcome >= 0 || outcome == -ESRCH) /* it has gone: the next look sees it */
		return;
	if (stop->stage == STREAM_STOP_CONTAINER)
		stop->no_docker = 1;
	else if (outcome != -ECANCELED && effort_failure_is_news(effort, outcome))
		tell_failed(t, outcome);
}

static uint64_t patience_us(const struct tick *t, enum stream_stop_stage stage)
{
	uint64_t grace_us = t->policy->streams.grace_us;

	return stage == STREAM_STOP_KILL        ? KILL_PATIENCE_US
	       : stage == STREAM_STOP_CONTAINER ? grace_us + DOCKER_EXTRA_US
						: grace_us;
}

/* It is there still, and may be stopped: the stage again if it failed, or the next one in time. */
static void go_on(struct tick *t, size_t i, uint64_t *deadline_us)
{
	struct streams_state *s = &t->state->streams;
	struct effort *effort = &s->effort[STREAMS_EFFORT_STOP];
	enum stream_stop_stage stage = (enum stream_stop_stage)s->stop.stage;

	if (stage == STREAM_STOP_CONTAINER && s->stop.no_docker) {
		ask(t, STREAM_STOP_TERM, deadline_us);
	} else if (s->stop.stage_us == 0) {
		if (effort_ready(t, effort, deadline_us))
			ask(t, stage, deadline_us);
	} else if (passed(t, s->stop.stage_us, patience_us(t, stage), deadline_us)) {
		if (stage != STREAM_STOP_KILL) {
			ask(t, STREAM_STOP_KILL, deadline_us);
			return;
		}
		tell_failed(t, -EBUSY); /* in the kernel */
		t->state->stream[i].abandoned = 1;
		forget(s);
	}
}

static void follow(struct tick *t, bool over)
{
	struct streams_state *s = &t->state->streams;
	struct effort *effort = &s->effort[STREAMS_EFFORT_STOP];
	uint64_t deadline_us = UINT64_MAX;
	int i = find_stopping(t);

	if (i < 0) {
		tell_stopped(t);
		return;
	}
	if (process_at(t, (size_t)i)->slot >= 0 || streams_observed(t) ||
		t->policy->streams.over_cap != OVER_CAP_STOP_NEWEST) {
		forget(s);
		return;
	}
	if (!effort_pending(t, effort, &deadline_us)) {
		stage_ended(t, effort);
		if (over && may_stop(t, (size_t)i))
			go_on(t, (size_t)i, &deadline_us);
	}
	plan_wake(t, deadline_us);
}

/* ---- the rule ---- */

/* What cannot be read says nothing about anybody: durations begin again. */
static void account_unknown(struct tick *t)
{
	t->state->streams.over_us = 0;
	for (size_t i = 0; i < t->state->streams.n_known; i++)
		t->state->stream[i].bare_us = 0;
}

void streams_account(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	uint64_t deadline_us = UINT64_MAX;
	bool over;
	int chosen;

	if (!slots_known(t) || !processes_known(t)) {
		account_unknown(t);
		return;
	}
	watch_slots(t);
	tell_strays(t, strays_count(t));
	over = is_over(t);
	if (s->stop.pid != 0) {
		follow(t, over);
		return;
	}
	chosen = over && s->unaccounted > 0 ? victim(t) : -1;
	if (chosen >= 0)
		begin(t, (size_t)chosen, &deadline_us);
	plan_wake(t, deadline_us);
}
