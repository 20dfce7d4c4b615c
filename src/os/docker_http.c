/*
 * docker_http: one HTTP/1.1 exchange over AF_UNIX.
 *
 * dockerd is known to hang under memory pressure, with its socket accepting connections all the
 * while, and a stopped one lets its backlog fill. So one deadline spans connecting, sending and
 * receiving, and a peer that drips a byte a second does not get a second more than one that is
 * silent.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "deadline.h"
#include "docker_http.h"
#include "guardian/fs.h"
#include "guardian/text.h"

enum {
	REQUEST_SIZE = 1024,  /* the longest, an update, is below 400 bytes */
	PIECE_SIZE = 4 << 10, /* on the stack of a thread whose pages are locked */
	US_PER_S = 1000000,
	US_PER_MS = 1000,
};

static int wait_for(int fd, short events, uint64_t until_us)
{
	struct pollfd one = {.fd = fd, .events = events};
	int n;

	do {
		uint64_t left_ms = (deadline_left_us(until_us) + US_PER_MS - 1) / US_PER_MS;

		if (left_ms == 0)
			return -ETIMEDOUT;
		n = poll(&one, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

/* A full backlog: poll(2) cannot wait for room there, the socket's own send timeout can. */
static int limit_connect(int fd, uint64_t until_us)
{
	uint64_t left_us = deadline_left_us(until_us);
	struct timeval timeout = {
		.tv_sec = (time_t)(left_us / US_PER_S),
		.tv_usec = (suseconds_t)(left_us % US_PER_S),
	};

	if (left_us == 0)
		return -ETIMEDOUT;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	return 0;
}

static int connect_within(int fd, const struct sockaddr_un *address, uint64_t until_us)
{
	for (;;) {
		int err = limit_connect(fd, until_us);

		if (err < 0)
			return err;
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
		if (errno == EAGAIN)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* -> a connected socket, or -errno. */
static int open_connection(const char *path, uint64_t until_us)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, err;

	if (!text_copy(address.sun_path, sizeof(address.sun_path), path, strlen(path)))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = connect_within(fd, &address, until_us);
	if (err < 0)
		fs_close(&fd);
	return err < 0 ? err : fd;
}

static int write_request(const struct docker_request *request, struct text_out *out)
{
	text_put(out, request->method);
	text_put(out, " ");
	text_put(out, request->path);
	text_put(out, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
	if (request->body) {
		text_put(out, "Content-Type: application/json\r\nContent-Length: ");
		text_put_u64(out, strlen(request->body));
		text_put(out, "\r\n");
	}
	text_put(out, "\r\n");
	if (request->body)
		text_put(out, request->body);
	return out->full ? -EFBIG : 0;
}

static int send_all(int fd, const char *data, size_t len, uint64_t until_us)
{
	while (len > 0) {
		int err = wait_for(fd, POLLOUT, until_us);
		ssize_t n;

		if (err < 0)
			return err;
		n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* -> 1: the reply is complete; 0: more to come. */
static int receive_piece(int fd, char *piece, struct docker_reply *reply)
{
	ssize_t n = recv(fd, piece, PIECE_SIZE, MSG_DONTWAIT);
	int err;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n > 0)
		return docker_reply_feed(reply, piece, (size_t)n);
	err = docker_reply_end(reply);
	return err < 0 ? err : 1;
}

static int receive_all(int fd, struct docker_reply *reply, uint64_t until_us)
{
	char piece[PIECE_SIZE];
	int status;

	do {
		status = wait_for(fd, POLLIN, until_us);
		if (status == 0)
			status = receive_piece(fd, piece, reply);
	} while (status == 0);
	explicit_bzero(piece, sizeof(piece));
	return status < 0 ? status : 0;
}

int docker_http(const char *socket_path, const struct docker_request *request, uint64_t until_us,
	struct docker_reply *reply)
{
	_cleanup_fd_ int fd = -1;
	char buf[REQUEST_SIZE];
	struct text_out out;
	int err;

	text_out_init(&out, buf, sizeof(buf));
	err = write_request(request, &out);
	if (err < 0)
		return err;
	fd = open_connection(socket_path, until_us);
	if (fd < 0)
		return fd;
	err = send_all(fd, out.buf, out.len, until_us);
	if (err < 0)
		return err;
	return receive_all(fd, reply, until_us);
}
