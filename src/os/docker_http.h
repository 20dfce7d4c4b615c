/*
 * docker_http: one request and its reply over a unix socket, within a deadline. Private to
 * docker.c.
 */
#ifndef GUARDIAN_OS_DOCKER_HTTP_H
#define GUARDIAN_OS_DOCKER_HTTP_H

#include <stdint.h>

#include "docker_reply.h"

struct docker_request {
	const char *method;
	const char *path;
	const char *body; /* JSON, or NULL */
};

/* REPLY is initialized, with its bound; the caller frees it, also after an error. UNTIL_US is of
 * deadline.h.
 * -> 0, -ETIMEDOUT, -EBADMSG, -EFBIG, or what connect(2), send(2) and recv(2) say. */
int docker_http(const char *socket_path, const struct docker_request *request, uint64_t until_us,
	struct docker_reply *reply);

#endif
