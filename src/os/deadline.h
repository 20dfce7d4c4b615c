/*
 * deadline: the clock of blocking calls to peers, in microseconds of CLOCK_MONOTONIC: a deadline
 * must not move with the wall clock. Private to os.
 */
#ifndef GUARDIAN_OS_DEADLINE_H
#define GUARDIAN_OS_DEADLINE_H

#include <stdint.h>
#include <time.h>

static inline uint64_t deadline_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
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
