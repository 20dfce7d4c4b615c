/*
 * Whatever comes from Docker's socket: HTTP, then JSON. The first byte says in which pieces it
 * comes; in whichever, the result is the same.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "os/docker_json.h"
#include "os/docker_reply.h"

enum { BODY_MAX = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* -> what docker_reply_end() says. */
static int feed(struct docker_reply *reply, const char *text, size_t len, size_t piece)
{
	int status = 0;

	docker_reply_init(reply, BODY_MAX);
	for (size_t at = 0; at < len && status == 0; at += piece)
		status = docker_reply_feed(reply, text + at, piece < len - at ? piece : len - at);
	return docker_reply_end(reply);
}

static void look(const struct docker_reply *reply)
{
	struct docker_container c = {0};
	cJSON *tree = docker_json_parse(reply->body, reply->len);

	assert(reply->len <= BODY_MAX);
	docker_json_identity(tree, &c);
	docker_json_limits(cJSON_GetObjectItemCaseSensitive(tree, "HostConfig"), &c);
	assert(memchr(c.id, 0, sizeof(c.id)) && memchr(c.name, 0, sizeof(c.name)) && c.pid >= 0);
	assert(!limit_has(&c.stored, LIMIT_MAX) || c.stored.value[LIMIT_MAX] > 0);
	docker_json_list_entry(cJSON_GetArrayItem(tree, 0), &c);
	docker_json_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct docker_reply whole, pieces;
	int r;

	if (size < 1)
		return 0;
	r = feed(&whole, (const char *)data + 1, size - 1, SIZE_MAX / 2);
	assert((r == 0) ==
		(feed(&pieces, (const char *)data + 1, size - 1, (size_t)data[0] + 1) == 0));
	if (r == 0) {
		assert(whole.status == pieces.status && whole.len == pieces.len);
		assert(whole.len == 0 || memcmp(whole.body, pieces.body, whole.len) == 0);
		look(&whole);
	}
	docker_reply_free(&whole);
	docker_reply_free(&pieces);
	return 0;
}
