/*
 * docker_reply: HTTP by the kept parser (libhttp-parser, once Node's), for replies whole or in
 * chunks.
 *
 * It was taken and not libcurl because guardiand is root and locks its memory: libcurl brings some
 * 25 shared libraries for TLS and protocols that a unix socket has no use for; this is one of 43 kB
 * that needs libc alone.
 *
 * The body grows by copy, wipe, free, and not by realloc(3), which would leave copies of secrets
 * behind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "docker_reply.h"

enum { FIRST_BYTES = 16 << 10 };

static void release(struct docker_reply *reply)
{
	if (reply->body)
		explicit_bzero(reply->body, reply->capacity);
	free(reply->body);
	reply->body = NULL;
}

/* Room for MORE bytes and a NUL. */
static int make_room(struct docker_reply *reply, size_t more)
{
	size_t capacity = reply->capacity ? reply->capacity : FIRST_BYTES;
	char *larger;

	if (reply->capacity > reply->len + more)
		return 0;
	while (capacity <= reply->len + more)
		capacity *= 2;
	larger = malloc(capacity);
	if (!larger)
		return -ENOMEM;
	memcpy(larger, reply->body ? reply->body : "", reply->len + 1);
	release(reply);
	reply->body = larger;
	reply->capacity = capacity;
	return 0;
}

/* A body is never longer than what brought it: docker_reply_feed() has made the room. */
static int on_body(http_parser *parser, const char *at, size_t len)
{
	struct docker_reply *reply = parser->data;

	if (len > reply->max - reply->len) {
		reply->error = -EFBIG;
		return -1; /* makes http_parser stop */
	}
	memcpy(reply->body + reply->len, at, len);
	reply->len += len;
	reply->body[reply->len] = '\0';
	return 0;
}

static int on_message_complete(http_parser *parser)
{
	struct docker_reply *reply = parser->data;

	/* "100 Continue" and its like announce the reply proper. */
	if (parser->status_code < 200)
		return 0;
	reply->status = parser->status_code;
	reply->complete = true;
	/* What follows is another message, and none that was asked for. */
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings SETTINGS = {
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

void docker_reply_init(struct docker_reply *reply, size_t max)
{
	*reply = (struct docker_reply){.max = max};
	http_parser_init(&reply->parser, HTTP_RESPONSE);
	reply->parser.data = reply;
}

static int parse(struct docker_reply *reply, const char *data, size_t len)
{
	int err = make_room(reply, len);

	if (err < 0)
		return err;
	http_parser_execute(&reply->parser, &SETTINGS, data, len);
	if (reply->complete || reply->error)
		return reply->error;
	return HTTP_PARSER_ERRNO(&reply->parser) != HPE_OK || reply->parser.upgrade ? -EBADMSG : 0;
}

int docker_reply_feed(struct docker_reply *reply, const char *data, size_t len)
{
	if (!reply->complete && reply->error == 0)
		reply->error = parse(reply, data, len);
	return reply->complete ? 1 : reply->error;
}

int docker_reply_end(struct docker_reply *reply)
{
	int err = docker_reply_feed(reply, NULL, 0);

	if (err < 0)
		return err;
	return reply->complete ? 0 : -EBADMSG;
}

void docker_reply_free(struct docker_reply *reply)
{
	release(reply);
	*reply = (struct docker_reply){0};
}
