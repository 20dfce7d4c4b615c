/*
 * cgroup_write: the two back ends.
 *
 * libcgroup 2.0.2 writes every value that its struct holds, dirty or not (libcgroup#323), so each
 * write gets a fresh one with that value alone. Its result is only believed where it is clear: a 0,
 * or an errno of the kernel's for the write. With anything else (50015 is both "no such file" and
 * "not allowed", and a line it could not read in /proc/mounts disables it altogether) our own write
 * decides, and gives the errno. cgroup_strerror() is of no use for that: it calls success "Cgroup
 * is not compiled in".
 *
 * It knows only the host's own tree, by path. The folder's identity was checked before, and the
 * values are read back through the same descriptor after.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <libcgroup.h>
#include <linux/magic.h>

#include "cgroup_write.h"
#include "guardian/fs.h"
#include "guardian/text.h"

enum { VALUE_SIZE = 24 }; /* 20 digits and the NUL */

/* Once loaded, its tables cost 1 MB of private memory, so a host where systemd and Docker own every
 * cgroup never loads them. A failure is not tried again: cgroup_init() leaks then. */
static enum { UNTRIED, READY, UNUSABLE } libcgroup;

static int last_errno(void)
{
	int error = cgroup_get_last_errno();

	return error > 0 ? -error : -EIO;
}

int cgroup_write_init(void)
{
	int status = cgroup_init();

	libcgroup = status == 0 ? READY : UNUSABLE;
	if (status == 0)
		return 0;
	return status == ECGOTHER ? last_errno() : -EOPNOTSUPP;
}

/* A number or "max", and never anything shorter: an empty memory.max is read as 0. */
static void format_value(uint64_t value, char text[static VALUE_SIZE])
{
	struct text_out out;

	text_out_init(&out, text, VALUE_SIZE);
	if (value == LIMIT_UNLIMITED)
		text_put(&out, "max");
	else
		text_put_u64(&out, value);
}

static bool is_cgroup2(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* A fixture's file is an ordinary one: of a longer value, the end would stay. In place, because
 * readers hold it open. */
static void empty_ordinary(int fd, const char *file)
{
	int ordinary;

	if (is_cgroup2(fd))
		return;
	ordinary = openat(fd, file, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	fs_close(&ordinary);
}

static int write_text(int fd, const char *file, const char *text)
{
	empty_ordinary(fd, file);
	return fs_write_value(fd, file, text);
}

int cgroup_write_file(int fd, const char *file, uint64_t value)
{
	char text[VALUE_SIZE];

	format_value(value, text);
	return write_text(fd, file, text);
}

int cgroup_read_value(int fd, const char *file, uint64_t *value)
{
	char text[64];
	ssize_t n = fs_read(fd, file, text, sizeof(text));

	return n < 0 ? (int)n : text_cgroup_value(text, (size_t)n, value);
}

/* The tree that libcgroup would write to: the host's, and cgroup v2. */
static bool is_hosts_tree(int cgfd)
{
	struct stat ours, hosts;

	return is_cgroup2(cgfd) && fstat(cgfd, &ours) == 0 && stat("/sys/fs/cgroup", &hosts) == 0 &&
	       ours.st_dev == hosts.st_dev && ours.st_ino == hosts.st_ino;
}

/* -> what libcgroup says: 0, or one of its own numbers. */
static int modify(const char *path, const char *file, const char *text)
{
	struct cgroup *group = cgroup_new_cgroup(path);
	struct cgroup_controller *memory = group ? cgroup_add_controller(group, "memory") : NULL;
	int status = ECGFAIL;

	if (memory)
		status = cgroup_add_value_string(memory, file, text);
	if (status == 0)
		status = cgroup_modify_cgroup(group);
	cgroup_free(&group);
	return status;
}

/* -> 1: written. 0: libcgroup has no clear word on it. -errno: the kernel refused. */
static int write_by_libcgroup(
	const struct cgroup_target *target, const char *file, const char *text)
{
	int status;

	if (!is_hosts_tree(target->cgfd))
		return 0;
	if (libcgroup == UNTRIED)
		(void)cgroup_write_init();
	if (libcgroup != READY)
		return 0;
	status = modify(target->path + strspn(target->path, "/"), file, text);
	if (status == 0)
		return 1;
	return status == ECGOTHER && cgroup_get_last_errno() > 0 ? last_errno() : 0;
}

int cgroup_write_value(const struct cgroup_target *target, int fd, const char *file, uint64_t value,
	uint8_t *backend)
{
	char text[VALUE_SIZE];
	int status;

	format_value(value, text);
	*backend = CGROUP_BACKEND_LIBCGROUP;
	status = write_by_libcgroup(target, file, text);
	if (status == 0) {
		*backend = CGROUP_BACKEND_FILES;
		status = write_text(fd, file, text);
	}
	return status < 0 ? status : 0;
}
