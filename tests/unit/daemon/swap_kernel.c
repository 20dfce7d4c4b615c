/*
 * swap_kernel: see swap_kernel.h. swapoff runs in a child, so all that it changes is in files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_fs.h"
#include "swap_kernel.h"

enum { TEXT_SIZE = 4096, FILES = 2, PAGE_KB = 4 };

static const char *const names[FILES] = {"/swapfile", "/swapfile.2"};
static const char header[] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

struct swap_kernel swap_kernel;

/* ---- /proc ---- */

/* Where file I is on this machine. */
static void real_path(int i, char path[static HOST_PATH_SIZE])
{
	(void)snprintf(path, HOST_PATH_SIZE, "%s%s", swap_kernel.host->tree.path, names[i]);
}

static void write_file(const char *name, const char *text)
{
	char path[HOST_PATH_SIZE];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", swap_kernel.host->tree.path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || pwrite(fd, text, strlen(text), 0) < 0 ||
		ftruncate(fd, (off_t)strlen(text)) < 0)
		abort();
	close(fd);
}

static bool is_on(int i)
{
	char path[HOST_PATH_SIZE], text[TEXT_SIZE], line[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/proc/swaps", swap_kernel.host->tree.path);
	n = fs_read(AT_FDCWD, path, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	(void)snprintf(line, sizeof(line), "\n%s ", names[i]);
	return strstr(text, line) != NULL;
}

static void write_proc(const bool on[FILES])
{
	char swaps[TEXT_SIZE], meminfo[TEXT_SIZE], path[HOST_PATH_SIZE];
	size_t len = 0;
	uint64_t total_kb = swap_kernel.others_kb, used_kb = 0;
	struct stat st;

	len += (size_t)snprintf(
		swaps, sizeof(swaps), "%s%s", header, swap_kernel.others ? swap_kernel.others : "");
	for (int i = 0; i < FILES; i++) {
		real_path(i, path);
		if (!on[i] || stat(path, &st) < 0)
			continue;
		len += (size_t)snprintf(swaps + len, sizeof(swaps) - len,
			"%s                file\t\t%llu\t\t%llu\t\t-2\n", names[i],
			(unsigned long long)st.st_size / 1024 - PAGE_KB,
			(unsigned long long)swap_kernel.used_kb);
		total_kb += (uint64_t)st.st_size / 1024 - PAGE_KB;
		used_kb += swap_kernel.used_kb;
	}
	(void)snprintf(meminfo, sizeof(meminfo),
		"MemTotal:        4000000 kB\nMemFree:         2000000 kB\nMemAvailable: %10llu "
		"kB\n"
		"SwapTotal:    %10llu kB\nSwapFree:     %10llu kB\n",
		(unsigned long long)swap_kernel.available_kb, (unsigned long long)total_kb,
		(unsigned long long)(total_kb - used_kb));
	write_file("proc/swaps", swaps);
	write_file("proc/meminfo", meminfo);
}

static void set_on(int i, bool value)
{
	bool on[FILES] = {is_on(0), is_on(1)};

	if (i >= 0)
		on[i] = value;
	write_proc(on);
}

void swap_kernel_update(void)
{
	set_on(-1, false);
}

int swap_kernel_areas(void)
{
	return is_on(0) + is_on(1);
}

/* ---- the calls ---- */

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* -> which of our files ST is, or -1. */
static int file_of(const struct stat *st)
{
	char path[HOST_PATH_SIZE];
	struct stat one;

	for (int i = 0; i < FILES; i++) {
		real_path(i, path);
		if (stat(path, &one) == 0 && same(&one, st))
			return i;
	}
	return -1;
}

static int answer(int error)
{
	errno = error;
	return error ? -1 : 0;
}

int swapon(const char *path, int flags)
{
	struct stat st;
	int i, error = swap_kernel.on_error;

	(void)flags;
	swap_kernel.on_calls++;
	if (swap_kernel.on_errors && --swap_kernel.on_errors == 0)
		swap_kernel.on_error = 0;
	if (error)
		return answer(error);
	i = stat(path, &st) == 0 ? file_of(&st) : -1;
	if (i < 0)
		return answer(ENOENT);
	if (is_on(i))
		return answer(EBUSY);
	set_on(i, true);
	return 0;
}

int swapoff(const char *path)
{
	struct stat st;
	int i = stat(path, &st) == 0 ? file_of(&st) : -1;

	while (swap_kernel.off_stands) /* in a child, which only a signal ends */
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	if (swap_kernel.off_error)
		return answer(swap_kernel.off_error);
	if (i < 0 || !is_on(i))
		return answer(EINVAL);
	set_on(i, false);
	return 0;
}

void swap_kernel_off(const char *path)
{
	for (int i = 0; i < FILES; i++)
		if (strcmp(path, names[i]) == 0)
			set_on(i, false);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	struct stat st;
	int i;

	if (len == INT64_MAX && swap_kernel.host && fstat(fd, &st) == 0) {
		i = file_of(&st);
		return answer(i >= 0 && is_on(i) ? ETXTBSY : EFBIG);
	}
	if (swap_kernel.no_fallocate)
		return answer(EOPNOTSUPP);
	return (int)syscall(SYS_fallocate, fd, mode, offset, len);
}

int fdatasync(int fd)
{
	while (swap_kernel.disk_stands)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return (int)syscall(SYS_fdatasync, fd);
}

/* ---- the disk ---- */

bool swap_kernel_make(struct host *h)
{
	const char *places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "."};

	memset(&swap_kernel, 0, sizeof(swap_kernel));
	swap_kernel.available_kb = 3000000;
	for (size_t i = 0; geteuid() == 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		_cleanup_fd_ int fd = places[i] ? open(places[i], O_PATH | O_CLOEXEC) : -1;
		struct swap_fs fs;

		if (fd < 0 || swap_fs_look(fd, &fs) < 0 || fs.verdict == SWAP_FS_REFUSED)
			continue;
		host_make_in(h, temp_tree_make_in(places[i]));
		swap_kernel.host = h;
		swap_kernel_update();
		return true;
	}
	print_message("# not root, or no folder on a disk that can carry a swap file\n");
	return false;
}
