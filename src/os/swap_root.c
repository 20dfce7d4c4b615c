/*
 * swap_root: two questions to the kernel. The inode tells a folder from every other, and the link
 * in /proc one mount of it from another: it is the path that /proc/swaps would show.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/swap_root.h"
#include "swap_place.h"

static bool is_same_folder(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* -> the length of the path, or -1: not known, or cut. */
static ssize_t path_of(int fd, char path[static PATH_MAX])
{
	char self[SWAP_FD_PATH_SIZE];
	ssize_t n;

	swap_place_fd_path(fd, self);
	n = readlink(self, path, PATH_MAX);
	return n < PATH_MAX ? n : -1;
}

static bool have_same_path(int a, int b)
{
	char one[PATH_MAX], other[PATH_MAX];
	ssize_t n = path_of(a, one);

	return n > 0 && path_of(b, other) == n && memcmp(one, other, (size_t)n) == 0;
}

int swap_root_open(int rootfd, int input)
{
	bool given = is_same_folder(input, rootfd) && have_same_path(input, rootfd);
	int fd = fcntl(given ? input : rootfd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	return fd < 0 ? -errno : fd;
}
