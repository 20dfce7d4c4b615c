/*
 * psi: pressure stall information, read strictly (Documentation/accounting/psi.rst).
 *
 * One format for /proc/pressure/{memory,io,cpu} and a cgroup's *.pressure:
 *
 *	some avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *	full avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *
 * Averages are a percent of time (here in hundredths of one), totals are microseconds.
 */
#ifndef GUARDIAN_PSI_H
#define GUARDIAN_PSI_H

#include <stddef.h>

#include "guardian/snapshot.h"

/* What psi_open_read() and psi_pread() may answer besides 0 and -errno: the kernel has the file but
 * was booted with PSI off (CONFIG_PSI_DEFAULT_DISABLED without psi=1): open works, read gives
 * EOPNOTSUPP. */
enum { PSI_DISABLED = 1 };

/* Parses a whole file's TEXT. Without a `full` line (cpu before 5.13) OUT->full is all zero. Values
 * by key; unknown keys and unknown lines are skipped. -EBADMSG: no `some` line, a key missing, a
 * value that is not of the form; OUT is unchanged then. */
int psi_parse(const char *text, size_t len, struct psi *out);

/* One pread of a held descriptor, parsed. -> 0, PSI_DISABLED, or -errno. */
int psi_pread(int fd, struct psi *out);

/*
 * A trigger: FD becomes readable (POLLPRI) when somebody has waited for STALL_US within WINDOW_US
 * (500 ms to 10 s), at most once a window, until it is closed. PATH is a pressure file below DIRFD.
 * What woke up reads the file before it believes anything. Needs CAP_SYS_RESOURCE before 6.5.
 * -> a descriptor, or -errno: -ENOENT, -EOPNOTSUPP without PSI, -EPERM, -EINVAL.
 */
int psi_trigger_open(int dirfd, const char *path, uint32_t stall_us, uint32_t window_us);

#endif
