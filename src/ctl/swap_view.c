/*
 * swap_view: see the header. The areas are the one part that needs no daemon, and so they are never
 * shown old.
 */
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "guardian/swap_view.h"
#include "guardian/swaps.h"

/* ---- the areas of /proc/swaps ---- */

/* Whose it is, is not known without the policy's path. */
static bool add_area(cJSON *areas, const struct swap_area *area, bool has_path)
{
	cJSON *item = cJSON_CreateObject();

	if (!cJSON_AddItemToArray(areas, item)) {
		cJSON_Delete(item);
		return false;
	}
	return cJSON_AddStringToObject(item, "path", area->path) &&
	       cJSON_AddStringToObject(item, "type", swap_type_name((enum swap_type)area->type)) &&
	       cJSON_AddNumberToObject(item, "size_bytes", (double)area->size_bytes) &&
	       cJSON_AddNumberToObject(item, "used_bytes", (double)area->used_bytes) &&
	       cJSON_AddNumberToObject(item, "priority", area->priority) &&
	       (!has_path || cJSON_AddBoolToObject(item, "ours", area->ours != SWAP_FOREIGN));
}

static bool add_areas(cJSON *swap, const struct swap_sample *sample, bool has_path)
{
	cJSON *areas = cJSON_AddArrayToObject(swap, "areas");

	for (int i = 0; i < sample->n_areas; i++)
		if (!add_area(areas, &sample->area[i], has_path))
			return false;
	return areas && (!has_path || cJSON_AddNumberToObject(swap, "foreign_bytes",
					      (double)sample->foreign_bytes));
}

/* In place of what the status file says; nothing at all when it cannot be read. */
static bool read_areas(cJSON *view, cJSON *swap, int rootfd)
{
	const char *file = status_string(status_item(swap, "file"), "path");
	struct swap_sample sample = {0};
	struct swaps s;

	cJSON_DeleteItemFromObjectCaseSensitive(swap, "areas");
	cJSON_DeleteItemFromObjectCaseSensitive(swap, "foreign_bytes");
	(void)swaps_open(&s, rootfd);
	(void)swaps_read(&s, file, &sample);
	swaps_close(&s);
	return cJSON_AddStringToObject(view, "areas_from", "/proc/swaps") &&
	       (!(sample.valid & SWAP_AREAS) || add_areas(swap, &sample, *file));
}

/* What a daemon did when it was last seen, it does no more. */
static void forget_doings(cJSON *swap)
{
	static const char *const doings[] = {
		"progress", "thrash", "in_bytes_per_s", "out_bytes_per_s"};

	for (size_t i = 0; i < sizeof(doings) / sizeof(doings[0]); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(swap, doings[i]);
}

static bool add_swap(cJSON *view, const struct heartbeat *hb, int rootfd)
{
	const cJSON *known = status_item(hb->json, "swap");
	cJSON *swap = known ? cJSON_Duplicate(known, true) : cJSON_CreateObject();

	if (!cJSON_AddItemToObject(view, "swap", swap)) {
		cJSON_Delete(swap);
		return false;
	}
	if (hb->state == HEARTBEAT_ALIVE && status_item(swap, "areas"))
		return cJSON_AddStringToObject(view, "areas_from", "status.json");
	if (hb->state != HEARTBEAT_ALIVE)
		forget_doings(swap);
	return read_areas(view, swap, rootfd);
}

/* ---- the services ---- */

struct service_use {
	const char *name;
	uint64_t swap_bytes, limit_bytes; /* limit: UINT64_MAX, none */
	bool has_limit;                   /* it is known */
};

static bool add_up(const cJSON *service, struct service_use *use)
{
	const cJSON *member;
	bool is_known = false;

	*use = (struct service_use){.name = status_string(service, "name")};
	cJSON_ArrayForEach(member, status_item(service, "members"))
	{
		const cJSON *limit = status_item(member, "swap_limit_bytes");
		uint64_t bytes;

		if (status_number(member, "swap_bytes", &bytes)) {
			use->swap_bytes += bytes;
			is_known = true;
		}
		if (cJSON_IsNull(limit))
			bytes = UINT64_MAX;
		else if (!status_number(member, "swap_limit_bytes", &bytes))
			continue;
		if (bytes > use->limit_bytes)
			use->limit_bytes = bytes;
		use->has_limit = true;
	}
	return is_known;
}

static int by_use(const void *a, const void *b)
{
	uint64_t one = ((const struct service_use *)a)->swap_bytes;
	uint64_t other = ((const struct service_use *)b)->swap_bytes;

	return (one < other) - (one > other);
}

static bool put_service(cJSON *services, const struct service_use *use)
{
	cJSON *item = cJSON_CreateObject();

	if (!cJSON_AddItemToArray(services, item)) {
		cJSON_Delete(item);
		return false;
	}
	if (!cJSON_AddStringToObject(item, "name", use->name) ||
		!cJSON_AddNumberToObject(item, "swap_bytes", (double)use->swap_bytes))
		return false;
	if (!use->has_limit)
		return true;
	if (use->limit_bytes == UINT64_MAX)
		return cJSON_AddNullToObject(item, "swap_limit_bytes");
	return cJSON_AddNumberToObject(item, "swap_limit_bytes", (double)use->limit_bytes);
}

static bool put_services(cJSON *view, const struct service_use *uses, size_t n)
{
	cJSON *services = cJSON_AddArrayToObject(view, "services");

	for (size_t i = 0; i < n; i++)
		if (!put_service(services, &uses[i]))
			return false;
	return services;
}

static bool add_services(cJSON *view, const struct heartbeat *hb)
{
	const cJSON *services = status_item(hb->json, "services"), *service;
	int most = cJSON_GetArraySize(services);
	struct service_use *uses = calloc((size_t)most + 1, sizeof(*uses));
	size_t n = 0;
	bool done;

	if (!uses)
		return false;
	cJSON_ArrayForEach(service, services) if (add_up(service, &uses[n])) n++;
	qsort(uses, n, sizeof(*uses), by_use);
	done = put_services(view, uses, n);
	free(uses);
	return done;
}

static bool fill(cJSON *view, const struct heartbeat *hb, int rootfd)
{
	if (!cJSON_AddBoolToObject(view, "alive", hb->state == HEARTBEAT_ALIVE))
		return false;
	if (hb->json && hb->age_us != UINT64_MAX &&
		!cJSON_AddNumberToObject(view, "tick_age_us", (double)hb->age_us))
		return false;
	return add_swap(view, hb, rootfd) && add_services(view, hb);
}

struct cJSON *swap_view(const struct heartbeat *hb, int rootfd)
{
	cJSON *view = cJSON_CreateObject();

	if (view && fill(view, hb, rootfd))
		return view;
	cJSON_Delete(view);
	return NULL;
}
