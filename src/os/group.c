/*
 * group: see the header. File: group(5).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/fs.h"
#include "guardian/group.h"
#include "guardian/text.h"

enum { FILE_MAX = 1 << 20 };

/* The number that chown(2) takes as "leave it" is no group. */
static bool is_gid(const char *s, size_t len, uint32_t *gid)
{
	uint64_t number;

	if (text_u64(s, len, &number) < 0 || number >= UINT32_MAX)
		return false;
	*gid = (uint32_t)number;
	return true;
}

/* NAME:PASSWORD:GID:MEMBERS */
static bool read_line(const char *line, size_t len, const char *name, uint32_t *gid)
{
	size_t name_len = strlen(name);
	const char *end = line + len, *at;

	if (len <= name_len || memcmp(line, name, name_len) != 0 || line[name_len] != ':')
		return false;
	at = line + name_len + 1;
	at = memchr(at, ':', (size_t)(end - at));
	return at && is_gid(at + 1, strspn(at + 1, "0123456789"), gid);
}

int group_find(int rootfd, const char *name, uint32_t *gid)
{
	char *text = NULL;
	size_t len;
	int r;

	if (is_gid(name, strlen(name), gid))
		return 0;
	if (strcmp(name, "root") == 0) { /* wherever, and most policies */
		*gid = 0;
		return 0;
	}
	r = fs_read_all(rootfd, "/etc/group", FILE_MAX, &text, &len);
	if (r < 0)
		return r;
	r = -ENOENT;
	for (const char *line = text; r < 0 && *line;) {
		size_t n = strcspn(line, "\n");

		if (read_line(line, n, name, gid))
			r = 0;
		line += n + (line[n] == '\n');
	}
	free(text);
	return r;
}
