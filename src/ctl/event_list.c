/*
 * event_list: see the header. The priority of an event of the status file comes from the catalogue
 * by its name, so that both sources look the same.
 */
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "guardian/event.h"
#include "guardian/event_list.h"
#include "guardian/status_read.h"

enum { NAME_COLUMNS = 24, CLOCK_COLUMNS = 19 };

void event_record_text(char *dst, uint16_t size, const char *s, size_t len)
{
	size_t kept = len < size ? len : (size_t)size - 1;

	memcpy(dst, s, kept);
	dst[kept] = '\0';
}

static uint8_t priority_of(const char *event)
{
	for (int kind = 0; kind < EVENT_COUNT; kind++)
		if (strcmp(event_info((enum event_kind)kind)->name, event) == 0)
			return event_info((enum event_kind)kind)->priority;
	return PRIORITY_NONE;
}

static void take(char *dst, uint16_t size, const struct cJSON *item, const char *key)
{
	const char *s = status_string(item, key);

	event_record_text(dst, size, s, strlen(s));
}

void event_record_from_status(const struct cJSON *item, struct event_record *out)
{
	memset(out, 0, sizeof(*out));
	(void)status_number(item, "realtime_us", &out->realtime_us);
	take(out->event, sizeof(out->event), item, "event");
	take(out->service, sizeof(out->service), item, "service");
	take(out->message, sizeof(out->message), item, "message");
	out->priority = priority_of(out->event);
}

static void put_clock(struct text_out *out, uint64_t realtime_us)
{
	char clock[CLOCK_COLUMNS + 1] = "";
	time_t seconds = (time_t)(realtime_us / 1000000);
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		(void)strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &tm);
	text_put(out, clock);
}

static enum screen_colour colour_of(uint8_t priority)
{
	if (priority == PRIORITY_NONE)
		return COLOUR_PLAIN;
	if (priority <= LOG_ERR)
		return COLOUR_BAD;
	if (priority == LOG_WARNING)
		return COLOUR_WARN;
	return priority == LOG_NOTICE ? COLOUR_GOOD : COLOUR_PLAIN;
}

void event_record_line(
	struct text_out *out, const struct screen *screen, const struct event_record *record)
{
	uint16_t before = CLOCK_COLUMNS + 2 + NAME_COLUMNS + 2, room = EVENT_RECORD_MESSAGE;

	if (screen->terminal && screen->columns > before)
		room = screen->columns - before;
	screen_colour(out, screen, COLOUR_DIM);
	put_clock(out, record->realtime_us);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "  ");
	screen_colour(out, screen, colour_of(record->priority));
	screen_cell(out, screen, record->event[0] ? record->event : "-", NAME_COLUMNS);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "  ");
	(void)screen_put(out, screen, record->message, room);
	text_put(out, "\n");
}

static void put_pair(struct text_out *out, const char *key, const char *value)
{
	if (!value[0])
		return;
	text_put(out, ",");
	text_put_json(out, key);
	text_put(out, ":");
	text_put_json(out, value);
}

void event_record_json(struct text_out *out, const struct event_record *record)
{
	text_put(out, "{\"realtime_us\":");
	text_put_u64(out, record->realtime_us);
	if (record->priority != PRIORITY_NONE) {
		text_put(out, ",\"priority\":");
		text_put_u64(out, record->priority);
	}
	put_pair(out, "event", record->event);
	put_pair(out, "service", record->service);
	put_pair(out, "message", record->message);
	text_put(out, "}\n");
}
