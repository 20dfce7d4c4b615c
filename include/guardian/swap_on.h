/*
 * swap_on: swapon(2) and swapoff(2), done so that neither a wrong file nor the daemon gets hurt.
 *
 * Both may take minutes and stand in the kernel meanwhile: for a worker. Both mean the file that
 * was looked at, by its descriptor, and not whatever has its name a moment later.
 */
#ifndef GUARDIAN_SWAP_ON_H
#define GUARDIAN_SWAP_ON_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/swap_file.h"
#include "guardian/text.h"

/* It was so before. */
enum { SWAP_ALREADY = 1 };

/*
 * Switches TARGET on, if it is a usable swap file, root's alone. PRIORITY 0..32767, or
 * SWAP_PRIORITY_AUTO.
 *
 * -> 0, or SWAP_ALREADY: this file is in use (with the priority it has). -ENOENT. -EINVAL: holes,
 * no header, not a file, or the kernel does not like it. -EPERM: not root's alone, not 0600; or
 * swapon(2) is not allowed, or there are too many areas. -ESTALE: another file is there.
 */
int swap_on(const struct swap_target *target, int32_t priority, struct text_out *why);

struct swap_off_how {
	uint64_t deadline_us;
	/* Asked some times a second, or NULL; false: stop. For a caller who watches MemAvailable:
	 * what is read back takes memory, and after this child the kernel kills others. */
	bool (*go_on)(void *userdata);
	void *userdata;
};

/*
 * Switches TARGET off, in a child that the kernel kills in our stead when memory does not suffice:
 * its first choice is whoever calls swapoff(2) (mm/swapfile.c: set_current_oom_origin). The caller
 * has seen that it will suffice. Where it ends early, the file stays in use, with all that is in
 * it.
 *
 * A child that is killed goes on until the memory of the process that it is at is back: between two
 * of them alone the kernel looks for signals (mm/swapfile.c: try_to_unuse). If that was the last,
 * the file is off, whatever is answered here.
 *
 * -> 0, or SWAP_ALREADY: it was not in use. -ETIMEDOUT: not within the deadline. -ECANCELED: GO_ON
 * said so. -ENOMEM: the kernel had no memory, or killed the child for it. -ESTALE, -EPERM, -EAGAIN
 * (no child), ...: it is still on.
 */
int swap_off(
	const struct swap_target *target, const struct swap_off_how *how, struct text_out *why);

#endif
