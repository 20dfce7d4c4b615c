/*
 * event_out: the one place where the numbers of an event become words. The catalogue is event.c.
 */
#include <errno.h>
#include <string.h>

#include "guardian/event.h"
#include "guardian/limit.h"
#include "guardian/snapshot.h"
#include "guardian/swap_fs_kind.h"

/* In the order of the bits of enum host_reading and enum member_reading. */
static const char *const host_readings[] = {
	"/proc/meminfo",
	"Swap (/proc/meminfo)",
	"/proc/vmstat",
	"/proc/pressure/memory",
	"/proc/pressure/io",
	"/proc/pressure/cpu",
};
static const char *const member_readings[] = {
	"memory.current",
	"memory.stat",
	"memory.swap.current",
	"memory.events",
	"memory.events.local",
	"memory.pressure",
	"cgroup.events",
	"pids.current",
	"memory.peak",
	"memory.high",
	"memory.max of the inner group",
	"Docker's stored configuration",
};

/* All that a sentence may speak of. */
struct telling {
	const struct event *event;
	const struct policy *policy;
	const char *extra;
};

/* Names and errors come from outside: no newline and no terminal sequence may pass. */
static void put_plain(struct text_out *out, const char *s)
{
	text_put_plain(out, s, "", " ");
}

static void put_service_at(struct text_out *out, const struct policy *p, uint64_t index)
{
	if (index == SERVICE_NONE)
		text_put(out, "the host");
	else if (!p || index >= p->n_services)
		text_put(out, "a service");
	else
		put_plain(out, p->service[index].name);
}

static void put_service(struct text_out *out, const struct telling *t)
{
	put_service_at(out, t->policy, t->event->service);
}

static void put_other(struct text_out *out, const struct telling *t)
{
	put_service_at(out, t->policy, t->event->n[0]);
}

static void put_limit_word(struct text_out *out, const struct telling *t)
{
	text_put(out, t->event->limit < LIMIT_COUNT ? limit_word(t->event->limit) : "a limit");
}

static void put_space(struct text_out *out, const uint64_t n[EVENT_NUMBERS])
{
	text_put(out, " (");
	text_put_size(out, n[0]);
	text_put(out, " wanted, ");
	text_put_size(out, n[1]);
	text_put(out, " free, ");
	text_put_size(out, n[2]);
	text_put(out, " to stay free)");
}

static void put_fs(struct text_out *out, uint64_t magic)
{
	struct swap_fs_kind fs = swap_fs_kind((uint32_t)magic);

	if (!fs.name)
		return;
	text_put(out, " (");
	text_put(out, fs.name);
	text_put(out, " ");
	text_put(out, fs.reason ? fs.reason : "");
	text_put(out, ")");
}

void event_put_reason(
	struct text_out *out, enum event_reason reason, const uint64_t n[EVENT_NUMBERS])
{
	text_put(out, event_reason_words(reason));
	if (reason == REASON_SWAP_SPACE)
		put_space(out, n);
	else if (reason == REASON_SWAP_FS)
		put_fs(out, n[3]);
}

static void put_reason(struct text_out *out, const struct telling *t)
{
	event_put_reason(out, (enum event_reason)t->event->reason, t->event->n);
}

static void put_file(struct text_out *out, const struct telling *t)
{
	put_plain(out, t->policy && t->policy->swap.file[0] ? t->policy->swap.file : "swap");
	text_put(out, swap_file_suffix(t->event->subject));
}

static void put_knob(struct text_out *out, const struct telling *t)
{
	text_put(out, t->event->subject == KNOB_ZSWAP ? "zswap" : "vm.swappiness");
}

static void put_peer(struct text_out *out, const struct telling *t)
{
	text_put(out, peer_name(t->event->subject));
}

static enum lack lack_of(const struct event *e)
{
	return e->subject < LACK_COUNT ? (enum lack)(1U << e->subject) : (enum lack)0;
}

static void put_lack(struct text_out *out, const struct telling *t)
{
	text_put(out, lack_name(lack_of(t->event)));
}

static void put_effect(struct text_out *out, const struct telling *t)
{
	text_put(out, lack_effect(lack_of(t->event)));
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void put_reading(struct text_out *out, const struct telling *t)
{
	bool of_host = t->event->service == SERVICE_NONE;
	size_t n = of_host ? COUNT(host_readings) : COUNT(member_readings);
	size_t bit = t->event->subject;

	text_put(out, bit >= n ? "a reading" : of_host ? host_readings[bit] : member_readings[bit]);
}

static void put_extra(struct text_out *out, const struct telling *t)
{
	if (!t->extra || !*t->extra)
		return;
	text_put(out, ": ");
	put_plain(out, t->extra);
}

/* 12, or -12 as a result carries it. */
static void put_errno(struct text_out *out, uint64_t n)
{
	uint64_t number = n > INT64_MAX ? 0 - n : n;
	const char *words = number <= INT32_MAX ? strerrordesc_np((int)number) : NULL;

	if (words) {
		text_put(out, words);
	} else {
		text_put(out, "error ");
		text_put_u64(out, number);
	}
}

static void put_pct(struct text_out *out, uint64_t n)
{
	text_put_percent(out, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
}

static const struct {
	const char *name;
	void (*put)(struct text_out *out, const struct telling *t);
} words[] = {
	{"service", put_service},
	{"other", put_other},
	{"limit", put_limit_word},
	{"reason", put_reason},
	{"peer", put_peer},
	{"lack", put_lack},
	{"effect", put_effect},
	{"reading", put_reading},
	{"file", put_file},
	{"knob", put_knob},
	{"extra", put_extra},
};

static const struct {
	const char *name;
	void (*put)(struct text_out *out, uint64_t n);
} formats[] = {
	{"", text_put_u64},
	{":size", text_put_size},
	{":limit", text_put_size},
	{":pct", put_pct},
	{":errno", put_errno},
	{":mode", text_put_mode},
};

bool event_put_number(
	struct text_out *out, struct text_span format, uint64_t n, enum limit_kind limit)
{
	if (text_is(format, ":limit") && limit == LIMIT_OOM_GROUP) {
		text_put(out, n ? "on" : "off");
		return true;
	}
	for (size_t f = 0; f < COUNT(formats); f++) {
		if (text_is(format, formats[f].name)) {
			formats[f].put(out, n);
			return true;
		}
	}
	return false;
}

static bool put_word(struct text_out *out, const struct telling *t, struct text_span holder)
{
	for (size_t w = 0; w < COUNT(words); w++) {
		if (text_is(holder, words[w].name)) {
			words[w].put(out, t);
			return true;
		}
	}
	return false;
}

/* "0:size" */
static bool put_holder(struct text_out *out, struct text_span holder, const void *userdata)
{
	const struct telling *t = userdata;
	size_t i = (size_t)(holder.start[0] - '0');
	struct text_span format = {holder.start + 1, holder.len - 1};

	if (i >= EVENT_NUMBERS)
		return put_word(out, t, holder);
	return event_put_number(out, format, t->event->n[i], (enum limit_kind)t->event->limit);
}

void event_message(
	struct text_out *out, const struct event *e, const struct policy *p, const char *extra)
{
	const struct telling t = {.event = e, .policy = p, .extra = extra};
	const struct event_info *info = event_info((enum event_kind)e->kind);
	const char *sentence = info ? info->sentence : "An unknown event";

	/* The unit test finds a holder that does not exist. */
	text_put_sentence(out, sentence, e->service != SERVICE_NONE, put_holder, &t);
}
