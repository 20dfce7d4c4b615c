/*
 * swap_room: whether cgroups' limits leave room for what swapoff(2) brings back.
 *
 * A page that comes back is charged to the cgroup it belongs to, whoever reads it. Where memory and
 * swap of a cgroup together exceed its memory.max, swapoff kills in that cgroup, whatever memory
 * the host has to spare (a hog of 200 MiB under 64 MiB, 137 MiB of it in swap: dead within 0.6 s,
 * and swapoff answers ENOMEM).
 */
#ifndef GUARDIAN_SWAP_ROOM_H
#define GUARDIAN_SWAP_ROOM_H

#include "guardian/text.h"

/* Looks at all cgroups below CGFD that have pages in swap. Blocking, a few reads each: for a
 * worker.
 * -> 0: all fit, with a tenth to spare. -ENOMEM: one does not, WHY says which. -EOPNOTSUPP: CGFD is
 * -1, limits cannot be seen. Other errors: -errno. */
int swap_room(int cgfd, struct text_out *why);

#endif
