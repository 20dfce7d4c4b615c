/*
 * cgroup_file: one held file of a cgroup, and whether its text is still the same.
 *
 * A one-line file is compared by its three words, which wait in registers while the new text is
 * read over the old one; a longer file by its length and a digest. Only what differs is parsed.
 */
#ifndef GUARDIAN_OS_CGROUP_FILE_H
#define GUARDIAN_OS_CGROUP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/cgroup_reader.h"
#include "pread.h"

enum {
	CGROUP_TEXT_SIZE = 8192, /* memory.stat: 1 kB on 6.1, 2 kB on 6.18 */
	CGROUP_TEXT_PAD = 16,    /* behind it, for the digest */
	CGROUP_NEVER_READ = INT32_MIN,
};

/* The folder of a cgroup and its identity. -> 0 or -errno; *DIRFD is -1 then, or to be closed. */
int cgroup_dir_open(int cgfd, const char *path, int *dirfd, uint64_t *inode);

/* -> 1: open; 0: not there, or not for us: a reading that is absent. Only the lack of descriptors
 * or memory is an error, because it would look the same. */
int cgroup_value_open(struct cgroup_value *v, int dirfd, const char *file);
int cgroup_text_open(struct cgroup_text *t, int dirfd, const char *file);

/* A text that does not fit the two words (a number of 10^15 or more) is always said to be another:
 * its length is kept with this added. Whoever parses it sees whether the number is. */
enum { CGROUP_VALUE_LONG = 1 << 8 };

/* The rest of cgroup_value_look(), when the text is another: N is what pread(2) gave. */
void cgroup_value_settle(struct cgroup_value *v, ssize_t n);

/* Reads; the file must be open. -> whether it is the same text as the last time. When not, *N goes
 * to cgroup_value_settle(). The bytes behind the text stay as they were, so equal words and an
 * equal length are an equal text. */
static inline bool cgroup_value_look(struct cgroup_value *v, ssize_t *n)
{
	uint64_t a = v->text[0], b = v->text[1];

	*n = pread_start(v->fd, v->text, sizeof(v->text));
	return __builtin_expect((int32_t)*n == v->len, 1) &&
	       __builtin_expect(!((a ^ v->text[0]) | (b ^ v->text[1])), 1);
}

/* The whole of it: when not the same, v->len is negative if the read failed. A file that is not
 * there is never another. */
static inline bool cgroup_value_same(struct cgroup_value *v)
{
	ssize_t n;

	if (v->fd < 0 || cgroup_value_look(v, &n))
		return true;
	cgroup_value_settle(v, n);
	return false;
}

/* The number, or UINT64_MAX for "max". -> whether the text was of the form. */
bool cgroup_value_parse(const struct cgroup_value *v, uint64_t *out);

/* Reads into TEXT, of CGROUP_TEXT_SIZE + CGROUP_TEXT_PAD bytes. -> whether it is the same text as
 * the last time, or no such file. When not, t->len tells the length or -errno. */
bool cgroup_text_same(struct cgroup_text *t, char *text);

/* A digest of LEN bytes; the CGROUP_TEXT_PAD bytes behind them are overwritten. Tells a changed
 * text, not an attack. */
uint64_t cgroup_text_digest(char *text, size_t len);

#endif
