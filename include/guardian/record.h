/*
 * record: snapshots and plans as lines of JSON, so that a minute can be kept, written by hand, and
 * decided again.
 *
 * A snapshot is one object: head fields, "host", "members" and "ancestors" by inode, "results". A
 * reading that is not there was not read: absent is not zero. UINT64_MAX is "max"; numbers above
 * 2^53 are strings of digits, because JSON numbers are doubles. A line with "patch": true changes
 * the line before (JSON merge patch, RFC 7396: null takes away); what it does not name stays, and
 * members it does not name have not changed.
 */
#ifndef GUARDIAN_RECORD_H
#define GUARDIAN_RECORD_H

#include <stddef.h>

#include "guardian/plan.h"
#include "guardian/snapshot.h"
#include "guardian/text.h"

enum {
	RECORD_LINE_MAX = 4 << 20, /* bytes: 512 members with every reading take about 1 MiB */
};

/* Where reading stands: the document of the line before. */
struct record {
	void *document;
	char wrong[64]; /* after -EINVAL or -ERANGE: the key that is wrong, or empty */
};

/* One line, without its newline. */
void record_put_snapshot(struct text_out *out, const struct snapshot *snap);
/* The actions and events of a plan made at NOW_US; services by their index in the policy. */
void record_put_plan(struct text_out *out, const struct plan *plan, uint64_t now_us);

/* -> 0; -EINVAL: not JSON, or a key or value that is unknown; -ERANGE: a number or list too large;
 * -EFBIG: the line is. After an error the document is as before. RECORD begins as {0}. */
int record_read(struct record *record, const char *line, size_t len, struct snapshot *snap);
void record_end(struct record *record);

#endif
