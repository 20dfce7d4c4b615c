/*
 * heartbeat: is guardiand alive? Asked by guardianctl and by `guardiand --check`, which must not
 * take its own word for it: a status file outlives the process that wrote it.
 *
 * Alive is a process that exists and has finished a tick lately. Age is counted in CLOCK_BOOTTIME,
 * so that a changed wall clock neither kills nor revives it.
 */
#ifndef GUARDIAN_HEARTBEAT_H
#define GUARDIAN_HEARTBEAT_H

#include <stddef.h>
#include <stdint.h>

#include "guardian/status_read.h"

enum heartbeat_state {
	HEARTBEAT_ALIVE,
	HEARTBEAT_OLD,        /* the process is there, and has been silent for too long */
	HEARTBEAT_GONE,       /* a status file without its process */
	HEARTBEAT_NONE,       /* no status file */
	HEARTBEAT_UNREADABLE, /* `error` says why */
};

enum heartbeat_process { PROCESS_THERE, PROCESS_GONE, PROCESS_HIDDEN };

struct heartbeat {
	enum heartbeat_state state;
	int error;       /* HEARTBEAT_UNREADABLE: -errno */
	uint64_t age_us; /* since the last tick; UINT64_MAX: before this boot */
	struct status_head head;
	char *text; /* the file, or NULL */
	size_t len;
	struct cJSON *json; /* its tree, or NULL */
};

/* Silence longer than this is a stuck daemon: 3 of the longest intervals, 10 s at least. */
uint64_t heartbeat_patience_us(const struct status_head *head);

/* Fills `state` and `age_us` of a heartbeat whose head was read. Pure. */
void heartbeat_judge(struct heartbeat *hb, uint64_t now_us, enum heartbeat_process process);

/* Reads status.json and the process's folder below ROOTFD, and judges. */
void heartbeat_read(struct heartbeat *hb, int rootfd);
void heartbeat_free(struct heartbeat *hb);

#endif
