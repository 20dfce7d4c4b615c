/*
 * keyed: the kernel's `key value` files (meminfo, vmstat, memory.stat, memory.events), parsed in
 * one pass.
 *
 * A table's row stands at the length of its keys, so a line is known or skipped after one look; the
 * few keys that share a length are compared in turn. And the kernel prints the same lines each
 * time: whoever keeps the places of the keys finds most of them there again.
 */
#ifndef GUARDIAN_OS_KEYED_H
#define GUARDIAN_OS_KEYED_H

#include <stddef.h>
#include <stdint.h>

enum { KEYED_LENGTH_MIN = 3, KEYED_LENGTH_MAX = 24, KEYED_TWINS = 3, KEYED_KEYS_MAX = 16 };

struct keyed_field {
	const char *key;
	uint16_t offset; /* of a uint64_t in the output struct */
	uint8_t bit;     /* in the mask of what was found, below KEYED_KEYS_MAX */
};

struct keyed_row {
	struct keyed_field field[KEYED_TWINS]; /* the used ones first */
};

struct keyed_table {
	const char *suffix;                         /* of every value: "" or " kB" */
	uint32_t wanted;                            /* bits: parsing stops when all are found */
	struct keyed_row row[KEYED_LENGTH_MAX + 1]; /* [length of the key, without a colon] */
};

/* Stores each known key's number into OUT. -> the bits of those found. A value that is not of the
 * form is not found; a line without its newline is not believed, it may be cut. */
uint32_t keyed_parse(const struct keyed_table *table, const char *text, size_t len, void *out);

/* The same, a few times faster when every key that was found the last time stands where it stood
 * then: a number that got longer moves those behind it, and all lines are read again. PLACES is of
 * this file alone: 1 + where the line begins, [bit]; all zero at first, and after a text in which a
 * key was missed. A key that was not there is not looked for until another has moved. */
uint32_t keyed_parse_placed(const struct keyed_table *table, uint16_t places[static KEYED_KEYS_MAX],
	const char *text, size_t len, void *out);

#endif
