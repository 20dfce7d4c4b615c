/*
 * status_grid: see the header. Drawn from a table of columns; on a narrow terminal, after the bar
 * goes what is least missed.
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/status_grid.h"
#include "guardian/status_read.h"

#include "grid.h"

enum { NAME_MAX = 28 };

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

static void cell_service(struct text_out *cell, const void *data)
{
	const struct row *row = data;

	text_put(cell, row->first ? status_string(row->service, "name") : " +");
}

static void cell_state(struct text_out *cell, const void *data)
{
	const struct row *row = data;

	if (row->first)
		text_put(cell, status_string(row->service, "state"));
}

static void cell_memory(struct text_out *cell, const void *data)
{
	const struct row *row = data;

	if (!row->member)
		return;
	status_put_size(cell, row->member, "working_set_bytes");
	text_put(cell, " / ");
	status_put_size(cell, row->member, "limit_bytes");
}

static void cell_peak(struct text_out *cell, const void *data)
{
	const struct row *row = data;

	if (row->member)
		status_put_size(cell, row->member, "peak_bytes");
}

static void cell_oom(struct text_out *cell, const void *data)
{
	const struct row *row = data;

	if (row->first)
		number_cell(cell, row->service, "oom_kills");
}

static void cell_restarts(struct text_out *cell, const void *data)
{
	const struct row *row = data;

	if (row->first)
		number_cell(cell, row->service, "restarts");
}

static const struct grid_column columns[COL_COUNT] = {
	[COL_SERVICE] = {"SERVICE", 0, false, false, cell_service},
	[COL_STATE] = {"STATE", 11, false, true, cell_state},
	[COL_BAR] = {"", GRID_BAR_MAX, false, true, NULL},
	[COL_MEMORY] = {"MEMORY / LIMIT", 21, true, false, cell_memory},
	[COL_PEAK] = {"PEAK", 9, true, false, cell_peak},
	[COL_OOM] = {"OOM", 4, true, false, cell_oom},
	[COL_RESTARTS] = {"RESTARTS", 8, true, false, cell_restarts},
};

/* ---- the grid ---- */

static size_t longest_name(const struct cJSON *services)
{
	const struct cJSON *service;
	size_t longest = 0;

	cJSON_ArrayForEach(service, services)
	{
		size_t len = strlen(status_string(service, "name"));

		longest = len > longest ? len : longest;
	}
	return longest;
}

static void fit(struct grid *grid, const struct cJSON *services)
{
	static const enum column least_missed[] = {COL_PEAK, COL_RESTARTS, COL_OOM};

	grid_fit(grid, longest_name(services), NAME_MAX);
	for (size_t i = 0; i < sizeof(least_missed) / sizeof(least_missed[0]); i++)
		if (grid_is_too_wide(grid))
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

static void put_bar(const struct grid *grid, const void *data, uint16_t width)
{
	const struct row *row = data;
	uint64_t used, limit;

	if (status_number(row->member, "working_set_bytes", &used) &&
		status_number(row->member, "limit_bytes", &limit) && limit > 0)
		screen_bar(grid->out, grid->screen, status_centipct(used, limit), width);
	else
		screen_cell(grid->out, grid->screen, "", width);
}

static void put_row(const struct grid *grid, const struct row *row)
{
	grid_put_row(grid, row, status_colour(status_string(row->service, "state")));
}

void status_grid(struct text_out *out, const struct screen *screen, const struct cJSON *services)
{
	struct grid grid = {.out = out,
		.screen = screen,
		.column = columns,
		.n_columns = COL_COUNT,
		.put_bar = put_bar};
	const struct cJSON *service, *member;

	fit(&grid, services);
	grid_put_titles(&grid);
	cJSON_ArrayForEach(service, services)
	{
		struct row row = {service, NULL, true};

		cJSON_ArrayForEach(member, status_item(service, "members"))
		{
			row.member = member;
			put_row(&grid, &row);
			row.first = false;
		}
		if (row.first)
			put_row(&grid, &row);
	}
}
