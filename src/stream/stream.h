/*
 * stream: what the files of guardian-stream share.
 *
 * guardian-stream is linked statically and runs in other people's images, where nothing can be
 * relied on: no libc files, no /etc/passwd, perhaps no /proc. So it includes slot_file.h and text.h
 * of guardiand and nothing else, allocates nothing, and prints without stdio.
 *
 * Negative errno for errors, as everywhere; a positive value is an outcome (enum take_outcome).
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "guardian/slot_file.h"
#include "guardian/text.h"

/* sysexits.h, which not every libc has, and the shell's. */
enum {
	STATUS_USAGE = 64,
	STATUS_NO_FILE = 69,       /* EX_UNAVAILABLE */
	STATUS_OS = 71,            /* EX_OSERR */
	STATUS_NO_SLOT = 75,       /* EX_TEMPFAIL */
	STATUS_NO_PERMISSION = 77, /* EX_NOPERM */
	STATUS_NOT_RUN = 126,
	STATUS_NOT_FOUND = 127,
};

/* ---- options.c ---- */

struct options {
	const char *file;
	const char *name;     /* in the record; the command's last component unless it was given */
	char *const *command; /* NULL-terminated */
	uint64_t wait_us;
	uint64_t address_space_bytes; /* --rlimit-as; UINT64_MAX: not asked for */
	int nice;                     /* added, as nice(1) does; 0: not asked for */
	int oom_score_adj;
	bool has_oom_score_adj;
	bool json;
	bool missing_ok;
};

/* -> -1 to go on, or the exit status: 0 after --help or --version, STATUS_USAGE when told. */
int options_parse(struct options *options, int argc, char *const *argv);

/* ---- say.c ---- */

/* One line on stderr, in one write: `guardian-stream: MESSAGE`, control characters as `?`; with
 * --json {"error":ERROR,"message":MESSAGE}. */
void say(const struct options *options, const char *error, const char *message);
/* The same, and errno's words behind it. */
void say_errno(const struct options *options, const char *error, const char *message, int err);

/* Why there is no slot, as it was when it was asked for last. */
struct refusal {
	unsigned int cap, effective_cap;
	unsigned int in_use;
	unsigned int waiting; /* others */
	const char *reason;   /* enum slot_cap_reason's names, or "queue", "damaged" */
	bool waited;          /* in vain, as long as was asked for */
};
void say_refusal(const struct options *options, const struct refusal *refusal);

/* ---- semaphore.c: the file and its locks ---- */

struct semaphore {
	const char *path;
	int fd; /* read and write, above what the command or a shell would use */
	dev_t device;
	ino_t inode;
	struct slot_header header; /* as it was read last */
};

uint64_t now_us(void); /* CLOCK_BOOTTIME */
void sleep_us(uint64_t us);

/* -> 0; -ENOENT: none there; -EBADF: no regular file there; or what open(2) says. */
int semaphore_open(struct semaphore *s, const char *path);
void semaphore_close(struct semaphore *s);
/* Whether the path leads to another file by now, or to none. */
bool semaphore_is_replaced(const struct semaphore *s);
/* -> 0, -EBADMSG when it is not whole in five looks, 2 ms apart. */
int semaphore_read_header(struct semaphore *s);
/* Which of the 64 bytes from FIRST others have locked, in a way that a lock of TYPE would wait for:
 * bit i for byte FIRST + i. Takes no lock. */
int semaphore_held(const struct semaphore *s, int64_t first, short type, uint64_t *mask);
int semaphore_read_line(const struct semaphore *s, struct slot_line *line);
/* Without waiting: -EAGAIN when somebody has it. */
int semaphore_lock(const struct semaphore *s, int64_t byte);
void semaphore_unlock(const struct semaphore *s, int64_t byte);
/* The door, for changes of the queue and the counters: -EAGAIN when it was not free until
 * UNTIL_US. */
int semaphore_enter(const struct semaphore *s, uint64_t until_us);
void semaphore_leave(const struct semaphore *s);
/* Whole parts of the file, or an error. */
int semaphore_read(const struct semaphore *s, void *part, size_t size, int64_t at);
int semaphore_write(const struct semaphore *s, const void *part, size_t size, int64_t at);
/* Adds MORE to the counters; whoever finds no way through the door in 100 ms goes uncounted. */
void semaphore_count(const struct semaphore *s, const struct slot_counters *more);

/* ---- take.c: one try ---- */

enum take_outcome {
	TAKE_TAKEN,
	TAKE_NO_SLOT,  /* the refusal says why */
	TAKE_DAMAGED,  /* the header is not whole */
	TAKE_REPLACED, /* open the path again */
};

struct attempt {
	unsigned int slot;        /* TAKEN */
	struct refusal refusal;   /* all other outcomes */
	struct slot_ahead before; /* those who are to be served first */
};

/* Takes the lowest free slot, unless somebody stands in the queue before TICKET. -> enum
 * take_outcome, or -errno; no lock is kept but for TAKEN. */
int take_slot(struct semaphore *s, uint64_t ticket, struct attempt *attempt);
/* Writes who has it. */
int take_write_record(const struct semaphore *s, unsigned int slot, const char *name);

/* ---- wait.c: the queue ---- */

/* Stands in the queue until there is a slot or DEADLINE_US is over. ATTEMPT is of the try before.
 * -> as take_slot(). */
int wait_for_slot(struct semaphore *s, uint64_t deadline_us, struct attempt *attempt);

/* ---- become.c ---- */

/* Nice, oom_score_adj and RLIMIT_AS of this process. -> 0, or the exit status when told. */
int become_limited(const struct options *options);
/* Runs the command in this process; comes back only with an exit status, told. */
int become_command(const struct options *options);

/* ---- run.c ---- */

/* All of it; comes back only with an exit status. */
int stream_run(const struct options *options);

#endif
