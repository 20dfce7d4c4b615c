/*
 * floor: what reading alone costs: the files that guardiand's tick reads, as often as it reads
 * them, by libc's pread() on held descriptors, and nothing done with them.
 *
 *	floor ROOT TICKS [busy]
 *
 * Each tick: meminfo, the slice's memory.low and memory.events, and five one-line files a service.
 * Each thirtieth: vmstat, pressure, and the rest of a service's files, each service in a tick of
 * its own. With `busy`, which is a tick in which every service has moved: the rest of the files of
 * all of them each tick.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FDS_MAX = 20000, FULL_EVERY = 30 };

static const char *const look[] = {"memory.current", "memory.swap.current", "memory.max",
	"memory.low", "memory.swap.max", NULL};
static const char *const full[] = {"memory.stat", "memory.events", "memory.events.local",
	"memory.pressure", "memory.peak", "pids.current", "memory.high", "memory.oom.group",
	"cgroup.events", NULL};
static const char *const host_look[] = {"meminfo", NULL};
static const char *const host_full[] = {
	"vmstat", "pressure/memory", "pressure/io", "pressure/cpu", NULL};
static const char *const above_look[] = {"memory.low", "memory.events", NULL};

struct list {
	int n;
	int fd[FDS_MAX];
};

/* What is read in the ticks whose number leaves the rest i. */
static struct list each_tick, full_at[FULL_EVERY];
static char buf[16384];
static int full_every = FULL_EVERY; /* 1: busy */

void measured_ticks(long ticks);

static void add(struct list *list, int dir, const char *const *names)
{
	for (; *names; names++) {
		int fd = openat(dir, *names, O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && list->n < FDS_MAX)
			list->fd[list->n++] = fd;
	}
}

static void add_services(int slice)
{
	DIR *d = fdopendir(slice);
	struct dirent *e;
	int services = 0;

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, "docker-", 7) != 0)
			continue;
		int dir = openat(slice, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		add(&each_tick, dir, look);
		add(&full_at[services++ % full_every], dir, full);
		close(dir);
	}
}

static void read_all(const struct list *list)
{
	for (int i = 0; i < list->n; i++)
		if (pread(list->fd[i], buf, sizeof(buf), 0) < 0)
			abort();
}

__attribute__((noinline)) void measured_ticks(long ticks)
{
	for (long i = 0; i < ticks; i++) {
		read_all(&each_tick);
		read_all(&full_at[i % full_every]);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4)
		return 2;
	if (argc == 4)
		full_every = 1;
	int root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int proc = openat(root, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int slice = openat(root, "sys/fs/cgroup/system.slice", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0 || slice < 0)
		return 1;
	add(&each_tick, proc, host_look);
	add(&full_at[0], proc, host_full);
	add(&each_tick, slice, above_look);
	add_services(slice);
	(void)getppid(); /* strace's marks: ./run */
	measured_ticks(strtol(argv[2], NULL, 10));
	(void)getppid();
	return 0;
}
