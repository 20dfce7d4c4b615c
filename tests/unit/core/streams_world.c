/*
 * streams_world: the streams of the small machine, see world.h.
 */
#include <string.h>

#include "world.h"

#define RESERVE (400 * MIB)

void with_streams(struct world *w, uint32_t max)
{
	struct streams_sample *s = &w->snap.streams;

	w->policy.host.reserve_bytes = RESERVE;
	w->policy.streams = (struct policy_streams){.max = max,
		.per_stream_bytes = 100 * MIB,
		.command = "ffmpeg",
		.group = "root",
		.over_cap = OVER_CAP_TELL,
		.grace_us = 5 * SECOND,
		.recover_us = 10 * SECOND};
	if (w->policy.n_services == 0) {
		add_service(w, "backend", 0, 0);
		add_member(w, 0, 500);
	}
	w->snap.realtime_us = 1700000000 * SECOND;
	s->valid = STREAMS_FILE | STREAMS_PROCESSES;
	s->file_state = SLOT_FILE_OK;
	s->cap = s->effective_cap = max;
}

struct stream_process *add_stream(struct world *w, uint32_t pid, int16_t slot)
{
	struct streams_sample *s = &w->snap.streams;
	struct stream_process *p = &s->process[s->n_processes++];

	*p = (struct stream_process){.pid = pid,
		.inner_pid = pid,
		.start_ticks = 7000 + pid,
		.member_inode = 500,
		.slot = slot,
		.anon_bytes = 50 * MIB};
	if (slot >= 0) {
		s->slot[slot] = (struct slot_sample){.held = true,
			.record_ok = true,
			.pid = pid,
			.start_ticks = p->start_ticks,
			.since_us = w->snap.realtime_us,
			.name = "cam"};
		s->in_use++;
	}
	return p;
}

static uint16_t index_of(const struct world *w, uint32_t pid)
{
	uint16_t i = 0;

	while (i < w->snap.streams.n_processes && w->snap.streams.process[i].pid != pid)
		i++;
	assert_in_range(i, 0, w->snap.streams.n_processes - 1);
	return i;
}

struct stream_process *stream(struct world *w, uint32_t pid)
{
	return &w->snap.streams.process[index_of(w, pid)];
}

void end_stream(struct world *w, uint32_t pid)
{
	struct streams_sample *s = &w->snap.streams;
	uint16_t i = index_of(w, pid);

	if (s->process[i].slot >= 0) {
		s->slot[s->process[i].slot] = (struct slot_sample){0};
		s->in_use--;
	}
	s->n_processes--;
	memmove(&s->process[i], &s->process[i + 1],
		(size_t)(s->n_processes - i) * sizeof(s->process[0]));
}

void streams_took(struct world *w, uint32_t n, uint64_t bytes)
{
	for (uint32_t i = 0; i < n; i++) {
		add_stream(w, 60000 + i, 0)->anon_bytes = bytes;
		run(w, 12 * SECOND, SECOND);
		end_stream(w, 60000 + i);
		step(w, SECOND);
	}
}

void want_streams(struct world *w, uint32_t max)
{
	w->policy.streams.max = max;
	w->snap.policy_generation++;
}

void memory_carries(struct world *w, uint64_t more)
{
	w->snap.host.mem_available_bytes = RESERVE + more * 100 * MIB;
}

void obey_streams(struct world *w, const struct action *a)
{
	struct streams_sample *s = &w->snap.streams;

	if (a->kind == ACT_STREAMS_PUBLISH || a->kind == ACT_STREAMS_MEND) {
		s->file_state = SLOT_FILE_OK;
		s->cap = a->cap;
		s->effective_cap = a->effective_cap;
		s->reason = a->cap_reason;
		s->generation++;
		return;
	}
	assert_int_equal(stream(w, a->pid)->start_ticks, a->start_ticks);
	if (w->stubborn == 0 || (w->stubborn == 1 && a->kind == ACT_STREAM_KILL))
		end_stream(w, a->pid);
}
