/*
 * swap_intent: what the swap of this host lacks to be what the policy asks for. Pure and without
 * memory: the rule that acts on it (with back-off, once told), the status and `--check` ask the
 * same.
 *
 * Nothing follows from a reading that is absent: then the step is SWAP_STEP_NONE and `unknown`.
 */
#ifndef GUARDIAN_SWAP_INTENT_H
#define GUARDIAN_SWAP_INTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/event.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"

/* Neither is less made, nor is so small a difference in size worth switching swap off for. */
#define SWAP_STEP_BYTES (16ULL << 20)

/* So much of all swap in use is told, and less than that as over. */
#define SWAP_HIGH_CENTIPCT   8000
#define SWAP_NORMAL_CENTIPCT 7500

enum swap_step {
	SWAP_STEP_NONE,
	SWAP_STEP_COVERED, /* none is made: swap of others is enough */
	SWAP_STEP_MAKE,
	SWAP_STEP_ON,
	SWAP_STEP_RESIZE,
	SWAP_STEP_WAIT,   /* a resize: what is in it does not fit into memory now */
	SWAP_STEP_REFUSE, /* see `reason` */
	SWAP_STEPS,
};
const char *swap_step_name(enum swap_step step); /* "make" */

struct swap_intent {
	uint8_t step;        /* enum swap_step */
	uint8_t file;        /* index into swap_sample.file */
	uint8_t reason;      /* enum event_reason */
	bool unknown;        /* a reading is missing that would say more */
	bool mend;           /* of this file mode or owner are wrong (swap_file_intent alone) */
	uint64_t size_bytes; /* MAKE, RESIZE, WAIT: that the file is to have */
	uint64_t have_bytes; /* that it has */
	uint64_t used_bytes; /* WAIT: of it */
	uint64_t available_bytes; /* WAIT: memory that must be available */
	uint64_t reserve_bytes;   /* MAKE, RESIZE: of the file system */
};

/* What file FILE needs to be there and in use, whatever its size. */
struct swap_intent swap_file_intent(
	const struct policy *policy, const struct snapshot *snap, uint8_t file);

/* What the sizes of the files need, once those that are there are in use. */
struct swap_intent swap_size_intent(const struct policy *policy, const struct snapshot *snap);

/* The first of these that is anything but SWAP_STEP_NONE. */
struct swap_intent swap_intent(const struct policy *policy, const struct snapshot *snap);

/* How much of the file system must stay free. Needs SWAP_FS. */
uint64_t swap_reserve_bytes(const struct policy *policy, const struct snapshot *snap);

#endif
