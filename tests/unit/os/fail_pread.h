/*
 * fail_pread: makes the kernel answer an errno to pread(2), for errors that no test host's files
 * give (EOPNOTSUPP of a kernel with PSI off). It cannot be undone, so it is done in a child.
 */
#ifndef GUARDIAN_TESTS_FAIL_PREAD_H
#define GUARDIAN_TESTS_FAIL_PREAD_H

/* Runs FN(ARG) in a child where pread(2) on FD (-1: on any descriptor) fails with ERROR. -> whether
 * FN returned true; the test is skipped where seccomp(2) is not to be had. */
int fail_pread(int fd, int error, int (*fn)(void *arg), void *arg);

#endif
