/*
 * stream_procs: see the header. File: cgroup.procs, Documentation/admin-guide/cgroup-v2.rst.
 *
 * The file is read in pieces, as long as it is: a service may have thousands of processes. Folders
 * below are looked for only where the link count of the folder tells of any; kernfs counts them
 * there, as Unix always did, and a file system that does not count says 1.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "stream_procs.h"

enum {
	PIECE_SIZE = 4096,
	DEPTH_MAX = 8,
	FOLDERS_MAX = 256, /* a user may make any number of them */
	LINKS_OF_A_LEAF = 2,
};

struct walk {
	stream_procs_fn *each;
	void *userdata;
	int folders;
	bool enough;
};

/* A number that the end of a piece may cut; 0 is a process of a PID namespace that is not below
 * ours. */
static void take_piece(struct walk *walk, const char *piece, ssize_t n, uint32_t *pid)
{
	for (ssize_t i = 0; i < n && !walk->enough; i++) {
		if (piece[i] >= '0' && piece[i] <= '9') {
			*pid = *pid * 10 + (uint32_t)(piece[i] - '0');
			continue;
		}
		if (*pid > 0)
			walk->enough = !walk->each(walk->userdata, *pid);
		*pid = 0;
	}
}

static ssize_t read_piece(int fd, char piece[static PIECE_SIZE])
{
	ssize_t n;

	do
		n = read(fd, piece, PIECE_SIZE);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int read_procs(struct walk *walk, int dirfd)
{
	_cleanup_fd_ int fd = fs_open_read(dirfd, "cgroup.procs");
	char piece[PIECE_SIZE];
	uint32_t pid = 0;
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	while (!walk->enough && (n = read_piece(fd, piece)) > 0)
		take_piece(walk, piece, n, &pid);
	return n < 0 ? (int)n : 0;
}

/* NOLINTBEGIN(misc-no-recursion): DEPTH_MAX bounds it */

static int walk_folder(struct walk *walk, int dirfd, int depth);

/* A cgroup below that goes while we look at it takes nobody along that is of interest. */
static int walk_below(struct walk *walk, int dirfd, int depth)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		fs_close(&copy);
		return r;
	}
	while (r == 0 && !walk->enough && (errno = 0, entry = readdir(dir))) {
		_cleanup_fd_ int fd = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		fd = fs_open_dir(dirfd, entry->d_name);
		r = fd < 0 ? fd : walk_folder(walk, fd, depth + 1);
		if (r == -ENOENT || r == -ENODEV)
			r = 0;
	}
	if (r == 0 && !walk->enough)
		r = -errno;
	closedir(dir);
	return r;
}

static int walk_folder(struct walk *walk, int dirfd, int depth)
{
	struct stat st;
	int r = read_procs(walk, dirfd);

	/* The processes of a threaded cgroup stand in the one above it. */
	if (r == -EOPNOTSUPP)
		r = 0;
	if (r < 0 || walk->enough)
		return r;
	if (fstat(dirfd, &st) < 0)
		return -errno;
	if (st.st_nlink == LINKS_OF_A_LEAF || depth == DEPTH_MAX || ++walk->folders > FOLDERS_MAX)
		return 0;
	return walk_below(walk, dirfd, depth);
}

/* NOLINTEND(misc-no-recursion) */

int stream_procs_each(int dirfd, stream_procs_fn *each, void *userdata)
{
	struct walk walk = {.each = each, .userdata = userdata};

	return walk_folder(&walk, dirfd, 0);
}
