/*
 * lane_swap: the jobs of swap files. Steps of os/, in an order in which each failure leaves the
 * host with the swap that it had, or says in words why it has not.
 *
 * Whatever takes long asks at each stride whether the daemon is about to stop. A swap file that was
 * switched off to be resized is switched on again whatever has become of that.
 */
#include <errno.h>
#include <linux/ioprio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/procfs.h"
#include "guardian/swap_file.h"
#include "guardian/swap_make.h"
#include "guardian/swap_on.h"
#include "guardian/swap_room.h"
#include "guardian/swaps.h"
#include "guardian/text.h"

#include "lane_swap.h"

enum { MEMINFO_SIZE = 4096 };

/* A gigabyte at the 2 MB/s of scattered 4 KiB reads on a busy small disk. */
#define OFF_DEADLINE_US (10 * 60 * 1000000ULL)

void lane_swap_be_idle(void)
{
	(void)syscall(
		SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

static void show(struct swap_lane *lane, const char *phase, uint64_t done, uint64_t total)
{
	atomic_store_explicit(&lane->done_bytes, done, memory_order_relaxed);
	atomic_store_explicit(&lane->total_bytes, total, memory_order_relaxed);
	atomic_store_explicit(&lane->phase, phase, memory_order_release);
}

static bool on_progress(void *userdata, enum swap_phase phase, uint64_t done, uint64_t total)
{
	static const char *const words[] = {
		[SWAP_ALLOCATING] = "allocating",
		[SWAP_ZEROING] = "zeroing",
		[SWAP_SYNCING] = "syncing",
	};
	struct swap_lane *lane = userdata;

	show(lane, words[phase], done, total);
	return !atomic_load(&lane->stop);
}

/* What a job works on. */
struct task {
	struct swap_lane *lane;
	const struct job *job;
	struct swap_target target;
	struct swap_how how;
	struct text_out *why;
	uint64_t off_bytes; /* that were in it when it began to be switched off */
};

/* ---- on ---- */

static int switch_on(const struct task *t, struct text_out *why)
{
	int r;

	show(t->lane, "switching on", t->job->size_bytes, t->job->size_bytes);
	r = swap_on(&t->target, (int32_t)t->job->value, why);
	return r == SWAP_ALREADY ? 0 : r;
}

/* The kernel may refuse a file that has no holes: one that fallocate(2) has made, on ext4 of Linux
 * 5.7 to 5.9. Then every byte is written. */
static int make(struct task *t)
{
	int r = swap_make(&t->target, &t->how, t->why);

	if (r == 0)
		r = switch_on(t, t->why);
	else
		return r;
	if (r != -EINVAL)
		return r;
	t->how.zeros = true;
	text_out_init(t->why, t->why->buf, t->why->size);
	r = swap_resize(&t->target, &t->how, t->why);
	return r < 0 ? r : switch_on(t, t->why);
}

static int on(struct task *t)
{
	return switch_on(t, t->why);
}

/* ---- off, and another size ---- */

static bool available(const struct swap_lane *lane, uint64_t *bytes)
{
	struct host_sample host = {0};
	char text[MEMINFO_SIZE];
	ssize_t n = fs_read(lane->rootfd, "proc/meminfo", text, sizeof(text));

	if (n < 0 || !(procfs_parse_meminfo(text, (size_t)n, &host) & HOST_MEMORY))
		return false;
	*bytes = host.mem_available_bytes;
	return true;
}

/* -> 1: it is in use, with so much in it. 0: it is not. -errno: not known. */
static int used_of(const struct task *t, uint64_t *used)
{
	struct swap_sample found = {0};
	struct swaps swaps;
	int r = swaps_open(&swaps, t->lane->rootfd);

	if (r == 0)
		r = swaps_read(&swaps, t->job->path, &found);
	swaps_close(&swaps);
	if (r < 0)
		return r;
	for (uint16_t i = 0; i < found.n_areas; i++)
		if (found.area[i].ours == 0) {
			*used = found.area[i].used_bytes;
			return 1;
		}
	return 0;
}

/* What swapoff(2) reads back must not take what the policy keeps for the host. How far it is, is
 * told on the way. */
static bool go_on(void *userdata)
{
	const struct task *t = userdata;
	uint64_t bytes, used;

	if (used_of(t, &used) > 0 && used <= t->off_bytes)
		show(t->lane, "switching off", t->off_bytes - used, t->off_bytes);
	return !atomic_load(&t->lane->stop) && available(t->lane, &bytes) &&
	       bytes >= t->job->floor_bytes;
}

/* Looked at again, right before. */
static bool fits(const struct task *t, uint64_t used)
{
	uint64_t bytes;

	return available(t->lane, &bytes) &&
	       bytes >= swap_off_needs_bytes(used, t->job->floor_bytes);
}

/* -EBUSY: it does not fit into memory, or not any more. -ENOMEM: nor under a limit. */
static int switch_off(struct task *t)
{
	const struct swap_off_how how = {
		.deadline_us = OFF_DEADLINE_US, .go_on = go_on, .userdata = t};
	uint64_t used = 0;
	int r = used_of(t, &used);

	if (r <= 0)
		return r;
	if (!fits(t, used))
		return -EBUSY;
	if (used > 0 && (r = swap_room(t->lane->cgfd, t->why)) < 0)
		return r;
	t->off_bytes = used;
	show(t->lane, "switching off", 0, used);
	r = swap_off(&t->target, &how, t->why);
	if (r < 0 && used_of(t, &used) == 0) {
		/* It ended all the same: see swap_off(). */
		text_out_init(t->why, t->why->buf, t->why->size);
		return 0;
	}
	if (r == -ECANCELED)
		return -EBUSY;
	return r == SWAP_ALREADY ? 0 : r;
}

static int resize(struct task *t)
{
	char words[sizeof(t->job->message)];
	struct text_out why;
	int r = switch_off(t), again;

	if (r < 0)
		return r;
	r = swap_resize(&t->target, &t->how, t->why);
	text_out_init(&why, words, sizeof(words));
	again = switch_on(t, r < 0 ? &why : t->why);
	return r < 0 ? r : again;
}

/* ---- mode and owner ---- */

static int mend(struct task *t)
{
	return swap_file_mend(&t->target, t->why);
}

int lane_swap_run(struct swap_lane *lane, struct job *job)
{
	static int (*const run[JOB_COUNT])(struct task * t) = {
		[JOB_SWAP_MAKE] = make,
		[JOB_SWAP_ON] = on,
		[JOB_SWAP_RESIZE] = resize,
		[JOB_SWAP_MEND] = mend,
	};
	struct text_out why;
	struct task t = {.lane = lane,
		.job = job,
		.target = {.rootfd = lane->rootfd,
			.path = job->path,
			.inode = job->inode,
			.page_bytes = lane->page_bytes},
		.how = {.size_bytes = job->size_bytes,
			.reserve_bytes = job->reserve_bytes,
			.progress = on_progress,
			.userdata = lane},
		.why = &why};
	int r;

	text_out_init(&why, job->message, sizeof(job->message));
	r = run[job->kind](&t);
	show(lane, NULL, 0, 0);
	return r;
}
