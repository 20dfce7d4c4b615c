/*
 * docker_json: a container out of Docker's JSON.
 *
 * Lookups are case-sensitive (cJSON's plain ones are not: "ID" and "Id" would be one), and numbers
 * are taken as doubles, because cJSON's integer stops at 2 GiB. A double is exact to 2^53, which is
 * 8 PiB; what is above, or has a fraction, is no number of bytes that Docker would have stored.
 */
#include <string.h>

#include "docker_json.h"
#include "guardian/text.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53 */

cJSON *docker_json_parse(const char *text, size_t len)
{
	cJSON *tree = text ? cJSON_ParseWithLength(text, len) : NULL;

	if (tree && !cJSON_IsObject(tree) && !cJSON_IsArray(tree)) {
		docker_json_free(tree);
		return NULL;
	}
	return tree;
}

/* Makes one list of the tree while it goes along it, so that depth costs no stack. */
static void wipe_strings(cJSON *tree)
{
	cJSON *last = tree;

	for (cJSON *item = tree; item; item = item->next) {
		while (last->next)
			last = last->next;
		last->next = item->child;
		item->child = NULL;
		if (cJSON_IsString(item) && item->valuestring)
			explicit_bzero(item->valuestring, strlen(item->valuestring));
	}
}

void docker_json_free(cJSON *tree)
{
	wipe_strings(tree);
	cJSON_Delete(tree);
}

static const cJSON *get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *docker_json_string(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(get(object, key));
}

static void copy_string(char *dst, size_t size, const char *s)
{
	text_copy(dst, size, s ? s : "", s ? strlen(s) : 0);
}

/* "/backend" -> "backend". */
static void copy_name(char *dst, size_t size, const char *s)
{
	copy_string(dst, size, s && s[0] == '/' ? s + 1 : s);
}

static bool whole_number(const cJSON *item, int64_t *out)
{
	double n;

	if (!cJSON_IsNumber(item))
		return false;
	n = item->valuedouble;
	if (!(n >= -EXACT_MAX && n <= EXACT_MAX))
		return false;
	*out = (int64_t)n;
	return (double)*out == n;
}

static void take_labels(const cJSON *labels, struct docker_container *out)
{
	copy_string(out->project, sizeof(out->project),
		docker_json_string(labels, "com.docker.compose.project"));
	copy_string(out->service, sizeof(out->service),
		docker_json_string(labels, "com.docker.compose.service"));
}

static void take_state(const cJSON *state, struct docker_container *out)
{
	int64_t pid;

	out->running = cJSON_IsTrue(get(state, "Running"));
	out->oom_killed = cJSON_IsTrue(get(state, "OOMKilled"));
	if (whole_number(get(state, "Pid"), &pid) && pid > 0 && pid <= INT32_MAX)
		out->pid = (int32_t)pid;
}

void docker_json_identity(const cJSON *container, struct docker_container *out)
{
	const char *id = docker_json_string(container, "Id"); /* the API's spelling */

	if (!id)
		id = docker_json_string(container, "ID"); /* the file's */
	copy_string(out->id, sizeof(out->id), id);
	copy_name(out->name, sizeof(out->name), docker_json_string(container, "Name"));
	take_labels(get(get(container, "Config"), "Labels"), out);
	take_state(get(container, "State"), out);
}

/* MemorySwap is memory and swap together; 0: never set, -1: unlimited, and runc makes "max" of
 * both. */
static void put_swap(struct limit_set *stored, int64_t memory, int64_t memory_swap)
{
	if (memory_swap == 0 || memory_swap == -1)
		limit_put(stored, LIMIT_SWAP_MAX, LIMIT_UNLIMITED);
	else if (memory > 0 && memory_swap >= memory)
		limit_put(stored, LIMIT_SWAP_MAX, (uint64_t)(memory_swap - memory));
}

void docker_json_limits(const cJSON *host_config, struct docker_container *out)
{
	int64_t memory = -1, n;

	if (whole_number(get(host_config, "Memory"), &memory) && memory >= 0)
		limit_put(&out->stored, LIMIT_MAX, memory > 0 ? (uint64_t)memory : LIMIT_UNLIMITED);
	if (whole_number(get(host_config, "MemorySwap"), &n))
		put_swap(&out->stored, memory, n);
	if (whole_number(get(host_config, "MemoryReservation"), &n) && n >= 0)
		limit_put(&out->stored, LIMIT_LOW, (uint64_t)n);
	copy_string(out->cgroup_parent, sizeof(out->cgroup_parent),
		docker_json_string(host_config, "CgroupParent"));
}

/* Links give a container further names, of the form "/other/alias". */
static const char *own_name(const cJSON *names)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, names)
	{
		const char *name = cJSON_GetStringValue(item);

		if (name && name[0] == '/' && !strchr(name + 1, '/'))
			return name;
	}
	return NULL;
}

void docker_json_list_entry(const cJSON *entry, struct docker_container *out)
{
	const char *state = docker_json_string(entry, "State");

	copy_string(out->id, sizeof(out->id), docker_json_string(entry, "Id"));
	copy_name(out->name, sizeof(out->name), own_name(get(entry, "Names")));
	take_labels(get(entry, "Labels"), out);
	/* A paused container keeps its memory and is in the list too. */
	out->running = state && (strcmp(state, "running") == 0 || strcmp(state, "paused") == 0);
}
