/*
 * guardianctl swap: what swap there is, who uses it, and what guardiand would change.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "ctl.h"
#include "guardian/status_page.h"
#include "guardian/swap_page.h"
#include "guardian/swap_view.h"

static bool read_options(bool *json, int argc, char **argv)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "j", longs, NULL)) != -1) {
		if (c != 'j')
			return false;
		*json = true;
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "guardianctl swap: takes no argument like '%s'\n", argv[optind]);
	return false;
}

static enum ctl_exit no_memory(void)
{
	fprintf(stderr, "guardianctl swap: %s\n", strerror(ENOMEM));
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

static enum ctl_exit show_page(
	const struct ctl *ctl, const struct heartbeat *hb, const struct cJSON *view)
{
	char *buf = malloc(STATUS_PAGE_SIZE);
	struct text_out out;
	enum ctl_exit result;

	if (!buf)
		return no_memory();
	text_out_init(&out, buf, STATUS_PAGE_SIZE);
	swap_page(&out, &ctl->screen, hb, view);
	result = ctl_write(out.buf, out.len);
	free(buf);
	return result;
}

enum ctl_exit swap_command(const struct ctl *ctl, int argc, char **argv)
{
	struct heartbeat hb;
	struct cJSON *view;
	enum ctl_exit result;
	bool json = false;

	if (!read_options(&json, argc, argv))
		return CTL_USAGE;
	heartbeat_read(&hb, ctl->rootfd);
	view = swap_view(&hb, ctl->rootfd);
	if (!view)
		result = no_memory();
	else
		result = json ? show_json(view) : show_page(ctl, &hb, view);
	if (hb.state != HEARTBEAT_ALIVE)
		result = CTL_FAILURE;
	cJSON_Delete(view);
	heartbeat_free(&hb);
	return result;
}
