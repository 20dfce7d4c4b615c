/*
 * cgroup_reader: the look and the full read.
 *
 * The look is the hot path of the whole daemon. For each of its files it costs one system call and
 * the comparison of three words: the text is read over the one before, whose words wait in
 * registers meanwhile. Nothing is parsed, and nothing of the sample is written, as long as no byte
 * differs.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cgroup_text.h"
#include "guardian/cgroup_reader.h"
#include "guardian/fs.h"
#include "guardian/text.h"
#include "pread.h"

enum {
	TEXT_SIZE = 8192, /* memory.stat: 1.3 kB on 6.1, 2 kB on 6.18 */
	NEVER_READ = INT32_MIN,
	FULL_INTERVAL_US = CGROUP_FULL_INTERVAL_US,
	SPREAD_US = 4000000, /* those found at the same moment are not to be read fully at the same
				moment for ever */
};

/* ---- what the files are ---- */

static const struct value_info {
	const char *file;
	uint32_t bit;    /* enum member_reading, or 0: `limit` */
	uint8_t limit;   /* enum limit_kind */
	uint16_t offset; /* in struct member_sample */
} value_info[VALUES] = {
#define READING(file, bit, member)                                                                 \
	{                                                                                          \
		file, bit, LIMIT_COUNT, offsetof(struct member_sample, member)                     \
	}
#define LIMIT(file, kind)                                                                          \
	{                                                                                          \
		file, 0, kind, 0                                                                   \
	}
	[VALUE_CURRENT] = READING("memory.current", MEMBER_CURRENT, current_bytes),
	[VALUE_SWAP_CURRENT] = READING("memory.swap.current", MEMBER_SWAP, swap_bytes),
	[VALUE_MAX] = LIMIT("memory.max", LIMIT_MAX),
	[VALUE_LOW] = LIMIT("memory.low", LIMIT_LOW),
	[VALUE_SWAP_MAX] = LIMIT("memory.swap.max", LIMIT_SWAP_MAX),
	[VALUE_HIGH] = READING("memory.high", MEMBER_HIGH, high_bytes),
	[VALUE_OOM_GROUP] = LIMIT("memory.oom.group", LIMIT_OOM_GROUP),
	[VALUE_PEAK] = READING("memory.peak", MEMBER_PEAK, peak_bytes),
	[VALUE_PIDS] = READING("pids.current", MEMBER_PIDS, pids),
	[VALUE_INNER_MAX] = READING("container/memory.max", MEMBER_INNER_MAX, inner_max_bytes),
};

static const struct text_info {
	const char *file;
	uint32_t bit; /* enum member_reading */
	cgroup_text_parser parse;
} text_info[TEXTS] = {
	[TEXT_STAT] = {"memory.stat", MEMBER_STAT, cgroup_text_stat},
	[TEXT_EVENTS] = {"memory.events", MEMBER_EVENTS, cgroup_text_events},
	[TEXT_EVENTS_LOCAL] = {"memory.events.local", MEMBER_EVENTS_LOCAL,
		cgroup_text_events_local},
	[TEXT_PRESSURE] = {"memory.pressure", MEMBER_PSI, cgroup_text_pressure},
	[TEXT_POPULATED] = {"cgroup.events", MEMBER_POPULATED, cgroup_text_populated},
};

/* ---- one value ---- */

/* The rest of value_read(), when the text is another: N is what pread(2) gave. */
static __attribute__((noinline)) int value_settle(struct cgroup_value *v, ssize_t n)
{
	while (n == -EINTR)
		n = pread_start(v->fd, v->text, sizeof(v->text));
	if (n == -ENODEV)
		return -ENODEV;
	if (n >= 0)
		memset((char *)v->text + n, 0, sizeof(v->text) - (size_t)n);
	v->len = (int32_t)n;
	return 1;
}

/* -> 0: the same text as the last time, or no such file; 1: another; -ENODEV. The bytes behind the
 * text stay as they are, so equal words and an equal length are an equal text. */
static inline int value_read(struct cgroup_value *v)
{
	uint64_t a = v->text[0], b = v->text[1], c = v->text[2];
	ssize_t n;

	if (v->fd < 0)
		return 0;
	n = pread_start(v->fd, v->text, sizeof(v->text));
	if (__builtin_expect(
		    n == v->len && !((a ^ v->text[0]) | (b ^ v->text[1]) | (c ^ v->text[2])), 1))
		return 0;
	return value_settle(v, n);
}

static bool value_parse(const struct cgroup_value *v, uint64_t *out)
{
	if (v->len <= 0 || v->len >= (int32_t)sizeof(v->text))
		return false;
	return text_cgroup_value((const char *)v->text, (size_t)v->len, out) == 0;
}

static void set_valid(struct member_sample *m, uint32_t bit, bool valid)
{
	m->valid = valid ? m->valid | bit : m->valid & ~bit;
}

static void value_store(
	const struct cgroup_value *v, const struct value_info *info, struct member_sample *m)
{
	uint64_t number;
	bool ok = value_parse(v, &number);

	if (info->bit) {
		set_valid(m, info->bit, ok);
		if (ok)
			memcpy((char *)m + info->offset, &number, sizeof(number));
	} else if (ok) {
		limit_put(&m->live, (enum limit_kind)info->limit, number);
	} else {
		m->live.mask &= ~(1U << info->limit);
	}
}

/* Reads the values FROM .. TO-1. -> a mask of those that changed, or -ENODEV. */
static inline int values_read(
	struct cgroup_reader *reader, struct member_sample *m, int from, int to)
{
	int changed = 0;

	for (int i = from; i < to; i++) {
		int r = value_read(&reader->value[i]);

		if (__builtin_expect(r == 0, 1))
			continue;
		if (r < 0)
			return r;
		value_store(&reader->value[i], &value_info[i], m);
		changed |= 1 << i;
	}
	return changed;
}

/* ---- one text ---- */

/* -> 0: the same as the last time, or no such file; the text's length (or -EFBIG, ... as *LEN) and
 * 1; -ENODEV. */
static int text_read(struct cgroup_text *t, char *text, ssize_t *len)
{
	uint64_t digest = 0;
	ssize_t n;

	if (t->fd < 0)
		return 0;
	do
		n = pread_start(t->fd, text, TEXT_SIZE);
	while (n == -EINTR);
	if (n == -ENODEV)
		return -ENODEV;
	if (n == TEXT_SIZE)
		n = -EFBIG;
	if (n >= 0)
		digest = cgroup_text_digest(text, (size_t)n);
	if (n == t->len && digest == t->digest)
		return 0;
	t->len = (int32_t)n;
	t->digest = digest;
	*len = n;
	return 1;
}

/* A file of a controller can go while its cgroup stays (pressure or the controller is switched
 * off); cgroup.events cannot. */
static bool is_own_file(enum cgroup_text_file file)
{
	return file == TEXT_POPULATED;
}

static int texts_read(struct cgroup_reader *reader, struct member_sample *m)
{
	char text[TEXT_SIZE + CGROUP_TEXT_PAD];
	int changed = 0;

	for (int i = 0; i < TEXTS; i++) {
		const struct text_info *info = &text_info[i];
		ssize_t len = 0;
		int r = text_read(&reader->text[i], text, &len);

		if (r == 0)
			continue;
		if (r == -ENODEV) {
			if (is_own_file((enum cgroup_text_file)i))
				return r;
			fs_close(&reader->text[i].fd);
		}
		set_valid(m, info->bit, r > 0 && len >= 0 && info->parse(text, (size_t)len, m));
		changed = 1;
	}
	return changed;
}

/* ---- descriptors ---- */

/* A file that is not there, or not for us, is a reading that is absent; only the lack of
 * descriptors or memory is an error, because it would look the same. */
static int open_file(int dirfd, const char *file, int32_t *fd)
{
	*fd = fs_open_read(dirfd, file);
	if (*fd == -EMFILE || *fd == -ENFILE || *fd == -ENOMEM)
		return *fd;
	return *fd >= 0;
}

static int value_open(struct cgroup_value *v, int dirfd, const char *file)
{
	v->len = NEVER_READ;
	return open_file(dirfd, file, &v->fd);
}

static int text_open(struct cgroup_text *t, int dirfd, const char *file)
{
	t->len = NEVER_READ;
	return open_file(dirfd, file, &t->fd);
}

static int dir_open(int cgfd, const char *path, int *dirfd, uint64_t *inode)
{
	int r;

	*dirfd = fs_open_dir(cgfd, path);
	if (*dirfd < 0) {
		r = *dirfd;
		*dirfd = -1;
		return r;
	}
	return fs_inode(*dirfd, inode);
}

/* -> the number of files opened, or -errno */
static int files_open(struct cgroup_reader *reader)
{
	int opened = 0, r = 0;

	for (int i = 0; i < VALUES && r >= 0; i++) {
		r = value_open(&reader->value[i], reader->dirfd, value_info[i].file);
		opened += r;
	}
	for (int i = 0; i < TEXTS && r >= 0; i++) {
		r = text_open(&reader->text[i], reader->dirfd, text_info[i].file);
		opened += r;
	}
	return r < 0 ? r : opened;
}

static void files_close(struct cgroup_reader *reader)
{
	for (int i = 0; i < VALUES; i++)
		fs_close(&reader->value[i].fd);
	for (int i = 0; i < TEXTS; i++)
		fs_close(&reader->text[i].fd);
}

static void reader_init(struct cgroup_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	reader->dirfd = -1;
	for (int i = 0; i < VALUES; i++)
		reader->value[i].fd = -1;
	for (int i = 0; i < TEXTS; i++)
		reader->text[i].fd = -1;
}

int cgroup_reader_open(struct cgroup_reader *reader, int cgfd, const char *path)
{
	int r;

	reader_init(reader);
	r = dir_open(cgfd, path, &reader->dirfd, &reader->inode);
	if (r == 0)
		r = files_open(reader);
	if (r == 0)
		r = -ENODEV; /* removed between the two */
	if (r < 0)
		cgroup_reader_close(reader);
	return r < 0 ? r : 0;
}

void cgroup_reader_close(struct cgroup_reader *reader)
{
	files_close(reader);
	fs_close(&reader->dirfd);
}

/* ---- the sample ---- */

void cgroup_reader_forget(struct cgroup_reader *reader)
{
	reader->full_at_us = 0;
	for (int i = 0; i < VALUES; i++)
		reader->value[i].len = NEVER_READ;
	for (int i = 0; i < TEXTS; i++)
		reader->text[i].len = NEVER_READ;
}

/* The first sample: whatever M held is not this cgroup's. */
static void start(const struct cgroup_reader *reader, struct member_sample *m)
{
	m->inode = reader->inode;
	m->valid &= MEMBER_STORED;
	m->live.mask = 0;
}

/* Has usage gone far enough since the last full read for the rest to be of interest? */
static bool has_moved(const struct cgroup_reader *reader, const struct member_sample *m)
{
	uint64_t now = m->current_bytes, then = reader->full_current_bytes;
	uint64_t share;

	if ((now > then ? now - then : then - now) >= CGROUP_FULL_STEP_BYTES)
		return true;
	if (!limit_has(&m->live, LIMIT_MAX))
		return false;
	share = m->live.value[LIMIT_MAX] / CGROUP_FULL_SHARE;
	return share && now / share != then / share;
}

/* The extra level of crun appears after its scope, so it is looked for at every full read; it may
 * go before. */
static int inner_read(struct cgroup_reader *reader, struct member_sample *m)
{
	struct cgroup_value *v = &reader->value[VALUE_INNER_MAX];
	const struct value_info *info = &value_info[VALUE_INNER_MAX];
	int r;

	if (v->fd < 0)
		(void)value_open(v, reader->dirfd, info->file);
	r = value_read(v);
	if (r == -ENODEV) {
		fs_close(&v->fd);
		set_valid(m, info->bit, false);
		return 1;
	}
	if (r)
		value_store(v, info, m);
	return r;
}

static int read_fully(struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	int values = values_read(reader, m, VALUES_OF_A_LOOK, VALUE_INNER_MAX);
	int texts = values < 0 ? values : texts_read(reader, m);
	bool first = reader->full_at_us == 0;

	if (texts < 0)
		return texts;
	reader->dirty = false;
	reader->full_current_bytes = m->current_bytes;
	reader->full_at_us =
		now_us + (first ? FULL_INTERVAL_US - reader->inode % SPREAD_US : FULL_INTERVAL_US);
	return values | texts | inner_read(reader, m);
}

static bool is_full_due(const struct cgroup_reader *reader, const struct member_sample *m,
	int changed, uint64_t now_us)
{
	return now_us >= reader->full_at_us || reader->dirty ||
	       (changed & 1 << VALUE_CURRENT && has_moved(reader, m));
}

/* -> 0, 1: something changed, -ENODEV */
static int sample(struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	int changed, more = 0;

	if (reader->full_at_us == 0)
		start(reader, m);
	changed = values_read(reader, m, 0, VALUES_OF_A_LOOK);
	if (changed < 0)
		return changed;
	if (is_full_due(reader, m, changed, now_us))
		more = read_fully(reader, m, now_us);
	return more < 0 ? more : (changed | more) != 0;
}

static bool has_gone(const struct cgroup_reader *reader)
{
	char byte;
	int fd = reader->text[TEXT_POPULATED].fd;

	return fd < 0 || pread_start(fd, &byte, 1) == -ENODEV;
}

/* The cgroup is there and its memory files are not: the controller was switched off for it, or off
 * and on again. All is opened anew; what is not there is absent. */
static int sample_anew(struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	int r;

	files_close(reader);
	cgroup_reader_forget(reader);
	r = files_open(reader);
	if (r == 0)
		return -ENODEV;
	return r < 0 ? r : sample(reader, m, now_us);
}

int cgroup_reader_sample(struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	bool lacks_memory = reader->value[VALUE_CURRENT].fd < 0;
	int r;

	if (lacks_memory && reader->full_at_us && now_us >= reader->full_at_us)
		r = sample_anew(reader, m, now_us);
	else
		r = sample(reader, m, now_us);
	if (r == -ENODEV && !has_gone(reader))
		r = sample_anew(reader, m, now_us);
	if (r < 0)
		return r;
	m->changed = r != 0;
	return 0;
}

/* ---- ancestors ---- */

int ancestor_reader_open(struct ancestor_reader *reader, int cgfd, const char *path)
{
	int r;

	memset(reader, 0, sizeof(*reader));
	reader->low.fd = reader->events.fd = -1;
	r = dir_open(cgfd, path, &reader->dirfd, &reader->inode);
	if (r == 0)
		r = value_open(&reader->low, reader->dirfd, value_info[VALUE_LOW].file);
	if (r >= 0)
		r = text_open(&reader->events, reader->dirfd, text_info[TEXT_EVENTS].file);
	if (r < 0)
		ancestor_reader_close(reader);
	return r < 0 ? r : 0;
}

void ancestor_reader_close(struct ancestor_reader *reader)
{
	fs_close(&reader->low.fd);
	fs_close(&reader->events.fd);
	fs_close(&reader->dirfd);
}

void ancestor_reader_forget(struct ancestor_reader *reader)
{
	reader->low.len = reader->events.len = NEVER_READ;
}

static int ancestor_events(struct ancestor_reader *reader, struct ancestor_sample *a)
{
	char text[TEXT_SIZE + CGROUP_TEXT_PAD];
	struct member_sample m;
	ssize_t len;
	int r = text_read(&reader->events, text, &len);

	if (r <= 0)
		return r;
	a->has_events = len >= 0 && cgroup_text_events(text, (size_t)len, &m);
	if (a->has_events)
		a->ev_oom_kill = m.ev_oom_kill;
	return 1;
}

int ancestor_reader_sample(struct ancestor_reader *reader, struct ancestor_sample *a)
{
	bool first = reader->low.len == NEVER_READ && reader->events.len == NEVER_READ;
	int low, events;

	if (first) {
		a->inode = reader->inode;
		a->has_low = a->has_events = false;
	}
	low = value_read(&reader->low);
	if (low < 0)
		return low;
	if (low)
		a->has_low = value_parse(&reader->low, &a->low_bytes);
	events = ancestor_events(reader, a);
	return events < 0 ? events : (first || low || events);
}
