/*
 * rule_pace: how long nobody needs to look. What matters at once (a container's birth, a limit
 * written over, a cgroup at its limit, somebody waiting for memory) wakes the daemon by itself;
 * what no notification tells is memory that fills up. So the pace follows what is free: far from
 * the first threshold a look each few seconds is enough, near it each interval.
 */
#include "rules.h"

/* The fastest leak that does not pass the host's warning unseen. A program that does nothing but
 * touch fresh memory is faster (2 GiB/s, by earlyoom's contrib/oomstat): over all thresholds within
 * any interval, it is told by the kernel itself (pressure, memory.events). */
#define FILL_BYTES_PER_SECOND (512ULL << 20)

/* A member this far below its warning is looked at each interval. */
#define NEAR_CENTIPCT 1500U

bool member_near(const struct tick *t, const struct member_state *ms)
{
	const struct policy_service *service = service_policy(t, ms->service);

	return ms->level.now != MEMORY_NORMAL ||
	       (service && ms->usage.fill_centipct + NEAR_CENTIPCT >= service->warn_centipct);
}

/* Until the host could be at its warning, or 0: it is, or nobody knows. */
static uint64_t time_to_warning_us(const struct tick *t)
{
	const struct host_sample *host = &t->snap->host;
	uint64_t kept;

	if (!(host->valid & HOST_MEMORY) || t->state->host_level.now != MEMORY_NORMAL)
		return 0;
	if (host->valid & HOST_PSI_MEMORY && host->psi_memory.some.avg10_centipct > 0)
		return 0;
	kept = host->mem_total_bytes / 10000 * (10000 - t->policy->host.warn_centipct);
	if (host->mem_available_bytes <= kept)
		return 0;
	return (host->mem_available_bytes - kept) / (FILL_BYTES_PER_SECOND / SECOND_US);
}

void pace_set(struct tick *t)
{
	const struct policy_host *host = &t->policy->host;
	uint64_t interval_us = host->interval_us ? host->interval_us : SECOND_US;
	uint64_t pace_us = time_to_warning_us(t);

	if (pace_us > host->idle_interval_us)
		pace_us = host->idle_interval_us;
	if (pace_us < interval_us || t->state->members_near || t->plan->n_events ||
		t->plan->n_actions || t->n_results)
		pace_us = interval_us;
	t->plan->due_us = pace_us > interval_us ? t->plan->wake_us : 0;
	plan_wake(t, t->now_us + pace_us);
}
