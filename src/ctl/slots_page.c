/*
 * slots_page: see the header. One table for both kinds of rows: the streams without a slot have a
 * dash in its place.
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/slots_page.h"
#include "guardian/status_grid.h"
#include "guardian/status_page.h"

#include "grid.h"

enum {
	NAME_MAX = 40,
	SLOT_WIDTH = 4, /* of the number, right in front of the name */
	WORDS = 256,
};

/* ---- cells ---- */

static void cell_slot(struct text_out *cell, const void *row)
{
	const char *name = status_string(row, "name");
	char digits[TEXT_DIGITS_MAX + 1];
	struct text_out number;
	uint64_t slot;
	bool has_slot = status_number(row, "slot", &slot);

	text_out_init(&number, digits, sizeof(digits));
	if (has_slot)
		text_put_u64(&number, slot);
	else
		text_put(&number, "-");
	for (size_t i = number.len; i < SLOT_WIDTH; i++)
		text_put(cell, " ");
	text_put(cell, digits);
	text_put(cell, "  ");
	text_put(cell, *name ? name : has_slot ? "-" : "without a slot");
}

/* As ps(1) shows it; else as its holder sees itself, in brackets. */
static void cell_pid(struct text_out *cell, const void *row)
{
	uint64_t pid;

	if (status_number(row, "pid", &pid)) {
		text_put_u64(cell, pid);
	} else if (status_number(row, "inner_pid", &pid)) {
		text_put(cell, "(");
		text_put_u64(cell, pid);
		text_put(cell, ")");
	} else {
		text_put(cell, "-");
	}
}

static void cell_service(struct text_out *cell, const void *row)
{
	const char *service = status_string(row, "service");

	text_put(cell, *service ? service : "-");
}

static void cell_age(struct text_out *cell, const void *row)
{
	uint64_t age_us;

	if (status_number(row, "age_us", &age_us))
		status_age(cell, age_us);
	else
		text_put(cell, "-");
}

static void cell_memory(struct text_out *cell, const void *row)
{
	uint64_t bytes;

	if (status_number(row, "anon_bytes", &bytes))
		text_put_size(cell, bytes);
	else
		text_put(cell, "-");
}

/* Beside the largest. */
static void bar_of_stream(const struct grid *grid, const void *row, uint16_t width)
{
	const uint64_t *most = grid->rows;
	uint64_t bytes;

	if (!status_number(row, "anon_bytes", &bytes) || *most == 0) {
		screen_cell(grid->out, grid->screen, "", width);
		return;
	}
	screen_colour(grid->out, grid->screen, COLOUR_GOOD);
	screen_bar(grid->out, grid->screen, status_centipct(bytes, *most), width);
	screen_colour(grid->out, grid->screen, COLOUR_PLAIN);
}

static const struct grid streams_grid = {
	.column = (const struct grid_column[]){{"SLOT  NAME", 0, false, true, cell_slot},
		{"PID", 9, true, false, cell_pid}, {"SERVICE", 16, false, false, cell_service},
		{"AGE", 7, true, false, cell_age}, {"", GRID_BAR_MAX, false, false, NULL},
		{"MEMORY", 9, true, false, cell_memory}},
	.n_columns = 6,
	.put_bar = bar_of_stream,
};

static void measure(const struct cJSON *rows, size_t *name, uint64_t *most)
{
	const struct cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		char buf[GRID_CELL_SIZE];
		struct text_out cell;
		uint64_t bytes;

		text_out_init(&cell, buf, sizeof(buf));
		cell_slot(&cell, row);
		*name = cell.len > *name ? cell.len : *name;
		if (status_number(row, "anon_bytes", &bytes) && bytes > *most)
			*most = bytes;
	}
}

static void put_table(struct text_out *out, const struct screen *screen, const struct cJSON *slots,
	const struct cJSON *strays)
{
	struct grid grid = streams_grid;
	size_t name = strlen("SLOT  NAME");
	const struct cJSON *row;
	uint64_t most = 0;

	if (cJSON_GetArraySize(slots) + cJSON_GetArraySize(strays) == 0)
		return;
	measure(slots, &name, &most);
	measure(strays, &name, &most);
	grid.out = out;
	grid.screen = screen;
	grid.rows = &most;
	grid_fit(&grid, name, NAME_MAX);
	while (grid_is_too_wide(&grid) && grid.width[0] > GRID_NAME_MIN)
		grid.width[0]--;
	text_put(out, "\n");
	grid_put_titles(&grid);
	cJSON_ArrayForEach(row, slots)
	{
		grid_put_row(&grid, row, COLOUR_PLAIN);
	}
	cJSON_ArrayForEach(row, strays)
	{
		grid_put_row(&grid, row, COLOUR_WARN);
	}
}

/* ---- the lines above ---- */

static void put_why(struct text_out *out, const struct cJSON *streams, uint64_t effective)
{
	uint64_t cap;

	if (!status_number(streams, "cap", &cap) || effective >= cap)
		return;
	if (strcmp(status_string(streams, "reason"), "warning") == 0) {
		text_put(out, ", no new ones: the host's memory is in warning (cap ");
		text_put_u64(out, cap);
		text_put(out, ")");
		return;
	}
	text_put(out, ", lowered from ");
	text_put_u64(out, cap);
	text_put(out, ": memory carries no more");
}

static void put_use(struct text_out *out, const struct screen *screen, const struct cJSON *streams)
{
	uint64_t in_use, effective, cost;
	bool is_full;

	if (!status_number(streams, "in_use", &in_use))
		return;
	text_put(out, "slots  ");
	if (!status_number(streams, "effective_cap", &effective)) {
		text_put_u64(out, in_use);
		text_put(out, " in use\n");
		return;
	}
	is_full = in_use >= effective;
	screen_colour(out, screen, is_full ? COLOUR_WARN : COLOUR_GOOD);
	screen_bar(
		out, screen, effective ? status_centipct(in_use, effective) : 10000, GRID_BAR_MAX);
	text_put(out, " ");
	text_put_u64(out, in_use);
	text_put(out, " of ");
	text_put_u64(out, effective);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, " in use");
	put_why(out, streams, effective);
	if (status_number(streams, "cost_bytes", &cost) && cost > 0) {
		text_put(out, "; one stream is taken to use ");
		text_put_size(out, cost);
	}
	text_put(out, "\n");
}

static void put_counters(struct text_out *out, const struct cJSON *streams)
{
	static const struct {
		const char *key, *word;
	} counters[] = {{"taken", " taken"}, {"refused", " refused"}, {"waited", " after a wait"},
		{"gave_up", " waited in vain"}};
	const char *between = "so far ";
	uint64_t n;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (!status_number(streams, counters[i].key, &n))
			continue;
		text_put(out, between);
		text_put_u64(out, n);
		text_put(out, counters[i].word);
		between = ", ";
	}
	if (*between == ',')
		text_put(out, "\n");
}

/* The state's name is that of the status file: its blanks are written as lines there. */
static void put_problem(
	struct text_out *out, const struct screen *screen, const struct cJSON *streams)
{
	const char *state = status_string(streams, "semaphore");
	const char *error = status_string(streams, "error");

	if (!*state || strcmp(state, "ok") == 0)
		return;
	screen_colour(out, screen, COLOUR_BAD);
	text_put(out, "The semaphore file is not as it should be: ");
	for (; *state; state++)
		text_put_span(out, *state == '_' ? " " : state, 1);
	if (*error) {
		text_put(out, ", ");
		(void)screen_put(out, screen, error, WORDS);
	}
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "\n");
}

void slots_page(struct text_out *out, const struct screen *screen, const struct heartbeat *hb,
	const struct cJSON *view)
{
	const struct cJSON *streams = status_item(view, "streams");

	status_life(out, screen, hb);
	if (strcmp(status_string(view, "slots_from"), "streams.sem") == 0)
		text_put(out, "The slots are read from the semaphore file, now.\n");
	if (!streams) {
		text_put(out, "The policy sets no cap on streams.\n");
		return;
	}
	put_problem(out, screen, streams);
	put_use(out, screen, streams);
	put_counters(out, streams);
	put_table(out, screen, status_item(streams, "slots"), status_item(streams, "without_slot"));
}
