/*
 * guardian: the daemon as an object, and its tick: sample, decide, act, tell.
 *
 * Knows no event loop: daemon/loop calls it when there is a reason to, tests call it thousands of
 * times with a clock of their own.
 */
#ifndef GUARDIAN_GUARDIAN_H
#define GUARDIAN_GUARDIAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/report.h"
#include "guardian/version.h"

#define GUARDIAN_CONFIG "/etc/guardian.yaml"

struct guardian;

struct guardian_options {
	const char *config;      /* NULL: /etc/guardian.yaml below root */
	const char *root;        /* NULL: "/"; any other: a fixture, files only */
	bool observe;            /* decide and tell, change nothing */
	uint64_t (*clock)(void); /* NULL: CLOCK_BOOTTIME, microseconds */
};

/* -> 0. -EINVAL: the policy has errors, REPORT says which. -EBUSY: another guardiand runs here,
 * *PEER is its pid (or 0). Other errors: -errno. Nothing is changed on the machine. */
int guardian_open(struct guardian **out, const struct guardian_options *options,
	struct report *report, int *peer);

/* One round. -> when the next is wanted at the latest (same clock). Allocates nothing when nothing
 * happens. */
uint64_t guardian_tick(struct guardian *g);

/* Reads the policy again: swaps it whole, or keeps the old one and tells why. */
void guardian_reload(struct guardian *g);

/* Readable when a tick is wanted sooner: cgroups came or went, a lane has answered. -1: never. */
int guardian_tree_fd(const struct guardian *g);
/* The same, by POLLPRI: somebody waits for memory. */
int guardian_pressure_fd(const struct guardian *g);
/* The same, by POLLPRI: swap was switched on or off. */
int guardian_swaps_fd(const struct guardian *g);
int guardian_lanes_fd(const struct guardian *g);
/* Readable once when somebody has written to the semaphore file: then guardian_slots_noticed() is
 * to be told, which says when a tick is wanted (UINT64_MAX: not for that). */
int guardian_slots_fd(const struct guardian *g);
uint64_t guardian_slots_noticed(struct guardian *g);
/* One of the others was readable. */
void guardian_noticed(struct guardian *g);

/* Locks what is in memory by now, after the act path was rehearsed, so that a host short of memory
 * does not page the guardian out. */
void guardian_lock_memory(struct guardian *g);

/* One line for systemd's STATUS=: false (and an untouched BUF) when it has not changed since the
 * last call. */
bool guardian_summary(struct guardian *g, char *buf, size_t size);

/* Jobs that a lane still has. For tests, and for a tick that wants all results. */
uint32_t guardian_pending(struct guardian *g);

/* Tells `stopped` and closes. Limits and swap stay as they are; the kernel's settings that
 * guardiand has changed are put back. */
void guardian_close(struct guardian *g);

#endif
