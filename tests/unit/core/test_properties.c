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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(promises_hold_in_bad_minutes),
		TEST(promises_hold_whatever_is_read),
		TEST(after_chaos_comes_calm),
		TEST(no_kind_of_event_floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
