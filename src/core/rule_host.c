/*
 * rule_host: by which rules memory is judged, the host's own, and readings that come and go, of the
 * host and of members.
 *
 * Absent is not zero: without a reading a level stays where it is, and the loss itself is told once
 * it has lasted.
 */
#include "rules.h"

/* Docker's stored values come and go with dockerd, and podman's inner group with the container:
 * neither is a loss. */
#define READINGS_TOLD (~(uint32_t)(MEMBER_STORED | MEMBER_INNER_MAX))

/* When the rules change, so may the level of whoever has one, in the same tick. */
static void rules_choose(struct tick *t)
{
	struct state *state = t->state;
	enum memory_rules now = memory_rules_now(&t->snap->host, &t->policy->host, state->rules);

	if (now == state->rules)
		return;
	state->rules = (uint8_t)now;
	state->members_due_us = 0;
	for (size_t i = 0; i < state->n_members; i++)
		if (state->member[i].level.now != MEMORY_NORMAL)
			state->member[i].deadline_us = 0;
}

void host_memory(struct tick *t)
{
	static const enum event_kind kinds[MEMORY_LEVELS] = {
		EVENT_HOST_MEMORY_NORMAL, EVENT_HOST_MEMORY_WARN, EVENT_HOST_MEMORY_CRITICAL};
	const struct host_sample *host = &t->snap->host;
	const struct policy_host *policy = &t->policy->host;
	struct level *level = &t->state->host_level;
	uint64_t used, deadline_us = UINT64_MAX;
	struct thresholds at;
	struct event *e;

	rules_choose(t);
	if (!(host->valid & HOST_MEMORY) || host->mem_total_bytes < host->mem_available_bytes) {
		level->calm_us = 0;
		return;
	}
	used = host->mem_total_bytes - host->mem_available_bytes;
	at = (struct thresholds){policy->warn_centipct, policy->critical_centipct,
		centipct_of(used, host->mem_total_bytes), CUSHION_NONE};
	if (!t->state->swap.thrash.since_us && level_may_be_critical(t, &at, at.gate_centipct))
		at.cushion = host_cushion(t->snap, policy, t->state->rules);
	if (level_step(t, level, &at, at.gate_centipct, &deadline_us)) {
		e = plan_tell(t, kinds[level->now], SERVICE_NONE, 0);
		e->n[0] = host->mem_available_bytes;
		e->n[1] = host->mem_total_bytes;
		e->n[2] = at.gate_centipct;
		if (host->valid & HOST_PSI_MEMORY)
			e->n[3] = host->psi_memory.some.avg10_centipct;
	}
	plan_wake(t, deadline_us);
}

static void readings_tell(
	struct tick *t, struct readings *readings, uint16_t service, uint64_t inode)
{
	for (uint8_t bit = 0; bit < 32; bit++) {
		uint32_t mask = 1U << bit;

		if (!(readings->changing & mask))
			continue;
		readings->lost ^= mask;
		plan_tell(t, readings->lost & mask ? EVENT_READING_LOST : EVENT_READING_BACK,
			service, inode)
			->subject = bit;
	}
	readings->changing = 0;
}

/* Bits that are otherwise than told are told when all of that time they have been so; what starts
 * to change meanwhile waits for its own turn. */
void readings_watch(struct tick *t, struct readings *readings, uint32_t valid, uint16_t service,
	uint64_t inode, uint64_t *deadline_us)
{
	uint32_t otherwise = (readings->seen & ~valid) ^ readings->lost;

	readings->seen |= valid;
	readings->changing &= otherwise;
	if (otherwise == 0)
		return;
	if (readings->changing == 0) {
		readings->changing = otherwise;
		readings->changing_us = t->now_us;
	}
	if (!passed(t, readings->changing_us, READING_AFTER_US, deadline_us))
		return;
	readings_tell(t, readings, service, inode);
	if ((readings->seen & ~valid) != readings->lost)
		look_at(deadline_us, t->now_us + 1);
}

void member_readings(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	readings_watch(t, &ms->readings, m->valid & READINGS_TOLD, ms->service, ms->inode,
		&ms->deadline_us);
}
