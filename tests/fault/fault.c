/*
 * fault: the loop. See fault.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fault.h"

enum {
	FDS_MAX = 4096,
	RUNS_MAX = 100000, /* a scenario that still has calls to fail then does not end */
};

/* Without opening one, as a look into /proc/self/fd would. */
unsigned int fault_count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < FDS_MAX; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Runs with the NTH call failing. -> false when there was no such call. */
static bool run_once(const struct fault_scenario *s, unsigned long nth)
{
	unsigned int groups = s->groups ? s->groups : FAULT_ALL, fds;
	const char *call;
	int status, error;
	bool injected;

	if (s->prepare)
		s->prepare(s->arg);
	fds = fault_count_fds();
	fault_arm(nth, groups, s->error);
	status = s->run(s->arg);
	injected = fault_disarm(&call, &error);
	if (fault_count_fds() != fds)
		fail_msg("%s: call %lu, %s failing with %s: descriptors before %u, after %u",
			s->name, nth, injected ? call : "none", strerror(error), fds,
			fault_count_fds());
	if (injected && status >= 0 && !s->tolerates)
		fail_msg("%s: call %lu, %s, failed with %s, and nobody told", s->name, nth, call,
			strerror(error));
	if (!injected && status < 0)
		fail_msg("%s: failed by itself: %s", s->name, strerror(-status));
	if (s->check)
		s->check(s->arg, status);
	return injected;
}

void fault_run(const struct fault_scenario *scenario)
{
	unsigned long nth = 1;

	while (run_once(scenario, nth)) {
		if (++nth > RUNS_MAX)
			fail_msg("%s: does not come to an end", scenario->name);
	}
	/* A scenario without a call to fail shows nothing. */
	assert_true(nth > 1);
}
