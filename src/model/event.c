/*
 * event: the catalogue of what guardiand tells, and the one place where numbers become words.
 *
 * A row a kind. Rules fill n[] as `field` says, in that order; journald gets each as the field of
 * that name. For oom_group the values of a limit are 0 and 1, also where the field's name says
 * _BYTES. systemd/guardiand.catalog has an entry of the same id that says what to do about it;
 * tests/unit/model/test_event.c keeps the two together.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "guardian/event.h"
#include "guardian/limit.h"
#include "guardian/snapshot.h"

/* clang-format off */
static const struct event_info infos[EVENT_COUNT] = {
	[EVENT_STARTED] = {"started", "a3d8e6122ad746e09d1de3cbdf7399bf",
		"none", LOG_NOTICE,
		{"GUARDIAN_SERVICES", "GUARDIAN_HOST_MEMORY_BYTES", "GUARDIAN_HOST_SWAP_BYTES"},
		"guardiand has started: {0} services in the policy, {1:size} of memory and "
		"{2:size} of swap{extra}"},
	[EVENT_STOPPED] = {"stopped", "5b846b629dc0458e99db338b9041b475",
		"none", LOG_NOTICE,
		{"GUARDIAN_TICKS"},
		"guardiand has stopped: limits and swap stay as they are, and nobody watches "
		"them{extra}"},
	[EVENT_POLICY_RELOADED] = {"policy_reloaded", "156eaab851df4196830e28a3023d8d01",
		"reload_policy", LOG_NOTICE,
		{"GUARDIAN_SERVICES"},
		"The policy was read again and is in force: {0} services{extra}"},
	[EVENT_POLICY_REJECTED] = {"policy_rejected", "e74584038f734a30bc26e3c49eca9bf9",
		"keep_policy", LOG_ERR,
		{"GUARDIAN_ERRORS"},
		"The changed policy is wrong in {0} places, so the old one stays in "
		"force{extra}"},
	[EVENT_SERVICE_FOUND] = {"service_found", "685bbaaf7ad74b3d848c720f1f71c120",
		"watch", LOG_INFO,
		{"GUARDIAN_INODE", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_CURRENT_BYTES"},
		"{service} is running: it uses {2:size} and its memory limit is {1:size}{extra}"},
	[EVENT_SERVICE_GONE] = {"service_gone", "0c232adecdd14b51bd7b7fabb114fb67",
		"none", LOG_NOTICE,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_PEAK_BYTES", "GUARDIAN_OOM_KILLS"},
		"{service} is gone: it last used {0:size}, at most {1:size}, and had {2} OOM "
		"kills{extra}"},
	[EVENT_SERVICE_RESTARTED] = {"service_restarted", "a9dcb12f0d49437c883c1dee4d865ee7",
		"watch", LOG_NOTICE,
		{"GUARDIAN_RESTARTS", "GUARDIAN_INODE"},
		"{service} was restarted or recreated (restarts seen: {0}): its limits are "
		"checked anew{extra}"},
	[EVENT_SERVICE_CONFLICT] = {"service_conflict", "4ba51e7680ca49e3a1edd73120b0d68e",
		"none", LOG_ERR,
		{"GUARDIAN_OTHER_INDEX"},
		"{service} and {other} match the same container: it gets the limits of neither "
		"until the policy is corrected{extra}"},
	[EVENT_LIMIT_APPLIED] = {"limit_applied", "ac2599da86394630ae4f800a446d760f",
		"set_limit", LOG_NOTICE,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_OLD_BYTES", "GUARDIAN_CURRENT_BYTES"},
		"{limit} of {service} is now {0:limit}, it was {1:limit} ({2:size} of memory in"
		" use){extra}"},
	[EVENT_LIMIT_OBSERVED] = {"limit_observed", "6fd0cc4f36904244a055ae62d81f122f",
		"observe", LOG_NOTICE,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_OLD_BYTES"},
		"{limit} of {service} would be set to {0:limit}, it is {1:limit}: guardiand "
		"only observes{extra}"},
	[EVENT_LIMIT_DRIFT] = {"limit_drift", "c3b09c0824944bc385904938724d5fd8",
		"repair_limit", LOG_WARNING,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_FOUND_BYTES", "GUARDIAN_ROUND"},
		"{limit} of {service} was changed to {1:limit} by {reason}: guardiand sets it "
		"back to {0:limit} (repair {2}){extra}"},
	[EVENT_LIMIT_REFUSED] = {"limit_refused", "0a4841b77bbf46299e902a2790c924d2",
		"refuse_limit", LOG_WARNING,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_UNRECLAIMABLE_BYTES", "GUARDIAN_CURRENT_BYTES"},
		"{limit} of {service} is not lowered to {0:limit}: {1:size} of the {2:size} in "
		"use cannot be reclaimed, and the kernel would kill it{extra}"},
	[EVENT_LIMIT_FAILED] = {"limit_failed", "05de3ca107694cb98e94573ac3534117",
		"retry_limit", LOG_ERR,
		{"GUARDIAN_ERRNO", "GUARDIAN_WANTED_BYTES"},
		"{limit} of {service} could not be set to {1:limit}: {0:errno}; guardiand will "
		"try again{extra}"},
	[EVENT_LIMIT_SURRENDERED] = {"limit_surrendered", "29a8888ecae84bc98cfc9fa2806c1913",
		"give_up", LOG_CRIT,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_FOUND_BYTES", "GUARDIAN_ROUNDS"},
		"{limit} of {service} is {1:limit} instead of {0:limit}: another program "
		"changed it back after each of {2} repairs, guardiand gives up{extra}"},
	[EVENT_LIMIT_CANNOT_UNSET] = {"limit_cannot_unset", "77b07715abe74b0aa125a74fbd0ae588",
		"none", LOG_WARNING,
		{"GUARDIAN_FOUND_BYTES"},
		"{limit} of {service} stays {0:limit}: Docker cannot make an existing container"
		" unlimited, it must be recreated{extra}"},
	[EVENT_RESERVATION_VOID] = {"reservation_void", "08231f0255bd4c1b88760050b44a166c",
		"none", LOG_WARNING,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_ANCESTOR_BYTES"},
		"The reservation of {service}, {0:size}, does not protect it: a group above it "
		"reserves only {1:size}{extra}"},
	[EVENT_SERVICE_MEMORY_NORMAL] = {"service_memory_normal", "43e29e8ffc3446c688f4efbfaf42e2f1",
		"none", LOG_NOTICE,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_ANON_BYTES"},
		"Memory of {service} is back to normal: {0:size} of {1:size} ({2:pct}){extra}"},
	[EVENT_SERVICE_MEMORY_WARN] = {"service_memory_warn", "1e980c9f5a0541b3a469d24ece2a3e88",
		"warn", LOG_WARNING,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_ANON_BYTES"},
		"Memory of {service} is getting short: {0:size} of its limit {1:size} "
		"({2:pct}), {3:size} of it anonymous{extra}"},
	[EVENT_SERVICE_MEMORY_CRITICAL] = {"service_memory_critical", "1dcafe917b774a4d841f5215c799f65b",
		"warn", LOG_CRIT,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_ANON_BYTES"},
		"Memory of {service} is nearly used up: {0:size} of its limit {1:size} "
		"({2:pct}); at the limit the kernel kills a process of it{extra}"},
	[EVENT_OOM_KILL] = {"oom_kill", "3f5a25b908634857b15c37a571624cc0",
		"none", LOG_ERR,
		{"GUARDIAN_OOM_KILLS_NEW", "GUARDIAN_OOM_KILLS", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_PEAK_BYTES"},
		"Out of memory in {service}: the kernel killed {0} of its processes[ ({1} in "
		"all; limit {2:size}, highest use {3:size})]{extra}"},
	[EVENT_HOST_MEMORY_NORMAL] = {"host_memory_normal", "36f2d6a8bd87484eb907c97e1ca0fb0b",
		"none", LOG_NOTICE,
		{"GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_PSI_SOME_AVG10_CENTIPCT"},
		"Memory of the host is back to normal: {0:size} of {1:size} available ({2:pct} "
		"used){extra}"},
	[EVENT_HOST_MEMORY_WARN] = {"host_memory_warn", "1731d79bc15b4b33bfc535e0cf4fff28",
		"warn", LOG_WARNING,
		{"GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_PSI_SOME_AVG10_CENTIPCT"},
		"Memory of the host is getting short: {0:size} of {1:size} available ({2:pct} "
		"used){extra}"},
	[EVENT_HOST_MEMORY_CRITICAL] = {"host_memory_critical", "85cced876fc04ea8ac64b6419854c2c6",
		"warn", LOG_CRIT,
		{"GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_PSI_SOME_AVG10_CENTIPCT"},
		"Memory of the host is nearly used up: {0:size} of {1:size} available ({2:pct} "
		"used); without help it may stall{extra}"},
	[EVENT_READING_LOST] = {"reading_lost", "1ac12f6356bd46f5b3258bbe7a095464",
		"none", LOG_WARNING,
		{NULL},
		"{reading} of {service} cannot be read any more: nothing is decided from it "
		"until it is back{extra}"},
	[EVENT_READING_BACK] = {"reading_back", "e4944fa9cb6042b98a32aebaf0aa6e48",
		"none", LOG_NOTICE,
		{NULL},
		"{reading} of {service} can be read again{extra}"},
	[EVENT_PEER_SILENT] = {"peer_silent", "a52d78d0c2a24e2e8db562cc7ea0c3ec",
		"wait", LOG_WARNING,
		{"GUARDIAN_SILENT_US"},
		"{peer} does not answer: guardiand goes on without it and asks again{extra}"},
	[EVENT_PEER_BACK] = {"peer_back", "a9d98bdf30854c82b4b8f5a5d14085f8",
		"none", LOG_NOTICE,
		{NULL},
		"{peer} answers again{extra}"},
	[EVENT_LACK] = {"lack", "65a96c690fa34b53bd76132982b57dab",
		"none", LOG_WARNING,
		{NULL},
		"This machine has no {lack}: {effect}{extra}"},
};
/* clang-format on */

const struct event_info *event_info(enum event_kind kind)
{
	return (size_t)kind < EVENT_COUNT ? &infos[kind] : NULL;
}

/* The field's word, and how a person says it. */
static const struct {
	const char *name, *words;
} reasons[REASON_COUNT] = {
	[REASON_NONE] = {"none", "an unknown writer"},
	[REASON_WRITER_SYSTEMD] = {"systemd", "systemd (a daemon-reload does that)"},
	[REASON_WRITER_DOCKER] = {"docker", "Docker (a docker update does that)"},
	[REASON_WRITER_UNKNOWN] = {"unknown", "an unknown writer (directly in the cgroup's file)"},
};

const char *event_reason_name(enum event_reason reason)
{
	return (size_t)reason < REASON_COUNT ? reasons[reason].name : "unknown";
}

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
	for (; *s; s++)
		text_put_span(out, (unsigned char)*s < 0x20 || *s == 0x7F ? " " : s, 1);
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

static void put_reason(struct text_out *out, const struct telling *t)
{
	size_t reason = t->event->reason < REASON_COUNT ? t->event->reason : REASON_NONE;

	text_put(out, reasons[reason].words);
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

/* The value of the limit that the event speaks of. */
static void put_limit_value(struct text_out *out, const struct telling *t, uint64_t n)
{
	if (t->event->limit == LIMIT_OOM_GROUP)
		text_put(out, n ? "on" : "off");
	else
		text_put_size(out, n);
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
	{"extra", put_extra},
};

static const struct {
	const char *name;
	void (*put)(struct text_out *out, uint64_t n);
} formats[] = {
	{"", text_put_u64},
	{":size", text_put_size},
	{":pct", put_pct},
	{":errno", put_errno},
};

/* "0:size": false when it is no such thing. */
static bool put_number(struct text_out *out, const struct telling *t, struct text_span holder)
{
	size_t i = (size_t)(holder.start[0] - '0');
	struct text_span format = {holder.start + 1, holder.len - 1};

	if (i >= EVENT_NUMBERS)
		return false;
	if (text_is(format, ":limit")) {
		put_limit_value(out, t, t->event->n[i]);
		return true;
	}
	for (size_t f = 0; f < COUNT(formats); f++) {
		if (text_is(format, formats[f].name)) {
			formats[f].put(out, t->event->n[i]);
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

/* Writes the placeholder at S, "{...}". -> what follows it. */
static const char *put_holder(struct text_out *out, const struct telling *t, const char *s)
{
	size_t end = strcspn(s, "}");
	struct text_span holder = {s + 1, end - 1};

	/* One that does not exist stays visible; the unit test finds it. */
	if (!put_number(out, t, holder) && !put_word(out, t, holder))
		text_put_span(out, s, end + 1);
	return s + end + 1;
}

void event_message(
	struct text_out *out, const struct event *e, const struct policy *p, const char *extra)
{
	struct telling t = {.event = e, .policy = p, .extra = extra};
	const char *s = e->kind < EVENT_COUNT ? infos[e->kind].sentence : "An unknown event";

	while (*s) {
		size_t plain = strcspn(s, "{[]");

		text_put_span(out, s, plain);
		s += plain;
		if (*s == '{')
			s = put_holder(out, &t, s);
		else if (*s == '[' && e->service == SERVICE_NONE)
			s += strcspn(s, "]");
		else if (*s)
			s++;
	}
}
