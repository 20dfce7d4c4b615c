/*
 * rule_member: who is there. A service is found, goes away, or comes back with another cgroup; a
 * member that two services claim is told and left alone.
 *
 * A departure is told only after a moment, because most of them are the first half of a restart.
 * All turnover of a service is rationed: a container that restarts ten times a second is told as
 * often as helps.
 */
#include <string.h>

#include "rules.h"

const struct policy_service *service_policy(const struct tick *t, uint16_t service)
{
	return service < t->policy->n_services ? &t->policy->service[service] : NULL;
}

/* NULL for what no service of the policy owns. */
static struct service_state *service_of(const struct tick *t, uint16_t service)
{
	return service < t->state->n_services ? &t->state->service[service] : NULL;
}

void service_due(struct tick *t, uint64_t at_us)
{
	look_at(&t->state->services_due_us, at_us);
}

/* ---- services, in the order of the policy ---- */

static bool service_is(const struct tick *t, const void *entry, size_t i)
{
	const struct service_state *ss = entry;

	return memcmp(ss->name, t->policy->service[i].name, sizeof(ss->name)) == 0;
}

static void service_leave(struct tick *t, void *entry)
{
	(void)t;
	(void)entry;
}

static void service_enter(struct tick *t, void *entry, size_t i)
{
	struct service_state *ss = entry;

	memcpy(ss->name, t->policy->service[i].name, sizeof(ss->name));
	ss->origin = SERVICE_NONE;
}

static uint16_t service_now(const struct state *state, uint16_t before)
{
	for (uint16_t i = 0; before != SERVICE_NONE && i < state->n_services; i++)
		if (state->service[i].origin == before)
			return i;
	return SERVICE_NONE;
}

/* Settled matters are open again: the policy may want something else, or somebody asks by
 * reloading. */
static void matters_open(struct state *state)
{
	for (size_t i = 0; i < state->n_members; i++) {
		state->member[i].told = 0;
		limits_open(&state->member[i]);
	}
	for (size_t i = 0; i < state->n_ancestors; i++)
		effort_open(&state->ancestor[i].reserve);
}

static void services_renumber(struct state *state)
{
	state->members_due_us = 0;
	for (size_t i = 0; i < state->n_members; i++) {
		state->member[i].service = service_now(state, state->member[i].service);
		state->member[i].deadline_us = 0;
	}
	for (size_t i = 0; i < state->n_departed; i++)
		state->departed[i].service = service_now(state, state->departed[i].service);
}

/* What is known of a service follows its name. After a restart of the daemon (nothing is adopted
 * then) the policy may be another too, but no matter is opened: nothing is told twice. What was
 * only observed is to be done once the policy enforces, however it came to that. */
void policy_adopt(struct tick *t)
{
	struct state *state = t->state;
	struct table table = {state->service, sizeof(state->service[0]), &state->n_services,
		POLICY_SERVICES_MAX, service_is, service_leave, service_enter};
	bool observes = t->policy->mode == MODE_OBSERVE, anew;

	if (state->adopted && state->policy_generation == t->snap->policy_generation)
		return;
	for (uint16_t i = 0; i < state->n_services; i++)
		state->service[i].origin = i;
	table_align(t, &table, t->policy->n_services);
	services_renumber(state);
	anew = state->adopted || (state->observes && !observes);
	if (anew)
		matters_open(state);
	swap_open(t, anew);
	streams_open(t, anew);
	state->observes = observes;
	state->policy_generation = t->snap->policy_generation;
	state->adopted = 1;
	state->services_due_us = 0;
}

/* ---- members, in the order of the snapshot ---- */

static bool member_is(const struct tick *t, const void *entry, size_t i)
{
	const struct member_state *ms = entry;
	const struct member_sample *m = &t->snap->member[i];

	return ms->inode == m->inode && ms->service == m->service;
}

static void member_leave(struct tick *t, void *entry)
{
	const struct member_state *ms = entry;
	struct service_state *ss = service_of(t, ms->service);

	member_departed(t, ms);
	t->looked = true;
	if (ss)
		ss->usage = ms->usage;
	if (!ss || ss->members == 0 || --ss->members > 0)
		return;
	ss->gone_us = t->now_us;
	ss->owed |= OWED_GONE;
	service_due(t, 0);
}

/* The first one ever, one more, or one in the place of those that went away. */
static void member_enter(struct tick *t, void *entry, size_t i)
{
	struct member_state *ms = entry;
	const struct member_sample *m = &t->snap->member[i];
	struct service_state *ss = service_of(t, m->service);

	ms->inode = m->inode;
	ms->service = m->service;
	refaults_begin(m, ms);
	t->looked = true;
	if (!ss)
		return;
	if (ss->known && ss->members == 0) {
		ss->restarts++;
		ss->owed |= OWED_RESTARTED;
	} else {
		ss->owed |= OWED_FOUND;
	}
	ss->owed &= (uint8_t)~OWED_GONE;
	ss->known = 1;
	ss->members++;
	ss->last_inode = m->inode;
	service_due(t, 0);
}

void members_align(struct tick *t)
{
	struct table table = {t->state->member, sizeof(t->state->member[0]), &t->state->n_members,
		SNAPSHOT_MEMBERS_MAX, member_is, member_leave, member_enter};

	if (!table_in_order(t, &table, t->n_members))
		table_align(t, &table, t->n_members);
}

void member_conflict(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	struct event *e;

	if (m->also == SERVICE_NONE || ms->told & TOLD_CONFLICT)
		return;
	e = tell_limit(t, ms, EVENT_SERVICE_CONFLICT, LIMIT_COUNT);
	if (!e)
		return;
	e->n[0] = m->also;
	ms->told |= TOLD_CONFLICT;
}

/* ---- telling what is owed ---- */

static const struct member_sample *member_by_inode(const struct tick *t, uint64_t inode)
{
	for (size_t i = 0; i < t->n_members; i++)
		if (t->snap->member[i].inode == inode)
			return &t->snap->member[i];
	return NULL;
}

/* The event, when it is owed and the ration allows it. */
static struct event *tell_turnover(struct tick *t, uint16_t service, enum service_owed what,
	enum event_kind kind, uint64_t *due_us)
{
	struct service_state *ss = &t->state->service[service];

	if (!(ss->owed & what) || !budget_take(t, &ss->turnover, &turnover_ration, due_us))
		return NULL;
	ss->owed &= (uint8_t)~what;
	return plan_tell(t, kind, service, ss->last_inode);
}

static void tell_found(struct tick *t, uint16_t service, uint64_t *due_us)
{
	struct event *e = tell_turnover(t, service, OWED_FOUND, EVENT_SERVICE_FOUND, due_us);
	const struct member_sample *m;

	if (!e)
		return;
	e->n[0] = e->inode;
	m = member_by_inode(t, e->inode);
	e->n[1] = m && limit_has(&m->live, LIMIT_MAX) ? m->live.value[LIMIT_MAX] : LIMIT_UNLIMITED;
	e->n[2] = m && m->valid & MEMBER_CURRENT ? m->current_bytes : 0;
}

static void tell_restarted(struct tick *t, uint16_t service, uint64_t *due_us)
{
	struct event *e =
		tell_turnover(t, service, OWED_RESTARTED, EVENT_SERVICE_RESTARTED, due_us);

	if (!e)
		return;
	e->n[0] = t->state->service[service].restarts;
	e->n[1] = e->inode;
}

static void tell_gone(struct tick *t, uint16_t service, uint64_t *due_us)
{
	const struct service_state *ss = &t->state->service[service];
	struct event *e;

	if (!(ss->owed & OWED_GONE) || !passed(t, ss->gone_us, GONE_AFTER_US, due_us))
		return;
	e = tell_turnover(t, service, OWED_GONE, EVENT_SERVICE_GONE, due_us);
	if (!e)
		return;
	e->n[0] = ss->usage.working_set_bytes;
	e->n[1] = ss->usage.peak_bytes;
	e->n[2] = ss->oom_kills;
}

static void tell_ooms(struct tick *t, uint16_t service, uint64_t *due_us)
{
	struct service_state *ss = &t->state->service[service];
	struct event *e;

	if (ss->oom_untold == 0 || !budget_take(t, &ss->ooms, &ooms_ration, due_us))
		return;
	e = plan_tell(t, EVENT_OOM_KILL, service, ss->oom_inode);
	e->n[0] = ss->oom_untold;
	e->n[1] = ss->oom_kills;
	e->n[2] = ss->usage.limit_bytes;
	e->n[3] = ss->usage.peak_bytes;
	ss->oom_untold = 0;
}

static void service_tell(struct tick *t, uint16_t service, uint64_t *due_us)
{
	tell_ooms(t, service, due_us);
	tell_found(t, service, due_us);
	tell_restarted(t, service, due_us);
	tell_gone(t, service, due_us);
}

void services_tell(struct tick *t)
{
	struct state *state = t->state;
	uint64_t due_us = UINT64_MAX;

	if (state->services_due_us > t->now_us)
		return;
	for (uint16_t i = 0; i < state->n_services; i++) {
		if (!plan_has_room(t)) {
			due_us = 0;
			plan_wake(t, t->now_us);
			break;
		}
		service_tell(t, i, &due_us);
	}
	state->services_due_us = due_us;
}
