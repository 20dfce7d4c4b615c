/*
 * guardianctl slots: who streams, and how many may; with --watch again and again.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "ctl.h"
#include "guardian/clock.h"
#include "guardian/slots_page.h"
#include "guardian/slots_view.h"
#include "guardian/status_page.h"

struct slots_options {
	bool json, watch;
};

static bool read_options(struct slots_options *options, int argc, char **argv)
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
	fprintf(stderr, "guardianctl slots: takes no argument like '%s'\n", argv[optind]);
	return false;
}

static enum ctl_exit no_memory(void)
{
	fprintf(stderr, "guardianctl slots: %s\n", strerror(ENOMEM));
	return CTL_FAILURE;
}

static enum ctl_exit show_json(const struct cJSON *view)
{
	char *text = cJSON_PrintUnformatted(view);
	enum ctl_exit result;

	if (!text)
		return no_memory();
	result = ctl_write(text, strlen(text));
	if (result == CTL_OK)
		result = ctl_write("\n", 1);
	cJSON_free(text);
	return result;
}

static enum ctl_exit show_page(const struct ctl *ctl, const struct slots_options *options,
	const struct heartbeat *hb, const struct cJSON *view)
{
	char *buf = malloc(STATUS_PAGE_SIZE);
	struct text_out out;
	enum ctl_exit result;

	if (!buf)
		return no_memory();
	text_out_init(&out, buf, STATUS_PAGE_SIZE);
	if (options->watch && ctl->screen.terminal)
		text_put(&out, "\033[H\033[J"); /* home, clear below */
	slots_page(&out, &ctl->screen, hb, view);
	result = ctl_write(out.buf, out.len);
	free(buf);
	return result;
}

/* Reads and draws once. */
static enum ctl_exit show(const struct ctl *ctl, const struct slots_options *options)
{
	struct heartbeat hb;
	struct cJSON *view;
	enum ctl_exit result;

	heartbeat_read(&hb, ctl->rootfd);
	view = slots_view(&hb, ctl->rootfd, clock_now_us(CLOCK_REALTIME));
	if (!view)
		result = no_memory();
	else
		result = options->json ? show_json(view) : show_page(ctl, options, &hb, view);
	if (hb.state != HEARTBEAT_ALIVE)
		result = CTL_FAILURE;
	cJSON_Delete(view);
	heartbeat_free(&hb);
	return result;
}

/* Until the person has seen enough, or nobody reads any more. */
static enum ctl_exit watch(const struct ctl *ctl, const struct slots_options *options)
{
	static const struct timespec pause = {1, 0};

	for (;;) {
		struct ctl now = *ctl;

		screen_detect(&now.screen, 1);
		(void)show(&now, options);
		if (ferror(stdout))
			return CTL_FAILURE;
		(void)nanosleep(&pause, NULL);
	}
}

enum ctl_exit slots_command(const struct ctl *ctl, int argc, char **argv)
{
	struct slots_options options = {false, false};

	if (!read_options(&options, argc, argv))
		return CTL_USAGE;
	return options.watch ? watch(ctl, &options) : show(ctl, &options);
}
