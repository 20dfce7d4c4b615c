/*
 * dockerd: see dockerd.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dockerd.h"

static void reply(int fd, int status, const char *body)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nContent-Length: "
		"%zu\r\n\r\n%s",
		status, strlen(body), body);

	(void)!send(fd, text, (size_t)n, MSG_NOSIGNAL);
}

/* The head, and as much body as it announces. */
static void read_request(int fd, char *request, size_t size)
{
	size_t have = 0;

	for (;;) {
		ssize_t n = read(fd, request + have, size - 1 - have);
		const char *end, *length;

		if (n <= 0)
			break;
		have += (size_t)n;
		request[have] = '\0';
		end = strstr(request, "\r\n\r\n");
		length = strstr(request, "Content-Length: ");
		if (end && (!length || strlen(end + 4) >= strtoul(length + 16, NULL, 10)))
			break;
	}
	request[have] = '\0';
}

static void inspect(struct dockerd *d, int fd, const struct dockerd_container *c, const char *id)
{
	char body[1024];

	d->inspects++;
	(void)snprintf(body, sizeof(body),
		"{\"Id\":\"%.64s\",\"Name\":\"/"
		"%s\",\"State\":{\"Running\":true,\"Pid\":77},\"Config\":{\"Env\":[\"A=s3cret\"],"
		"\"Labels\":{\"com.docker.compose.project\":\"%s\",\"com.docker.compose.service\":"
		"\"%s\"}},"
		"\"HostConfig\":{\"Memory\":%lld,\"MemorySwap\":%lld,\"MemoryReservation\":%lld}}",
		id, c->name, c->project, c->service, c->memory, c->memory_swap, c->reservation);
	reply(fd, 200, body);
}

static void store(const char *body, const char *key, _Atomic long long *value)
{
	const char *at = strstr(body, key);

	if (at)
		*value = strtoll(at + strlen(key), NULL, 10);
}

static void update(struct dockerd *d, int fd, struct dockerd_container *c, const char *body)
{
	d->updates++;
	store(body, "\"Memory\":", &c->memory);
	store(body, "\"MemorySwap\":", &c->memory_swap);
	store(body, "\"MemoryReservation\":", &c->reservation);
	reply(fd, 200, "{\"Warnings\":null}");
}

static void stop(struct dockerd *d, int fd)
{
	d->stops++;
	usleep((useconds_t)d->stop_takes_ms * 1000);
	reply(fd, 204, "");
}

static void answer(struct dockerd *d, int fd, char *request)
{
	char *id = strstr(request, "/containers/");
	unsigned long n = DOCKERD_CONTAINERS;
	char number[9] = "";

	if (d->mood == DOCKERD_REFUSES) {
		reply(fd, 500, "{\"message\":\"no such luck\"}");
	} else if (strstr(request, "/_ping")) {
		d->pings++;
		reply(fd, 200, "OK");
	} else {
		if (id)
			n = strtoul(memcpy(number, id + 12, 8), NULL, 16);
		if (n >= DOCKERD_CONTAINERS || !d->container[n].name[0])
			reply(fd, 404, "{\"message\":\"No such container\"}");
		else if (strstr(id, "/stop?t="))
			stop(d, fd);
		else if (strncmp(request, "POST", 4) == 0)
			update(d, fd, &d->container[n], request);
		else
			inspect(d, fd, &d->container[n], id + 12);
	}
}

static void *serve(void *arg)
{
	struct dockerd *d = arg;

	for (;;) {
		struct pollfd either[2] = {{.fd = d->stop_pipe[0], .events = POLLIN},
			{.fd = d->listen_fd, .events = POLLIN}};
		char request[4096];
		int fd;

		if (poll(either, 2, -1) < 0 || either[0].revents)
			break;
		fd = accept(d->listen_fd, NULL, NULL);
		if (fd < 0)
			break;
		if (d->mood == DOCKERD_HUNG && d->n_held < DOCKERD_HELD) {
			d->held[d->n_held++] = fd;
			continue;
		}
		read_request(fd, request, sizeof(request));
		if (d->mood == DOCKERD_SLOW_TO_UPDATE && strncmp(request, "POST", 4) == 0 &&
			d->n_held < DOCKERD_HELD) {
			d->held[d->n_held++] = fd;
			continue;
		}
		answer(d, fd, request);
		close(fd);
	}
	return NULL;
}

void dockerd_start(struct dockerd *d, const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	assert_true(strlen(socket_path) < sizeof(d->socket));
	strcpy(d->socket, socket_path);
	strcpy(address.sun_path, socket_path);
	d->n_held = 0;
	d->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(d->listen_fd >= 0);
	assert_int_equal(bind(d->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(d->listen_fd, 64), 0);
	assert_int_equal(pipe(d->stop_pipe), 0);
	assert_int_equal(pthread_create(&d->thread, NULL, serve, d), 0);
}

void dockerd_stop(struct dockerd *d)
{
	close(d->stop_pipe[1]);
	pthread_join(d->thread, NULL);
	close(d->stop_pipe[0]);
	close(d->listen_fd);
	while (d->n_held > 0)
		close(d->held[--d->n_held]);
	unlink(d->socket);
}
