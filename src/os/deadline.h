/*
 * deadline: the clock of blocking calls to peers, in microseconds of CLOCK_MONOTONIC: a deadline
 * must not move with the wall clock. Private to os.
 */
#ifndef GUARDIAN_OS_DEADLINE_H
#define GUARDIAN_OS_DEADLINE_H

#include "guardian/clock.h"
#include <stdint.h>

static inline uint64_t deadline_now_us(void)
{
	return clock_now_us(CLOCK_MONOTONIC);
}

/* The moment AFTER_US from now; never past the end of the clock. */
static inline uint64_t deadline_after(uint64_t after_us)
{
	uint64_t now_us = deadline_now_us();

	return after_us < UINT64_MAX - now_us ? now_us + after_us : UINT64_MAX;
}

/* 0: it has passed. */
static inline uint64_t deadline_left_us(uint64_t until_us)
{
	uint64_t now_us = deadline_now_us();

	return now_us < until_us ? until_us - now_us : 0;
}

#endif
