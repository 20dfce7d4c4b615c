/*
 * status: the state of things as JSON, written straight into the daemon's buffer.
 *
 * The layout is the contract of guardianctl(1) and of whoever reads the file: add, and never
 * rename.
 */
#include <string.h>

#include "guardian/check_rules.h"
#include "guardian/json_out.h"
#include "guardian/status.h"
#include "status_streams.h"
#include "status_swap.h"

enum {
	NO_MEMBER = UINT16_MAX,
};

/* All that status_render() was given, and which members each service has. */
struct status {
	struct text_out *out;
	const struct policy *policy;
	const struct snapshot *snap;
	const struct state *state;
	const char *(*cgroup_of)(void *userdata, uint16_t member);
	void *userdata;
	uint16_t first[POLICY_SERVICES_MAX]; /* member of a service, or NO_MEMBER ... */
	uint16_t next[SNAPSHOT_MEMBERS_MAX]; /* ... and the next one of the same */
};

/* Left out when it was not read. */
static void put_limit(
	struct text_out *out, const char *key, const struct limit_set *set, enum limit_kind kind)
{
	if (limit_has(set, kind))
		json_number_or_null(out, key, set->value[kind]);
}

/* ---- the head: what each tick changes, at places that are known when this is compiled ---- */

#define BLANK                                                                                      \
	"                    " /* TEXT_DIGITS_MAX of them: JSON allows blanks before a number */

static const struct head {
	char pid_key[7], pid[TEXT_DIGITS_MAX];
	char realtime_key[15], realtime_us[TEXT_DIGITS_MAX];
	char tick_key[8], tick[TEXT_DIGITS_MAX];
	char now_key[10], now_us[TEXT_DIGITS_MAX];
} blank_head = {
	"{\"pid\":", BLANK, ",\"realtime_us\":", BLANK, ",\"tick\":", BLANK, ",\"now_us\":", BLANK};

static void put_right(char field[static TEXT_DIGITS_MAX], uint64_t n)
{
	memset(field, ' ', TEXT_DIGITS_MAX);
	(void)text_digits(field, n);
}

void status_touch(char *text, const struct status_daemon *d, const struct snapshot *snap)
{
	struct head *head = (struct head *)text;

	put_right(head->realtime_us, snap->realtime_us);
	put_right(head->tick, d->ticks);
	put_right(head->now_us, snap->now_us);
}

static void put_head(
	struct text_out *out, const struct status_daemon *d, const struct snapshot *snap)
{
	struct head head = blank_head;

	put_right(head.pid, (uint64_t)d->pid);
	status_touch((char *)&head, d, snap);
	text_put_span(out, (const char *)&head, sizeof(head));
	json_string(out, "version", d->version);
}

/* ---- the daemon and the host ---- */

static void put_daemon(const struct status *s, const struct status_daemon *d)
{
	json_number(s->out, "started_realtime_us", d->started_realtime_us);
	json_number(s->out, "interval_us", policy_longest_us(&s->policy->host));
	json_number(s->out, "longest_tick_us", d->longest_tick_us);
	json_string(s->out, "mode", policy_mode_name(s->policy->mode));
	json_open(s->out, "policy", "{");
	json_string(s->out, "file", d->policy_file);
	json_number(s->out, "generation", s->snap->policy_generation);
	if (d->policy_error)
		json_string(s->out, "error", d->policy_error);
	text_put(s->out, "}");
}

static void put_lacks(const struct status *s)
{
	json_open(s->out, "lacks", "[");
	for (int bit = 0; bit < LACK_COUNT; bit++) {
		if (!(s->snap->lacks & (1U << bit)))
			continue;
		json_next(s->out);
		text_put_json(s->out, lack_name((enum lack)(1U << bit)));
	}
	text_put(s->out, "]");
}

static void put_psi_line(
	struct text_out *out, const char *const keys[4], const struct psi_line *line)
{
	json_number(out, keys[0], line->avg10_centipct);
	json_number(out, keys[1], line->avg60_centipct);
	json_number(out, keys[2], line->avg300_centipct);
	json_number(out, keys[3], line->total_us);
}

static void put_psi(struct text_out *out, const char *key, const struct psi *psi)
{
	static const char *const some[] = {"some_avg10_centipct", "some_avg60_centipct",
		"some_avg300_centipct", "some_total_us"};
	static const char *const full[] = {"full_avg10_centipct", "full_avg60_centipct",
		"full_avg300_centipct", "full_total_us"};

	json_open(out, key, "{");
	put_psi_line(out, some, &psi->some);
	put_psi_line(out, full, &psi->full);
	text_put(out, "}");
}

static void put_host(const struct status *s)
{
	const struct host_sample *host = &s->snap->host;

	json_open(s->out, "host", "{");
	json_string(s->out, "level", memory_level_name(s->state->host_level.now));
	json_string(s->out, "rules", memory_rules_name(s->state->rules));
	if (host->valid & HOST_MEMORY && host->mem_total_bytes > 0) {
		json_number(s->out, "mem_total_bytes", host->mem_total_bytes);
		json_number(s->out, "mem_available_bytes", host->mem_available_bytes);
		json_number(s->out, "used_centipct", check_used_centipct(host));
	}
	if (host->valid & HOST_SWAP) {
		json_number(s->out, "swap_total_bytes", host->swap_total_bytes);
		json_number(s->out, "swap_free_bytes", host->swap_free_bytes);
	}
	if (host->valid & HOST_VMSTAT)
		json_number(s->out, "oom_kills", host->oom_kill);
	if (host->valid & HOST_PSI_MEMORY)
		put_psi(s->out, "psi_memory", &host->psi_memory);
	text_put(s->out, "}");
}

static void put_peers(const struct status *s)
{
	static const char *const words[] = {
		[PEER_UNKNOWN] = "unknown",
		[PEER_OK] = "ok",
		[PEER_SILENT] = "silent",
		[PEER_ABSENT] = "absent",
	};
	uint8_t docker = s->snap->peer[PEER_DOCKER];

	json_open(s->out, "peers", "{");
	json_string(s->out, "docker", words[docker <= PEER_ABSENT ? docker : PEER_UNKNOWN]);
	text_put(s->out, "}");
}

/* ---- services ---- */

/* What has become of a member's limits; the later, the worse. */
enum limits_word {
	LIMITS_NONE,
	LIMITS_HELD,
	LIMITS_OBSERVED,
	LIMITS_PENDING,
	LIMITS_REFUSES,
	LIMITS_FAILED,
	LIMITS_SURRENDERED
};

static const char *const limits_words[] = {
	[LIMITS_NONE] = "none",
	[LIMITS_HELD] = "held",
	[LIMITS_OBSERVED] = "observed",
	[LIMITS_PENDING] = "pending",
	[LIMITS_REFUSES] = "refused",
	[LIMITS_FAILED] = "failed",
	[LIMITS_SURRENDERED] = "surrendered",
};

/* A value that this kernel has no file for (swap accounting off) is neither held nor pending. */
static enum limits_word limits_of(const struct member_sample *m, const struct member_state *ms)
{
	const struct member_limits *limits = &ms->limits;
	uint32_t known = limits->wanted.mask & m->live.mask;

	if (!known)
		return LIMITS_NONE;
	if (limits->hold.surrendered)
		return LIMITS_SURRENDERED;
	if (limits->hold.failures > 0)
		return LIMITS_FAILED;
	if (limits->flags & LIMITS_REFUSED)
		return LIMITS_REFUSES;
	if ((limits->held & known) == known && !limits->drifted)
		return LIMITS_HELD;
	return limits->observed ? LIMITS_OBSERVED : LIMITS_PENDING;
}

/* What decide() remembers of member I: at the same place, but for the moment in which members come
 * and go. */
static const struct member_state *state_of(const struct status *s, uint16_t i)
{
	uint64_t inode = s->snap->member[i].inode;

	if (i < s->state->n_members && s->state->member[i].inode == inode)
		return &s->state->member[i];
	for (uint16_t k = 0; k < s->state->n_members; k++)
		if (s->state->member[k].inode == inode)
			return &s->state->member[k];
	return NULL;
}

/* The worst that can be said of any member, in one word. Beside it "limit" of each member says
 * more. */
static const char *service_word(const struct status *s, uint16_t service)
{
	static const char *const by_limits[] = {
		[LIMITS_NONE] = "ok",
		[LIMITS_HELD] = "ok",
		[LIMITS_OBSERVED] = "ok",
		[LIMITS_PENDING] = "pending",
		[LIMITS_REFUSES] = "refused",
		[LIMITS_FAILED] = "failed",
		[LIMITS_SURRENDERED] = "surrendered",
	};
	enum limits_word limits = LIMITS_NONE;
	enum memory_level level = MEMORY_NORMAL;
	bool conflict = false;

	if (s->first[service] == NO_MEMBER)
		return "absent";
	for (uint16_t i = s->first[service]; i != NO_MEMBER; i = s->next[i]) {
		const struct member_sample *m = &s->snap->member[i];
		const struct member_state *ms = state_of(s, i);

		conflict |= m->also != SERVICE_NONE;
		if (ms && ms->level.now > level)
			level = ms->level.now;
		if (ms && limits_of(m, ms) > limits)
			limits = limits_of(m, ms);
	}
	if (level == MEMORY_CRITICAL)
		return "critical";
	if (conflict)
		return "conflict";
	if (limits > LIMITS_PENDING || level == MEMORY_NORMAL)
		return by_limits[limits];
	return "warn";
}

static void put_usage(struct text_out *out, const struct member_sample *m)
{
	if (m->valid & MEMBER_CURRENT && m->valid & MEMBER_STAT)
		json_number(out, "working_set_bytes", member_working_set(m));
	if (m->valid & MEMBER_CURRENT)
		json_number(out, "current_bytes", m->current_bytes);
	if (m->valid & MEMBER_STAT) {
		json_number(out, "anon_bytes", m->anon_bytes);
		json_number(out, "file_bytes", m->file_bytes);
	}
	if (m->valid & MEMBER_SWAP)
		json_number(out, "swap_bytes", m->swap_bytes);
	if (m->valid & MEMBER_PEAK)
		json_number(out, "peak_bytes", m->peak_bytes);
	if (m->valid & MEMBER_EVENTS)
		json_number(out, "oom_kills", m->ev_oom_kill);
	if (m->valid & MEMBER_PIDS)
		json_number(out, "pids", m->pids);
}

static void put_member(const struct status *s, uint16_t i)
{
	const struct member_sample *m = &s->snap->member[i];
	const struct member_state *known = state_of(s, i);

	json_next(s->out);
	text_put(s->out, "{");
	json_string(s->out, "cgroup", s->cgroup_of(s->userdata, i));
	json_number(s->out, "inode", m->inode);
	put_usage(s->out, m);
	put_limit(s->out, "limit_bytes", &m->live, LIMIT_MAX);
	put_limit(s->out, "reservation_bytes", &m->live, LIMIT_LOW);
	put_limit(s->out, "swap_limit_bytes", &m->live, LIMIT_SWAP_MAX);
	if (known) {
		put_limit(s->out, "wanted_limit_bytes", &known->limits.wanted, LIMIT_MAX);
		json_string(s->out, "limit", limits_words[limits_of(m, known)]);
	}
	text_put(s->out, "}");
}

static void put_service(const struct status *s, uint16_t service)
{
	const struct service_state *known = &s->state->service[service];

	json_next(s->out);
	text_put(s->out, "{");
	json_string(s->out, "name", s->policy->service[service].name);
	json_string(s->out, "state", service_word(s, service));
	if (service < s->state->n_services) {
		json_number(s->out, "restarts", known->restarts);
		json_number(s->out, "oom_kills", known->oom_kills);
	}
	json_open(s->out, "members", "[");
	for (uint16_t i = s->first[service]; i != NO_MEMBER; i = s->next[i])
		put_member(s, i);
	text_put(s->out, "]}");
}

/* Lists the members of each service, in the order of the snapshot. */
static void sort_members(struct status *s)
{
	memset(s->first, 0xff, s->policy->n_services * sizeof(s->first[0]));
	for (uint16_t i = s->snap->n_members; i-- > 0;) {
		uint16_t service = s->snap->member[i].service;

		if (service >= s->policy->n_services)
			continue;
		s->next[i] = s->first[service];
		s->first[service] = i;
	}
}

static void put_services(struct status *s)
{
	sort_members(s);
	json_open(s->out, "services", "[");
	for (uint16_t i = 0; i < s->policy->n_services; i++)
		put_service(s, i);
	text_put(s->out, "]");
}

/* ---- events, the oldest first ---- */

static void put_event(struct text_out *out, const struct event_line *line)
{
	json_next(out);
	text_put(out, "{");
	json_number(out, "realtime_us", line->realtime_us);
	json_string(out, "event", event_info(line->kind)->name);
	if (line->service[0])
		json_string(out, "service", line->service);
	json_string(out, "message", line->message);
	text_put(out, "}");
}

static void put_events(struct text_out *out, const struct event_line *kept, uint32_t told)
{
	uint32_t n = told < EVENT_LINES_KEPT ? told : EVENT_LINES_KEPT;

	json_open(out, "events", "[");
	for (uint32_t i = told - n; i != told; i++)
		put_event(out, &kept[i % EVENT_LINES_KEPT]);
	text_put(out, "]");
}

void status_render(struct text_out *out, const struct status_daemon *d, const struct policy *p,
	const struct snapshot *snap, const struct state *state, const struct event_line *kept,
	uint32_t told, const char *(*cgroup_of)(void *userdata, uint16_t member), void *userdata)
{
	struct status s;

	s.out = out, s.policy = p, s.snap = snap, s.state = state;
	s.cgroup_of = cgroup_of, s.userdata = userdata;
	put_head(out, d, snap);
	put_daemon(&s, d);
	put_lacks(&s);
	put_host(&s);
	put_peers(&s);
	status_put_swap(out, d, p, snap, state);
	status_put_streams(out, p, snap, state);
	json_number(out, "unmanaged", d->unmanaged);
	json_number(out, "unlimited", d->unlimited);
	put_services(&s);
	put_events(out, kept, told);
	text_put(out, "}\n");
}
