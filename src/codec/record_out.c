/*
 * record_out: lines of JSON out, straight into the caller's buffer. The way in is record.c.
 */
#include "guardian/json_out.h"
#include "guardian/limit.h"
#include "record_parts.h"

void record_put_number(struct text_out *out, const char *key, uint64_t n)
{
	json_key(out, key);
	if (n == UINT64_MAX) {
		text_put(out, "\"max\"");
	} else if (n > RECORD_EXACT_MAX) {
		text_put(out, "\"");
		text_put_u64(out, n);
		text_put(out, "\"");
	} else {
		text_put_u64(out, n);
	}
}

static void put_field(struct text_out *out, const struct record_field *field, const void *base)
{
	uint64_t value = record_get(field, base);

	if (field->valid_size ? !record_is_valid(field, base) : value == field->otherwise)
		return;
	if (field->type == RECORD_NUMBER) {
		record_put_number(out, field->key, value);
		return;
	}
	json_key(out, field->key);
	if (field->type == RECORD_FLAG)
		text_put(out, value ? "true" : "false");
	else
		text_put_i64(out, (int64_t)value);
}

void record_put_fields(struct text_out *out, const struct record_table *table, const void *base)
{
	for (size_t i = 0; i < table->n; i++)
		put_field(out, &table->field[i], base);
}

static void put_limits(struct text_out *out, const char *key, const struct limit_set *set)
{
	json_open(out, key, "{");
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		if (limit_has(set, kind))
			record_put_number(out, limit_word(kind), set->value[kind]);
	text_put(out, "}");
}

/* An object whose key is the inode. */
static void open_by_inode(struct text_out *out, uint64_t inode)
{
	json_next(out);
	text_put(out, "\"");
	text_put_u64(out, inode);
	text_put(out, "\":{");
}

static void put_members(struct text_out *out, const struct snapshot *snap)
{
	json_open(out, "members", "{");
	for (uint16_t i = 0; i < snap->n_members; i++) {
		const struct member_sample *m = &snap->member[i];

		open_by_inode(out, m->inode);
		record_put_fields(out, &record_member, m);
		put_limits(out, "live", &m->live);
		if (m->valid & MEMBER_STORED)
			put_limits(out, "stored", &m->stored);
		text_put(out, "}");
	}
	text_put(out, "}");
}

static void put_area(struct text_out *out, const struct swap_area *area)
{
	json_next(out);
	text_put(out, "{");
	if (area->path[0])
		json_string(out, "path", area->path);
	record_put_fields(out, &record_swap_area, area);
	text_put(out, "}");
}

/* Left out when nothing of it was read. */
static void put_swap(struct text_out *out, const struct swap_sample *s)
{
	if (s->valid == 0)
		return;
	json_open(out, "swap", "{");
	record_put_fields(out, &record_swap, s);
	if (s->valid & SWAP_AREAS) {
		json_open(out, "areas", "[");
		for (uint16_t i = 0; i < s->n_areas; i++)
			put_area(out, &s->area[i]);
		text_put(out, "]");
	}
	if (s->valid & SWAP_FILE_SEEN) {
		json_open(out, "files", "[");
		for (size_t i = 0; i < SWAP_FILES_MAX; i++) {
			json_next(out);
			text_put(out, "{");
			record_put_fields(out, &record_swap_file, &s->file[i]);
			text_put(out, "}");
		}
		text_put(out, "]");
	}
	text_put(out, "}");
}

static void put_ancestors(struct text_out *out, const struct snapshot *snap)
{
	json_open(out, "ancestors", "{");
	for (uint16_t i = 0; i < snap->n_ancestors; i++) {
		open_by_inode(out, snap->ancestor[i].inode);
		record_put_fields(out, &record_ancestor, &snap->ancestor[i]);
		text_put(out, "}");
	}
	text_put(out, "}");
}

static void put_results(struct text_out *out, const struct snapshot *snap)
{
	if (snap->n_results == 0)
		return;
	json_open(out, "results", "[");
	for (uint16_t i = 0; i < snap->n_results; i++) {
		json_next(out);
		text_put(out, "{");
		record_put_fields(out, &record_result, &snap->result[i]);
		text_put(out, "}");
	}
	text_put(out, "]");
}

void record_put_snapshot(struct text_out *out, const struct snapshot *snap)
{
	text_put(out, "{");
	record_put_fields(out, &record_head, snap);
	json_open(out, "host", "{");
	record_put_fields(out, &record_host, &snap->host);
	text_put(out, "}");
	put_swap(out, &snap->swap);
	record_put_streams(out, &snap->streams);
	put_members(out, snap);
	put_ancestors(out, snap);
	put_results(out, snap);
	text_put(out, "}");
}

static void put_service(struct text_out *out, uint16_t service)
{
	if (service != SERVICE_NONE)
		record_put_number(out, "service", service);
}

/* What the actions on swap need, each its own. */
static void put_swap_action(struct text_out *out, const struct action *a)
{
	if (a->kind < ACT_SWAPPINESS) {
		record_put_number(out, "file", a->file);
		record_put_number(out, "size_bytes", a->size_bytes);
		record_put_number(out, "reserve_bytes", a->reserve_bytes);
	}
	json_key(out, "value");
	text_put_i64(out, a->value);
}

static void put_action(struct text_out *out, const struct action *a)
{
	json_next(out);
	text_put(out, "{");
	json_string(out, "do", action_name(a->kind));
	put_service(out, a->service);
	record_put_number(out, "inode", a->inode);
	record_put_number(out, "ticket", a->ticket);
	if (a->force)
		record_put_number(out, "force", 1);
	if (a->kind >= ACT_STREAMS_PUBLISH)
		record_put_stream_action(out, a);
	else if (a->kind >= ACT_SWAP_MAKE)
		put_swap_action(out, a);
	else
		put_limits(out, "set", &a->set);
	text_put(out, "}");
}

/* Numbers as far as the event's row names them. */
static void put_event(struct text_out *out, const struct event *e)
{
	const struct event_info *info = event_info(e->kind);

	if (!info)
		return;
	json_next(out);
	text_put(out, "{");
	json_string(out, "event", info->name);
	put_service(out, e->service);
	if (e->inode)
		record_put_number(out, "inode", e->inode);
	if (e->limit < LIMIT_COUNT)
		json_string(out, "limit", limit_word(e->limit));
	if (e->reason != REASON_NONE)
		json_string(out, "reason", event_reason_name(e->reason));
	if (e->subject)
		record_put_number(out, "subject", e->subject);
	for (int i = 0; i < EVENT_NUMBERS; i++)
		if (info->field[i])
			record_put_number(out, info->field[i], e->n[i]);
	text_put(out, "}");
}

void record_put_plan(struct text_out *out, const struct plan *plan, uint64_t now_us)
{
	text_put(out, "{");
	record_put_number(out, "now_us", now_us);
	record_put_number(out, "wake_us", plan->wake_us);
	json_open(out, "actions", "[");
	for (uint16_t i = 0; i < plan->n_actions; i++)
		put_action(out, &plan->action[i]);
	text_put(out, "]");
	json_open(out, "events", "[");
	for (uint16_t i = 0; i < plan->n_events; i++)
		put_event(out, &plan->event[i]);
	text_put(out, "]}");
}
