/*
 * chaos_levels: of the promises of chaos.h those about the levels of memory, worked out another way
 * than the rules do. Included by it, since it needs struct chaos.
 */
#ifndef TEST_CHAOS_LEVELS_H
#define TEST_CHAOS_LEVELS_H

/* PART of WHOLE as far as it can be worked out exactly; 0: it is none of that. */
static inline uint64_t chaos_centipct(uint64_t part, uint64_t whole)
{
	return whole > 0 && part < 1ULL << 50 ? part * 10000 / whole : 0;
}

static inline bool chaos_no_swap(const struct host_sample *host)
{
	uint64_t total = host->swap_total_bytes, left = host->swap_free_bytes;

	return !(host->valid & HOST_SWAP) || left == 0 || left > total ||
	       chaos_centipct(total - left, total) >= 8000;
}

static inline bool chaos_member_no_swap(const struct chaos *c, const struct member_sample *m)
{
	return chaos_no_swap(&c->snap.host) || c->policy.service[m->service].is_protected ||
	       !(m->valid & MEMBER_SWAP) || !limit_has(&m->live, LIMIT_SWAP_MAX) ||
	       m->swap_bytes >= m->live.value[LIMIT_SWAP_MAX];
}

/* By its readings alone, as if there were no swap. */
static inline bool chaos_member_critical(const struct chaos *c, const struct member_sample *m)
{
	uint64_t limit = m->live.value[LIMIT_MAX];
	uint64_t critical = c->policy.service[m->service].critical_centipct;

	if (!(m->valid & MEMBER_CURRENT) || !(m->valid & MEMBER_STAT) ||
		!limit_has(&m->live, LIMIT_MAX) || critical == 0)
		return false;
	if (m->valid & MEMBER_INNER_MAX && m->inner_max_bytes < limit)
		limit = m->inner_max_bytes;
	return chaos_centipct(member_working_set(m), limit) >= critical &&
	       chaos_centipct(member_unreclaimable(m), limit) >= critical;
}

/* Without swap, or with none that is left, critical is never told later than memory says. */
static inline const char *chaos_check_levels(const struct chaos *c)
{
	const struct host_sample *host = &c->snap.host;
	uint64_t total = host->mem_total_bytes, available = host->mem_available_bytes;
	uint64_t critical = c->policy.host.critical_centipct;

	if (host->valid & HOST_MEMORY && available <= total && critical && chaos_no_swap(host) &&
		chaos_centipct(total - available, total) >= critical &&
		c->state.host_level.now != MEMORY_CRITICAL)
		return "the host is critical, and it is not told";
	for (uint16_t i = 0; i < c->snap.n_members && !c->wild; i++) {
		const struct member_sample *m = &c->snap.member[i];
		const struct member_state *ms = &c->state.member[i];

		if (m->service >= c->policy.n_services || ms->deadline_us == 0)
			continue; /* nobody's, or there was no room in the plan */
		if (chaos_member_no_swap(c, m) && chaos_member_critical(c, m) &&
			ms->level.now != MEMORY_CRITICAL)
			return "a service is critical, and it is not told";
	}
	return NULL;
}

#endif
