/*
 * docker_reply: one HTTP reply, taken in as it comes. Private to docker.c and docker_http.c; apart
 * from the socket so that a fuzzer can feed it.
 */
#ifndef GUARDIAN_OS_DOCKER_REPLY_H
#define GUARDIAN_OS_DOCKER_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <http_parser.h>

struct docker_reply {
	http_parser parser;
	unsigned status; /* HTTP status; 0 until complete */
	char *body;      /* NUL-terminated; NULL when nothing came */
	size_t len;
	size_t capacity; /* of body */
	size_t max;      /* a longer body is an error */
	int error;
	bool complete;
};

void docker_reply_init(struct docker_reply *reply, size_t max);

/* -> 1: complete; what follows in DATA is not looked at. 0: more is wanted. -EBADMSG: not HTTP.
 * -EFBIG: too long. */
int docker_reply_feed(struct docker_reply *reply, const char *data, size_t len);

/* The peer has closed. -> 0: that ended the reply. -EBADMSG: it is cut short. */
int docker_reply_end(struct docker_reply *reply);

/* Wipes the body: it may hold a container's passwords. */
void docker_reply_free(struct docker_reply *reply);

#endif
