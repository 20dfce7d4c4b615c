/*
 * screen: text that a terminal may be shown: coloured or not, UTF-8 or not, cut to its width, and
 * without the control characters with which the name of a container could move the cursor or set
 * the window's title.
 */
#ifndef GUARDIAN_SCREEN_H
#define GUARDIAN_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/text.h"

struct screen {
	uint16_t columns;
	bool terminal; /* a person sits there */
	bool colour;
	bool utf8;
};

enum screen_colour { COLOUR_PLAIN, COLOUR_DIM, COLOUR_GOOD, COLOUR_WARN, COLOUR_BAD };

enum { SCREEN_COLUMNS_DEFAULT = 100 };

/* What FD is. Colours only on a terminal without NO_COLOR (https://no-color.org); UTF-8 as the
 * locale says, which the caller has set. */
void screen_detect(struct screen *screen, int fd);

/* At most COLUMNS of S, the rest replaced by an ellipsis; each character that is not for showing,
 * by a mark. -> columns used, counting a character as one. */
uint16_t screen_put(
	struct text_out *out, const struct screen *screen, const char *s, uint16_t columns);

/* The same, then blanks up to COLUMNS. */
void screen_cell(
	struct text_out *out, const struct screen *screen, const char *s, uint16_t columns);
/* Blanks first. */
void screen_cell_right(
	struct text_out *out, const struct screen *screen, const char *s, uint16_t columns);

/* Starts a colour; COLOUR_PLAIN ends it. Nothing on a screen without colours. */
void screen_colour(struct text_out *out, const struct screen *screen, enum screen_colour colour);

/* COLUMNS wide, filled as far as CENTIPCT says; above 100 % it is full. */
void screen_bar(
	struct text_out *out, const struct screen *screen, uint64_t centipct, uint16_t columns);

#endif
