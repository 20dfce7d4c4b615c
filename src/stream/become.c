/*
 * become: the limits of this process, and the command in its place.
 *
 * What fails here fails before a slot is taken, but for the command itself: then the slot goes with
 * the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stream.h"

static int set_nice(int more)
{
	errno = 0;
	return nice(more) == -1 && errno != 0 ? -errno : 0;
}

static int set_oom_score_adj(int value)
{
	char digits[16];
	struct text_out out;
	ssize_t n;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	text_out_init(&out, digits, sizeof(digits));
	text_put_i64(&out, value);
	n = write(fd, digits, out.len);
	err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int set_address_space(uint64_t bytes)
{
	struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};

	return setrlimit(RLIMIT_AS, &limit) < 0 ? -errno : 0;
}

int become_limited(const struct options *options)
{
	const char *what = "cannot set --nice";
	int err = options->nice ? set_nice(options->nice) : 0;

	if (err == 0 && options->has_oom_score_adj) {
		what = "cannot set --oom-score-adj by /proc/self/oom_score_adj";
		err = set_oom_score_adj(options->oom_score_adj);
	}
	if (err == 0 && options->address_space_bytes != UINT64_MAX) {
		what = "cannot set --rlimit-as";
		err = set_address_space(options->address_space_bytes);
	}
	if (err == 0)
		return 0;
	say_errno(options, "not_limited", what, err);
	return err == -EPERM || err == -EACCES ? STATUS_NO_PERMISSION : STATUS_OS;
}

int become_command(const struct options *options)
{
	char message[4200]; /* a path and a few words */
	struct text_out out;
	bool found;
	int err;

	execvp(options->command[0], options->command);
	err = errno;
	found = err != ENOENT && err != ENOTDIR;
	text_out_init(&out, message, sizeof(message));
	text_put(&out, "cannot run ");
	text_put(&out, options->command[0]);
	say_errno(options, found ? "not_executable" : "not_found", message, err);
	return found ? STATUS_NOT_RUN : STATUS_NOT_FOUND;
}
