/*
 * stream_cost: what one stream takes, learned from those that ran.
 *
 * Counted is anonymous memory: the program's text is shared by all of an image, and page cache can
 * be reclaimed. Of each stream the highest reading counts, of all the 95th percentile of the latest
 * that lived long enough to have their decoder's frames allocated, those that still run included:
 * a camera may be watched for days. Until there are some, the policy's figure is not gone below.
 */
#include <string.h>

#include "stream_rules.h"

#define MATURE_US    (10 * SECOND_US)
#define COSTS_ENOUGH 8
#define PERCENTILE   95
#define MARGIN_BYTES (5ULL << 20)  /* kernel memory and page tables of an ffmpeg */
#define COST_LEAST   (16ULL << 20) /* the smallest ffmpeg that only copies */
#define COST_MOST    (1ULL << 50)  /* so that sums of them cannot overflow */

/* ---- those that run, in the order of the snapshot ---- */

static bool stream_is(const struct tick *t, const void *entry, size_t i)
{
	const struct stream_known *known = entry;
	const struct stream_process *p = &t->snap->streams.process[i];

	return known->pid == p->pid && known->start_ticks == p->start_ticks;
}

static void stream_enter(struct tick *t, void *entry, size_t i)
{
	struct stream_known *known = entry;

	known->pid = t->snap->streams.process[i].pid;
	known->start_ticks = t->snap->streams.process[i].start_ticks;
	known->seen_us = t->now_us;
}

static void stream_leave(struct tick *t, void *entry)
{
	struct streams_state *s = &t->state->streams;
	const struct stream_known *known = entry;

	if (!known->mature || known->peak_bytes == 0)
		return;
	s->cost[s->next_cost] = known->peak_bytes;
	s->next_cost = (uint16_t)((s->next_cost + 1) % STREAM_COSTS_KEPT);
	if (s->n_costs < STREAM_COSTS_KEPT)
		s->n_costs++;
	s->cost_bytes = 0;
}

static void streams_align(struct tick *t, size_t n)
{
	struct table table = {t->state->stream, sizeof(t->state->stream[0]),
		&t->state->streams.n_known, STREAM_PROCESSES_MAX, stream_is, stream_leave,
		stream_enter};

	if (!table_in_order(t, &table, n))
		table_align(t, &table, n);
}

static void stream_read(struct tick *t, struct stream_known *known, uint64_t anon_bytes)
{
	bool was_mature = known->mature;

	known->mature |= t->now_us - known->seen_us >= MATURE_US;
	if (anon_bytes <= known->peak_bytes && known->mature == was_mature)
		return;
	if (anon_bytes > known->peak_bytes)
		known->peak_bytes = anon_bytes;
	if (known->mature)
		t->state->streams.cost_bytes = 0;
}

/* ---- the cost ---- */

struct peaks {
	size_t n;
	uint64_t peak[STREAM_COSTS_KEPT]; /* in order, the lowest first */
};

static void peak_add(struct peaks *peaks, uint64_t peak)
{
	size_t i = peaks->n;

	if (i == STREAM_COSTS_KEPT)
		return;
	for (; i > 0 && peaks->peak[i - 1] > peak; i--)
		peaks->peak[i] = peaks->peak[i - 1];
	peaks->peak[i] = peak;
	peaks->n++;
}

/* The latest: those that run, then those that ended last. */
static void peaks_collect(const struct state *state, struct peaks *peaks)
{
	const struct streams_state *s = &state->streams;

	peaks->n = 0;
	for (size_t i = s->n_known; i-- > 0;)
		if (state->stream[i].mature && state->stream[i].peak_bytes > 0)
			peak_add(peaks, state->stream[i].peak_bytes);
	for (size_t i = 1; i <= s->n_costs; i++)
		peak_add(
			peaks, s->cost[(s->next_cost + STREAM_COSTS_KEPT - i) % STREAM_COSTS_KEPT]);
}

static uint64_t cost_of(const struct peaks *peaks, uint64_t per_stream_bytes)
{
	uint64_t cost = peaks->n ? peaks->peak[(peaks->n * PERCENTILE + 99) / 100 - 1] : 0;

	if (cost > COST_MOST)
		cost = COST_MOST;
	if (cost > 0)
		cost += MARGIN_BYTES;
	if (peaks->n < COSTS_ENOUGH && cost < per_stream_bytes)
		cost = per_stream_bytes < COST_MOST ? per_stream_bytes : COST_MOST;
	return cost > COST_LEAST ? cost : COST_LEAST;
}

void streams_learn(struct tick *t)
{
	struct streams_state *s = &t->state->streams;
	size_t n = t->snap->streams.n_processes;
	struct peaks peaks;

	if (processes_known(t)) {
		if (n > STREAM_PROCESSES_MAX)
			n = STREAM_PROCESSES_MAX;
		streams_align(t, n);
		for (size_t i = 0; i < s->n_known; i++)
			stream_read(
				t, &t->state->stream[i], t->snap->streams.process[i].anon_bytes);
	}
	if (s->cost_bytes > 0)
		return;
	peaks_collect(t->state, &peaks);
	s->cost_bytes = cost_of(&peaks, t->policy->streams.per_stream_bytes);
}
