/*
 * report: what is wrong with a file, as lines `file:line:column: error: message` in the order of
 * the file.
 *
 * Bounded: the first REPORT_MAX findings are kept and the others counted, so that a hostile file
 * costs no memory.
 */
#ifndef GUARDIAN_REPORT_H
#define GUARDIAN_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "guardian/text.h"

enum {
	REPORT_MAX = 50,
	REPORT_TEXT_SIZE = 320, /* bytes of one message, the NUL included; longer ones are cut */
	REPORT_FILE_SIZE = 256,
	REPORT_LINE_SIZE = REPORT_FILE_SIZE + REPORT_TEXT_SIZE + 64, /* of report_line() */
};

enum report_severity { REPORT_WARNING, REPORT_ERROR };

struct report_entry {
	enum report_severity severity;
	uint32_t line, column; /* from 1; line 0: of the file as a whole */
	char text[REPORT_TEXT_SIZE];
};

struct report {
	char file[REPORT_FILE_SIZE];
	bool others_may_write;         /* the file, and so command who obeys it */
	uint32_t n_errors, n_warnings; /* all of them, those not kept included */
	uint32_t n_entries;
	struct report_entry entry[REPORT_MAX];
};

void report_init(struct report *report, const char *file);

/* Keeps the entries sorted by place; what comes first at one place stays first. */
void report_add(struct report *report, enum report_severity severity, uint32_t line,
	uint32_t column, const char *text);
__attribute__((format(printf, 5, 6))) void report_addf(struct report *report,
	enum report_severity severity, uint32_t line, uint32_t column, const char *format, ...);

/* One line without a newline: "guardian.yaml:3:5: error: ...". */
void report_line(
	const struct report *report, const struct report_entry *entry, struct text_out *out);

/* All lines, and "... and N more" when there were more than are kept. */
void report_render(const struct report *report, struct text_out *out);
void report_print(const struct report *report, FILE *to);

#endif
