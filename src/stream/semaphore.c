/*
 * semaphore: the file and its locks, a call at a time.
 *
 * All locks belong to one open file description. That is what the command inherits: the kernel
 * drops them with the last descriptor of it, and, unlike classic record locks, not when the process
 * closes another descriptor of the same file (fcntl(2), open file description locks).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

enum {
	/* Shells use descriptors to 9 for their scripts and from 10 for themselves; Node passes
	 * pipes from 3 on. */
	FD_MIN = 100,
	HEADER_TRIES = 5,
	HEADER_PAUSE_US = 2000,
	DOOR_PAUSE_US = 1000,
	DOOR_PAUSE_MAX_US = 20000,
	COUNT_WITHIN_US = 100000,
};

uint64_t now_us(void)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void sleep_us(uint64_t us)
{
	nanosleep(&(struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000}, NULL);
}

/* Away from the low numbers: a closed stderr would make the file the command's stderr. */
static int move_up(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN), err;

	if (moved < 0 && fd > STDERR_FILENO)
		return fd; /* RLIMIT_NOFILE is low */
	if (moved < 0)
		moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	err = -errno;
	close(fd);
	return moved < 0 ? err : moved;
}

int semaphore_open(struct semaphore *s, const char *path)
{
	struct stat st = {0};
	int err = 0;

	*s = (struct semaphore){.path = path};
	/* Not blocking: a FIFO must not hold us up. */
	do
		s->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	while (s->fd < 0 && errno == EINTR);
	if (s->fd < 0)
		return errno == EISDIR || errno == ELOOP || errno == ENXIO ? -EBADF : -errno;
	s->fd = move_up(s->fd);
	if (s->fd < 0)
		return s->fd;
	if (fstat(s->fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EBADF;
	s->device = st.st_dev;
	s->inode = st.st_ino;
	if (err < 0)
		semaphore_close(s);
	return err;
}

void semaphore_close(struct semaphore *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

bool semaphore_is_replaced(const struct semaphore *s)
{
	struct stat st;

	return stat(s->path, &st) < 0 || st.st_dev != s->device || st.st_ino != s->inode;
}

int semaphore_read(const struct semaphore *s, void *part, size_t size, int64_t at)
{
	ssize_t n;

	do
		n = pread(s->fd, part, size, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EBADMSG;
}

int semaphore_write(const struct semaphore *s, const void *part, size_t size, int64_t at)
{
	ssize_t n;

	do
		n = pwrite(s->fd, part, size, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

/* guardiand may be just writing it. */
int semaphore_read_header(struct semaphore *s)
{
	for (int i = 0; i < HEADER_TRIES; i++) {
		struct slot_header header;
		int err;

		if (i > 0)
			sleep_us(HEADER_PAUSE_US);
		err = semaphore_read(s, &header, sizeof(header), SLOT_HEADER_AT);
		if (err < 0 && err != -EBADMSG)
			return err;
		if (err == 0 && slot_header_ok(&header)) {
			s->header = header;
			return 0;
		}
	}
	return -EBADMSG;
}

/* One fcntl() of an OFD lock over LEN bytes. */
static int lock_call(int fd, int command, struct flock *lock, short type, int64_t from, int64_t len)
{
	int result;

	do {
		*lock = (struct flock){
			.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len};
		result = fcntl(fd, command, lock);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	return 0;
}

/* The kernel names one lock in the way, in no order: what is left of it and right of it is asked
 * for again. So 2 calls for each lock that is there and one more, not 64. */
int semaphore_held(const struct semaphore *s, int64_t first, short type, uint64_t *mask)
{
	struct range {
		int64_t from, to;
	} todo[SLOT_SLOTS_MAX + 1] = {{first, first + SLOT_SLOTS_MAX}};
	unsigned int n = 1;

	*mask = 0;
	while (n > 0) {
		int64_t from = todo[n - 1].from, to = todo[n - 1].to, start, end;
		struct flock lock;
		int err = lock_call(s->fd, F_OFD_GETLK, &lock, type, from, to - from);

		n--;
		if (err < 0)
			return err;
		if (lock.l_type == F_UNLCK)
			continue;
		start = lock.l_start > from ? lock.l_start : from;
		end = lock.l_len && lock.l_start + lock.l_len < to ? lock.l_start + lock.l_len : to;
		for (int64_t byte = start; byte < end; byte++)
			*mask |= 1ULL << (byte - first);
		if (from < start)
			todo[n++] = (struct range){from, start};
		if (end < to)
			todo[n++] = (struct range){end, to};
	}
	return 0;
}

int semaphore_read_line(const struct semaphore *s, struct slot_line *line)
{
	int err = semaphore_held(s, SLOT_LOCK_PLACES, F_RDLCK, &line->held);

	if (err < 0 || line->held == 0)
		return err;
	err = semaphore_read(s, line->place, sizeof(line->place), SLOT_PLACES_AT);
	/* A file cut short: nobody's place is whole. */
	if (err == -EBADMSG)
		line->held = 0;
	return err == -EBADMSG ? 0 : err;
}

int semaphore_lock(const struct semaphore *s, int64_t byte)
{
	struct flock lock;

	return lock_call(s->fd, F_OFD_SETLK, &lock, F_WRLCK, byte, 1);
}

void semaphore_unlock(const struct semaphore *s, int64_t byte)
{
	struct flock lock;

	lock_call(s->fd, F_OFD_SETLK, &lock, F_UNLCK, byte, 1);
}

/* By trying again, with no lock waited for: whoever is stopped inside must hold up nobody. */
int semaphore_enter(const struct semaphore *s, uint64_t until_us)
{
	uint64_t pause_us = DOOR_PAUSE_US;

	for (;;) {
		int err = semaphore_lock(s, SLOT_LOCK_DOOR);

		if (err != -EAGAIN || now_us() >= until_us)
			return err;
		sleep_us(pause_us);
		if (pause_us < DOOR_PAUSE_MAX_US)
			pause_us *= 2;
	}
}

void semaphore_leave(const struct semaphore *s)
{
	semaphore_unlock(s, SLOT_LOCK_DOOR);
}

void semaphore_count(const struct semaphore *s, const struct slot_counters *more)
{
	struct slot_counters counters = {0};

	if (semaphore_enter(s, now_us() + COUNT_WITHIN_US) < 0)
		return;
	if (semaphore_read(s, &counters, sizeof(counters), SLOT_COUNTERS_AT) < 0 ||
		!slot_counters_ok(&counters))
		counters = (struct slot_counters){0};
	counters.taken += more->taken;
	counters.refused += more->refused;
	counters.waited += more->waited;
	counters.gave_up += more->gave_up;
	slot_counters_seal(&counters);
	/* A count that cannot be written is no reason to refuse a stream. */
	(void)semaphore_write(s, &counters, sizeof(counters), SLOT_COUNTERS_AT);
	semaphore_leave(s);
}
