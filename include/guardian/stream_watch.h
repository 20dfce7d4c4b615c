/*
 * stream_watch: the processes that are streams, found in the cgroups of services and nowhere else.
 *
 * A cgroup is scanned when the caller has a reason to: cgroup.procs of it and of those below it
 * (crun's inner one, a service's own). A process that is no stream is not looked at again for some
 * seconds; of a stream its file `status` is held open, which keeps being its own: when the process
 * has gone, reading says so, whoever has its number by then.
 *
 * All processes sit in streams_sample.process, in order of their start, the oldest first.
 */
#ifndef GUARDIAN_STREAM_WATCH_H
#define GUARDIAN_STREAM_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/policy.h"
#include "guardian/snapshot.h"

/* Places for those that are no streams, by their number. */
enum { STREAM_OTHERS = 1024, STREAM_COMMAND_SIZE = sizeof((struct policy_streams *)0)->command };

struct stream_handle {
	int32_t status_fd;
	bool seen; /* by the scan under way */
};

struct stream_other {
	uint32_t pid;
	uint32_t read_s; /* CLOCK_BOOTTIME */
};

struct stream_watch {
	int procfd;     /* /proc, or -1 */
	bool unsettled; /* a scan has met a process so young that it may become a stream yet; the
			   caller resets it */
	uint32_t ticks_per_s;
	char command[STREAM_COMMAND_SIZE];
	struct stream_handle handle[STREAM_PROCESSES_MAX]; /* of process[] */
	struct stream_other other[STREAM_OTHERS];
};

/* S must be zero (static, calloc), so that pages never needed are never touched. ROOTFD: the tree
 * whose /proc it is. -> 0; -errno: nothing will be found, and closing is allowed.
 */
int stream_watch_open(struct stream_watch *s, int rootfd);
void stream_watch_close(struct stream_watch *s, struct streams_sample *out);

/* What streams are called from now on. Another name than before forgets all that was found. */
void stream_watch_set_command(
	struct stream_watch *s, const char *command, struct streams_sample *out);
/* Whoever was no stream may be one by now. */
void stream_watch_doubt(struct stream_watch *s);

/* A cgroup of a service. */
struct stream_place {
	int dirfd; /* its folder */
	uint64_t inode;
	uint16_t service;
};

/* Takes in those that have come to PLACE and drops those that have left it. OUT is that of the scan
 * before. -> whether any came or went. */
bool stream_watch_scan(struct stream_watch *s, const struct stream_place *place, uint64_t now_us,
	struct streams_sample *out);

/* Drops those of cgroups that are not on the roster any more: IS_MEMBER says. -> whether any went.
 */
bool stream_watch_keep(struct stream_watch *s, bool (*is_member)(void *userdata, uint64_t inode),
	void *userdata, struct streams_sample *out);

/* The memory of each; those that have ended are dropped. -> whether anything changed. */
bool stream_watch_read(struct stream_watch *s, struct streams_sample *out);

#endif
