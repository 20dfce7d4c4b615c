/*
 * swap_why: one short sentence that says why not, beside the errno. Private to os.
 */
#ifndef GUARDIAN_OS_SWAP_WHY_H
#define GUARDIAN_OS_SWAP_WHY_H

#include <errno.h>
#include <string.h>

#include "guardian/text.h"

/* Appends the parts, strings, to WHY. The value is ERR, so that one can return it. */
#define swap_why(why, err, ...) swap_why_put(why, err, (const char *const[]){__VA_ARGS__, NULL})

static inline int swap_why_put(struct text_out *why, int err, const char *const *parts)
{
	for (; *parts; parts++)
		text_put(why, *parts);
	return err;
}

/* "could not open /swapfile: Permission denied" */
static inline int swap_why_failed(struct text_out *why, int err, const char *what, const char *path)
{
	const char *said = err == -ETXTBSY ? "it is in use as swap" : strerrordesc_np(-err);

	return swap_why(
		why, err, "could not ", what, " ", path, ": ", said ? said : "unknown error");
}

#endif
