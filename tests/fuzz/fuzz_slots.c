/*
 * Any bytes as the semaphore file: what is taken for whole is within its bounds, and the queue has
 * an order, whatever is written in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/slot_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool it)
{
	if (!it)
		abort();
}

/* Ones that can be waited for: behind all of them is the next ticket, in a place that is free. */
static void look_at_queue(const struct slot_line *line, const struct slot_queue *queue)
{
	struct slot_ahead all = slot_ahead(line, SLOT_NO_TICKET, 1000000);
	uint64_t next = slot_next_ticket(queue, line);
	unsigned int at = all.nearest, left = all.count;

	require(all.count <= (unsigned int)__builtin_popcountll(line->held));
	require(next != SLOT_NO_TICKET || line->held == UINT64_MAX);
	if (next != SLOT_NO_TICKET) {
		require(!(line->held >> next % SLOT_PLACES_MAX & 1));
		require(slot_ahead(line, next, 1000000).count == all.count);
	}
	/* From the last to the first, one by one. */
	while (left > 0) {
		struct slot_ahead a = slot_ahead(line, line->place[at].ticket, 1000000);

		require(a.count == --left);
		at = a.nearest;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[SLOT_FILE_SIZE];
	struct slot_header header;
	struct slot_record record;
	struct slot_queue queue;
	struct slot_line line;

	memset(file, 0, sizeof(file));
	memcpy(file, data, size < sizeof(file) ? size : sizeof(file));
	memcpy(&header, file + SLOT_HEADER_AT, sizeof(header));
	memcpy(&queue, file + SLOT_QUEUE_AT, sizeof(queue));
	memcpy(line.place, file + SLOT_PLACES_AT, sizeof(line.place));
	/* No lock is in the file; its last bytes say which are held. */
	memcpy(&line.held, file + SLOT_FILE_SIZE - sizeof(line.held), sizeof(line.held));
	if (slot_header_ok(&header))
		require(header.effective_cap <= header.cap && header.cap <= SLOT_SLOTS_MAX &&
			strcmp(slot_cap_reason_name(header.reason), "unknown") != 0);
	for (unsigned int i = 0; i < SLOT_SLOTS_MAX; i++) {
		memcpy(&record, file + slot_record_at(i), sizeof(record));
		if (slot_record_ok(&record))
			require(strlen(record.name) < SLOT_NAME_SIZE);
	}
	/* As it is, and with every checksum made good: then the values are on their own. */
	look_at_queue(&line, &queue);
	slot_queue_seal(&queue);
	for (unsigned int i = 0; i < SLOT_PLACES_MAX; i++)
		slot_place_seal(&line.place[i]);
	look_at_queue(&line, &queue);
	return 0;
}
