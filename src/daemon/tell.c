/*
 * tell: one event, told up to three times: to journald with its fields, to a terminal as a line,
 * and into the ring that the status file shows.
 *
 * sd_journal_sendv() answers 0 when journald's socket is missing (sd_journal_print(3)), so
 * its answer is no delivery: whoever runs guardiand outside of systemd gets the lines on stderr as
 * well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "guardian/clock.h"
#include "guardian/snapshot.h"
#include "guardian/tell.h"

enum {
	FIELDS_MAX = 16,
	FIELDS_SIZE = 2048, /* bytes of all fields of an event together: message 256, cgroup 256,
			       the rest short */
};

/* One "NAME=value" after the other in a fixed buffer, with an iovec each, as sd_journal_sendv()
 * takes them. */
struct fields {
	struct text_out out;
	struct iovec vec[FIELDS_MAX];
	int n;
	char buf[FIELDS_SIZE];
};

/* $JOURNAL_STREAM is "device:inode" of the stream that systemd connected to journald
 * (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	uint64_t dev, ino;
	const char *colon;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	colon = strchr(stream, ':');
	if (!colon || text_u64(stream, (size_t)(colon - stream), &dev) < 0 ||
		text_u64(colon + 1, strlen(colon + 1), &ino) < 0)
		return false;
	return st.st_dev == dev && st.st_ino == ino;
}

void tell_open(struct tell *t, int rootfd)
{
	memset(t, 0, sizeof(*t));
	/* Another root than "/" is a fixture or a recording: its events are not this host's. */
	struct stat host, root;
	bool real = stat("/", &host) == 0 && fstat(rootfd, &root) == 0 &&
		    host.st_ino == root.st_ino && host.st_dev == root.st_dev;

	t->journal = real && access("/run/systemd/journal/socket", F_OK) == 0;
	t->lines = !stderr_is_journal();
	t->colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
}

static size_t field_open(struct fields *f, const char *name)
{
	size_t start = f->out.len;

	text_put(&f->out, name);
	text_put(&f->out, "=");
	return start;
}

static void field_close(struct fields *f, size_t start)
{
	if (f->out.full || f->n == FIELDS_MAX)
		return;
	f->vec[f->n].iov_base = f->buf + start;
	f->vec[f->n].iov_len = f->out.len - start;
	f->n++;
}

static void field_text(struct fields *f, const char *name, const char *value)
{
	size_t start = field_open(f, name);

	text_put(&f->out, value);
	field_close(f, start);
}

static void field_number(struct fields *f, const char *name, uint64_t value)
{
	size_t start = field_open(f, name);

	text_put_u64(&f->out, value);
	field_close(f, start);
}

static void send_journal(const struct event *e, const struct event_info *info,
	const struct event_line *line, const char *cgroup)
{
	struct fields f = {.n = 0};

	text_out_init(&f.out, f.buf, sizeof(f.buf));
	field_text(&f, "MESSAGE", line->message);
	field_text(&f, "MESSAGE_ID", info->message_id);
	field_number(&f, "PRIORITY", info->priority);
	field_text(&f, "SYSLOG_IDENTIFIER", "guardiand");
	field_text(&f, "GUARDIAN_EVENT", info->name);
	field_text(&f, "GUARDIAN_ACTION", info->action);
	if (line->service[0])
		field_text(&f, "GUARDIAN_SERVICE", line->service);
	if (e->limit < LIMIT_COUNT)
		field_text(&f, "GUARDIAN_LIMIT", limit_word(e->limit));
	if (e->reason != REASON_NONE)
		field_text(&f, "GUARDIAN_REASON", event_reason_name(e->reason));
	if (cgroup)
		field_text(&f, "GUARDIAN_CGROUP", cgroup);
	for (int i = 0; i < EVENT_NUMBERS; i++)
		if (info->field[i])
			field_number(&f, info->field[i], e->n[i]);
	(void)sd_journal_sendv(f.vec, f.n);
}

/* syslog(3) priority -> a short word and its colour, for people. */
static const struct {
	const char *word, *colour;
} faces[] = {
	[LOG_EMERG] = {"EMERG", "\033[1;31m"},
	[LOG_ALERT] = {"ALERT", "\033[1;31m"},
	[LOG_CRIT] = {"CRIT", "\033[1;31m"},
	[LOG_ERR] = {"ERROR", "\033[31m"},
	[LOG_WARNING] = {"WARN", "\033[33m"},
	[LOG_NOTICE] = {"note", "\033[32m"},
	[LOG_INFO] = {"info", ""},
	[LOG_DEBUG] = {"debug", "\033[2m"},
};

static void print_line(
	const struct tell *t, const struct event_info *info, const struct event_line *line)
{
	char clock[16] = "--:--:--";
	time_t seconds = (time_t)(line->realtime_us / 1000000);
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	if (t->colour)
		fprintf(stderr, "\033[2m%s\033[0m %s%-5s\033[0m %-24s %s\n", clock,
			faces[info->priority].colour, faces[info->priority].word, info->name,
			line->message);
	else
		fprintf(stderr, "%s %-5s %-24s %s\n", clock, faces[info->priority].word, info->name,
			line->message);
}

void tell_event(struct tell *t, const struct event *e, const struct policy *p, const char *cgroup,
	const char *extra)
{
	const struct event_info *info = event_info(e->kind);
	struct event_line *line = &t->kept[t->told % EVENT_LINES_KEPT];
	struct text_out message;

	line->realtime_us = clock_now_us(CLOCK_REALTIME);
	line->kind = e->kind;
	line->service[0] = '\0';
	if (e->service < p->n_services)
		memcpy(line->service, p->service[e->service].name, sizeof(line->service));
	text_out_init(&message, line->message, sizeof(line->message));
	event_message(&message, e, p, extra);
	text_tame(line->message); /* a file's line may hold what a terminal obeys */
	t->told++;

	if (t->journal)
		send_journal(e, info, line, cgroup);
	if (t->lines)
		print_line(t, info, line);
}
