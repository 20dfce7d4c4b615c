/*
 * inject: stands before libc and fails one call, once. A symbol of the program comes before those
 * of shared libraries, so libsystemd, libyaml, cJSON and libcgroup call these too.
 */
#undef _FORTIFY_SOURCE /* its inline functions bear the names that are defined here */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fault.h"

static struct {
	atomic_ulong left; /* calls until the one that fails; 0: disarmed, or it has failed */
	unsigned int groups;
	int wanted_error;
	const char *call;
	int error;
} fault;

void fault_arm(unsigned long nth, unsigned int groups, int error)
{
	fault.groups = groups;
	fault.wanted_error = error;
	fault.call = NULL;
	fault.error = 0;
	atomic_store(&fault.left, nth);
}

bool fault_disarm(const char **call, int *error)
{
	atomic_store(&fault.left, 0);
	*call = fault.call;
	*error = fault.error;
	return fault.call != NULL;
}

/* True for the call that is to fail, with errno set. */
static bool fails(unsigned int group, const char *call, int usual_error)
{
	unsigned long left = atomic_load(&fault.left);

	if (left == 0 || !(fault.groups & group))
		return false;
	while (!atomic_compare_exchange_weak(&fault.left, &left, left - 1)) {
		if (left == 0)
			return false;
	}
	if (left != 1)
		return false;
	fault.error = fault.wanted_error ? fault.wanted_error : usual_error;
	fault.call = call;
	errno = fault.error;
	return true;
}

/* dlsym, because the name itself is ours. */
#define NEXT(name)                                                                                 \
	static __typeof__(&name) next;                                                             \
	if (!next)                                                                                 \
	next = (__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)

#define INTERPOSE(type, name, group, usual, parameters, arguments)                                 \
	type name parameters;                                                                      \
	type name parameters                                                                       \
	{                                                                                          \
		NEXT(name);                                                                        \
		if (fails(group, #name, usual))                                                    \
			return (type)-1;                                                           \
		return next arguments;                                                             \
	}

/* clang-format off */
INTERPOSE(int, dup, FAULT_OPEN, EMFILE, (int fd), (fd))
INTERPOSE(ssize_t, read, FAULT_READ, EIO, (int fd, void *buf, size_t n), (fd, buf, n))
INTERPOSE(ssize_t, __read_chk, FAULT_READ, EIO, (int fd, void *buf, size_t n, size_t room), (fd, buf, n, room))
INTERPOSE(ssize_t, pread, FAULT_READ, ENODEV, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at))
INTERPOSE(ssize_t, __pread_chk, FAULT_READ, ENODEV, (int fd, void *buf, size_t n, off_t at, size_t room), (fd, buf, n, at, room))
INTERPOSE(ssize_t, recv, FAULT_READ, ECONNRESET, (int fd, void *buf, size_t n, int flags), (fd, buf, n, flags))
INTERPOSE(ssize_t, __recv_chk, FAULT_READ, ECONNRESET, (int fd, void *buf, size_t n, size_t room, int flags), (fd, buf, n, room, flags))
INTERPOSE(ssize_t, recvmsg, FAULT_READ, ECONNRESET, (int fd, struct msghdr *m, int flags), (fd, m, flags))
INTERPOSE(ssize_t, write, FAULT_WRITE, ENOSPC, (int fd, const void *buf, size_t n), (fd, buf, n))
INTERPOSE(ssize_t, pwrite, FAULT_WRITE, ENOSPC, (int fd, const void *buf, size_t n, off_t at), (fd, buf, n, at))
INTERPOSE(ssize_t, send, FAULT_WRITE, EPIPE, (int fd, const void *buf, size_t n, int flags), (fd, buf, n, flags))
INTERPOSE(ssize_t, sendmsg, FAULT_WRITE, EPIPE, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
INTERPOSE(int, ftruncate, FAULT_WRITE, EIO, (int fd, off_t size), (fd, size))
INTERPOSE(int, rename, FAULT_NAME, EROFS, (const char *from, const char *to), (from, to))
INTERPOSE(int, renameat, FAULT_NAME, EROFS, (int fd, const char *from, int to_fd, const char *to), (fd, from, to_fd, to))
INTERPOSE(int, mkdirat, FAULT_NAME, ENOSPC, (int fd, const char *path, mode_t mode), (fd, path, mode))
INTERPOSE(int, fchmod, FAULT_NAME, EPERM, (int fd, mode_t mode), (fd, mode))
INTERPOSE(int, fstat, FAULT_NAME, EIO, (int fd, struct stat *st), (fd, st))
INTERPOSE(int, fstatat, FAULT_NAME, EIO, (int fd, const char *path, struct stat *st, int flags), (fd, path, st, flags))
INTERPOSE(int, fstatfs, FAULT_NAME, EIO, (int fd, struct statfs *st), (fd, st))
INTERPOSE(int, faccessat, FAULT_NAME, EACCES, (int fd, const char *path, int mode, int flags), (fd, path, mode, flags))
INTERPOSE(int, fallocate, FAULT_DISK, ENOSPC, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
INTERPOSE(int, fsync, FAULT_DISK, EIO, (int fd), (fd))
INTERPOSE(int, fdatasync, FAULT_DISK, EIO, (int fd), (fd))
INTERPOSE(int, linkat, FAULT_DISK, ENOSPC, (int fd, const char *from, int to_fd, const char *to, int flags), (fd, from, to_fd, to, flags))
INTERPOSE(int, fchown, FAULT_DISK, EPERM, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
INTERPOSE(ssize_t, getrandom, FAULT_DISK, ENOSYS, (void *buf, size_t n, unsigned int flags), (buf, n, flags))
INTERPOSE(pid_t, fork, FAULT_CHILD, EAGAIN, (void), ())
INTERPOSE(void *, mmap, FAULT_MEMORY, ENOMEM, (void *at, size_t n, int prot, int flags, int fd, off_t o), (at, n, prot, flags, fd, o))
INTERPOSE(int, socket, FAULT_SOCKET, EMFILE, (int domain, int type, int protocol), (domain, type, protocol))
INTERPOSE(int, connect, FAULT_SOCKET, ECONNREFUSED, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
INTERPOSE(int, setsockopt, FAULT_SOCKET, EINVAL, (int fd, int level, int name, const void *v, socklen_t n), (fd, level, name, v, n))
INTERPOSE(int, inotify_init1, FAULT_WATCH, EMFILE, (int flags), (flags))
INTERPOSE(int, inotify_add_watch, FAULT_WATCH, ENOSPC, (int fd, const char *path, uint32_t mask), (fd, path, mask))
INTERPOSE(int, epoll_create1, FAULT_WATCH, EMFILE, (int flags), (flags))
INTERPOSE(int, epoll_ctl, FAULT_WATCH, ENOSPC, (int fd, int op, int watched, struct epoll_event *e), (fd, op, watched, e))
INTERPOSE(int, eventfd, FAULT_WATCH, EMFILE, (unsigned int value, int flags), (value, flags))
INTERPOSE(int, timerfd_create, FAULT_WATCH, EMFILE, (clockid_t clock, int flags), (clock, flags))
INTERPOSE(int, poll, FAULT_WATCH, ENOMEM, (struct pollfd *fds, nfds_t n, int timeout), (fds, n, timeout))
/* clang-format on */

/* The mode is passed on unread when there is none. */
#define INTERPOSE_OPEN(name, parameters, ...)                                                      \
	int name parameters                                                                        \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode;                                                                       \
                                                                                                   \
		va_start(ap, flags);                                                               \
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;                     \
		va_end(ap);                                                                        \
		NEXT(name);                                                                        \
		if (fails(FAULT_OPEN, #name, EMFILE))                                              \
			return -1;                                                                 \
		return next(__VA_ARGS__, flags, mode);                                             \
	}

INTERPOSE_OPEN(open, (const char *path, int flags, ...), path)
INTERPOSE_OPEN(openat, (int dirfd, const char *path, int flags, ...), dirfd, path)

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	NEXT(ioctl);
	return fails(FAULT_DISK, "ioctl", EIO) ? -1 : next(fd, request, arg);
}

static bool is_lock_command(int command)
{
	return command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW ||
	       command == F_SETFD || command == F_DUPFD_CLOEXEC;
}

int fcntl(int fd, int command, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	NEXT(fcntl);
	return is_lock_command(command) && fails(FAULT_LOCK, "fcntl", ENOLCK)
		       ? -1
		       : next(fd, command, arg);
}

DIR *fdopendir(int fd)
{
	NEXT(fdopendir);
	return fails(FAULT_OPEN, "fdopendir", ENOMEM) ? NULL : next(fd);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	NEXT(pthread_create);
	return fails(FAULT_THREAD, "pthread_create", EAGAIN) ? fault.error
							     : next(thread, attr, start, arg);
}

/* AddressSanitizer has its own malloc: then only the program's calls can fail, by the linker's
 * --wrap. */
#ifdef __SANITIZE_ADDRESS__
#define REAL(name) __real_##name
#define OURS(name) __wrap_##name
#else
#define REAL(name) __libc_##name
#define OURS(name) name
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *old, size_t size);
void *OURS(malloc)(size_t size);
void *OURS(calloc)(size_t n, size_t size);
void *OURS(realloc)(void *old, size_t size);

void *OURS(malloc)(size_t size)
{
	return fails(FAULT_MEMORY, "malloc", ENOMEM) ? NULL : REAL(malloc)(size);
}

void *OURS(calloc)(size_t n, size_t size)
{
	return fails(FAULT_MEMORY, "calloc", ENOMEM) ? NULL : REAL(calloc)(n, size);
}

void *OURS(realloc)(void *old, size_t size)
{
	return fails(FAULT_MEMORY, "realloc", ENOMEM) ? NULL : REAL(realloc)(old, size);
}
