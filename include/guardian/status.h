/*
 * status: /run/guardian/status.json, the state of things for whoever comes to look, with the daemon
 * alive, stuck or dead.
 *
 * Written each tick by atomic replace. Times are microseconds, sizes bytes; an unlimited limit is
 * null; what was not read is not there. Rendered without allocation, because memory numbers change
 * each second.
 */
#ifndef GUARDIAN_STATUS_H
#define GUARDIAN_STATUS_H

#include "guardian/event.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"
#include "guardian/state.h"
#include "guardian/text.h"

#define STATUS_FILE "status.json"
#define STATUS_DIR  "/run/guardian"
#define STATE_FILE  "state"

struct status_daemon {
	const char *version;
	int pid;
	uint64_t started_realtime_us;
	uint64_t ticks;
	uint64_t longest_tick_us; /* the loop's longest pause so far */
	uint32_t unmanaged;       /* running containers that no service names ... */
	uint32_t unlimited;       /* ... and those of them without a memory limit */
	const char *policy_file;
	const char *policy_error; /* why the last reload was refused, or NULL */
	const char *swap_phase;   /* of the swap file under way ("zeroing"), or NULL */
	uint64_t swap_done_bytes, swap_total_bytes;
};

/* KEPT: a ring of EVENT_LINES_KEPT, the newest at (told - 1) % EVENT_LINES_KEPT.
 * CGROUP_OF(userdata, i): path of snapshot.member[i]'s cgroup. */
void status_render(struct text_out *out, const struct status_daemon *d, const struct policy *p,
	const struct snapshot *snap, const struct state *state, const struct event_line *kept,
	uint32_t told, const char *(*cgroup_of)(void *userdata, uint16_t member), void *userdata);

/* A quiet tick: only the times at the head have changed. The head has fixed width; this rewrites it
 * in place. TEXT is what status_render() wrote. */
void status_touch(char *text, const struct status_daemon *d, const struct snapshot *snap);

#endif
