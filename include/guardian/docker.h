/*
 * docker: what Docker knows of a container, and its stored limits, over the Engine API on its unix
 * socket (moby/moby api/swagger.yaml). Paths carry no version: a hard-coded one is refused by some
 * Docker (29 wants 1.44, 20.10 ends at 1.41).
 *
 * Every call blocks, until its deadline at the longest: dockerd hangs just when memory is short.
 * For worker threads only. A struct docker holds no connection: each call opens and closes its own.
 *
 * What a reply says of a container's environment (passwords) is wiped before its memory is given
 * back, and is part of no struct and no error text.
 */
#ifndef GUARDIAN_DOCKER_H
#define GUARDIAN_DOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/limit.h"
#include "guardian/policy.h"

enum {
	DOCKER_ID_SIZE = 65,     /* 64 hex digits and the NUL */
	DOCKER_ERROR_SIZE = 256, /* room enough for what dockerd says */
};

struct docker {
	char socket[POLICY_PATH_SIZE]; /* absolute; 107 bytes at most, as unix(7) wants it */
	uint64_t deadline_us;          /* for a whole call: connect, send, receive */
};

struct docker_container {
	char id[DOCKER_ID_SIZE];
	/* Empty when absent or when it does not fit: a cut name is a wrong name. */
	char name[POLICY_MATCH_SIZE];    /* without Docker's leading slash */
	char project[POLICY_MATCH_SIZE]; /* label com.docker.compose.project */
	char service[POLICY_MATCH_SIZE]; /* label com.docker.compose.service */
	char cgroup_parent[POLICY_GLOB_SIZE];
	bool running;
	bool oom_killed; /* any process of it, since it started: it may well run on */
	int32_t pid;     /* on the host; 0 when it does not run */
	/* HostConfig: what the next start will apply. MAX: 0 there is LIMIT_UNLIMITED here.
	 * SWAP_MAX: MemorySwap - Memory; 0 (never set) and -1 there are LIMIT_UNLIMITED here. LOW:
	 * MemoryReservation. In bytes. */
	struct limit_set stored;
};

/* -> 0: dockerd answers. -ETIMEDOUT: silent. -ENOENT: no socket. -ECONNREFUSED: a socket and nobody
 * behind it. -EACCES: not root. -EBADMSG: an answer that is not HTTP. -EREMOTEIO: an error of
 * dockerd's own. The calls below share these. */
int docker_ping(const struct docker *docker);

/* ID is an id, a unique beginning of one, or a name. -> 0, -ENOENT: no such container, -EINVAL: no
 * possible name. */
int docker_inspect(const struct docker *docker, const char *id, struct docker_container *out);

/* Negative ends the list and becomes its result. */
typedef int docker_container_fn(const struct docker_container *container, void *userdata);

/* The running containers. Docker's list knows neither limits nor pids: `stored` is empty, `pid` 0.
 * -> how many. */
int docker_list(const struct docker *docker, docker_container_fn *each, void *userdata);

/*
 * Makes Docker store the values of SET (MAX, SWAP_MAX, LOW; others are not Docker's), and apply
 * them to the container if it runs. Asks first what is stored, so that what is not in SET stays as
 * it is.
 *
 * -> 0. Docker does not apply an unlimited swap to a running container, and a systemd unit does not
 * learn of swap 0: read the cgroup back, a 0 says nothing about it.
 * -> -EOPNOTSUPP: a limit (or reservation) cannot be taken away, the container has to be created
 * anew.
 * -> -ERANGE: below LIMIT_FLOOR_BYTES, or too large. -EINVAL: a reservation above the limit.
 * Nothing is sent then.
 * -> -EREMOTEIO: dockerd refused.
 *
 * A limit below the usage is handed through to the kernel, which kills: cgroup_set_make_way()
 * first. -ETIMEDOUT says nothing either way: dockerd may well do it later.
 *
 * ERR gets a sentence when there is something to say: why not, in dockerd's words or ours, or a
 * warning of a call that went well; else "".
 */
int docker_update(const struct docker *docker, const char *id, const struct limit_set *set,
	char *err, size_t errsize);

/*
 * Stops the container as `docker stop` does: SIGTERM to its first process, SIGKILL after GRACE_US
 * (rounded up to whole seconds, one at least), and no restart policy brings it back. Waits for the
 * end: the deadline counts from GRACE_US on.
 *
 * -> 0: it has stopped, or had already; -ENOENT; -EREMOTEIO with dockerd's words in ERR; ...
 */
int docker_stop(
	const struct docker *docker, const char *id, uint64_t grace_us, char *err, size_t errsize);

#endif
