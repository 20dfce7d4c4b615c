/*
 * The rules of DESIGN section 5, over random minutes. A failure prints its seed.
 */
#include "chaos.h"
#include "world.h"

enum { SEEDS = 60, TICKS = 400 };

static uint64_t xorshift(void *source)
{
	uint64_t *x = source;

	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x >> 16;
}

static void hold_for(uint64_t seed, bool wild, uint64_t step_us)
{
	struct chaos *c = calloc(1, sizeof(*c));
	uint64_t x = seed * 0x9e3779b97f4a7c15ULL + 1;

	assert_non_null(c);
	c->next = xorshift;
	c->source = &x;
	c->wild = wild;
	chaos_begin(c);
	for (int tick = 0; tick < TICKS; tick++) {
		const char *broken;

		chaos_mutate(c);
		chaos_time(c, step_us);
		broken = chaos_decide(c);
		if (broken)
			fail_msg("seed %llu, tick %d: %s", (unsigned long long)seed, tick, broken);
	}
	free(c);
}

static void promises_hold_in_bad_minutes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		hold_for(seed, false, 300 * MS);
}

static void promises_hold_whatever_is_read(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		hold_for(seed, true, 100 * MS);
}

/* The promise that nobody moved saves a look, and changes no decision. */
static void stillness_decides_nothing(void **state)
{
	struct chaos *c = calloc(1, sizeof(*c));
	struct state *other = calloc(1, sizeof(*other));
	struct plan *plan = calloc(1, sizeof(*plan));

	(void)state;
	assert_true(c && other && plan);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t x = seed * 0x9e3779b97f4a7c15ULL + 1;

		memset(c, 0, sizeof(*c));
		c->next = xorshift;
		c->source = &x;
		chaos_begin(c);
		for (int tick = 0; tick < TICKS; tick++) {
			bool still = true;

			if (chaos_one_in(c, 2))
				chaos_mutate(c);
			chaos_time(c, 300 * MS);
			for (size_t i = 0; i < c->snap.n_members; i++)
				still &= !c->snap.member[i].changed &&
					 c->snap.member[i].inode == c->state.member[i].inode;
			c->snap.members_still = false;
			*other = c->state;
			decide(&c->policy, &c->snap, other, plan);
			c->snap.members_still = still;
			assert_null(chaos_decide(c));
			if (memcmp(&c->state, other, sizeof(*other)) != 0 ||
				c->plan.wake_us != plan->wake_us ||
				c->plan.n_actions != plan->n_actions ||
				c->plan.n_events != plan->n_events)
				fail_msg("seed %llu, tick %d", (unsigned long long)seed, tick);
			for (size_t i = 0; i < c->snap.n_members; i++)
				c->snap.member[i].changed = false;
		}
	}
	free(plan);
	free(other);
	free(c);
}

/* Rule 7: with nothing more happening it comes to rest, whatever happened before; and stays there.
 */
static void after_chaos_comes_calm(void **state)
{
	struct world *w = *state;
	struct chaos *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t x = seed * 0x9e3779b97f4a7c15ULL + 1;

		memset(c, 0, sizeof(*c));
		c->next = xorshift;
		c->source = &x;
		chaos_begin(c);
		for (int tick = 0; tick < 100; tick++) {
			chaos_mutate(c);
			chaos_time(c, 300 * MS);
			assert_null(chaos_decide(c));
		}
		w->policy = c->policy;
		w->snap = c->snap;
		w->state = c->state;
		w->snap.n_results = 0;
		run(w, 1500 * SECOND, SECOND); /* longer than any back-off or lost result */
		forget_told(w);
		run(w, 100 * SECOND, SECOND);
		for (int kind = 0; kind < EVENT_COUNT; kind++)
			assert_int_equal(w->told[kind], 0);
		for (int kind = 0; kind < ACT_COUNT; kind++)
			assert_int_equal(w->done[kind], 0);
	}
	free(c);
}

/* How often each kind may be told follows from time, not from how often it is looked.
 * Everything that can flap flaps at each of 10 looks a second for 10 minutes, in 4 members of 2
 * services. */
static void no_kind_of_event_floods(void **state)
{
	struct world *w = *state;
	const uint32_t seconds = 600;

	add_service(w, "a", 300 * MIB, 30 * MIB);
	add_service(w, "b", 200 * MIB, 20 * MIB);
	for (uint64_t i = 0; i < 4; i++)
		docker(add_member(w, (uint16_t)(i % 2), 100 + i));
	for (uint32_t tick = 0; tick < seconds * 10; tick++) {
		bool odd = tick % 2;

		for (uint64_t i = 0; i < 4; i++) {
			struct member_sample *m = member(w, 100 + i);

			use_memory(w, m->inode, odd ? 190 * MIB : 10 * MIB);
			m->valid = odd ? UINT32_MAX >> 20 : MEMBER_CURRENT | MEMBER_STAT;
			limit_put(&m->live, LIMIT_MAX, odd ? NONE : 100 * MIB);
			limit_put(&m->stored, LIMIT_MAX, odd ? NONE : 100 * MIB);
			m->ev_oom_kill += odd;
		}
		w->error = tick % 7 == 0 ? -EIO : tick % 5 == 0 ? -EBUSY : 0;
		w->snap.ancestor[0].low_bytes = odd ? 0 : NONE;
		w->snap.ancestor[0].ev_oom_kill += tick % 3;
		w->snap.host.mem_available_bytes = odd ? 10 * MIB : 3900 * MIB;
		w->snap.host.valid = odd ? HOST_MEMORY | HOST_SWAP : HOST_MEMORY;
		w->snap.peer[PEER_DOCKER] = odd ? PEER_OK : PEER_SILENT;
		step(w, 100 * MS);
	}
	for (int kind = 0; kind < EVENT_COUNT; kind++)
		if (w->told[kind] > 80 + seconds / 5)
			fail_msg("%s was told %u times", event_info((enum event_kind)kind)->name,
				w->told[kind]);
	assert_int_equal(w->told[EVENT_PEER_SILENT], 1);
	assert_int_equal(w->told[EVENT_READING_LOST], 0);
	assert_in_range(w->told[EVENT_LIMIT_SURRENDERED], 1, 8);
}

/* A host and a service that are critical but for swap. */
static void short_of_memory(struct world *w)
{
	struct member_sample *m;

	add_service(w, "a", 100 * MIB, 0);
	want(w, 0, LIMIT_SWAP_MAX, 100 * MIB);
	m = add_member(w, 0, 100);
	m->valid |= MEMBER_SWAP | MEMBER_PSI;
	limit_put(&m->live, LIMIT_MAX, 100 * MIB);
	limit_put(&m->live, LIMIT_SWAP_MAX, 100 * MIB);
	use_memory(w, 100, 99 * MIB);
	w->snap.host.mem_available_bytes = 100 * MIB;
	swap_counts(w, 8192 * MIB, 0);
	calm_down(w);
	assert_int_equal(w->state.host_level.now, MEMORY_WARN);
	forget_told(w);
}

/* Swap that is free to within an eighth of where the rules change: they change once, and stay. */
static void rules_do_not_flap_around_their_border(void **state)
{
	struct world *w = *state;
	uint64_t x = 88172645463325252ULL;

	short_of_memory(w);
	for (int tick = 0; tick < 6000; tick++) {
		uint64_t border = tick < 3000 ? 400 * MIB : 8192 * MIB / 5;

		swap_counts(w, 8192 * MIB, 8192 * MIB - border * (880 + xorshift(&x) % 240) / 1000);
		step(w, 100 * MS);
	}
	assert_int_equal(w->told[EVENT_HOST_MEMORY_CRITICAL], 1);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_CRITICAL], 1);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_WARN], 0);
	assert_int_equal(w->told[EVENT_SERVICE_MEMORY_WARN], 0);
}

/* However wide it swings: no more than one of a kind in each calm time. */
static void rules_that_change_do_not_flood(void **state)
{
	static const enum event_kind kinds[] = {EVENT_HOST_MEMORY_CRITICAL, EVENT_HOST_MEMORY_WARN,
		EVENT_SERVICE_MEMORY_CRITICAL, EVENT_SERVICE_MEMORY_WARN};
	struct world *w = *state;
	uint64_t x = 2463534242ULL, last_us[4] = {0}, calm_us = w->policy.host.calm_us;

	short_of_memory(w);
	for (int tick = 0; tick < 6000; tick++) {
		if (xorshift(&x) % (1 + (uint64_t)tick / 20) == 0) /* ever longer */
			swap_counts(w, 8192 * MIB, xorshift(&x) % 2 ? 0 : 8000 * MIB);
		step(w, 100 * MS);
		for (int k = 0; k < 4; k++) {
			if (!told_now(w, kinds[k]))
				continue;
			assert_true(w->snap.now_us - last_us[k] >= calm_us);
			last_us[k] = w->snap.now_us;
		}
	}
	assert_true(w->told[EVENT_HOST_MEMORY_WARN] > 3);
	assert_int_equal(w->told[EVENT_HOST_MEMORY_WARN], w->told[EVENT_SERVICE_MEMORY_WARN]);
}

/* Swap of any size and use, on the same machine as without: never critical later than it, unless
 * there is room; never worse than it. */
static void swap_only_ever_helps(void **state)
{
	struct world *w = *state;
	uint64_t x = 123456789ULL;
	struct world *bare = calloc(1, sizeof(*bare));

	assert_non_null(bare);
	for (int round = 0; round < 5000; round++) {
		uint64_t total = (xorshift(&x) % 4096) * MIB;
		uint64_t used = total * (xorshift(&x) % 101) / 100;

		state_init(&w->state);
		w->snap.host.mem_available_bytes = (xorshift(&x) % 4000) * MIB;
		swap_counts(w, total, used);
		w->snap.host.psi_memory.full.avg10_centipct = (uint32_t)(xorshift(&x) % 1000);
		w->state.rules = xorshift(&x) % 2 ? RULES_WITH_SWAP : RULES_WITHOUT_SWAP;
		*bare = *w;
		bare->snap.host.valid = HOST_MEMORY;
		step(w, SECOND);
		step(bare, SECOND);
		assert_true(w->state.host_level.now <= bare->state.host_level.now);
		if (w->state.host_level.now == bare->state.host_level.now)
			continue;
		assert_int_equal(w->state.host_level.now, MEMORY_WARN);
		assert_int_equal(w->state.rules, RULES_WITH_SWAP);
		assert_in_range(total - used, 400 * MIB, total);
		assert_true(used * 5 <= total * 4 + 5 * 10000);
		assert_in_range(w->snap.host.psi_memory.full.avg10_centipct, 0, 499);
	}
	free(bare);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(promises_hold_in_bad_minutes),
		TEST(promises_hold_whatever_is_read),
		TEST(stillness_decides_nothing),
		cmocka_unit_test(stillness_decides_nothing),
		TEST(after_chaos_comes_calm),
		TEST(no_kind_of_event_floods),
		TEST(rules_do_not_flap_around_their_border),
		TEST(rules_that_change_do_not_flood),
		TEST(swap_only_ever_helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
