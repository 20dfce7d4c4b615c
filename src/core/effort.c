/*
 * effort: an action asked for as often as it takes. One at a time for each cgroup and kind;
 * failures back off and are told once an errno; repairs of what others undo back off and end in
 * surrender.
 *
 * Repairs are counted from the first one for the length of the policy's window, then the count
 * begins anew: whoever changes a limit once an hour is corrected for ever, whoever does it as soon
 * as it is repaired is left alone soon.
 */
#include <errno.h>

#include "rules.h"

static bool effort_end(const struct tick *t, struct effort *effort, const struct result *result)
{
	if (effort->ticket == 0 || effort->ticket != result->ticket)
		return false;
	effort->ticket = 0;
	effort->ended = 1;
	effort->ended_us = t->now_us;
	effort->outcome = result->error;
	return true;
}

static bool swap_effort_end(const struct tick *t, const struct result *result)
{
	struct swap_state *swap = &t->state->swap;

	for (size_t k = 0; k < KNOB_COUNT; k++)
		if (effort_end(t, &swap->knob[k].effort, result))
			return true;
	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		for (size_t e = 0; e < SWAP_EFFORTS; e++)
			if (effort_end(t, &swap->file[f].effort[e], result))
				return true;
	return false;
}

static bool streams_effort_end(const struct tick *t, const struct result *result)
{
	for (size_t e = 0; e < STREAMS_EFFORTS; e++)
		if (effort_end(t, &t->state->streams.effort[e], result))
			return true;
	return false;
}

static void effort_find(struct tick *t, const struct result *result)
{
	struct state *state = t->state;

	if (swap_effort_end(t, result) || streams_effort_end(t, result))
		return;

	for (size_t i = 0; i < state->n_members; i++) {
		struct member_state *ms = &state->member[i];

		if (effort_end(t, &ms->limits.hold, result) ||
			effort_end(t, &ms->limits.persist, result)) {
			ms->deadline_us = 0;
			state->members_due_us = 0;
			return;
		}
	}
	for (size_t i = 0; i < state->n_ancestors; i++)
		if (effort_end(t, &state->ancestor[i].reserve, result))
			return;
}

void efforts_end(struct tick *t)
{
	for (size_t i = 0; i < t->n_results; i++) {
		effort_find(t, &t->snap->result[i]);
		t->plan->state_changed = true;
	}
}

bool effort_pending_for(
	const struct tick *t, struct effort *effort, uint64_t lost_us, uint64_t *deadline_us)
{
	if (effort->ticket == 0)
		return false;
	if (!passed(t, effort->asked_us, lost_us, deadline_us))
		return true;
	effort->ticket = 0;
	effort->ended = 1;
	effort->ended_us = t->now_us;
	effort->outcome = -ETIMEDOUT;
	return false;
}

bool effort_pending(const struct tick *t, struct effort *effort, uint64_t *deadline_us)
{
	return effort_pending_for(t, effort, RESULT_LOST_US, deadline_us);
}

int effort_outcome(struct effort *effort)
{
	if (!effort->ended)
		return 1;
	effort->ended = 0;
	if (effort->outcome >= 0) {
		effort->failures = 0;
		effort->told_error = 0;
		return 0;
	}
	if (effort->failures < UINT8_MAX)
		effort->failures++;
	return effort->outcome;
}

bool effort_failure_is_news(const struct effort *effort, int error)
{
	if (error == effort->told_error || error == -EAGAIN)
		return false;
	/* A peer that is slow may have done it all the same; one that is silent is told as such. A
	 * file is in use until the kernel has ended the swapoff of a child that was killed. */
	if (error == -ENOENT || error == -ENODEV || error == -ESTALE || error == -ETIMEDOUT ||
		error == -ETXTBSY)
		return effort->failures >= VANISHED_TELL;
	return true;
}

uint64_t errno_number(int error)
{
	return (uint64_t)(-(int64_t)error);
}

static uint64_t pause_us(const struct tick *t, uint32_t times)
{
	uint64_t pause = t->policy->drift.backoff_us;
	uint64_t most = pause > PAUSE_MAX_US ? pause : PAUSE_MAX_US;

	if (times == 0)
		return 0;
	while (--times && pause < most)
		pause *= 2;
	return pause < most ? pause : most;
}

bool effort_ready(const struct tick *t, const struct effort *effort, uint64_t *deadline_us)
{
	return passed(t, effort->asked_us, pause_us(t, effort_rounds(t, effort)), deadline_us) &&
	       passed(t, effort->ended_us, pause_us(t, effort->failures), deadline_us);
}

uint32_t effort_rounds(const struct tick *t, const struct effort *effort)
{
	bool over = t->now_us - effort->window_us > t->policy->drift.window_us;

	return over ? 0 : effort->rounds;
}

void effort_count_round(const struct tick *t, struct effort *effort)
{
	effort->rounds = (uint8_t)effort_rounds(t, effort);
	if (effort->rounds == 0)
		effort->window_us = t->now_us;
	if (effort->rounds < UINT8_MAX)
		effort->rounds++;
}

void effort_open(struct effort *effort)
{
	effort->rounds = 0;
	effort->failures = 0;
	effort->told_error = 0;
	effort->surrendered = 0;
}
