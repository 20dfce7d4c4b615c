/*
 * slot_file: checksums and bounds of the semaphore file's parts, and who waits before whom.
 *
 * Whoever may take a slot may also write any byte of the file, and a crash may leave anything. So
 * nothing in it is believed without its checksum and its bounds, and nothing in it is needed for
 * the one thing that counts, which the kernel's locks decide. What a scribbler can do at worst is
 * to disturb the order of those who wait, until they have left.
 */
#include <string.h>

#include "guardian/slot_file.h"

#define AT(type, field, offset)                                                                    \
	_Static_assert(offsetof(struct type, field) == (offset), #type "." #field)

/* The format: other programs, and other versions of these, rely on it. */
_Static_assert(sizeof(struct slot_header) == 128, "slot_header");
_Static_assert(sizeof(struct slot_counters) == 40, "slot_counters");
_Static_assert(sizeof(struct slot_queue) == 16, "slot_queue");
_Static_assert(sizeof(struct slot_record) == 128, "slot_record");
_Static_assert(sizeof(struct slot_place) == 32, "slot_place");
_Static_assert(SLOT_PLACES_AT + SLOT_PLACES_MAX * sizeof(struct slot_place) <= SLOT_FILE_SIZE,
	"the file holds all places");
AT(slot_header, effective_cap, 20);
AT(slot_header, generation, 32);
AT(slot_header, checksum, 120);
AT(slot_record, start_ticks, 8);
AT(slot_record, name, 24);
AT(slot_record, pid_namespace_inode, 88);
AT(slot_record, checksum, 120);
AT(slot_place, deadline_us, 8);
AT(slot_place, checksum, 24);

uint64_t slot_checksum(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * 0x100000001b3;
	return sum;
}

/* The checksum is the last field of each part, and covers all before it. */
#define SUM(part) slot_checksum((part), sizeof(*(part)) - sizeof(uint64_t))

void slot_header_seal(struct slot_header *header)
{
	memcpy(header->magic, SLOT_FILE_MAGIC, sizeof(header->magic));
	header->version = SLOT_FILE_VERSION;
	header->slots = SLOT_SLOTS_MAX;
	header->checksum = SUM(header);
}

bool slot_header_ok(const struct slot_header *header)
{
	return memcmp(header->magic, SLOT_FILE_MAGIC, sizeof(header->magic)) == 0 &&
	       header->version == SLOT_FILE_VERSION && header->slots == SLOT_SLOTS_MAX &&
	       header->cap <= SLOT_SLOTS_MAX && header->effective_cap <= header->cap &&
	       header->reason < SLOT_CAP_REASONS && header->checksum == SUM(header);
}

void slot_counters_seal(struct slot_counters *counters)
{
	counters->checksum = SUM(counters);
}

bool slot_counters_ok(const struct slot_counters *counters)
{
	return counters->checksum == SUM(counters);
}

void slot_queue_seal(struct slot_queue *queue)
{
	queue->checksum = SUM(queue);
}

bool slot_queue_ok(const struct slot_queue *queue)
{
	return queue->next_ticket < SLOT_TICKET_END && queue->checksum == SUM(queue);
}

void slot_record_seal(struct slot_record *record)
{
	record->checksum = SUM(record);
}

bool slot_record_ok(const struct slot_record *record)
{
	return memchr(record->name, '\0', sizeof(record->name)) && record->pid != 0 &&
	       record->checksum == SUM(record);
}

void slot_place_seal(struct slot_place *place)
{
	place->checksum = SUM(place);
}

bool slot_place_ok(const struct slot_place *place, unsigned int number)
{
	return place->ticket < SLOT_TICKET_END && place->ticket % SLOT_PLACES_MAX == number &&
	       place->checksum == SUM(place);
}

struct slot_header slot_header_make(uint32_t cap, uint32_t effective, enum slot_cap_reason reason,
	uint64_t generation, uint64_t published_us)
{
	struct slot_header header;

	memset(&header, 0, sizeof(header));
	header.cap = cap;
	header.effective_cap = effective;
	header.reason = reason;
	header.generation = generation;
	header.published_us = published_us;
	slot_header_seal(&header);
	return header;
}

const char *slot_cap_reason_name(uint32_t reason)
{
	static const char *const names[SLOT_CAP_REASONS] = {
		[SLOT_CAP_FULL] = "full",
		[SLOT_CAP_MEMORY] = "memory",
		[SLOT_CAP_WARNING] = "warning",
	};

	return reason < SLOT_CAP_REASONS ? names[reason] : "unknown";
}

static bool stands(const struct slot_line *line, unsigned int number)
{
	return line->held >> number & 1 && slot_place_ok(&line->place[number], number);
}

/* One whose deadline is beyond the longest wait has not come by this door. */
static bool waits(uint64_t deadline_us, uint64_t now_us)
{
	if (deadline_us < now_us)
		return now_us - deadline_us <= SLOT_LATE_US;
	return deadline_us - now_us <= SLOT_WAIT_MAX_US;
}

struct slot_ahead slot_ahead(const struct slot_line *line, uint64_t ticket, uint64_t now_us)
{
	struct slot_ahead ahead = {0};

	for (unsigned int i = 0; i < SLOT_PLACES_MAX; i++) {
		const struct slot_place *place = &line->place[i];

		if (!stands(line, i) || place->ticket >= ticket ||
			!waits(place->deadline_us, now_us))
			continue;
		if (ahead.count == 0 || place->ticket > line->place[ahead.nearest].ticket)
			ahead.nearest = i;
		ahead.count++;
	}
	return ahead;
}

uint64_t slot_next_ticket(const struct slot_queue *queue, const struct slot_line *line)
{
	uint64_t next = slot_queue_ok(queue) ? queue->next_ticket : 0;

	for (unsigned int i = 0; i < SLOT_PLACES_MAX; i++)
		if (stands(line, i) && line->place[i].ticket >= next)
			next = line->place[i].ticket + 1;
	for (unsigned int i = 0; i < SLOT_PLACES_MAX; i++, next++)
		if (!(line->held >> next % SLOT_PLACES_MAX & 1))
			return next;
	return SLOT_NO_TICKET;
}
