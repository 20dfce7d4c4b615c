/*
 * vm_knobs: the kernel's two switches that decide how it uses swap.
 *
 * vm.swappiness (Documentation/admin-guide/sysctl/vm.rst; 0..200, before 5.8 0..100) and zswap's
 * `enabled` (Documentation/admin-guide/mm/zswap.rst; Y or N). Both are read on held descriptors and
 * written, rarely, by path below the same root.
 */
#ifndef GUARDIAN_VM_KNOBS_H
#define GUARDIAN_VM_KNOBS_H

#include <stdint.h>

#include "guardian/snapshot.h"

enum vm_knob { VM_SWAPPINESS, VM_ZSWAP, VM_KNOBS };

struct vm_knobs {
	int rootfd;       /* borrowed: must outlive the struct */
	int fd[VM_KNOBS]; /* -1: this kernel has none, or not yet */
};

/* A knob that is not there is no error; K may be sampled and must be closed in any case. */
void vm_knobs_open(struct vm_knobs *k, int rootfd);
void vm_knobs_close(struct vm_knobs *k);

/* Fills swappiness and zswap of OUT and their valid bits; what could not be read has none. */
void vm_knobs_sample(struct vm_knobs *k, struct swap_sample *out);

/* One knob by path below ROOTFD: swappiness as it is, zswap as SWITCH_OFF or SWITCH_ON.
 * -> 0; -ENOENT: this kernel has none; -EBADMSG: not of the form. */
int vm_knob_read(int rootfd, enum vm_knob knob, uint32_t *value);

/* Writes and reads back. -> 0; -ENOENT; -ERANGE: no value of this knob, nothing was written; -EIO:
 * the kernel took it and says another; or what the kernel answered (-EROFS: ProtectKernelTunables=,
 * -EINVAL: swappiness above 100 before 5.8, -ENODEV: zswap without a pool). */
int vm_knob_write(int rootfd, enum vm_knob knob, uint32_t value);

#endif
