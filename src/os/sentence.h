/*
 * sentence: a peer's own words, made fit for one line of a journal. Private to os.
 */
#ifndef GUARDIAN_OS_SENTENCE_H
#define GUARDIAN_OS_SENTENCE_H

#include <stddef.h>

#include "guardian/text.h"

/* Copies SAID (NULL: nothing) with every control character a blank, cut to SIZE bytes, the NUL
 * included. */
static inline void sentence_copy(char *dst, size_t size, const char *said)
{
	struct text_out out;

	text_out_init(&out, dst, size);
	for (; said && *said && !out.full; said++)
		text_put_span(&out, (unsigned char)*said < ' ' || *said == 0x7f ? " " : said, 1);
}

#endif
