/*
 * policy: the words of its enumerations, and that the struct is flat and copies whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guardian/policy.h"
#include "test_names.h"

static void each_role_has_its_word(void **state)
{
	(void)state;
	CHECK_NAMES(policy_role_name, ROLE_COUNT);
	assert_string_equal(policy_role_name(ROLE_GENERIC), "generic");
	assert_string_equal(policy_role_name(ROLE_NODE), "node");
	assert_string_equal(policy_role_name(ROLE_POSTGRES), "postgres");
	assert_string_equal(policy_role_name(ROLE_REDIS), "redis");
}

static void each_mode_has_its_word(void **state)
{
	(void)state;
	CHECK_NAMES(policy_mode_name, MODE_COUNT);
	assert_string_equal(policy_mode_name(MODE_ENFORCE), "enforce");
	assert_string_equal(policy_mode_name(MODE_OBSERVE), "observe");
}

static void each_word_for_too_many_streams(void **state)
{
	(void)state;
	CHECK_NAMES(policy_over_cap_name, OVER_CAP_COUNT);
	assert_string_equal(policy_over_cap_name(OVER_CAP_TELL), "tell");
	assert_string_equal(policy_over_cap_name(OVER_CAP_STOP_NEWEST), "stop-newest");
}

/* A zeroed policy enforces nothing harmful: no service, no limit, the plainest role. */
static void zero_is_harmless(void **state)
{
	static const struct policy zero;

	(void)state;
	assert_int_equal(zero.n_services, 0);
	assert_int_equal(zero.service[0].role, ROLE_GENERIC);
	assert_int_equal(zero.service[0].limits.mask, 0);
	assert_false(zero.service[0].force);
	assert_int_equal(zero.streams.max, 0);
	assert_int_equal(zero.streams.over_cap, OVER_CAP_TELL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_has_its_word),
		cmocka_unit_test(each_mode_has_its_word),
		cmocka_unit_test(each_word_for_too_many_streams),
		cmocka_unit_test(zero_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
