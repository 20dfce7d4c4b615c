/*
 * metrics: /run/guardian/metrics.prom, the numbers of status.json for a monitoring system, in
 * Prometheus' text format 0.0.4: node_exporter's textfile collector reads the folder
 * (--collector.textfile.directory=/run/guardian), others read the file.
 *
 * Sizes are bytes, times seconds, counters end in _total and go back to 0 with what they count.
 * What was not read is not there, nor is a limit where there is none. Replaced whole, each 15 s at
 * the most and each 60 s at the least.
 */
#ifndef GUARDIAN_METRICS_H
#define GUARDIAN_METRICS_H

#include "guardian/policy.h"
#include "guardian/snapshot.h"
#include "guardian/state.h"
#include "guardian/text.h"

#define METRICS_FILE "metrics.prom"

/* LONGEST_TICK_US: the daemon's own. Without allocation. OUT->full: there was no room
 * for all of it, and none of it is to be used. */
void metrics_render(struct text_out *out, const struct policy *policy, const struct snapshot *snap,
	const struct state *state, uint64_t longest_tick_us);

#endif
