/*
 * cgroup_file: see cgroup_file.h. What is here runs only when something is opened, differs, or is
 * long.
 */
#include <errno.h>
#include <string.h>

#include "cgroup_file.h"
#include "guardian/fs.h"
#include "guardian/text.h"

int cgroup_dir_open(int cgfd, const char *path, int *dirfd, uint64_t *inode)
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

static int open_file(int dirfd, const char *file, int32_t *fd)
{
	*fd = fs_open_read(dirfd, file);
	if (*fd == -EMFILE || *fd == -ENFILE || *fd == -ENOMEM)
		return *fd;
	return *fd >= 0;
}

int cgroup_value_open(struct cgroup_value *v, int dirfd, const char *file)
{
	v->len = CGROUP_NEVER_READ;
	return open_file(dirfd, file, &v->fd);
}

int cgroup_text_open(struct cgroup_text *t, int dirfd, const char *file)
{
	t->len = CGROUP_NEVER_READ;
	return open_file(dirfd, file, &t->fd);
}

void cgroup_value_settle(struct cgroup_value *v, ssize_t n)
{
	static const ssize_t compared = sizeof(cgroup_value_start);

	while (n == -EINTR)
		n = pread_start(v->fd, v->text, sizeof(v->text));
	v->len = (int32_t)(n > compared ? n + CGROUP_VALUE_LONG : n);
}

bool cgroup_value_parse(const struct cgroup_value *v, uint64_t *out)
{
	int32_t len = v->len > CGROUP_VALUE_LONG ? v->len - CGROUP_VALUE_LONG : v->len;

	if (len <= 0 || len >= (int32_t)sizeof(v->text)) /* filled to the end: perhaps cut */
		return false;
	return text_cgroup_value(v->text, (size_t)len, out) == 0;
}

bool cgroup_text_same(struct cgroup_text *t, char *kept, size_t room, char *text)
{
	ssize_t n;
	bool fits;

	if (t->fd < 0)
		return true;
	do
		n = pread_start(t->fd, text, CGROUP_TEXT_SIZE);
	while (n == -EINTR);
	if (n == CGROUP_TEXT_SIZE)
		n = -EFBIG;
	fits = n <= (ssize_t)room;
	if (n == t->len && (n < 0 || (fits && memcmp(kept, text, (size_t)n) == 0)))
		return true;
	t->len = (int32_t)n;
	if (n >= 0 && fits)
		memcpy(kept, text, (size_t)n);
	return false;
}
