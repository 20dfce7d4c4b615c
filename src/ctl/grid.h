/*
 * grid: a table in the width there is, for the pages of guardianctl. Private to ctl.
 *
 * The first column is a name, one may be a bar. On a narrow terminal the bar shrinks and goes
 * first; what goes next is the page's to say.
 */
#ifndef GUARDIAN_CTL_GRID_H
#define GUARDIAN_CTL_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/screen.h"
#include "guardian/text.h"

enum {
	GRID_NAME_MIN = 7,
	GRID_BAR_MAX = 20,
	GRID_CELL_SIZE = 256,
	GRID_COLUMNS_MAX = 8,
};

struct grid_column {
	const char *title;
	uint16_t width; /* 0: the name's, as the rows need */
	bool right;
	bool coloured;                                       /* in the colour of its row */
	void (*put)(struct text_out *cell, const void *row); /* NULL: the bar */
};

struct grid {
	struct text_out *out;
	const struct screen *screen;
	const struct grid_column *column;
	uint16_t n_columns;
	uint16_t width[GRID_COLUMNS_MAX]; /* 0: left out */
	/* What a row is drawn against, and its bar in WIDTH columns. */
	const void *rows;
	void (*put_bar)(const struct grid *grid, const void *row, uint16_t width);
};

/* Sets the widths, with NAME columns for the name. */
void grid_fit(struct grid *grid, size_t name, uint16_t name_max);
/* Does it not fit on the screen? */
bool grid_is_too_wide(const struct grid *grid);
void grid_put_titles(const struct grid *grid);
void grid_put_row(const struct grid *grid, const void *row, enum screen_colour colour);

#endif
