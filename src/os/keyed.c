/*
 * keyed: see keyed.h. The scanning is libc's memchr, which takes a line of the kernel's in a step
 * or two.
 */
#include <errno.h>
#include <string.h>

#include "guardian/text.h"
#include "keyed.h"

int keyed_number(const char *at, const char *eol, const char *suffix, uint64_t *out)
{
	const char *end = at;

	while (at < eol && *at == ' ')
		at++;
	for (end = at; end < eol && *end >= '0' && *end <= '9';)
		end++;
	if ((size_t)(eol - end) != strlen(suffix) || memcmp(end, suffix, (size_t)(eol - end)) != 0)
		return -EBADMSG;
	return text_u64(at, (size_t)(end - at), out);
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
	if (!field || keyed_number(blank, eol, table->suffix, &number) < 0)
		return 0;
	memcpy((char *)out + field->offset, &number, sizeof(number));
	return 1U << field->bit;
}

uint32_t keyed_parse(const struct keyed_table *table, const char *text, size_t len, void *out)
{
	const char *line = text, *end = text + len;
	uint32_t found = 0;

	while (line < end && (found & table->wanted) != table->wanted) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		if (!eol)
			break;
		found |= parse_line(table, line, eol, out);
		line = eol + 1;
	}
	return found;
}
