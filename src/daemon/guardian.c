/*
 * guardian: the object and its tick.
 *
 *	answers of the lanes -> names, results, peers
 *	cgroup tree -> roster -> snapshot -> decide -> plan -> act -> tell -> status
 *
 * The policy in use is only ever replaced whole. A struct policy has room for 512 services, most
 * of it never touched: it is parsed into memory that is given back, and only what is used is
 * copied, so that it does not become resident.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guardian/clock.h"
#include "guardian/decide.h"
#include "guardian/fs.h"
#include "guardian/guardian.h"
#include "guardian/policy_yaml.h"

#include "daemon.h"

enum {
	PING_US = 30 * 1000000,      /* dockerd silent is told within this and its deadline */
	PING_LOST_US = 15 * 1000000, /* the lane is busy with names that nobody answers for */
	HOST_FULL_US = 5 * 1000000, /* between two looks at vmstat and pressure while somebody waits
				       for memory */
	HOST_QUIET_US = 30 * 1000000, /* ... and while nobody does */
	HOST_SWAPS_US = 1000000,      /* ... and while pages go out to swap or come back */
	HOST_STEP = 100,              /* ... or when a hundredth of the memory has moved since */
	AROUND_US = 30 * 1000000,     /* counting the containers that no service names */
	SOON_US = 10 * 1000,          /* what is due already is not worth a busy loop */
	PROGRESS_US = 1000000,        /* a swap file is being made */
	GLANCES = 2,                  /* between two whole looks, while nothing happens */
};

/* ---- the policy ---- */

void guardian_policy_use(struct guardian *g, const struct policy *p)
{
	memcpy(&g->policy, p,
		offsetof(struct policy, service) + p->n_services * sizeof(p->service[0]));
	if (g->options.observe)
		g->policy.mode = MODE_OBSERVE;
	g->act = g->policy.mode == MODE_OBSERVE ? &act_null : g->real_root ? &act_real : &act_files;
}

/* The socket of a fixture is the fixture's. What does not fit is no socket: docker_ping() says so.
 */
void guardian_docker(const struct guardian *g, struct policy_docker *out)
{
	struct text_out socket;

	*out = g->policy.docker;
	if (g->real_root)
		return;
	text_out_init(&socket, out->socket, sizeof(out->socket));
	text_put(&socket, "/proc/self/fd/");
	text_put_u64(&socket, (uint64_t)g->rootfd);
	text_put(&socket, g->policy.docker.socket);
}

static struct policy *policy_scratch(void)
{
	void *p = mmap(NULL, sizeof(struct policy), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Reads and checks the policy file into fresh memory: guardian_policy_free(). */
int guardian_policy_load(struct guardian *g, struct policy **out, struct report *report)
{
	struct policy *p = policy_scratch();
	int r;

	if (!p)
		return -ENOMEM;
	r = policy_yaml_load(g->config_dirfd, g->config, g->snap.host.mem_total_bytes, p, report);
	if (r < 0) {
		guardian_policy_free(p);
		return r;
	}
	*out = p;
	return 0;
}

void guardian_policy_free(struct policy *p)
{
	munmap(p, sizeof(*p));
}

void guardian_tell(struct guardian *g, enum event_kind kind, uint64_t number, const char *extra)
{
	struct event e = {.kind = (uint16_t)kind,
		.service = SERVICE_NONE,
		.limit = LIMIT_COUNT,
		.n = {number}};

	tell_event(&g->tell, &e, &g->policy, NULL, extra);
	g->status_stale = true;
}

/* A new policy may name a unit or glob that the old one passed over. */
static void reconsider(void *userdata, const char *path)
{
	struct guardian *g = userdata;

	roster_reconsider(&g->roster, path);
}

/* The first line of that severity, or OTHERWISE. */
void guardian_report_line(const struct report *report, enum report_severity severity,
	const char *otherwise, char *buf, size_t size)
{
	struct text_out out;
	uint32_t i = 0;

	text_out_init(&out, buf, size);
	while (i < report->n_entries && report->entry[i].severity != severity)
		i++;
	if (i < report->n_entries)
		report_line(report, &report->entry[i], &out);
	else
		text_put(&out, otherwise);
}

static void reload_rejected(struct guardian *g, const struct report *report)
{
	guardian_report_line(
		report, REPORT_ERROR, "cannot be read", g->policy_error, sizeof(g->policy_error));
	guardian_tell(g, EVENT_POLICY_REJECTED, report->n_errors, g->policy_error);
}

static void set_docker(struct guardian *g)
{
	struct policy_docker docker;

	guardian_docker(g, &docker);
	lanes_set_docker(g->lanes, &docker);
}

static void reload_accepted(struct guardian *g, const struct policy *p, const struct report *report)
{
	char words[sizeof(g->policy_error)];

	guardian_policy_use(g, p);
	g->snap.policy_generation++;
	g->policy_error[0] = '\0';
	if (g->lanes)
		set_docker(g);
	guardian_swap_forget(g);
	guardian_streams_forget(g);
	roster_match_all(&g->roster, &g->policy);
	if (g->tree)
		cgroup_tree_each(g->tree, reconsider, g);
	guardian_report_line(report, REPORT_WARNING, g->config, words, sizeof(words));
	guardian_tell(g, EVENT_POLICY_RELOADED, p->n_services, words);
}

void guardian_reload(struct guardian *g)
{
	struct report *report = calloc(1, sizeof(*report));
	struct policy *p;

	if (!report)
		return;
	g->noticed = true;
	report_init(report, g->config);
	if (guardian_policy_load(g, &p, report) < 0) {
		reload_rejected(g, report);
	} else {
		reload_accepted(g, p, report);
		guardian_policy_free(p);
	}
	free(report);
}

/* ---- the cgroup tree ---- */

static void on_appeared(void *userdata, const char *path)
{
	struct guardian *g = userdata;

	g->noticed = true;
	roster_appeared(&g->roster, path);
}

static void on_vanished(void *userdata, const char *path)
{
	struct guardian *g = userdata;

	g->noticed = true;
	roster_vanished(&g->roster, path);
}

static void on_modified(void *userdata, const char *path, const char *file)
{
	struct guardian *g = userdata;

	g->noticed = true;
	roster_modified(&g->roster, path, file);
}

const struct cgroup_tree_ops guardian_tree_ops = {on_appeared, on_vanished, on_modified};

/* ---- the lanes ---- */

static void peer_seen(struct guardian *g, int error)
{
	uint8_t state = error == 0                             ? PEER_OK
			: error == -ENOENT || error == -EACCES ? PEER_ABSENT
							       : PEER_SILENT;

	g->pinging = false;
	if (g->snap.peer[PEER_DOCKER] != state)
		g->status_stale = g->noticed = true;
	g->snap.peer[PEER_DOCKER] = state;
}

/* What an action came to, for the rules; and a fresh look at what it changed. */
static void take_result(struct guardian *g, const struct job *job)
{
	struct roster_entry *e = roster_by_inode(&g->roster, job->inode);

	g->snap.result[g->snap.n_results++] =
		(struct result){.ticket = job->ticket, .error = job->error, .inode = job->inode};
	if (!e || !e->member)
		return;
	cgroup_reader_mark(&e->reader);
	if (job->error < 0 && job->message[0]) {
		g->words_inode = job->inode;
		memcpy(g->words, job->message, sizeof(g->words));
	}
	if (job->kind == JOB_PERSIST && job->error == 0)
		roster_stored(&g->roster, e, &job->set);
	else if (job->kind == JOB_PERSIST)
		roster_ask_again(&g->roster, e); /* a timeout does not say that it was not done */
}

static void take_answers(struct guardian *g)
{
	struct job *job = &g->job;

	g->snap.n_results = g->n_early;
	memcpy(g->snap.result, g->early, g->n_early * sizeof(g->early[0]));
	g->n_early = 0;
	while (g->lanes && g->snap.n_results < SNAPSHOT_RESULTS_MAX && lanes_take(g->lanes, job)) {
		g->noticed |= job->kind != JOB_PING;
		switch (job->kind) {
		case JOB_IDENTIFY:
			roster_named(&g->roster, job->inode, job->error, &job->container);
			break;
		case JOB_PING:
			peer_seen(g, job->error);
			break;
		case JOB_REHEARSE:
			break;
		case JOB_KNOB:
		case JOB_SWAP_MAKE:
		case JOB_SWAP_ON:
		case JOB_SWAP_RESIZE:
		case JOB_SWAP_MEND:
			guardian_swap_result(g, job);
			break;
		default:
			take_result(g, job);
		}
	}
}

static void ask_names(struct guardian *g, uint64_t now_us)
{
	struct roster_entry *e;

	while (g->lanes && (e = roster_next_unnamed(&g->roster, now_us))) {
		memset(&g->job, 0, sizeof(g->job));
		g->job.kind = JOB_IDENTIFY;
		g->job.inode = e->inode;
		memcpy(g->job.id, e->identity.id, sizeof(g->job.id));
		if (lanes_post(g->lanes, LANE_NAMES, &g->job) == 0)
			e->asking = true;
		else /* the lane is full */
			roster_named(&g->roster, e->inode, -EAGAIN, NULL);
	}
}

/* Without a container there is nothing to ask Docker for; and its socket would start a dockerd that
 * was stopped. Not behind the updates: one of them may take long on a dockerd that is well. */
static void ping_docker(struct guardian *g, uint64_t now_us)
{
	if (!g->lanes || now_us < g->ping_at_us || !roster_has_docker(&g->roster))
		return;
	if (g->pinging) {
		if (now_us - g->ping_at_us >= PING_LOST_US &&
			g->snap.peer[PEER_DOCKER] != PEER_SILENT)
			g->snap.peer[PEER_DOCKER] = PEER_SILENT;
		return;
	}
	memset(&g->job, 0, sizeof(g->job));
	g->job.kind = JOB_PING;
	g->job.can_wait = true;
	if (lanes_post(g->lanes, LANE_NAMES, &g->job) == 0) {
		g->pinging = true;
		g->ping_at_us = now_us + PING_US;
	}
}

/* ---- the tick ---- */

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t host_interval_us(const struct guardian *g)
{
	bool waits = g->snap.host.psi_memory.some.avg10_centipct > 0;

	if (guardian_swap_moves(g))
		return HOST_SWAPS_US;
	return waits || g->state.host_level.now != MEMORY_NORMAL ? HOST_FULL_US : HOST_QUIET_US;
}

static bool memory_moved(const struct guardian *g)
{
	const struct host_sample *host = &g->snap.host;

	return distance(g->host_full_available_bytes, host->mem_available_bytes) >=
	       host->mem_total_bytes / HOST_STEP;
}

static void sample_host(struct guardian *g)
{
	struct host_sample *host = &g->snap.host;
	bool full = !g->host_full_us || g->snap.now_us - g->host_full_us >= host_interval_us(g);

	if (!full) {
		g->status_stale |= procfs_sample(&g->procfs, host, SAMPLE_LOOK);
		full = memory_moved(g);
	}
	if (full) {
		g->status_stale |= procfs_sample(&g->procfs, host, SAMPLE_FULL);
		g->host_full_us = g->snap.now_us;
		g->host_full_available_bytes = host->mem_available_bytes;
		g->host_full_swap_free_bytes = host->swap_free_bytes;
	}
}

/* What changes seldom: containers that no service names, and what the machine lacks (Docker may be
 * installed later). */
static void look_around(struct guardian *g, uint64_t now_us)
{
	struct status_daemon *about = &g->about;
	uint32_t unmanaged = about->unmanaged, unlimited = about->unlimited, lacks = g->snap.lacks;

	if (now_us < g->around_at_us && !g->roster.news)
		return;
	if (now_us >= g->around_at_us && g->tree && roster_retry_missed(&g->roster))
		cgroup_tree_each(g->tree, reconsider, g);
	guardian_find_lacks(g);
	if (g->snap.lacks != lacks)
		g->status_stale = true;
	roster_count_unmanaged(&g->roster, &about->unmanaged, &about->unlimited);
	if (about->unmanaged != unmanaged || about->unlimited != unlimited)
		g->status_stale = true;
	g->roster.news = false;
	g->around_at_us = now_us + AROUND_US;
}

static int begin(struct guardian *g, const struct action *a)
{
	if (action_is_of_streams((enum action_kind)a->kind))
		return guardian_streams_act(g, a);
	return g->lanes ? g->act->submit(g->lanes, &g->roster, a) : -EOPNOTSUPP;
}

/* What could not even be begun is a result too, as is what was done at once. */
static void act_on(struct guardian *g)
{
	for (uint16_t i = 0; i < g->plan.n_actions; i++) {
		const struct action *a = &g->plan.action[i];
		int r = begin(g, a);

		if (r != 0)
			g->early[g->n_early++] = (struct result){
				.ticket = a->ticket, .error = r < 0 ? r : 0, .inode = a->inode};
	}
}

/* Of a member, or of a cgroup above one. */
static const char *path_of(struct guardian *g, uint64_t inode)
{
	const struct roster_entry *e = inode ? roster_by_inode(&g->roster, inode) : NULL;
	const struct roster_ancestor *a;

	if (e)
		return e->path;
	a = inode ? roster_ancestor_by_inode(&g->roster, inode) : NULL;
	return a ? a->path : NULL;
}

/* What belongs behind the sentence. A service's name says enough of where: its cgroup is in the
 * fields; a failure is better told in the words of who refused. */
static const char *extra_of(struct guardian *g, const struct event *e, const char *path)
{
	if (e->kind == EVENT_STREAM_UNACCOUNTED)
		return guardian_streams_strays(g);
	if ((e->kind == EVENT_LIMIT_FAILED || e->kind == EVENT_STREAM_STOP_FAILED) &&
		e->inode == g->words_inode && g->words[0])
		return g->words;
	if (e->kind == EVENT_SWAP_FAILED && g->swap_words[0])
		return g->swap_words;
	return e->service == SERVICE_NONE ? path : NULL;
}

static void tell_all(struct guardian *g)
{
	for (uint16_t i = 0; i < g->plan.n_events; i++) {
		const struct event *e = &g->plan.event[i];
		const char *path = path_of(g, e->inode);

		tell_event(&g->tell, e, &g->policy, path, extra_of(g, e, path));
		g->host_full_us = 0; /* what happens here may be seen there */
	}
	g->words[0] = g->swap_words[0] = '\0';
}

static void keep_state(struct guardian *g)
{
	if (!g->plan.state_changed)
		return;
	g->status_stale = true;
	guardian_write_state(g);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void guardian_noticed(struct guardian *g)
{
	g->noticed = true;
}

/* A tick that looks at the host's memory alone, where nothing else can be new: services far from
 * their warnings move only with it, and of everything else somebody tells. */
static bool glance(struct guardian *g, uint64_t now_us)
{
	bool may = now_us < g->due_us && g->glances < GLANCES && !g->noticed &&
		   g->snap.n_results == 0 && g->host_full_us && g->snap.host.valid & HOST_MEMORY;

	if (!may)
		return false;
	g->status_stale |= procfs_sample(&g->procfs, &g->snap.host, SAMPLE_LOOK);
	if (memory_moved(g) || !(g->snap.host.valid & HOST_MEMORY))
		return false;
	g->glances++;
	g->about.ticks++;
	guardian_write_status(g);
	return true;
}

/* When the rules, or those who read, want to look again. */
static uint64_t next_look_us(struct guardian *g, bool more)
{
	uint64_t now_us = g->snap.now_us, others_us;

	others_us = min_u64(g->roster.next_ask_us, guardian_streams_wake_us(g));
	if (g->about.swap_phase) /* somebody may watch the bar */
		others_us = min_u64(others_us, now_us + PROGRESS_US);
	if (more || g->n_early || g->snap.n_results == SNAPSHOT_RESULTS_MAX)
		others_us = now_us;
	g->due_us = min_u64(g->plan.due_us, others_us);
	g->pace_us = g->plan.wake_us - min_u64(g->plan.wake_us, now_us);
	g->glances = 0;
	g->noticed = false;
	return min_u64(g->plan.wake_us, others_us);
}

static uint64_t not_too_soon(uint64_t at_us, uint64_t now_us)
{
	return at_us > now_us + SOON_US ? at_us : now_us + SOON_US;
}

uint64_t guardian_tick(struct guardian *g)
{
	uint64_t now_us = g->options.clock(), took_us;
	bool moved;
	bool more;

	g->roster.now_us = now_us;
	take_answers(g);
	more = g->tree && cgroup_tree_dispatch(g->tree, &guardian_tree_ops, g) == CGROUP_TREE_MORE;
	g->snap.now_us = now_us;
	g->snap.realtime_us = clock_now_us(CLOCK_REALTIME);
	if (!more && glance(g, now_us))
		return not_too_soon(min_u64(g->due_us, now_us + g->pace_us), now_us);
	sample_host(g);
	guardian_swap_sample(g);
	moved = roster_sample(&g->roster, now_us);
	g->status_stale |= moved;
	guardian_streams_sample(g, moved);
	ask_names(g, now_us);
	ping_docker(g, now_us);

	decide(&g->policy, &g->snap, &g->state, &g->plan);

	act_on(g);
	tell_all(g);
	keep_state(g);
	look_around(g, now_us);
	g->about.ticks++;
	guardian_write_status(g);

	took_us = g->options.clock() - now_us;
	if (took_us > g->about.longest_tick_us)
		g->about.longest_tick_us = took_us;
	return not_too_soon(next_look_us(g, more), now_us);
}
