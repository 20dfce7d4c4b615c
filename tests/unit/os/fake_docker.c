/*
 * fake_docker: see fake_docker.h.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_docker.h"

uint64_t fake_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

const char *fake_http(unsigned status, const char *body)
{
	static char text[2 << 20];

	snprintf(text, sizeof(text),
		"HTTP/1.1 %u Whatever\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		status, strlen(body), body);
	return text;
}

/* true: the test wants us to stop. */
static bool stop_within(struct fake_docker *fake, int ms)
{
	struct pollfd one = {.fd = fake->stop_pipe[0], .events = POLLIN};

	return poll(&one, 1, ms) != 0;
}

/* The head and as much body as it announces. */
static bool request_complete(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");

	if (!end)
		return false;
	return !length || strlen(end + 4) >= strtoul(length + 16, NULL, 10);
}

static void read_request(struct fake_docker *fake, int fd)
{
	char *request = fake->request[fake->n_requests];
	size_t have = 0;

	while (!request_complete(request) && have < FAKE_REQUEST_SIZE - 1) {
		ssize_t n = read(fd, request + have, FAKE_REQUEST_SIZE - 1 - have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	fake->n_requests++;
}

static void send_reply(struct fake_docker *fake, int fd, const struct fake_reply *reply)
{
	size_t len = reply->len ? reply->len : strlen(reply->bytes);
	size_t step = reply->manner == FAKE_BYTES || reply->manner == FAKE_DRIP ? 1 : len;

	if (reply->manner == FAKE_SILENT) {
		stop_within(fake, -1);
		return;
	}
	for (size_t at = 0; at < len;) {
		ssize_t n = send(
			fd, reply->bytes + at, step < len - at ? step : len - at, MSG_NOSIGNAL);

		if (n <= 0 || (reply->manner == FAKE_DRIP && stop_within(fake, 20)))
			return;
		at += (size_t)n;
	}
	if (reply->manner == FAKE_OPEN)
		stop_within(fake, -1);
}

static void *serve(void *arg)
{
	struct fake_docker *fake = arg;

	for (size_t i = 0; i < fake->n_replies; i++) {
		struct pollfd either[2] = {{.fd = fake->stop_pipe[0], .events = POLLIN},
			{.fd = fake->listen_fd, .events = POLLIN}};
		int fd;

		if (poll(either, 2, -1) < 0 || either[0].revents)
			break;
		fd = accept(fake->listen_fd, NULL, NULL);
		if (fd < 0)
			break;
		read_request(fake, fd);
		send_reply(fake, fd, &fake->replies[i]);
		close(fd);
	}
	return NULL;
}

void fake_docker_start(struct fake_docker *fake, const struct fake_reply *replies, size_t n)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memset(fake, 0, sizeof(*fake));
	fake->replies = replies;
	fake->n_replies = n;
	strcpy(fake->folder, "/tmp/fake-docker-XXXXXX");
	assert_non_null(mkdtemp(fake->folder));
	snprintf(fake->docker.socket, sizeof(fake->docker.socket), "%s/sock", fake->folder);
	fake->docker.deadline_us = 5000000;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", fake->folder);
	fake->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fake->listen_fd >= 0);
	assert_int_equal(bind(fake->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fake->listen_fd, 0), 0);
	assert_int_equal(pipe(fake->stop_pipe), 0);
	assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

void fake_docker_stop(struct fake_docker *fake)
{
	close(fake->stop_pipe[1]);
	pthread_join(fake->thread, NULL);
	close(fake->stop_pipe[0]);
	close(fake->listen_fd);
	unlink(fake->docker.socket);
	rmdir(fake->folder);
}
