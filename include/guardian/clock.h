/*
 * clock: the time of one of the kernel's clocks, as this program counts it: microseconds in 64
 * bits.
 */
#ifndef GUARDIAN_CLOCK_H
#define GUARDIAN_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_BOOTTIME: durations, and they go on while the machine sleeps. CLOCK_REALTIME: for people,
 * and it jumps. CLOCK_MONOTONIC: deadlines. */
uint64_t clock_now_us(clockid_t clock);

#endif
