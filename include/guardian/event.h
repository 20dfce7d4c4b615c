/*
 * event: the catalogue of what guardiand tells. One kind, one MESSAGE_ID, one row in the table of
 * src/model/event.c, one entry in systemd/guardiand.catalog.
 *
 * Rules make events of numbers; words are made here, at the edge, by event_message().
 */
#ifndef GUARDIAN_EVENT_H
#define GUARDIAN_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "guardian/policy.h"
#include "guardian/text.h"

enum event_kind {
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_POLICY_RELOADED,
	EVENT_POLICY_REJECTED,
	EVENT_SERVICE_FOUND,
	EVENT_SERVICE_GONE,
	EVENT_SERVICE_RESTARTED,
	EVENT_SERVICE_CONFLICT, /* two services match one container */
	EVENT_LIMIT_APPLIED,
	EVENT_LIMIT_OBSERVED, /* observe mode: it would be set */
	EVENT_LIMIT_DRIFT,
	EVENT_LIMIT_REFUSED,
	EVENT_LIMIT_FAILED,
	EVENT_LIMIT_SURRENDERED,
	EVENT_LIMIT_CANNOT_UNSET, /* "needs recreate" */
	EVENT_RESERVATION_VOID,
	EVENT_SERVICE_MEMORY_NORMAL,
	EVENT_SERVICE_MEMORY_WARN,
	EVENT_SERVICE_MEMORY_CRITICAL,
	EVENT_OOM_KILL,
	EVENT_HOST_MEMORY_NORMAL,
	EVENT_HOST_MEMORY_WARN,
	EVENT_HOST_MEMORY_CRITICAL,
	EVENT_READING_LOST,
	EVENT_READING_BACK,
	EVENT_PEER_SILENT,
	EVENT_PEER_BACK,
	EVENT_LACK,
	EVENT_SWAP_MAKING,
	EVENT_SWAP_MADE,
	EVENT_SWAP_ON,
	EVENT_SWAP_OFF,
	EVENT_SWAP_RESIZED,
	EVENT_SWAP_RESIZE_WAITS,
	EVENT_SWAP_COVERED,
	EVENT_SWAP_REFUSED,
	EVENT_SWAP_FAILED,
	EVENT_SWAP_OBSERVED,
	EVENT_SWAP_MENDED,
	EVENT_SWAP_SURRENDERED,
	EVENT_SWAP_HIGH,
	EVENT_SWAP_NORMAL,
	EVENT_SWAP_THRASH,
	EVENT_SWAP_CALM,
	EVENT_VM_SET,
	EVENT_VM_OBSERVED,
	EVENT_VM_DRIFT,
	EVENT_VM_FAILED,
	EVENT_VM_SURRENDERED,
	EVENT_STREAM_CAP_LOWERED,
	EVENT_STREAM_CAP_RESTORED,
	EVENT_STREAM_REFUSED,
	EVENT_STREAM_UNACCOUNTED,
	EVENT_STREAM_UNACCOUNTED_OVER,
	EVENT_STREAM_STOPPING,
	EVENT_STREAM_STOPPED,
	EVENT_STREAM_STOP_FAILED,
	EVENT_STREAM_OBSERVED,
	EVENT_SEMAPHORE_MADE,
	EVENT_SEMAPHORE_MENDED,
	EVENT_SEMAPHORE_REPLACED,
	EVENT_SEMAPHORE_UNUSABLE,
	EVENT_COUNT,
};

enum event_reason {
	REASON_NONE,
	/* who wrote over a limit (EVENT_LIMIT_DRIFT) */
	REASON_WRITER_SYSTEMD, /* back to what the unit says: a daemon-reload */
	REASON_WRITER_DOCKER,  /* now what Docker has stored: a docker update */
	REASON_WRITER_UNKNOWN, /* a direct write to the file */
	/* what is in the way of a swap file (EVENT_SWAP_REFUSED) */
	REASON_SWAP_FS,          /* a file system that cannot carry swap */
	REASON_SWAP_SPACE,       /* too little free on it */
	REASON_SWAP_NOT_REGULAR, /* enum swap_file_state, of what guardiand has not made */
	REASON_SWAP_NO_HEADER,
	REASON_SWAP_HOLES,
	REASON_SWAP_WRONG_HEADER,
	REASON_SWAP_UNREADABLE,
	REASON_SWAP_REPLACED, /* another file is at the path than the one in use */
	REASON_SWAP_NOT_OURS, /* it would need another size, and guardiand has not made it */
	/* what failed, or would be done (EVENT_SWAP_FAILED, EVENT_SWAP_OBSERVED) */
	REASON_SWAP_MAKE,
	REASON_SWAP_ON,
	REASON_SWAP_RESIZE,
	REASON_SWAP_MEND,
	/* why fewer streams may run (EVENT_STREAM_CAP_LOWERED): enum slot_cap_reason */
	REASON_STREAMS_MEMORY,
	REASON_STREAMS_WARNING,
	/* what was wrong with the semaphore file (EVENT_SEMAPHORE_...) */
	REASON_SLOTS_ABSENT,
	REASON_SLOTS_SIZE,
	REASON_SLOTS_HEADER,
	REASON_SLOTS_MODE,
	REASON_SLOTS_COUNTERS,
	REASON_SLOTS_REPLACED,
	REASON_SLOTS_UNUSABLE,
	/* what would be done (EVENT_STREAM_OBSERVED) */
	REASON_STREAMS_MAKE,
	REASON_STREAMS_MEND,
	REASON_STREAMS_CAP,
	REASON_STREAMS_STOP,
	/* how a stream is stopped (EVENT_STREAM_STOPPING) */
	REASON_STREAM_TERM,
	REASON_STREAM_KILL,
	REASON_STREAM_CONTAINER,
	REASON_COUNT,
};

/* What an EVENT_VM_... speaks of. */
enum event_knob { KNOB_SWAPPINESS, KNOB_ZSWAP, KNOB_COUNT };

enum { EVENT_NUMBERS = 4 };

/* `n` means what the table's row says: n[i] is told as the field of that name and unit. */
struct event {
	uint16_t kind;    /* enum event_kind */
	uint16_t service; /* index into the policy, or SERVICE_NONE */
	uint8_t limit;    /* enum limit_kind, where the kind speaks of one; LIMIT_COUNT = of none */
	uint8_t reason;   /* enum event_reason */
	uint8_t subject;  /* enum peer, enum event_knob, the index of a swap file, or log2 of a lack
			     or reading, as the kind says */
	uint64_t inode;   /* member, or 0 */
	uint64_t n[EVENT_NUMBERS];
};

struct event_info {
	const char *name;                 /* GUARDIAN_EVENT=: "limit_applied" */
	const char *message_id;           /* 32 hex digits */
	const char *action;               /* GUARDIAN_ACTION=: "set_limit", "none", ... */
	uint8_t priority;                 /* syslog(3) */
	const char *field[EVENT_NUMBERS]; /* "GUARDIAN_LIMIT_BYTES", or NULL; ends in its unit */
	/* The sentence. {service} {other} {limit} {reason} {peer} {lack} {effect} {reading}
	 * {file} {knob}
	 * {extra}; {0} the number as it is, {0:size}, {0:pct} (hundredths of a percent), {0:errno},
	 * {0:mode} (octal), {0:limit} (a value of the limit that the event speaks of). What stands
	 * in [] is left out when the event is of no service. */
	const char *sentence;
};

/* An event that has been told, in words; the daemon keeps the last ones for its status file. */
enum {
	EVENT_LINES_KEPT = 16,
	EVENT_MESSAGE_SIZE = 256,
};
struct event_line {
	uint64_t realtime_us;
	uint16_t kind;                  /* enum event_kind */
	char service[POLICY_NAME_SIZE]; /* or empty */
	char message[EVENT_MESSAGE_SIZE];
};

/* Never NULL for a kind below EVENT_COUNT. */
const struct event_info *event_info(enum event_kind kind);
const char *event_reason_name(enum event_reason reason);
/* How a person says it: "its file system cannot carry swap". */
const char *event_reason_words(enum event_reason reason);
/* The same with what there is to say of a swap file that is refused: how much is wanted and
 * free, or which file system it is. N is as in EVENT_SWAP_REFUSED. */
void event_put_reason(
	struct text_out *out, enum event_reason reason, const uint64_t n[EVENT_NUMBERS]);

/* N as a FORMAT of the sentences says: "", ":size", ":pct", ":errno", ":mode" or ":limit" (a value
 * of LIMIT). false when there is no such format. */
bool event_put_number(
	struct text_out *out, struct text_span format, uint64_t n, enum limit_kind limit);

/* One sentence without a newline. EXTRA is text that only the daemon knows (a file's error, a
 * cgroup's path), or NULL. */
void event_message(
	struct text_out *out, const struct event *e, const struct policy *p, const char *extra);

#endif
