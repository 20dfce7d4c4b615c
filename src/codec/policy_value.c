/*
 * policy_value: what text a field takes and what it is printed as, one row a type.
 *
 * YAML leaves a plain scalar untyped ("512M", "010", "yes"), so every value is parsed here,
 * strictly: a size has a unit, since "1500" may be bytes or megabytes.
 */
#include "guardian/policy_value.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "guardian/selector.h"

#define UNLIMITED "unlimited"

enum { QUOTED_BYTES_MAX = 48 };

/* ---- in ---- */

static int parse_size(const struct policy_field *f, const char *s, size_t len, uint64_t *value)
{
	(void)f;
	return text_size(s, len, value);
}

static int parse_limit(const struct policy_field *f, const char *s, size_t len, uint64_t *value)
{
	if (text_is((struct text_span){s, len}, UNLIMITED)) {
		*value = LIMIT_UNLIMITED;
		return 0;
	}
	return parse_size(f, s, len, value);
}

static int parse_duration(const struct policy_field *f, const char *s, size_t len, uint64_t *value)
{
	(void)f;
	return text_duration(s, len, value);
}

static int parse_percent(const struct policy_field *f, const char *s, size_t len, uint64_t *value)
{
	uint32_t centipct = 0;
	int r = text_percent(s, len, &centipct);

	(void)f;
	*value = centipct;
	return r;
}

static int parse_count(const struct policy_field *f, const char *s, size_t len, uint64_t *value)
{
	(void)f;
	return text_u64(s, len, value);
}

/* The words of YAML 1.1, in the three ways of writing it knows: yes, Yes, YES. */
static int parse_bool(const struct policy_field *f, const char *s, size_t len, uint64_t *value)
{
	static const char *const words[] = {"no", "No", "NO", "yes", "Yes", "YES", "false", "False",
		"FALSE", "true", "True", "TRUE", "off", "Off", "OFF", "on", "On", "ON"};

	(void)f;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_is((struct text_span){s, len}, words[i])) {
			*value = i / 3 % 2;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_word(const struct policy_field *f, const char *s, size_t len, uint64_t *value)
{
	for (uint32_t i = 0; i <= f->max; i++) {
		if (text_is((struct text_span){s, len}, f->word(i))) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- out ---- */

static void put_limit(struct text_out *out, const struct policy_field *f, uint64_t value)
{
	(void)f;
	if (value == LIMIT_UNLIMITED)
		text_put(out, UNLIMITED);
	else
		text_put_policy_size(out, value);
}

static void put_duration(struct text_out *out, const struct policy_field *f, uint64_t value)
{
	(void)f;
	text_put_duration(out, value);
}

static void put_percent(struct text_out *out, const struct policy_field *f, uint64_t value)
{
	(void)f;
	text_put_percent(out, (uint32_t)value);
}

static void put_count(struct text_out *out, const struct policy_field *f, uint64_t value)
{
	(void)f;
	text_put_u64(out, value);
}

static void put_bool(struct text_out *out, const struct policy_field *f, uint64_t value)
{
	(void)f;
	text_put(out, value ? "yes" : "no");
}

static void put_word(struct text_out *out, const struct policy_field *f, uint64_t value)
{
	text_put(out, f->word((uint32_t)value));
}

/* The types of numbers; text fields have no row. */
static const struct value_type {
	int (*parse)(const struct policy_field *f, const char *s, size_t len, uint64_t *value);
	void (*put)(struct text_out *out, const struct policy_field *f, uint64_t value);
} value_types[FIELD_TYPE_COUNT] = {
	[FIELD_SIZE] = {parse_size, put_limit},
	[FIELD_LIMIT] = {parse_limit, put_limit},
	[FIELD_DURATION] = {parse_duration, put_duration},
	[FIELD_PERCENT] = {parse_percent, put_percent},
	[FIELD_COUNT] = {parse_count, put_count},
	[FIELD_BOOL] = {parse_bool, put_bool},
	[FIELD_WORD] = {parse_word, put_word},
};

int policy_value_parse(const struct policy_field *field, void *base, const char *text, size_t len)
{
	uint64_t value = 0;
	int r;

	if (field_is_text(field)) {
		if (!selector_text_ok((enum field_type)field->type, text, len))
			return -EINVAL;
		return policy_field_set_text(field, base, text, len) ? 0 : -E2BIG;
	}
	r = value_types[field->type].parse(field, text, len, &value);
	if (r < 0)
		return r;
	if (!policy_field_in_bounds(field, value))
		return -ERANGE;
	policy_field_set(field, base, value);
	return 0;
}

/* Plain when that can mean nothing else to a YAML reader. */
static void put_text(struct text_out *out, const char *text)
{
	size_t len = strlen(text);
	bool is_plain = selector_text_ok(FIELD_CONTAINER, text, len) ||
			selector_text_ok(FIELD_COMPOSE, text, len);

	if (selector_text_ok(FIELD_PATH, text, len))
		is_plain = strspn(text, "/._-0123456789abcdefghijklmnopqrstuvwxyz") == len;
	if (is_plain && strcasecmp(text, "null") != 0)
		text_put(out, text);
	else
		text_put_json(out, text);
}

void policy_value_put_number(struct text_out *out, const struct policy_field *field, uint64_t value)
{
	value_types[field->type].put(out, field, value);
}

bool policy_value_put(struct text_out *out, const struct policy_field *field, const void *base)
{
	uint64_t value;

	if (field_is_text(field)) {
		const char *text = policy_field_text(field, base);

		if (!*text)
			return false;
		put_text(out, text);
		return true;
	}
	if (!policy_field_get(field, base, &value))
		return false;
	policy_value_put_number(out, field, value);
	return true;
}

/* ---- messages ---- */

void policy_value_put_quoted(struct text_out *out, const char *text, size_t len)
{
	char kept[QUOTED_BYTES_MAX + 1];
	size_t n = len, size;

	if (len > QUOTED_BYTES_MAX) {
		n = QUOTED_BYTES_MAX;
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--; /* never half a character */
	}
	(void)text_copy(kept, sizeof(kept), text, n);
	text_put(out, "'");
	for (size_t i = 0; i < n; i += size) {
		bool shown;

		size = text_character(kept + i, &shown);
		text_put_span(out, shown ? kept + i : "?", shown ? size : 1);
	}
	text_put(out, n < len ? "...'" : "'");
}

static void put_words(struct text_out *out, const struct policy_field *f)
{
	for (uint32_t i = 0; i <= f->max; i++) {
		text_put(out, i == 0 ? "" : i == f->max ? " or " : ", ");
		text_put(out, f->word(i));
	}
}

/* False when none of the N words is near. */
static bool put_nearest(
	struct text_out *out, const char *text, size_t len, const char *const *words, size_t n)
{
	char word[POLICY_NAME_SIZE];
	const char *nearest = NULL;

	if (text_copy(word, sizeof(word), text, len))
		nearest = text_nearest(word, words, n);
	if (!nearest)
		return false;
	text_put(out, "; did you mean '");
	text_put(out, nearest);
	text_put(out, "'?");
	return true;
}

static void put_nearest_word(
	struct text_out *out, const struct policy_field *f, const char *text, size_t len)
{
	const char *words[16];
	size_t n = 0;

	for (uint32_t i = 0; i <= f->max && n < sizeof(words) / sizeof(words[0]); i++)
		words[n++] = f->word(i);
	(void)put_nearest(out, text, len, words, n);
}

static void put_bounds(struct text_out *out, const struct policy_field *f)
{
	text_put(out, "expected ");
	policy_value_put_number(out, f, f->min);
	text_put(out, " to ");
	policy_value_put_number(out, f, f->max);
	if (f->type == FIELD_LIMIT)
		text_put(out, ", or " UNLIMITED);
}

/* The commonest slip has a better answer than "expected a size". */
static bool lacks_unit(const struct policy_field *f, const char *text, size_t len)
{
	uint64_t value;

	return f->type <= FIELD_PERCENT && text_u64(text, len, &value) == 0;
}

void policy_value_explain(struct text_out *out, const struct policy_field *field, int error,
	const char *text, size_t len)
{
	if (error == -E2BIG) {
		text_put(out, "longer than ");
		text_put_u64(out, field->size - 1U);
		text_put(out, " bytes: ");
		policy_value_put_quoted(out, text, len);
		return;
	}
	if (error == -ERANGE) {
		put_bounds(out, field);
	} else if (field->type == FIELD_WORD) {
		text_put(out, "expected ");
		put_words(out, field);
	} else {
		text_put(out, "expected ");
		text_put(out, field_type_info((enum field_type)field->type)->accepts);
	}
	text_put(out, ", found ");
	policy_value_put_quoted(out, text, len);
	if (field->type == FIELD_WORD)
		put_nearest_word(out, field, text, len);
	else if (lacks_unit(field, text, len))
		text_put(out, ", which has no unit");
}

/* The words that are keys in a section, for the nearest. */
static size_t known_keys(enum policy_section section, const char *words[], size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < policy_fields_count && n < max; i++) {
		if (policy_fields[i].section == section)
			words[n++] = policy_fields[i].key;
	}
	for (int s = SECTION_HOST; section == SECTION_TOP && s < SECTION_COUNT && n < max; s++)
		words[n++] = policy_section_info((enum policy_section)s)->key;
	return n;
}

/* A key that is right, but somewhere else. */
static void put_home(struct text_out *out, const char *key, size_t len)
{
	const struct policy_field *f = NULL;

	for (int s = SECTION_COUNT - 1; s >= 0 && !f; s--)
		f = policy_field_find((enum policy_section)s, key, len);
	if (!f)
		return;
	if (f->section == SECTION_TOP) {
		text_put(out, "; it belongs at the top level");
		return;
	}
	text_put(out, f->section == SECTION_SERVICE ? "; it belongs to a service below '"
						    : "; it belongs below '");
	text_put(out, policy_section_info((enum policy_section)f->section)->key);
	text_put(out, ":'");
}

void policy_value_advise(
	struct text_out *out, enum policy_section section, const char *key, size_t len)
{
	const char *words[POLICY_FIELDS_MAX + SECTION_COUNT];
	size_t n = known_keys(section, words, sizeof(words) / sizeof(words[0]));

	if (!put_nearest(out, key, len, words, n))
		put_home(out, key, len);
}
