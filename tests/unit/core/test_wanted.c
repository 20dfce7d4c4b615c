/*
 * wanted: swap that nobody names follows from mem_limit and from what Docker was told.
 */
#include "guardian/wanted.h"
#include "world.h"

static struct limit_set wanted_of(struct world *w, const struct limit_set *before)
{
	struct limit_set wanted;

	wanted_limits(&w->policy.service[0], &w->snap.member[0], before, &wanted);
	return wanted;
}

static struct world *one(void **state, uint64_t max)
{
	struct world *w = *state;

	add_service(w, "backend", max, 0);
	want_no_swap_limit(w, 0);
	add_member(w, 0, 100);
	return w;
}

static void swap_follows_the_limit(void **state)
{
	struct world *w = one(state, 512 * MIB);

	assert_int_equal(wanted_of(w, NULL).value[LIMIT_SWAP_MAX], 512 * MIB);
	want(w, 0, LIMIT_SWAP_MAX, 0);
	assert_int_equal(wanted_of(w, NULL).value[LIMIT_SWAP_MAX], 0);
	want(w, 0, LIMIT_SWAP_MAX, 900 * MIB);
	assert_int_equal(wanted_of(w, NULL).value[LIMIT_SWAP_MAX], 900 * MIB);
}

static void without_a_limit_swap_is_left_alone(void **state)
{
	struct world *w = one(state, 0);

	assert_int_equal(wanted_of(w, NULL).mask, 0);
	want(w, 0, LIMIT_MAX, LIMIT_FLOOR_BYTES - 1); /* would kill */
	assert_int_equal(wanted_of(w, NULL).mask, 0);
	want(w, 0, LIMIT_LOW, MIB);
	assert_int_equal(wanted_of(w, NULL).mask, K(LIMIT_LOW));
}

static void what_docker_forbids_stays_forbidden(void **state)
{
	struct world *w = one(state, 512 * MIB);
	struct limit_set before = {0};

	docker(member(w, 100));
	assert_int_equal(wanted_of(w, NULL).value[LIMIT_SWAP_MAX], 512 * MIB);
	limit_put(&member(w, 100)->stored, LIMIT_SWAP_MAX, 0);
	assert_true(limit_has(&(struct limit_set){wanted_of(w, NULL).mask, {0}}, LIMIT_SWAP_MAX));
	assert_int_equal(wanted_of(w, NULL).value[LIMIT_SWAP_MAX], 0);
	limit_put(&member(w, 100)->stored, LIMIT_SWAP_MAX, MIB);
	assert_int_equal(wanted_of(w, NULL).value[LIMIT_SWAP_MAX], 512 * MIB);
	member(w, 100)->stored.mask = 0; /* read, and nothing in it */
	assert_int_equal(wanted_of(w, NULL).value[LIMIT_SWAP_MAX], 512 * MIB);
	/* not known: never given, and what was known holds */
	member(w, 100)->valid &= ~(uint32_t)MEMBER_STORED;
	assert_int_equal(wanted_of(w, NULL).mask, K(LIMIT_MAX));
	assert_int_equal(wanted_of(w, &before).mask, K(LIMIT_MAX));
	limit_put(&before, LIMIT_SWAP_MAX, 0);
	assert_int_equal(wanted_of(w, &before).value[LIMIT_SWAP_MAX], 0);
	limit_put(&before, LIMIT_SWAP_MAX, 900 * MIB);
	assert_int_equal(wanted_of(w, &before).value[LIMIT_SWAP_MAX], 512 * MIB);
}

/* The whole way: what becomes known later takes nothing away that is settled, and swap that a
 * reload of systemd gives back is taken again. */
static void a_container_that_may_not_swap_never_does(void **state)
{
	struct world *w = one(state, 512 * MIB);
	struct member_sample *m = member(w, 100);

	docker(m);
	m->valid &= ~(uint32_t)MEMBER_STORED;
	m->live.value[LIMIT_SWAP_MAX] = 0;
	step(w, SECOND);
	assert_int_equal(action_of(w, ACT_HOLD)->set.mask, K(LIMIT_MAX));
	m = member(w, 100);
	m->valid |= MEMBER_STORED;
	limit_put(&m->stored, LIMIT_MAX, 256 * MIB);
	limit_put(&m->stored, LIMIT_SWAP_MAX, 0);
	step(w, SECOND);
	calm_down(w);
	assert_int_equal(w->told[EVENT_LIMIT_APPLIED], 1);
	assert_int_equal(w->snap.member[0].live.value[LIMIT_SWAP_MAX], 0);
	assert_int_equal(w->snap.member[0].stored.value[LIMIT_SWAP_MAX], 0);
	member(w, 100)->live.value[LIMIT_SWAP_MAX] = NONE;
	step(w, SECOND);
	assert_int_equal(event_of(w, EVENT_LIMIT_DRIFT)->limit, LIMIT_SWAP_MAX);
	calm_down(w);
	assert_int_equal(w->snap.member[0].live.value[LIMIT_SWAP_MAX], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(swap_follows_the_limit),
		TEST(without_a_limit_swap_is_left_alone),
		TEST(what_docker_forbids_stays_forbidden),
		TEST(a_container_that_may_not_swap_never_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
