/*
 * stream_cap: how many streams may run. The policy's cap, or less while memory carries fewer: what
 * is available above the host's reserve, less what streams that have just begun will still take,
 * divided by the cost of one.
 *
 * It falls at once and rises slowly, one stream each `recover`: memory that was just freed is often
 * taken again, and a stream let in cannot be taken back. While the host is in warning nobody new is
 * let in. Nothing is stopped for it: those that run go on, also above the effective cap.
 */
#include "stream_rules.h"

#define YOUNG_US (30 * SECOND_US) /* by then a stream has taken what it takes */

static const struct ration caps_ration = {.burst = 6, .refill_us = 60 * SECOND_US};

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static bool slot_has_process(const struct tick *t, size_t slot)
{
	for (size_t i = 0; processes_known(t) && i < t->state->streams.n_known; i++)
		if (t->snap->streams.process[i].slot == (int)slot)
			return true;
	return false;
}

/* Slots so young that their process was not met yet. */
static uint32_t slots_beginning(const struct tick *t)
{
	const struct streams_sample *s = &t->snap->streams;
	uint32_t n = 0;

	for (size_t i = 0; i < STREAM_SLOTS_MAX; i++)
		if (s->slot[i].held && s->slot[i].record_ok &&
			less(t->snap->realtime_us, s->slot[i].since_us) < YOUNG_US &&
			!slot_has_process(t, i))
			n++;
	return n;
}

/* What those that have begun are still going to take. */
static uint64_t bytes_to_come(const struct tick *t)
{
	const struct streams_state *s = &t->state->streams;
	uint64_t bytes = 0;

	for (size_t i = 0; processes_known(t) && i < s->n_known; i++)
		if (t->now_us - t->state->stream[i].seen_us < YOUNG_US)
			bytes = plus(
				bytes, less(s->cost_bytes, t->snap->streams.process[i].anon_bytes));
	if (slots_known(t) && slots_of_others(t) > 0)
		bytes = plus(bytes, slots_beginning(t) * s->cost_bytes);
	return bytes;
}

/* How many memory carries, those that run included. False: that is not known. */
static bool carried(const struct tick *t, uint32_t *n)
{
	const struct host_sample *host = &t->snap->host;
	uint32_t max = streams_max(t), running = streams_running(t);
	uint64_t room, more;

	if (!(host->valid & HOST_MEMORY) || (!slots_known(t) && !processes_known(t)))
		return false;
	room = less(host->mem_available_bytes, t->policy->host.reserve_bytes);
	more = less(room, bytes_to_come(t)) / t->state->streams.cost_bytes;
	*n = running < max && more < max - running ? running + (uint32_t)more : max;
	return true;
}

static void lower(struct tick *t, uint32_t cap)
{
	struct streams_state *s = &t->state->streams;

	if (cap != s->effective_cap)
		t->plan->state_changed = true;
	s->effective_cap = cap;
	s->room_us = 0;
}

/* First up to those that run already, then one more at a time. */
static void rise(struct tick *t, uint32_t target)
{
	struct streams_state *s = &t->state->streams;
	uint32_t running = streams_running(t);
	uint64_t deadline_us = UINT64_MAX;

	if (s->room_us == 0)
		s->room_us = t->now_us;
	if (passed(t, s->room_us, t->policy->streams.recover_us, &deadline_us)) {
		if (s->effective_cap < running)
			s->effective_cap = running < target ? running : target;
		else
			s->effective_cap++;
		s->room_us = s->effective_cap < target ? t->now_us : 0;
		t->plan->state_changed = true;
	}
	plan_wake(t, deadline_us);
}

/* What the policy takes away it takes at once; what it gives too, unless memory had lowered it. */
static void follow_policy(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	uint32_t max = streams_max(t);

	if (s->max == max)
		return;
	if (s->effective_cap == s->max || s->effective_cap > max)
		s->effective_cap = max;
	if (s->cap_told == s->max || s->cap_told > max)
		s->cap_told = max;
	s->max = max;
	s->room_us = 0;
	t->plan->state_changed = true;
}

/* Told when it falls below what was told, and when it is whole again. */
static void tell_cap(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	bool is_whole = s->effective_cap == s->max;
	struct event *e;

	if (is_whole ? s->cap_told == s->max : s->effective_cap >= s->cap_told)
		return;
	if (streams_observed(t) && is_whole) {
		s->cap_told = s->max;
		return;
	}
	e = tell_stream(t,
		streams_observed(t) ? EVENT_STREAM_OBSERVED
		: is_whole          ? EVENT_STREAM_CAP_RESTORED
				    : EVENT_STREAM_CAP_LOWERED,
		&s->caps, &caps_ration);
	if (!e)
		return;
	e->n[0] = s->max;
	e->n[1] = s->effective_cap;
	if (streams_observed(t)) {
		e->reason = REASON_STREAMS_CAP;
	} else {
		e->reason = is_whole                        ? REASON_NONE
			    : s->reason == SLOT_CAP_WARNING ? REASON_STREAMS_WARNING
							    : REASON_STREAMS_MEMORY;
		e->n[2] = t->snap->host.valid & HOST_MEMORY ? t->snap->host.mem_available_bytes : 0;
		e->n[3] = s->cost_bytes;
	}
	s->cap_told = s->effective_cap;
}

void stream_cap_keep(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	bool warns = t->state->host_level.now >= MEMORY_WARN;
	uint32_t target;

	follow_policy(t);
	if (warns) {
		lower(t, 0);
	} else if (carried(t, &target)) {
		if (target < s->effective_cap)
			lower(t, target);
		else if (target > s->effective_cap)
			rise(t, target);
		else
			s->room_us = 0;
	} else {
		s->room_us = 0;
	}
	s->reason = warns                        ? SLOT_CAP_WARNING
		    : s->effective_cap == s->max ? SLOT_CAP_FULL
						 : SLOT_CAP_MEMORY;
	tell_cap(t);
}
