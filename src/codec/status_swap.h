/*
 * status_swap: the swap of the host in the status file: what there is, what is wrong with our file,
 * and what comes next.
 */
#ifndef GUARDIAN_CODEC_STATUS_SWAP_H
#define GUARDIAN_CODEC_STATUS_SWAP_H

#include "guardian/status.h"

void status_put_swap(struct text_out *out, const struct status_daemon *d, const struct policy *p,
	const struct snapshot *snap, const struct state *state);

#endif
