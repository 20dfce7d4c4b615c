/*
 * memory_rules: see the header.
 *
 * What swap can take is the smallest of three: what is free of it, what a service may still put
 * there, and what there is to be put. On a host whose memory lies in services that may not swap
 * (databases, by default) free swap is no help at all, and nothing would say so before it stands
 * still: without swap, pressure comes last (a guest of 3.75 GB showed none until 130 MB were left).
 */
#include "guardian/memory_rules.h"

#include "guardian/swap_intent.h"

/* ---- how much must be left ---- */

/* What lies above `critical`. */
static uint64_t kept_above(uint64_t whole, uint32_t critical_centipct)
{
	return critical_centipct < 10000 ? whole / 10000 * (10000 - critical_centipct) : 0;
}

/* From how much on it is ample. */
static uint64_t ample(uint64_t enough)
{
	return enough + enough / 4;
}

static bool is_over(uint64_t part, uint64_t whole, uint32_t centipct)
{
	return part >= whole / 10000 * centipct;
}

static enum cushion worse(enum cushion a, enum cushion b)
{
	return a < b ? a : b;
}

static enum cushion cushion_of(uint64_t bytes, uint64_t enough)
{
	if (bytes == 0 || bytes < enough)
		return CUSHION_NONE;
	return bytes >= ample(enough) ? CUSHION_AMPLE : CUSHION_ENOUGH;
}

/* Swap that takes pages but gives them back as fast is none; over at half of what began it. */
static enum cushion stalls_allow(const struct psi *psi)
{
	uint32_t full = psi->full.avg10_centipct, some = psi->some.avg10_centipct;

	if (full >= STALL_FULL_CENTIPCT || some >= STALL_SOME_CENTIPCT)
		return CUSHION_NONE;
	return full < STALL_FULL_CENTIPCT / 2 && some < STALL_SOME_CENTIPCT / 2 ? CUSHION_AMPLE
										: CUSHION_ENOUGH;
}

/* ---- the host ---- */

/* Pressure must be known as well: nothing else tells that swap has become a trap. */
enum memory_rules memory_rules_now(
	const struct host_sample *host, const struct policy_host *policy, enum memory_rules before)
{
	const uint32_t needed = HOST_MEMORY | HOST_SWAP | HOST_PSI_MEMORY;
	bool stays = before == RULES_WITH_SWAP;
	uint64_t total = host->swap_total_bytes, left = host->swap_free_bytes;
	enum cushion cushion;

	if ((host->valid & needed) != needed || left > total)
		return RULES_WITHOUT_SWAP;
	cushion = cushion_of(left, kept_above(host->mem_total_bytes, policy->critical_centipct));
	if (cushion < (stays ? CUSHION_ENOUGH : CUSHION_AMPLE))
		return RULES_WITHOUT_SWAP;
	return is_over(total - left, total, stays ? SWAP_HIGH_CENTIPCT : SWAP_NORMAL_CENTIPCT)
		       ? RULES_WITHOUT_SWAP
		       : RULES_WITH_SWAP;
}

/* What may go out of it, or 0: that is not known. */
static uint64_t swappable(const struct member_sample *m)
{
	uint64_t bytes = m->anon_bytes + m->shmem_bytes, left;

	if (!(m->valid & MEMBER_SWAP) || !limit_has(&m->live, LIMIT_SWAP_MAX))
		return 0;
	left = bytes_less(m->live.value[LIMIT_SWAP_MAX], m->swap_bytes);
	return bytes < left ? bytes : left;
}

/* Of all that is in use: of the services what they may, of the rest all but what is reserved for
 * the kernel and its like; but a service that cannot be read may be all the rest. Counted no
 * further than to ENOUGH. */
static uint64_t host_swappable(
	const struct snapshot *snap, const struct policy_host *policy, uint64_t enough)
{
	const struct host_sample *host = &snap->host;
	uint64_t rest = host->mem_total_bytes - host->mem_available_bytes, sum = 0;

	rest = bytes_less(rest, policy->reserve_bytes);
	for (uint16_t i = 0; i < snap->n_members && i < SNAPSHOT_MEMBERS_MAX; i++) {
		const struct member_sample *m = &snap->member[i];

		if (m->valid & MEMBER_STAT) {
			sum += swappable(m);
			rest = bytes_less(rest, member_unreclaimable(m));
		} else {
			rest = 0;
		}
		if (sum >= enough)
			break;
	}
	return sum >= enough ? sum : sum + rest;
}

enum cushion host_cushion(
	const struct snapshot *snap, const struct policy_host *policy, enum memory_rules rules)
{
	const struct host_sample *host = &snap->host;
	uint64_t kept = kept_above(host->mem_total_bytes, policy->critical_centipct);
	enum cushion allowed;

	if (rules != RULES_WITH_SWAP || host->mem_available_bytes > host->mem_total_bytes)
		return CUSHION_NONE;
	allowed = stalls_allow(&host->psi_memory);
	if (allowed == CUSHION_NONE)
		return CUSHION_NONE;
	return worse(allowed, cushion_of(host_swappable(snap, policy, ample(kept)), kept));
}

/* ---- a member ---- */

/* Its swap is used to the same share as all swap may be. */
static enum cushion share_allows(const struct member_sample *m)
{
	uint64_t limit = m->live.value[LIMIT_SWAP_MAX];

	if (limit == LIMIT_UNLIMITED)
		return CUSHION_AMPLE;
	if (is_over(m->swap_bytes, limit, SWAP_HIGH_CENTIPCT))
		return CUSHION_NONE;
	return is_over(m->swap_bytes, limit, SWAP_NORMAL_CENTIPCT) ? CUSHION_ENOUGH : CUSHION_AMPLE;
}

enum cushion member_cushion(const struct member_sample *m, const struct policy_service *service,
	uint64_t limit_bytes, enum memory_rules rules)
{
	enum cushion cushion;

	if (rules != RULES_WITH_SWAP || service->is_protected || !(m->valid & MEMBER_PSI))
		return CUSHION_NONE;
	cushion = cushion_of(swappable(m), kept_above(limit_bytes, service->critical_centipct));
	if (cushion == CUSHION_NONE)
		return CUSHION_NONE;
	return worse(cushion, worse(share_allows(m), stalls_allow(&m->psi)));
}
