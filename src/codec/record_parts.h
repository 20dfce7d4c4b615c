/*
 * record_parts: what record.c and record_out.c share with the files of their parts.
 */
#ifndef GUARDIAN_CODEC_RECORD_PARTS_H
#define GUARDIAN_CODEC_RECORD_PARTS_H

#include <cjson/cJSON.h>

#include "guardian/record.h"
#include "record_fields.h"

/* ---- record.c: in; 0, -EINVAL or -ERANGE ---- */
typedef int record_reader(struct record *record, const cJSON *object, struct snapshot *snap);
/* Remembers the key of ITEM. -> ERROR */
int record_wrong(struct record *record, const cJSON *item, int error);
int record_read_field(
	struct record *record, const struct record_table *table, const cJSON *item, void *base);
/* An object of fields; the member TEXT_KEY, if there is one, is the text of SIZE bytes at TEXT. */
int record_read_named(struct record *record, const struct record_table *table, const cJSON *object,
	void *base, const char *text_key, char *text, size_t size);
/* Every field that is no reading as it is when it is not there. */
void record_read_otherwise(const struct record_table *table, void *base);
int record_read_each(
	struct record *record, const cJSON *list, struct snapshot *snap, record_reader *read);

/* ---- record_out.c: out ---- */
void record_put_number(struct text_out *out, const char *key, uint64_t n);
void record_put_fields(struct text_out *out, const struct record_table *table, const void *base);

/* ---- record_streams.c ---- */
int record_read_streams(struct record *record, const cJSON *object, struct snapshot *snap);
void record_put_streams(struct text_out *out, const struct streams_sample *streams);
void record_put_stream_action(struct text_out *out, const struct action *a);

#endif
