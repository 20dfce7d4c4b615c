/*
 * plan: the words for its actions; they stand in records, so they never change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guardian/plan.h"
#include "test_names.h"

static void each_action_has_its_word(void **state)
{
	(void)state;
	CHECK_NAMES(action_name, ACT_COUNT);
	assert_string_equal(action_name(ACT_HOLD), "hold");
	assert_string_equal(action_name(ACT_PERSIST), "persist");
	assert_string_equal(action_name(ACT_RESERVE), "reserve");
	assert_string_equal(action_name(ACT_SWAP_MAKE), "swap_make");
	assert_string_equal(action_name(ACT_ZSWAP), "zswap");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_action_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
