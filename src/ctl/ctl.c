/*
 * ctl: see ctl.h.
 */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"

enum ctl_exit ctl_write(const char *text, size_t len)
{
	if (fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0)
		return CTL_OK;
	if (errno != EPIPE)
		perror("guardianctl: stdout");
	return CTL_FAILURE;
}
