/*
 * status_page: see the header. What a dead daemon left behind is still shown, below a line that
 * says so first.
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/event_list.h"
#include "guardian/status_grid.h"
#include "guardian/status_page.h"

enum {
	EVENTS_SHOWN = 8,
	HOST_BAR = 20,
	WORDS = 256, /* columns of a text that is cut by nothing but sanity */
};

void status_age(struct text_out *out, uint64_t us)
{
	static const struct {
		uint64_t below_s, unit_s;
		const char *unit;
	} steps[] = {
		{120, 1, " s"},
		{7200, 60, " min"},
		{172800, 3600, " h"},
		{UINT64_MAX, 86400, " days"},
	};
	uint64_t seconds = us / 1000000;
	int i = 0;

	if (us < 10000000) {
		text_put_u64(out, seconds);
		text_put(out, ".");
		text_put_u64(out, us / 100000 % 10);
		text_put(out, " s");
		return;
	}
	while (seconds >= steps[i].below_s)
		i++;
	text_put_u64(out, seconds / steps[i].unit_s);
	text_put(out, steps[i].unit);
}

/* ---- is it alive ---- */

static void put_ago(struct text_out *out, const struct heartbeat *hb)
{
	if (hb->age_us == UINT64_MAX) {
		text_put(out, "before this boot");
		return;
	}
	status_age(out, hb->age_us);
	text_put(out, " ago");
}

static void say_alive(struct text_out *out, const struct screen *screen, const struct heartbeat *hb)
{
	const struct cJSON *policy = status_item(hb->json, "policy");

	text_put(out, "guardiand ");
	(void)screen_put(out, screen, hb->head.version, WORDS);
	text_put(out, " is running (pid ");
	text_put_u64(out, hb->head.pid);
	text_put(out, "), ");
	text_put(out, strcmp(hb->head.mode, "observe") == 0 ? "observing only" : "enforcing");
	text_put(out, ", policy ");
	(void)screen_put(out, screen, status_string(policy, "file"), WORDS);
	text_put(out, ", last tick ");
	put_ago(out, hb);
}

static void say_old(struct text_out *out, const struct screen *screen, const struct heartbeat *hb)
{
	(void)screen;
	text_put(out, "guardiand IS STUCK: process ");
	text_put_u64(out, hb->head.pid);
	text_put(out, " is there, but its last tick was ");
	put_ago(out, hb);
	text_put(out, ". Nobody is watching; what follows is old.");
}

static void say_gone(struct text_out *out, const struct screen *screen, const struct heartbeat *hb)
{
	(void)screen;
	text_put(out, "guardiand IS NOT RUNNING: process ");
	text_put_u64(out, hb->head.pid);
	text_put(out, " has gone, its last tick was ");
	put_ago(out, hb);
	text_put(out, ". Nobody is watching; what follows is old.");
}

static void say_none(struct text_out *out, const struct screen *screen, const struct heartbeat *hb)
{
	(void)screen, (void)hb;
	text_put(out, "guardiand IS NOT RUNNING: there is no /run/guardian/status.json. "
		      "Start it with: systemctl start guardiand");
}

static void say_unreadable(
	struct text_out *out, const struct screen *screen, const struct heartbeat *hb)
{
	(void)screen;
	text_put(out, "guardiand's state is UNKNOWN: /run/guardian/status.json: ");
	text_put(out, strerrordesc_np(-hb->error));
}

static const struct {
	enum screen_colour colour;
	void (*say)(struct text_out *, const struct screen *, const struct heartbeat *);
} lives[] = {
	[HEARTBEAT_ALIVE] = {COLOUR_PLAIN, say_alive},
	[HEARTBEAT_OLD] = {COLOUR_BAD, say_old},
	[HEARTBEAT_GONE] = {COLOUR_BAD, say_gone},
	[HEARTBEAT_NONE] = {COLOUR_BAD, say_none},
	[HEARTBEAT_UNREADABLE] = {COLOUR_BAD, say_unreadable},
};

void status_life(struct text_out *out, const struct screen *screen, const struct heartbeat *hb)
{
	screen_colour(out, screen, lives[hb->state].colour);
	lives[hb->state].say(out, screen, hb);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "\n");
}

/* ---- the host ---- */

static void put_memory(struct text_out *out, const struct screen *screen, const struct cJSON *host)
{
	uint64_t total, available;

	if (!status_number(host, "mem_total_bytes", &total) ||
		!status_number(host, "mem_available_bytes", &available) || available > total) {
		text_put(out, "memory unknown");
		return;
	}
	screen_colour(out, screen, status_colour(status_string(host, "level")));
	screen_bar(out, screen, status_centipct(total - available, total), HOST_BAR);
	text_put(out, " ");
	text_put_centi(out, status_centipct(total - available, total));
	text_put(out, "%");
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "  ");
	text_put_size(out, total - available);
	text_put(out, " of ");
	text_put_size(out, total);
	text_put(out, " used");
}

static void put_swap(struct text_out *out, const struct cJSON *host)
{
	uint64_t total, free_bytes;

	if (!status_number(host, "swap_total_bytes", &total))
		return;
	text_put(out, ", swap ");
	if (total == 0) {
		text_put(out, "none");
		return;
	}
	if (status_number(host, "swap_free_bytes", &free_bytes) && free_bytes <= total) {
		text_put_size(out, total - free_bytes);
		text_put(out, " of ");
	}
	text_put_size(out, total);
	if (strcmp(status_string(host, "rules"), "without_swap") == 0)
		text_put(out, " (not counted on)");
}

/* Percent of the last 10 s in which some task, or all, stood still for want of memory. */
static void put_pressure(struct text_out *out, const struct cJSON *psi)
{
	uint64_t some, full;

	if (!status_number(psi, "some_avg10_centipct", &some) ||
		!status_number(psi, "full_avg10_centipct", &full))
		return;
	text_put(out, ", pressure some ");
	text_put_centi(out, some);
	text_put(out, "% full ");
	text_put_centi(out, full);
	text_put(out, "%");
}

static void put_host(struct text_out *out, const struct screen *screen, const struct cJSON *host)
{
	const char *level = status_string(host, "level");

	text_put(out, "host  ");
	screen_colour(out, screen, status_colour(level));
	(void)screen_put(out, screen, level, WORDS);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "  ");
	put_memory(out, screen, host);
	put_swap(out, host);
	put_pressure(out, status_item(host, "psi_memory"));
	text_put(out, "\n");
}

/* ---- what is not as it should be ---- */

static void put_warning(
	struct text_out *out, const struct screen *screen, const char *head, const char *text)
{
	screen_colour(out, screen, COLOUR_WARN);
	text_put(out, head);
	(void)screen_put(out, screen, text, WORDS);
	screen_colour(out, screen, COLOUR_PLAIN);
	text_put(out, "\n");
}

static void put_unlimited(
	struct text_out *out, const struct screen *screen, const struct cJSON *status)
{
	uint64_t n;
	char buf[96];
	struct text_out text;

	if (!status_number(status, "unlimited", &n) || n == 0)
		return;
	text_out_init(&text, buf, sizeof(buf));
	text_put_u64(&text, n);
	text_put(&text, n == 1 ? " container runs" : " containers run");
	text_put(&text, " without a memory limit; guardiand --check names them");
	put_warning(out, screen, "unlimited: ", buf);
}

static void put_warnings(
	struct text_out *out, const struct screen *screen, const struct cJSON *status)
{
	const struct cJSON *lack;
	const char *error = status_string(status_item(status, "policy"), "error");
	const char *docker = status_string(status_item(status, "peers"), "docker");

	cJSON_ArrayForEach(lack, status_item(status, "lacks")) if (cJSON_IsString(lack))
		put_warning(out, screen, "missing: ", lack->valuestring);
	if (error[0])
		put_warning(out, screen, "policy not reloaded: ", error);
	if (strcmp(docker, "silent") == 0)
		put_warning(out, screen, "docker: ", "dockerd does not answer");
	put_unlimited(out, screen, status);
}

/* ---- the events ---- */

static void put_events(
	struct text_out *out, const struct screen *screen, const struct cJSON *events)
{
	const struct cJSON *item;
	struct event_record record;
	int skip = cJSON_GetArraySize(events) - EVENTS_SHOWN;

	if (cJSON_GetArraySize(events) == 0)
		return;
	text_put(out, "\n");
	cJSON_ArrayForEach(item, events)
	{
		if (skip-- > 0)
			continue;
		event_record_from_status(item, &record);
		event_record_line(out, screen, &record);
	}
}

void status_page(struct text_out *out, const struct screen *screen, const struct heartbeat *hb)
{
	status_life(out, screen, hb);
	if (!hb->json)
		return;
	put_host(out, screen, status_item(hb->json, "host"));
	put_warnings(out, screen, hb->json);
	text_put(out, "\n");
	status_grid(out, screen, status_item(hb->json, "services"));
	put_events(out, screen, status_item(hb->json, "events"));
}

void status_page_json(struct text_out *out, const struct heartbeat *hb)
{
	const char *rest = hb->json ? strchr(hb->text, '{') : NULL;

	text_put(out, hb->state == HEARTBEAT_ALIVE ? "{\"alive\":true" : "{\"alive\":false");
	if (!rest) {
		text_put(out, "}\n");
		return;
	}
	/* A status file always has a head, so there is something to put a comma before. */
	text_put(out, ",");
	text_put(out, rest + 1);
	if (hb->len > 0 && hb->text[hb->len - 1] != '\n')
		text_put(out, "\n");
}
