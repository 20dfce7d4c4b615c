/*
 * event_list: an event as guardianctl shows it, from the journal or from the status file: a line
 * for a person, or a JSON object for a script.
 */
#ifndef GUARDIAN_EVENT_LIST_H
#define GUARDIAN_EVENT_LIST_H

#include <stdint.h>

#include "guardian/screen.h"
#include "guardian/text.h"

struct cJSON;

enum {
	EVENT_RECORD_WORD = 64,
	EVENT_RECORD_MESSAGE = 512,
	PRIORITY_NONE = 255,
};

struct event_record {
	uint64_t realtime_us;
	uint8_t priority;                /* syslog(3), or PRIORITY_NONE */
	char event[EVENT_RECORD_WORD];   /* "limit_drift"; empty: a line that is no event */
	char service[EVENT_RECORD_WORD]; /* or empty */
	char message[EVENT_RECORD_MESSAGE];
};

/* Copies what fits of S, a longer one is cut at the end. */
void event_record_text(char *dst, uint16_t size, const char *s, size_t len);

/* An element of the status file's "events". */
void event_record_from_status(const struct cJSON *item, struct event_record *out);

/* One line with its newline, cut to the width on a terminal; local time. */
void event_record_line(
	struct text_out *out, const struct screen *screen, const struct event_record *record);

/* One line of JSON with its newline. */
void event_record_json(struct text_out *out, const struct event_record *record);

#endif
