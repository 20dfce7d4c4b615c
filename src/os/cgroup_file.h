/*
 * cgroup_file: one held file of a cgroup, and whether its text is still the same.
 *
 * A one-line file is compared by its first 16 bytes, which wait in a register while the new text is
 * read over the old one; a longer file by what is kept of it. Only what differs is parsed.
 */
#ifndef GUARDIAN_OS_CGROUP_FILE_H
#define GUARDIAN_OS_CGROUP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "guardian/cgroup_reader.h"
#include "pread.h"

enum {
	CGROUP_TEXT_SIZE = 8192, /* memory.stat: 1 kB on 6.1, 2 kB on 6.18 */
	CGROUP_NEVER_READ = INT32_MIN,
};

/* The folder of a cgroup and its identity. -> 0 or -errno; *DIRFD is -1 then, or to be closed. */
int cgroup_dir_open(int cgfd, const char *path, int *dirfd, uint64_t *inode);

/* -> 1: open; 0: not there, or not for us: a reading that is absent. Only the lack of descriptors
 * or memory is an error, because it would look the same. */
int cgroup_value_open(struct cgroup_value *v, int dirfd, const char *file);
int cgroup_text_open(struct cgroup_text *t, int dirfd, const char *file);

/* The beginning of a value's text, in one register of the machine (SSE2, NEON). */
typedef uint64_t cgroup_value_start __attribute__((vector_size(16)));

/* A text that does not fit it (a number of 10^15 or more) is always said to be another: its length
 * is kept with this added. Whoever parses it sees whether the number is. */
enum { CGROUP_VALUE_LONG = 1 << 8 };

static inline cgroup_value_start cgroup_value_text(const struct cgroup_value *v)
{
	cgroup_value_start start;

	memcpy(&start, __builtin_assume_aligned(v->text, sizeof(start)), sizeof(start));
	return start;
}

static inline bool cgroup_value_any(cgroup_value_start bits)
{
	return bits[0] | bits[1];
}

/* Reads over the text of before; the file must be open. -> whether the text is as long as that, and
 * then the bits of *DIFFER are set in which it is another. When not, *N goes to
 * cgroup_value_settle(). The bytes behind the text stay as they were, so that with an equal length
 * equal bytes are an equal text. */
static inline bool cgroup_value_look(struct cgroup_value *v, cgroup_value_start *differ, ssize_t *n)
{
	cgroup_value_start before = cgroup_value_text(v);

	*n = pread_start(v->fd, v->text, sizeof(v->text));
	if (__builtin_expect((int32_t)*n != v->len, 0))
		return false;
	*differ |= before ^ cgroup_value_text(v);
	return true;
}

/* Takes over another length: N is what pread(2) gave. */
void cgroup_value_settle(struct cgroup_value *v, ssize_t n);

/* All of that. -> whether it is the same text as the last time; when not, v->len is negative if the
 * read failed. A file that is not there is never another. */
static inline bool cgroup_value_same(struct cgroup_value *v)
{
	cgroup_value_start differ = {0};
	ssize_t n;

	if (v->fd < 0)
		return true;
	if (cgroup_value_look(v, &differ, &n))
		return !cgroup_value_any(differ);
	cgroup_value_settle(v, n);
	return false;
}

/* The number, or UINT64_MAX for "max". -> whether the text was of the form. */
bool cgroup_value_parse(const struct cgroup_value *v, uint64_t *out);

/* Reads into TEXT, of CGROUP_TEXT_SIZE bytes. -> whether it is the same text as the last time,
 * which stands in KEPT, or no such file. When not, it is kept, and t->len tells the length or
 * -errno. A text that is longer than the ROOM to keep it is always said to be another. */
bool cgroup_text_same(struct cgroup_text *t, char *kept, size_t room, char *text);

#endif
