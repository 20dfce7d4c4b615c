/*
 * json_out: JSON into a fixed buffer, without allocation.
 *
 * A comma is put before every key and element but the first of its object or list, which the last
 * character written tells: so nesting need not be counted, and a field that is left out leaves no
 * trace.
 */
#ifndef GUARDIAN_JSON_OUT_H
#define GUARDIAN_JSON_OUT_H

#include <stdint.h>

#include "guardian/text.h"

/* Before an element of a list. */
void json_next(struct text_out *out);
/* KEY is ours: nothing in it needs escaping. */
void json_key(struct text_out *out, const char *key);
void json_string(struct text_out *out, const char *key, const char *value);
void json_number(struct text_out *out, const char *key, uint64_t n);
/* UINT64_MAX stands for "unlimited" and the like: null. */
void json_number_or_null(struct text_out *out, const char *key, uint64_t n);
/* BRACKET: "{" or "["; the caller puts the closing one. */
void json_open(struct text_out *out, const char *key, const char *bracket);

#endif
