/*
 * psi: the pressure file, parsed by key. A line is `some` or `full` and then `key=value` words; a
 * table says which keys there are and where their values go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/psi.h"
#include "guardian/text.h"
#include "pread.h"

enum {
	PSI_TEXT_SIZE = 512
}; /* two lines of at most 80 bytes, and room for a kernel that says more */

enum psi_key { KEY_AVG10, KEY_AVG60, KEY_AVG300, KEY_TOTAL, KEYS };
enum { ALL_KEYS = (1 << KEYS) - 1 };

static const struct {
	const char *name;
	size_t len;
} keys[KEYS] = {
	[KEY_AVG10] = {"avg10=", 6},
	[KEY_AVG60] = {"avg60=", 6},
	[KEY_AVG300] = {"avg300=", 7},
	[KEY_TOTAL] = {"total=", 6},
};

static int parse_value(enum psi_key key, const char *s, size_t len, struct psi_line *out)
{
	switch (key) {
	case KEY_AVG10:
		return text_centi(s, len, &out->avg10_centipct);
	case KEY_AVG60:
		return text_centi(s, len, &out->avg60_centipct);
	case KEY_AVG300:
		return text_centi(s, len, &out->avg300_centipct);
	default:
		return text_u64(s, len, &out->total_us);
	}
}

/* One `key=value` word; the EXPECTED key is tried first. -> the key's bit, 0 for a key of a newer
 * kernel, -EBADMSG */
static int parse_word(const char *word, size_t len, int expected, struct psi_line *out)
{
	for (int i = 0; i < KEYS; i++) {
		int key = (expected + i) % KEYS;
		size_t name = keys[key].len;

		if (len < name || memcmp(word, keys[key].name, name) != 0)
			continue;
		if (parse_value((enum psi_key)key, word + name, len - name, out) < 0)
			return -EBADMSG;
		return 1 << key;
	}
	return 0;
}

/* What follows `some ` or `full `, up to the end of the line. */
static int parse_line(const char *at, const char *eol, struct psi_line *out)
{
	int found = 0;

	for (int expected = 0; at < eol; expected++) {
		const char *blank = memchr(at, ' ', (size_t)(eol - at));
		const char *end = blank ? blank : eol;
		int bit = parse_word(at, (size_t)(end - at), expected, out);

		if (bit < 0)
			return bit;
		found |= bit;
		at = end + 1;
	}
	return found == ALL_KEYS ? 0 : -EBADMSG;
}

int psi_parse(const char *text, size_t len, struct psi *out)
{
	static const size_t name = sizeof("some ") - 1;
	const char *at = text, *end = text + len;
	struct psi psi = {0};
	bool some = false;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		bool long_enough;
		int r = 0;

		if (!eol)
			return -EBADMSG; /* cut */
		long_enough = (size_t)(eol - at) > name;
		if (long_enough && memcmp(at, "some ", name) == 0) {
			r = parse_line(at + name, eol, &psi.some);
			some = true;
		} else if (long_enough && memcmp(at, "full ", name) == 0) {
			r = parse_line(at + name, eol, &psi.full);
		}
		if (r < 0)
			return r;
		at = eol + 1;
	}
	if (!some)
		return -EBADMSG;
	*out = psi;
	return 0;
}

int psi_pread(int fd, struct psi *out)
{
	char text[PSI_TEXT_SIZE];
	ssize_t n = pread_start(fd, text, sizeof(text));

	if (n == -EOPNOTSUPP)
		return PSI_DISABLED;
	if (n < 0)
		return (int)n;
	if (n == sizeof(text))
		return -EFBIG;
	return psi_parse(text, (size_t)n, out);
}

int psi_trigger_open(int dirfd, const char *path, uint32_t stall_us, uint32_t window_us)
{
	_cleanup_fd_ int fd = openat(dirfd, path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	char text[48];
	int n, kept;

	if (fd < 0)
		return -errno;
	/* The kernel puts a NUL over the last byte it is given (kernel/sched/psi.c: psi_write): let
	 * that be one, and not the last digit. */
	n = snprintf(text, sizeof(text), "some %u %u", stall_us, window_us) + 1;
	if (write(fd, text, (size_t)n) < 0)
		return -errno;
	kept = fd;
	fd = -1;
	return kept;
}
