/*
 * lacks: what this machine cannot do. Found by the daemon at its start and by `guardiand --check`,
 * in the same way.
 */
#ifndef GUARDIAN_LACKS_H
#define GUARDIAN_LACKS_H

#include <stdint.h>

#include "guardian/policy.h"
#include "guardian/snapshot.h"

/* CGFD: the cgroup v2 tree, or -1. What POLICY uses is looked for below ROOTFD. HOST: a full
 * sample.
 * -> bits of enum lack; LACK_JOURNAL is not among them. */
uint32_t lacks_find(
	int rootfd, int cgfd, const struct policy *policy, const struct host_sample *host);

#endif
