/*
 * record_fields: the tables of what a recorded line may hold. Both directions walk them.
 */
#ifndef GUARDIAN_CODEC_RECORD_FIELDS_H
#define GUARDIAN_CODEC_RECORD_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "guardian/snapshot.h"

/* The largest number below which a double has every integer. */
#define RECORD_EXACT_MAX ((uint64_t)1 << 53)

enum record_type { RECORD_NUMBER, RECORD_SIGNED, RECORD_FLAG };

struct record_field {
	const char *key;
	uint16_t offset;
	uint8_t size; /* of the number: 1, 2, 4, 8 */
	uint8_t type; /* enum record_type */
	/* A reading: `valid_mask` of the `valid_size` bytes at `valid_offset` says that it is
	 * there. Size 0: no reading, left out when it equals `otherwise`. */
	uint8_t valid_size;
	uint16_t valid_offset;
	uint32_t valid_mask;
	uint64_t otherwise;
};

struct record_table {
	const struct record_field *field;
	size_t n;
};

extern const struct record_table record_head, record_host, record_swap, record_swap_area,
	record_swap_file, record_streams, record_slot, record_stream, record_member,
	record_ancestor, record_result;

/* A signed value comes sign-extended. */
uint64_t record_get(const struct record_field *field, const void *base);
/* false when VALUE does not fit. */
bool record_set(const struct record_field *field, void *base, uint64_t value);
/* Whether a reading is there; and to say that it is. */
bool record_is_valid(const struct record_field *field, const void *base);
void record_set_valid(const struct record_field *field, void *base);

#endif
