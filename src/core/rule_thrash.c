/*
 * rule_thrash: swap that is nearly full, and swap that has become a trap.
 *
 * Pages that lie in swap harm nobody, and a burst that goes out once is what swap is for. A host
 * thrashes when pages go out and come back at the same time, for seconds, while programs stand
 * still for memory. Never by pressure alone: others' daemons have killed for it on hosts that had
 * nine tenths of their memory free (nohang#25, #31). The service named is the one whose pages come
 * back most; if that cannot be told, the one with the most in swap.
 */
#include "guardian/memory_rules.h"
#include "guardian/swap_intent.h"
#include "rules.h"

/* Below a megabyte a second each way, in pages of 4 KiB, any disk keeps up, but one that can do no
 * more: at 100 operations a second (a hard disk, a small volume without credit) some 40 pages come
 * back while all stand still for a third of the time. */
#define THRASH_PAGES_PER_S  256ULL
#define SLOW_PAGES_PER_S    16ULL
#define CALM_PART           4 /* of these: it is over */
/* All stand still so long that it is the disk's fault if few pages move; and not any more. */
#define SLOW_ENTER_CENTIPCT 2000
#define SLOW_LEAVE_CENTIPCT 1000
/* GLib and systemd-oomd look at pressure over 2 s and more. */
#define THRASH_WINDOW_US    (2 * SECOND_US)
#define THRASH_WINDOWS      3                /* in a row: a burst of 2 s never spans so many */
#define UNREAD_US           (6 * SECOND_US)  /* counters that stand still may just not be read */
#define WINDOW_STALE_US     (60 * SECOND_US) /* an average over so long is none */
#define THRASH_CALM_US      (30 * SECOND_US) /* before it is told as over */

#define NORMAL_AFTER_US (30 * SECOND_US)

/* ---- nearly full ---- */

static void tell_level(struct tick *t, enum event_kind kind, uint32_t used_centipct)
{
	const struct host_sample *host = &t->snap->host;
	struct event *e = tell_swap(t, kind, 0);

	if (!e)
		return;
	e->n[0] = host->swap_total_bytes - host->swap_free_bytes;
	e->n[1] = host->swap_total_bytes;
	e->n[2] = used_centipct;
	e->n[3] = host->valid & HOST_MEMORY ? host->mem_available_bytes : 0;
	t->state->swap.high = kind == EVENT_SWAP_HIGH;
}

static void normal_step(struct tick *t, uint32_t used_centipct)
{
	struct swap_state *swap = &t->state->swap;
	uint64_t deadline_us = UINT64_MAX;

	if (used_centipct >= SWAP_NORMAL_CENTIPCT) {
		swap->normal_us = 0;
		return;
	}
	if (swap->normal_us == 0)
		swap->normal_us = t->now_us;
	if (passed(t, swap->normal_us, NORMAL_AFTER_US, &deadline_us))
		tell_level(t, EVENT_SWAP_NORMAL, used_centipct);
	plan_wake(t, deadline_us);
}

/* From the first moment of a swapoff the kernel counts all that is in the file as used, and none of
 * its free space (mm/swapfile.c): what is left looks full. */
static bool is_resizing(const struct swap_state *swap)
{
	for (size_t f = 0; f < SWAP_FILES_MAX; f++)
		if (swap->file[f].effort[SWAP_EFFORT_RESIZE].ticket != 0)
			return true;
	return false;
}

void swap_level(struct tick *t)
{
	const struct host_sample *host = &t->snap->host;
	struct swap_state *swap = &t->state->swap;
	uint64_t total = host->swap_total_bytes;
	uint32_t used;

	if (!(host->valid & HOST_SWAP) || host->swap_free_bytes > total || is_resizing(swap))
		return;
	if (total == 0) { /* swap_off has told it, or whoever did it knows */
		swap->high = 0;
		return;
	}
	used = centipct_of(total - host->swap_free_bytes, total);
	if (swap->high) {
		normal_step(t, used);
	} else if (used >= SWAP_HIGH_CENTIPCT) {
		swap->normal_us = 0;
		tell_level(t, EVENT_SWAP_HIGH, used);
	}
}

/* ---- thrashing ---- */

static bool stalls(const struct host_sample *host)
{
	return host->valid & HOST_PSI_MEMORY &&
	       (host->psi_memory.full.avg10_centipct >= STALL_FULL_CENTIPCT ||
		       host->psi_memory.some.avg10_centipct >= STALL_SOME_CENTIPCT);
}

/* How many pages a second, each way, are many: it depends on how long all wait for them. */
static uint64_t many_pages(const struct host_sample *host, uint32_t slow_centipct)
{
	return host->valid & HOST_PSI_MEMORY &&
			       host->psi_memory.full.avg10_centipct >= slow_centipct
		       ? SLOW_PAGES_PER_S
		       : THRASH_PAGES_PER_S;
}

void refaults_begin(const struct member_sample *m, struct member_state *ms)
{
	ms->refault_anon = m->valid & MEMBER_STAT ? m->refault_anon : UINT64_MAX;
}

static void baseline(struct tick *t)
{
	for (size_t i = 0; i < t->n_members; i++)
		refaults_begin(&t->snap->member[i], &t->state->member[i]);
}

/* What SERVICE has in swap, and how many of its pages have come back since the baseline. */
struct share {
	uint64_t refaults, swap_bytes;
};

static struct share share_of(const struct tick *t, uint16_t service)
{
	struct share share = {0, 0};

	for (size_t i = 0; i < t->n_members; i++) {
		const struct member_sample *m = &t->snap->member[i];
		uint64_t before = t->state->member[i].refault_anon;

		if (m->service != service)
			continue;
		if (m->valid & MEMBER_SWAP)
			share.swap_bytes += m->swap_bytes;
		if (m->valid & MEMBER_STAT && m->refault_anon > before)
			share.refaults += m->refault_anon - before;
	}
	return share;
}

static bool is_worse(const struct share *a, const struct share *b)
{
	return a->refaults != b->refaults ? a->refaults > b->refaults
					  : a->swap_bytes > b->swap_bytes;
}

/* -> SERVICE_NONE when no service has a part in it */
static uint16_t culprit(const struct tick *t, struct share *worst)
{
	uint16_t found = SERVICE_NONE;

	*worst = (struct share){0, 0};
	for (uint16_t s = 0; s < t->policy->n_services; s++) {
		struct share share = share_of(t, s);

		if (!is_worse(&share, worst))
			continue;
		*worst = share;
		found = s;
	}
	return found;
}

static void tell_thrash(struct tick *t, enum event_kind kind)
{
	struct thrash_state *thrash = &t->state->swap.thrash;
	const struct host_sample *host = &t->snap->host;
	struct event *e = tell_swap(t, kind, 0);
	struct share share;

	if (!e)
		return;
	e->n[0] = thrash->in_bytes_per_s;
	e->n[1] = thrash->out_bytes_per_s;
	e->n[2] = host->valid & HOST_PSI_MEMORY ? host->psi_memory.full.avg10_centipct : 0;
	if (kind == EVENT_SWAP_THRASH) {
		e->service = culprit(t, &share);
		e->n[3] = share.swap_bytes;
		thrash->since_us = t->now_us;
	} else {
		e->n[3] = t->now_us - thrash->since_us;
		thrash->since_us = 0;
	}
	thrash->calm_us = 0;
}

static void calm_step(struct tick *t, uint64_t in_pages, uint64_t out_pages)
{
	struct thrash_state *thrash = &t->state->swap.thrash;
	uint64_t few_pages = many_pages(&t->snap->host, SLOW_LEAVE_CENTIPCT) / CALM_PART;
	uint64_t deadline_us = UINT64_MAX;

	if (in_pages >= few_pages && out_pages >= few_pages) {
		thrash->calm_us = 0;
		return;
	}
	if (thrash->calm_us == 0)
		thrash->calm_us = t->now_us;
	if (passed(t, thrash->calm_us, THRASH_CALM_US, &deadline_us))
		tell_thrash(t, EVENT_SWAP_CALM);
}

static uint64_t per_second(uint64_t n, uint64_t us)
{
	return n <= UINT64_MAX / SECOND_US ? n * SECOND_US / us : n / us * SECOND_US;
}

/* A window has ended, with so many pages a second. */
static void judge(struct tick *t, uint64_t in_pages, uint64_t out_pages)
{
	struct thrash_state *thrash = &t->state->swap.thrash;
	uint64_t many = many_pages(&t->snap->host, SLOW_ENTER_CENTIPCT);
	bool over = in_pages >= many && out_pages >= many;

	thrash->in_bytes_per_s = in_pages * t->snap->page_bytes;
	thrash->out_bytes_per_s = out_pages * t->snap->page_bytes;
	if (thrash->since_us) {
		calm_step(t, in_pages, out_pages);
		return;
	}
	if (!over || !stalls(&t->snap->host)) {
		thrash->rounds = 0;
		return;
	}
	if (thrash->rounds == 0)
		baseline(t);
	if (++thrash->rounds < THRASH_WINDOWS)
		return;
	tell_thrash(t, EVENT_SWAP_THRASH);
	thrash->rounds = 0;
}

static void window_begin(struct thrash_state *thrash, const struct tick *t)
{
	thrash->window_us = t->now_us;
	thrash->pswpin = t->snap->host.pswpin;
	thrash->pswpout = t->snap->host.pswpout;
}

void thrash_watch(struct tick *t)
{
	struct thrash_state *thrash = &t->state->swap.thrash;
	const struct host_sample *host = &t->snap->host;
	uint64_t in_pages, out_pages, took_us = t->now_us - thrash->window_us;

	if (!(host->valid & HOST_VMSTAT))
		return;
	in_pages = host->pswpin - thrash->pswpin;
	out_pages = host->pswpout - thrash->pswpout;
	if (thrash->window_us && (took_us < THRASH_WINDOW_US ||
					 (in_pages == 0 && out_pages == 0 && took_us < UNREAD_US)))
		return;
	/* A counter that has fallen is another machine's: a state from before a boot. */
	if (thrash->window_us && took_us <= WINDOW_STALE_US && host->pswpin >= thrash->pswpin &&
		host->pswpout >= thrash->pswpout)
		judge(t, per_second(in_pages, took_us), per_second(out_pages, took_us));
	else
		thrash->rounds = 0;
	window_begin(thrash, t);
	if (thrash->rounds || thrash->since_us || (in_pages && out_pages))
		plan_wake(t, t->now_us + THRASH_WINDOW_US);
}
