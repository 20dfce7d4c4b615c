/*
 * status_streams: the streams in the status file: how many may run, who holds which slot, and who
 * runs without one.
 */
#ifndef GUARDIAN_CODEC_STATUS_STREAMS_H
#define GUARDIAN_CODEC_STATUS_STREAMS_H

#include "guardian/status.h"

void status_put_streams(struct text_out *out, const struct policy *p, const struct snapshot *snap,
	const struct state *state);

#endif
