/*
 * check_words: the catalogue of what `guardiand --check` finds: a name, a sentence and an advice
 * each.
 */
#ifndef GUARDIAN_CHECK_WORDS_H
#define GUARDIAN_CHECK_WORDS_H

#include "guardian/check_rules.h"
#include "guardian/text.h"

/* "no_swap"; stable, for scripts. */
const char *check_kind_name(enum check_kind kind);

/* What the finding's n[I] is called in JSON, unit and all, or NULL. */
const char *check_kind_field(enum check_kind kind, int i);

/* One sentence without a newline: what is wrong; what to do about it. */
void check_message(
	struct text_out *out, const struct check_world *world, const struct check_finding *finding);
void check_advice(
	struct text_out *out, const struct check_world *world, const struct check_finding *finding);

/* S without what could begin a line, perfdata or a terminal's sequence: names come from outside. */
void check_put_plain(struct text_out *out, const char *s);

#endif
