/*
 * keyed: see keyed.h. The scanning is libc's memchr, which takes a line of the kernel's in a step
 * or two.
 */
#include <errno.h>
#include <string.h>

#include "guardian/text.h"
#include "keyed.h"

enum { DIGITS_SAFE = 19 }; /* that cannot overflow */

/* What follows a key: blanks, digits, SUFFIX, and then EOL. */
static int parse_number(const char *at, const char *eol, const char *suffix, uint64_t *out)
{
	const char *first, *end;
	uint64_t number = 0;

	while (at < eol && *at == ' ')
		at++;
	first = at;
	for (; at < eol && *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	for (end = at; end < eol && *suffix && *end == *suffix; end++)
		suffix++;
	if (at == first || end != eol || *suffix)
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

/* -> the bit of what this line says, or 0 */
static uint32_t parse_line(
	const struct keyed_table *table, const char *line, const char *eol, void *out)
{
	const char *blank = memchr(line, ' ', (size_t)(eol - line));
	const struct keyed_field *field;
	uint64_t number;
	size_t len;

	if (!blank || blank == line)
		return 0;
	len = (size_t)(blank - line) - (blank[-1] == ':');
	field = find(table, line, len);
	if (!field || parse_number(blank, eol, table->suffix, &number) < 0)
		return 0;
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

uint32_t keyed_parse(const struct keyed_table *table, const char *text, size_t len, void *out)
{
	const char *line = text, *end = text + len;
	uint64_t wanted = beginnings(table);
	uint32_t found = 0;

	while (line < end && (found & table->wanted) != table->wanted) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		if (!eol)
			break;
		if (eol - line > KEYED_LENGTH_MIN && beginning(line) & wanted)
			found |= parse_line(table, line, eol, out);
		line = eol + 1;
	}
	return found;
}
