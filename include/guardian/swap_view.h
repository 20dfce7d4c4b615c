/*
 * swap_view: what `guardianctl swap` shows, as one tree: of the status file while guardiand is
 * alive; else of what it left, without what it was doing, and with the areas as /proc/swaps tells
 * them now (so too when the status file has none).
 *
 *	{"alive": true, "tick_age_us": 400000, "areas_from": "status.json" or "/proc/swaps",
 *	 "swap": {"wanted_bytes": by the policy, "foreign_bytes", "swappiness", "zswap": true,
 *		  "thrash": "none" or another word, "in_bytes_per_s", "out_bytes_per_s",
 *		  "areas": [{"path", "type", "size_bytes", "used_bytes", "priority", "ours"}, ...],
 *		  "file": {"path", "state", "mode", "problem": a sentence},
 *		  "progress": {"path", "phase", "done_bytes", "total_bytes"}, "plan": a sentence},
 *	 "services": [{"name", "swap_bytes", "swap_limit_bytes"}, ...]}
 *
 * All of "swap" may be absent, and is as the status file has it, with whatever else is there.
 * The services are sorted, the one with the most in swap first; a service whose use is not known is
 * not there. A limit is the largest of the service's members, null when there is none.
 */
#ifndef GUARDIAN_SWAP_VIEW_H
#define GUARDIAN_SWAP_VIEW_H

#include "guardian/heartbeat.h"

struct cJSON;

/* NULL: no memory. The caller's to delete. */
struct cJSON *swap_view(const struct heartbeat *hb, int rootfd);

#endif
