/*
 * text: strict numbers, sizes and durations in; bounded text out.
 *
 * Parsers take a span (not necessarily NUL-terminated) and accept it whole or not at all: no
 * leading blanks, no sign, no trailing bytes, no overflow. -EINVAL: not of the form; -ERANGE: of
 * the form, but does not fit.
 */
#ifndef GUARDIAN_TEXT_H
#define GUARDIAN_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text_span {
	const char *start;
	size_t len;
};

/* ---- in ---- */

/* Decimal digits only. */
int text_u64(const char *s, size_t len, uint64_t *out);

/* A cgroup value: decimal digits, or "max" -> UINT64_MAX; one trailing newline is allowed. */
int text_cgroup_value(const char *s, size_t len, uint64_t *out);

/* A size as Docker Compose writes it: `1.5g`, `512m`, `64kb`, `1024b`; 1024-based; units b k m g
 * (an optional trailing b after k m g; letters of either case); a bare number is refused (bytes or
 * megabytes?) except 0. A fraction needs a unit above b. Rounds down to a byte. */
int text_size(const char *s, size_t len, uint64_t *bytes);

/* `500ms`, `1.5s`, `2m`, `1h` -> microseconds. A bare number is refused except 0. */
int text_duration(const char *s, size_t len, uint64_t *us);

/* `80%`, `12.5%` -> hundredths of a percent (8000, 1250). Two decimals at most. */
int text_percent(const char *s, size_t len, uint32_t *centipct);

/* A PSI average, "12.34" -> 1234. Exactly as the kernel prints it (kernel/sched/psi.c: %lu.%02lu).
 */
int text_centi(const char *s, size_t len, uint32_t *centi);

/* Takes the next line of `key value` (or `key: value kB`) off *REST. KEY is without the colon,
 * VALUE is what follows the blanks, to the end of the line. false at the end. Lines without a blank
 * give an empty VALUE. */
bool text_key_value(struct text_span *rest, struct text_span *key, struct text_span *value);

bool text_is(struct text_span span, const char *literal);

/* Shell-style match of PATTERN (* ? [] and no escapes; '*' does not cross '/', '**' does) on the
 * whole of S. */
bool text_glob(const char *pattern, const char *s);

/* Copies SRC to DST of SIZE bytes. false (and an empty DST) when it does not fit: a cut name is a
 * wrong name. */
bool text_copy(char *dst, size_t size, const char *src, size_t len);

/* The nearest of N words to WORD by edit distance (at most 2, and less than half of its length), or
 * NULL. */
const char *text_nearest(const char *word, const char *const *words, size_t n);

/* ---- out: appends to a fixed buffer, always NUL-terminated; once `full` is set, nothing more is
 * appended ---- */

struct text_out {
	char *buf;
	size_t size; /* of buf, the NUL included */
	size_t len;
	bool full; /* something did not fit */
};

void text_out_init(struct text_out *out, char *buf, size_t size);
void text_put_span(struct text_out *out, const char *s, size_t len);
/* Room for a piece of LEN bytes, which count as written: the caller writes them all. -> NULL when
 * it does not fit. */
char *text_put_room(struct text_out *out, size_t len);
/* In place, because the length of a literal is known there. */
static inline void text_put(struct text_out *out, const char *s)
{
	text_put_span(out, s, strlen(s));
}
/* Digits at the end of FIELD, whose rest is left as it is. -> where they begin. */
enum { TEXT_DIGITS_MAX = 20 }; /* of 2^64 - 1 */
size_t text_digits(char field[static TEXT_DIGITS_MAX], uint64_t n);
void text_put_u64(struct text_out *out, uint64_t n);
void text_put_i64(struct text_out *out, int64_t n);
/* 1234 -> "12.34" */
void text_put_centi(struct text_out *out, uint64_t centi);
/* For people: "1.5 GiB", "512 MiB", "17.2 MiB", "0 B"; UINT64_MAX -> "unlimited". */
void text_put_size(struct text_out *out, uint64_t bytes);
/* For the policy file: the shortest form text_size() reads back to the same number: "1.5g", "512m",
 * "1000b". */
void text_put_policy_size(struct text_out *out, uint64_t bytes);
/* For the policy file: "1s", "500ms", "2m". Exact for whole milliseconds; microseconds below that
 * as "0.001ms". */
void text_put_duration(struct text_out *out, uint64_t us);
/* Permission bits as chmod(1) takes them: 0644 -> "0644". */
void text_put_mode(struct text_out *out, uint64_t mode);
/* 8000 -> "80%", 1250 -> "12.5%" */
void text_put_percent(struct text_out *out, uint32_t centipct);
/* The bytes of the character at S (not at its end), 1 for what is no UTF-8; and whether it may be
 * shown: a terminal obeys the control characters C0, DEL and C1 (U+009B is a whole CSI). */
size_t text_character(const char *s, bool *shown);
/* Writes what HOLDER, "size" of "{size}", stands for; false when there is no such thing. */
typedef bool text_put_holder(struct text_out *out, struct text_span holder, const void *userdata);
/* SENTENCE with its {holders} filled by PUT; one that PUT does not know stays visible. What stands
 * in [] is left out unless WITH_OPTIONAL. */
void text_put_sentence(struct text_out *out, const char *sentence, bool with_optional,
	text_put_holder *put, const void *userdata);
/* S with INSTEAD in the place of each character that may not be shown, or that is in REFUSED. */
void text_put_plain(struct text_out *out, const char *s, const char *refused, const char *instead);
/* The same in place: each byte of what may not be shown becomes '?'. */
void text_tame(char *s);
/* A JSON string with its quotes; control characters (C1 too), quotes, backslashes and invalid UTF-8
 * escaped.
 */
void text_put_json(struct text_out *out, const char *s);

#endif
