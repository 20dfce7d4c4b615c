/*
 * cgroup_reader: one cgroup's memory files, read on held descriptors.
 *
 * Each tick is a *look*: one pread each of the five one-line files that tell usage and limits. The
 * long files (memory.stat, pressure, events, ...) are read too (the *full* read) at the first time,
 * when the caller was notified, when usage has gone far, five seconds after the last time when any
 * byte of a look has differed since, and otherwise every thirty. Text that is the same, byte for
 * byte, as the last time is not parsed again.
 *
 * Files: Documentation/admin-guide/cgroup-v2.rst, "Memory Interface Files". A file that is not
 * there (older kernel, swap accounting off) leaves its valid bit clear until the next open.
 */
#ifndef GUARDIAN_CGROUP_READER_H
#define GUARDIAN_CGROUP_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/snapshot.h"

enum {
	CGROUP_FULL_INTERVAL_US =
		5000000, /* between two full reads of a cgroup that does something */
	CGROUP_IDLE_INTERVAL_US =
		30000000, /* ... and of one whose usage and limits stand still, to the byte */
	CGROUP_FULL_STEP_BYTES = 1 << 20, /* usage moved by this much: read fully */
	CGROUP_FULL_SHARE = 64,           /* ... or into another 64th of the limit */
};

/* One number, or "max": compared as text, the first 16 bytes at once. */
struct cgroup_value {
	_Alignas(16) char text[24];
	int32_t fd;  /* -1: no such file */
	int32_t len; /* of the text read last; negative: -errno of the last read */
};

/* Longer text, which is kept elsewhere. */
struct cgroup_text {
	int32_t fd;
	int32_t len;
};

enum cgroup_value_file {
	/* the look */
	VALUE_CURRENT,
	VALUE_SWAP_CURRENT,
	VALUE_MAX,
	VALUE_LOW,
	VALUE_SWAP_MAX,
	VALUES_OF_A_LOOK,
	/* the full read */
	VALUE_HIGH = VALUES_OF_A_LOOK,
	VALUE_OOM_GROUP,
	VALUE_PEAK,
	VALUE_PIDS,
	VALUE_INNER_MAX,
	VALUES,
};

enum cgroup_text_file {
	TEXT_STAT,
	TEXT_EVENTS,
	TEXT_EVENTS_LOCAL,
	TEXT_PRESSURE,
	TEXT_POPULATED,
	TEXTS
};

/* Room for the text that was read last. memory.stat is 0.7 kB on Linux 6.1 and 2 kB on 6.18. */
enum { CGROUP_KEPT_SIZE = 192, CGROUP_KEPT_STAT_SIZE = 3072, CGROUP_STAT_KEYS = 16 };

struct cgroup_reader {
	int dirfd;
	bool partial;     /* a file of a look is not there */
	bool dirty;       /* a full read is due */
	bool news;        /* the next sample counts as changed, whatever is read */
	uint8_t unsought; /* full reads since the inner cgroup was looked for */
	uint64_t inode;
	uint64_t full_us;            /* the last full read; 0: none yet */
	uint64_t full_at_us;         /* the next full read, at the latest */
	uint64_t full_current_bytes; /* memory.current at the last full read */
	struct cgroup_value value[VALUES];
	struct cgroup_text text[TEXTS];
	uint16_t stat_places[CGROUP_STAT_KEYS]; /* of the keys in memory.stat */
	char kept[TEXTS - 1][CGROUP_KEPT_SIZE]; /* of those behind memory.stat */
	char kept_stat[CGROUP_KEPT_STAT_SIZE];
};

/* Opens the cgroup at PATH below CGFD (PATH "" or "." is CGFD itself). -> 0; -ENOENT, -ENODEV: it
 * has gone; -errno. After an error nothing is open, and closing is allowed. */
int cgroup_reader_open(struct cgroup_reader *reader, int cgfd, const char *path);
void cgroup_reader_close(struct cgroup_reader *reader);

/* Reads into M, which must be the struct of the sample before (all zero at the first): what did not
 * change is not written. Touches inode, changed, the readings and their bits in `valid`, and
 * `live`; nothing else of M.
 * -> 0; -ENODEV: the cgroup has been removed, drop the reader. */
int cgroup_reader_sample(struct cgroup_reader *reader, struct member_sample *m, uint64_t now_us);

/* The same of N readers, and a little cheaper; *CHANGED is set when any reading changed. -> how
 * many were sampled: if less than N, the next one has been removed. */
uint32_t cgroup_readers_sample(struct cgroup_reader *const *readers, struct member_sample *m,
	uint32_t n, uint64_t now_us, bool *changed);

/* The next sample reads fully (a notification came). */
static inline void cgroup_reader_mark(struct cgroup_reader *reader)
{
	reader->dirty = true;
}

/* The next sample fills M whole, as if it were the first: after M was lost or moved to another
 * struct. */
void cgroup_reader_forget(struct cgroup_reader *reader);

/* A cgroup above a member: its reservation, and the kills below it. */
struct ancestor_reader {
	int dirfd;
	bool started; /* a sample was taken since the opening, or since _forget() */
	uint64_t inode;
	struct cgroup_value low;
	struct cgroup_text events;
	char kept[CGROUP_KEPT_SIZE];
};

int ancestor_reader_open(struct ancestor_reader *reader, int cgfd, const char *path);
void ancestor_reader_close(struct ancestor_reader *reader);
/* As cgroup_reader_sample(); -> 0: nothing changed, 1: A was changed, -ENODEV. Touches inode,
 * has_low, has_events, low_bytes, ev_oom_kill. */
int ancestor_reader_sample(struct ancestor_reader *reader, struct ancestor_sample *a);
/* The next sample fills A whole. */
void ancestor_reader_forget(struct ancestor_reader *reader);

#endif
