/*
 * sample_streams: what of a tick is about streams.
 *
 * The semaphore file is looked at when inotify has told of a write, an opening that ended or
 * another owner, after guardiand has written itself, and each 10 s. The processes of a service are
 * looked through when their number has changed, when slots have changed hands, and each 10 s while
 * there are streams; the memory of those that are known, each 5 s. A policy without streams costs a
 * comparison a tick; one whose slots nobody holds, a comparison a service.
 *
 * A storm of refusals writes the file all the time. The watch is for one event and is set again
 * with the look that follows, which comes LOOK_GAP_US after the last one at the earliest: so many
 * wake-ups a second and no more, whatever the takers do. And each look is followed by another after
 * the same time, because the kernel tells of a descriptor's end before it drops its locks.
 */
#include <string.h>

#include "guardian/group.h"
#include "guardian/stream_match.h"
#include "guardian/text.h"

#include "daemon.h"

enum {
	LOOK_US = 10 * 1000000,
	LOOK_GAP_US = 200 * 1000,
	READ_US = 5 * 1000000,
	SCAN_US = 10 * 1000000,
	YOUNG_US = 1000000, /* until processes that may become streams yet are looked at again */
};

static bool is_wanted(const struct guardian *g)
{
	return g->policy.streams.max > 0;
}

/* ---- the policy ---- */

/* Of a group that is not there the file is not: it stays with root's. */
static uint32_t group_of(const struct guardian *g)
{
	uint32_t gid;

	return group_find(g->rootfd, g->policy.streams.group, &gid) == 0 ? gid : 0;
}

void guardian_streams_forget(struct guardian *g)
{
	struct guardian_streams *streams = &g->streams;
	struct streams_sample *sample = &g->snap.streams;

	streams->look_at_us = streams->read_at_us = streams->scan_at_us = 0;
	streams->look_again = false;
	stream_watch_set_command(&streams->processes, "", sample);
	sample->valid = 0;
	if (is_wanted(g)) {
		slots_set_group(&streams->slots, group_of(g));
		stream_watch_set_command(&streams->processes, g->policy.streams.command, sample);
	}
	if (streams->looked_us) /* else nothing was scanned, and its pages are not touched */
		memset(streams->scanned, 0, sizeof(streams->scanned));
}

void guardian_streams_open(struct guardian *g)
{
	(void)slots_open(&g->streams.slots, g->run_fd, false);
	(void)stream_watch_open(&g->streams.processes, g->rootfd);
	guardian_streams_forget(g);
}

void guardian_streams_close(struct guardian *g)
{
	stream_watch_close(&g->streams.processes, &g->snap.streams);
	slots_close(&g->streams.slots);
}

/* ---- the file ---- */

static bool look_at_slots(struct guardian *g)
{
	struct guardian_streams *streams = &g->streams;
	uint64_t now_us = g->snap.now_us;
	bool changed;

	if (now_us < streams->look_at_us)
		return false;
	/* First the watch: what comes after it is told, what came before it is seen. */
	if (streams->noticed)
		slots_watch(&streams->slots);
	changed = slots_look(&streams->slots, &g->snap.streams);
	streams->look_again = streams->noticed || changed;
	streams->noticed = false;
	if (streams->slots.fd >= 0 && streams->watched_inode != streams->slots.inode) {
		/* It was made, or replaced. */
		slots_watch(&streams->slots);
		streams->watched_inode = streams->slots.inode;
		streams->look_again = true;
	}
	streams->looked_us = now_us;
	streams->look_at_us = now_us + (streams->look_again ? LOOK_GAP_US : LOOK_US);
	return changed;
}

uint64_t guardian_slots_noticed(struct guardian *g)
{
	struct guardian_streams *streams = &g->streams;

	if (!is_wanted(g))
		return UINT64_MAX;
	g->noticed = true;
	streams->noticed = streams->look_again = true;
	if (streams->look_at_us > streams->looked_us + LOOK_GAP_US)
		streams->look_at_us = streams->looked_us + LOOK_GAP_US;
	return streams->look_at_us;
}

/* ---- the processes ---- */

static bool has_streams(const struct streams_sample *sample, uint64_t inode)
{
	for (uint16_t i = 0; i < sample->n_processes; i++)
		if (sample->process[i].member_inode == inode)
			return true;
	return false;
}

/* When it is to be looked through again though the number of its tasks is the same. Of a cgroup
 * without that number nothing tells when another has come. */
static uint64_t scan_due_us(
	const struct guardian *g, const struct member_sample *m, const struct stream_scanned *last)
{
	const struct streams_sample *sample = &g->snap.streams;

	if (last->unsettled)
		return last->at_us + YOUNG_US;
	if (!(m->valid & MEMBER_PIDS) || sample->in_use > 0 || has_streams(sample, m->inode))
		return last->at_us + SCAN_US;
	return UINT64_MAX;
}

static bool is_other(const struct member_sample *m, const struct stream_scanned *last)
{
	return last->inode != m->inode || last->service != m->service || last->pids != m->pids;
}

static bool scan_member(struct guardian *g, uint16_t i)
{
	struct stream_watch *processes = &g->streams.processes;
	const struct member_sample *m = &g->snap.member[i];
	const struct stream_place place = {.dirfd = g->roster.member[i]->reader.dirfd,
		.inode = m->inode,
		.service = m->service};

	bool changed;

	processes->unsettled = false;
	changed = stream_watch_scan(processes, &place, g->snap.now_us, &g->snap.streams);
	g->streams.scanned[i] = (struct stream_scanned){.inode = m->inode,
		.pids = m->pids,
		.at_us = g->snap.now_us,
		.service = m->service,
		.unsettled = processes->unsettled};
	return changed;
}

static bool scan_members(struct guardian *g, bool all)
{
	bool changed = false;
	uint64_t due_us, next_us = UINT64_MAX;

	for (uint16_t i = 0; i < g->snap.n_members; i++) {
		const struct member_sample *m = &g->snap.member[i];
		const struct stream_scanned *last = &g->streams.scanned[i];

		if (all || is_other(m, last) || scan_due_us(g, m, last) <= g->snap.now_us)
			changed |= scan_member(g, i);
		due_us = scan_due_us(g, m, last);
		next_us = due_us < next_us ? due_us : next_us;
	}
	g->streams.scan_at_us = next_us;
	g->streams.n_members = g->snap.n_members;
	return changed;
}

static bool is_member(void *userdata, uint64_t inode)
{
	struct guardian *g = userdata;
	const struct roster_entry *e = roster_by_inode(&g->roster, inode);

	return e && e->member;
}

static bool read_streams(struct guardian *g)
{
	if (g->snap.now_us < g->streams.read_at_us || g->snap.streams.n_processes == 0)
		return false;
	g->streams.read_at_us = g->snap.now_us + READ_US;
	return stream_watch_read(&g->streams.processes, &g->snap.streams);
}

void guardian_streams_sample(struct guardian *g, bool moved)
{
	struct streams_sample *sample = &g->snap.streams;
	bool slots, changed;

	if (!is_wanted(g))
		return;
	slots = changed = look_at_slots(g);
	if (slots)
		stream_watch_doubt(&g->streams.processes);
	moved |= g->snap.n_members != g->streams.n_members;
	if (slots || moved || g->snap.now_us >= g->streams.scan_at_us) {
		changed |= scan_members(g, slots);
		changed |= stream_watch_keep(&g->streams.processes, is_member, g, sample);
	}
	changed |= read_streams(g);
	if (g->streams.processes.procfd >= 0 && g->cgfd >= 0)
		sample->valid |= STREAMS_PROCESSES;
	if (!changed)
		return;
	(void)streams_match(sample);
	g->status_stale = true;
}

uint64_t guardian_streams_wake_us(const struct guardian *g)
{
	const struct guardian_streams *streams = &g->streams;
	uint64_t wake_us = UINT64_MAX;

	if (!is_wanted(g))
		return wake_us;
	if (streams->look_again)
		wake_us = streams->look_at_us;
	if (streams->scan_at_us < wake_us)
		wake_us = streams->scan_at_us;
	if (g->snap.streams.n_processes > 0 && streams->read_at_us < wake_us)
		wake_us = streams->read_at_us;
	return wake_us;
}

/* ---- telling ---- */

/* "process 3000 of backend"; the name is left out where the one before has the same. */
static void put_stray(const struct guardian *g, struct text_out *out,
	const struct stream_process *process, const struct stream_process *before)
{
	text_put(out, before ? ", " : "process ");
	text_put_u64(out, process->pid);
	if (process->service < g->policy.n_services &&
		(!before || before->service != process->service)) {
		text_put(out, " of ");
		text_put(out, g->policy.service[process->service].name);
	}
}

const char *guardian_streams_strays(struct guardian *g)
{
	const struct streams_sample *sample = &g->snap.streams;
	const struct stream_process *before = NULL;
	struct text_out out;

	text_out_init(&out, g->streams.strays, sizeof(g->streams.strays));
	for (uint16_t i = 0; i < sample->n_processes; i++) {
		if (sample->process[i].slot != STREAM_NO_SLOT)
			continue;
		put_stray(g, &out, &sample->process[i], before);
		before = &sample->process[i];
	}
	return g->streams.strays;
}

/* ---- acting ---- */

int guardian_streams_act(struct guardian *g, const struct action *action)
{
	struct act_streams on = {.slots = &g->streams.slots,
		.processes = &g->streams.processes,
		.roster = &g->roster,
		.lanes = g->lanes,
		.realtime_us = g->snap.realtime_us};

	g->streams.look_at_us = g->streams.read_at_us = 0; /* what it came to is seen at once */
	return g->act->stream(&on, action);
}
