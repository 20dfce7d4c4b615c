/*
 * swaps: a line at a time into a table of its own, and from there, when all lines were understood,
 * into the sample. Which areas are ours is told by their path; where that differs but the last
 * component does not (a folder that is a symlink, a bind mount), by the file's identity.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "guardian/fs.h"
#include "guardian/swaps.h"
#include "guardian/text.h"

enum {
	TEXT_SIZE = 16384, /* the kernel has at most 29 areas; a line is 80 bytes as a rule */
	NEVER_READ = -1,
	KIB_SHIFT = 10,
	ESCAPE_DIGITS = 3,
};

static const char path_of_swaps[] = "proc/swaps";
static const char header_start[] = "Filename";
static const char deleted[] = "\\040(deleted)";
static const char zram[] = "/dev/zram";

/* ---- one line ---- */

/* What a line says; the path is longer than an area keeps, so that the second of our files, whose
 * name is longer than the first's, can be told. */
struct line {
	char path[SWAPS_PATH_SIZE];
	bool whole; /* the path is not cut */
	struct swap_area area;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line that stands between blanks. */
static struct text_span take_word(struct text_span *rest)
{
	struct text_span word;

	while (rest->len > 0 && is_blank(*rest->start)) {
		rest->start++;
		rest->len--;
	}
	word = (struct text_span){rest->start, 0};
	while (rest->len > 0 && !is_blank(*rest->start)) {
		rest->start++;
		rest->len--;
		word.len++;
	}
	return word;
}

/* The byte of an escape, of which S is what follows the backslash; 0: not of the form. */
static unsigned octal(const char *s, size_t len)
{
	unsigned byte = 0;

	if (len < ESCAPE_DIGITS)
		return 0;
	for (int i = 0; i < ESCAPE_DIGITS; i++) {
		if (s[i] < '0' || s[i] > '7')
			return 0;
		byte = byte * 8 + (unsigned)(s[i] - '0');
	}
	return byte <= UINT8_MAX ? byte : 0;
}

static bool ends_with(struct text_span span, const char *literal)
{
	size_t len = strlen(literal);

	return span.len > len && memcmp(span.start + span.len - len, literal, len) == 0;
}

/* The kernel's escapes back to the bytes they stand for. */
static int unescape(struct text_span word, struct line *out)
{
	size_t len = 0;

	out->whole = true;
	if (ends_with(word, deleted))
		word.len -= strlen(deleted);
	for (size_t i = 0; i < word.len; i++) {
		unsigned byte = (unsigned char)word.start[i];

		if (byte == '\\') {
			byte = octal(word.start + i + 1, word.len - i - 1);
			i += ESCAPE_DIGITS;
		}
		if (byte == 0)
			return -EBADMSG;
		if (len == sizeof(out->path) - 1) {
			out->whole = false;
			break;
		}
		out->path[len++] = (char)byte;
	}
	out->path[len] = '\0';
	return len > 0 ? 0 : -EBADMSG;
}

static int parse_kib(struct text_span word, uint64_t *bytes)
{
	if (text_u64(word.start, word.len, bytes) < 0 || *bytes > UINT64_MAX >> KIB_SHIFT)
		return -EBADMSG;
	*bytes <<= KIB_SHIFT;
	return 0;
}

static int parse_priority(struct text_span word, int32_t *out)
{
	bool below = word.len > 0 && *word.start == '-';
	uint64_t n;

	if (text_u64(word.start + below, word.len - below, &n) < 0 || n > INT32_MAX)
		return -EBADMSG;
	*out = below ? -(int32_t)n : (int32_t)n;
	return 0;
}

/* Whatever is not a file is somebody's device; compressed memory is told by its name. */
static enum swap_type type_of(struct text_span word, const char *path)
{
	if (text_is(word, "file"))
		return SWAP_FILE;
	return strncmp(path, zram, strlen(zram)) == 0 ? SWAP_ZRAM : SWAP_PARTITION;
}

static int parse_line(struct text_span rest, struct line *out)
{
	struct text_span path = take_word(&rest), type = take_word(&rest);
	struct text_span size = take_word(&rest), used = take_word(&rest);
	struct text_span priority = take_word(&rest);
	struct swap_area *area = &out->area;
	size_t len;

	if (type.len == 0 || unescape(path, out) < 0 || parse_kib(size, &area->size_bytes) < 0 ||
		parse_kib(used, &area->used_bytes) < 0 ||
		parse_priority(priority, &area->priority) < 0)
		return -EBADMSG;
	len = strnlen(out->path, sizeof(area->path) - 1);
	memcpy(area->path, out->path, len);
	area->path[len] = '\0';
	area->type = (uint8_t)type_of(type, out->path);
	return 0;
}

/* ---- whose it is ---- */

void swaps_path(const char *file, int index, char path[static SWAPS_PATH_SIZE])
{
	struct text_out out;

	text_out_init(&out, path, SWAPS_PATH_SIZE);
	text_put(&out, file);
	text_put(&out, swap_file_suffix((unsigned)index));
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool look_up(int rootfd, const char *path, struct stat *st)
{
	while (*path == '/')
		path++;
	return fstatat(rootfd, path, st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool same_file(int rootfd, const char *a, const char *b)
{
	struct stat one, other;

	if (strcmp(last_component(a), last_component(b)) != 0)
		return false;
	return look_up(rootfd, a, &one) && look_up(rootfd, b, &other) &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* ---- the table ---- */

struct table {
	int rootfd; /* -1: areas are ours by their path alone */
	const char *file;
	struct swap_sample found;
};

static bool is_taken(const struct swap_sample *found, int ours)
{
	for (int i = 0; i < found->n_areas; i++)
		if (found->area[i].ours == ours)
			return true;
	return false;
}

/* The names of our files differ, so that the line is at most one of them. */
static int index_of(const struct table *t, const struct line *line)
{
	char path[SWAPS_PATH_SIZE];

	if (line->area.type != SWAP_FILE || !line->whole || *t->file == '\0')
		return SWAP_FOREIGN;
	for (int i = 0; i < SWAP_FILES_MAX; i++) {
		swaps_path(t->file, i, path);
		if (strcmp(line->path, path) == 0 ||
			(t->rootfd >= 0 && same_file(t->rootfd, line->path, path)))
			return i;
	}
	return SWAP_FOREIGN;
}

/* Two areas have one path when something was mounted on the first: the later is not ours. */
static int whose(const struct table *t, const struct line *line)
{
	int ours = index_of(t, line);

	return ours != SWAP_FOREIGN && is_taken(&t->found, ours) ? SWAP_FOREIGN : ours;
}

/* Foreign areas beyond the table are in the sum alone; ours take the place of one of them. */
static void add(struct swap_sample *found, const struct swap_area *area)
{
	uint64_t sum;

	if (area->ours == SWAP_FOREIGN)
		found->foreign_bytes =
			__builtin_add_overflow(found->foreign_bytes, area->size_bytes, &sum)
				? UINT64_MAX
				: sum;
	if (found->n_areas < SWAP_AREAS_MAX) {
		found->area[found->n_areas++] = *area;
		return;
	}
	if (area->ours == SWAP_FOREIGN)
		return;
	for (int i = SWAP_AREAS_MAX; i-- > 0;)
		if (found->area[i].ours == SWAP_FOREIGN) {
			found->area[i] = *area;
			return;
		}
}

static int parse_table(struct table *t, const char *text, size_t len)
{
	const char *end = text + len;
	bool header = true;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		struct text_span rest = {text, eol ? (size_t)(eol - text) : 0};
		struct line line = {0};

		if (!eol)
			return -EBADMSG; /* cut */
		text = eol + 1;
		if (header) {
			if (!text_is(take_word(&rest), header_start))
				return -EBADMSG;
			header = false;
			continue;
		}
		if (parse_line(rest, &line) < 0)
			return -EBADMSG;
		line.area.ours = (int8_t)whose(t, &line);
		add(&t->found, &line.area);
	}
	return header ? -EBADMSG : 0;
}

static int parse(
	int rootfd, const char *text, size_t len, const char *file, struct swap_sample *out)
{
	struct table t = {.rootfd = rootfd, .file = file};
	int r = parse_table(&t, text, len);

	if (r < 0)
		return r;
	out->n_areas = t.found.n_areas;
	memcpy(out->area, t.found.area, sizeof(out->area));
	out->foreign_bytes = t.found.foreign_bytes;
	return 0;
}

int swaps_parse(const char *text, size_t len, const char *file, struct swap_sample *out)
{
	return parse(-1, text, len, file, out);
}

/* ---- the descriptor ---- */

static int want(struct swaps *s)
{
	int fd;

	if (s->fd >= 0)
		return 0;
	fd = fs_open_read(s->rootfd, path_of_swaps);
	if (fd < 0)
		return fd;
	s->fd = fd;
	return 0;
}

int swaps_open(struct swaps *s, int rootfd)
{
	*s = (struct swaps){.rootfd = rootfd, .fd = -1, .len = NEVER_READ};
	return want(s);
}

void swaps_close(struct swaps *s)
{
	fs_close(&s->fd);
}

void swaps_forget(struct swaps *s)
{
	s->len = NEVER_READ;
}

/* The kernel gives whole lines, as many as fit into a page: only an empty read is the end. */
static ssize_t read_table(int fd, char *text, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = pread(fd, text + have, size - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)have;
		have += (size_t)n;
	}
	return -EFBIG;
}

static int read_areas(struct swaps *s, const char *file, struct swap_sample *out)
{
	char text[TEXT_SIZE];
	uint64_t sum;
	ssize_t n;
	int r = want(s);

	if (r < 0)
		return r;
	n = read_table(s->fd, text, sizeof(text));
	if (n < 0)
		return (int)n;
	sum = digest(text, (size_t)n);
	if (n == s->len && sum == s->digest)
		return 0;
	r = parse(s->rootfd, text, (size_t)n, file, out);
	if (r < 0)
		return r;
	s->len = (int32_t)n;
	s->digest = sum;
	out->valid |= SWAP_AREAS;
	return 1;
}

int swaps_read(struct swaps *s, const char *file, struct swap_sample *out)
{
	int r = read_areas(s, file, out);

	if (r < 0) {
		out->valid &= ~(uint32_t)SWAP_AREAS;
		swaps_forget(s);
	}
	return r;
}
