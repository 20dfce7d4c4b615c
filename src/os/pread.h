/*
 * pread: pread(2) of the quiet tick, in place.
 *
 * The loop reads a few files of each service every second; libc's wrapper (a call through the PLT,
 * the cancellation test, errno) costs more than all that is done with the bytes. So on the two
 * machines guardiand runs on, the system call stands in the loop itself; elsewhere it is libc's.
 */
#ifndef GUARDIAN_OS_PREAD_H
#define GUARDIAN_OS_PREAD_H

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* Reads from offset 0. -> bytes, or -errno. */
#if defined(__x86_64__) && !defined(__ILP32__)
static inline ssize_t pread_start(int fd, void *buf, size_t size)
{
	register long offset __asm__("r10") = 0;
	long n;

	__asm__ volatile("syscall"
			 : "=a"(n)
			 : "0"((long)SYS_pread64), "D"((long)fd), "S"(buf), "d"(size), "r"(offset)
			 : "rcx", "r11", "memory");
	return n;
}
#elif defined(__aarch64__)
static inline ssize_t pread_start(int fd, void *buf, size_t size)
{
	register long number __asm__("x8") = SYS_pread64;
	register long a0 __asm__("x0") = fd;
	register void *a1 __asm__("x1") = buf;
	register size_t a2 __asm__("x2") = size;
	register long a3 __asm__("x3") = 0;

	__asm__ volatile("svc #0"
			 : "+r"(a0)
			 : "r"(number), "r"(a1), "r"(a2), "r"(a3)
			 : "memory", "cc");
	return a0;
}
#else
static inline ssize_t pread_start(int fd, void *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size, 0);

	return n < 0 ? -errno : n;
}
#endif

#endif
