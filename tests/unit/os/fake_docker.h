/*
 * fake_docker: a Docker Engine of scripted replies, in a thread of the test, on a socket in a
 * temporary folder.
 */
#ifndef TESTS_FAKE_DOCKER_H
#define TESTS_FAKE_DOCKER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/docker.h"

enum fake_manner {
	FAKE_WHOLE,  /* all at once, then close */
	FAKE_BYTES,  /* one byte a send, as fast as it goes */
	FAKE_DRIP,   /* one byte each 20 ms */
	FAKE_SILENT, /* reads the request and says nothing until the test ends */
	FAKE_OPEN,   /* all at once, and the connection stays open */
};

struct fake_reply {
	const char *bytes;
	enum fake_manner manner;
	size_t len; /* 0: strlen(bytes) */
};

enum { FAKE_REQUESTS_MAX = 4, FAKE_REQUEST_SIZE = 2048 };

struct fake_docker {
	char folder[64];
	struct docker docker; /* what the code under test is given */
	const struct fake_reply *replies;
	size_t n_replies;
	int listen_fd;
	int stop_pipe[2];
	pthread_t thread;
	/* to be read after fake_docker_stop() */
	size_t n_requests;
	char request[FAKE_REQUESTS_MAX][FAKE_REQUEST_SIZE];
};

/* Serves the N REPLIES in order, one a connection; connections beyond them are not accepted. */
void fake_docker_start(struct fake_docker *fake, const struct fake_reply *replies, size_t n);
void fake_docker_stop(struct fake_docker *fake);

/* "HTTP/1.1 STATUS ...", Content-Length and BODY, in a static buffer of 2 MiB. */
const char *fake_http(unsigned status, const char *body);

/* CLOCK_MONOTONIC */
uint64_t fake_now_us(void);

#endif
