/*
 * cgroup_reader: the look and the full read.
 *
 * The look is the hot path of the whole daemon: for each of its files one system call and the
 * comparison of a length, for all of them together that of their bytes (cgroup_file.h). Nothing is
 * parsed, and nothing of the sample is written, as long as no byte differs. All that is not the
 * quiet tick is kept out of cgroup_reader_sample() itself.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cgroup_file.h"
#include "cgroup_text.h"
#include "guardian/cgroup_reader.h"
#include "guardian/fs.h"

/* Those found at the same moment are not to be read fully at the same moment for ever: the first
 * full read counts as done earlier by up to this, and the second comes earlier still when nothing
 * moves. */
enum { SPREAD_US = 4000000 };

/* Where nobody notifies of a new folder, it is found at one full read in so many. */
enum { INNER_EVERY = 10 };

/* ---- what the files are ---- */

static const struct value_info {
	const char *file;
	uint16_t number, mask; /* where they are in struct member_sample */
	uint32_t bit;          /* in the mask */
} value_info[VALUES] = {
#define AT(member) offsetof(struct member_sample, member)
#define READING(file, bit, member)                                                                 \
	{                                                                                          \
		file, AT(member), AT(valid), bit                                                   \
	}
#define LIMIT(file, kind)                                                                          \
	{                                                                                          \
		file, AT(live.value[kind]), AT(live.mask), 1U << (kind)                            \
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

/* ---- descriptors ---- */

/* -> the number of files opened, or -errno */
static int files_open(struct cgroup_reader *reader)
{
	int opened = 0, r = 0;

	reader->partial = false;
	for (int i = 0; i < VALUES && r >= 0; i++) {
		r = cgroup_value_open(&reader->value[i], reader->dirfd, value_info[i].file);
		opened += r;
		reader->partial |= r == 0 && i < VALUES_OF_A_LOOK;
	}
	for (int i = 0; i < TEXTS && r >= 0; i++) {
		r = cgroup_text_open(&reader->text[i], reader->dirfd, text_info[i].file);
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
	memset(reader, 0, offsetof(struct cgroup_reader, kept));
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
	r = cgroup_dir_open(cgfd, path, &reader->dirfd, &reader->inode);
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

/* ---- storing ---- */

static void set_valid(struct member_sample *m, uint32_t bit, bool valid)
{
	m->valid = valid ? m->valid | bit : m->valid & ~bit;
}

/* -> whether the reading is another than M had */
static bool store_value(
	const struct cgroup_value *v, const struct value_info *info, struct member_sample *m)
{
	uint64_t *number = (void *)((char *)m + info->number), found = 0;
	uint32_t *mask = (void *)((char *)m + info->mask);
	bool had = *mask & info->bit, has = cgroup_value_parse(v, &found);

	if (had == has && (!has || found == *number))
		return false;
	if (has)
		*number = found;
	*mask = has ? *mask | info->bit : *mask & ~info->bit;
	return true;
}

/* DIFFER: a mask of value files whose text may. -> a mask of those whose reading does, or -ENODEV
 */
static int store_values(struct cgroup_reader *reader, uint32_t differ, struct member_sample *m)
{
	int changed = 0;

	for (int i = 0; differ >> i; i++) {
		struct cgroup_value *v = &reader->value[i];

		if (!(differ & 1U << i))
			continue;
		if (v->len == -ENODEV) {
			v->len = CGROUP_NEVER_READ; /* so that it is seen again */
			return -ENODEV;
		}
		changed |= store_value(v, &value_info[i], m) << i;
	}
	return changed;
}

/* ---- the full read ---- */

/* A file of a controller can go while its cgroup stays (pressure or the controller is switched
 * off); cgroup.events cannot. */
static bool is_own_file(enum cgroup_text_file file)
{
	return file == TEXT_POPULATED;
}

static bool text_same(struct cgroup_reader *reader, int file, char *text)
{
	struct cgroup_text *t = &reader->text[file];

	if (file == TEXT_STAT)
		return cgroup_text_same(t, reader->kept_stat, sizeof(reader->kept_stat), text);
	return cgroup_text_same(t, reader->kept[file - 1], CGROUP_KEPT_SIZE, text);
}

static bool text_parse(
	struct cgroup_reader *reader, int file, const char *text, struct member_sample *m)
{
	int32_t len = reader->text[file].len;

	if (len < 0)
		return false;
	if (file == TEXT_STAT)
		return cgroup_text_stat_placed(reader->stat_places, text, (size_t)len, m);
	return text_info[file].parse(text, (size_t)len, m);
}

static int texts_read(struct cgroup_reader *reader, struct member_sample *m)
{
	char text[CGROUP_TEXT_SIZE];
	int changed = 0;

	for (int i = 0; i < TEXTS; i++) {
		struct cgroup_text *t = &reader->text[i];

		if (text_same(reader, i, text))
			continue;
		if (t->len == -ENODEV) {
			t->len = CGROUP_NEVER_READ;
			if (is_own_file((enum cgroup_text_file)i))
				return -ENODEV;
			fs_close(&t->fd);
		}
		set_valid(m, text_info[i].bit, text_parse(reader, i, text, m));
		changed = 1;
	}
	return changed;
}

/* Most cgroups never have an inner one, and to open what is not there costs more than to read what
 * is: it is looked for at the first full read, after a notification, and now and then. */
static bool is_inner_sought(struct cgroup_reader *reader)
{
	if (reader->full_us && !reader->dirty && ++reader->unsought < INNER_EVERY)
		return false;
	reader->unsought = 0;
	return true;
}

/* The extra level of crun appears after its scope, and may go before. */
static bool inner_read(struct cgroup_reader *reader, struct member_sample *m)
{
	struct cgroup_value *v = &reader->value[VALUE_INNER_MAX];
	const struct value_info *info = &value_info[VALUE_INNER_MAX];

	if (v->fd < 0 && is_inner_sought(reader))
		(void)cgroup_value_open(v, reader->dirfd, info->file);
	if (v->fd < 0)
		return false;
	if (cgroup_value_same(v))
		return false;
	if (v->len == -ENODEV)
		fs_close(&v->fd);
	return store_value(v, info, m);
}

/* A mask of the files from the FIRST to before the END. */
static uint32_t mask_of(int first, int end)
{
	return (1U << end) - (1U << first);
}

/* Reads these files. -> 0, or their mask when the text of any is another: to parse all of them is
 * cheaper than to ask each. */
static uint32_t values_differ(struct cgroup_reader *reader, int first, int end)
{
	cgroup_value_start differ = {0};
	bool resized = false;
	ssize_t n;

	for (int i = first; i < end; i++) {
		struct cgroup_value *v = &reader->value[i];

		if (v->fd >= 0 && !cgroup_value_look(v, &differ, &n)) {
			cgroup_value_settle(v, n);
			resized = true;
		}
	}
	return resized || cgroup_value_any(differ) ? mask_of(first, end) : 0;
}

static int values_read(struct cgroup_reader *reader, struct member_sample *m)
{
	uint32_t differ = values_differ(reader, VALUES_OF_A_LOOK, VALUE_INNER_MAX);

	return differ ? store_values(reader, differ, m) : 0;
}

/* A share of TIME_US that is the cgroup's own. Inodes of cgroups made one after the other are
 * neighbours; their products with the golden ratio are not. */
static uint64_t share_of(uint64_t inode, uint64_t time_us)
{
	return (inode * 0x9e3779b97f4a7c15ULL >> 32) * time_us >> 32;
}

static int read_fully(struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	int values = values_read(reader, m);
	int texts = values < 0 ? values : texts_read(reader, m);
	uint64_t interval_us = reader->value[VALUE_CURRENT].fd < 0 ? CGROUP_FULL_INTERVAL_US
								   : CGROUP_IDLE_INTERVAL_US;
	bool first = reader->full_us == 0;
	uint64_t earlier_us = first ? share_of(reader->inode, SPREAD_US) : 0;
	bool inner;

	if (texts < 0)
		return texts;
	inner = inner_read(reader, m);
	reader->dirty = false;
	reader->full_current_bytes = m->current_bytes;
	reader->full_us = now_us > earlier_us ? now_us - earlier_us : 1;
	reader->full_at_us = reader->full_us + interval_us;
	if (first)
		reader->full_at_us -=
			share_of(reader->inode, interval_us - CGROUP_FULL_INTERVAL_US);
	return inner || values || texts;
}

/* ---- the sample ---- */

void cgroup_reader_forget(struct cgroup_reader *reader)
{
	reader->full_us = reader->full_at_us = 0;
	for (int i = 0; i < VALUES; i++)
		reader->value[i].len = CGROUP_NEVER_READ;
	for (int i = 0; i < TEXTS; i++)
		reader->text[i].len = CGROUP_NEVER_READ;
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

static void bring_forward(struct cgroup_reader *reader)
{
	uint64_t at_us = reader->full_us + CGROUP_FULL_INTERVAL_US;

	if (reader->full_at_us > at_us)
		reader->full_at_us = at_us;
}

static uint32_t look(struct cgroup_reader *reader)
{
	return values_differ(reader, 0, VALUES_OF_A_LOOK);
}

/* What a look leads to that found the files of DIFFER perhaps to do so. -> 0, 1: a reading changed,
 * -ENODEV */
static int follow(
	struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us, uint32_t differ)
{
	bool first = reader->full_us == 0;
	int changed, more = 0;

	if (first)
		start(reader, m);
	changed = differ ? store_values(reader, differ, m) : 0;
	if (changed < 0)
		return changed;
	if (changed)
		bring_forward(reader);
	if (reader->dirty || now_us >= reader->full_at_us ||
		(changed & 1 << VALUE_CURRENT && has_moved(reader, m)))
		more = read_fully(reader, m, now_us);
	return more < 0 ? more : first || changed || more;
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
	return r < 0 ? r : follow(reader, m, now_us, look(reader));
}

static __attribute__((noinline)) int sample_changed(
	struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us, uint32_t differ)
{
	bool lacks_memory = reader->value[VALUE_CURRENT].fd < 0 && reader->full_us;
	int r;

	if (lacks_memory && now_us >= reader->full_at_us)
		r = sample_anew(reader, m, now_us);
	else
		r = follow(reader, m, now_us, differ);
	if (r == -ENODEV && !has_gone(reader))
		r = sample_anew(reader, m, now_us);
	if (r < 0)
		return r;
	m->changed = r != 0 || reader->news;
	reader->news = false;
	return 0;
}

/* The I-th file was the first of another length, N is what its pread(2) gave; those before it have
 * not been compared. */
static __attribute__((noinline)) int sample_differing(
	struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us, int i, ssize_t n)
{
	cgroup_value_settle(&reader->value[i], n);
	return sample_changed(reader, m, now_us,
		mask_of(0, i + 1) | values_differ(reader, i + 1, VALUES_OF_A_LOOK));
}

/* More than a look is asked for, or less than one can be had. */
static __attribute__((noinline)) int sample_asked(
	struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	return sample_changed(reader, m, now_us, look(reader));
}

/* What a quiet tick consists of: so it is unrolled, stands in its caller's loop, and everything
 * else is elsewhere. */
static inline __attribute__((always_inline)) int sample(
	struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	cgroup_value_start differ = {0};
	ssize_t n;

	if (reader->partial || reader->dirty || reader->news)
		return sample_asked(reader, m, now_us);
#pragma GCC unroll 5
	for (int i = 0; i < VALUES_OF_A_LOOK; i++)
		if (!cgroup_value_look(&reader->value[i], &differ, &n))
			return sample_differing(reader, m, now_us, i, n);
	if (cgroup_value_any(differ))
		return sample_changed(reader, m, now_us, mask_of(0, VALUES_OF_A_LOOK));
	if (now_us >= reader->full_at_us)
		return sample_changed(reader, m, now_us, 0);
	m->changed = false;
	return 0;
}

int cgroup_reader_sample(struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us)
{
	return sample(reader, m, now_us);
}

uint32_t cgroup_readers_sample(struct cgroup_reader *const *readers, struct member_sample *m,
	uint32_t n, uint64_t now_us, bool *changed)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < n && sample(readers[i], &m[i], now_us) == 0; i++)
		any |= m[i].changed;
	*changed |= any;
	return i;
}
