/*
 * stream_watch: see the header.
 *
 * A process that starts is a shell or a wrapper first and becomes the stream by exec(2), under the
 * same number and start time. So a young process that is no stream yet is looked at again at the
 * next scan, and the caller is told that there should be one soon; an old one is believed for some
 * seconds, or until slots have changed hands: guardian-stream may have waited for its slot for
 * long.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/stream_watch.h"
#include "guardian/text.h"
#include "stream_process.h"
#include "stream_procs.h"

enum {
	SECOND_US = 1000000,
	YOUNG_US = 2 * SECOND_US,
	BELIEVED_S = 10, /* that it is no stream */
};

struct scan {
	struct stream_watch *streams;
	const struct stream_place *place;
	struct streams_sample *out;
	uint64_t now_us;
	bool changed;
};

/* ---- the list ---- */

static void remove_at(struct stream_watch *s, struct streams_sample *out, uint16_t i)
{
	size_t behind = (size_t)(out->n_processes - i - 1);

	fs_close(&s->handle[i].status_fd);
	memmove(&s->handle[i], &s->handle[i + 1], behind * sizeof(s->handle[0]));
	memmove(&out->process[i], &out->process[i + 1], behind * sizeof(out->process[0]));
	out->n_processes--;
}

static uint16_t place_for(const struct streams_sample *out, uint64_t start_ticks)
{
	uint16_t i = out->n_processes;

	while (i > 0 && out->process[i - 1].start_ticks > start_ticks)
		i--;
	return i;
}

/* STATUS_FD is the list's from here on. */
static void insert(struct stream_watch *s, struct streams_sample *out,
	const struct stream_process *process, int status_fd)
{
	uint16_t i = place_for(out, process->start_ticks);
	size_t behind = (size_t)(out->n_processes - i);

	memmove(&s->handle[i + 1], &s->handle[i], behind * sizeof(s->handle[0]));
	memmove(&out->process[i + 1], &out->process[i], behind * sizeof(out->process[0]));
	s->handle[i] = (struct stream_handle){.status_fd = status_fd, .seen = true};
	out->process[i] = *process;
	out->n_processes++;
}

static int index_of(const struct streams_sample *out, uint32_t pid)
{
	for (int i = 0; i < out->n_processes; i++)
		if (out->process[i].pid == pid)
			return i;
	return -1;
}

static void forget_all(struct stream_watch *s, struct streams_sample *out)
{
	while (out->n_processes > 0)
		remove_at(s, out, (uint16_t)(out->n_processes - 1));
	stream_watch_doubt(s);
}

/* ---- opening ---- */

int stream_watch_open(struct stream_watch *s, int rootfd)
{
	long ticks = sysconf(_SC_CLK_TCK);

	s->ticks_per_s = ticks > 0 ? (uint32_t)ticks : 100;
	s->procfd = fs_open_dir(rootfd, "/proc");
	return s->procfd < 0 ? s->procfd : 0;
}

void stream_watch_close(struct stream_watch *s, struct streams_sample *out)
{
	forget_all(s, out);
	fs_close(&s->procfd);
}

void stream_watch_set_command(
	struct stream_watch *s, const char *command, struct streams_sample *out)
{
	if (strcmp(s->command, command) == 0)
		return;
	(void)text_copy(s->command, sizeof(s->command), command, strlen(command));
	forget_all(s, out);
}

void stream_watch_doubt(struct stream_watch *s)
{
	memset(s->other, 0, sizeof(s->other));
}

/* ---- a scan ---- */

static bool is_believed(const struct scan *scan, uint32_t pid)
{
	const struct stream_other *other = &scan->streams->other[pid % STREAM_OTHERS];

	return other->pid == pid && scan->now_us / SECOND_US - other->read_s < BELIEVED_S;
}

static void note_other(struct scan *scan, uint32_t pid, const struct process_stat *stat)
{
	struct stream_watch *s = scan->streams;
	uint64_t born_us = stat->start_ticks * SECOND_US / s->ticks_per_s;

	if (born_us <= scan->now_us && scan->now_us - born_us < YOUNG_US)
		s->unsettled = true;
	else
		s->other[pid % STREAM_OTHERS] = (struct stream_other){
			.pid = pid, .read_s = (uint32_t)(scan->now_us / SECOND_US)};
}

/* Its status is opened below the same folder, so it is that of the same process. */
static void take_in(struct scan *scan, uint32_t pid, int dirfd, const struct process_stat *stat)
{
	_cleanup_fd_ int fd = fs_open_read(dirfd, "status");
	struct process_status status;
	struct stream_process process = {.pid = pid,
		.start_ticks = stat->start_ticks,
		.member_inode = scan->place->inode,
		.service = scan->place->service,
		.slot = -1};

	if (fd < 0 || process_status_read(fd, pid, &status) < 0 || status.zombie)
		return;
	process.inner_pid = status.inner_pid;
	process.is_container = status.is_container;
	process.anon_bytes = status.anon_bytes;
	insert(scan->streams, scan->out, &process, fd);
	fd = -1;
	scan->changed = true;
}

static bool is_stream(const struct stream_watch *s, const struct process_stat *stat)
{
	return strcmp(stat->comm, s->command) == 0;
}

/* The same number may be another process since the last scan, or another program. */
static bool is_still(const struct scan *scan, int known, const struct process_stat *stat)
{
	return is_stream(scan->streams, stat) &&
	       stat->start_ticks == scan->out->process[known].start_ticks;
}

static void meet_again(struct scan *scan, int known)
{
	struct stream_process *process = &scan->out->process[known];

	scan->streams->handle[known].seen = true;
	if (process->member_inode == scan->place->inode)
		process->service = scan->place->service;
}

static void meet(struct scan *scan, uint32_t pid, int dirfd, const struct process_stat *stat)
{
	if (!is_stream(scan->streams, stat))
		note_other(scan, pid, stat);
	else if (scan->out->n_processes < STREAM_PROCESSES_MAX)
		take_in(scan, pid, dirfd, stat);
}

static void look_closer(struct scan *scan, uint32_t pid, int known)
{
	_cleanup_fd_ int dirfd = process_open(scan->streams->procfd, pid);
	struct process_stat stat;
	int r = dirfd < 0 ? dirfd : process_stat_read(dirfd, &stat);

	if (r < 0) {
		/* What cannot be read has not gone for that. */
		if (known >= 0 && r != -ENOENT && r != -ESRCH)
			meet_again(scan, known);
		return;
	}
	if (known >= 0 && is_still(scan, known, &stat)) {
		meet_again(scan, known);
		return;
	}
	if (known >= 0) {
		remove_at(scan->streams, scan->out, (uint16_t)known);
		scan->changed = true;
	}
	meet(scan, pid, dirfd, &stat);
}

static bool scan_pid(void *userdata, uint32_t pid)
{
	struct scan *scan = userdata;
	int known = index_of(scan->out, pid);

	if (known >= 0 || !is_believed(scan, pid))
		look_closer(scan, pid, known);
	return true;
}

/* Those of this cgroup that were not met have left it; or ended, which is the same. A list that
 * could not be read to its end says nothing about who has left. */
static void drop_unseen(struct scan *scan)
{
	for (uint16_t i = scan->out->n_processes; i-- > 0;)
		if (scan->out->process[i].member_inode == scan->place->inode &&
			!scan->streams->handle[i].seen) {
			remove_at(scan->streams, scan->out, i);
			scan->changed = true;
		}
}

bool stream_watch_scan(struct stream_watch *s, const struct stream_place *place, uint64_t now_us,
	struct streams_sample *out)
{
	struct scan scan = {.streams = s, .place = place, .out = out, .now_us = now_us};
	int r;

	for (uint16_t i = 0; i < out->n_processes; i++)
		s->handle[i].seen = false;
	r = stream_procs_each(place->dirfd, scan_pid, &scan);
	if (r == 0 || r == -ENODEV || r == -ENOENT)
		drop_unseen(&scan);
	return scan.changed;
}

/* ---- between the scans ---- */

bool stream_watch_keep(struct stream_watch *s, bool (*is_member)(void *userdata, uint64_t inode),
	void *userdata, struct streams_sample *out)
{
	uint16_t before = out->n_processes;

	for (uint16_t i = out->n_processes; i-- > 0;)
		if (!is_member(userdata, out->process[i].member_inode))
			remove_at(s, out, i);
	return out->n_processes != before;
}

/* false: it has ended. */
static bool read_one(int fd, struct stream_process *process, bool *changed)
{
	struct process_status status;
	int r = process_status_read(fd, process->pid, &status);

	if (r == -ESRCH || (r == 0 && status.zombie))
		return false;
	if (r == 0 && status.has_anon && status.anon_bytes != process->anon_bytes) {
		process->anon_bytes = status.anon_bytes;
		*changed = true;
	}
	return true;
}

bool stream_watch_read(struct stream_watch *s, struct streams_sample *out)
{
	bool changed = false;

	for (uint16_t i = out->n_processes; i-- > 0;)
		if (!read_one(s->handle[i].status_fd, &out->process[i], &changed)) {
			remove_at(s, out, i);
			changed = true;
		}
	return changed;
}
