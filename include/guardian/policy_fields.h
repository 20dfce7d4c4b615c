/*
 * policy_fields: the one table of everything a policy file can say.
 *
 * The YAML reader and printer, the cross-checks, the diff of a reload, the man page
 * guardian.yaml(5) and the check of conf/guardian.yaml all walk this table, so that a field is
 * added in one line and is then known everywhere. Numbers are in the unit of their type: bytes,
 * microseconds, hundredths of a percent, or plain counts.
 */
#ifndef GUARDIAN_POLICY_FIELDS_H
#define GUARDIAN_POLICY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/policy.h"

enum { POLICY_FIELDS_MAX = 48 }; /* for arrays with one entry a field */

enum policy_section {
	SECTION_TOP, /* keys that stand at the top level */
	SECTION_HOST,
	SECTION_DOCKER,
	SECTION_DRIFT,
	SECTION_SWAP,
	SECTION_STREAMS,
	SECTION_SERVICE, /* the fields of one entry below `services:` */
	SECTION_COUNT,
};

enum field_type {
	FIELD_SIZE,     /* bytes: "1.5g" */
	FIELD_LIMIT,    /* bytes, or the word "unlimited" (LIMIT_UNLIMITED) */
	FIELD_DURATION, /* microseconds: "500ms" */
	FIELD_PERCENT,  /* hundredths of a percent: "80%" */
	FIELD_COUNT,    /* a plain number */
	FIELD_BOOL,
	FIELD_WORD, /* an enum: one of policy_field.word(0..max) */
	/* From here on text: see selector_text_ok(). */
	FIELD_CONTAINER,
	FIELD_COMMAND,
	FIELD_GROUP,
	FIELD_COMPOSE,
	FIELD_UNIT,
	FIELD_GLOB,
	FIELD_PATH,
	FIELD_TYPE_COUNT,
};

enum field_flag {
	FIELD_SELECTOR = 1 << 0, /* one of the ways in which a service is found */
	FIELD_DERIVED = 1 << 1, /* without a value policy_finish() makes one, as `otherwise` says */
	FIELD_OPTIONAL = 1 << 2, /* a number that is out of bounds, `fallback`, means: not given */
};

struct policy_field {
	const char *key;
	const char *help;      /* one line, for the man page */
	const char *otherwise; /* what holds when a field without default is not given, or NULL */
	const char *text;      /* default of a text field, or NULL */
	uint64_t fallback;     /* default of a number */
	uint64_t min, max;     /* of a number; LIMIT_UNLIMITED is outside of them */
	const char *(*word)(uint32_t value);
	size_t offset; /* into the section's struct, see policy_section_info.offset */
	uint8_t size;  /* of the number there: 1, 4 or 8 bytes; of the array of a text, its NUL
			  included */
	uint8_t section;
	uint8_t type;
	uint8_t limit; /* enum limit_kind when the value lives in a limit_set, else LIMIT_COUNT */
	uint8_t flags;
};

struct policy_section_info {
	const char *key; /* NULL for the top level; "services" for SECTION_SERVICE */
	const char *help;
	size_t offset; /* of the section's struct in struct policy; of service[0] */
};

struct field_type_info {
	const char *name;    /* "size" */
	const char *accepts; /* "a size such as 512m or 1.5g" */
};

extern const struct policy_field policy_fields[];
extern const size_t policy_fields_count;

const struct policy_section_info *policy_section_info(enum policy_section section);
const struct field_type_info *field_type_info(enum field_type type);

/* The field of that key, or NULL. KEY need not be NUL-terminated. */
const struct policy_field *policy_field_find(
	enum policy_section section, const char *key, size_t len);

bool field_is_text(const struct policy_field *field);

/* The value of a number field in BASE, the struct of the field's section. false: not set (limits
 * and FIELD_OPTIONAL can be). */
bool policy_field_get(const struct policy_field *field, const void *base, uint64_t *value);
void policy_field_set(const struct policy_field *field, void *base, uint64_t value);

/* True when VALUE is one that the field accepts. */
bool policy_field_in_bounds(const struct policy_field *field, uint64_t value);

/* The text of a text field in BASE; "" when it is not set. */
const char *policy_field_text(const struct policy_field *field, const void *base);
/* Sets it; false (and nothing done) when it does not fit. */
bool policy_field_set_text(
	const struct policy_field *field, void *base, const char *text, size_t len);

/* True when both structs hold the same in this field. */
bool policy_field_same(const struct policy_field *field, const void *a, const void *b);

/* Everything zero, then every default of the table; no services. */
void policy_defaults(struct policy *policy);
void policy_service_defaults(struct policy_service *service);

/* Fills in what follows from what was given. A service without selector is found by container = its
 * name; swap_limit is 0 for a protected service (of the others it depends on each member:
 * guardian/wanted.h). Doing it twice changes nothing. */
void policy_finish(struct policy *policy);

#endif
