/*
 * record_streams: the streams of a snapshot and of a plan, both ways. Slots that nobody holds are
 * left out, so each says which one it is.
 */
#include <errno.h>
#include <string.h>

#include "guardian/json_out.h"
#include "record_parts.h"

/* ---- in ---- */

static int read_slot(struct record *record, const cJSON *object, struct snapshot *snap)
{
	const cJSON *index = cJSON_GetObjectItemCaseSensitive(object, "slot");
	struct slot_sample *slot;
	cJSON *rest;
	int r;

	if (!cJSON_IsNumber(index) || index->valuedouble < 0 ||
		index->valuedouble >= STREAM_SLOTS_MAX)
		return record_wrong(record, object, -ERANGE);
	slot = &snap->streams.slot[index->valueint];
	record_read_otherwise(&record_slot, slot);
	rest = cJSON_Duplicate(object, true);
	if (!rest)
		return -ENOMEM;
	cJSON_DeleteItemFromObjectCaseSensitive(rest, "slot");
	r = record_read_named(
		record, &record_slot, rest, slot, "name", slot->name, sizeof(slot->name));
	cJSON_Delete(rest);
	return r;
}

static int read_process(struct record *record, const cJSON *object, struct snapshot *snap)
{
	struct streams_sample *s = &snap->streams;
	struct stream_process *process = &s->process[s->n_processes];

	if (s->n_processes == STREAM_PROCESSES_MAX)
		return record_wrong(record, object, -ERANGE);
	s->n_processes++;
	record_read_otherwise(&record_stream, process);
	return record_read_named(record, &record_stream, object, process, NULL, NULL, 0);
}

static int read_item(struct record *record, const cJSON *item, struct snapshot *snap)
{
	bool processes = strcmp(item->string, "processes") == 0;

	if (!processes && strcmp(item->string, "slots") != 0)
		return record_read_field(record, &record_streams, item, &snap->streams);
	if (!cJSON_IsArray(item))
		return record_wrong(record, item, -EINVAL);
	if (processes)
		snap->streams.valid |= STREAMS_PROCESSES;
	return record_read_each(record, item, snap, processes ? read_process : read_slot);
}

int record_read_streams(struct record *record, const cJSON *object, struct snapshot *snap)
{
	return record_read_each(record, object, snap, read_item);
}

/* ---- out ---- */

static void put_slots(struct text_out *out, const struct streams_sample *s)
{
	json_open(out, "slots", "[");
	for (size_t i = 0; i < STREAM_SLOTS_MAX; i++) {
		if (!s->slot[i].held)
			continue;
		json_next(out);
		text_put(out, "{");
		record_put_number(out, "slot", i);
		record_put_fields(out, &record_slot, &s->slot[i]);
		if (s->slot[i].name[0])
			json_string(out, "name", s->slot[i].name);
		text_put(out, "}");
	}
	text_put(out, "]");
}

static void put_processes(struct text_out *out, const struct streams_sample *s)
{
	json_open(out, "processes", "[");
	for (uint16_t i = 0; i < s->n_processes; i++) {
		json_next(out);
		text_put(out, "{");
		record_put_fields(out, &record_stream, &s->process[i]);
		text_put(out, "}");
	}
	text_put(out, "]");
}

/* Left out when nothing of it was read. */
void record_put_streams(struct text_out *out, const struct streams_sample *s)
{
	if (s->valid == 0)
		return;
	json_open(out, "streams", "{");
	record_put_fields(out, &record_streams, s);
	if (s->valid & STREAMS_FILE)
		put_slots(out, s);
	if (s->valid & STREAMS_PROCESSES)
		put_processes(out, s);
	text_put(out, "}");
}

void record_put_stream_action(struct text_out *out, const struct action *a)
{
	if (a->kind == ACT_STREAMS_PUBLISH || a->kind == ACT_STREAMS_MEND) {
		record_put_number(out, "cap", a->cap);
		record_put_number(out, "effective_cap", a->effective_cap);
		json_string(out, "reason", slot_cap_reason_name(a->cap_reason));
		return;
	}
	record_put_number(out, "pid", a->pid);
	record_put_number(out, "start_ticks", a->start_ticks);
	if (a->kind == ACT_STREAM_STOP_CONTAINER)
		record_put_number(out, "grace_us", (uint64_t)a->value);
}
