/*
 * report: a bounded, ordered collector of findings about a file. Collecting instead of printing
 * lets one parser serve guardiand at start (stderr), a reload (journald), --check (a finding) and
 * the tests.
 */
#include "guardian/report.h"

#include <string.h>

void report_init(struct report *report, const char *file)
{
	size_t len = strlen(file);

	report->n_errors = report->n_warnings = report->n_entries = 0;
	report->others_may_write = false;
	/* A path too long to keep is told by its end, where the name is. */
	if (len >= sizeof(report->file))
		file += len - sizeof(report->file) + 1;
	text_copy(report->file, sizeof(report->file), file, strlen(file));
}

static bool is_before(const struct report_entry *e, uint32_t line, uint32_t column)
{
	return e->line < line || (e->line == line && e->column <= column);
}

/* A sentence that does not fit ends in "...", before a whole character. */
static void copy_cut(char *to, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len < size) {
		memcpy(to, text, len + 1);
		return;
	}
	for (len = size - sizeof("..."); len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	memcpy(to, text, len);
	memcpy(to + len, "...", sizeof("..."));
}

void report_add(struct report *report, enum report_severity severity, uint32_t line,
	uint32_t column, const char *text)
{
	uint32_t at = report->n_entries;

	if (severity == REPORT_ERROR)
		report->n_errors++;
	else
		report->n_warnings++;
	if (at == REPORT_MAX)
		return;
	while (at > 0 && !is_before(&report->entry[at - 1], line, column))
		at--;

	struct report_entry *e = &report->entry[at];

	memmove(e + 1, e, (report->n_entries - at) * sizeof(*e));
	report->n_entries++;
	*e = (struct report_entry){.severity = severity, .line = line, .column = column};
	copy_cut(e->text, sizeof(e->text), text);
	text_tame(e->text);
}

void report_addf(struct report *report, enum report_severity severity, uint32_t line,
	uint32_t column, const char *format, ...)
{
	char text[2 * REPORT_TEXT_SIZE];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_add(report, severity, line, column, text);
}

void report_line(
	const struct report *report, const struct report_entry *entry, struct text_out *out)
{
	text_put(out, report->file);
	if (entry->line) {
		text_put(out, ":");
		text_put_u64(out, entry->line);
		text_put(out, ":");
		text_put_u64(out, entry->column);
	}
	text_put(out, entry->severity == REPORT_ERROR ? ": error: " : ": warning: ");
	text_put(out, entry->text);
}

static uint32_t not_kept(const struct report *report)
{
	return report->n_errors + report->n_warnings - report->n_entries;
}

void report_render(const struct report *report, struct text_out *out)
{
	for (uint32_t i = 0; i < report->n_entries; i++) {
		report_line(report, &report->entry[i], out);
		text_put(out, "\n");
	}
	if (not_kept(report)) {
		text_put(out, "... and ");
		text_put_u64(out, not_kept(report));
		text_put(out, " more\n");
	}
}

void report_print(const struct report *report, FILE *to)
{
	char line[REPORT_LINE_SIZE];
	struct text_out out;

	for (uint32_t i = 0; i < report->n_entries; i++) {
		text_out_init(&out, line, sizeof(line));
		report_line(report, &report->entry[i], &out);
		(void)fprintf(to, "%s\n", line);
	}
	if (not_kept(report))
		(void)fprintf(to, "... and %u more\n", not_kept(report));
}
