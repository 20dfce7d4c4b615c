/*
 * tick: adding to the plan, and the two ways in which rules ration themselves: moments at which to
 * look again, and budgets of events.
 */
#include <string.h>

#include "rules.h"

/* A container that restarts in a loop must not fill the journal; a scaled service must not lose its
 * first words. */
const struct ration turnover_ration = {.burst = 16, .refill_us = 10 * SECOND_US};
const struct ration limits_ration = {.burst = 64, .refill_us = 5 * SECOND_US};
const struct ration swap_ration = {.burst = 16, .refill_us = 30 * SECOND_US};
const struct ration ooms_ration = {.burst = 8, .refill_us = 10 * SECOND_US};

bool plan_has_room(const struct tick *t)
{
	return t->plan->n_events + LOOK_EVENTS_MAX <= PLAN_EVENTS_MAX &&
	       t->plan->n_actions + LOOK_ACTIONS_MAX <= PLAN_ACTIONS_MAX;
}

struct event *plan_tell(struct tick *t, enum event_kind kind, uint16_t service, uint64_t inode)
{
	struct plan *plan = t->plan;
	struct event *e =
		plan->n_events < PLAN_EVENTS_MAX ? &plan->event[plan->n_events++] : &t->spare;

	memset(e, 0, sizeof(*e));
	e->kind = (uint16_t)kind;
	e->service = service;
	e->inode = inode;
	e->limit = LIMIT_COUNT;
	plan->state_changed = true;
	return e;
}

static bool swap_ticket_pending(const struct swap_state *swap, uint32_t ticket)
{
	for (size_t k = 0; k < KNOB_COUNT; k++)
		if (swap->knob[k].effort.ticket == ticket)
			return true;
	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		for (size_t e = 0; e < SWAP_EFFORTS; e++)
			if (swap->file[f].effort[e].ticket == ticket)
				return true;
	return false;
}

static bool streams_ticket_pending(const struct streams_state *streams, uint32_t ticket)
{
	for (size_t e = 0; e < STREAMS_EFFORTS; e++)
		if (streams->effort[e].ticket == ticket)
			return true;
	return false;
}

static bool ticket_pending(const struct state *state, uint32_t ticket)
{
	for (size_t i = 0; i < state->n_members; i++)
		if (state->member[i].limits.hold.ticket == ticket ||
			state->member[i].limits.persist.ticket == ticket)
			return true;
	for (size_t i = 0; i < state->n_ancestors; i++)
		if (state->ancestor[i].reserve.ticket == ticket)
			return true;
	return swap_ticket_pending(&state->swap, ticket) ||
	       streams_ticket_pending(&state->streams, ticket);
}

static uint32_t ticket_take(struct state *state)
{
	while (state->next_ticket == 0 || ticket_pending(state, state->next_ticket))
		state->next_ticket++;
	return state->next_ticket++;
}

struct action *plan_act(struct tick *t, enum action_kind kind, struct effort *effort,
	uint16_t service, uint64_t inode, uint64_t *deadline_us)
{
	struct action *a = &t->plan->action[t->plan->n_actions++];

	memset(a, 0, sizeof(*a));
	a->kind = (uint8_t)kind;
	a->service = service;
	a->inode = inode;
	a->ticket = ticket_take(t->state);
	effort->ticket = a->ticket;
	effort->asked_us = t->now_us;
	effort->ended = 0;
	look_at(deadline_us, t->now_us + RESULT_LOST_US);
	t->plan->state_changed = true;
	return a;
}

void plan_wake(struct tick *t, uint64_t at_us)
{
	if (at_us < t->plan->wake_us)
		t->plan->wake_us = at_us;
}

void look_at(uint64_t *deadline_us, uint64_t at_us)
{
	if (at_us < *deadline_us)
		*deadline_us = at_us;
}

/* SINCE_US is never ahead of now: decide() begins durations anew when the clock went back. */
bool passed(const struct tick *t, uint64_t since_us, uint64_t after_us, uint64_t *deadline_us)
{
	uint64_t left;

	if (t->now_us - since_us >= after_us)
		return true;
	left = after_us - (t->now_us - since_us);
	look_at(deadline_us, t->now_us + left);
	return false;
}

bool budget_take(const struct tick *t, struct budget *budget, const struct ration *ration,
	uint64_t *deadline_us)
{
	uint64_t back;

	if (budget->used) {
		back = (t->now_us - budget->refill_us) / ration->refill_us;
		budget->refill_us += back * ration->refill_us;
		budget->used = back < budget->used ? budget->used - (uint32_t)back : 0;
	}
	if (budget->used >= ration->burst) {
		look_at(deadline_us, budget->refill_us + ration->refill_us);
		return false;
	}
	if (budget->used == 0)
		budget->refill_us = t->now_us;
	budget->used++;
	return true;
}
