/*
 * plan: what decide() wants done and told, and when it wants to look again. Consumed by daemon/act
 * and daemon/tell.
 */
#ifndef GUARDIAN_PLAN_H
#define GUARDIAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/event.h"
#include "guardian/limit.h"

enum {
	PLAN_ACTIONS_MAX = 32,
	PLAN_EVENTS_MAX = 128,
};

enum action_kind {
	ACT_HOLD, /* make the cgroup's values be `set`, now: the unit's properties, or the files */
	ACT_PERSIST, /* make Docker store `set` (MAX, SWAP_MAX and LOW), so that a restart keeps it
		      */
	ACT_RESERVE, /* give an ancestor `set` (LOW), so that the reservations below it count */
	/* Of these `file`, `size_bytes`, `reserve_bytes`, `value` (the priority) and, where there
	 * is a file already, `inode` are meant. */
	ACT_SWAP_MAKE,   /* make the file of that size, and switch it on */
	ACT_SWAP_ON,     /* switch the file on */
	ACT_SWAP_RESIZE, /* switch it off in a child, give it that size, switch it on again */
	ACT_SWAP_MEND,   /* mode 0600, owner root */
	/* Of these `value`. */
	ACT_SWAPPINESS, /* vm.swappiness */
	ACT_ZSWAP,      /* enum swap_switch */
	/* The semaphore file of the streams; of these `cap`, `effective_cap` and `cap_reason`. */
	ACT_STREAMS_PUBLISH, /* write them into its header */
	ACT_STREAMS_MEND,    /* make the file where there is none, or put right what is wrong */
	/* A stream without a slot: `pid`, `start_ticks`, and `inode` of the cgroup it is in. */
	ACT_STREAM_TERM,           /* SIGTERM */
	ACT_STREAM_KILL,           /* SIGKILL */
	ACT_STREAM_STOP_CONTAINER, /* by Docker, so that it stays stopped; `value`: grace in us */
	ACT_COUNT,
};
const char *action_name(enum action_kind kind);

static inline bool action_is_of_streams(enum action_kind kind)
{
	return kind >= ACT_STREAMS_PUBLISH && kind <= ACT_STREAM_STOP_CONTAINER;
}

struct action {
	uint8_t kind; /* enum action_kind */
	bool force;   /* HOLD, PERSIST: lower even below what cannot be reclaimed */
	uint16_t service;
	uint32_t ticket; /* never 0; comes back in a result */
	uint64_t inode;  /* of the member, ancestor or swap file: checked again before acting */
	struct limit_set set;
	uint8_t file;           /* index into swap_sample.file */
	int64_t value;          /* priority (SWAP_PRIORITY_AUTO: none), swappiness, switch */
	uint64_t size_bytes;    /* of the file, whole pages */
	uint64_t reserve_bytes; /* of the file system, must stay free */
	uint32_t cap, effective_cap;
	uint8_t cap_reason; /* enum slot_cap_reason */
	uint32_t pid;
	uint64_t start_ticks;
};

struct plan {
	uint64_t wake_us; /* absolute, CLOCK_BOOTTIME: the next tick at the latest */
	uint64_t due_us;  /* until then a glance at the host's memory is look enough, if it shows
			     nothing new and nobody has told of anything; 0: all is to be read */
	uint16_t n_actions, n_events;
	bool state_changed; /* something worth keeping over a restart of the daemon has changed */
	struct action action[PLAN_ACTIONS_MAX];
	struct event event[PLAN_EVENTS_MAX];
};

#endif
