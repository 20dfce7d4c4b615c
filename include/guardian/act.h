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
#include "guardian/vm_knobs.h"

struct act_ops {
	const char *name;
	/* 0: under way, a result will follow; -errno: the result is here already. */
	int (*submit)(struct lanes *lanes, struct roster *roster, const struct action *action);
	/* When guardiand stops, a setting of the kernel as it was before. At once: 0 or -errno. */
	int (*put_back)(int rootfd, enum vm_knob knob, uint32_t value);
};

extern const struct act_ops act_real;
extern const struct act_ops act_files;
extern const struct act_ops act_null;

#endif
