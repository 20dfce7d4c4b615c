/*
 * json_out: see the header.
 */
#include "guardian/json_out.h"

void json_next(struct text_out *out)
{
	bool first =
		out->len == 0 || out->buf[out->len - 1] == '{' || out->buf[out->len - 1] == '[';

	if (!first)
		text_put(out, ",");
}

void json_key(struct text_out *out, const char *key)
{
	json_next(out);
	text_put(out, "\"");
	text_put(out, key);
	text_put(out, "\":");
}

void json_string(struct text_out *out, const char *key, const char *value)
{
	json_key(out, key);
	text_put_json(out, value);
}

void json_number(struct text_out *out, const char *key, uint64_t n)
{
	json_key(out, key);
	text_put_u64(out, n);
}

void json_number_or_null(struct text_out *out, const char *key, uint64_t n)
{
	if (n != UINT64_MAX) {
		json_number(out, key, n);
		return;
	}
	json_key(out, key);
	text_put(out, "null");
}

void json_open(struct text_out *out, const char *key, const char *bracket)
{
	json_key(out, key);
	text_put(out, bracket);
}
