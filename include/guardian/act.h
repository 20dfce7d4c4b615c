/*
 * act: the only caller of anything that changes the machine. A security review starts and ends
 * here.
 *
 * An action of the plan becomes a job for a lane; what becomes of it arrives as a result in a later
 * snapshot. The driver is chosen once: real, files only (a fixture tree: no peers), or null
 * (`--observe`: nothing at all).
 */
#ifndef GUARDIAN_ACT_H
#define GUARDIAN_ACT_H

#include "guardian/lanes.h"
#include "guardian/plan.h"
#include "guardian/roster.h"
#include "guardian/slots.h"
#include "guardian/stream_watch.h"
#include "guardian/vm_knobs.h"

/* What the actions about streams work with. */
struct act_streams {
	struct slots *slots;
	const struct stream_watch *processes;
	struct roster *roster;
	struct lanes *lanes;
	uint64_t realtime_us;
};

/* Done at once: there will be no other result. */
enum { ACT_DONE = 1 };

struct act_ops {
	const char *name;
	/* 0: under way, a result will follow; -errno: the result is here already. */
	int (*submit)(struct lanes *lanes, struct roster *roster, const struct action *action);
	/* The actions about streams, ACT_STREAM...: a write into a file in memory and a signal
	 * cannot hang. ACT_DONE; 0: under way; -errno. */
	int (*stream)(const struct act_streams *on, const struct action *action);
	/* When guardiand stops, a setting of the kernel as it was before. At once: 0 or -errno. */
	int (*put_back)(int rootfd, enum vm_knob knob, uint32_t value);
};

extern const struct act_ops act_real;
extern const struct act_ops act_files;
extern const struct act_ops act_null;

#endif
