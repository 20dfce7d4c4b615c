/*
 * check: `guardiand --check`, one look at the machine for cron, Nagios and people. It reads the
 * live host itself and takes the daemon's word only for what the daemon does; it changes nothing,
 * needs no daemon, and ends within 10 s.
 */
#ifndef GUARDIAN_CHECK_H
#define GUARDIAN_CHECK_H

#include <stdbool.h>

struct check_options {
	const char *config; /* NULL: /etc/guardian.yaml below root */
	const char *root;   /* NULL: "/" */
	bool json;
	bool quiet;        /* nothing when all is well */
	bool print_policy; /* the effective policy as YAML, and no look at the machine */
};

/* -> the exit status, as monitoring-plugins.org has it: 0 ok, 1 warning, 2 critical, 3 unknown. */
int check_main(const struct check_options *options);

#endif
