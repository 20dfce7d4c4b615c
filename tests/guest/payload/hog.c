/*
 * hog: takes memory in the ways a test wants to see it taken, then stays.
 *
 *   hog MIB [MIB_PER_S]   anonymous memory, every page touched, at once or at that rate
 *   hog again MIB         the same, then each page again and again: under a limit, it thrashes
 *   hog file PATH         reads a file to its end: page cache, hardly any memory of its own
 *
 * Static and without stdio buffers worth the name, so that its own size does not blur a figure of a
 * few MB.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

static void stay(void)
{
	for (;;)
		pause();
}

static void wait_ns(long ns)
{
	struct timespec left = {ns / 1000000000, ns % 1000000000};

	nanosleep(&left, NULL);
}

/* -> the first of all pages, in order, or NULL */
static char *map_anon(long mib)
{
	char *pages = mmap(NULL, (size_t)mib * MIB, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages != MAP_FAILED)
		return pages;
	perror("hog: mmap");
	return NULL;
}

/* In no order that read-ahead would guess: a step that meets each page once a round. */
static int touch_again(long mib)
{
	const size_t page = 4096, pages = (size_t)mib * MIB / page, step = 7919;
	char *memory = map_anon(mib);

	if (!memory)
		return 1;
	for (size_t round = 0, at = 0;; at = (at + step) % pages) {
		*(size_t *)(memory + at * page) = round + at;
		if (at == 0 && round++ == 1)
			dprintf(STDOUT_FILENO, "hog: %ld MiB taken\n", mib);
	}
}

static int take_anon(long mib, long mib_per_s)
{
	for (long i = 0; i < mib; i++) {
		char *page = map_anon(1);

		if (!page)
			return 1;
		/* Not one repeated byte: such pages could be merged or compressed away. */
		for (int at = 0; at < MIB; at += 64)
			*(long *)(page + at) = i * MIB + at;
		if (mib_per_s > 0)
			wait_ns(1000000000L / mib_per_s);
	}
	dprintf(STDOUT_FILENO, "hog: %ld MiB taken\n", mib);
	stay();
	return 0;
}

static int read_file(const char *path)
{
	static char buffer[64 * 1024];
	long long total = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		perror("hog: open");
		return 1;
	}
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		total += got;
	dprintf(STDOUT_FILENO, "hog: %lld MiB read\n", total / MIB);
	stay();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "file"))
		return read_file(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "again"))
		return touch_again(atol(argv[2]));
	if (argc == 2 || argc == 3)
		return take_anon(atol(argv[1]), argc == 3 ? atol(argv[2]) : 0);
	dprintf(STDERR_FILENO, "usage: hog MIB [MIB_PER_S] | hog again MIB | hog file PATH\n");
	return 2;
}
