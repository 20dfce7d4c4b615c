/*
 * json_out: see the header.
 */
#include <string.h>

#include "guardian/json_out.h"

static bool is_first(const struct text_out *out)
{
	return out->len == 0 || out->buf[out->len - 1] == '{' || out->buf[out->len - 1] == '[';
}

void json_next(struct text_out *out)
{
	if (!is_first(out))
		text_put(out, ",");
}

/* In one piece with the LEN bytes of a VALUE: the status consists of little else. */
static void put_pair(struct text_out *out, const char *key, const char *value, size_t len)
{
	size_t comma = is_first(out) ? 0 : 1, name = strlen(key);
	char *at = text_put_room(out, comma + name + len + 3);

	if (!at)
		return;
	*at = ',';
	at += comma;
	*at++ = '"';
	memcpy(at, key, name);
	at += name;
	*at++ = '"';
	*at++ = ':';
	memcpy(at, value, len);
}

void json_key(struct text_out *out, const char *key)
{
	put_pair(out, key, "", 0);
}

void json_string(struct text_out *out, const char *key, const char *value)
{
	json_key(out, key);
	text_put_json(out, value);
}

void json_number(struct text_out *out, const char *key, uint64_t n)
{
	char digits[TEXT_DIGITS_MAX];
	size_t at = text_digits(digits, n);

	put_pair(out, key, digits + at, sizeof(digits) - at);
}

void json_number_or_null(struct text_out *out, const char *key, uint64_t n)
{
	if (n != UINT64_MAX) {
		json_number(out, key, n);
		return;
	}
	put_pair(out, key, "null", strlen("null"));
}

void json_open(struct text_out *out, const char *key, const char *bracket)
{
	put_pair(out, key, bracket, strlen(bracket));
}
