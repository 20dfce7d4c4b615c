/*
 * stream_match: which process holds which slot, as far as the records tell.
 *
 * A record speaks of its holder as that sees itself: the number in its own PID namespace, and the
 * start in ticks since boot, which is the same in all of them. A slot that a child has kept after
 * its holder's end matches nobody.
 */
#ifndef GUARDIAN_STREAM_MATCH_H
#define GUARDIAN_STREAM_MATCH_H

#include "guardian/snapshot.h"

/* Sets `slot` of each process. A process holds one slot at most here, the lowest. -> whether any is
 * another than before. */
bool streams_match(struct streams_sample *streams);

#endif
