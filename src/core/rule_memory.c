/*
 * rule_memory: how much of its limit a member uses. The working set decides, as kubelet counts it;
 * but active page cache is in it too, so a level is entered only when what cannot be reclaimed is
 * near as well: a backup or `dd` alarms nobody. What swap still takes keeps it from being critical.
 */
#include "rules.h"

/* How far below a threshold the unreclaimable part may be while the working set is over it. */
#define GATE_CENTIPCT 1500ULL

uint32_t centipct_of(uint64_t part, uint64_t whole)
{
	uint64_t centipct;

	if (whole == 0)
		return 0;
	if (part <= UINT64_MAX / 10000)
		centipct = part * 10000 / whole;
	else
		centipct = part / (whole / 10000 + 1);
	return centipct < UINT32_MAX ? (uint32_t)centipct : UINT32_MAX;
}

/* The highest level that both use and the gate reach, each helped by MARGIN. Swap that is NEEDED at
 * least keeps it from being critical. */
static uint8_t level_for(
	const struct thresholds *at, uint32_t used, uint64_t margin, enum cushion needed)
{
	const uint32_t threshold[MEMORY_LEVELS] = {0, at->warn_centipct, at->critical_centipct};
	uint8_t level = MEMORY_LEVELS;

	while (--level > MEMORY_NORMAL)
		if (threshold[level] && used + margin >= threshold[level] &&
			at->gate_centipct + GATE_CENTIPCT + margin >= threshold[level])
			break;
	return level == MEMORY_CRITICAL && at->cushion >= needed ? MEMORY_WARN : level;
}

bool level_may_be_critical(
	const struct tick *t, const struct thresholds *at, uint32_t used_centipct)
{
	return at->critical_centipct &&
	       used_centipct + (uint64_t)t->policy->host.calm_centipct >= at->critical_centipct;
}

static void level_set(struct level *level, uint8_t now)
{
	level->now = now;
	level->calm_us = 0;
}

/* A level is entered at once, and left when use has stayed below its threshold by the policy's
 * margin and time. True when it has changed. */
bool level_step(struct tick *t, struct level *level, const struct thresholds *at,
	uint32_t used_centipct, uint64_t *deadline_us)
{
	const struct policy_host *calm = &t->policy->host;
	uint64_t calm_us = calm->calm_us > CALM_MIN_US ? calm->calm_us : CALM_MIN_US;
	uint8_t enter = level_for(at, used_centipct, 0, CUSHION_ENOUGH);
	uint8_t stay = level_for(at, used_centipct, calm->calm_centipct, CUSHION_AMPLE);

	if (enter > level->now) {
		level_set(level, enter);
		return true;
	}
	if (stay >= level->now) {
		level->calm_us = 0;
		return false;
	}
	if (level->calm_us == 0)
		level->calm_us = t->now_us;
	if (!passed(t, level->calm_us, calm_us, deadline_us))
		return false;
	level_set(level, stay);
	return true;
}

/* LIMIT_UNLIMITED when there is none or it is not known. */
static uint64_t effective_limit(const struct member_sample *m)
{
	uint64_t limit =
		limit_has(&m->live, LIMIT_MAX) ? m->live.value[LIMIT_MAX] : LIMIT_UNLIMITED;

	if (m->valid & MEMBER_INNER_MAX && m->inner_max_bytes < limit)
		limit = m->inner_max_bytes;
	return limit;
}

static void usage_read(struct usage *usage, const struct member_sample *m)
{
	usage->limit_bytes = effective_limit(m);
	if (m->valid & MEMBER_PEAK)
		usage->peak_bytes = m->peak_bytes;
	if (!(m->valid & MEMBER_CURRENT) || !(m->valid & MEMBER_STAT))
		return;
	usage->working_set_bytes = member_working_set(m);
	usage->fill_centipct = centipct_of(usage->working_set_bytes, usage->limit_bytes);
}

void member_memory(struct tick *t, const struct member_sample *m, struct member_state *ms)
{
	static const enum event_kind kinds[MEMORY_LEVELS] = {EVENT_SERVICE_MEMORY_NORMAL,
		EVENT_SERVICE_MEMORY_WARN, EVENT_SERVICE_MEMORY_CRITICAL};
	const struct policy_service *service = service_policy(t, m->service);
	const struct usage *usage = &ms->usage;
	uint32_t needed = MEMBER_CURRENT | MEMBER_STAT;
	struct thresholds at;
	struct event *e;

	usage_read(&ms->usage, m);
	if ((m->valid & needed) != needed || !limit_has(&m->live, LIMIT_MAX) ||
		usage->limit_bytes == 0) {
		ms->level.calm_us = 0;
		return;
	}
	at = (struct thresholds){service->warn_centipct, service->critical_centipct,
		centipct_of(member_unreclaimable(m), usage->limit_bytes), CUSHION_NONE};
	if (level_may_be_critical(t, &at, usage->fill_centipct))
		at.cushion = member_cushion(m, service, usage->limit_bytes, t->state->rules);
	if (!level_step(t, &ms->level, &at, usage->fill_centipct, &ms->deadline_us))
		return;
	e = plan_tell(t, kinds[ms->level.now], ms->service, ms->inode);
	e->n[0] = usage->working_set_bytes;
	e->n[1] = usage->limit_bytes;
	e->n[2] = usage->fill_centipct;
	e->n[3] = m->anon_bytes;
}
