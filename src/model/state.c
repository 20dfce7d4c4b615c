/*
 * state: birth, check and ageing of what decide() remembers. What it means is the rules' business
 * (src/core/rule_*.c).
 */
#include <errno.h>
#include <string.h>

#include "guardian/state.h"

const char *memory_level_name(enum memory_level level)
{
	static const char *const names[MEMORY_LEVELS] = {
		[MEMORY_NORMAL] = "normal",
		[MEMORY_WARN] = "warn",
		[MEMORY_CRITICAL] = "critical",
	};

	return (size_t)level < MEMORY_LEVELS ? names[level] : "unknown";
}

const char *memory_rules_name(enum memory_rules rules)
{
	static const char *const names[MEMORY_RULES] = {
		[RULES_WITHOUT_SWAP] = "without_swap",
		[RULES_WITH_SWAP] = "with_swap",
	};

	return (size_t)rules < MEMORY_RULES ? names[rules] : "unknown";
}

void state_init(struct state *state)
{
	memset(state, 0, offsetof(struct state, departed));
	state->magic = STATE_MAGIC;
	state->version = STATE_VERSION;
	state->size = sizeof(*state);
	state->next_ticket = 1;
	state->services_due_us = UINT64_MAX;
}

static bool members_valid(const struct state *state)
{
	for (size_t i = 0; i < state->n_members; i++)
		if (state->member[i].level.now >= MEMORY_LEVELS)
			return false;
	return true;
}

static bool streams_valid(const struct streams_state *streams)
{
	return streams->n_known <= STREAM_PROCESSES_MAX && streams->n_costs <= STREAM_COSTS_KEPT &&
	       streams->next_cost < STREAM_COSTS_KEPT && streams->max <= STREAM_SLOTS_MAX &&
	       streams->effective_cap <= streams->max && streams->reason < SLOT_CAP_REASONS &&
	       streams->file_problem < SLOT_FILE_STATES && streams->stop.stage < STREAM_STOP_STAGES;
}

size_t state_kept_size(const struct state *state)
{
	return offsetof(struct state, member) + state->n_members * sizeof(state->member[0]);
}

bool state_valid(const void *data, size_t len)
{
	const struct state *state = data;

	if (len < offsetof(struct state, member) || state->magic != STATE_MAGIC ||
		state->version != STATE_VERSION || state->size != sizeof(*state))
		return false;
	if (state->n_members > SNAPSHOT_MEMBERS_MAX ||
		state->n_ancestors > SNAPSHOT_ANCESTORS_MAX ||
		state->n_services > POLICY_SERVICES_MAX || state->n_departed > STATE_DEPARTED_MAX ||
		state->next_departed >= STATE_DEPARTED_MAX)
		return false;
	if (len != state_kept_size(state))
		return false;
	return state->host_level.now < MEMORY_LEVELS && state->rules < MEMORY_RULES &&
	       streams_valid(&state->streams) && members_valid(state);
}

static void effort_resume(struct effort *effort)
{
	effort->ticket = 0;
	effort->ended = 0;
}

/* A docker update that was under way may have been done, and has written to the cgroup then: it
 * counts as one whose answer did not come. */
static void persist_resume(struct effort *effort, uint64_t now_us)
{
	bool was_asked = effort->ticket != 0;

	effort_resume(effort);
	if (!was_asked)
		return;
	effort->ended = 1;
	effort->ended_us = now_us;
	effort->outcome = -ETIMEDOUT;
}

/* What another program has set since stays. */
bool state_give_back(
	struct state *state, const struct swap_sample *found, enum event_knob knob, uint32_t *value)
{
	struct knob_state *k = &state->swap.knob[knob];
	bool is_zswap = knob == KNOB_ZSWAP;
	uint32_t now = is_zswap ? found->zswap : found->swappiness;
	bool ours = k->is_ours && found->valid & (is_zswap ? SWAP_ZSWAP : SWAP_SWAPPINESS) &&
		    now == k->wanted && now != k->before;

	*value = k->before;
	memset(k, 0, sizeof(*k));
	return ours;
}

static void swap_resume(struct swap_state *swap)
{
	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		for (size_t e = 0; e < SWAP_EFFORTS; e++)
			effort_resume(&swap->file[f].effort[e]);
	for (size_t k = 0; k < KNOB_COUNT; k++)
		effort_resume(&swap->knob[k].effort);
}

void state_resume(struct state *state)
{
	state->adopted = 0;
	state->members_due_us = 0;
	for (size_t i = 0; i < state->n_members; i++) {
		effort_resume(&state->member[i].limits.hold);
		persist_resume(&state->member[i].limits.persist, state->now_us);
		state->member[i].deadline_us = 0;
	}
	for (size_t i = 0; i < state->n_ancestors; i++)
		effort_resume(&state->ancestor[i].reserve);
	swap_resume(&state->swap);
	for (size_t e = 0; e < STREAMS_EFFORTS; e++)
		effort_resume(&state->streams.effort[e]);
}

static void again(uint64_t *since_us, uint64_t now_us)
{
	if (*since_us)
		*since_us = now_us;
}

static void effort_again(struct effort *effort, uint64_t now_us)
{
	again(&effort->asked_us, now_us);
	again(&effort->ended_us, now_us);
	again(&effort->window_us, now_us);
}

static void member_again(struct member_state *member, uint64_t now_us)
{
	again(&member->level.calm_us, now_us);
	again(&member->readings.changing_us, now_us);
	effort_again(&member->limits.hold, now_us);
	effort_again(&member->limits.persist, now_us);
	member->deadline_us = 0;
}

static void ancestor_again(struct ancestor_state *ancestor, uint64_t now_us)
{
	again(&ancestor->spare_us, now_us);
	again(&ancestor->oom_odd_us, now_us);
	effort_again(&ancestor->reserve, now_us);
}

static void service_again(struct service_state *service, uint64_t now_us)
{
	again(&service->gone_us, now_us);
	again(&service->turnover.refill_us, now_us);
	again(&service->limits.refill_us, now_us);
	again(&service->ooms.refill_us, now_us);
}

static void swap_again(struct swap_state *swap, uint64_t now_us)
{
	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		for (size_t e = 0; e < SWAP_EFFORTS; e++)
			effort_again(&swap->file[f].effort[e], now_us);
	for (size_t k = 0; k < KNOB_COUNT; k++)
		effort_again(&swap->knob[k].effort, now_us);
	swap->thrash.window_us = 0; /* of a rate both counters and time are needed */
	again(&swap->thrash.since_us, now_us);
	again(&swap->thrash.calm_us, now_us);
	again(&swap->told.refill_us, now_us);
	again(&swap->normal_us, now_us);
}

static void streams_again(struct state *state, uint64_t now_us)
{
	struct streams_state *streams = &state->streams;
	uint64_t *const moments[] = {&streams->room_us, &streams->over_us, &streams->caps.refill_us,
		&streams->refusals.refill_us, &streams->strays.refill_us, &streams->files.refill_us,
		&streams->stops.refill_us, &streams->stop.began_us, &streams->stop.stage_us};

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		again(moments[i], now_us);
	for (size_t e = 0; e < STREAMS_EFFORTS; e++)
		effort_again(&streams->effort[e], now_us);
	for (size_t i = 0; i < streams->n_known; i++) {
		again(&state->stream[i].seen_us, now_us);
		again(&state->stream[i].bare_us, now_us);
	}
}

void state_restart_durations(struct state *state, uint64_t now_us)
{
	for (size_t i = 0; i < state->n_members; i++)
		member_again(&state->member[i], now_us);
	for (size_t i = 0; i < state->n_ancestors; i++)
		ancestor_again(&state->ancestor[i], now_us);
	for (size_t i = 0; i < state->n_services; i++)
		service_again(&state->service[i], now_us);
	for (size_t i = 0; i < state->n_departed; i++)
		again(&state->departed[i].at_us, now_us);
	for (size_t i = 0; i < PEER_COUNT; i++) {
		again(&state->peer_ok_us[i], now_us);
		again(&state->peer_back_us[i], now_us);
	}
	again(&state->host_level.calm_us, now_us);
	again(&state->host_readings.changing_us, now_us);
	again(&state->ooms.refill_us, now_us);
	swap_again(&state->swap, now_us);
	streams_again(state, now_us);
	state->services_due_us = 0;
	state->members_due_us = 0;
}
