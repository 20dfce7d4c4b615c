/*
 * chaos_streams: streams that come and go in the random minutes of chaos.h, and the promises about
 * them, worked out another way than the rules do. Included by it, since it needs struct chaos.
 */
#ifndef TEST_CHAOS_STREAMS_H
#define TEST_CHAOS_STREAMS_H

/* ---- what happens ---- */

static inline void chaos_streams_policy(struct chaos *c)
{
	struct policy_streams *p = &c->policy.streams;

	p->max = chaos_one_in(c, 3) ? 0 : 1 + (uint32_t)chaos_below(c, 8);
	if (c->wild && chaos_one_in(c, 4))
		p->max = UINT32_MAX;
	p->per_stream_bytes = chaos_size(c);
	p->over_cap = (uint8_t)chaos_below(c, OVER_CAP_COUNT);
	p->grace_us = 100000 + chaos_below(c, 10) * 1000000;
	p->recover_us = 1000000 + chaos_below(c, 20) * 1000000;
	p->command[0] = (char)('a' + chaos_one_in(c, 8));
}

static inline void chaos_slot_free(struct streams_sample *s, int16_t slot)
{
	if (slot < 0 || !s->slot[slot].held)
		return;
	s->slot[slot].held = false;
	s->in_use--;
}

static inline int16_t chaos_slot_take(struct chaos *c)
{
	struct streams_sample *s = &c->snap.streams;
	int16_t slot = (int16_t)chaos_below(c, 10);

	if (s->slot[slot].held)
		return STREAM_NO_SLOT;
	s->slot[slot] = (struct slot_sample){.held = true,
		.record_ok = !chaos_one_in(c, 8),
		.since_us = c->snap.realtime_us - chaos_below(c, 60) * 1000000};
	s->in_use++;
	return slot;
}

static inline void chaos_stream_enter(struct chaos *c)
{
	struct streams_sample *s = &c->snap.streams;

	if (s->n_processes >= STREAM_PROCESSES_MAX)
		return;
	s->process[s->n_processes++] =
		(struct stream_process){.pid = 1 + (uint32_t)chaos_below(c, c->wild ? 8 : 100000),
			.start_ticks = ++c->streams_begun,
			.member_inode = 1000 + chaos_below(c, 8),
			.service = chaos_one_in(c, 8) ? SERVICE_NONE : (uint16_t)chaos_below(c, 6),
			.slot = chaos_one_in(c, 2) ? chaos_slot_take(c) : (int16_t)STREAM_NO_SLOT,
			.is_container = chaos_one_in(c, 4),
			.anon_bytes = chaos_size(c)};
}

static inline void chaos_stream_leave(struct chaos *c)
{
	struct streams_sample *s = &c->snap.streams;
	uint16_t i = (uint16_t)chaos_below(c, s->n_processes);

	if (s->n_processes == 0)
		return;
	chaos_slot_free(s, s->process[i].slot);
	s->n_processes--;
	memmove(&s->process[i], &s->process[i + 1],
		(size_t)(s->n_processes - i) * sizeof(s->process[0]));
}

static inline void chaos_slot_file(struct chaos *c)
{
	struct streams_sample *s = &c->snap.streams;

	s->valid =
		chaos_one_in(c, 4) ? (uint32_t)chaos_below(c, 4) : STREAMS_FILE | STREAMS_PROCESSES;
	s->file_state = chaos_one_in(c, 3) ? (uint8_t)chaos_below(c, SLOT_FILE_STATES + c->wild)
					   : SLOT_FILE_OK;
	s->counters_bad = chaos_one_in(c, 8);
	s->cap = (uint32_t)chaos_below(c, 10);
	s->effective_cap = (uint32_t)chaos_below(c, 10);
	s->refused += chaos_below(c, 3);
	if (chaos_one_in(c, 16))
		s->refused = chaos_size(c);
}

static inline void chaos_streams(struct chaos *c)
{
	struct streams_sample *s = &c->snap.streams;

	if (chaos_one_in(c, 3))
		chaos_stream_enter(c);
	if (chaos_one_in(c, 4))
		chaos_stream_leave(c);
	if (chaos_one_in(c, 16))
		chaos_slot_file(c);
	if (chaos_one_in(c, 32))
		chaos_slot_take(c); /* by nobody that is known */
	if (s->n_processes > 0 && chaos_one_in(c, 3))
		s->process[chaos_below(c, s->n_processes)].anon_bytes = chaos_size(c);
}

/* ---- the promises; each is NULL, or what is broken ---- */

static inline bool chaos_slots_known(const struct chaos *c)
{
	return c->snap.streams.valid & STREAMS_FILE && c->snap.streams.file_state == SLOT_FILE_OK;
}

static inline uint32_t chaos_running(const struct chaos *c)
{
	const struct streams_sample *s = &c->snap.streams;
	uint32_t held = chaos_slots_known(c) ? s->in_use : 0;
	uint32_t counted = s->valid & STREAMS_PROCESSES ? s->n_processes : 0;

	return held > counted ? held : counted;
}

static inline const struct stream_process *chaos_stream(
	const struct chaos *c, const struct action *a)
{
	for (uint16_t i = 0; i < c->snap.streams.n_processes; i++)
		if (c->snap.streams.process[i].pid == a->pid &&
			c->snap.streams.process[i].start_ticks == a->start_ticks)
			return &c->snap.streams.process[i];
	return NULL;
}

static inline const char *chaos_check_victim(
	const struct chaos *c, const struct action *a, uint32_t *destructive)
{
	const struct streams_sample *s = &c->snap.streams;
	const struct stream_process *p = chaos_stream(c, a);
	uint32_t with_slot = 0;

	for (uint16_t i = 0; i < s->n_processes; i++)
		with_slot += s->process[i].slot >= 0;
	if (c->policy.streams.over_cap != OVER_CAP_STOP_NEWEST)
		return "stops a stream that is only to be told";
	if (!chaos_slots_known(c) || !(s->valid & STREAMS_PROCESSES))
		return "stops a stream without knowing who holds slots";
	if (!p || p->service >= c->policy.n_services || p->pid <= 1)
		return "stops what is no stream of a service";
	if (p->slot >= 0 || s->in_use > with_slot)
		return "stops one that may hold a slot";
	if (chaos_running(c) <= c->policy.streams.max)
		return "stops a stream although no more run than may";
	if (c->policy.service[p->service].is_protected)
		return "stops a stream of a protected service";
	return ++*destructive > 1 ? "two destructive actions in a tick" : NULL;
}

static inline const char *chaos_check_stream(
	const struct chaos *c, const struct action *a, uint32_t *destructive)
{
	uint8_t found = c->snap.streams.file_state;

	if (c->policy.mode == MODE_OBSERVE || c->policy.streams.max == 0)
		return "acts on streams although it should not";
	if (a->kind >= ACT_STREAM_TERM)
		return chaos_check_victim(c, a, destructive);
	if (!(c->snap.streams.valid & STREAMS_FILE))
		return "acts on a semaphore file that it has not seen";
	if (a->cap > STREAM_SLOTS_MAX || a->effective_cap > a->cap ||
		a->effective_cap != c->state.streams.effective_cap)
		return "publishes another cap than it has decided";
	if (a->kind == ACT_STREAMS_PUBLISH)
		return found == SLOT_FILE_OK ? NULL : "writes into a file that is not sound";
	return found <= SLOT_FILE_OK || found >= SLOT_FILE_UNUSABLE ? "mends what it must not"
								    : NULL;
}

/* Faster than the policy's `recover` nothing rises, and at once only to those that run. */
static inline const char *chaos_check_rise(const struct chaos *c, uint64_t now_us)
{
	uint32_t cap = c->state.streams.effective_cap;

	if (cap <= c->cap_before || c->cap_generation != c->snap.policy_generation)
		return NULL;
	if (now_us - c->cap_us < c->policy.streams.recover_us)
		return "the effective cap rises too fast";
	return cap > c->cap_before + 1 && cap > chaos_running(c) ? "the effective cap jumps" : NULL;
}

static inline const char *chaos_check_cap(const struct chaos *c, uint64_t now_us)
{
	const struct streams_state *s = &c->state.streams;
	const struct host_sample *host = &c->snap.host;
	uint64_t room = host->mem_available_bytes > c->policy.host.reserve_bytes
				? host->mem_available_bytes - c->policy.host.reserve_bytes
				: 0;
	bool known = host->valid & HOST_MEMORY &&
		     (chaos_slots_known(c) || c->snap.streams.valid & STREAMS_PROCESSES);

	if (s->max > STREAM_SLOTS_MAX || s->max > c->policy.streams.max ||
		s->effective_cap > s->max)
		return "the effective cap is over the policy's";
	if (c->state.host_level.now >= MEMORY_WARN)
		return s->effective_cap ? "new streams are let in while the host warns" : NULL;
	if (!known && c->cap_generation == c->snap.policy_generation &&
		s->effective_cap != c->cap_before)
		return "the effective cap changes without a reading";
	if (known && s->effective_cap > chaos_running(c) + room / s->cost_bytes)
		return "the effective cap is more than memory carries";
	return chaos_check_rise(c, now_us);
}

/* After each decision. A plan that was full has left the streams for the next one. */
static inline const char *chaos_check_streams(struct chaos *c, uint64_t now_us)
{
	const char *broken = NULL;

	if (c->policy.streams.max > 0 && c->plan.wake_us > now_us)
		broken = chaos_check_cap(c, now_us);
	if (c->state.streams.effective_cap != c->cap_before || now_us < c->cap_us)
		c->cap_us = now_us;
	c->cap_before = c->state.streams.effective_cap;
	c->cap_generation = c->snap.policy_generation;
	return broken;
}

#endif
