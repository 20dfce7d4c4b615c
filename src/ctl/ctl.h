/*
 * ctl: what the subcommands of guardianctl share. A subcommand gets its own words only, options and
 * all.
 */
#ifndef GUARDIAN_CTL_H
#define GUARDIAN_CTL_H

#include "guardian/screen.h"

/* guardianctl(1), EXIT STATUS */
enum ctl_exit { CTL_OK, CTL_FAILURE, CTL_USAGE };

struct ctl {
	const char *root; /* "/" but for --root */
	int rootfd;
	struct screen screen; /* of stdout */
};

/* All of TEXT to stdout, or CTL_FAILURE and a word on stderr (a closed pipe is not worth one). */
enum ctl_exit ctl_write(const char *text, size_t len);

enum ctl_exit status_command(const struct ctl *ctl, int argc, char **argv);
enum ctl_exit swap_command(const struct ctl *ctl, int argc, char **argv);
enum ctl_exit slots_command(const struct ctl *ctl, int argc, char **argv);
enum ctl_exit events_command(const struct ctl *ctl, int argc, char **argv);

#endif
