/*
 * rule_knob: settings of the kernel that the policy names are held as limits are: set, read back,
 * repaired ever more slowly when another program changes them, and left alone after the policy's
 * rounds. What was there first is remembered, and put back when the policy does not name it any
 * more (and, by the daemon, when it stops).
 */
#include <errno.h>

#include "rules.h"

struct knob {
	enum event_knob which;
	enum action_kind action;
	struct knob_state *known;
	uint32_t found;
};

void knobs_open(struct state *state)
{
	for (size_t i = 0; i < KNOB_COUNT; i++) {
		effort_open(&state->swap.knob[i].effort);
		state->swap.knob[i].observed = 0;
		state->swap.knob[i].drifted = 0;
	}
}

static struct event *tell_knob(
	struct tick *t, const struct knob *k, enum event_kind kind, uint64_t a, uint64_t b)
{
	struct event *e = tell_swap(t, kind, (uint8_t)k->which);

	if (!e)
		return NULL;
	e->n[0] = a;
	e->n[1] = b;
	return e;
}

/* ---- results ---- */

static void failed(struct tick *t, const struct knob *k, int error)
{
	struct knob_state *known = k->known;

	if (error == -ECANCELED) {
		known->observed = 1;
		tell_knob(t, k, EVENT_VM_OBSERVED, known->wanted, known->found);
		return;
	}
	if (!effort_failure_is_news(&known->effort, error))
		return;
	tell_knob(t, k, EVENT_VM_FAILED, errno_number(error), known->wanted);
	known->effort.told_error = error;
}

static void ended(struct tick *t, const struct knob *k)
{
	struct knob_state *known = k->known;
	int outcome = effort_outcome(&known->effort);

	if (outcome > 0)
		return;
	if (outcome < 0) {
		failed(t, k, outcome);
		return;
	}
	if (known->drifted)
		effort_count_round(t, &known->effort);
	else
		tell_knob(t, k, EVENT_VM_SET, known->wanted, known->found);
	known->drifted = 0;
	known->held = 1;
	known->is_ours = 1;
}

/* ---- the rule ---- */

static bool is_named(const struct tick *t, const struct knob *k)
{
	const struct policy_swap *policy = &t->policy->swap;

	return k->which == KNOB_ZSWAP ? policy->zswap != SWITCH_KEEP
				      : policy->swappiness != SWAPPINESS_KEEP;
}

/* What it is to be: the policy's word; else what was there first. False: whatever it is. */
static bool wanted_of(const struct tick *t, const struct knob *k, uint32_t *wanted)
{
	const struct policy_swap *policy = &t->policy->swap;

	*wanted = k->which == KNOB_ZSWAP ? policy->zswap : policy->swappiness;
	if (is_named(t, k))
		return true;
	*wanted = k->known->before;
	return k->known->is_ours;
}

/* As wanted. Once it is what was there first, it is ours no more. */
static void settled(const struct tick *t, const struct knob *k, uint32_t wanted)
{
	struct knob_state *known = k->known;
	bool named = is_named(t, k);

	known->held = named && t->policy->mode != MODE_OBSERVE;
	known->wanted = wanted;
	known->drifted = 0;
	known->observed = 0;
	if (!named)
		known->is_ours = 0;
}

/* It has been as wanted, and another program has changed it. False: hands off. */
static bool drifts(struct tick *t, const struct knob *k, uint32_t wanted)
{
	struct knob_state *known = k->known;
	uint32_t rounds = effort_rounds(t, &known->effort);
	struct event *e;

	if (known->effort.surrendered)
		return false;
	if (!known->held || known->drifted || known->wanted != wanted)
		return true;
	if (rounds >= t->policy->drift.rounds) {
		e = tell_knob(t, k, EVENT_VM_SURRENDERED, wanted, k->found);
		if (e)
			e->n[2] = rounds;
		known->effort.surrendered = e != NULL;
		return false;
	}
	known->drifted = 1;
	e = tell_knob(t, k, EVENT_VM_DRIFT, wanted, k->found);
	if (e)
		e->n[2] = rounds + 1;
	return true;
}

static void ask(struct tick *t, const struct knob *k, uint32_t wanted, uint64_t *deadline_us)
{
	struct knob_state *known = k->known;
	struct action *a = plan_act(t, k->action, &known->effort, SERVICE_NONE, 0, deadline_us);

	a->value = wanted;
	if (!known->is_ours)
		known->before = k->found;
	known->wanted = wanted;
	known->found = k->found;
}

static void hold(struct tick *t, const struct knob *k, uint32_t wanted, uint64_t *deadline_us)
{
	const struct effort *effort = &k->known->effort;

	if (k->found == wanted)
		settled(t, k, wanted);
	else if (!k->known->observed && passed(t, effort->ended_us, SETTLE_US, deadline_us) &&
		 drifts(t, k, wanted) && effort_ready(t, effort, deadline_us))
		ask(t, k, wanted, deadline_us);
}

static void keep(struct tick *t, const struct knob *k)
{
	uint64_t deadline_us = UINT64_MAX;
	uint32_t wanted;

	if (!effort_pending(t, &k->known->effort, &deadline_us)) {
		ended(t, k);
		if (wanted_of(t, k, &wanted))
			hold(t, k, wanted, &deadline_us);
	}
	plan_wake(t, deadline_us);
}

void knobs_keep(struct tick *t)
{
	const struct swap_sample *s = &t->snap->swap;
	struct knob_state *known = t->state->swap.knob;
	const struct knob swappiness = {
		KNOB_SWAPPINESS, ACT_SWAPPINESS, &known[KNOB_SWAPPINESS], s->swappiness};
	const struct knob zswap = {KNOB_ZSWAP, ACT_ZSWAP, &known[KNOB_ZSWAP], s->zswap};

	if (!plan_has_room(t)) {
		plan_wake(t, t->now_us);
		return;
	}
	if (s->valid & SWAP_SWAPPINESS)
		keep(t, &swappiness);
	if (s->valid & SWAP_ZSWAP)
		keep(t, &zswap);
}
