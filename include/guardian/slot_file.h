/*
 * slot_file: the semaphore file /run/guardian/streams.sem, format version 1. Layout, checksums and
 * the order of those who wait; no input or output.
 *
 * guardiand writes the header, guardian-stream the rest; both may run on one file in containers of
 * their own, so what is said here is all they share. A slot is taken by a lock and by nothing else:
 * an open file description (OFD) lock of type F_WRLCK on byte i, which the kernel drops with the
 * last descriptor, however its process ends. The records only say who; they mean something while
 * the lock is held. Everything is little-endian or whatever the host is: the file never leaves it.
 *
 *	offset	bytes		what			written by
 *	0	128		struct slot_header	guardiand, one pwrite
 *	512	40		struct slot_counters	takers, at the door
 *	1024	16		struct slot_queue	takers, at the door
 *	4096	64 * 128	struct slot_record	the holder, after it has the lock
 *	12288	64 * 32		struct slot_place	the waiter, at the door, before it locks the
 *place
 *
 * Locks (bytes need not exist to be locked): slot i is byte i, the door is byte 1024, place j of
 * the queue is byte 2048 + j. Looked at with F_OFD_GETLK alone: a slot with type F_WRLCK, a place
 * with type F_RDLCK, because those behind sleep in a read lock on it.
 *
 * Pure C with string.h: libc is glibc for guardiand and musl for guardian-stream.
 */
#ifndef GUARDIAN_SLOT_FILE_H
#define GUARDIAN_SLOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_FILE_PATH  "/run/guardian/streams.sem"
#define SLOT_FILE_MAGIC "GRDSLOTS" /* eight bytes, no NUL */

enum {
	SLOT_FILE_VERSION = 1,
	SLOT_FILE_SIZE = 16384,
	SLOT_SLOTS_MAX = 64,
	SLOT_PLACES_MAX = 64, /* of the queue */
	SLOT_NAME_SIZE = 64,  /* with the NUL */

	SLOT_HEADER_AT = 0,
	SLOT_COUNTERS_AT = 512,
	SLOT_QUEUE_AT = 1024,
	SLOT_RECORDS_AT = 4096,
	SLOT_PLACES_AT = 12288,

	SLOT_LOCK_SLOTS = 0, /* the first byte of 64 */
	SLOT_LOCK_DOOR = 1024,
	SLOT_LOCK_PLACES = 2048, /* the first byte of 64 */
};

/* Longest wait that is asked for; a place that claims more is not believed. */
#define SLOT_WAIT_MAX_US (3600ULL * 1000000)
/* One who has not left the queue so long after its deadline is stopped or stuck: passed over. */
#define SLOT_LATE_US     1000000ULL
/* No honest ticket comes near. */
#define SLOT_TICKET_END  (1ULL << 62)

/* Why the effective cap is what it is. */
enum slot_cap_reason {
	SLOT_CAP_FULL,    /* effective cap = cap: nothing but the policy */
	SLOT_CAP_MEMORY,  /* lowered: free memory carries no more */
	SLOT_CAP_WARNING, /* 0: the host's memory is in warning */
	SLOT_CAP_REASONS,
};

struct slot_header {
	char magic[8];
	uint32_t version;
	uint32_t slots; /* SLOT_SLOTS_MAX */
	uint32_t cap;
	uint32_t effective_cap; /* <= cap */
	uint32_t reason;        /* enum slot_cap_reason */
	uint32_t zero;
	uint64_t generation;   /* rises with each publication */
	uint64_t published_us; /* CLOCK_REALTIME */
	uint8_t reserved[72];  /* zeros */
	uint64_t checksum;
};

/* Since the file was made. Bad checksum: they count from 0 again. */
struct slot_counters {
	uint64_t taken;
	uint64_t refused; /* turned away at once */
	uint64_t waited;  /* those of `taken` who had to wait for it */
	uint64_t gave_up; /* waited, and turned away at the end of it */
	uint64_t checksum;
};

struct slot_queue {
	uint64_t next_ticket;
	uint64_t checksum;
};

struct slot_record {
	uint32_t pid; /* as the holder sees it, in its own pid namespace */
	uint32_t zero;
	uint64_t start_ticks;         /* field 22 of /proc/self/stat, 1/100 s; 0: unknown */
	uint64_t since_us;            /* CLOCK_REALTIME */
	char name[SLOT_NAME_SIZE];    /* NUL-terminated, UTF-8, no control characters */
	uint64_t pid_namespace_inode; /* of /proc/self/ns/pid; 0: unknown */
	uint8_t reserved[24];         /* zeros */
	uint64_t checksum;
};

/* Ticket T stands in place T % 64. */
struct slot_place {
	uint64_t ticket;
	uint64_t deadline_us; /* CLOCK_BOOTTIME */
	uint32_t pid;         /* as the waiter sees it */
	uint32_t zero;
	uint64_t checksum;
};

static inline int64_t slot_record_at(unsigned int slot)
{
	return SLOT_RECORDS_AT + (int64_t)slot * (int64_t)sizeof(struct slot_record);
}

static inline int64_t slot_place_at(unsigned int place)
{
	return SLOT_PLACES_AT + (int64_t)place * (int64_t)sizeof(struct slot_place);
}

/* FNV-1a, 64 bits: against scribbling and torn reads, not against malice. */
uint64_t slot_checksum(const void *bytes, size_t len);

/* seal: to be called last, before it is written. ok: whole, and every value within its bounds. */
void slot_header_seal(struct slot_header *header); /* magic, version, slots and checksum */
bool slot_header_ok(const struct slot_header *header);
void slot_counters_seal(struct slot_counters *counters);
bool slot_counters_ok(const struct slot_counters *counters);
void slot_queue_seal(struct slot_queue *queue);
bool slot_queue_ok(const struct slot_queue *queue);
void slot_record_seal(struct slot_record *record);
bool slot_record_ok(const struct slot_record *record);
void slot_place_seal(struct slot_place *place);
bool slot_place_ok(const struct slot_place *place, unsigned int number);

/* The header of a file whose policy allows CAP streams, EFFECTIVE of them now; sealed. */
struct slot_header slot_header_make(uint32_t cap, uint32_t effective, enum slot_cap_reason reason,
	uint64_t generation, uint64_t published_us);

/* "full", "memory", "warning" */
const char *slot_cap_reason_name(uint32_t reason);

/* The places as they were read, and whose bytes are locked: bit j for place j. */
struct slot_line {
	uint64_t held;
	struct slot_place place[SLOT_PLACES_MAX];
};

struct slot_ahead {
	unsigned int count;   /* those before the ticket who are waited for */
	unsigned int nearest; /* the place of the last of them; only when count > 0 */
};

/* Ticket of one who does not stand in the line: all who do are ahead. */
#define SLOT_NO_TICKET UINT64_MAX

/* Who comes before TICKET: place locked, whole, a lower ticket, and not late at NOW_US
 * (CLOCK_BOOTTIME). */
struct slot_ahead slot_ahead(const struct slot_line *line, uint64_t ticket, uint64_t now_us);

/* The lowest ticket that is behind the queue's head and behind all who stand in LINE, whatever
 * became of the head, and whose place is free. SLOT_NO_TICKET: all places are held. */
uint64_t slot_next_ticket(const struct slot_queue *queue, const struct slot_line *line);

#endif
