/*
 * keyed: see keyed.h. The scanning is libc's memchr, which takes a line of the kernel's in a step
 * or two.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "guardian/text.h"
#include "keyed.h"

enum { DIGITS_SAFE = 19 }; /* that cannot overflow */

/* What follows a key: blanks, digits, SUFFIX, and then the newline, which is there. */
static int parse_number(const char *at, const char *suffix, uint64_t *out)
{
	const char *first, *end;
	uint64_t number = 0;

	while (*at == ' ')
		at++;
	first = at;
	for (; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	for (end = at; *suffix && *end == *suffix; end++)
		suffix++;
	if (at == first || *end != '\n' || *suffix)
		return -EBADMSG;
	*out = number;
	return at - first > DIGITS_SAFE ? text_u64(first, (size_t)(at - first), out) : 0;
}

static const struct keyed_field *find(const struct keyed_table *table, const char *key, size_t len)
{
	const struct keyed_field *field;

	if (len > KEYED_LENGTH_MAX)
		return NULL;
	field = table->row[len].field;
	for (int i = 0; i < KEYED_TWINS && field[i].key; i++)
		if (memcmp(field[i].key, key, len) == 0)
			return &field[i];
	return NULL;
}

/* -> the field that stands in this line, and its number, or NULL */
static const struct keyed_field *parse_line(
	const struct keyed_table *table, const char *line, const char *eol, uint64_t *number)
{
	const char *blank = memchr(line, ' ', (size_t)(eol - line));
	const struct keyed_field *field;
	size_t len;

	if (!blank || blank == line)
		return NULL;
	len = (size_t)(blank - line) - (blank[-1] == ':');
	field = find(table, line, len);
	return field && parse_number(blank, table->suffix, number) == 0 ? field : NULL;
}

static uint32_t store(const struct keyed_field *field, uint64_t number, void *out)
{
	memcpy((char *)out + field->offset, &number, sizeof(number));
	return 1U << field->bit;
}

/* Most lines are not wanted. The first three bytes tell that of all but a few, before the end of
 * the key is looked for: a set of 64, made anew for each text, which costs less than three lines.
 */
static uint64_t beginning(const char *line)
{
	uint32_t three = (uint32_t)(uint8_t)line[0] | (uint32_t)(uint8_t)line[1] << 8 |
			 (uint32_t)(uint8_t)line[2] << 16;

	return 1ULL << (three * 2654435769U >> 26);
}

static uint64_t beginnings(const struct keyed_table *table)
{
	uint64_t set = 0;

	for (int len = KEYED_LENGTH_MIN; len <= KEYED_LENGTH_MAX; len++)
		for (int i = 0; i < KEYED_TWINS && table->row[len].field[i].key; i++)
			set |= beginning(table->row[len].field[i].key);
	return set;
}

/* All lines in turn; PLACES, if any, gets where those were that are wanted. */
static uint32_t parse_all(
	const struct keyed_table *table, uint16_t *places, const char *text, size_t len, void *out)
{
	const char *line = text, *end = text + len;
	uint64_t wanted = beginnings(table), number;
	const struct keyed_field *field;
	uint32_t found = 0;

	while (line < end && (found & table->wanted) != table->wanted) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		if (!eol)
			break;
		field = NULL;
		if (eol - line > KEYED_LENGTH_MIN && beginning(line) & wanted)
			field = parse_line(table, line, eol, &number);
		if (field)
			found |= store(field, number, out);
		if (field && places)
			places[field->bit] = (uint16_t)(line - text + 1);
		line = eol + 1;
	}
	return found;
}

uint32_t keyed_parse(const struct keyed_table *table, const char *text, size_t len, void *out)
{
	return parse_all(table, NULL, text, len, out);
}

/* Whether a line begins at AT, and with this KEY of N bytes. */
static bool is_placed(const char *text, size_t len, size_t at, const char *key, size_t n)
{
	return at + n < len && (at == 0 || text[at - 1] == '\n') && text[at + n] == ' ' &&
	       memcmp(text + at, key, n) == 0;
}

/* -> what was found, or 0 when anything is not where it was. The text's end is a newline. */
static uint32_t parse_known(const struct keyed_table *table, const uint16_t *places,
	const char *text, size_t len, void *out)
{
	uint32_t found = 0;
	uint64_t number;

	for (size_t n = KEYED_LENGTH_MIN; n <= KEYED_LENGTH_MAX; n++) {
		const struct keyed_field *field = table->row[n].field;

		for (int i = 0; i < KEYED_TWINS && field[i].key; i++) {
			size_t at = places[field[i].bit];

			if (at == 0)
				continue;
			if (!is_placed(text, len, at - 1, field[i].key, n) ||
				parse_number(text + at - 1 + n, table->suffix, &number) < 0)
				return 0;
			found |= store(&field[i], number, out);
		}
	}
	return found;
}

uint32_t keyed_parse_placed(const struct keyed_table *table, uint16_t places[static KEYED_KEYS_MAX],
	const char *text, size_t len, void *out)
{
	uint32_t found = 0;

	if (len > 0 && len < UINT16_MAX && text[len - 1] == '\n')
		found = parse_known(table, places, text, len, out);
	if (found)
		return found;
	memset(places, 0, KEYED_KEYS_MAX * sizeof(places[0]));
	return parse_all(table, len < UINT16_MAX ? places : NULL, text, len, out);
}
