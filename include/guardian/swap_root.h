/*
 * swap_root: the folder below which swap files lie, as PID 1 sees it.
 *
 * A swap file is bound to the mount it was switched on by: from a mount namespace that has ended,
 * or over a second mount of the same folder, /proc/swaps shows a path that nobody can find, nor
 * switch off at shutdown. guardiand.service has read-only file systems of its own, so it hands the
 * host's root over as standard input. Elsewhere that may be anything.
 */
#ifndef GUARDIAN_SWAP_ROOT_H
#define GUARDIAN_SWAP_ROOT_H

/* -> a copy of INPUT, if it is the folder that ROOTFD is and the kernel knows it by the same path;
 * a copy of ROOTFD if it is anything else or closed; or -errno. Never one of the first three. */
int swap_root_open(int rootfd, int input);

#endif
