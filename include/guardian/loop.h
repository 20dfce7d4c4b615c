/*
 * loop: when to tick. sd-event over a timer, the cgroup tree, the lanes' answers and signals;
 * systemd's notify protocol.
 */
#ifndef GUARDIAN_LOOP_H
#define GUARDIAN_LOOP_H

#include "guardian/guardian.h"

/* Runs until SIGTERM or SIGINT. SIGHUP reloads the policy. -> 0 or -errno. */
int loop_run(struct guardian *g);

#endif
