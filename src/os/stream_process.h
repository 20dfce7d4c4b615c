/*
 * stream_process: one process, out of its folder of /proc. Private to stream_watch.c and
 * stream_signal.c.
 *
 * A folder of /proc that was opened stays that of its process: when the number belongs to another,
 * what is read below it is ESRCH. So whatever is read through one descriptor is of one process.
 */
#ifndef GUARDIAN_OS_STREAM_PROCESS_H
#define GUARDIAN_OS_STREAM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TASK_COMM_LEN of Linux: 15 bytes and the NUL. */
enum { STREAM_COMM_SIZE = 16 };

struct process_stat {
	char comm[STREAM_COMM_SIZE];
	uint64_t start_ticks; /* since boot; CLK_TCK of them a second */
};

struct process_status {
	bool zombie;        /* its memory has gone, only its parent does not know yet */
	uint32_t inner_pid; /* as it sees itself; its number here when it is in no namespace */
	bool is_container;  /* the first of a PID namespace below ours */
	bool has_anon;
	uint64_t anon_bytes;
};

/* /proc/PID below PROCFD -> descriptor, or -errno; -ENOENT: no such process. */
int process_open(int procfd, uint32_t pid);

/* DIRFD is of process_open(). -> 0, -ESRCH, -EBADMSG. */
int process_stat_read(int dirfd, struct process_stat *out);
/* For fuzzing: the parser alone. TEXT ends with a NUL. -> 0 or -EBADMSG. */
int process_stat_parse(const char *text, size_t len, struct process_stat *out);

/* FD is of the file `status` below it, and is read from its start. PID: its number here. -> 0,
 * -ESRCH: it has gone. */
int process_status_read(int fd, uint32_t pid, struct process_status *out);
void process_status_parse(const char *text, uint32_t pid, struct process_status *out);

#endif
