/*
 * event_source: see the header. Two sources behind one table of operations.
 *
 * The status file's events have no number, so "newer than the last one shown" goes by their time;
 * several of one microsecond are told apart by their place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <systemd/sd-journal.h>

#include "guardian/event_source.h"
#include "guardian/heartbeat.h"

struct source_ops {
	int (*next)(struct event_source *source, struct event_record *out);
	int (*wait)(struct event_source *source, uint64_t wait_us);
};

struct event_source {
	const struct source_ops *ops;
	int rootfd;
	/* the journal's */
	sd_journal *journal;
	bool at_first; /* it stands on an entry that was not given out yet */
	/* the status file's */
	struct heartbeat hb;
	int index;             /* of the next event in the file */
	uint64_t realtime_us;  /* of the last one given out */
	uint32_t shown_of_now; /* how many of that very microsecond were given out */
};

/* ---- the journal ---- */

/* FIELD's value in the entry, without the "FIELD=" that libsystemd puts before it. */
static bool journal_field(sd_journal *journal, const char *field, char *dst, uint16_t size)
{
	const void *data;
	size_t len, skip = strlen(field) + 1;

	dst[0] = '\0';
	if (sd_journal_get_data(journal, field, &data, &len) < 0 || len < skip)
		return false;
	event_record_text(dst, size, (const char *)data + skip, len - skip);
	return true;
}

static void journal_record(sd_journal *journal, struct event_record *out)
{
	char priority[EVENT_RECORD_WORD];

	memset(out, 0, sizeof(*out));
	(void)sd_journal_get_realtime_usec(journal, &out->realtime_us);
	(void)journal_field(journal, "GUARDIAN_EVENT", out->event, sizeof(out->event));
	(void)journal_field(journal, "GUARDIAN_SERVICE", out->service, sizeof(out->service));
	(void)journal_field(journal, "MESSAGE", out->message, sizeof(out->message));
	out->priority = PRIORITY_NONE;
	if (journal_field(journal, "PRIORITY", priority, sizeof(priority)) && priority[0] >= '0' &&
		priority[0] <= '0' + LOG_DEBUG)
		out->priority = (uint8_t)(priority[0] - '0');
}

static int journal_next(struct event_source *source, struct event_record *out)
{
	int n = source->at_first ? 1 : sd_journal_next(source->journal);

	source->at_first = false;
	if (n > 0)
		journal_record(source->journal, out);
	return n;
}

static int journal_wait(struct event_source *source, uint64_t wait_us)
{
	int n = sd_journal_wait(source->journal, wait_us);

	return n < 0 ? n : 0;
}

static const struct source_ops journal_ops = {journal_next, journal_wait};

/* -> how many entries there are, LAST at the most but 1 at least; 0: none. */
static int journal_open(struct event_source *source, const char *root, uint32_t last)
{
	bool host = strcmp(root, "/") == 0;
	int n = host ? sd_journal_open(&source->journal, SD_JOURNAL_LOCAL_ONLY)
		     : sd_journal_open_directory(&source->journal, root, SD_JOURNAL_OS_ROOT);

	if (n < 0)
		return n;
	n = sd_journal_add_match(source->journal, "SYSLOG_IDENTIFIER=guardiand", 0);
	if (n >= 0)
		n = sd_journal_seek_tail(source->journal);
	if (n >= 0)
		n = sd_journal_previous_skip(source->journal, last > 0 ? last : 1);
	source->at_first = n > 0 && last > 0;
	return n;
}

/* ---- the status file ---- */

static const cJSON *status_events(const struct event_source *source)
{
	return status_item(source->hb.json, "events");
}

static int status_next(struct event_source *source, struct event_record *out)
{
	const cJSON *item = cJSON_GetArrayItem(status_events(source), source->index);

	if (!item)
		return 0;
	event_record_from_status(item, out);
	source->shown_of_now =
		out->realtime_us == source->realtime_us ? source->shown_of_now + 1 : 1;
	source->realtime_us = out->realtime_us;
	source->index++;
	return 1;
}

/* Steps over what was given out already. */
static void status_rewind(struct event_source *source)
{
	const cJSON *item;
	uint32_t same = 0;

	source->index = 0;
	cJSON_ArrayForEach(item, status_events(source))
	{
		uint64_t at_us = 0;

		(void)status_number(item, "realtime_us", &at_us);
		if (at_us > source->realtime_us ||
			(at_us == source->realtime_us && ++same > source->shown_of_now))
			return;
		source->index++;
	}
}

static int status_wait(struct event_source *source, uint64_t wait_us)
{
	struct timespec pause = {(time_t)(wait_us / 1000000), (long)(wait_us % 1000000) * 1000};

	if (nanosleep(&pause, NULL) < 0)
		return -errno;
	heartbeat_free(&source->hb);
	heartbeat_read(&source->hb, source->rootfd);
	status_rewind(source);
	return 0;
}

static const struct source_ops status_ops = {status_next, status_wait};

static int status_open(struct event_source *source, uint32_t last)
{
	struct event_record passed_over;
	uint32_t size;

	heartbeat_read(&source->hb, source->rootfd);
	if (!source->hb.json)
		return source->hb.error;
	size = (uint32_t)cJSON_GetArraySize(status_events(source));
	while (size-- > last)
		(void)status_next(source, &passed_over);
	return 0;
}

/* ---- both ---- */

int event_source_open(struct event_source **out, const char *root, int rootfd, uint32_t last)
{
	struct event_source *source = calloc(1, sizeof(*source));
	int err = 0;

	if (!source)
		return -ENOMEM;
	source->rootfd = rootfd;
	source->ops = &journal_ops;
	if (journal_open(source, root, last) <= 0) {
		source->ops = &status_ops;
		err = status_open(source, last);
	}
	if (err < 0)
		event_source_close(source);
	else
		*out = source;
	return err;
}

int event_source_next(struct event_source *source, struct event_record *out)
{
	return source->ops->next(source, out);
}

int event_source_wait(struct event_source *source, uint64_t wait_us)
{
	return source->ops->wait(source, wait_us);
}

void event_source_close(struct event_source *source)
{
	sd_journal_close(source->journal);
	heartbeat_free(&source->hb);
	free(source);
}
