/*
 * record: see the header. Out: straight into the caller's buffer. In: cJSON builds the line's tree,
 * a patch is merged into the tree before, and the field tables read it out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/json_out.h"
#include "guardian/limit.h"
#include "guardian/record.h"
#include "record_fields.h"

/* The largest number below which a double has every integer. */
#define EXACT_MAX ((uint64_t)1 << 53)

/* ---- out ---- */

static void put_number(struct text_out *out, const char *key, uint64_t n)
{
	json_key(out, key);
	if (n == UINT64_MAX) {
		text_put(out, "\"max\"");
	} else if (n > EXACT_MAX) {
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
		put_number(out, field->key, value);
		return;
	}
	json_key(out, field->key);
	if (field->type == RECORD_FLAG)
		text_put(out, value ? "true" : "false");
	else
		text_put_i64(out, (int64_t)value);
}

static void put_fields(struct text_out *out, const struct record_table *table, const void *base)
{
	for (size_t i = 0; i < table->n; i++)
		put_field(out, &table->field[i], base);
}

static void put_limits(struct text_out *out, const char *key, const struct limit_set *set)
{
	json_open(out, key, "{");
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		if (limit_has(set, kind))
			put_number(out, limit_word(kind), set->value[kind]);
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
		put_fields(out, &record_member, m);
		put_limits(out, "live", &m->live);
		if (m->valid & MEMBER_STORED)
			put_limits(out, "stored", &m->stored);
		text_put(out, "}");
	}
	text_put(out, "}");
}

static void put_ancestors(struct text_out *out, const struct snapshot *snap)
{
	json_open(out, "ancestors", "{");
	for (uint16_t i = 0; i < snap->n_ancestors; i++) {
		open_by_inode(out, snap->ancestor[i].inode);
		put_fields(out, &record_ancestor, &snap->ancestor[i]);
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
		put_fields(out, &record_result, &snap->result[i]);
		text_put(out, "}");
	}
	text_put(out, "]");
}

void record_put_snapshot(struct text_out *out, const struct snapshot *snap)
{
	text_put(out, "{");
	put_fields(out, &record_head, snap);
	json_open(out, "host", "{");
	put_fields(out, &record_host, &snap->host);
	text_put(out, "}");
	put_members(out, snap);
	put_ancestors(out, snap);
	put_results(out, snap);
	text_put(out, "}");
}

static void put_service(struct text_out *out, uint16_t service)
{
	if (service != SERVICE_NONE)
		put_number(out, "service", service);
}

static void put_action(struct text_out *out, const struct action *a)
{
	json_next(out);
	text_put(out, "{");
	json_string(out, "do", action_name(a->kind));
	put_service(out, a->service);
	put_number(out, "inode", a->inode);
	put_number(out, "ticket", a->ticket);
	if (a->force)
		put_number(out, "force", 1);
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
		put_number(out, "inode", e->inode);
	if (e->limit < LIMIT_COUNT)
		json_string(out, "limit", limit_word(e->limit));
	if (e->reason != REASON_NONE)
		json_string(out, "reason", event_reason_name(e->reason));
	if (e->subject)
		put_number(out, "subject", e->subject);
	for (int i = 0; i < EVENT_NUMBERS; i++)
		if (info->field[i])
			put_number(out, info->field[i], e->n[i]);
	text_put(out, "}");
}

void record_put_plan(struct text_out *out, const struct plan *plan, uint64_t now_us)
{
	text_put(out, "{");
	put_number(out, "now_us", now_us);
	put_number(out, "wake_us", plan->wake_us);
	json_open(out, "actions", "[");
	for (uint16_t i = 0; i < plan->n_actions; i++)
		put_action(out, &plan->action[i]);
	text_put(out, "]");
	json_open(out, "events", "[");
	for (uint16_t i = 0; i < plan->n_events; i++)
		put_event(out, &plan->event[i]);
	text_put(out, "]}");
}

/* ---- in ---- */

/* true and false, a whole number, "max", or digits. */
static bool value_of(const cJSON *item, uint64_t *value)
{
	double n = item->valuedouble;

	if (cJSON_IsBool(item)) {
		*value = cJSON_IsTrue(item) ? 1 : 0;
		return true;
	}
	if (cJSON_IsString(item))
		return text_cgroup_value(item->valuestring, strlen(item->valuestring), value) == 0;
	if (!cJSON_IsNumber(item) || n > (double)EXACT_MAX || n < -(double)EXACT_MAX)
		return false;
	*value = n < 0 ? (uint64_t)(int64_t)n : (uint64_t)n;
	return n == (n < 0 ? (double)(int64_t)*value : (double)*value);
}

static int wrong(struct record *record, const cJSON *item, int error)
{
	const char *key = item->string ? item->string : "";

	if (!text_copy(record->wrong, sizeof(record->wrong), key, strlen(key)))
		record->wrong[0] = '\0';
	return error;
}

static const struct record_field *field_of(const struct record_table *table, const char *key)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->field[i].key, key) == 0)
			return &table->field[i];
	return NULL;
}

static int read_field(
	struct record *record, const struct record_table *table, const cJSON *item, void *base)
{
	const struct record_field *field = field_of(table, item->string);
	uint64_t value;

	if (!field || !value_of(item, &value))
		return wrong(record, item, -EINVAL);
	if (!record_set(field, base, value))
		return wrong(record, item, -ERANGE);
	if (field->valid_size)
		record_set_valid(field, base);
	return 0;
}

static void read_otherwise(const struct record_table *table, void *base)
{
	for (size_t i = 0; i < table->n; i++)
		if (!table->field[i].valid_size)
			(void)record_set(&table->field[i], base, table->field[i].otherwise);
}

static int read_fields(
	struct record *record, const struct record_table *table, const cJSON *object, void *base)
{
	const cJSON *item;
	int r;

	if (!cJSON_IsObject(object))
		return wrong(record, object, -EINVAL);
	cJSON_ArrayForEach(item, object)
	{
		r = read_field(record, table, item, base);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_limits(struct record *record, const cJSON *object, struct limit_set *set)
{
	const cJSON *item;
	uint64_t value;

	if (!cJSON_IsObject(object))
		return wrong(record, object, -EINVAL);
	cJSON_ArrayForEach(item, object)
	{
		enum limit_kind kind = 0;

		while (kind < LIMIT_COUNT && strcmp(limit_word(kind), item->string) != 0)
			kind++;
		if (kind == LIMIT_COUNT || !value_of(item, &value))
			return wrong(record, item, -EINVAL);
		limit_put(set, kind, value);
	}
	return 0;
}

static int read_member_item(struct record *record, const cJSON *item, struct member_sample *m)
{
	if (strcmp(item->string, "live") == 0)
		return read_limits(record, item, &m->live);
	if (strcmp(item->string, "stored") == 0) {
		m->valid |= MEMBER_STORED;
		return read_limits(record, item, &m->stored);
	}
	return read_field(record, &record_member, item, m);
}

static int inode_of(struct record *record, const cJSON *object, uint64_t *inode)
{
	if (!cJSON_IsObject(object) || text_u64(object->string, strlen(object->string), inode) < 0)
		return wrong(record, object, -EINVAL);
	return 0;
}

static int read_member(struct record *record, const cJSON *object, struct snapshot *snap)
{
	struct member_sample *m = &snap->member[snap->n_members];
	const cJSON *item;
	int r;

	if (snap->n_members == SNAPSHOT_MEMBERS_MAX)
		return wrong(record, object, -ERANGE);
	read_otherwise(&record_member, m);
	r = inode_of(record, object, &m->inode);
	if (r < 0)
		return r;
	cJSON_ArrayForEach(item, object)
	{
		r = read_member_item(record, item, m);
		if (r < 0)
			return r;
	}
	snap->n_members++;
	return 0;
}

static int read_ancestor(struct record *record, const cJSON *object, struct snapshot *snap)
{
	struct ancestor_sample *a = &snap->ancestor[snap->n_ancestors];
	int r;

	if (snap->n_ancestors == SNAPSHOT_ANCESTORS_MAX)
		return wrong(record, object, -ERANGE);
	snap->n_ancestors++;
	read_otherwise(&record_ancestor, a);
	r = inode_of(record, object, &a->inode);
	return r < 0 ? r : read_fields(record, &record_ancestor, object, a);
}

static int read_result(struct record *record, const cJSON *object, struct snapshot *snap)
{
	struct result *result = &snap->result[snap->n_results];

	if (snap->n_results == SNAPSHOT_RESULTS_MAX)
		return wrong(record, object, -ERANGE);
	snap->n_results++;
	return read_fields(record, &record_result, object, result);
}

static int read_each(struct record *record, const cJSON *list, struct snapshot *snap,
	int (*read)(struct record *record, const cJSON *object, struct snapshot *snap))
{
	const cJSON *object;
	int r;

	cJSON_ArrayForEach(object, list)
	{
		r = read(record, object, snap);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_host(struct record *record, const cJSON *object, struct snapshot *snap)
{
	return read_fields(record, &record_host, object, &snap->host);
}

/* The parts of a snapshot: an object, or a list of objects. */
static const struct {
	const char *key;
	bool keyed; /* objects by a key; otherwise a list */
	bool many;
	int (*read)(struct record *record, const cJSON *object, struct snapshot *snap);
} parts[] = {
	{"host", true, false, read_host},
	{"members", true, true, read_member},
	{"ancestors", true, true, read_ancestor},
	{"results", false, true, read_result},
};

static int read_item(struct record *record, const cJSON *item, struct snapshot *snap)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].key, item->string) != 0)
			continue;
		if (parts[i].keyed ? !cJSON_IsObject(item) : !cJSON_IsArray(item))
			return wrong(record, item, -EINVAL);
		return parts[i].many ? read_each(record, item, snap, parts[i].read)
				     : parts[i].read(record, item, snap);
	}
	return read_field(record, &record_head, item, snap);
}

static int read_document(struct record *record, const cJSON *document, struct snapshot *snap)
{
	const cJSON *item;
	int r;

	memset(snap, 0, sizeof(*snap));
	read_otherwise(&record_head, snap);
	cJSON_ArrayForEach(item, document)
	{
		r = read_item(record, item, snap);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- patches ---- */

/* RFC 7396. cJSON bounds the depth of a tree (CJSON_NESTING_LIMIT), and so of this. */
static bool merge(cJSON *target, const cJSON *patch)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, patch)
	{
		cJSON *old = cJSON_GetObjectItemCaseSensitive(target, item->string);
		cJSON *copy;

		if (cJSON_IsObject(item) && cJSON_IsObject(old)) {
			if (!merge(old, item))
				return false;
			continue;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(target, item->string);
		if (cJSON_IsNull(item))
			continue;
		copy = cJSON_Duplicate(item, true);
		if (!copy || !cJSON_AddItemToObject(target, item->string, copy)) {
			cJSON_Delete(copy);
			return false;
		}
	}
	return true;
}

/* The document before with LINE merged into it. Results were of that moment alone. */
static cJSON *patched(const struct record *record, const cJSON *line)
{
	cJSON *document = cJSON_Duplicate(record->document, true);

	if (!document)
		return NULL;
	cJSON_DeleteItemFromObjectCaseSensitive(document, "results");
	if (!merge(document, line)) {
		cJSON_Delete(document);
		return NULL;
	}
	return document;
}

static void mark_changed(const cJSON *named, struct snapshot *snap)
{
	const cJSON *changed = cJSON_GetObjectItemCaseSensitive(named, "changed");
	uint64_t inode;

	if (text_u64(named->string, strlen(named->string), &inode) < 0)
		return;
	for (uint16_t i = 0; i < snap->n_members; i++)
		if (snap->member[i].inode == inode)
			snap->member[i].changed = !cJSON_IsFalse(changed);
}

/* A patch says by naming a member that it has changed. */
static void mark_members(const cJSON *line, struct snapshot *snap)
{
	const cJSON *members = cJSON_GetObjectItemCaseSensitive(line, "members"), *item;

	for (uint16_t i = 0; i < snap->n_members; i++)
		snap->member[i].changed = false;
	cJSON_ArrayForEach(item, members) mark_changed(item, snap);
}

/* Takes over LINE. */
static int read_line(struct record *record, cJSON *line, struct snapshot *snap)
{
	bool patch =
		record->document && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "patch"));
	cJSON *document;
	int r;

	cJSON_DeleteItemFromObjectCaseSensitive(line, "patch");
	document = patch ? patched(record, line) : line;
	r = document ? read_document(record, document, snap) : -ENOMEM;
	if (r == 0 && patch)
		mark_members(line, snap);
	if (patch)
		cJSON_Delete(line);
	if (r < 0) {
		cJSON_Delete(document);
		return r;
	}
	cJSON_Delete(record->document);
	record->document = document;
	return 0;
}

int record_read(struct record *record, const char *line, size_t len, struct snapshot *snap)
{
	cJSON *parsed;

	record->wrong[0] = '\0';
	if (len > RECORD_LINE_MAX)
		return -EFBIG;
	parsed = cJSON_ParseWithLength(line, len);
	if (!cJSON_IsObject(parsed)) {
		cJSON_Delete(parsed);
		return -EINVAL;
	}
	return read_line(record, parsed, snap);
}

void record_end(struct record *record)
{
	cJSON_Delete(record->document);
	record->document = NULL;
}
