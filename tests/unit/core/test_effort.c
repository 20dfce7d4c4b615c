/*
 * effort and tick: back-off, rounds, rations and full plans, at their borders.
 */
#include "rules.h"
#include "world.h"

#include <errno.h>

static struct tick begin(struct world *w)
{
	w->plan.n_events = w->plan.n_actions = 0;
	return (struct tick){.policy = &w->policy,
		.snap = &w->snap,
		.state = &w->state,
		.plan = &w->plan,
		.now_us = w->snap.now_us};
}

static void what_does_not_fit_is_not_written(void **state)
{
	struct world *w = *state;
	struct tick t = begin(w);

	for (int i = 0; i < PLAN_EVENTS_MAX + 5; i++)
		plan_tell(&t, EVENT_LACK, SERVICE_NONE, 0)->subject = 1;
	assert_int_equal(w->plan.n_events, PLAN_EVENTS_MAX);
	assert_false(plan_has_room(&t));
	w->plan.n_events = 0;
	w->plan.n_actions = PLAN_ACTIONS_MAX - 1;
	assert_false(plan_has_room(&t));
}

static void pauses_double_up_to_the_longest(void **state)
{
	static const uint64_t pauses[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
	struct world *w = *state;
	struct tick t = begin(w);
	struct effort effort = {.ended_us = t.now_us};

	for (uint8_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		uint64_t deadline_us = UINT64_MAX;

		effort.failures = (uint8_t)(i + 1);
		assert_false(effort_ready(&t, &effort, &deadline_us));
		assert_int_equal(deadline_us, t.now_us + pauses[i] * SECOND);
	}
	effort.failures = UINT8_MAX;
	effort.outcome = -EIO;
	effort.ended = 1;
	assert_int_equal(effort_outcome(&effort), -EIO);
	assert_int_equal(effort.failures, UINT8_MAX);
	assert_int_equal(effort_outcome(&effort), 1);
}

static void rounds_count_within_the_window(void **state)
{
	struct world *w = *state;
	struct tick t = begin(w);
	struct effort effort = {.rounds = 0};

	for (int i = 0; i < 300; i++)
		effort_count_round(&t, &effort);
	assert_int_equal(effort_rounds(&t, &effort), UINT8_MAX);
	t.now_us += w->policy.drift.window_us;
	assert_int_equal(effort_rounds(&t, &effort), UINT8_MAX);
	t.now_us += 1;
	assert_int_equal(effort_rounds(&t, &effort), 0);
	effort_count_round(&t, &effort);
	assert_int_equal(effort.rounds, 1);
	assert_int_equal(effort.window_us, t.now_us);
}

static void what_is_news(void **state)
{
	struct effort effort = {.told_error = -EIO, .failures = 1};

	(void)state;
	assert_false(effort_failure_is_news(&effort, -EIO));
	assert_true(effort_failure_is_news(&effort, -EPERM));
	assert_false(effort_failure_is_news(&effort, -EAGAIN));
	assert_false(effort_failure_is_news(&effort, -ESTALE));
	assert_false(effort_failure_is_news(&effort, -ETXTBSY));
	effort.failures = VANISHED_TELL;
	assert_true(effort_failure_is_news(&effort, -ESTALE));
	assert_true(effort_failure_is_news(&effort, -ETIMEDOUT));
	assert_true(effort_failure_is_news(&effort, -ETXTBSY));
	assert_int_equal(errno_number(-EIO), EIO);
}

static void a_ration_fills_with_time(void **state)
{
	static const struct ration ration = {.burst = 3, .refill_us = 10 * SECOND_US};
	struct world *w = *state;
	struct tick t = begin(w);
	struct budget budget = {0};
	uint64_t deadline_us = UINT64_MAX;

	for (int i = 0; i < 3; i++)
		assert_true(budget_take(&t, &budget, &ration, &deadline_us));
	assert_false(budget_take(&t, &budget, &ration, &deadline_us));
	assert_int_equal(deadline_us, t.now_us + 10 * SECOND);
	t.now_us += 25 * SECOND;
	assert_true(budget_take(&t, &budget, &ration, &deadline_us));
	assert_true(budget_take(&t, &budget, &ration, &deadline_us));
	deadline_us = UINT64_MAX;
	assert_false(budget_take(&t, &budget, &ration, &deadline_us));
	assert_int_equal(deadline_us, t.now_us + 5 * SECOND); /* what was left of the time counts */
	t.now_us += 100 * SECOND;
	assert_true(budget_take(&t, &budget, &ration, &deadline_us));
	assert_int_equal(budget.used, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_does_not_fit_is_not_written),
		TEST(pauses_double_up_to_the_longest),
		TEST(rounds_count_within_the_window),
		TEST(what_is_news),
		TEST(a_ration_fills_with_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
