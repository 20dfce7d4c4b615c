/*
 * descriptors: up to the hard limit, and never down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "guardian/descriptors.h"
#include "guardian/snapshot.h"

static rlim_t raised_from(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	descriptors_raise();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_max == hard);
	return limit.rlim_cur;
}

/* The hard limit can only go down, so each step begins below the one before. */
static void raises_as_far_as_it_may(void **state)
{
	struct rlimit limit;
	rlim_t enough;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < 16384)
		skip();
	enough = raised_from(1024, 16384);
	assert_true(enough >= SNAPSHOT_MEMBERS_MAX * 16);
	assert_true(raised_from(enough + 1, 16384) == enough + 1);
	assert_true(raised_from(256, 1024) == 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(raises_as_far_as_it_may)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
