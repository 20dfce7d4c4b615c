/*
 * A host, a daemon that lives on it, and a check in a child of its own.
 */
#ifndef TESTS_CHECK_SCENE_H
#define TESTS_CHECK_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guardian/check.h"
#include "guardian/fs.h"
#include "host.h"

static struct host host;
static char output[1 << 18];
static const struct check_options plain;

static const char policy[] = "services:\n"
			     "  backend:\n"
			     "    container: backend\n"
			     "    mem_limit: 1g\n"
			     "    swap_limit: 0b\n";

static inline pid_t start(const struct check_options *given, int to)
{
	struct check_options options = *given;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	dup2(to, STDOUT_FILENO);
	options.root = host.tree.path;
	exit(check_main(&options));
}

/* -> its exit status; what it wrote is in `output`. */
static inline int finish(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline int check(const struct check_options *options)
{
	_cleanup_fd_ int fd =
		openat(host.tree.fd, "output", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int status;
	ssize_t n;

	assert_true(fd >= 0);
	status = finish(start(options, fd));
	n = pread(fd, output, sizeof(output) - 1, 0);
	assert_true(n >= 0);
	output[n] = '\0';
	return status;
}

static inline bool says(const char *words)
{
	return strstr(output, words) != NULL;
}

static inline uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline void daemon_lives(const char *limit, uint64_t age_us)
{
	host_put(&host, "proc/1/comm", "systemd\n");
	host_put(&host, "proc/812/comm", "guardiand\n");
	host_put(&host, "run/guardian/status.json",
		"{\"version\":\"1\",\"pid\":812,\"realtime_us\":1,\"tick\":3,\"now_us\":%llu,"
		"\"interval_us\":1000000,"
		"\"mode\":\"enforce\",\"policy\":{\"file\":\"/etc/"
		"guardian.yaml\",\"generation\":0},"
		"\"services\":[{\"name\":\"stranger\"},{\"name\":\"backend\",\"state\":\"ok\","
		"\"members\":[{\"limit\":\"held\"},{\"limit\":\"%s\"},{\"limit\":\"held\"}]}]}",
		(unsigned long long)(now_us() - age_us), limit);
}

/* All is well: swap, a daemon that watches, `backend` under its limit. */
static inline int setup(void **unused)
{
	(void)unused;
	host_make(&host);
	host_put(&host, "etc/guardian.yaml", "%s", policy);
	host_container(&host, 1, "backend");
	host_use(&host, host_scope(1), 100 << 20, 10 << 20);
	host_set(&host, host_scope(1), "memory.max", "%u\n", 1U << 30);
	host_set(&host, host_scope(1), "memory.swap.max", "0\n");
	daemon_lives("held", 0);
	return 0;
}

static inline int teardown(void **unused)
{
	(void)unused;
	host_remove(&host);
	return 0;
}

#endif
