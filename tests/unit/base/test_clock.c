/*
 * clock: microseconds, of the clock that was asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "guardian/clock.h"

enum { SECOND_US = 1000000, SLACK_US = 60 * SECOND_US /* a test machine may be slow */ };

static void counts_microseconds(void **state)
{
	const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_MONOTONIC};

	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct timespec ts;
		uint64_t whole_us, now_us;

		assert_int_equal(clock_gettime(clocks[i], &ts), 0);
		whole_us = (uint64_t)ts.tv_sec * SECOND_US;
		now_us = clock_now_us(clocks[i]);
		assert_in_range(now_us, whole_us, whole_us + SLACK_US);
	}
}

static void does_not_go_back(void **state)
{
	uint64_t before_us = clock_now_us(CLOCK_BOOTTIME);
	const struct timespec nap = {.tv_nsec = 2000000};

	(void)state;
	nanosleep(&nap, NULL);
	assert_true(clock_now_us(CLOCK_BOOTTIME) >= before_us + 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_microseconds),
		cmocka_unit_test(does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
