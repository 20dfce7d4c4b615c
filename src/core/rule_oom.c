/*
 * rule_oom: each OOM kill once, with the right service.
 *
 * Only `oom_kill` counts kills (`oom` counts attempts: one kill has moved it by 22 289), from the
 * first look at a cgroup on. A cgroup that was killed empty is often gone before it can be read,
 * but its parent's count stays. So each parent keeps a balance: its own new kills, less those seen
 * in the cgroups below. What is left over belongs to a member that went away about then, and to no
 * service when there is none. Counts of one moment are read one after the other, so a balance gets
 * a moment to even out before it is believed.
 */
#include <string.h>

#include "rules.h"

/* More kills in one tick are a counter gone wrong. */
#define KILLS_MAX (1U << 20)

/* The rise of a counter since *SEEN; none when it is new or has fallen: re-created. */
static uint32_t rise(uint64_t counter, uint64_t *seen, uint8_t *known)
{
	uint64_t risen = *known && counter > *seen ? counter - *seen : 0;

	*seen = counter;
	*known = 1;
	return risen < KILLS_MAX ? (uint32_t)risen : KILLS_MAX;
}

static void balance_add(struct tick *t, int16_t ancestor, int64_t kills)
{
	struct ancestor_state *as;
	int64_t sum;

	if (kills == 0 || ancestor < 0 || ancestor >= t->state->n_ancestors)
		return;
	as = &t->state->ancestor[ancestor];
	sum = as->oom_balance + kills;
	if (sum > (int64_t)KILLS_MAX || sum < -(int64_t)KILLS_MAX)
		sum = sum > 0 ? (int64_t)KILLS_MAX : -(int64_t)KILLS_MAX;
	if (as->oom_balance == 0)
		as->oom_odd_us = t->now_us;
	as->oom_balance = (int32_t)sum;
	if (sum == 0)
		as->oom_odd_us = 0;
}

static void service_killed(
	struct tick *t, uint16_t service, uint64_t inode, const struct usage *usage, uint32_t kills)
{
	struct service_state *ss;

	if (service >= t->state->n_services) {
		t->state->oom_untold += kills;
		return;
	}
	ss = &t->state->service[service];
	ss->oom_kills += kills;
	ss->oom_untold += kills;
	ss->oom_inode = inode;
	ss->usage = *usage;
	service_due(t, 0);
}

/* Remembers a member as one that a kill may belong to. */
static void suspect(struct tick *t, const struct member_state *ms)
{
	struct state *state = t->state;
	struct departed *d = &state->departed[state->next_departed];

	memset(d, 0, sizeof(*d));
	d->at_us = t->now_us;
	d->inode = ms->inode;
	d->ancestor_inode = ms->ancestor_inode;
	d->usage = ms->usage;
	d->service = ms->service;
	state->next_departed = (uint16_t)((state->next_departed + 1) % STATE_DEPARTED_MAX);
	if (state->n_departed < STATE_DEPARTED_MAX)
		state->n_departed++;
}

void member_departed(struct tick *t, const struct member_state *ms)
{
	if (ms->ancestor_inode)
		suspect(t, ms);
}

void member_oom(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	bool first = !ms->oom_known;
	uint32_t kills;

	if (m->ancestor >= 0 && m->ancestor < t->n_ancestors)
		ms->ancestor_inode = t->snap->ancestor[m->ancestor].inode;
	if (!(m->valid & MEMBER_EVENTS))
		return;
	kills = rise(m->ev_oom_kill, &ms->oom_kill, &ms->oom_known);
	if (first && m->ev_oom_kill > 0)
		suspect(t, ms); /* born and hit between two looks */
	if (kills == 0)
		return;
	service_killed(t, ms->service, ms->inode, &ms->usage, kills);
	balance_add(t, m->ancestor, -(int64_t)kills);
}

/* Of those that went away from below this ancestor just now, the one that was nearest to its limit.
 */
static const struct departed *culprit(const struct tick *t, uint64_t ancestor_inode)
{
	const struct departed *found = NULL;

	for (size_t i = 0; i < t->state->n_departed; i++) {
		const struct departed *d = &t->state->departed[i];

		if (d->ancestor_inode != ancestor_inode ||
			t->now_us - d->at_us > DEPARTED_US + OOM_SETTLE_US)
			continue;
		if (!found || d->usage.fill_centipct > found->usage.fill_centipct)
			found = d;
	}
	return found;
}

static void settle(struct tick *t, struct ancestor_state *as, uint64_t *deadline_us)
{
	const struct departed *d = culprit(t, as->inode);
	bool over;

	if (!passed(t, as->oom_odd_us, OOM_SETTLE_US, deadline_us))
		return;
	over = passed(t, as->oom_odd_us, OOM_HOLD_US, deadline_us);
	if (!over && (as->oom_balance < 0 || !d))
		return;
	if (as->oom_balance > 0 && d)
		service_killed(t, d->service, d->inode, &d->usage, (uint32_t)as->oom_balance);
	else if (as->oom_balance > 0)
		t->state->oom_untold += (uint32_t)as->oom_balance;
	as->oom_balance = 0;
	as->oom_odd_us = 0;
}

void ancestor_oom(struct tick *t, size_t i, uint64_t *deadline_us)
{
	const struct ancestor_sample *a = &t->snap->ancestor[i];
	struct ancestor_state *as = &t->state->ancestor[i];
	uint32_t kills;

	if (!a->has_events) {
		as->oom_known = 0;
	} else {
		kills = rise(a->ev_oom_kill, &as->oom_kill, &as->oom_known);
		balance_add(t, (int16_t)i, kills);
		balance_add(t, a->parent, -(int64_t)kills);
	}
	if (as->oom_balance != 0)
		settle(t, as, deadline_us);
}

void ooms_tell(struct tick *t)
{
	struct state *state = t->state;
	uint64_t due_us = UINT64_MAX;

	if (state->oom_untold == 0)
		return;
	if (budget_take(t, &state->ooms, &ooms_ration, &due_us)) {
		plan_tell(t, EVENT_OOM_KILL, SERVICE_NONE, 0)->n[0] = state->oom_untold;
		state->oom_untold = 0;
	}
	plan_wake(t, due_us);
}
