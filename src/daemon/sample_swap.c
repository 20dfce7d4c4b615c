/*
 * sample_swap: what of a tick is about swap.
 *
 * Each tick has read meminfo already. Only when that says that swap has moved, the areas are read;
 * and only when there is more or less of it, after guardiand has changed something itself, and each
 * half a minute the files are looked at: nothing of that tells by itself that its mode is another.
 * A tick without any of this costs a few comparisons.
 *
 * When guardiand stops, swap stays; the settings of the kernel are put back, unless another program
 * has changed them since.
 */
#include <string.h>

#include "guardian/fs.h"

#include "daemon.h"

enum { LOOK_US = 30 * 1000000 };

#define FILE_BITS ((uint32_t)(SWAP_FILE_SEEN | SWAP_FS))
#define KNOB_BITS ((uint32_t)(SWAP_SWAPPINESS | SWAP_ZSWAP))

void guardian_swap_open(struct guardian *g)
{
	(void)swaps_open(&g->swaps, g->swap_rootfd);
	vm_knobs_open(&g->knobs, g->rootfd);
}

void guardian_swap_forget(struct guardian *g)
{
	swaps_forget(&g->swaps);
	memset(&g->swap_look, 0, sizeof(g->swap_look));
	g->swap_looked_us = 0;
}

/* ---- the tick ---- */

void guardian_swap_result(struct guardian *g, const struct job *job)
{
	g->snap.result[g->snap.n_results++] =
		(struct result){.ticket = job->ticket, .error = job->error, .inode = job->inode};
	if (job->error < 0 && job->kind != JOB_KNOB)
		memcpy(g->swap_words, job->message, sizeof(g->swap_words));
	guardian_swap_forget(g);
}

bool guardian_swap_moves(const struct guardian *g)
{
	const struct thrash_state *thrash = &g->state.swap.thrash;

	return g->snap.host.swap_free_bytes != g->host_full_swap_free_bytes || thrash->rounds ||
	       thrash->since_us;
}

static void read_areas(struct guardian *g)
{
	const struct policy_swap *policy = &g->policy.swap;

	uint32_t before = g->snap.swap.valid;

	if (swaps_read(&g->swaps, policy->size_bytes ? policy->file : "", &g->snap.swap) > 0 ||
		g->snap.swap.valid != before)
		g->status_stale = true;
	g->swap_total_bytes = g->snap.host.swap_total_bytes;
	g->swap_free_bytes = g->snap.host.swap_free_bytes;
}

/* A policy that asks for nothing is not looked at for it; a setting that it named before is to be
 * put back. */
static bool wants_knobs(const struct guardian *g)
{
	const struct policy_swap *policy = &g->policy.swap;
	const struct knob_state *known = g->state.swap.knob;

	return policy->swappiness != SWAPPINESS_KEEP || policy->zswap != SWITCH_KEEP ||
	       known[KNOB_SWAPPINESS].is_ours || known[KNOB_ZSWAP].is_ours;
}

static bool file_same(const struct swap_file *a, const struct swap_file *b)
{
	return a->state == b->state && a->active == b->active && a->replaced == b->replaced &&
	       a->mode == b->mode && a->uid == b->uid && a->inode == b->inode &&
	       a->size_bytes == b->size_bytes && a->header_bytes == b->header_bytes;
}

static bool look_same(const struct swap_sample *a, const struct swap_sample *b)
{
	for (int i = 0; i < SWAP_FILES_MAX; i++)
		if (!file_same(&a->file[i], &b->file[i]))
			return false;
	return a->valid == b->valid && a->fs_magic == b->fs_magic &&
	       a->fs_free_bytes == b->fs_free_bytes && a->swappiness == b->swappiness &&
	       a->zswap == b->zswap;
}

static void look(struct guardian *g)
{
	struct swap_sample *swap = &g->snap.swap, before = *swap;

	if (g->policy.swap.size_bytes)
		swap_look(&g->swap_look, g->swap_rootfd, g->policy.swap.file, g->snap.page_bytes,
			swap);
	else
		swap->valid &= ~FILE_BITS;
	if (wants_knobs(g))
		vm_knobs_sample(&g->knobs, swap);
	else
		swap->valid &= ~KNOB_BITS;
	g->swap_looked_us = g->snap.now_us;
	g->status_stale |= !look_same(&before, swap);
}

static void show_progress(struct guardian *g)
{
	struct status_daemon *about = &g->about;
	struct swap_progress p = lanes_swap_progress(g->lanes);

	if (p.phase == about->swap_phase && p.done_bytes == about->swap_done_bytes)
		return;
	about->swap_phase = p.phase;
	about->swap_done_bytes = p.done_bytes;
	about->swap_total_bytes = p.total_bytes;
	g->status_stale = true;
}

void guardian_swap_sample(struct guardian *g)
{
	const struct host_sample *host = &g->snap.host;
	bool switched = host->swap_total_bytes != g->swap_total_bytes;
	bool due = switched || !g->swap_looked_us || g->snap.now_us - g->swap_looked_us >= LOOK_US;

	if (due || host->swap_free_bytes != g->swap_free_bytes)
		read_areas(g);
	if (due)
		look(g);
	if (g->lanes)
		show_progress(g);
}

/* ---- the end ---- */

static void put_back(struct guardian *g)
{
	static const enum vm_knob knobs[KNOB_COUNT] = {
		[KNOB_SWAPPINESS] = VM_SWAPPINESS, [KNOB_ZSWAP] = VM_ZSWAP};
	uint32_t value;

	if (g->act == &act_null || !wants_knobs(g))
		return;
	vm_knobs_sample(&g->knobs, &g->snap.swap);
	for (int k = 0; k < KNOB_COUNT; k++)
		if (state_give_back(&g->state, &g->snap.swap, (enum event_knob)k, &value))
			(void)g->act->put_back(g->rootfd, knobs[k], value);
	guardian_write_state(g);
}

void guardian_swap_close(struct guardian *g)
{
	if (g->started)
		put_back(g);
	swaps_close(&g->swaps);
	vm_knobs_close(&g->knobs);
}
