/*
 * swap_page: see the header. Both tables have a name that gives way to a narrow terminal, a bar
 * that gives way before it, and numbers that stay.
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/status_grid.h"
#include "guardian/status_page.h"
#include "guardian/swap_page.h"

enum {
	NAME_MIN = 7,
	NAME_MAX = 40,
	BAR_MAX = 20,
	BAR_MIN = 6,
	GAP = 2, /* blanks between two columns */
	CELL_SIZE = 256,
	COLUMNS_MAX = 6,
	WORDS = 256, /* columns of a text that is cut by nothing but sanity */
};

static const uint64_t NEARLY_FULL_CENTIPCT = 8000, FULL_CENTIPCT = 9500;

/* ---- cells ---- */

static void cell_path(struct text_out *cell, const struct cJSON *row)
{
	text_put(cell, status_string(row, "path"));
}

static void cell_type(struct text_out *cell, const struct cJSON *row)
{
	text_put(cell, status_string(row, "type"));
}

static void cell_use(struct text_out *cell, const struct cJSON *row)
{
	status_put_size(cell, row, "used_bytes");
	text_put(cell, " / ");
	status_put_size(cell, row, "size_bytes");
}

static void cell_priority(struct text_out *cell, const struct cJSON *row)
{
	const struct cJSON *item = status_item(row, "priority");

	if (cJSON_IsNumber(item))
		text_put_i64(cell, item->valueint); /* 16 bits of the kernel's: never cut */
	else
		text_put(cell, "-");
}

static void cell_owner(struct text_out *cell, const struct cJSON *row)
{
	const struct cJSON *ours = status_item(row, "ours");

	if (cJSON_IsBool(ours))
		text_put(cell, cJSON_IsTrue(ours) ? "guardiand" : "other");
	else
		text_put(cell, "-");
}

static bool share_of_area(
	const struct cJSON *rows, const struct cJSON *row, uint64_t *part, uint64_t *whole)
{
	(void)rows;
	return status_number(row, "used_bytes", part) && status_number(row, "size_bytes", whole);
}

static void cell_name(struct text_out *cell, const struct cJSON *row)
{
	text_put(cell, status_string(row, "name"));
}

static void cell_swap(struct text_out *cell, const struct cJSON *row)
{
	status_put_size(cell, row, "swap_bytes");
}

static void cell_limit(struct text_out *cell, const struct cJSON *row)
{
	status_put_size(cell, row, "swap_limit_bytes");
}

/* Beside the service with the most in swap, which is the first. */
static bool share_of_service(
	const struct cJSON *rows, const struct cJSON *row, uint64_t *part, uint64_t *whole)
{
	return status_number(row, "swap_bytes", part) &&
	       status_number(rows->child, "swap_bytes", whole) && *whole > 0;
}

/* ---- tables ---- */

struct column {
	const char *title;
	uint16_t width; /* 0: as the rows need */
	bool right;
	void (*put)(struct text_out *cell, const struct cJSON *row); /* NULL: the bar */
};

struct table {
	struct column column[COLUMNS_MAX];
	uint16_t n_columns; /* the first is the name */
	/* What the bar of a row shows. false: nothing. */
	bool (*share)(
		const struct cJSON *rows, const struct cJSON *row, uint64_t *part, uint64_t *whole);
	bool warns; /* a bar that is nearly full is coloured */
};

/* A table of these rows on this screen. */
struct drawing {
	struct text_out *out;
	const struct screen *screen;
	const struct table *table;
	const struct cJSON *rows;
	uint16_t width[COLUMNS_MAX]; /* 0: left out */
};

static const struct table areas_table = {
	.column = {{"AREA", 0, false, cell_path}, {"TYPE", 9, false, cell_type},
		{"", BAR_MAX, false, NULL}, {"USED / SIZE", 21, true, cell_use},
		{"PRIORITY", 8, true, cell_priority}, {"OWNER", 9, false, cell_owner}},
	.n_columns = 6,
	.share = share_of_area,
	.warns = true,
};

static const struct table services_table = {
	.column = {{"SERVICE", 0, false, cell_name}, {"", BAR_MAX, false, NULL},
		{"IN SWAP", 9, true, cell_swap}, {"SWAP LIMIT", 10, true, cell_limit}},
	.n_columns = 4,
	.share = share_of_service,
	.warns = false,
};

static uint16_t longest_name(const struct drawing *d)
{
	const struct cJSON *row;
	size_t most = NAME_MIN;

	cJSON_ArrayForEach(row, d->rows)
	{
		char buf[CELL_SIZE];
		struct text_out cell;

		text_out_init(&cell, buf, sizeof(buf));
		d->table->column[0].put(&cell, row);
		if (cell.len > most)
			most = cell.len;
	}
	return (uint16_t)(most < NAME_MAX ? most : NAME_MAX);
}

static uint16_t total(const struct drawing *d)
{
	uint16_t sum = 0;

	for (int i = 0; i < d->table->n_columns; i++)
		if (d->width[i])
			sum += (uint16_t)(d->width[i] + (sum > 0 ? GAP : 0));
	return sum;
}

static void fit(struct drawing *d)
{
	uint16_t room = d->screen->columns;
	int bar = 0;

	for (int i = 0; i < d->table->n_columns; i++) {
		d->width[i] = d->table->column[i].width;
		if (!d->table->column[i].put)
			bar = i;
	}
	d->width[0] = longest_name(d);
	while (total(d) > room && d->width[bar] > BAR_MIN)
		d->width[bar]--;
	if (total(d) > room)
		d->width[bar] = 0;
	while (total(d) > room && d->width[0] > NAME_MIN)
		d->width[0]--;
}

static enum screen_colour colour_of(uint64_t centipct)
{
	if (centipct >= FULL_CENTIPCT)
		return COLOUR_BAD;
	return centipct >= NEARLY_FULL_CENTIPCT ? COLOUR_WARN : COLOUR_GOOD;
}

static void put_bar(const struct drawing *d, const struct cJSON *row, uint16_t width)
{
	uint64_t part, whole, centipct;

	if (!d->table->share(d->rows, row, &part, &whole)) {
		screen_cell(d->out, d->screen, "", width);
		return;
	}
	centipct = status_centipct(part, whole);
	screen_colour(d->out, d->screen, d->table->warns ? colour_of(centipct) : COLOUR_GOOD);
	screen_bar(d->out, d->screen, centipct, width);
	screen_colour(d->out, d->screen, COLOUR_PLAIN);
}

/* ROW: NULL for the title. */
static void put_cell(const struct drawing *d, int i, const struct cJSON *row)
{
	const struct column *column = &d->table->column[i];
	char buf[CELL_SIZE];
	struct text_out cell;

	if (row && !column->put) {
		put_bar(d, row, d->width[i]);
		return;
	}
	text_out_init(&cell, buf, sizeof(buf));
	if (row)
		column->put(&cell, row);
	else
		text_put(&cell, column->title);
	if (column->right)
		screen_cell_right(d->out, d->screen, buf, d->width[i]);
	else
		screen_cell(d->out, d->screen, buf, d->width[i]);
}

/* Without the blanks of cells that stay empty. */
static void put_row(const struct drawing *d, const struct cJSON *row)
{
	struct text_out *out = d->out;

	for (int i = 0; i < d->table->n_columns; i++) {
		if (!d->width[i])
			continue;
		text_put(out, i > 0 ? "  " : "");
		put_cell(d, i, row);
	}
	while (out->len > 0 && out->buf[out->len - 1] == ' ')
		out->buf[--out->len] = '\0';
}

static void put_table(struct text_out *out, const struct screen *screen, const struct table *table,
	const struct cJSON *rows)
{
	struct drawing d = {.out = out, .screen = screen, .table = table, .rows = rows};
	const struct cJSON *row;

	if (cJSON_GetArraySize(rows) == 0)
		return;
	fit(&d);
	text_put(out, "\n");
	screen_colour(out, screen, COLOUR_DIM);
	put_row(&d, NULL);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "\n");
	cJSON_ArrayForEach(row, rows)
	{
		put_row(&d, row);
		text_put(out, "\n");
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
	screen_bar(out, screen, centipct, BAR_MAX);
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
	uint64_t done, whole;

	if (!status_number(progress, "done_bytes", &done) ||
		!status_number(progress, "total_bytes", &whole) || whole == 0)
		return;
	text_put(out, "preparing ");
	(void)screen_put(out, screen, status_string(status_item(swap, "file"), "path"), WORDS);
	text_put(out, "  ");
	screen_bar(out, screen, status_centipct(done, whole), BAR_MAX);
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
	put_table(out, screen, &areas_table, areas);
	put_table(out, screen, &services_table, services);
}
