/*
 * slots: guardiand's side of the semaphore file (slot_file.h): it is made, looked at, its header
 * published, and put right in place.
 *
 * Looking takes no lock, not for a moment: F_OFD_GETLK only asks, and a slot that nobody holds
 * stays free for whoever comes. And the file is never renamed, unlinked or cut to nothing: those
 * who hold slots hold them in this one inode, and in another there would be as many again.
 */
#ifndef GUARDIAN_SLOTS_H
#define GUARDIAN_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/snapshot.h"

#define SLOTS_FILE "streams.sem" /* in /run/guardian */

enum { SLOTS_MODE = 0660 };

/* Whose the file is to be is not asked: for those who only look. */
#define SLOTS_ANY_GROUP UINT32_MAX

struct slots {
	int dirfd;    /* borrowed: /run/guardian; -1: there is none */
	int fd;       /* the file, or -1 */
	int watch_fd; /* inotify, or -1 */
	bool read_only;
	uint32_t uid, gid; /* that it is to have */
	uint64_t device, inode;
	uint64_t generation; /* the highest that was seen or written */
};

/* What the header is to say. */
struct slots_cap {
	uint32_t cap, effective_cap;
	uint32_t reason;      /* enum slot_cap_reason */
	uint64_t realtime_us; /* now, CLOCK_REALTIME */
};

/* DIRFD is borrowed. READ_ONLY: to look and no more, with no wish about its owner. -> 0; without
 * inotify too, only slots_fd() is -1 then. */
int slots_open(struct slots *s, int dirfd, bool read_only);
void slots_close(struct slots *s);

/* The group that it is to have, from the next look on. */
void slots_set_group(struct slots *s, uint32_t gid);

/* Fills what OUT says of the file, and sets STREAMS_FILE: three system calls when nobody holds a
 * slot. -> whether anything is another than OUT had. */
bool slots_look(struct slots *s, struct streams_sample *out);

/* Readable at the next write, close or change of owner after slots_watch(), once: a storm of
 * refusals wakes nobody more often than that was called. */
int slots_fd(const struct slots *s);
void slots_watch(struct slots *s);

/* Writes the header. -> 0, -ENOENT: there is no file; -errno. */
int slots_publish(struct slots *s, const struct slots_cap *cap);

/* Makes the file where there is none, and gives it its size, header, owner and mode where they are
 * wrong. Locks and records are left as they are. -> 0, -EEXIST: what is there is no plain file;
 * -errno: a part may have been done. */
int slots_mend(struct slots *s, const struct slots_cap *cap);

#endif
