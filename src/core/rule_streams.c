/*
 * rule_streams: the semaphore file of the streams is there, whole, and says how many may run; who
 * was refused is told; and the order of the rules about streams.
 *
 * The kernel counts: a slot is a lock, and lives as long as the process that holds it. So nothing
 * here frees a slot, and what somebody does to the file's bytes loses none: it is put right in
 * place. Repairs that do not last are made ever more slowly, but never given up: without the file
 * no stream gets a slot.
 */
#include <errno.h>
#include <string.h>

#include "stream_rules.h"

/* Each of these has one told at once. A viewer's browser tries again each few seconds. */
static const struct ration refusals_ration = {.burst = 1, .refill_us = 60 * SECOND_US};
static const struct ration files_ration = {.burst = 8, .refill_us = 60 * SECOND_US};

static const uint8_t reasons[SLOT_FILE_STATES] = {
	[SLOT_FILE_ABSENT] = REASON_SLOTS_ABSENT,
	[SLOT_FILE_WRONG_SIZE] = REASON_SLOTS_SIZE,
	[SLOT_FILE_BAD_HEADER] = REASON_SLOTS_HEADER,
	[SLOT_FILE_WRONG_MODE] = REASON_SLOTS_MODE,
	[SLOT_FILE_REPLACED] = REASON_SLOTS_REPLACED,
	[SLOT_FILE_UNUSABLE] = REASON_SLOTS_UNUSABLE,
};

/* ---- what the rules share ---- */

uint32_t streams_max(const struct tick *t)
{
	uint32_t max = t->policy->streams.max;

	return max < STREAM_SLOTS_MAX ? max : STREAM_SLOTS_MAX;
}

uint32_t streams_running(const struct tick *t)
{
	uint32_t held = slots_known(t) ? t->snap->streams.in_use : 0;
	uint32_t counted = processes_known(t) ? t->state->streams.n_known : 0;

	held = held < STREAM_SLOTS_MAX ? held : STREAM_SLOTS_MAX;
	return held > counted ? held : counted;
}

uint32_t slots_of_others(const struct tick *t)
{
	uint32_t held = t->snap->streams.in_use, matched = 0;

	for (size_t i = 0; processes_known(t) && i < t->state->streams.n_known; i++)
		matched += t->snap->streams.process[i].slot >= 0;
	return held > matched ? held - matched : 0;
}

struct event *tell_stream(
	struct tick *t, enum event_kind kind, struct budget *budget, const struct ration *ration)
{
	uint64_t deadline_us = UINT64_MAX;
	struct event *e = NULL;

	if (budget_take(t, budget, ration, &deadline_us))
		e = plan_tell(t, kind, SERVICE_NONE, 0);
	plan_wake(t, deadline_us);
	return e;
}

static struct event *tell_file(
	struct tick *t, enum event_kind kind, enum event_reason reason, uint64_t a, uint64_t b)
{
	struct event *e = tell_stream(t, kind, &t->state->streams.files, &files_ration);

	if (!e)
		return NULL;
	e->reason = (uint8_t)reason;
	e->n[0] = a;
	e->n[1] = b;
	return e;
}

/* ---- asking ---- */

static void ask(struct tick *t, enum action_kind kind, struct effort *effort, uint64_t *deadline_us)
{
	struct streams_state *s = &t->state->streams;
	struct action *a = plan_act(t, kind, effort, SERVICE_NONE, 0, deadline_us);

	a->cap = s->max;
	a->effective_cap = s->effective_cap;
	a->cap_reason = s->reason;
	s->published_cap = a->cap;
	s->published_effective = a->effective_cap;
	s->published_reason = a->cap_reason;
}

/* An errno is told once until it goes well again. */
static void failed(struct tick *t, struct effort *effort, int error, uint8_t problem)
{
	if (error == -ECANCELED || !effort_failure_is_news(effort, error))
		return;
	if (tell_file(t, EVENT_SEMAPHORE_UNUSABLE, (enum event_reason)reasons[problem],
		    errno_number(error), 0))
		effort->told_error = error;
}

/* ---- the file is there, and whole ---- */

static void mended(struct tick *t, struct effort *effort)
{
	struct streams_state *s = &t->state->streams;
	bool was_absent = s->file_problem == SLOT_FILE_ABSENT;

	effort_count_round(t, effort);
	if (s->file_problem == SLOT_FILE_REPLACED)
		return; /* told when it was found */
	tell_file(t, was_absent ? EVENT_SEMAPHORE_MADE : EVENT_SEMAPHORE_MENDED,
		(enum event_reason)reasons[s->file_problem], s->max, 0);
}

/* What guardiand cannot put right, or what it cannot undo. */
static void tell_found(struct tick *t, uint8_t problem)
{
	struct streams_state *s = &t->state->streams;
	const struct streams_sample *found = &t->snap->streams;
	bool is_unusable = problem == SLOT_FILE_UNUSABLE;

	if (s->file_told == problem || (!is_unusable && problem != SLOT_FILE_REPLACED))
		return;
	if (tell_file(t, is_unusable ? EVENT_SEMAPHORE_UNUSABLE : EVENT_SEMAPHORE_REPLACED,
		    (enum event_reason)reasons[problem],
		    is_unusable ? (uint32_t)found->file_error : found->in_use, s->max))
		s->file_told = problem;
}

static void tell_would_mend(struct tick *t, uint8_t problem)
{
	struct streams_state *s = &t->state->streams;
	bool is_absent = problem == SLOT_FILE_ABSENT;

	if (!(s->observed & STREAMS_OBSERVED_FILE) &&
		tell_file(t, EVENT_STREAM_OBSERVED,
			is_absent ? REASON_STREAMS_MAKE : REASON_STREAMS_MEND, s->max,
			s->effective_cap))
		s->observed |= STREAMS_OBSERVED_FILE;
}

static void mend(struct tick *t, uint8_t problem, uint64_t *deadline_us)
{
	struct streams_state *s = &t->state->streams;
	struct effort *effort = &s->effort[STREAMS_EFFORT_MEND];

	tell_found(t, problem);
	if (problem == SLOT_FILE_UNUSABLE)
		return;
	if (streams_observed(t)) {
		tell_would_mend(t, problem);
		return;
	}
	if (!effort_ready(t, effort, deadline_us))
		return;
	s->file_problem = problem;
	ask(t, ACT_STREAMS_MEND, effort, deadline_us);
}

/* ---- what it says ---- */

static bool is_published(const struct tick *t)
{
	const struct streams_state *s = &t->state->streams;
	const struct streams_sample *found = &t->snap->streams;

	return found->cap == s->max && found->effective_cap == s->effective_cap &&
	       found->reason == s->reason;
}

static bool was_asked(const struct streams_state *s)
{
	return s->published_cap == s->max && s->published_effective == s->effective_cap &&
	       s->published_reason == s->reason;
}

static void publish(struct tick *t, uint64_t *deadline_us)
{
	struct streams_state *s = &t->state->streams;
	struct effort *effort = &s->effort[STREAMS_EFFORT_PUBLISH];

	if (is_published(t) || streams_observed(t))
		return;
	/* What was just written need not have been read back yet. */
	if (was_asked(s) && effort->failures == 0 &&
		!passed(t, effort->ended_us, SETTLE_US, deadline_us))
		return;
	if (effort_ready(t, effort, deadline_us))
		ask(t, ACT_STREAMS_PUBLISH, effort, deadline_us);
}

/* ---- who was refused ---- */

static void tell_counters_bad(struct tick *t)
{
	struct streams_state *s = &t->state->streams;

	s->refused_known = 0;
	if (!s->counters_told)
		s->counters_told = tell_file(t, EVENT_SEMAPHORE_MENDED, REASON_SLOTS_COUNTERS,
					   s->max, 0) != NULL;
}

/* A counter that has fallen is another file's, and begins anew. */
static void tell_refused(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	const struct streams_sample *found = &t->snap->streams;
	uint64_t refused = found->refused + found->gave_up;
	struct event *e;

	if (found->counters_bad) {
		tell_counters_bad(t);
		return;
	}
	s->counters_told = 0;
	if (!s->refused_known || refused < s->refused) {
		s->refused = refused;
		s->refused_known = 1;
		t->plan->state_changed = true;
	}
	if (refused == s->refused)
		return;
	e = tell_stream(t, EVENT_STREAM_REFUSED, &s->refusals, &refusals_ration);
	if (!e)
		return;
	e->n[0] = refused - s->refused;
	e->n[1] = found->in_use;
	e->n[2] = s->effective_cap;
	e->n[3] = s->max;
	s->refused = refused;
}

/* ---- the rule ---- */

static void file_found_well(struct tick *t, uint64_t *deadline_us)
{
	struct streams_state *s = &t->state->streams;

	s->file_told = SLOT_FILE_UNKNOWN;
	s->observed &= (uint8_t)~STREAMS_OBSERVED_FILE;
	publish(t, deadline_us);
	tell_refused(t);
}

static void file_keep(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	struct effort *mending = &s->effort[STREAMS_EFFORT_MEND];
	struct effort *publishing = &s->effort[STREAMS_EFFORT_PUBLISH];
	uint8_t found = t->snap->streams.file_state;
	uint64_t deadline_us = UINT64_MAX;
	int outcome;

	if (!effort_pending(t, mending, &deadline_us) &&
		!effort_pending(t, publishing, &deadline_us)) {
		outcome = effort_outcome(publishing);
		if (outcome < 0)
			failed(t, publishing, outcome, SLOT_FILE_UNUSABLE);
		outcome = effort_outcome(mending);
		if (outcome == 0)
			mended(t, mending);
		else if (outcome < 0)
			failed(t, mending, outcome, s->file_problem);
		if (slots_known(t))
			file_found_well(t, &deadline_us);
		else if (t->snap->streams.valid & STREAMS_FILE && found != SLOT_FILE_UNKNOWN &&
			 found < SLOT_FILE_STATES)
			mend(t, found, &deadline_us);
	}
	plan_wake(t, deadline_us);
}

/* Without a cap nothing is looked after; what a stream costs is still known when there is one. */
static void let_go(struct streams_state *s)
{
	s->max = 0;
	s->effective_cap = 0;
	s->cap_told = 0;
	s->reason = SLOT_CAP_FULL;
	s->room_us = 0;
	s->over_us = 0;
	s->unaccounted = 0;
	s->unaccounted_told = 0;
	s->n_known = 0;
	memset(&s->stop, 0, sizeof(s->stop));
}

void streams_open(struct tick *t, bool anew)
{
	struct streams_state *s = &t->state->streams;
	const char *command = t->policy->streams.command;

	s->cost_bytes = 0;
	if (memcmp(s->command, command, sizeof(s->command)) != 0) {
		memcpy(s->command, command, sizeof(s->command));
		s->n_costs = 0; /* of another program */
		s->next_cost = 0;
		s->n_known = 0;
	}
	if (t->policy->streams.max == 0)
		let_go(s);
	if (!anew)
		return;
	for (size_t e = 0; e < STREAMS_EFFORTS; e++)
		effort_open(&s->effort[e]);
	s->file_told = SLOT_FILE_UNKNOWN;
	s->observed = 0;
}

void streams_keep(struct tick *t)
{
	if (t->policy->streams.max == 0)
		return;
	if (!plan_has_room(t)) {
		plan_wake(t, t->now_us);
		return;
	}
	streams_learn(t);
	stream_cap_keep(t);
	file_keep(t);
	streams_account(t);
}
