/*
 * take: one try for a slot.
 *
 * The lock on a byte below the effective cap is the slot. Where slots above a lowered cap are still
 * held, a free byte below it is not yet a free slot: so all are counted after the lock is there.
 * Of many who take at once the last sees the locks of all the others, so never more than the cap
 * are kept. Two who meet there may both step back; each tries again a few times.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

enum {
	CROWDED_TRIES = 5,
	CROWDED_PAUSE_US = 1000,
	STAT_START_TIME = 22, /* proc_pid_stat(5) */
	STAT_STATE = 3,
};

static unsigned int count(uint64_t held)
{
	return (unsigned int)__builtin_popcountll(held);
}

/* Which slots others hold. */
static int look(const struct semaphore *s, uint64_t *held)
{
	return semaphore_held(s, SLOT_LOCK_SLOTS, F_WRLCK, held);
}

/* -> the byte that is locked now, -EAGAIN when all are held. */
static int lock_lowest(const struct semaphore *s)
{
	int err = -EAGAIN;

	for (unsigned int i = 0; i < s->header.effective_cap && err == -EAGAIN; i++) {
		err = semaphore_lock(s, SLOT_LOCK_SLOTS + i);
		if (err == 0)
			return (int)i;
	}
	return err;
}

/* With the lock on SLOT: is it a slot? The cap may have fallen since it was read, and the file may
 * have been replaced. -> enum take_outcome. *HELD: by others. */
static int confirm(struct semaphore *s, unsigned int slot, uint64_t *held)
{
	int err = semaphore_read_header(s);

	if (err < 0)
		return err == -EBADMSG ? TAKE_DAMAGED : err;
	if (semaphore_is_replaced(s))
		return TAKE_REPLACED;
	err = look(s, held);
	if (err < 0)
		return err;
	if (slot >= s->header.effective_cap || count(*held) >= s->header.effective_cap)
		return TAKE_NO_SLOT;
	return TAKE_TAKEN;
}

/* *CROWDED: there was a free byte, but no slot to it. */
static int try_once(struct semaphore *s, unsigned int *slot, uint64_t *held, bool *crowded)
{
	int byte = lock_lowest(s), outcome;

	*crowded = false;
	if (byte == -EAGAIN) {
		outcome = look(s, held);
		return outcome < 0 ? outcome : TAKE_NO_SLOT;
	}
	if (byte < 0)
		return byte;
	*slot = (unsigned int)byte;
	outcome = confirm(s, *slot, held);
	if (outcome != TAKE_TAKEN)
		semaphore_unlock(s, SLOT_LOCK_SLOTS + byte);
	*crowded = outcome == TAKE_NO_SLOT;
	return outcome;
}

static int try_some_times(struct semaphore *s, unsigned int *slot, uint64_t *held)
{
	bool crowded = true;
	int outcome = TAKE_NO_SLOT;

	for (int i = 0; i < CROWDED_TRIES && crowded; i++) {
		/* By chance of the pid at another time than those we met. */
		if (i > 0)
			sleep_us(CROWDED_PAUSE_US + (uint64_t)(getpid() * 7 + i * 13) % 16 * 200);
		outcome = try_once(s, slot, held, &crowded);
	}
	return outcome;
}

int take_slot(struct semaphore *s, uint64_t ticket, struct attempt *attempt)
{
	struct refusal *refusal = &attempt->refusal;
	struct slot_line line;
	uint64_t held = 0;
	int outcome = semaphore_read_header(s);

	*attempt = (struct attempt){.refusal.reason = "damaged"};
	if (outcome < 0)
		return outcome == -EBADMSG ? TAKE_DAMAGED : outcome;
	outcome = semaphore_read_line(s, &line);
	if (outcome < 0)
		return outcome;
	attempt->before = slot_ahead(&line, ticket, now_us());
	if (attempt->before.count == 0) {
		outcome = try_some_times(s, &attempt->slot, &held);
	} else {
		outcome = look(s, &held);
		outcome = outcome < 0 ? outcome : TAKE_NO_SLOT;
	}
	if (outcome != TAKE_NO_SLOT)
		return outcome;
	refusal->cap = s->header.cap;
	refusal->effective_cap = s->header.effective_cap;
	refusal->in_use = count(held);
	refusal->waiting = slot_ahead(&line, SLOT_NO_TICKET, now_us()).count;
	refusal->reason = attempt->before.count > 0 && refusal->in_use < refusal->effective_cap
				  ? "queue"
				  : slot_cap_reason_name(s->header.reason);
	return TAKE_NO_SLOT;
}

/* Field 22 comes after the command's name, which may hold blanks and parentheses. */
static uint64_t start_ticks(void)
{
	char buf[1024];
	const char *at;
	uint64_t ticks = 0;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	at = strrchr(buf, ')');
	for (int field = STAT_STATE - 1; at && field < STAT_START_TIME; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (at)
		text_u64(at, strcspn(at, " "), &ticks);
	return ticks;
}

int take_write_record(const struct semaphore *s, unsigned int slot, const char *name)
{
	struct slot_record record = {.pid = (uint32_t)getpid(), .start_ticks = start_ticks()};
	struct timespec ts = {0};
	struct stat st;

	clock_gettime(CLOCK_REALTIME, &ts);
	record.since_us = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	if (stat("/proc/self/ns/pid", &st) == 0)
		record.pid_namespace_inode = st.st_ino;
	text_copy(record.name, sizeof(record.name), name, strlen(name));
	slot_record_seal(&record);
	return semaphore_write(s, &record, sizeof(record), slot_record_at(slot));
}
