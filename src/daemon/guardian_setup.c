/*
 * guardian_setup: what comes before the first tick and after the last.
 *
 * Opening is a list of steps, each of which may find that the machine lacks something: then that is
 * noted in snapshot.lacks, told once, and the rest works with what there is. Only a bad policy, a
 * second guardiand and a tree that cannot be read at all end it.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/clock.h"
#include "guardian/descriptors.h"
#include "guardian/docker_files.h"
#include "guardian/fs.h"
#include "guardian/lacks.h"
#include "guardian/metrics.h"
#include "guardian/pages.h"
#include "guardian/psi.h"
#include "guardian/swap_root.h"

#include "daemon.h"

enum {
	CLOSE_WAIT_US = 2 * 1000000,
	HEAP_PIECE_MAX = 16 * 1024,
	PRESSURE_STALL_US = 100 * 1000, /* a tenth of the window */
	PRESSURE_WINDOW_US = 1000 * 1000,
	METRICS_US = 15 * 1000000, /* nobody collects more often */
};

static uint64_t boottime_us(void)
{
	return clock_now_us(CLOCK_BOOTTIME);
}

static int open_root(struct guardian *g)
{
	struct stat host, root;

	g->rootfd = fs_open_dir(AT_FDCWD, g->options.root ? g->options.root : "/");
	if (g->rootfd < 0)
		return g->rootfd;
	if (stat("/", &host) < 0 || fstat(g->rootfd, &root) < 0)
		return -errno;
	g->real_root = host.st_ino == root.st_ino && host.st_dev == root.st_dev;
	/* A policy named on the command line is the caller's file; the default one is the tree's.
	 * On the host itself both are read as open(2) finds them: configuration management makes
	 * symlinks. */
	g->config_dirfd = g->options.config || g->real_root ? AT_FDCWD : g->rootfd;
	if (!text_copy(g->config, sizeof(g->config),
		    g->options.config ? g->options.config : GUARDIAN_CONFIG,
		    strlen(g->options.config ? g->options.config : GUARDIAN_CONFIG)))
		return -ENAMETOOLONG;
	return 0;
}

static int load_first_policy(struct guardian *g, struct report *report)
{
	struct policy *p;
	int r;

	(void)procfs_open(&g->procfs, g->rootfd);
	procfs_sample(&g->procfs, &g->snap.host, SAMPLE_FULL);
	report_init(report, g->config);
	r = guardian_policy_load(g, &p, report);
	if (r < 0)
		return r;
	guardian_policy_use(g, p);
	guardian_policy_free(p);
	return 0;
}

/* One guardiand a host: two would repair each other's limits. The lock goes with the process,
 * whatever ends it. Whoever can open the file can hold it, and so keep guardiand from starting: it
 * is root's alone. */
static int lock_run_dir(struct guardian *g, int *peer)
{
	char text[16] = "";
	int n;

	g->lock_fd = openat(g->run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (g->lock_fd < 0)
		return 0; /* read-only /run: works without */
	if (flock(g->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (pread(g->lock_fd, text, sizeof(text) - 1, 0) > 0)
			*peer = (int)strtol(text, NULL, 10);
		return -EBUSY;
	}
	n = snprintf(text, sizeof(text), "%d\n", getpid());
	if (ftruncate(g->lock_fd, 0) == 0)
		(void)!pwrite(g->lock_fd, text, (size_t)n, 0);
	return 0;
}

static int open_run_dir(struct guardian *g, int *peer)
{
	if (fs_make_dirs(g->rootfd, STATUS_DIR, 0755) < 0)
		return 0; /* not root: no status file, no state */
	g->run_fd = fs_open_dir(g->rootfd, STATUS_DIR);
	if (g->run_fd < 0)
		return 0;
	return lock_run_dir(g, peer);
}

/* What was settled before a restart of guardiand stays settled. */
static void load_state(struct guardian *g)
{
	char *data = NULL;
	size_t len = 0;

	state_init(&g->state);
	if (g->run_fd < 0 || fs_read_all(g->run_fd, STATE_FILE, sizeof(g->state), &data, &len) < 0)
		return;
	if (state_valid(data, len)) {
		memcpy(&g->state, data, len);
		state_resume(&g->state);
	}
	free(data);
}

void guardian_find_lacks(struct guardian *g)
{
	uint32_t lacks = lacks_find(g->rootfd, g->cgfd, &g->policy, &g->snap.host);

	if (g->real_root && !g->tell.journal)
		lacks |= LACK_JOURNAL;
	if (g->roster.overflow || (g->tree && cgroup_tree_is_truncated(g->tree)))
		lacks |= LACK_ROOM;
	g->snap.lacks = lacks;
	g->snap.peer[PEER_SYSTEMD] = lacks & LACK_SYSTEMD ? PEER_ABSENT : PEER_OK;
}

static int open_cgroups(struct guardian *g)
{
	int mode = cgroup_open_root(g->rootfd, &g->cgfd);
	int r;

	if (mode != CGROUP_UNIFIED)
		g->cgfd = -1;
	roster_init(&g->roster, g->cgfd, &g->policy, NULL, &g->snap);
	if (g->cgfd < 0)
		return 0;
	r = cgroup_tree_open(&g->roster.tree, g->cgfd, &guardian_tree_ops, g);
	g->tree = g->roster.tree;
	return r < 0 ? r : 0;
}

/*
 * The members of the state that was kept have to be there at the first decision, or they would
 * count as gone; and their names are in Docker's files, whether dockerd answers or not. It is asked
 * later all the same.
 */
static void name_from_files(struct guardian *g)
{
	struct docker_container container;
	struct roster_entry *e;

	while ((e = roster_next_unnamed(&g->roster, 0))) {
		int r = docker_files_find(
			g->rootfd, g->policy.docker.data_root, e->identity.id, &container);

		roster_named(&g->roster, e->inode, r, &container);
	}
}

/* A walk of each lane's path before memory is short; of Docker's only where it is at work. */
static void rehearse(struct guardian *g)
{
	/* Swap is not made while memory is short. */
	for (int lane = 0; lane < LANE_SWAP; lane++) {
		if (lane != LANE_HOLD && !roster_has_docker(&g->roster))
			continue;
		memset(&g->job, 0, sizeof(g->job));
		g->job.kind = JOB_REHEARSE;
		g->job.has_unit = g->real_root && !(g->snap.lacks & LACK_SYSTEMD);
		(void)lanes_post(g->lanes, (enum lane)lane, &g->job);
	}
}

/* Who waits for memory wakes the next tick. A fixture's file takes no trigger. */
static int open_pressure(const struct guardian *g)
{
	if (!g->real_root)
		return -1;
	return psi_trigger_open(
		g->rootfd, "proc/pressure/memory", PRESSURE_STALL_US, PRESSURE_WINDOW_US);
}

static int open_steps(struct guardian *g, struct report *report, int *peer)
{
	struct policy_docker docker;
	int r;

	if ((r = open_root(g)) < 0)
		return r;
	if ((r = g->swap_rootfd = swap_root_open(g->rootfd, STDIN_FILENO)) < 0)
		return r;
	if ((r = load_first_policy(g, report)) < 0)
		return r;
	if ((r = open_run_dir(g, peer)) < 0)
		return r;
	g->pressure_fd = open_pressure(g);
	guardian_swap_open(g);
	guardian_streams_open(g);
	tell_open(&g->tell, g->rootfd);
	load_state(g);
	if ((r = open_cgroups(g)) < 0)
		return r;
	name_from_files(g);
	guardian_find_lacks(g);
	g->snap.peer[PEER_DOCKER] = g->snap.lacks & LACK_DOCKER ? PEER_ABSENT : PEER_UNKNOWN;
	guardian_docker(g, &docker);
	pages_forget(); /* before the rehearsal: what comes back is what acting needs */
	if ((r = lanes_open(&g->lanes, g->rootfd, g->cgfd, &docker)) < 0)
		return r;
	lanes_set_swap_root(g->lanes, g->swap_rootfd);
	rehearse(g);
	return 0;
}

static void tell_started(struct guardian *g, const struct report *report)
{
	char words[sizeof(g->policy_error)];
	struct event e = {.kind = EVENT_STARTED,
		.service = SERVICE_NONE,
		.limit = LIMIT_COUNT,
		.n = {g->policy.n_services, g->snap.host.mem_total_bytes,
			g->snap.host.swap_total_bytes}};

	guardian_report_line(report, REPORT_WARNING, g->config, words, sizeof(words));
	tell_event(&g->tell, &e, &g->policy, NULL, words);
}

/* One heap for all threads; and what a large answer of Docker took goes back when it is freed. */
static void keep_heap_small(void)
{
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_MMAP_THRESHOLD, HEAP_PIECE_MAX);
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_PIECE_MAX);
	(void)mallopt(M_TOP_PAD, 0);
}

int guardian_open(struct guardian **out, const struct guardian_options *options,
	struct report *report, int *peer)
{
	/* Zeroed pages that nobody has touched cost nothing; most of struct guardian stays so. */
	struct guardian *g =
		mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r;

	if (g == MAP_FAILED)
		return -errno;
	keep_heap_small();
	/* A huge page for the first byte of each sparse array would make 4 MiB of them resident,
	 * and locked. */
	(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	descriptors_raise();
	g->options = *options;
	if (!g->options.clock)
		g->options.clock = boottime_us;
	g->rootfd = g->swap_rootfd = g->cgfd = g->run_fd = g->lock_fd = g->pressure_fd = -1;
	for (int i = 0; i < PROCFS_FILES; i++)
		g->procfs.fd[i] = -1;
	g->swaps.fd = g->knobs.fd[VM_SWAPPINESS] = g->knobs.fd[VM_ZSWAP] = -1;
	g->streams.slots.fd = g->streams.slots.watch_fd = g->streams.processes.procfd = -1;
	g->snap.page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
	g->about = (struct status_daemon){.version = GUARDIAN_VERSION,
		.pid = getpid(),
		.started_realtime_us = clock_now_us(CLOCK_REALTIME)};
	r = open_steps(g, report, peer);
	if (r < 0) {
		guardian_close(g);
		return r;
	}
	g->about.policy_file = g->config;
	tell_started(g, report);
	g->started = true;
	*out = g;
	return 0;
}

int guardian_tree_fd(const struct guardian *g)
{
	return g->tree ? cgroup_tree_fd(g->tree) : -1;
}

int guardian_pressure_fd(const struct guardian *g)
{
	return g->pressure_fd;
}

int guardian_swaps_fd(const struct guardian *g)
{
	return g->real_root ? g->swaps.fd : -1; /* a fixture's file cannot be waited for */
}

int guardian_slots_fd(const struct guardian *g)
{
	return slots_fd(&g->streams.slots);
}

int guardian_lanes_fd(const struct guardian *g)
{
	return lanes_fd(g->lanes);
}

uint32_t guardian_pending(struct guardian *g)
{
	return lanes_pending(g->lanes);
}

void guardian_lock_memory(struct guardian *g)
{
	(void)g;
	(void)malloc_trim(0); /* what parsing the policy has left behind */
	/* ONFAULT: only what is resident by now, after the rehearsal, and what will be; not 1 MiB
	 * of status buffer and whole libraries. */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/* Rendered behind the status, on pages that are there already. */
static void write_metrics(struct guardian *g)
{
	struct text_out out;

	if (!g->metrics_stale || (g->metrics_us && g->snap.now_us - g->metrics_us < METRICS_US))
		return;
	text_out_init(&out, g->status_text + g->status.len, sizeof(g->status_text) - g->status.len);
	metrics_render(&out, &g->policy, &g->snap, &g->state, g->about.longest_tick_us);
	if (!out.full)
		(void)fs_replace(g->run_fd, METRICS_FILE, out.buf, out.len, 0644);
	g->metrics_us = g->snap.now_us;
	g->metrics_stale = false;
}

void guardian_write_status(struct guardian *g)
{
	bool stale = g->status_stale || g->shown_members != g->snap.n_members;

	g->summary_stale |= stale;
	g->metrics_stale |= stale;
	if (g->run_fd < 0)
		return;
	if (stale || g->status.len == 0) {
		g->about.policy_error = g->policy_error[0] ? g->policy_error : NULL;
		text_out_init(&g->status, g->status_text, sizeof(g->status_text));
		status_render(&g->status, &g->about, &g->policy, &g->snap, &g->state, g->tell.kept,
			g->tell.told, roster_path_of_member, &g->roster);
		g->status_stale = false;
		g->shown_members = g->snap.n_members;
	} else {
		status_touch(g->status_text, &g->about, &g->snap);
	}
	(void)fs_replace(g->run_fd, STATUS_FILE, g->status_text, g->status.len, 0644);
	write_metrics(g);
}

void guardian_write_state(struct guardian *g)
{
	if (g->run_fd >= 0)
		(void)fs_replace(
			g->run_fd, STATE_FILE, &g->state, state_kept_size(&g->state), 0600);
}

bool guardian_summary(struct guardian *g, char *buf, size_t size)
{
	char text[sizeof(g->summary)];
	uint16_t running = 0;
	struct text_out out;

	if (!g->summary_stale)
		return false;
	g->summary_stale = false;
	for (uint16_t i = 0; i < g->state.n_services; i++)
		if (g->state.service[i].members > 0)
			running++;
	text_out_init(&out, text, sizeof(text));
	text_put_u64(&out, running);
	text_put(&out, " of ");
	text_put_u64(&out, g->policy.n_services);
	text_put(&out, " services running, host memory ");
	text_put(&out, memory_level_name(g->state.host_level.now));
	if (g->policy.mode == MODE_OBSERVE)
		text_put(&out, ", observing only");
	if (g->policy_error[0])
		text_put(&out, ", last reload refused");
	if (strcmp(text, g->summary) == 0)
		return false;
	memcpy(g->summary, text, sizeof(text));
	return text_copy(buf, size, text, out.len);
}

void guardian_close(struct guardian *g)
{
	if (g->started)
		guardian_tell(g, EVENT_STOPPED, g->about.ticks, NULL);
	lanes_close(g->lanes, CLOSE_WAIT_US);
	guardian_swap_close(g);
	guardian_streams_close(g);
	roster_close(&g->roster);
	g->tree = cgroup_tree_close(g->tree);
	procfs_close(&g->procfs);
	fs_close(&g->pressure_fd);
	fs_close(&g->lock_fd);
	fs_close(&g->run_fd);
	fs_close(&g->cgfd);
	fs_close(&g->swap_rootfd);
	fs_close(&g->rootfd);
	munmap(g, sizeof(*g));
}
