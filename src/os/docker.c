/*
 * docker: the calls to the Engine API that guardiand needs.
 *
 * An update asks first what is stored. Docker checks a request against itself and its stored values
 * by rules of its own: Memory without MemorySwap fails on a container that was never limited, and 0
 * means "leave it", so that nothing can be taken away. With the stored values at hand, one complete
 * request is made, or none with a reason that can be told.
 */
#include <errno.h>
#include <string.h>

#include "deadline.h"
#include "docker_http.h"
#include "docker_json.h"
#include "guardian/docker.h"
#include "guardian/text.h"
#include "sentence.h"

enum {
	PATH_SIZE = 256,
	BODY_SIZE = 160,       /* three numbers of 20 digits and their names */
	INSPECT_MAX = 1 << 20, /* 100 kB is seen with long environments */
	LIST_MAX = 4 << 20,    /* about 2 kB a container */
	UPDATE_REPLY_MAX = 64 << 10,
};

/* Docker's request. 0 leaves a value as it is; memory_swap -1 is unlimited. Bytes. */
struct update {
	int64_t memory, memory_swap, reservation;
};

static int error_of(unsigned http_status)
{
	if (http_status >= 200 && http_status < 300)
		return 0;
	return http_status == 404 ? -ENOENT : -EREMOTEIO;
}

/* Sends REQUEST; REPLY is initialized here and freed by the caller in any case. */
static int ask(const struct docker *docker, const struct docker_request *request, uint64_t until_us,
	size_t max, struct docker_reply *reply)
{
	int err;

	docker_reply_init(reply, max);
	err = docker_http(docker->socket, request, until_us, reply);
	return err < 0 ? err : error_of(reply->status);
}

int docker_ping(const struct docker *docker)
{
	const struct docker_request request = {.method = "GET", .path = "/_ping"};
	struct docker_reply reply;
	int err = ask(
		docker, &request, deadline_after(docker->deadline_us), UPDATE_REPLY_MAX, &reply);

	docker_reply_free(&reply);
	return err;
}

/* What Docker allows in a name: no slash, blank or '%' that could make another path of it. */
static bool is_name(const char *id)
{
	static const char ALLOWED[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strspn(id, ALLOWED);

	return len > 0 && len < POLICY_MATCH_SIZE && id[len] == '\0' && !strchr("_.-", id[0]);
}

/* "/containers/" ID TAIL */
static int container_path(char path[static PATH_SIZE], const char *id, const char *tail)
{
	struct text_out out;

	if (!is_name(id))
		return -EINVAL;
	text_out_init(&out, path, PATH_SIZE);
	text_put(&out, "/containers/");
	text_put(&out, id);
	text_put(&out, tail);
	return 0;
}

static int read_container(const struct docker_reply *reply, struct docker_container *out)
{
	cJSON *tree = docker_json_parse(reply->body, reply->len);
	int err = -EBADMSG;

	if (tree) {
		docker_json_identity(tree, out);
		docker_json_limits(cJSON_GetObjectItemCaseSensitive(tree, "HostConfig"), out);
		err = out->id[0] ? 0 : -EBADMSG;
	}
	docker_json_free(tree);
	return err;
}

static int inspect(const struct docker *docker, const char *id, uint64_t until_us,
	struct docker_container *out)
{
	char path[PATH_SIZE];
	struct docker_request request = {.method = "GET", .path = path};
	struct docker_reply reply;
	int err = container_path(path, id, "/json");

	*out = (struct docker_container){0};
	if (err < 0)
		return err;
	err = ask(docker, &request, until_us, INSPECT_MAX, &reply);
	if (err == 0)
		err = read_container(&reply, out);
	docker_reply_free(&reply);
	return err;
}

int docker_inspect(const struct docker *docker, const char *id, struct docker_container *out)
{
	return inspect(docker, id, deadline_after(docker->deadline_us), out);
}

static int for_each_entry(
	const struct docker_reply *reply, docker_container_fn *each, void *userdata)
{
	cJSON *tree = docker_json_parse(reply->body, reply->len);
	const cJSON *entry;
	int n = 0, err = cJSON_IsArray(tree) ? 0 : -EBADMSG;

	cJSON_ArrayForEach(entry, tree)
	{
		struct docker_container container = {0};

		if (err < 0)
			break;
		docker_json_list_entry(entry, &container);
		if (container.id[0] == '\0')
			continue;
		n++;
		err = each(&container, userdata);
	}
	docker_json_free(tree);
	return err < 0 ? err : n;
}

int docker_list(const struct docker *docker, docker_container_fn *each, void *userdata)
{
	const struct docker_request request = {.method = "GET", .path = "/containers/json"};
	struct docker_reply reply;
	int status = ask(docker, &request, deadline_after(docker->deadline_us), LIST_MAX, &reply);

	if (status == 0)
		status = for_each_entry(&reply, each, userdata);
	docker_reply_free(&reply);
	return status;
}

/* ---- update ---- */

static int refuse(int error, const char *sentence, char *err, size_t errsize)
{
	sentence_copy(err, errsize, sentence);
	return error;
}

static uint64_t wanted_or_stored(
	const struct limit_set *wanted, const struct limit_set *stored, enum limit_kind kind)
{
	if (limit_has(wanted, kind))
		return wanted->value[kind];
	return limit_has(stored, kind) ? stored->value[kind] : LIMIT_UNLIMITED;
}

/* Memory and MemorySwap: always together, or Docker compares the one with what it has of the other.
 */
static int fill_memory(const struct limit_set *wanted, const struct limit_set *stored,
	struct update *u, char *err, size_t errsize)
{
	uint64_t max = wanted_or_stored(wanted, stored, LIMIT_MAX);
	uint64_t swap = wanted_or_stored(wanted, stored, LIMIT_SWAP_MAX);

	if (max == LIMIT_UNLIMITED) {
		if (wanted_or_stored(stored, stored, LIMIT_MAX) != LIMIT_UNLIMITED)
			return refuse(-EOPNOTSUPP,
				"Docker cannot take a memory limit away: needs recreate", err,
				errsize);
		if (swap != LIMIT_UNLIMITED)
			return refuse(-EINVAL, "Docker takes a swap limit only with a memory limit",
				err, errsize);
		return 0;
	}
	if (max < LIMIT_FLOOR_BYTES)
		return refuse(-ERANGE, "Docker takes no memory limit below 6 MiB", err, errsize);
	if (max > INT64_MAX || (swap != LIMIT_UNLIMITED && swap > INT64_MAX - max))
		return refuse(-ERANGE, "Memory or swap limit too large for Docker", err, errsize);
	u->memory = (int64_t)max;
	u->memory_swap = swap == LIMIT_UNLIMITED ? -1 : (int64_t)(max + swap);
	return 0;
}

static int fill_reservation(const struct limit_set *wanted, const struct limit_set *stored,
	struct update *u, char *err, size_t errsize)
{
	uint64_t low = wanted->value[LIMIT_LOW];

	if (low == 0) {
		if (limit_has(stored, LIMIT_LOW) && stored->value[LIMIT_LOW] != 0)
			return refuse(-EOPNOTSUPP,
				"Docker cannot take a reservation away: needs recreate", err,
				errsize);
		return 0;
	}
	if (low < LIMIT_FLOOR_BYTES)
		return refuse(-ERANGE, "Docker takes no reservation below 6 MiB", err, errsize);
	if (low > wanted_or_stored(wanted, stored, LIMIT_MAX))
		return refuse(-EINVAL, "Reservation above the memory limit", err, errsize);
	if (low > INT64_MAX)
		return refuse(-ERANGE, "Reservation too large for Docker", err, errsize);
	u->reservation = (int64_t)low;
	return 0;
}

/* -> 1: there is something to ask for. 0: nothing. */
static int merge(const struct limit_set *wanted, const struct limit_set *stored, struct update *u,
	char *err, size_t errsize)
{
	int status = 0;

	*u = (struct update){0};
	if (limit_has(wanted, LIMIT_MAX) || limit_has(wanted, LIMIT_SWAP_MAX))
		status = fill_memory(wanted, stored, u, err, errsize);
	if (status == 0 && limit_has(wanted, LIMIT_LOW))
		status = fill_reservation(wanted, stored, u, err, errsize);
	if (status < 0)
		return status;
	return u->memory != 0 || u->reservation != 0;
}

static void put_field(struct text_out *out, const char *name, int64_t value)
{
	if (value == 0)
		return;
	text_put(out, out->len == 0 ? "{\"" : ",\"");
	text_put(out, name);
	text_put(out, "\":");
	text_put_i64(out, value);
}

static void write_body(const struct update *u, char body[static BODY_SIZE])
{
	struct text_out out;

	text_out_init(&out, body, BODY_SIZE);
	put_field(&out, "Memory", u->memory);
	put_field(&out, "MemorySwap", u->memory_swap);
	put_field(&out, "MemoryReservation", u->reservation);
	text_put(&out, "}");
}

/* dockerd's own words: {"message": "..."} of a refusal, {"Warnings": ["..."]} of a success. */
static void quote(const struct docker_reply *reply, char *err, size_t errsize)
{
	cJSON *tree = docker_json_parse(reply->body, reply->len);
	const char *message = docker_json_string(tree, "message");

	if (!message)
		message = cJSON_GetStringValue(
			cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "Warnings"), 0));
	if (message)
		sentence_copy(err, errsize, message);
	docker_json_free(tree);
}

static int post_update(const struct docker *docker, const char *id, const struct update *u,
	uint64_t until_us, char *err, size_t errsize)
{
	char path[PATH_SIZE], body[BODY_SIZE];
	struct docker_request request = {.method = "POST", .path = path, .body = body};
	struct docker_reply reply;
	int status = container_path(path, id, "/update");

	if (status < 0)
		return status;
	write_body(u, body);
	status = ask(docker, &request, until_us, UPDATE_REPLY_MAX, &reply);
	quote(&reply, err, errsize);
	docker_reply_free(&reply);
	return status;
}

int docker_update(const struct docker *docker, const char *id, const struct limit_set *set,
	char *err, size_t errsize)
{
	uint64_t until_us = deadline_after(docker->deadline_us);
	struct docker_container container;
	struct update u;
	int status;

	sentence_copy(err, errsize, "");
	status = inspect(docker, id, until_us, &container);
	if (status < 0)
		return status;
	status = merge(set, &container.stored, &u, err, errsize);
	if (status <= 0)
		return status;
	return post_update(docker, id, &u, until_us, err, errsize);
}

/* ---- stop ---- */

enum { SECOND_US = 1000000, NOT_MODIFIED = 304 };

static int stop_path(char path[static PATH_SIZE], const char *id, uint64_t grace_s)
{
	char tail[32];
	struct text_out out;

	text_out_init(&out, tail, sizeof(tail));
	text_put(&out, "/stop?t=");
	text_put_u64(&out, grace_s);
	return container_path(path, id, tail);
}

int docker_stop(
	const struct docker *docker, const char *id, uint64_t grace_us, char *err, size_t errsize)
{
	/* Whole seconds are all that dockerd takes; 0 would be SIGKILL at once. */
	uint64_t grace_s = grace_us < SECOND_US ? 1 : (grace_us + SECOND_US - 1) / SECOND_US;
	char path[PATH_SIZE];
	struct docker_request request = {.method = "POST", .path = path};
	struct docker_reply reply;
	int status = stop_path(path, id, grace_s);

	sentence_copy(err, errsize, "");
	if (status < 0)
		return status;
	status = ask(docker, &request, deadline_after(docker->deadline_us + grace_s * SECOND_US),
		UPDATE_REPLY_MAX, &reply);
	if (status < 0 && reply.status == NOT_MODIFIED)
		status = 0; /* it had stopped already */
	else if (status < 0)
		quote(&reply, err, errsize);
	docker_reply_free(&reply);
	return status;
}
