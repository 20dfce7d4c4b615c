/*
 * status_streams: see the header. The contract is that of status.c: add, and never rename.
 *
 * A slot's pid is the host's when its process is known, so that `ps` finds it; else there is only
 * the number that its holder gave itself, perhaps in a PID namespace of its own: inner_pid.
 */
#include "status_streams.h"
#include "guardian/json_out.h"

static void put_process(
	struct text_out *out, const struct policy *p, const struct stream_process *process)
{
	json_number(out, "pid", process->pid);
	if (process->service < p->n_services)
		json_string(out, "service", p->service[process->service].name);
	if (process->anon_bytes > 0)
		json_number(out, "anon_bytes", process->anon_bytes);
}

static uint16_t n_processes(const struct streams_sample *s)
{
	if (!(s->valid & STREAMS_PROCESSES))
		return 0;
	return s->n_processes < STREAM_PROCESSES_MAX ? s->n_processes : STREAM_PROCESSES_MAX;
}

static const struct stream_process *holder_of(const struct streams_sample *s, size_t slot)
{
	for (uint16_t i = 0; i < n_processes(s); i++)
		if (s->process[i].slot == (int)slot)
			return &s->process[i];
	return NULL;
}

static void put_slot(
	struct text_out *out, const struct policy *p, const struct streams_sample *s, size_t i)
{
	const struct slot_sample *slot = &s->slot[i];
	const struct stream_process *holder = holder_of(s, i);

	json_next(out);
	text_put(out, "{");
	json_number(out, "slot", i);
	if (slot->record_ok) {
		if (slot->name[0])
			json_string(out, "name", slot->name);
		json_number(out, "since_realtime_us", slot->since_us);
		json_number(out, "inner_pid", slot->pid);
	}
	if (holder)
		put_process(out, p, holder);
	text_put(out, "}");
}

static void put_slots(struct text_out *out, const struct policy *p, const struct streams_sample *s)
{
	json_open(out, "slots", "[");
	for (size_t i = 0; i < STREAM_SLOTS_MAX; i++)
		if (s->slot[i].held)
			put_slot(out, p, s, i);
	text_put(out, "]");
}

/* Those without a slot; young ones may still get one. */
static void put_bare(struct text_out *out, const struct policy *p, const struct streams_sample *s)
{
	json_open(out, "without_slot", "[");
	for (uint16_t i = 0; i < n_processes(s); i++) {
		if (s->process[i].slot >= 0)
			continue;
		json_next(out);
		text_put(out, "{");
		put_process(out, p, &s->process[i]);
		text_put(out, "}");
	}
	text_put(out, "]");
}

static void put_file(struct text_out *out, const struct policy *p, const struct streams_sample *s)
{
	json_string(out, "semaphore", slot_file_state_name((enum slot_file_state)s->file_state));
	if (s->file_state != SLOT_FILE_OK)
		return;
	json_number(out, "in_use", s->in_use);
	json_number(out, "taken", s->taken);
	json_number(out, "refused", s->refused);
	json_number(out, "waited", s->waited);
	json_number(out, "gave_up", s->gave_up);
	put_slots(out, p, s);
}

/* The cap is what guardiand wants; whether the file says so, its events tell. */
void status_put_streams(struct text_out *out, const struct policy *p, const struct snapshot *snap,
	const struct state *state)
{
	const struct streams_sample *s = &snap->streams;
	const struct streams_state *known = &state->streams;

	if (p->streams.max == 0)
		return;
	json_open(out, "streams", "{");
	json_number(out, "cap", known->max);
	json_number(out, "effective_cap", known->effective_cap);
	json_string(out, "reason", slot_cap_reason_name(known->reason));
	json_number(out, "cost_bytes", known->cost_bytes);
	if (s->valid & STREAMS_FILE)
		put_file(out, p, s);
	if (s->valid & STREAMS_PROCESSES) {
		json_number(out, "unaccounted", known->unaccounted);
		put_bare(out, p, s);
	}
	text_put(out, "}");
}
