/*
 * rule_swap: the swap file is there, in use, root's alone, and as large as the policy wants.
 *
 * What is lacking, swap_intent() says; here is when to act on it. One swap action is under way at a
 * time. Sizes are looked at after a start and a reload alone, and while a resize waits: swap of
 * others that comes and goes moves nothing. A file in use that is not any more was switched off by
 * somebody: told, switched on again, and left alone after the policy's rounds.
 */
#include <errno.h>
#include <string.h>

#include "guardian/swap_intent.h"
#include "rules.h"

/* Zeros at idle priority on a busy disk take long; and a result always comes, or the daemon has
 * ended. */
#define SWAP_LOST_US   (24 * 3600 * SECOND_US)
/* From a result until the readings must show it. */
#define SWAP_SETTLE_US (2 * SECOND_US)

static const struct {
	enum action_kind action;
	enum event_reason reason;
} efforts[SWAP_EFFORTS] = {
	[SWAP_EFFORT_MAKE] = {ACT_SWAP_MAKE, REASON_SWAP_MAKE},
	[SWAP_EFFORT_ON] = {ACT_SWAP_ON, REASON_SWAP_ON},
	[SWAP_EFFORT_RESIZE] = {ACT_SWAP_RESIZE, REASON_SWAP_RESIZE},
	[SWAP_EFFORT_MEND] = {ACT_SWAP_MEND, REASON_SWAP_MEND},
};

/* One of our files, what is there and what is remembered of it. */
struct keep {
	uint8_t index;
	const struct swap_file *seen;
	struct swap_file_memory *known;
	uint64_t *deadline_us;
	bool *refuses; /* found so in this tick */
};

/* The sizes are open again; ANEW, as after a reload, all that is settled is as well. At another
 * path is another file, of which nothing is known. */
void swap_open(struct tick *t, bool anew)
{
	struct swap_state *swap = &t->state->swap;
	const char *path = t->policy->swap.file;
	bool is_other = memcmp(swap->path, path, sizeof(swap->path)) != 0;

	swap->open = 1;
	memcpy(swap->path, path, sizeof(swap->path));
	for (size_t f = 0; f < SWAP_FILES_MAX; f++) {
		struct swap_file_memory *known = &swap->file[f];

		for (size_t e = 0; anew && e < SWAP_EFFORTS; e++)
			effort_open(&known->effort[e]);
		if (!anew && !is_other)
			continue;
		known->flags &= is_other ? 0 : SWAP_WAS_ACTIVE;
		known->refused = REASON_NONE;
		known->observed = 0;
	}
	if (!anew)
		return;
	swap->covered = 0;
	knobs_open(t->state);
}

/* Adds an event of the swap family within its ration; NULL: not now. */
struct event *tell_swap(struct tick *t, enum event_kind kind, uint8_t subject)
{
	uint64_t deadline_us = UINT64_MAX;
	struct event *e = NULL;

	if (budget_take(t, &t->state->swap.told, &swap_ration, &deadline_us)) {
		e = plan_tell(t, kind, SERVICE_NONE, 0);
		e->subject = subject;
	}
	plan_wake(t, deadline_us);
	return e;
}

static struct event *tell_sizes(
	struct tick *t, enum event_kind kind, const struct keep *k, uint64_t a, uint64_t b)
{
	struct event *e = tell_swap(t, kind, k->index);

	if (!e)
		return NULL;
	e->n[0] = a;
	e->n[1] = b;
	return e;
}

/* ---- results ---- */

static void failed(struct tick *t, const struct keep *k, enum swap_effort which, int error)
{
	struct effort *effort = &k->known->effort[which];
	struct event *e;

	if (which == SWAP_EFFORT_RESIZE && error == -EBUSY)
		return; /* looked at again right before: it did not fit any more */
	if (error == -ECANCELED) {
		k->known->observed |= (uint8_t)BIT(which);
		e = tell_sizes(t, EVENT_SWAP_OBSERVED, k, k->known->asked_bytes, 0);
	} else if (effort_failure_is_news(effort, error)) {
		e = tell_sizes(t, EVENT_SWAP_FAILED, k, errno_number(error), k->known->asked_bytes);
		effort->told_error = error;
	} else {
		return;
	}
	if (e)
		e->reason = (uint8_t)efforts[which].reason;
}

static void made(struct tick *t, const struct keep *k)
{
	const struct effort *effort = &k->known->effort[SWAP_EFFORT_MAKE];

	tell_sizes(
		t, EVENT_SWAP_MADE, k, k->known->asked_bytes, effort->ended_us - effort->asked_us);
	k->known->flags &= (uint8_t)~SWAP_TOLD_MAKING;
}

static void switched_on(struct tick *t, const struct keep *k)
{
	tell_sizes(t, EVENT_SWAP_ON, k, k->known->asked_bytes, 0);
}

static void resized(struct tick *t, const struct keep *k)
{
	tell_sizes(t, EVENT_SWAP_RESIZED, k, k->known->asked_bytes, k->known->found_bytes);
	k->known->flags &= (uint8_t)~SWAP_TOLD_WAITS;
}

static void mended(struct tick *t, const struct keep *k)
{
	tell_sizes(t, EVENT_SWAP_MENDED, k, k->known->mode, k->known->uid);
	effort_count_round(t, &k->known->effort[SWAP_EFFORT_MEND]);
}

static void effort_ended(struct tick *t, const struct keep *k, enum swap_effort which)
{
	static void (*const done[SWAP_EFFORTS])(struct tick * t, const struct keep *k) = {
		[SWAP_EFFORT_MAKE] = made,
		[SWAP_EFFORT_ON] = switched_on,
		[SWAP_EFFORT_RESIZE] = resized,
		[SWAP_EFFORT_MEND] = mended,
	};
	int outcome = effort_outcome(&k->known->effort[which]);

	if (outcome > 0)
		return;
	/* It was off, so that a round with whoever did that is over, in whatever way it is back. */
	if (outcome == 0 && which != SWAP_EFFORT_MEND && k->known->flags & SWAP_WENT_OFF)
		effort_count_round(t, &k->known->effort[SWAP_EFFORT_ON]);
	if (outcome == 0 && which != SWAP_EFFORT_MEND)
		k->known->flags &= (uint8_t)~SWAP_WENT_OFF;
	if (outcome < 0)
		failed(t, k, which, outcome);
	else
		done[which](t, k);
}

/* True while something is under way, or too young to be seen in the readings. */
static bool is_busy(struct tick *t, const struct keep *k)
{
	bool busy = false;

	for (size_t e = 0; e < SWAP_EFFORTS; e++) {
		struct effort *effort = &k->known->effort[e];

		busy |= effort_pending_for(t, effort, SWAP_LOST_US, k->deadline_us) ||
			(effort->ended_us &&
				!passed(t, effort->ended_us, SWAP_SETTLE_US, k->deadline_us));
		effort_ended(t, k, (enum swap_effort)e);
	}
	return busy;
}

/* ---- asking ---- */

/* True when EFFORT may be made now. Another program undoing it each time ends that. */
static bool may_try(struct tick *t, const struct keep *k, enum swap_effort which)
{
	struct effort *effort = &k->known->effort[which];
	struct event *e;

	if (effort->surrendered || k->known->observed & BIT(which))
		return false;
	if (effort_rounds(t, effort) >= t->policy->drift.rounds) {
		e = tell_sizes(t, EVENT_SWAP_SURRENDERED, k, k->seen->size_bytes,
			effort_rounds(t, effort));
		effort->surrendered = e != NULL;
		return false;
	}
	return effort_ready(t, effort, k->deadline_us);
}

static void ask(
	struct tick *t, const struct keep *k, enum swap_effort which, const struct swap_intent *in)
{
	struct action *a = plan_act(t, efforts[which].action, &k->known->effort[which],
		SERVICE_NONE, k->seen->inode, k->deadline_us);

	a->file = k->index;
	a->value = t->policy->swap.priority;
	a->size_bytes = in->size_bytes ? in->size_bytes : k->seen->size_bytes;
	a->reserve_bytes = in->reserve_bytes;
	k->known->asked_bytes = a->size_bytes;
	k->known->found_bytes = k->seen->size_bytes;
	k->known->mode = k->seen->mode;
	k->known->uid = k->seen->uid;
}

static bool observes(const struct tick *t)
{
	return t->policy->mode == MODE_OBSERVE;
}

static bool try_make(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	if (!may_try(t, k, SWAP_EFFORT_MAKE))
		return false;
	if (!observes(t) && !(k->known->flags & SWAP_TOLD_MAKING)) {
		tell_sizes(t, EVENT_SWAP_MAKING, k, in->size_bytes, t->snap->swap.fs_free_bytes);
		k->known->flags |= SWAP_TOLD_MAKING;
	}
	ask(t, k, SWAP_EFFORT_MAKE, in);
	return true;
}

static bool try_on(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	if (!may_try(t, k, SWAP_EFFORT_ON))
		return false;
	ask(t, k, SWAP_EFFORT_ON, in);
	return true;
}

/* To switch off what is in use moves it into memory: one destructive action a tick. */
static bool try_resize(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	if (!may_try(t, k, SWAP_EFFORT_RESIZE))
		return false;
	if (k->seen->active && t->destructive) {
		plan_wake(t, t->now_us + SETTLE_US);
		return false;
	}
	t->destructive |= k->seen->active;
	k->known->flags &= (uint8_t)~SWAP_WAS_ACTIVE;
	ask(t, k, SWAP_EFFORT_RESIZE, in);
	return true;
}

static bool tell_waits(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	struct event *e;

	if (k->known->flags & SWAP_TOLD_WAITS)
		return false;
	e = tell_sizes(t, EVENT_SWAP_RESIZE_WAITS, k, in->size_bytes, in->have_bytes);
	if (!e)
		return false;
	e->n[2] = in->used_bytes;
	e->n[3] = in->available_bytes;
	k->known->flags |= SWAP_TOLD_WAITS;
	return false;
}

static bool tell_refused(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	struct event *e;

	*k->refuses = true;
	if (k->known->refused == in->reason)
		return false;
	e = tell_sizes(t, EVENT_SWAP_REFUSED, k, in->size_bytes, t->snap->swap.fs_free_bytes);
	if (!e)
		return false;
	e->n[2] = in->reserve_bytes;
	e->n[3] = t->snap->swap.fs_magic;
	e->reason = in->reason;
	k->known->refused = in->reason;
	return false;
}

static bool tell_covered(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	struct swap_state *swap = &t->state->swap;

	(void)in;
	if (!swap->covered)
		swap->covered = tell_sizes(t, EVENT_SWAP_COVERED, k, t->policy->swap.size_bytes,
					t->snap->swap.foreign_bytes) != NULL;
	return false;
}

/* Does, or tells, what IN says. True when something is under way now. */
static bool follow(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	static bool (*const steps[SWAP_STEPS])(
		struct tick * t, const struct keep *k, const struct swap_intent *in) = {
		[SWAP_STEP_COVERED] = tell_covered,
		[SWAP_STEP_MAKE] = try_make,
		[SWAP_STEP_ON] = try_on,
		[SWAP_STEP_RESIZE] = try_resize,
		[SWAP_STEP_WAIT] = tell_waits,
		[SWAP_STEP_REFUSE] = tell_refused,
	};

	return steps[in->step] && steps[in->step](t, k, in);
}

/* ---- the rule ---- */

/* In use, it was switched off: after the last round it is the surrender that is told. */
static void notice_off(struct tick *t, const struct keep *k, const struct swap_intent *in)
{
	struct effort *on = &k->known->effort[SWAP_EFFORT_ON];
	bool gone = in->step == SWAP_STEP_ON || in->step == SWAP_STEP_MAKE;

	if (!gone || !(k->known->flags & SWAP_WAS_ACTIVE) || k->known->flags & SWAP_WENT_OFF)
		return;
	k->known->flags |= SWAP_WENT_OFF;
	if (!observes(t) && !on->surrendered && effort_rounds(t, on) < t->policy->drift.rounds)
		tell_sizes(t, EVENT_SWAP_OFF, k, k->known->found_bytes, effort_rounds(t, on) + 1U);
}

static void notice_on(const struct keep *k)
{
	if (!k->seen->active || k->seen->replaced)
		return;
	k->known->flags |= SWAP_WAS_ACTIVE;
	k->known->flags &= (uint8_t)~SWAP_WENT_OFF;
	k->known->found_bytes = k->seen->size_bytes;
}

/* True when something is under way now. */
static bool file_keep(struct tick *t, const struct keep *k)
{
	struct swap_intent in = swap_file_intent(t->policy, t->snap, k->index);

	if (in.unknown) {
		*k->refuses = true; /* or not: it is left as told */
		return false;
	}
	notice_on(k);
	if (in.mend && may_try(t, k, SWAP_EFFORT_MEND)) {
		ask(t, k, SWAP_EFFORT_MEND, &in);
		return true;
	}
	notice_off(t, k, &in);
	/* Whoever removes what he has switched off is no less stubborn. */
	if (in.step == SWAP_STEP_MAKE && k->known->flags & SWAP_WENT_OFF &&
		!may_try(t, k, SWAP_EFFORT_ON))
		return false;
	return follow(t, k, &in);
}

static void sizes_keep(struct tick *t, const struct keep keeps[SWAP_FILES_MAX])
{
	struct swap_intent in = swap_size_intent(t->policy, t->snap);

	if (in.step == SWAP_STEP_NONE && !in.unknown)
		t->state->swap.open = 0;
	else
		(void)follow(t, &keeps[in.file], &in);
}

/* What is in the way no more is told anew when it comes back. */
static void forget_refusals(const struct keep keeps[SWAP_FILES_MAX])
{
	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		if (!*keeps[f].refuses)
			keeps[f].known->refused = REASON_NONE;
}

/* Guardiand looks after none: what happens meanwhile is nobody's doing. */
static void let_go(const struct keep keeps[SWAP_FILES_MAX])
{
	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		keeps[f].known->flags = 0;
}

static void files_keep(struct tick *t, const struct keep keeps[SWAP_FILES_MAX])
{
	bool busy = false;

	for (uint8_t f = 0; f < SWAP_FILES_MAX; f++)
		busy |= is_busy(t, &keeps[f]);
	if (busy)
		return;
	if (t->policy->swap.size_bytes == 0) {
		let_go(keeps);
		t->state->swap.idle = 1;
		return;
	}
	t->state->swap.idle = 0;
	for (uint8_t f = 0; f < SWAP_FILES_MAX && !busy; f++)
		busy = file_keep(t, &keeps[f]);
	if (t->state->swap.open && !busy)
		sizes_keep(t, keeps);
	if (!busy)
		forget_refusals(keeps);
}

static uint32_t all_flags(const struct swap_state *swap)
{
	uint32_t flags = 0;

	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		flags = flags << 8 | swap->file[f].flags;
	return flags;
}

void swap_keep(struct tick *t)
{
	struct swap_state *swap = &t->state->swap;
	uint64_t deadline_us = UINT64_MAX;
	bool refuses[SWAP_FILES_MAX] = {false};
	struct keep keeps[SWAP_FILES_MAX];
	uint32_t before = all_flags(swap);

	if (swap->idle && t->policy->swap.size_bytes == 0)
		return;
	if (!plan_has_room(t)) {
		plan_wake(t, t->now_us);
		return;
	}
	for (uint8_t f = 0; f < SWAP_FILES_MAX; f++)
		keeps[f] = (struct keep){
			f, &t->snap->swap.file[f], &swap->file[f], &deadline_us, &refuses[f]};
	files_keep(t, keeps);
	t->plan->state_changed |= before != all_flags(swap);
	plan_wake(t, deadline_us);
}
