/*
 * guardianctl events: the last events as lines or as JSON, and with --follow those to come.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "guardian/event_source.h"

enum {
	LAST_DEFAULT = 20,
	LAST_MAX = 1000000,
	LINE_SIZE = 8192, /* bytes of a line: a message whose every byte is escaped or coloured */
	WAIT_US = 1000000,
};

struct events_options {
	bool json, follow;
	uint32_t last;
};

static bool read_last(const char *word, uint32_t *last)
{
	uint64_t n;

	if (text_u64(word, strlen(word), &n) == 0 && n <= LAST_MAX) {
		*last = (uint32_t)n;
		return true;
	}
	fprintf(stderr, "guardianctl events: -n wants a number up to %d, not '%s'\n", LAST_MAX,
		word);
	return false;
}

static bool read_options(struct events_options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{"follow", no_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"last", required_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "fjn:", longs, NULL)) != -1) {
		if (c == 'f')
			options->follow = true;
		else if (c == 'j')
			options->json = true;
		else if (c != 'n' || !read_last(optarg, &options->last))
			return false;
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "guardianctl events: takes no argument like '%s'\n", argv[optind]);
	return false;
}

static enum ctl_exit show(const struct ctl *ctl, const struct events_options *options,
	const struct event_record *record)
{
	char buf[LINE_SIZE];
	struct text_out out;

	text_out_init(&out, buf, sizeof(buf));
	if (options->json)
		event_record_json(&out, record);
	else
		event_record_line(&out, &ctl->screen, record);
	return ctl_write(out.buf, out.len);
}

/* Gives out what there is; -> CTL_OK when the source has run dry for now. */
static enum ctl_exit drain(
	const struct ctl *ctl, const struct events_options *options, struct event_source *source)
{
	struct event_record record;
	int n;

	while ((n = event_source_next(source, &record)) > 0)
		if (show(ctl, options, &record) != CTL_OK)
			return CTL_FAILURE;
	if (n == 0)
		return CTL_OK;
	fprintf(stderr, "guardianctl events: %s\n", strerror(-n));
	return CTL_FAILURE;
}

enum ctl_exit events_command(const struct ctl *ctl, int argc, char **argv)
{
	struct events_options options = {.last = LAST_DEFAULT};
	struct event_source *source;
	enum ctl_exit result;
	int err;

	if (!read_options(&options, argc, argv))
		return CTL_USAGE;
	err = event_source_open(&source, ctl->root, ctl->rootfd, options.last);
	if (err < 0) {
		fprintf(stderr,
			"guardianctl events: no events in the journal, and no status file: %s\n",
			strerror(-err));
		return CTL_FAILURE;
	}
	do
		result = drain(ctl, &options, source);
	while (options.follow && result == CTL_OK && event_source_wait(source, WAIT_US) == 0);
	event_source_close(source);
	return result;
}
