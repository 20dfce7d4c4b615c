/*
 * slots_view: see the header. The file is asked for its locks as guardiand does it, which disturbs
 * nobody and needs no right but to read.
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "guardian/fs.h"
#include "guardian/slots.h"
#include "guardian/slots_view.h"
#include "guardian/status.h"

/* ---- of the file ---- */

static bool put_number(cJSON *object, const char *key, uint64_t number)
{
	return cJSON_AddNumberToObject(object, key, (double)number);
}

static bool put_slot(cJSON *slots, uint16_t i, const struct slot_sample *slot)
{
	cJSON *item = cJSON_CreateObject();

	if (!cJSON_AddItemToArray(slots, item)) {
		cJSON_Delete(item);
		return false;
	}
	if (!put_number(item, "slot", i) || !slot->record_ok)
		return item;
	return (!slot->name[0] || cJSON_AddStringToObject(item, "name", slot->name)) &&
	       put_number(item, "since_realtime_us", slot->since_us) &&
	       put_number(item, "inner_pid", slot->pid);
}

static bool put_slots(cJSON *streams, const struct streams_sample *seen)
{
	cJSON *slots = cJSON_AddArrayToObject(streams, "slots");

	for (uint16_t i = 0; i < STREAM_SLOTS_MAX; i++)
		if (seen->slot[i].held && !put_slot(slots, i, &seen->slot[i]))
			return false;
	return slots;
}

static bool put_header(cJSON *streams, const struct streams_sample *seen)
{
	return put_number(streams, "cap", seen->cap) &&
	       put_number(streams, "effective_cap", seen->effective_cap) &&
	       cJSON_AddStringToObject(streams, "reason", slot_cap_reason_name(seen->reason)) &&
	       put_number(streams, "taken", seen->taken) &&
	       put_number(streams, "refused", seen->refused) &&
	       put_number(streams, "waited", seen->waited) &&
	       put_number(streams, "gave_up", seen->gave_up);
}

static bool put_file(cJSON *streams, const struct streams_sample *seen)
{
	if (!cJSON_AddStringToObject(streams, "semaphore",
		    slot_file_state_name((enum slot_file_state)seen->file_state)))
		return false;
	if (seen->file_error &&
		!cJSON_AddStringToObject(streams, "error", strerror(seen->file_error)))
		return false;
	if (seen->file_state == SLOT_FILE_ABSENT || seen->file_state == SLOT_FILE_UNUSABLE)
		return true;
	if (seen->file_state == SLOT_FILE_OK && !put_header(streams, seen))
		return false;
	return put_number(streams, "in_use", seen->in_use) && put_slots(streams, seen);
}

static bool read_file(cJSON *view, int rootfd)
{
	_cleanup_fd_ int dirfd = fs_open_dir(rootfd, STATUS_DIR);
	struct streams_sample seen = {0};
	struct slots slots;
	cJSON *streams;

	(void)slots_open(&slots, dirfd, true);
	(void)slots_look(&slots, &seen);
	slots_close(&slots);
	if (!cJSON_AddStringToObject(view, "slots_from", SLOTS_FILE))
		return false;
	streams = cJSON_AddObjectToObject(view, "streams");
	return streams && put_file(streams, &seen);
}

/* ---- of the status file ---- */

static bool copy_status(cJSON *view, const struct heartbeat *hb)
{
	const cJSON *known = status_item(hb->json, "streams");
	cJSON *streams;

	if (!cJSON_AddStringToObject(view, "slots_from", "status.json"))
		return false;
	if (!known)
		return true;
	streams = cJSON_Duplicate(known, true);
	if (cJSON_AddItemToObject(view, "streams", streams))
		return true;
	cJSON_Delete(streams);
	return false;
}

/* ---- both ---- */

static bool add_ages(const cJSON *streams, uint64_t realtime_us)
{
	cJSON *slot;

	cJSON_ArrayForEach(slot, status_item(streams, "slots"))
	{
		uint64_t since_us;

		if (status_number(slot, "since_realtime_us", &since_us) &&
			since_us <= realtime_us &&
			!put_number(slot, "age_us", realtime_us - since_us))
			return false;
	}
	return true;
}

struct cJSON *slots_view(const struct heartbeat *hb, int rootfd, uint64_t realtime_us)
{
	bool is_alive = hb->state == HEARTBEAT_ALIVE;
	cJSON *view = cJSON_CreateObject();

	if (view && cJSON_AddBoolToObject(view, "alive", is_alive) &&
		(!hb->json || hb->age_us == UINT64_MAX ||
			put_number(view, "tick_age_us", hb->age_us)) &&
		(is_alive ? copy_status(view, hb) : read_file(view, rootfd)) &&
		add_ages(status_item(view, "streams"), realtime_us))
		return view;
	cJSON_Delete(view);
	return NULL;
}
