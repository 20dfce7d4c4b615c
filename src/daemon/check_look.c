/*
 * check_look: see the header. dockerd is asked for names as long as it answers, and within a budget
 * of time for all of them together; then Docker's own files have to do.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guardian/check_look.h"
#include "guardian/clock.h"
#include "guardian/descriptors.h"
#include "guardian/fs.h"
#include "guardian/group.h"
#include "guardian/heartbeat.h"
#include "guardian/lacks.h"
#include "guardian/lanes.h"
#include "guardian/slots.h"
#include "guardian/status.h"
#include "guardian/stream_match.h"
#include "guardian/stream_watch.h"
#include "guardian/swap_look.h"
#include "guardian/swaps.h"
#include "guardian/text.h"

enum {
	PING_DEADLINE_US = 1000 * 1000,
	NAME_DEADLINE_US = 500 * 1000,
	NAMES_BUDGET_US = 2500 * 1000,
	NO_TIME_US = 1, /* a deadline that has passed: the files alone */
	SHORT_ID = 12,  /* as docker ps shows it */
	VALUE_SIZE = 32,
};

void check_look_host(struct check_look *look)
{
	struct procfs procfs;

	look->doing("reading /proc/meminfo");
	(void)procfs_open(&procfs, look->rootfd);
	procfs_sample(&procfs, &look->snap.host, SAMPLE_FULL);
	procfs_close(&procfs);
}

/* ---- swap ---- */

static void look_at_swap(struct check_look *look)
{
	const struct policy_swap *policy = &look->policy.swap;
	struct swap_sample *swap = &look->snap.swap;
	struct swap_look memory = {0};
	struct swaps swaps;

	(void)swaps_open(&swaps, look->rootfd);
	(void)swaps_read(&swaps, policy->size_bytes ? policy->file : "", swap);
	swaps_close(&swaps);
	if (policy->size_bytes)
		swap_look(&memory, look->rootfd, policy->file, look->snap.page_bytes, swap);
}

/* ---- cgroups and their names ---- */

static void appeared(void *userdata, const char *path)
{
	struct check_look *look = userdata;

	roster_appeared(&look->roster, path);
}

static void vanished(void *userdata, const char *path)
{
	struct check_look *look = userdata;

	roster_vanished(&look->roster, path);
}

static void modified(void *userdata, const char *path, const char *file)
{
	(void)userdata, (void)path, (void)file;
}

/* A look is a walk; the tree that would tell of later changes is closed again at once. */
static void find_cgroups(struct check_look *look)
{
	static const struct cgroup_tree_ops ops = {appeared, vanished, modified};
	struct cgroup_tree *tree;
	int mode = cgroup_open_root(look->rootfd, &look->cgfd);
	int r;

	if (mode != CGROUP_UNIFIED)
		look->cgfd = -1;
	roster_init(&look->roster, look->cgfd, &look->policy, NULL, &look->snap);
	look->roster.now_us =
		look->snap.now_us; /* whom it asks in vain it asks again later: not in this look */
	if (look->cgfd < 0)
		return;
	r = cgroup_tree_open(&tree, look->cgfd, &ops, look);
	look->world.unseen = look->roster.overflow + (r == CGROUP_TREE_TRUNCATED);
	if (r >= 0)
		(void)cgroup_tree_close(tree);
	else
		look->world.unseen++;
}

/* The socket of a fixture is the fixture's. */
static void settle_docker(struct check_look *look)
{
	struct text_out out;
	struct docker docker = {.deadline_us = PING_DEADLINE_US};
	uint8_t *peer = &look->snap.peer[PEER_DOCKER];
	int r;

	look->docker = look->policy.docker;
	text_out_init(&out, look->docker.socket, sizeof(look->docker.socket));
	if (strcmp(look->root, "/") != 0)
		text_put(&out, look->root);
	text_put(&out, look->policy.docker.socket);
	memcpy(docker.socket, look->docker.socket, sizeof(docker.socket));
	r = out.full ? -ENOENT : docker_ping(&docker);
	if (r == 0)
		*peer = PEER_OK;
	else if (r == -EACCES)
		*peer = PEER_UNKNOWN;
	else
		*peer = r == -ENOENT ? PEER_ABSENT : PEER_SILENT;
}

static void find_names(struct check_look *look)
{
	uint64_t until_us = clock_now_us(CLOCK_BOOTTIME) + NAMES_BUDGET_US;
	struct docker_container container;
	struct roster_entry *e;

	while ((e = roster_next_unnamed(&look->roster, look->snap.now_us))) {
		bool ask = look->snap.peer[PEER_DOCKER] == PEER_OK &&
			   clock_now_us(CLOCK_BOOTTIME) < until_us;
		int r = lanes_identify(look->rootfd, &look->docker,
			ask ? NAME_DEADLINE_US : NO_TIME_US, e->identity.id, &container);

		roster_named(&look->roster, e->inode, r, &container);
	}
}

/* ---- containers, whether a service names them or not ---- */

static void tighten(int cgfd, const char *path, const char *inner, struct check_container *c)
{
	char file[CGROUP_PATH_SIZE + VALUE_SIZE], text[VALUE_SIZE];
	struct text_out out;
	uint64_t limit;
	ssize_t n;

	text_out_init(&out, file, sizeof(file));
	text_put(&out, path);
	text_put(&out, inner);
	n = out.full ? -ENAMETOOLONG : fs_read(cgfd, file, text, sizeof(text));
	if (n < 0 || text_cgroup_value(text, (size_t)n, &limit) < 0)
		return;
	if (!c->has_limit || limit < c->limit_bytes)
		c->limit_bytes = limit;
	c->has_limit = true;
}

static void describe(
	const struct check_look *look, const struct roster_entry *e, struct check_container *c)
{
	const char *name = e->naming == NAMING_KNOWN ? e->container.name : "";

	if (name[0])
		(void)text_copy(c->name, sizeof(c->name), name, strlen(name));
	else
		(void)text_copy(c->name, sizeof(c->name), e->identity.id, SHORT_ID);
	c->service = e->service;
	tighten(look->cgfd, e->path, "/memory.max", c);
	tighten(look->cgfd, e->path, "/container/memory.max",
		c); /* crun keeps the limit one level below */
}

static void list_containers(struct check_look *look)
{
	struct check_world *w = &look->world;

	for (uint16_t i = 0; i < look->roster.n_entries; i++) {
		const struct roster_entry *e = &look->roster.entry[i];

		if (!e->used || !cgroup_is_container(&e->identity))
			continue;
		w->names_unread += e->naming == NAMING_WANTED;
		if (w->n_containers == CHECK_CONTAINERS_MAX)
			w->unseen++;
		else
			describe(look, e, &w->container[w->n_containers++]);
	}
}

/* ---- streams ---- */

/* Who may not read the file knows nothing of it; and only root knows whose it has to be. */
static void look_at_slots(struct check_look *look)
{
	_cleanup_fd_ int dirfd = fs_open_dir(look->rootfd, STATUS_DIR);
	struct streams_sample *streams = &look->snap.streams;
	struct slots slots;
	uint32_t gid;

	(void)slots_open(&slots, dirfd, true);
	if (geteuid() == 0 && group_find(look->rootfd, look->policy.streams.group, &gid) == 0)
		slots_set_group(&slots, gid);
	(void)slots_look(&slots, streams);
	slots_close(&slots);
	if (streams->file_state == SLOT_FILE_UNUSABLE && streams->file_error == EACCES)
		streams->valid &= ~(uint32_t)STREAMS_FILE;
}

static void look_for_streams(struct check_look *look)
{
	struct streams_sample found = {0};
	struct stream_watch watch = {0};

	if (stream_watch_open(&watch, look->rootfd) == 0 && look->cgfd >= 0) {
		stream_watch_set_command(&watch, look->policy.streams.command, &found);
		for (uint16_t i = 0; i < look->snap.n_members; i++) {
			const struct stream_place place = {
				.dirfd = look->roster.member[i]->reader.dirfd,
				.inode = look->snap.member[i].inode,
				.service = look->snap.member[i].service};

			(void)stream_watch_scan(&watch, &place, look->snap.now_us, &found);
		}
		look->snap.streams.n_processes = found.n_processes;
		memcpy(look->snap.streams.process, found.process, sizeof(found.process));
		look->snap.streams.valid |= STREAMS_PROCESSES;
		(void)streams_match(&look->snap.streams);
	}
	stream_watch_close(&watch, &found);
}

/* ---- the daemon's word ---- */

static enum check_claim claim_of(const char *word)
{
	static const char *const words[] = {
		[CLAIM_HELD] = "held",
		[CLAIM_PENDING] = "pending",
		[CLAIM_REFUSED] = "refused",
		[CLAIM_FAILED] = "failed",
		[CLAIM_SURRENDERED] = "surrendered",
	};

	for (enum check_claim claim = CLAIM_HELD; claim <= CLAIM_SURRENDERED; claim++)
		if (strcmp(words[claim], word) == 0)
			return claim;
	return CLAIM_NONE;
}

static uint8_t worst_claim(const struct cJSON *service)
{
	const struct cJSON *member;
	enum check_claim worst = CLAIM_NONE;

	cJSON_ArrayForEach(member, status_item(service, "members"))
	{
		enum check_claim claim = claim_of(status_string(member, "limit"));

		worst = claim > worst ? claim : worst;
	}
	return (uint8_t)worst;
}

static void take_claims(struct check_look *look, const struct cJSON *services)
{
	const struct cJSON *service;

	cJSON_ArrayForEach(service, services)
	{
		const char *name = status_string(service, "name");

		for (uint32_t i = 0; i < look->policy.n_services; i++)
			if (strcmp(look->policy.service[i].name, name) == 0)
				look->world.claim[i] = worst_claim(service);
	}
}

static void take_heartbeat(struct check_look *look)
{
	static const uint8_t states[] = {
		[HEARTBEAT_ALIVE] = CHECK_ALIVE,
		[HEARTBEAT_OLD] = CHECK_SILENT,
		[HEARTBEAT_GONE] = CHECK_GONE,
		[HEARTBEAT_NONE] = CHECK_ABSENT,
		[HEARTBEAT_UNREADABLE] = CHECK_HIDDEN,
	};
	struct check_world *w = &look->world;
	struct heartbeat hb;

	heartbeat_read(&hb, look->rootfd);
	w->daemon = states[hb.state];
	w->daemon_error = -hb.error;
	w->daemon_pid = hb.head.pid;
	w->daemon_age_us = hb.age_us;
	w->daemon_patience_us = heartbeat_patience_us(&hb.head);
	w->daemon_rejected = status_string(status_item(hb.json, "policy"), "error")[0] != '\0';
	if (hb.json)
		take_claims(look, status_item(hb.json, "services"));
	heartbeat_free(&hb);
}

/* Each member is held open in a dozen files; cron gives 1024. */
void check_look_around(struct check_look *look)
{
	look->world.policy = &look->policy;
	look->world.snap = &look->snap;
	look->snap.page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
	look->snap.realtime_us = clock_now_us(CLOCK_REALTIME);
	look->snap.now_us = clock_now_us(CLOCK_BOOTTIME);
	descriptors_raise();

	look->doing("reading guardiand's status file");
	take_heartbeat(look);
	look->doing("looking at swap");
	look_at_swap(look);
	look->doing("walking the cgroup tree");
	find_cgroups(look);
	look->doing("asking dockerd");
	settle_docker(look);
	look->doing("asking for the names of containers");
	find_names(look);
	look->doing("reading the memory of cgroups");
	roster_sample(&look->roster, look->snap.now_us);
	list_containers(look);
	if (look->policy.streams.max > 0) {
		look->doing("looking at streams");
		look_at_slots(look);
		look_for_streams(look);
	}
	look->snap.lacks = lacks_find(look->rootfd, look->cgfd, &look->policy, &look->snap.host);
}

void check_look_close(struct check_look *look)
{
	roster_close(&look->roster);
	fs_close(&look->cgfd);
	fs_close(&look->rootfd);
}
