/*
 * swap_page: see the header. Both tables have a name that gives way to a narrow terminal, a bar
 * that gives way before it, and numbers that stay.
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/status_grid.h"
#include "guardian/status_page.h"
#include "guardian/swap_page.h"

#include "grid.h"

enum {
	NAME_MAX = 40,
	WORDS = 256, /* columns of a text that is cut by nothing but sanity */
};

static const uint64_t NEARLY_FULL_CENTIPCT = 8000, FULL_CENTIPCT = 9500;

/* ---- cells ---- */

static void cell_path(struct text_out *cell, const void *row)
{
	text_put(cell, status_string(row, "path"));
}

static void cell_type(struct text_out *cell, const void *row)
{
	text_put(cell, status_string(row, "type"));
}

static void cell_use(struct text_out *cell, const void *row)
{
	status_put_size(cell, row, "used_bytes");
	text_put(cell, " / ");
	status_put_size(cell, row, "size_bytes");
}

static void cell_priority(struct text_out *cell, const void *row)
{
	const struct cJSON *item = status_item(row, "priority");

	if (cJSON_IsNumber(item))
		text_put_i64(cell, item->valueint); /* 16 bits of the kernel's: never cut */
	else
		text_put(cell, "-");
}

static void cell_owner(struct text_out *cell, const void *row)
{
	const struct cJSON *ours = status_item(row, "ours");

	if (cJSON_IsBool(ours))
		text_put(cell, cJSON_IsTrue(ours) ? "guardiand" : "other");
	else
		text_put(cell, "-");
}

static void cell_name(struct text_out *cell, const void *row)
{
	text_put(cell, status_string(row, "name"));
}

static void cell_swap(struct text_out *cell, const void *row)
{
	status_put_size(cell, row, "swap_bytes");
}

static void cell_limit(struct text_out *cell, const void *row)
{
	status_put_size(cell, row, "swap_limit_bytes");
}

/* ---- tables ---- */

static enum screen_colour colour_of(uint64_t centipct)
{
	if (centipct >= FULL_CENTIPCT)
		return COLOUR_BAD;
	return centipct >= NEARLY_FULL_CENTIPCT ? COLOUR_WARN : COLOUR_GOOD;
}

static void put_bar(
	const struct grid *grid, enum screen_colour colour, uint64_t centipct, uint16_t width)
{
	screen_colour(grid->out, grid->screen, colour);
	screen_bar(grid->out, grid->screen, centipct, width);
	screen_colour(grid->out, grid->screen, COLOUR_PLAIN);
}

static void bar_of_area(const struct grid *grid, const void *row, uint16_t width)
{
	uint64_t used, size;

	if (!status_number(row, "used_bytes", &used) || !status_number(row, "size_bytes", &size))
		screen_cell(grid->out, grid->screen, "", width);
	else
		put_bar(grid, colour_of(status_centipct(used, size)), status_centipct(used, size),
			width);
}

/* Beside the service with the most in swap, which is the first. */
static void bar_of_service(const struct grid *grid, const void *row, uint16_t width)
{
	const struct cJSON *services = grid->rows;
	uint64_t part, most;

	if (!status_number(row, "swap_bytes", &part) ||
		!status_number(services->child, "swap_bytes", &most) || most == 0)
		screen_cell(grid->out, grid->screen, "", width);
	else
		put_bar(grid, COLOUR_GOOD, status_centipct(part, most), width);
}

static const struct grid areas_grid = {
	.column = (const struct grid_column[]){{"AREA", 0, false, false, cell_path},
		{"TYPE", 9, false, false, cell_type}, {"", GRID_BAR_MAX, false, false, NULL},
		{"USED / SIZE", 21, true, false, cell_use},
		{"PRIORITY", 8, true, false, cell_priority},
		{"OWNER", 9, false, false, cell_owner}},
	.n_columns = 6,
	.put_bar = bar_of_area,
};

static const struct grid services_grid = {
	.column = (const struct grid_column[]){{"SERVICE", 0, false, false, cell_name},
		{"", GRID_BAR_MAX, false, false, NULL}, {"IN SWAP", 9, true, false, cell_swap},
		{"SWAP LIMIT", 10, true, false, cell_limit}},
	.n_columns = 4,
	.put_bar = bar_of_service,
};

static size_t longest_name(const struct grid *grid, const struct cJSON *rows)
{
	const struct cJSON *row;
	size_t most = 0;

	cJSON_ArrayForEach(row, rows)
	{
		char buf[GRID_CELL_SIZE];
		struct text_out cell;

		text_out_init(&cell, buf, sizeof(buf));
		grid->column[0].put(&cell, row);
		if (cell.len > most)
			most = cell.len;
	}
	return most;
}

static void put_table(struct text_out *out, const struct screen *screen, const struct grid *kind,
	const struct cJSON *rows)
{
	struct grid grid = *kind;
	const struct cJSON *row;

	if (cJSON_GetArraySize(rows) == 0)
		return;
	grid.out = out;
	grid.screen = screen;
	grid.rows = rows;
	grid_fit(&grid, longest_name(&grid, rows), NAME_MAX);
	while (grid_is_too_wide(&grid) && grid.width[0] > GRID_NAME_MIN)
		grid.width[0]--;
	text_put(out, "\n");
	grid_put_titles(&grid);
	cJSON_ArrayForEach(row, rows)
	{
		grid_put_row(&grid, row, COLOUR_PLAIN);
	}
}

/* ---- the line of all swap together ---- */

static void sum_areas(const struct cJSON *areas, uint64_t *used_bytes, uint64_t *size_bytes)
{
	const struct cJSON *area;

	*used_bytes = *size_bytes = 0;
	cJSON_ArrayForEach(area, areas)
	{
		uint64_t used, size;

		if (status_number(area, "used_bytes", &used) &&
			status_number(area, "size_bytes", &size)) {
			*used_bytes += used;
			*size_bytes += size;
		}
	}
}

static void put_use(struct text_out *out, const struct screen *screen, const struct cJSON *areas)
{
	uint64_t used, size, centipct;

	sum_areas(areas, &used, &size);
	if (!areas || size == 0) {
		text_put(out, areas ? "none" : "unknown: /proc/swaps cannot be read");
		return;
	}
	centipct = status_centipct(used, size);
	screen_colour(out, screen, colour_of(centipct));
	screen_bar(out, screen, centipct, GRID_BAR_MAX);
	text_put(out, " ");
	text_put_centi(out, centipct);
	text_put(out, "%");
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "  ");
	text_put_size(out, used);
	text_put(out, " of ");
	text_put_size(out, size);
	text_put(out, " used");
}

static void put_wanted(struct text_out *out, const struct cJSON *swap)
{
	uint64_t wanted;

	if (!status_number(swap, "wanted_bytes", &wanted))
		return;
	text_put(out, ", the policy wants ");
	if (wanted == 0)
		text_put(out, "none made");
	else
		text_put_size(out, wanted);
}

static void put_knobs(struct text_out *out, const struct screen *screen, const struct cJSON *swap)
{
	const struct cJSON *zswap = status_item(swap, "zswap");
	uint64_t swappiness;

	if (status_number(swap, "swappiness", &swappiness)) {
		text_put(out, ", swappiness ");
		text_put_u64(out, swappiness);
	}
	if (cJSON_IsString(zswap)) {
		text_put(out, ", zswap ");
		(void)screen_put(out, screen, zswap->valuestring, WORDS);
	} else if (cJSON_IsBool(zswap)) {
		text_put(out, cJSON_IsTrue(zswap) ? ", zswap on" : ", zswap off");
	}
}

static void put_rate(
	struct text_out *out, const char *word, const struct cJSON *swap, const char *key)
{
	uint64_t bytes;

	if (!status_number(swap, key, &bytes))
		return;
	text_put(out, word);
	text_put_size(out, bytes);
	text_put(out, "/s");
}

static void put_busy(struct text_out *out, const struct screen *screen, const struct cJSON *swap)
{
	const char *thrash = status_string(swap, "thrash");
	bool is_calm = strcmp(thrash, "none") == 0;

	if (!*thrash)
		return;
	text_put(out, "thrashing: ");
	screen_colour(out, screen, is_calm ? COLOUR_GOOD : COLOUR_BAD);
	text_put(out, is_calm ? "no" : "yes");
	screen_colour(out, screen, COLOUR_PLAIN);
	put_rate(out, ", in ", swap, "in_bytes_per_s");
	put_rate(out, ", out ", swap, "out_bytes_per_s");
	text_put(out, "\n");
}

/* ---- the file that is being made or resized, and what is not as it should be ---- */

static void put_progress(
	struct text_out *out, const struct screen *screen, const struct cJSON *swap)
{
	const struct cJSON *progress = status_item(swap, "progress");
	const char *path = status_string(progress, "path");
	uint64_t done, whole;

	if (!status_number(progress, "done_bytes", &done) ||
		!status_number(progress, "total_bytes", &whole) || whole == 0)
		return;
	text_put(out, "preparing ");
	/* A daemon of before the last upgrade does not tell which: then it is the first. */
	(void)screen_put(out, screen,
		*path ? path : status_string(status_item(swap, "file"), "path"), WORDS);
	text_put(out, "  ");
	screen_bar(out, screen, status_centipct(done, whole), GRID_BAR_MAX);
	text_put(out, " ");
	text_put_u64(out, status_centipct(done, whole) / 100);
	text_put(out, "%  ");
	text_put_size(out, done);
	text_put(out, " of ");
	text_put_size(out, whole);
	text_put(out, ", ");
	(void)screen_put(out, screen, status_string(progress, "phase"), WORDS);
	text_put(out, "\n");
}

static void put_said(struct text_out *out, const struct screen *screen, enum screen_colour colour,
	const char *head, const char *text)
{
	if (!*text)
		return;
	screen_colour(out, screen, colour);
	text_put(out, head);
	(void)screen_put(out, screen, text, WORDS);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "\n");
}

void swap_page(struct text_out *out, const struct screen *screen, const struct heartbeat *hb,
	const struct cJSON *view)
{
	const struct cJSON *swap = status_item(view, "swap");
	const struct cJSON *areas = status_item(swap, "areas");
	const struct cJSON *services = status_item(view, "services");

	status_life(out, screen, hb);
	if (strcmp(status_string(view, "areas_from"), "/proc/swaps") == 0)
		text_put(out, "The areas are read from /proc/swaps, now.\n");
	text_put(out, "swap  ");
	put_use(out, screen, areas);
	put_wanted(out, swap);
	put_knobs(out, screen, swap);
	text_put(out, "\n");
	put_busy(out, screen, swap);
	put_progress(out, screen, swap);
	put_said(out, screen, COLOUR_WARN,
		"problem: ", status_string(status_item(swap, "file"), "problem"));
	put_said(out, screen, COLOUR_PLAIN,
		strcmp(hb->head.mode, "observe") == 0 ? "next, if it did not only observe: "
						      : "next: ",
		status_string(swap, "plan"));
	put_table(out, screen, &areas_grid, areas);
	put_table(out, screen, &services_grid, services);
}
