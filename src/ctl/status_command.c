/*
 * guardianctl status: the status file as a page or as it is; with --watch again and again.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "guardian/status_page.h"

struct status_options {
	bool json, watch;
};

static bool read_options(struct status_options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'},
		{"watch", no_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "jw", longs, NULL)) != -1) {
		if (c == 'j')
			options->json = true;
		else if (c == 'w')
			options->watch = true;
		else
			return false;
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "guardianctl status: takes no argument like '%s'\n", argv[optind]);
	return false;
}

/* Reads and draws once. */
static enum ctl_exit show(const struct ctl *ctl, const struct status_options *options, char *buf)
{
	struct heartbeat hb;
	struct text_out out;
	enum ctl_exit result;

	heartbeat_read(&hb, ctl->rootfd);
	text_out_init(&out, buf, STATUS_PAGE_SIZE);
	if (options->watch && ctl->screen.terminal)
		text_put(&out, "\033[H\033[J"); /* home, clear below */
	if (options->json)
		status_page_json(&out, &hb);
	else
		status_page(&out, &ctl->screen, &hb);
	result = ctl_write(out.buf, out.len);
	if (hb.state != HEARTBEAT_ALIVE)
		result = CTL_FAILURE;
	heartbeat_free(&hb);
	return result;
}

/* Until the person has seen enough, or nobody reads any more. */
static enum ctl_exit watch(const struct ctl *ctl, const struct status_options *options, char *buf)
{
	static const struct timespec pause = {1, 0};

	for (;;) {
		struct ctl now = *ctl;

		screen_detect(&now.screen, 1);
		(void)show(&now, options, buf);
		if (ferror(stdout))
			return CTL_FAILURE;
		(void)nanosleep(&pause, NULL);
	}
}

enum ctl_exit status_command(const struct ctl *ctl, int argc, char **argv)
{
	struct status_options options = {false, false};
	enum ctl_exit result;
	char *buf;

	if (!read_options(&options, argc, argv))
		return CTL_USAGE;
	buf = malloc(STATUS_PAGE_SIZE);
	if (!buf) {
		fprintf(stderr, "guardianctl status: %s\n", strerror(ENOMEM));
		return CTL_FAILURE;
	}
	result = options.watch ? watch(ctl, &options, buf) : show(ctl, &options, buf);
	free(buf);
	return result;
}
