/*
 * record: lines of JSON in. cJSON builds the line's tree, a patch is merged into the tree before,
 * and the field tables read it out. The way out is record_out.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/limit.h"
#include "guardian/record.h"
#include "record_parts.h"

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
	if (!cJSON_IsNumber(item) || n > (double)RECORD_EXACT_MAX || n < -(double)RECORD_EXACT_MAX)
		return false;
	*value = n < 0 ? (uint64_t)(int64_t)n : (uint64_t)n;
	return n == (n < 0 ? (double)(int64_t)*value : (double)*value);
}

/* No reading and no limit is below zero. */
static bool is_negative(const cJSON *item)
{
	return cJSON_IsNumber(item) && item->valuedouble < 0;
}

int record_wrong(struct record *record, const cJSON *item, int error)
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

int record_read_field(
	struct record *record, const struct record_table *table, const cJSON *item, void *base)
{
	const struct record_field *field = field_of(table, item->string);
	uint64_t value;

	if (!field || !value_of(item, &value))
		return record_wrong(record, item, -EINVAL);
	if ((is_negative(item) && field->type != RECORD_SIGNED) || !record_set(field, base, value))
		return record_wrong(record, item, -ERANGE);
	if (field->valid_size)
		record_set_valid(field, base);
	return 0;
}

void record_read_otherwise(const struct record_table *table, void *base)
{
	for (size_t i = 0; i < table->n; i++)
		if (!table->field[i].valid_size)
			(void)record_set(&table->field[i], base, table->field[i].otherwise);
}

int record_read_named(struct record *record, const struct record_table *table, const cJSON *object,
	void *base, const char *text_key, char *text, size_t size)
{
	const cJSON *named, *item;
	int r;

	if (!cJSON_IsObject(object))
		return record_wrong(record, object, -EINVAL);
	named = text_key ? cJSON_GetObjectItemCaseSensitive(object, text_key) : NULL;
	if (!cJSON_IsString(named))
		named = NULL;
	if (named && !text_copy(text, size, named->valuestring, strlen(named->valuestring)))
		return record_wrong(record, named, -ERANGE);
	cJSON_ArrayForEach(item, object)
	{
		r = item == named ? 0 : record_read_field(record, table, item, base);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_fields(
	struct record *record, const struct record_table *table, const cJSON *object, void *base)
{
	return record_read_named(record, table, object, base, NULL, NULL, 0);
}

static int read_limits(struct record *record, const cJSON *object, struct limit_set *set)
{
	const cJSON *item;
	uint64_t value;

	if (!cJSON_IsObject(object))
		return record_wrong(record, object, -EINVAL);
	cJSON_ArrayForEach(item, object)
	{
		enum limit_kind kind = 0;

		while (kind < LIMIT_COUNT && strcmp(limit_word(kind), item->string) != 0)
			kind++;
		if (kind == LIMIT_COUNT || is_negative(item) || !value_of(item, &value))
			return record_wrong(record, item, -EINVAL);
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
	return record_read_field(record, &record_member, item, m);
}

static int inode_of(struct record *record, const cJSON *object, uint64_t *inode)
{
	if (!cJSON_IsObject(object) || text_u64(object->string, strlen(object->string), inode) < 0)
		return record_wrong(record, object, -EINVAL);
	return 0;
}

static int read_member(struct record *record, const cJSON *object, struct snapshot *snap)
{
	struct member_sample *m = &snap->member[snap->n_members];
	const cJSON *item;
	int r;

	if (snap->n_members == SNAPSHOT_MEMBERS_MAX)
		return record_wrong(record, object, -ERANGE);
	record_read_otherwise(&record_member, m);
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
		return record_wrong(record, object, -ERANGE);
	snap->n_ancestors++;
	record_read_otherwise(&record_ancestor, a);
	r = inode_of(record, object, &a->inode);
	return r < 0 ? r : read_fields(record, &record_ancestor, object, a);
}

static int read_result(struct record *record, const cJSON *object, struct snapshot *snap)
{
	struct result *result = &snap->result[snap->n_results];

	if (snap->n_results == SNAPSHOT_RESULTS_MAX)
		return record_wrong(record, object, -ERANGE);
	snap->n_results++;
	return read_fields(record, &record_result, object, result);
}

int record_read_each(
	struct record *record, const cJSON *list, struct snapshot *snap, record_reader *read)
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

/* ---- swap ---- */

static int read_area(struct record *record, const cJSON *object, struct snapshot *snap)
{
	struct swap_sample *s = &snap->swap;
	struct swap_area *area = &s->area[s->n_areas];

	if (s->n_areas == SWAP_AREAS_MAX)
		return record_wrong(record, object, -ERANGE);
	s->n_areas++;
	record_read_otherwise(&record_swap_area, area);
	return record_read_named(
		record, &record_swap_area, object, area, "path", area->path, sizeof(area->path));
}

static int read_swap_files(struct record *record, const cJSON *list, struct snapshot *snap)
{
	const cJSON *object;
	size_t i = 0;
	int r;

	cJSON_ArrayForEach(object, list)
	{
		if (i == SWAP_FILES_MAX)
			return record_wrong(record, list, -ERANGE);
		record_read_otherwise(&record_swap_file, &snap->swap.file[i]);
		r = read_fields(record, &record_swap_file, object, &snap->swap.file[i++]);
		if (r < 0)
			return r;
	}
	snap->swap.valid |= SWAP_FILE_SEEN;
	return 0;
}

static int read_swap_item(struct record *record, const cJSON *item, struct snapshot *snap)
{
	bool areas = strcmp(item->string, "areas") == 0;

	if (!areas && strcmp(item->string, "files") != 0)
		return record_read_field(record, &record_swap, item, &snap->swap);
	if (!cJSON_IsArray(item))
		return record_wrong(record, item, -EINVAL);
	if (!areas)
		return read_swap_files(record, item, snap);
	snap->swap.valid |= SWAP_AREAS;
	return record_read_each(record, item, snap, read_area);
}

static int read_swap(struct record *record, const cJSON *object, struct snapshot *snap)
{
	return record_read_each(record, object, snap, read_swap_item);
}

/* The parts of a snapshot: an object, or a list of objects. */
static const struct {
	const char *key;
	bool keyed; /* objects by a key; otherwise a list */
	bool many;
	record_reader *read;
} parts[] = {
	{"host", true, false, read_host},
	{"swap", true, false, read_swap},
	{"streams", true, false, record_read_streams},
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
			return record_wrong(record, item, -EINVAL);
		return parts[i].many ? record_read_each(record, item, snap, parts[i].read)
				     : parts[i].read(record, item, snap);
	}
	return record_read_field(record, &record_head, item, snap);
}

static int read_document(struct record *record, const cJSON *document, struct snapshot *snap)
{
	const cJSON *item;
	int r;

	memset(snap, 0, sizeof(*snap));
	record_read_otherwise(&record_head, snap);
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
/* NOLINTNEXTLINE(misc-no-recursion) */
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
	cJSON_ArrayForEach(item, members)
	{
		mark_changed(item, snap);
	}
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
