/*
 * ancestor_reader: what is read of a cgroup above a member, its reservation and its kills. Declared
 * in cgroup_reader.h.
 */
#include <errno.h>
#include <string.h>

#include "cgroup_file.h"
#include "cgroup_text.h"
#include "guardian/cgroup_reader.h"
#include "guardian/fs.h"

int ancestor_reader_open(struct ancestor_reader *reader, int cgfd, const char *path)
{
	int r;

	memset(reader, 0, sizeof(*reader));
	reader->low.fd = reader->events.fd = -1;
	r = cgroup_dir_open(cgfd, path, &reader->dirfd, &reader->inode);
	if (r == 0)
		r = cgroup_value_open(&reader->low, reader->dirfd, "memory.low");
	if (r >= 0)
		r = cgroup_text_open(&reader->events, reader->dirfd, "memory.events");
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
	reader->started = false;
	reader->low.len = reader->events.len = CGROUP_NEVER_READ;
}

/* -> whether it is another than A had */
static bool store_low(struct ancestor_sample *a, const struct cgroup_value *v)
{
	struct ancestor_sample before = *a;

	a->has_low = cgroup_value_parse(v, &a->low_bytes);
	return a->has_low != before.has_low || (a->has_low && a->low_bytes != before.low_bytes);
}

static void store_kills(struct ancestor_sample *a, const char *text, int32_t len)
{
	struct member_sample m;

	a->has_events = len >= 0 && cgroup_text_events(text, (size_t)len, &m);
	if (a->has_events)
		a->ev_oom_kill = m.ev_oom_kill;
}

int ancestor_reader_sample(struct ancestor_reader *reader, struct ancestor_sample *a)
{
	char text[CGROUP_TEXT_SIZE];
	bool low = !cgroup_value_same(&reader->low);
	bool kills = !cgroup_text_same(&reader->events, reader->kept, sizeof(reader->kept), text);
	bool changed = !reader->started;

	if ((low && reader->low.len == -ENODEV) || (kills && reader->events.len == -ENODEV)) {
		ancestor_reader_forget(reader);
		return -ENODEV;
	}
	if (changed) {
		a->inode = reader->inode;
		a->has_low = a->has_events = false;
		reader->started = true;
	}
	if (low)
		changed |= store_low(a, &reader->low);
	if (kills)
		store_kills(a, text, reader->events.len);
	return changed || kills;
}
