/*
 * units: the memory values of systemd's units, over sd-bus (org.freedesktop.systemd1(5)).
 *
 * A value set here survives `systemctl daemon-reload`, which puts a value written to the cgroup's
 * file back. All is set at run time (a drop-in below /run): a reboot, and for a scope its end,
 * forgets it.
 *
 * One struct units belongs to one thread. The connection is its own; it is made at the first call
 * and made anew after a loss. Calls block until the deadline at the longest.
 */
#ifndef GUARDIAN_UNITS_H
#define GUARDIAN_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "guardian/limit.h"

struct sd_bus;

struct units {
	struct sd_bus *bus;   /* NULL: not connected */
	uint64_t deadline_us; /* for a whole call, connecting included */
};

/* Connects. A failure leaves U usable: the next call tries again. -> 0, -ENOENT: no system bus
 * here. -ENOTCONN: a bus, but no systemd on it. -ECONNREFUSED, -ECONNRESET: nobody behind the bus's
 * socket. -ETIMEDOUT: silent. The calls below share these, but for -ENOENT: theirs is -ENOTCONN. */
int units_open(struct units *u, uint64_t deadline_us);
void units_close(struct units *u);

/* Manager.SetUnitProperties, all values of SET in one call: MemoryMax, MemoryLow, MemorySwapMax.
 * Memory.oom.group is no property of a unit and is left out; a set without any other value is a 0
 * and no call.
 * -> 0, -ENOENT: no such unit. -ERANGE: MAX below LIMIT_FLOOR_BYTES. -EACCES. -EREMOTEIO: systemd
 * refused. ERR gets systemd's sentence, or "".
 *
 * systemd writes the cgroup itself, in PID 1: make way first (cgroup_set_make_way()). It also
 * rewrites memory.oom.group from its own state (252: to 0, here and at daemon-reload): write that
 * file afterwards. */
int units_set_memory(
	struct units *u, const char *unit, const struct limit_set *set, char *err, size_t errsize);

/* What the unit holds and will write to the cgroup at the next daemon-reload. -> 0, -ENOENT: no
 * such unit. -EOPNOTSUPP: a kind of unit without a cgroup (a timer). */
int units_get_memory(struct units *u, const char *unit, struct limit_set *out);

/* Whenever systemd writes one memory value of a unit, it writes all of them, each as it knows it.
 * Adds to SET those of LIVE (MAX, SWAP_MAX) that SET does not speak of and the unit knows
 * otherwise, so that setting SET leaves them as they are: a memory.max that somebody has raised in
 * the file would fall, and kill. -> 0, or as units_get_memory(). */
int units_keep_memory(struct units *u, const char *unit, const struct limit_set *live,
	uint32_t page_bytes, struct limit_set *set);

/* PATH as below /sys/fs/cgroup, with or without its leading slash. UNIT gets the unit it belongs
 * to, which may be an ancestor's. -> 0, -ENOENT: no unit has it. -ENAMETOOLONG: more than SIZE. */
int units_by_cgroup(struct units *u, const char *path, char *unit, size_t size);

#endif
