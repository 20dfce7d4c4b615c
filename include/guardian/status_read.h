/*
 * status_read: status.json read back, by those who come to look: guardianctl and `guardiand
 * --check`.
 *
 * The head becomes a struct; the rest stays a tree, walked with the two accessors below. Both say
 * "absent" rather than zero, and neither cuts a size at 2 GiB as cJSON's `valueint` does.
 */
#ifndef GUARDIAN_STATUS_READ_H
#define GUARDIAN_STATUS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

enum {
	STATUS_TEXT_MAX =
		4 << 20, /* bytes of a status file; 512 services with a member each fill 0.3 MiB */
	STATUS_WORD_SIZE = 32,
};

struct status_head {
	char version[STATUS_WORD_SIZE];
	char mode[STATUS_WORD_SIZE]; /* "enforce", "observe" */
	uint64_t pid;
	uint64_t realtime_us; /* of the last tick, CLOCK_REALTIME ... */
	uint64_t now_us;      /* ... and CLOCK_BOOTTIME */
	uint64_t ticks;
	uint64_t started_realtime_us;
	uint64_t interval_us;
};

/* -> 0 and a tree (caller: cJSON_Delete), or -EBADMSG: not a status file's JSON. */
int status_parse(const char *text, size_t len, struct cJSON **out);

/* -> 0, or -EBADMSG when a number that the heartbeat needs is not there. */
int status_head_read(const struct cJSON *status, struct status_head *out);

/* A whole number from 0 to 2^53. false when KEY is absent or something else. */
bool status_number(const struct cJSON *object, const char *key, uint64_t *out);

/* "" when KEY is absent or no string; never NULL. */
const char *status_string(const struct cJSON *object, const char *key);

/* NULL when absent; case-sensitive. OBJECT may be NULL. */
const struct cJSON *status_item(const struct cJSON *object, const char *key);

#endif
