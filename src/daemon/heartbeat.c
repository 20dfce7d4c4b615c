/*
 * heartbeat: see the header. A pid that now belongs to another process does no harm here: its
 * guardiand is dead, so the last tick grows old, and before long the verdict is the same.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guardian/clock.h"
#include "guardian/fs.h"
#include "guardian/heartbeat.h"
#include "guardian/status.h"

enum {
	PATIENCE_US = 10 * 1000 * 1000,
	PATIENCE_INTERVALS = 3,
};

uint64_t heartbeat_patience_us(const struct status_head *head)
{
	uint64_t patience_us;

	if (__builtin_mul_overflow(head->interval_us, PATIENCE_INTERVALS, &patience_us))
		return UINT64_MAX;
	return patience_us > PATIENCE_US ? patience_us : PATIENCE_US;
}

void heartbeat_judge(struct heartbeat *hb, uint64_t now_us, enum heartbeat_process process)
{
	/* A tick in the future was counted by the clock of an earlier boot. */
	hb->age_us = hb->head.now_us <= now_us ? now_us - hb->head.now_us : UINT64_MAX;
	if (process == PROCESS_GONE)
		hb->state = HEARTBEAT_GONE;
	else if (hb->age_us > heartbeat_patience_us(&hb->head))
		hb->state = HEARTBEAT_OLD;
	else
		hb->state = HEARTBEAT_ALIVE;
}

/* With hidepid (proc(5)) nobody else's process can be seen, PID 1 neither: then absence means
 * nothing. */
static enum heartbeat_process look_for(int rootfd, uint64_t pid)
{
	char path[32];
	_cleanup_fd_ int fd = -1;
	_cleanup_fd_ int init = -1;

	(void)snprintf(path, sizeof(path), "proc/%llu", (unsigned long long)pid);
	fd = fs_open_dir(rootfd, path);
	if (fd >= 0)
		return PROCESS_THERE;
	init = fs_open_dir(rootfd, "proc/1");
	return fd == -ENOENT && init >= 0 ? PROCESS_GONE : PROCESS_HIDDEN;
}

static int read_file(struct heartbeat *hb, int rootfd)
{
	_cleanup_fd_ int dir = fs_open_dir(rootfd, STATUS_DIR);

	if (dir < 0)
		return dir;
	return fs_read_all(dir, STATUS_FILE, STATUS_TEXT_MAX, &hb->text, &hb->len);
}

void heartbeat_read(struct heartbeat *hb, int rootfd)
{
	memset(hb, 0, sizeof(*hb));
	hb->error = read_file(hb, rootfd);
	if (hb->error == 0)
		hb->error = status_parse(hb->text, hb->len, &hb->json);
	if (hb->error == 0)
		hb->error = status_head_read(hb->json, &hb->head);
	if (hb->error < 0) {
		hb->state = hb->error == -ENOENT ? HEARTBEAT_NONE : HEARTBEAT_UNREADABLE;
		return;
	}
	heartbeat_judge(hb, clock_now_us(CLOCK_BOOTTIME), look_for(rootfd, hb->head.pid));
}

void heartbeat_free(struct heartbeat *hb)
{
	cJSON_Delete(hb->json);
	free(hb->text);
	memset(hb, 0, sizeof(*hb));
}
