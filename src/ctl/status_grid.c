/*
 * status_grid: see the header. Drawn from a table of columns; on a narrow terminal the bar shrinks
 * and goes first, then what is least missed.
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/status_grid.h"
#include "guardian/status_read.h"

enum {
	NAME_MIN = 7,
	NAME_MAX = 28,
	BAR_MAX = 20,
	BAR_MIN = 6,
	GAP = 2, /* blanks between two columns */
	CELL_SIZE = 256,
};

enum column {
	COL_SERVICE,
	COL_STATE,
	COL_BAR,
	COL_MEMORY,
	COL_PEAK,
	COL_OOM,
	COL_RESTARTS,
	COL_COUNT
};

/* One member of a service, or a service without any. */
struct row {
	const struct cJSON *service, *member; /* member: NULL when the service does not run */
	bool first;                           /* the service's own cells are shown once */
};

/* ---- cells ---- */

static void number_cell(struct text_out *cell, const struct cJSON *object, const char *key)
{
	uint64_t n;

	if (status_number(object, key, &n))
		text_put_u64(cell, n);
	else
		text_put(cell, "-");
}

void status_put_size(struct text_out *cell, const struct cJSON *object, const char *key)
{
	uint64_t bytes;

	if (status_number(object, key, &bytes))
		text_put_size(cell, bytes);
	else
		text_put(cell, cJSON_IsNull(status_item(object, key)) ? "unlimited" : "-");
}

static void cell_service(struct text_out *cell, const struct row *row)
{
	text_put(cell, row->first ? status_string(row->service, "name") : " +");
}

static void cell_state(struct text_out *cell, const struct row *row)
{
	if (row->first)
		text_put(cell, status_string(row->service, "state"));
}

static void cell_memory(struct text_out *cell, const struct row *row)
{
	if (!row->member)
		return;
	status_put_size(cell, row->member, "working_set_bytes");
	text_put(cell, " / ");
	status_put_size(cell, row->member, "limit_bytes");
}

static void cell_peak(struct text_out *cell, const struct row *row)
{
	if (row->member)
		status_put_size(cell, row->member, "peak_bytes");
}

static void cell_oom(struct text_out *cell, const struct row *row)
{
	if (row->first)
		number_cell(cell, row->service, "oom_kills");
}

static void cell_restarts(struct text_out *cell, const struct row *row)
{
	if (row->first)
		number_cell(cell, row->service, "restarts");
}

static const struct {
	const char *title;
	uint16_t width;
	bool right;
	void (*put)(struct text_out *cell, const struct row *row); /* NULL: drawn as a bar */
} columns[] = {
	[COL_SERVICE] = {"SERVICE", 0, false, cell_service},
	[COL_STATE] = {"STATE", 11, false, cell_state},
	[COL_BAR] = {"", BAR_MAX, false, NULL},
	[COL_MEMORY] = {"MEMORY / LIMIT", 21, true, cell_memory},
	[COL_PEAK] = {"PEAK", 9, true, cell_peak},
	[COL_OOM] = {"OOM", 4, true, cell_oom},
	[COL_RESTARTS] = {"RESTARTS", 8, true, cell_restarts},
};

/* ---- the grid ---- */

struct grid {
	uint16_t width[COL_COUNT]; /* 0: left out */
};

static uint16_t grid_total(const struct grid *grid)
{
	uint16_t total = 0;

	for (int i = 0; i < COL_COUNT; i++)
		if (grid->width[i])
			total += (uint16_t)(grid->width[i] + (total > 0 ? GAP : 0));
	return total;
}

static uint16_t longest_name(const struct cJSON *services)
{
	const struct cJSON *service;
	size_t longest = NAME_MIN;

	cJSON_ArrayForEach(service, services)
	{
		size_t len = strlen(status_string(service, "name"));

		longest = len > longest ? len : longest;
	}
	return (uint16_t)(longest < NAME_MAX ? longest : NAME_MAX);
}

static void grid_fit(struct grid *grid, const struct cJSON *services, uint16_t room)
{
	static const enum column least_missed[] = {COL_PEAK, COL_RESTARTS, COL_OOM};

	for (int i = 0; i < COL_COUNT; i++)
		grid->width[i] = columns[i].width;
	grid->width[COL_SERVICE] = longest_name(services);
	while (grid_total(grid) > room && grid->width[COL_BAR] > BAR_MIN)
		grid->width[COL_BAR]--;
	if (grid_total(grid) > room)
		grid->width[COL_BAR] = 0;
	for (size_t i = 0; i < sizeof(least_missed) / sizeof(least_missed[0]); i++)
		if (grid_total(grid) > room)
			grid->width[least_missed[i]] = 0;
}

enum screen_colour status_colour(const char *word)
{
	static const struct {
		const char *word;
		enum screen_colour colour;
	} colours[] = {
		{"ok", COLOUR_GOOD},
		{"normal", COLOUR_GOOD},
		{"absent", COLOUR_DIM},
		{"pending", COLOUR_DIM},
		{"warn", COLOUR_WARN},
		{"refused", COLOUR_WARN},
		{"critical", COLOUR_BAD},
		{"conflict", COLOUR_BAD},
		{"surrendered", COLOUR_BAD},
		{"failed", COLOUR_BAD},
	};

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(word, colours[i].word) == 0)
			return colours[i].colour;
	return COLOUR_PLAIN;
}

uint64_t status_centipct(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 0;
	if (part > UINT64_MAX / 10000)
		return part / (whole / 10000 + 1);
	return part * 10000 / whole;
}

static void put_bar(
	struct text_out *out, const struct screen *screen, const struct row *row, uint16_t width)
{
	uint64_t used, limit;

	if (status_number(row->member, "working_set_bytes", &used) &&
		status_number(row->member, "limit_bytes", &limit) && limit > 0)
		screen_bar(out, screen, status_centipct(used, limit), width);
	else
		screen_cell(out, screen, "", width);
}

static void put_cell(struct text_out *out, const struct screen *screen, const struct row *row,
	enum column i, uint16_t width)
{
	char buf[CELL_SIZE];
	struct text_out cell;

	if (!columns[i].put) {
		put_bar(out, screen, row, width);
		return;
	}
	text_out_init(&cell, buf, sizeof(buf));
	columns[i].put(&cell, row);
	if (columns[i].right)
		screen_cell_right(out, screen, buf, width);
	else
		screen_cell(out, screen, buf, width);
}

static void put_gap(struct text_out *out, int column)
{
	for (int i = 0; column > 0 && i < GAP; i++)
		text_put(out, " ");
}

/* Without the blanks of cells that stay empty. */
static void end_row(struct text_out *out)
{
	while (out->len > 0 && out->buf[out->len - 1] == ' ')
		out->buf[--out->len] = '\0';
	text_put(out, "\n");
}

static void put_row(struct text_out *out, const struct screen *screen, const struct grid *grid,
	const struct row *row)
{
	enum screen_colour colour = status_colour(status_string(row->service, "state"));

	for (enum column i = 0; i < COL_COUNT; i++) {
		bool coloured = i == COL_STATE || i == COL_BAR;

		if (!grid->width[i])
			continue;
		put_gap(out, (int)i);
		if (coloured)
			screen_colour(out, screen, colour);
		put_cell(out, screen, row, i, grid->width[i]);
		if (coloured)
			screen_colour(out, screen, COLOUR_PLAIN);
	}
	end_row(out);
}

static void put_titles(struct text_out *out, const struct screen *screen, const struct grid *grid)
{
	screen_colour(out, screen, COLOUR_DIM);
	for (int i = 0; i < COL_COUNT; i++) {
		if (!grid->width[i])
			continue;
		put_gap(out, i);
		if (columns[i].right)
			screen_cell_right(out, screen, columns[i].title, grid->width[i]);
		else
			screen_cell(out, screen, columns[i].title, grid->width[i]);
	}
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "\n");
}

void status_grid(struct text_out *out, const struct screen *screen, const struct cJSON *services)
{
	const struct cJSON *service, *member;
	struct grid grid;

	grid_fit(&grid, services, screen->columns);
	put_titles(out, screen, &grid);
	cJSON_ArrayForEach(service, services)
	{
		struct row row = {service, NULL, true};

		cJSON_ArrayForEach(member, status_item(service, "members"))
		{
			row.member = member;
			put_row(out, screen, &grid, &row);
			row.first = false;
		}
		if (row.first)
			put_row(out, screen, &grid, &row);
	}
}
