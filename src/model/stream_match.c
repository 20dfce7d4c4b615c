/*
 * stream_match: see the header. At most 64 slots and 256 processes, and only after one of them has
 * changed: each is compared with each.
 */
#include "guardian/stream_match.h"

/* A record without a start is believed when only one process has its number. */
static int holder_of(const struct streams_sample *streams, const struct slot_sample *slot)
{
	int found = -1, n = 0;

	for (int i = 0; i < streams->n_processes; i++) {
		const struct stream_process *p = &streams->process[i];

		if (p->inner_pid != slot->pid || p->slot != STREAM_NO_SLOT)
			continue;
		if (slot->start_ticks == p->start_ticks)
			return i;
		if (slot->start_ticks == 0) {
			found = i;
			n++;
		}
	}
	return n == 1 ? found : -1;
}

bool streams_match(struct streams_sample *streams)
{
	int16_t before[STREAM_PROCESSES_MAX] = {0};
	bool changed = false;

	for (int i = 0; i < streams->n_processes; i++) {
		before[i] = streams->process[i].slot;
		streams->process[i].slot = STREAM_NO_SLOT;
	}
	for (int16_t i = 0; i < STREAM_SLOTS_MAX; i++) {
		const struct slot_sample *slot = &streams->slot[i];
		int holder = slot->held && slot->record_ok ? holder_of(streams, slot) : -1;

		if (holder >= 0)
			streams->process[holder].slot = i;
	}
	for (int i = 0; i < streams->n_processes; i++)
		changed |= streams->process[i].slot != before[i];
	return changed;
}
