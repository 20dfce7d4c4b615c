/*
 * grid: see grid.h. A cell is written into a buffer first, so that it can be cut and set to the
 * right.
 */
#include "grid.h"

enum { BAR_MIN = 6 };

static const char gap[] = "  "; /* between two columns */

static uint16_t total(const struct grid *grid)
{
	size_t sum = 0;

	for (int i = 0; i < grid->n_columns; i++)
		if (grid->width[i])
			sum += grid->width[i] + (sum > 0 ? sizeof(gap) - 1 : 0);
	return (uint16_t)sum;
}

bool grid_is_too_wide(const struct grid *grid)
{
	return total(grid) > grid->screen->columns;
}

void grid_fit(struct grid *grid, size_t name, uint16_t name_max)
{
	int bar = 0;

	for (int i = 0; i < grid->n_columns; i++) {
		grid->width[i] = grid->column[i].width;
		if (!grid->column[i].put)
			bar = i;
	}
	if (name < GRID_NAME_MIN)
		name = GRID_NAME_MIN;
	grid->width[0] = (uint16_t)(name < name_max ? name : name_max);
	while (grid_is_too_wide(grid) && grid->width[bar] > BAR_MIN)
		grid->width[bar]--;
	if (grid_is_too_wide(grid))
		grid->width[bar] = 0;
}

static void put_cell(const struct grid *grid, int i, const char *text)
{
	if (grid->column[i].right)
		screen_cell_right(grid->out, grid->screen, text, grid->width[i]);
	else
		screen_cell(grid->out, grid->screen, text, grid->width[i]);
}

static void put_value(const struct grid *grid, int i, const void *row)
{
	char buf[GRID_CELL_SIZE];
	struct text_out cell;

	if (!grid->column[i].put) {
		grid->put_bar(grid, row, grid->width[i]);
		return;
	}
	text_out_init(&cell, buf, sizeof(buf));
	grid->column[i].put(&cell, row);
	put_cell(grid, i, buf);
}

/* Without the blanks of cells that stay empty. */
static void trim(struct text_out *out)
{
	while (out->len > 0 && out->buf[out->len - 1] == ' ')
		out->buf[--out->len] = '\0';
}

void grid_put_titles(const struct grid *grid)
{
	screen_colour(grid->out, grid->screen, COLOUR_DIM);
	for (int i = 0; i < grid->n_columns; i++) {
		if (!grid->width[i])
			continue;
		text_put(grid->out, i > 0 ? gap : "");
		put_cell(grid, i, grid->column[i].title);
	}
	trim(grid->out);
	screen_colour(grid->out, grid->screen, COLOUR_PLAIN);
	text_put(grid->out, "\n");
}

void grid_put_row(const struct grid *grid, const void *row, enum screen_colour colour)
{
	for (int i = 0; i < grid->n_columns; i++) {
		bool coloured = grid->column[i].coloured;

		if (!grid->width[i])
			continue;
		text_put(grid->out, i > 0 ? gap : "");
		if (coloured)
			screen_colour(grid->out, grid->screen, colour);
		put_value(grid, i, row);
		if (coloured)
			screen_colour(grid->out, grid->screen, COLOUR_PLAIN);
	}
	trim(grid->out);
	text_put(grid->out, "\n");
}
