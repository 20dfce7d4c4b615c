/*
 * status_read: see the header. The file is written by guardiand alone, but read as if it were not:
 * bounded by the caller, strict in its numbers, and a missing part is absent.
 */
#include <errno.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/status_read.h"
#include "guardian/text.h"

/* Above this a double no longer holds every whole number: 2^53. */
#define EXACT_MAX 9007199254740992.0

int status_parse(const char *text, size_t len, struct cJSON **out)
{
	cJSON *json = cJSON_ParseWithLength(text, len);

	if (!cJSON_IsObject(json)) {
		cJSON_Delete(json);
		return -EBADMSG;
	}
	*out = json;
	return 0;
}

const struct cJSON *status_item(const struct cJSON *object, const char *key)
{
	return object ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

bool status_number(const struct cJSON *object, const char *key, uint64_t *out)
{
	const cJSON *item = status_item(object, key);

	if (!item || !cJSON_IsNumber(item) ||
		!(item->valuedouble >= 0 && item->valuedouble <= EXACT_MAX))
		return false;
	*out = (uint64_t)item->valuedouble;
	return (double)*out >= item->valuedouble;
}

const char *status_string(const struct cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(status_item(object, key));

	return s ? s : "";
}

static void copy_word(char word[STATUS_WORD_SIZE], const struct cJSON *status, const char *key)
{
	const char *s = status_string(status, key);

	text_copy(word, STATUS_WORD_SIZE, s, strlen(s));
}

int status_head_read(const struct cJSON *status, struct status_head *out)
{
	memset(out, 0, sizeof(*out));
	copy_word(out->version, status, "version");
	copy_word(out->mode, status, "mode");
	if (!status_number(status, "pid", &out->pid) ||
		!status_number(status, "realtime_us", &out->realtime_us) ||
		!status_number(status, "now_us", &out->now_us) ||
		!status_number(status, "interval_us", &out->interval_us))
		return -EBADMSG;
	(void)status_number(status, "tick", &out->ticks);
	(void)status_number(status, "started_realtime_us", &out->started_realtime_us);
	return 0;
}
