/*
 * check_words: see the header. Every kind of finding has a row: its name, what is wrong, what to
 * do, and what its numbers are called.
 */
#include <string.h>

#include "guardian/check_words.h"
#include "guardian/event.h"

/* {service} {other} {container} {limit} {lack} {effect} {file} {reason}; {0} a number as it is,
 * {0:size} {0:pct} {0:ago} {0:errno}, {0:limit}: on/off for oom_group and a size else. `field`
 * names the numbers for JSON. */
static const struct {
	const char *name, *sentence, *advice;
	const char *field[CHECK_NUMBERS];
} rows[CHECK_KINDS] = {
	[CHECK_DAEMON_SILENT] = {"daemon_silent",
		"nobody is watching: guardiand (pid {0}) is stuck, its last tick was {1:ago}",
		"look at it with: journalctl -u guardiand; then: systemctl restart guardiand",
		{"pid", "age_us", "patience_us"}},
	[CHECK_DAEMON_GONE] = {"daemon_gone",
		"nobody is watching: guardiand (pid {0}) has gone, its last tick was {1:ago}",
		"see why with: journalctl -u guardiand; then: systemctl restart guardiand",
		{"pid", "age_us"}},
	[CHECK_DAEMON_ABSENT] = {"daemon_absent", "nobody is watching: guardiand is not running",
		"start it with: systemctl enable --now guardiand", {NULL}},
	[CHECK_DAEMON_HIDDEN] = {"daemon_unread",
		"it is not known whether guardiand is alive: its status file cannot be read: "
		"{0:errno}",
		"run the check as root, or correct the rights of /run/guardian", {"errno"}},
	[CHECK_POLICY_REJECTED] = {"policy_rejected",
		"guardiand runs with an older policy: it refused the last reload",
		"the policy is right by now: systemctl reload guardiand", {NULL}},
	[CHECK_POLICY_OPEN] = {"policy_open",
		"others than root may write the policy, and so command guardiand",
		"chown root and chmod go-w on the file", {NULL}},
	[CHECK_OBSERVING] = {"observing", "the policy only observes: limits are told and not set",
		"when the events look right, write `mode: enforce`", {NULL}},
	[CHECK_MEMORY_UNREAD] = {"memory_unread",
		"the memory of the host cannot be read: MemTotal or MemAvailable is not in "
		"/proc/meminfo",
		"in a unit, take away ProcSubset=pid; else look at /proc/meminfo", {NULL}},
	[CHECK_HOST_WARN] = {"host_memory_warn",
		"memory of the host is getting short: {0:pct} used (warning from {1:pct}), "
		"{2:size} of {3:size} available",
		"see who uses it with: guardianctl status",
		{"used_centipct", "threshold_centipct", "available_bytes", "total_bytes"}},
	[CHECK_HOST_CRITICAL] = {"host_memory_critical",
		"memory of the host is nearly used up: {0:pct} used (critical from {1:pct}), "
		"{2:size} of {3:size} available",
		"stop what is least needed, before the host stalls; see who uses it with: "
		"guardianctl status",
		{"used_centipct", "threshold_centipct", "available_bytes", "total_bytes"}},
	[CHECK_SWAP_UNREAD] = {"swap_unread",
		"it cannot be read whether there is swap: SwapTotal or SwapFree is not in "
		"/proc/meminfo",
		"look at /proc/meminfo", {NULL}},
	[CHECK_NO_SWAP] = {"no_swap",
		"there is no swap: when memory runs out the host stalls at once",
		"write a `size: 2g` below `swap:` into the policy: guardiand makes it and keeps it "
		"in use",
		{NULL}},
	[CHECK_SWAP_ABSENT] = {"swap_absent", "the swap file {file} is not in use",
		"guardiand, when it runs and enforces, sees to that; its events say what is in the "
		"way: guardianctl events",
		{"file"}},
	[CHECK_SWAP_SMALL] = {"swap_small",
		"there is less swap than the policy wants: {1:size} of {0:size}",
		"guardiand, when it runs and enforces, sees to that after the next reload; see: "
		"guardianctl swap",
		{"wanted_bytes", "found_bytes"}},
	[CHECK_SWAP_MODE] = {"swap_mode",
		"the swap file {file} is not root's alone: others may read the memory in it",
		"chown root and chmod 600 on the file; guardiand, when it runs and enforces, does "
		"that",
		{"file", "mode", "uid"}},
	[CHECK_SWAP_UNUSABLE] = {"swap_unusable", "the swap file {file} cannot be had: {reason}",
		"name another path or size below `swap:`, or clear the way; then: systemctl reload "
		"guardiand",
		{"file", "free_bytes", "reserve_bytes", "wanted_bytes"}},
	[CHECK_SWAP_HIGH] = {"swap_high", "swap is nearly full: {0:pct}, {1:size} of {2:size}",
		"see who uses it with: guardianctl swap",
		{"used_centipct", "used_bytes", "total_bytes"}},
	[CHECK_NO_STREAM_CAP] = {"no_stream_cap",
		"there is no cap on streams: viewers enough can use up the memory that is left",
		"write a `max: 6` below `streams:` into the policy, and start streams by "
		"guardian-stream",
		{NULL}},
	[CHECK_SEMAPHORE_UNREAD] = {"semaphore_unread",
		"the semaphore file of the streams cannot be looked at", "run the check as root",
		{NULL}},
	[CHECK_SEMAPHORE] = {"semaphore",
		"the semaphore file of the streams is not as it should be: {reason}",
		"guardiand, when it runs and enforces, sees to that; its events say what is in the "
		"way: guardianctl events",
		{"errno"}},
	[CHECK_STREAMS_FULL] = {"streams_full",
		"all slots of the streams are in use: {0} of {1} (the policy allows {2}), the next "
		"one is refused",
		"see who runs with: guardianctl slots", {"in_use", "effective_cap", "cap"}},
	[CHECK_STREAMS_FEWER] = {"streams_fewer",
		"fewer streams may run than the policy allows, {0} of {1}: {reason}",
		"it recovers by itself when memory is free; see: guardianctl slots",
		{"effective_cap", "cap"}},
	[CHECK_STREAMS_STRAY] = {"streams_stray",
		"streams run without a slot: {0} run, {1} slots are in use",
		"start them by guardian-stream; see who with: guardianctl slots",
		{"running", "in_use"}},
	[CHECK_OVERCOMMIT] = {"overcommit",
		"limits promise more than there is: {0:size} of limits and {1:size} of reserve on "
		"{2:size} of memory",
		"lower mem_limit of some services, or take a larger machine",
		{"limits_bytes", "reserve_bytes", "total_bytes"}},
	[CHECK_LACK] = {"lack", "this machine has no {lack}: {effect}",
		"guardiand(8) says what each part needs", {NULL}},
	[CHECK_DOCKER_SILENT] = {"docker_silent",
		"dockerd does not answer on its socket: names come from its files, and nothing can "
		"be stored",
		"see: systemctl status docker", {NULL}},
	[CHECK_UNLIMITED] = {"unlimited_container",
		"container {container} runs without a memory limit: it alone can use up the host",
		"give it a service with mem_limit in the policy, or recreate it with --memory",
		{NULL}},
	[CHECK_LIMIT_UNREAD] = {"limit_unread",
		"the memory limit of container {container} cannot be read",
		"it may just have stopped; look again", {NULL}},
	[CHECK_NAMES_UNREAD] = {"names_unread",
		"containers whose name could not be read: {0}; their services are not known",
		"run the check as root, with dockerd answering", {"containers"}},
	[CHECK_CROWDED] = {"crowded",
		"there are more cgroups than can be looked at: at least {0} were left out",
		"fewer containers on this host; the bounds are in guardiand(8)", {"cgroups"}},
	[CHECK_SERVICE_ABSENT] = {"service_absent",
		"{service} is in the policy, and nothing that runs is it",
		"start it, or correct its container, compose, unit or cgroup in the policy",
		{NULL}},
	[CHECK_CONFLICT] = {"service_conflict",
		"{service} and {other} both match one container: it gets the limits of neither",
		"make the policy name it once", {NULL}},
	[CHECK_SERVICE_UNREAD] = {"service_unread", "memory or limit of {service} cannot be read",
		"it may just have stopped; look again", {NULL}},
	[CHECK_SERVICE_WARN] = {"service_memory_warn",
		"memory of {service} is getting short: {0:pct} of its limit (warning from "
		"{1:pct}), {2:size} of {3:size}",
		"raise its mem_limit, or look for a leak",
		{"used_centipct", "threshold_centipct", "working_set_bytes", "limit_bytes"}},
	[CHECK_SERVICE_CRITICAL] = {"service_memory_critical",
		"memory of {service} is nearly used up: {0:pct} of its limit (critical from "
		"{1:pct}), {2:size} of {3:size}",
		"raise its mem_limit or restart it: at the limit the kernel kills a process of it",
		{"used_centipct", "threshold_centipct", "working_set_bytes", "limit_bytes"}},
	[CHECK_DRIFT] = {"limit_drift", "{limit} of {service} is {1:limit} and should be {0:limit}",
		"guardiand, when it runs and enforces, repairs that; its events name the writer: "
		"guardianctl events",
		{"wanted", "found"}},
	[CHECK_REFUSED] = {"limit_refused",
		"{limit} of {service} stays {1:limit}: to lower it to {0:limit} would kill what "
		"cannot be reclaimed",
		"restart the service, raise its mem_limit, or write `force: true`",
		{"wanted", "found"}},
	[CHECK_FAILED] = {"limit_failed",
		"{limit} of {service} is {1:limit} and could not be set to {0:limit}; guardiand "
		"tries again",
		"the reason is in: guardianctl events", {"wanted", "found"}},
	[CHECK_SURRENDERED] = {"limit_surrendered",
		"{limit} of {service} is {1:limit} instead of {0:limit}: another program keeps "
		"changing it, guardiand has "
		"given up",
		"find that writer with: guardianctl events; stop it, then: systemctl reload "
		"guardiand",
		{"wanted", "found"}},
	[CHECK_VOID_RESERVATION] = {"reservation_void",
		"the reservation of {service}, {0:size}, is void: a cgroup above it reserves "
		"{1:size} where those below "
		"want {2:size}",
		"guardiand, when it runs and enforces, arranges that; else give the slice "
		"MemoryLow={2:size}",
		{"wanted_bytes", "ancestor_bytes", "needed_bytes"}},
};

const char *check_kind_name(enum check_kind kind)
{
	return rows[kind].name;
}

const char *check_kind_field(enum check_kind kind, int i)
{
	return i < CHECK_NUMBERS ? rows[kind].field[i] : NULL;
}

/* ---- sentences ---- */

struct telling {
	const struct check_world *world;
	const struct check_finding *finding;
};

void check_put_plain(struct text_out *out, const char *s)
{
	text_put_plain(out, s, "|", "?");
}

static void put_service_at(struct text_out *out, const struct policy *policy, uint16_t service)
{
	check_put_plain(out, service < policy->n_services ? policy->service[service].name : "?");
}

static void put_service(struct text_out *out, const struct telling *t)
{
	put_service_at(out, t->world->policy, t->finding->service);
}

static void put_other(struct text_out *out, const struct telling *t)
{
	put_service_at(out, t->world->policy, t->finding->other);
}

static void put_container(struct text_out *out, const struct telling *t)
{
	check_put_plain(out, t->world->container[t->finding->container].name);
}

static void put_limit(struct text_out *out, const struct telling *t)
{
	text_put(out, limit_word(t->finding->limit));
}

static void put_lack(struct text_out *out, const struct telling *t)
{
	text_put(out, lack_name((enum lack)(1U << t->finding->subject)));
}

static void put_effect(struct text_out *out, const struct telling *t)
{
	text_put(out, lack_effect((enum lack)(1U << t->finding->subject)));
}

static void put_file(struct text_out *out, const struct telling *t)
{
	check_put_plain(out, t->world->policy->swap.file);
	text_put(out, swap_file_suffix(t->finding->n[0] > 0));
}

static void put_reason(struct text_out *out, const struct telling *t)
{
	const uint64_t *found = t->finding->n;
	const uint64_t n[EVENT_NUMBERS] = {
		found[3], found[1], found[2], t->world->snap->swap.fs_magic};

	event_put_reason(out, (enum event_reason)t->finding->subject, n);
}

static const struct {
	const char *name;
	void (*put)(struct text_out *out, const struct telling *t);
} words[] = {
	{"service", put_service},
	{"other", put_other},
	{"container", put_container},
	{"limit", put_limit},
	{"lack", put_lack},
	{"effect", put_effect},
	{"file", put_file},
	{"reason", put_reason},
};

/* To a second: a silence worth telling has lasted for ten. */
static void put_ago(struct text_out *out, uint64_t us)
{
	if (us == UINT64_MAX) {
		text_put(out, "before this boot");
		return;
	}
	text_put_duration(out, us / 1000000 * 1000000);
	text_put(out, " ago");
}

static void put_errno(struct text_out *out, uint64_t n)
{
	const char *description = strerrordesc_np((int)(n & INT32_MAX));

	text_put(out, description ? description : "unknown error");
}

/* "0:size" */
static bool put_number(struct text_out *out, const struct telling *t, struct text_span holder)
{
	struct text_span format = {holder.start + 1, holder.len - 1};
	const struct check_finding *f = t->finding;
	uint64_t n = f->n[holder.start[0] - '0'];

	if (text_is(format, ":ago"))
		put_ago(out, n);
	else if (text_is(format, ":errno"))
		put_errno(out, n);
	else
		return event_put_number(out, format, n, (enum limit_kind)f->limit);
	return true;
}

static bool put_holder(struct text_out *out, struct text_span holder, const void *userdata)
{
	const struct telling *t = userdata;

	if (holder.start[0] >= '0' && holder.start[0] < '0' + CHECK_NUMBERS)
		return put_number(out, t, holder);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_is(holder, words[i].name)) {
			words[i].put(out, t);
			return true;
		}
	return false;
}

void check_message(
	struct text_out *out, const struct check_world *world, const struct check_finding *finding)
{
	const struct telling t = {world, finding};

	text_put_sentence(out, rows[finding->kind].sentence, true, put_holder, &t);
}

void check_advice(
	struct text_out *out, const struct check_world *world, const struct check_finding *finding)
{
	const struct telling t = {world, finding};

	text_put_sentence(out, rows[finding->kind].advice, true, put_holder, &t);
}
