/*
 * stream_process: see the header. Files: proc(5), /proc/PID/stat and /proc/PID/status.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/text.h"
#include "stream_process.h"

enum {
	STAT_SIZE = 2048,   /* 52 numbers and a name */
	STATUS_SIZE = 4096, /* what is wanted stands in its first half */
	START_FIELD = 22,
	AFTER_NAME_FIELD = 3,
	KIB = 1024,
};

int process_open(int procfd, uint32_t pid)
{
	char path[TEXT_DIGITS_MAX + 1];
	struct text_out out;

	text_out_init(&out, path, sizeof(path));
	text_put_u64(&out, pid);
	return fs_open_dir(procfd, path);
}

/* ---- stat ---- */

/* The name may hold blanks and brackets; nothing behind its own closing bracket does. */
int process_stat_parse(const char *text, size_t len, struct process_stat *out)
{
	const char *name = memchr(text, '(', len), *end = memrchr(text, ')', len);
	size_t digits;

	*out = (struct process_stat){0};
	if (!name || !end || end < name ||
		!text_copy(out->comm, sizeof(out->comm), name + 1, (size_t)(end - name - 1)))
		return -EBADMSG;
	end++;
	for (int field = AFTER_NAME_FIELD; field <= START_FIELD; field++) {
		if (*end != ' ')
			return -EBADMSG;
		end++;
		if (field < START_FIELD)
			end += strcspn(end, " ");
	}
	digits = strspn(end, "0123456789");
	return text_u64(end, digits, &out->start_ticks) < 0 ? -EBADMSG : 0;
}

int process_stat_read(int dirfd, struct process_stat *out)
{
	char text[STAT_SIZE];
	ssize_t n = fs_read(dirfd, "stat", text, sizeof(text));

	if (n == -ENOENT)
		return -ESRCH;
	return n < 0 ? (int)n : process_stat_parse(text, (size_t)n, out);
}

/* ---- status ---- */

/* Behind "KEY:" and blanks, or NULL. KEY begins with the newline before it. */
static const char *value_of(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	if (!at)
		return NULL;
	at += strlen(key);
	return at + strspn(at, " \t");
}

/* NSpid: the number in this PID namespace, and in each one below it. */
static void parse_inner_pid(const char *text, struct process_status *out)
{
	const char *at = value_of(text, "\nNSpid:");
	uint64_t pid;
	int levels = 0;

	while (at) {
		size_t digits = strspn(at, "0123456789");

		if (text_u64(at, digits, &pid) < 0 || pid > UINT32_MAX)
			break;
		out->inner_pid = (uint32_t)pid;
		levels++;
		at += digits;
		at += strspn(at, " \t");
	}
	out->is_container = levels > 1 && out->inner_pid == 1;
}

void process_status_parse(const char *text, uint32_t pid, struct process_status *out)
{
	const char *state = value_of(text, "\nState:"), *anon = value_of(text, "\nRssAnon:");
	uint64_t kib;

	*out = (struct process_status){.inner_pid = pid};
	out->zombie = state && (*state == 'Z' || *state == 'X');
	parse_inner_pid(text, out);
	if (!anon || text_u64(anon, strspn(anon, "0123456789"), &kib) < 0 || kib > UINT64_MAX / KIB)
		return;
	out->has_anon = true;
	out->anon_bytes = kib * KIB;
}

int process_status_read(int fd, uint32_t pid, struct process_status *out)
{
	char text[STATUS_SIZE];
	ssize_t n;

	do
		n = pread(fd, text, sizeof(text) - 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	process_status_parse(text, pid, out);
	return 0;
}
