/*
 * slots_view: what `guardianctl slots` shows, as one tree: of the status file while guardiand is
 * alive; else what the semaphore file itself says now: which slots are held, by its locks, and by
 * whom, by its records.
 *
 *	{"alive": true, "tick_age_us": 400000, "slots_from": "status.json" or "streams.sem",
 *	 "streams": {"cap", "effective_cap", "reason": "full", "memory" or "warning", "cost_bytes",
 *		  "semaphore": "ok" or another state, "error": a sentence, "in_use", "taken",
 *		  "refused", "waited", "gave_up", "unaccounted",
 *		  "slots": [{"slot", "name", "since_realtime_us", "age_us", "pid", "inner_pid",
 *			     "service", "anon_bytes"}, ...],
 *		  "without_slot": [{"pid", "service", "anon_bytes"}, ...]}}
 *
 * "streams" is absent when the policy has no cap. Of the semaphore file alone there is no pid of
 * the host, no service and no memory, and nothing of those without a slot.
 */
#ifndef GUARDIAN_SLOTS_VIEW_H
#define GUARDIAN_SLOTS_VIEW_H

#include <stdint.h>

#include "guardian/heartbeat.h"

struct cJSON;

/* REALTIME_US: now, CLOCK_REALTIME. NULL: no memory. The caller's to delete. */
struct cJSON *slots_view(const struct heartbeat *hb, int rootfd, uint64_t realtime_us);

#endif
