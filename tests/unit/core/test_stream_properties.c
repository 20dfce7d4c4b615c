/*
 * The promises about streams (chaos_streams.h) in hours that are busy but plausible: viewers come
 * and go, some around the slots, memory rises and falls, signals are heard or not. In the minutes
 * of test_properties.c nothing lasts long enough for a cap to recover or a grace to pass.
 */
#include "chaos.h"
#include "world.h"

enum { SEEDS = 40, TICKS = 1500 };

struct seen {
	uint32_t acts[ACT_COUNT];
	uint32_t rises, falls;
};

static uint64_t xorshift(void *source)
{
	uint64_t *x = source;

	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x >> 16;
}

static void plausible_policy(struct chaos *c)
{
	struct policy *p = &c->policy;

	memset(p->service, 0, sizeof(p->service[0]) * 6);
	p->n_services = 6;
	for (uint32_t i = 0; i < p->n_services; i++)
		p->service[i].name[0] = (char)('a' + i);
	p->service[5].is_protected = true;
	p->mode = chaos_one_in(c, 10) ? MODE_OBSERVE : MODE_ENFORCE;
	p->host.reserve_bytes = 400 * MIB;
	p->host.interval_us = SECOND;
	p->host.warn_centipct = p->host.critical_centipct = chaos_one_in(c, 3) ? 9500 : 0;
	p->host.calm_us = SECOND;
	p->streams = (struct policy_streams){.max = 1 + (uint32_t)chaos_below(c, 6),
		.per_stream_bytes = 100 * MIB,
		.command = "ffmpeg",
		.over_cap = chaos_one_in(c, 4) ? OVER_CAP_TELL : OVER_CAP_STOP_NEWEST,
		.grace_us = 3 * SECOND,
		.recover_us = 4 * SECOND};
	c->snap.policy_generation++;
}

static void plausible_begin(struct chaos *c)
{
	struct streams_sample *s = &c->snap.streams;

	chaos_begin(c);
	plausible_policy(c);
	c->snap.realtime_us = 1700000000 * SECOND;
	c->snap.host.valid = HOST_MEMORY;
	c->snap.host.mem_total_bytes = 4000 * MIB;
	c->snap.host.mem_available_bytes = 1500 * MIB;
	c->snap.peer[PEER_DOCKER] = PEER_OK;
	s->valid = STREAMS_FILE | STREAMS_PROCESSES;
	s->file_state = SLOT_FILE_OK;
}

/* In steps of 100 MiB: down in a moment, and staying there for a while. */
static void memory_moves(struct chaos *c)
{
	if (chaos_one_in(c, 15))
		c->snap.host.mem_available_bytes = chaos_below(c, 16) * 100 * MIB;
	c->snap.host.valid = chaos_one_in(c, 40) ? 0 : HOST_MEMORY;
}

static bool has_process(const struct streams_sample *s, int16_t slot)
{
	for (uint16_t i = 0; i < s->n_processes; i++)
		if (s->process[i].slot == slot)
			return true;
	return false;
}

static void viewers_move(struct chaos *c)
{
	struct streams_sample *s = &c->snap.streams;

	if (s->n_processes < 9 && chaos_one_in(c, 6)) {
		chaos_stream_enter(c);
		s->process[s->n_processes - 1].anon_bytes = (20 + chaos_below(c, 200)) * MIB;
	}
	if (chaos_one_in(c, 12))
		chaos_stream_leave(c);
	if (chaos_one_in(c, 100))
		chaos_slot_take(c);
	if (chaos_one_in(c, 20))
		for (int16_t i = 0; i < 10; i++)
			if (!has_process(s, i))
				chaos_slot_free(s, i); /* unknown holders end too */
}

static void obey(struct chaos *c, const struct action *a)
{
	struct streams_sample *s = &c->snap.streams;

	if (a->kind == ACT_STREAMS_PUBLISH || a->kind == ACT_STREAMS_MEND) {
		s->file_state = SLOT_FILE_OK;
		s->cap = a->cap;
		s->effective_cap = a->effective_cap;
		s->reason = a->cap_reason;
		return;
	}
	if (a->kind != ACT_STREAM_KILL && chaos_one_in(c, 2))
		return;
	for (uint16_t i = 0; i < s->n_processes; i++) {
		if (s->process[i].pid != a->pid || s->process[i].start_ticks != a->start_ticks)
			continue;
		s->n_processes--;
		memmove(&s->process[i], &s->process[i + 1],
			(size_t)(s->n_processes - i) * sizeof(s->process[0]));
	}
}

static void carry_out(struct chaos *c, struct seen *seen)
{
	c->snap.n_results = 0;
	c->n_pending = 0;
	for (uint16_t i = 0; i < c->plan.n_actions; i++) {
		const struct action *a = &c->plan.action[i];
		int error = chaos_one_in(c, 10) ? -EIO : 0;

		seen->acts[a->kind]++;
		c->snap.result[c->snap.n_results++] =
			(struct result){.ticket = a->ticket, .error = error};
		if (error == 0 && a->kind >= ACT_STREAMS_PUBLISH)
			obey(c, a);
	}
}

static void an_hour(uint64_t seed, struct seen *seen)
{
	static struct chaos chaos;
	struct chaos *c = &chaos;
	uint64_t x = seed * 0x9e3779b97f4a7c15ULL + 1;

	memset(c, 0, sizeof(*c));
	c->next = xorshift;
	c->source = &x;
	plausible_begin(c);
	for (int tick = 0; tick < TICKS; tick++) {
		uint32_t before = c->state.streams.effective_cap;
		const char *broken;

		memory_moves(c);
		viewers_move(c);
		if (chaos_one_in(c, 300))
			plausible_policy(c);
		if (chaos_one_in(c, 300))
			state_resume(&c->state);
		chaos_time(c, SECOND);
		broken = chaos_decide(c);
		if (broken)
			fail_msg("seed %llu, tick %d: %s", (unsigned long long)seed, tick, broken);
		seen->rises += c->state.streams.effective_cap > before;
		seen->falls += c->state.streams.effective_cap < before;
		carry_out(c, seen);
	}
}

static void promises_hold_in_busy_hours(void **state)
{
	struct seen seen = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		an_hour(seed, &seen);
	/* So that it means something. */
	assert_true(seen.rises > 100 && seen.falls > 100);
	assert_true(seen.acts[ACT_STREAM_TERM] > 100 && seen.acts[ACT_STREAM_KILL] > 50);
	assert_true(seen.acts[ACT_STREAM_STOP_CONTAINER] > 50);
	assert_true(seen.acts[ACT_STREAMS_PUBLISH] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(promises_hold_in_busy_hours)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
