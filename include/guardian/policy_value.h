/*
 * policy_value: one field's value as text, both ways, as the policy file writes it.
 */
#ifndef GUARDIAN_POLICY_VALUE_H
#define GUARDIAN_POLICY_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/policy_fields.h"
#include "guardian/text.h"

/* Sets the field in BASE, the struct of its section. -EINVAL: not of the field's form; -ERANGE: of
 * the form, but out of bounds; -E2BIG: a text too long to keep. BASE is untouched then. */
int policy_value_parse(const struct policy_field *field, void *base, const char *text, size_t len);

/* Why policy_value_parse() refused TEXT with ERROR, and what it would take: "expected a size such
 * as ...". */
void policy_value_explain(struct text_out *out, const struct policy_field *field, int error,
	const char *text, size_t len);

/* A number in the unit of the field's type: 536870912 -> "512m". */
void policy_value_put_number(
	struct text_out *out, const struct policy_field *field, uint64_t value);

/* The value in BASE as YAML; false, and nothing is put, when it is not set. */
bool policy_value_put(struct text_out *out, const struct policy_field *field, const void *base);

/* A word of a file, for a message: in single quotes, cut to a bounded length, control characters
 * escaped. */
void policy_value_put_quoted(struct text_out *out, const char *text, size_t len);

/* What may have been meant by the unknown KEY in SECTION: "; did you mean 'mem_limit'?", "; it
 * belongs below 'host:'", or nothing. */
void policy_value_advise(
	struct text_out *out, enum policy_section section, const char *key, size_t len);

#endif
