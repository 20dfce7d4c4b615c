/*
 * slots: see the header.
 *
 * A look is of three things: whether the file at the path is the one that is held (and with what
 * size, mode and owner); which bytes are locked; and one read of all of it. Between two of them a
 * slot may change hands; the next look, for which the write of the record asks, tells it right.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/slot_file.h"
#include "guardian/slots.h"

enum { EVENTS_SIZE = 1024, MODE_BITS = 07777 };

#define WATCHED ((uint32_t)(IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF | IN_ONESHOT))

int slots_open(struct slots *s, int dirfd, bool read_only)
{
	*s = (struct slots){.dirfd = dirfd,
		.fd = -1,
		.watch_fd = -1,
		.read_only = read_only,
		.uid = geteuid(),
		.gid = read_only ? SLOTS_ANY_GROUP : 0};
	if (!read_only)
		s->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return 0;
}

void slots_close(struct slots *s)
{
	fs_close(&s->fd);
	fs_close(&s->watch_fd);
}

void slots_set_group(struct slots *s, uint32_t gid)
{
	s->gid = gid;
}

int slots_fd(const struct slots *s)
{
	return s->watch_fd;
}

/* By the descriptor and not by the path: it is this file that is looked at. */
void slots_watch(struct slots *s)
{
	_Alignas(struct inotify_event) char events[EVENTS_SIZE];
	char path[32];

	if (s->watch_fd < 0 || s->fd < 0)
		return;
	while (read(s->watch_fd, events, sizeof(events)) > 0)
		;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	(void)inotify_add_watch(s->watch_fd, path, WATCHED);
}

/* ---- which file ---- */

/* What is at the path is no file of ours to hold. */
static int refuse(struct slots *s, int error)
{
	fs_close(&s->fd);
	return error;
}

/* O_NONBLOCK: a FIFO in its place stops nobody. -> 0 or -errno */
static int hold(struct slots *s)
{
	int flags = (s->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	struct stat st;

	s->fd = openat(s->dirfd, SLOTS_FILE, flags);
	if (s->fd < 0)
		return -errno;
	if (fstat(s->fd, &st) < 0)
		return refuse(s, -errno);
	if (!S_ISREG(st.st_mode))
		return refuse(s, -EINVAL);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	return 0;
}

/* The file at the path, ST of it. -> 0: held; 1: it is another than the one before, and held now;
 * -errno. */
static int find(struct slots *s, struct stat *st)
{
	bool had = s->fd >= 0;
	int r;

	if (s->dirfd < 0)
		return -ENOENT;
	if (fstatat(s->dirfd, SLOTS_FILE, st, AT_SYMLINK_NOFOLLOW) < 0)
		return refuse(s, -errno);
	if (had && st->st_ino == s->inode && st->st_dev == s->device)
		return 0;
	fs_close(&s->fd);
	r = hold(s);
	if (r < 0)
		return r;
	if (fstat(s->fd, st) < 0)
		return refuse(s, -errno);
	return had;
}

/* ---- a look ---- */

struct look {
	uint8_t state; /* enum slot_file_state */
	int error;
	bool header_ok;
	uint64_t held; /* bit i: slot i */
	_Alignas(16) unsigned char bytes[SLOT_FILE_SIZE];
};

/* The kernel names one lock of those in the range, no matter which: what is left and right of it is
 * asked for again, a shorter range each time. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int ask_held(int fd, int64_t from, int64_t end, uint64_t *held)
{
	while (from < end) {
		struct flock lock = {.l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = from,
			.l_len = end - from};
		int64_t first, behind;
		int r;

		if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
			return -errno;
		if (lock.l_type == F_UNLCK)
			return 0;
		first = lock.l_start > from ? lock.l_start : from;
		/* A length of 0 reaches to the end of all files. */
		behind = lock.l_len && lock.l_start + lock.l_len < end ? lock.l_start + lock.l_len
								       : end;
		for (int64_t i = first; i < behind; i++)
			*held |= 1ULL << (i - SLOT_LOCK_SLOTS);
		r = ask_held(fd, from, first, held);
		if (r < 0)
			return r;
		from = behind;
	}
	return 0;
}

static const struct slot_header *header_of(const struct look *look)
{
	return (const void *)(look->bytes + SLOT_HEADER_AT);
}

/* Zeros for what is not there. */
static int read_bytes(int fd, struct look *look)
{
	ssize_t n;

	do
		n = pread(fd, look->bytes, SLOT_FILE_SIZE, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	memset(look->bytes + n, 0, SLOT_FILE_SIZE - (size_t)n);
	look->header_ok = slot_header_ok(header_of(look));
	return 0;
}

static bool mode_is_right(const struct slots *s, const struct stat *st)
{
	return s->gid == SLOTS_ANY_GROUP || ((st->st_mode & MODE_BITS) == SLOTS_MODE &&
						    st->st_uid == s->uid && st->st_gid == s->gid);
}

static uint8_t state_of(const struct slots *s, const struct stat *st, const struct look *look)
{
	if (st->st_size != SLOT_FILE_SIZE)
		return SLOT_FILE_WRONG_SIZE;
	if (!look->header_ok)
		return SLOT_FILE_BAD_HEADER;
	return mode_is_right(s, st) ? SLOT_FILE_OK : SLOT_FILE_WRONG_MODE;
}

static uint8_t state_of_error(int error)
{
	return error == -ENOENT ? SLOT_FILE_ABSENT : SLOT_FILE_UNUSABLE;
}

/* Whether it is to be read at all. */
static bool look_at_file(struct slots *s, struct look *look)
{
	struct stat st;
	int r = find(s, &st);

	look->state = SLOT_FILE_UNKNOWN;
	look->error = 0;
	look->held = 0;
	look->header_ok = false;
	if (r == 0)
		r = ask_held(s->fd, SLOT_LOCK_SLOTS, SLOT_LOCK_SLOTS + SLOT_SLOTS_MAX, &look->held);
	if (r == 0)
		r = read_bytes(s->fd, look);
	if (r < 0) {
		look->state = state_of_error(r);
		look->error = look->state == SLOT_FILE_ABSENT ? 0 : -r;
		return false;
	}
	look->state = r > 0 ? SLOT_FILE_REPLACED : state_of(s, &st, look);
	return r == 0;
}

/* ---- into the sample, and whether that changes it ---- */

#define SET(changed, to, value)                                                                    \
	do {                                                                                       \
		(changed) |= (to) != (value);                                                      \
		(to) = (value);                                                                    \
	} while (0)

static bool set_header(struct slots *s, const struct look *look, struct streams_sample *out)
{
	const struct slot_header *header = header_of(look);
	bool changed = false;

	if (!look->header_ok)
		return false;
	SET(changed, out->cap, header->cap);
	SET(changed, out->effective_cap, header->effective_cap);
	SET(changed, out->reason, header->reason);
	SET(changed, out->generation, header->generation);
	if (header->generation > s->generation)
		s->generation = header->generation;
	return changed;
}

/* A file that nobody has used yet holds zeros there, which have no checksum. */
static bool set_counters(const struct look *look, struct streams_sample *out)
{
	static const struct slot_counters none;
	const struct slot_counters *counters = (const void *)(look->bytes + SLOT_COUNTERS_AT);
	bool ok = slot_counters_ok(counters), changed = false;
	bool bad = !ok && memcmp(counters, &none, sizeof(none)) != 0;

	if (!ok)
		counters = &none;
	SET(changed, out->counters_bad, bad);
	SET(changed, out->taken, counters->taken);
	SET(changed, out->refused, counters->refused);
	SET(changed, out->waited, counters->waited);
	SET(changed, out->gave_up, counters->gave_up);
	return changed;
}

static bool set_record(const struct slot_record *record, struct slot_sample *slot)
{
	bool changed = false;

	SET(changed, slot->held, true);
	SET(changed, slot->record_ok, slot_record_ok(record));
	if (!slot->record_ok)
		return changed;
	SET(changed, slot->pid, record->pid);
	SET(changed, slot->start_ticks, record->start_ticks);
	SET(changed, slot->since_us, record->since_us);
	if (memcmp(slot->name, record->name, sizeof(slot->name)) != 0) {
		memcpy(slot->name, record->name, sizeof(slot->name));
		changed = true;
	}
	return changed;
}

static bool set_slots(const struct look *look, struct streams_sample *out)
{
	uint16_t in_use = 0;
	bool changed = false;

	for (unsigned int i = 0; i < STREAM_SLOTS_MAX; i++) {
		struct slot_sample *slot = &out->slot[i];

		if (look->held & (1ULL << i)) {
			const void *record = look->bytes + slot_record_at(i);

			changed |= set_record(record, slot);
			in_use++;
		} else if (slot->held) {
			memset(slot, 0, sizeof(*slot));
			changed = true;
		}
	}
	SET(changed, out->in_use, in_use);
	return changed;
}

bool slots_look(struct slots *s, struct streams_sample *out)
{
	struct look look;
	bool changed = !(out->valid & STREAMS_FILE);
	bool readable;

	readable = look_at_file(s, &look);
	out->valid |= STREAMS_FILE;
	SET(changed, out->file_state, look.state);
	SET(changed, out->file_error, look.error);
	if (!readable)
		look.held = 0;
	if (look.state == SLOT_FILE_REPLACED)
		return changed; /* the next look is at the new one */
	if (readable) {
		changed |= set_header(s, &look, out);
		changed |= set_counters(&look, out);
	}
	return changed | set_slots(&look, out);
}

/* ---- writing ---- */

static int write_header(struct slots *s, const struct slots_cap *cap)
{
	uint64_t generation = s->generation ? s->generation + 1 : cap->realtime_us;
	struct slot_header header = slot_header_make(cap->cap, cap->effective_cap,
		(enum slot_cap_reason)cap->reason, generation, cap->realtime_us);
	ssize_t n;

	do
		n = pwrite(s->fd, &header, sizeof(header), SLOT_HEADER_AT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != (ssize_t)sizeof(header))
		return -EIO;
	s->generation = generation;
	return 0;
}

int slots_publish(struct slots *s, const struct slots_cap *cap)
{
	return s->fd < 0 ? -ENOENT : write_header(s, cap);
}

/* Open to its group only when all else is right: fchmod comes last. */
static int make(struct slots *s)
{
	int fd = openat(
		s->dirfd, SLOTS_FILE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	fs_close(&fd);
	return hold(s);
}

static int mend_size(const struct slots *s, const struct stat *st)
{
	if (st->st_size == SLOT_FILE_SIZE)
		return 0;
	return ftruncate(s->fd, SLOT_FILE_SIZE) < 0 ? -errno : 0;
}

static int mend_header(struct slots *s, const struct slots_cap *cap)
{
	struct slot_header header;
	ssize_t n = pread(s->fd, &header, sizeof(header), SLOT_HEADER_AT);

	if (n == (ssize_t)sizeof(header) && slot_header_ok(&header))
		return 0;
	return n < 0 ? -errno : write_header(s, cap);
}

static int mend_owner(const struct slots *s, const struct stat *st)
{
	if (st->st_uid == s->uid && st->st_gid == s->gid)
		return 0;
	return fchown(s->fd, s->uid, s->gid) < 0 ? -errno : 0;
}

static int mend_mode(const struct slots *s, const struct stat *st)
{
	if ((st->st_mode & MODE_BITS) == SLOTS_MODE)
		return 0;
	return fchmod(s->fd, SLOTS_MODE) < 0 ? -errno : 0;
}

int slots_mend(struct slots *s, const struct slots_cap *cap)
{
	struct stat st;
	int r = find(s, &st);

	if (r == -ENOENT && s->dirfd >= 0) {
		r = make(s);
		if (r == 0 && fstat(s->fd, &st) < 0)
			r = -errno;
	}
	if (r < 0)
		return r == -EINVAL || r == -ELOOP || r == -EISDIR ? -EEXIST : r;
	if ((r = mend_size(s, &st)) < 0)
		return r;
	if ((r = mend_header(s, cap)) < 0)
		return r;
	if ((r = mend_owner(s, &st)) < 0)
		return r;
	return mend_mode(s, &st);
}
