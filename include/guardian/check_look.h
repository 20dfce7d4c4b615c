/*
 * check_look: one look at the machine, for `guardiand --check`: the same rooms as the daemon's, one
 * after the other and without waiting for notifications.
 */
#ifndef GUARDIAN_CHECK_LOOK_H
#define GUARDIAN_CHECK_LOOK_H

#include <stdint.h>

#include "guardian/check_rules.h"
#include "guardian/policy.h"
#include "guardian/procfs.h"
#include "guardian/roster.h"
#include "guardian/snapshot.h"

/* Everything is borrowed from one allocation of the caller's, zeroed. */
struct check_look {
	const char *root; /* "/" or a fixture */
	int rootfd, cgfd; /* cgfd: -1 when there is nothing to look at */
	/* What is under way, for whoever has to say so when it hangs. */
	void (*doing)(const char *step);
	struct policy policy;
	struct policy_docker docker; /* the policy's, its socket below `root` */
	struct snapshot snap;
	struct roster roster;
	struct check_world world;
};

/* The host's memory, swap and pressure; before the policy, which is checked against them. */
void check_look_host(struct check_look *look);

/* Everything else, into `world`. Takes 4 s at the most with a dockerd that does not answer. */
void check_look_around(struct check_look *look);

void check_look_close(struct check_look *look);

#endif
