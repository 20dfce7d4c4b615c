/*
 * roster: from cgroups that come and go to members of services.
 *
 * A cgroup stands on the roster when it is a container or when a unit or glob of the policy matches
 * it. A Docker container is asked for its name until it has one; then it is matched, and with a
 * match it becomes a member: its files are opened, the cgroups above it become ancestors, and its
 * folder is watched for writes. Members keep their order in the snapshot.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/roster.h"
#include "guardian/text.h"
#include "roster_ancestors.h"

enum {
	RETRY_FIRST_US = 500 * 1000,
	RETRY_SHIFT_MAX = 6,            /* 32 s */
	REFRESH_US = 600 * 1000 * 1000, /* a renamed container is noticed by then */
	PROMOTE_AGAIN_US = 5 * 1000 * 1000,
	REFRESH_SOON_US =
		500 *
		1000, /* after a write to its limits: docker update answers before it stores */
};

void roster_init(struct roster *r, int cgfd, const struct policy *policy, struct cgroup_tree *tree,
	struct snapshot *snap)
{
	r->cgfd = cgfd;
	r->policy = policy;
	r->tree = tree;
	r->snap = snap;
	r->next_ask_us = UINT64_MAX;
	snap->n_members = snap->n_ancestors = 0;
}

/* ---- finding ---- */

static struct roster_entry *by_path(struct roster *r, const char *path)
{
	for (uint16_t i = 0; i < r->n_entries; i++)
		if (r->entry[i].used && strcmp(r->entry[i].path, path) == 0)
			return &r->entry[i];
	return NULL;
}

struct roster_entry *roster_by_inode(struct roster *r, uint64_t inode)
{
	for (uint16_t i = 0; i < r->n_entries; i++)
		if (r->entry[i].used && r->entry[i].inode == inode)
			return &r->entry[i];
	return NULL;
}

static struct roster_entry *free_entry(struct roster *r)
{
	for (uint16_t i = 0; i < r->n_entries; i++)
		if (!r->entry[i].used)
			return &r->entry[i];
	return r->n_entries < ROSTER_ENTRIES_MAX ? &r->entry[r->n_entries++] : NULL;
}

/* ---- members ---- */

/* A slice may be both a member and above one. */
void roster_unwatch(struct roster *r, const char *path)
{
	const struct roster_entry *e = by_path(r, path);

	if (r->tree && !(e && e->member) && !roster_is_ancestor(r, path))
		(void)cgroup_tree_watch_files(r->tree, path, false);
}

static uint8_t owner_of(const struct roster_entry *e)
{
	if (e->identity.runtime == RUNTIME_DOCKER && e->naming == NAMING_KNOWN)
		return OWNER_DOCKER;
	return e->identity.unit[0] ? OWNER_UNIT : OWNER_PLAIN;
}

static struct member_sample *sample_of(struct roster *r, const struct roster_entry *e)
{
	for (uint16_t i = 0; i < r->snap->n_members; i++)
		if (r->member[i] == e)
			return &r->snap->member[i];
	return NULL;
}

/* What the roster knows of a member, put where the rules see it. */
static void describe(struct roster *r, struct roster_entry *e)
{
	struct member_sample *m = sample_of(r, e);

	if (!m)
		return; /* no member */
	m->inode = e->inode;
	m->service = e->service;
	m->also = e->also;
	m->owner = owner_of(e);
	m->has_unit = e->identity.unit[0] != '\0';
	m->ancestor = e->ancestor;
	e->reader.news = true;
	m->valid &= ~(uint32_t)MEMBER_STORED;
	if (e->naming == NAMING_KNOWN && e->container.stored.mask) {
		m->stored = e->container.stored;
		m->valid |= MEMBER_STORED;
	}
}

/* No room, or no descriptors: tried again later, see promote_late(). */
static void set_late(struct roster *r, struct roster_entry *e, bool late)
{
	if (late && !e->late)
		r->overflow++;
	else if (!late && e->late)
		r->overflow--;
	e->late = late;
	if (late)
		r->promote_at_us = r->now_us + PROMOTE_AGAIN_US;
}

static void promote(struct roster *r, struct roster_entry *e)
{
	struct snapshot *s = r->snap;
	int err = -ENOSPC;

	if (s->n_members < SNAPSHOT_MEMBERS_MAX)
		err = cgroup_reader_open(&e->reader, r->cgfd, e->path);
	if (err == -ENOENT || err == -ENODEV)
		return;
	set_late(r, e, err < 0);
	if (err < 0)
		return;
	e->inode = e->reader.inode;
	e->ancestor = roster_ancestors_hold(r, e->path);
	e->member = true;
	r->member[s->n_members] = e;
	r->reader[s->n_members] = &e->reader;
	memset(&s->member[s->n_members], 0, sizeof(s->member[0]));
	s->n_members++;
	describe(r, e);
	if (r->tree)
		(void)cgroup_tree_watch_files(r->tree, e->path, true);
}

static void demote(struct roster *r, struct roster_entry *e)
{
	struct snapshot *s = r->snap;
	struct member_sample *m = sample_of(r, e);
	size_t at = (size_t)(m - s->member), after = s->n_members - at - 1;

	memmove(m, m + 1, after * sizeof(*m));
	memmove(&r->member[at], &r->member[at + 1], after * sizeof(struct roster_entry *));
	memmove(&r->reader[at], &r->reader[at + 1], after * sizeof(struct cgroup_reader *));
	s->n_members--;
	cgroup_reader_close(&e->reader);
	roster_ancestors_release(r, e->ancestor);
	e->member = false;
	e->ancestor = -1;
	roster_unwatch(r, e->path);
}

static void match(struct roster *r, struct roster_entry *e)
{
	r->news = true;
	e->service = roster_match(r->policy, e, &e->also);
	if (e->service != SERVICE_NONE && !e->member)
		promote(r, e);
	else if (e->service == SERVICE_NONE && e->member)
		demote(r, e);
	else if (e->service == SERVICE_NONE)
		set_late(r, e, false);
	else if (e->member)
		describe(r, e);
}

static void drop(struct roster *r, struct roster_entry *e)
{
	r->news = true;
	if (e->member)
		demote(r, e);
	set_late(r, e, false);
	memset(e, 0, sizeof(*e));
	while (r->n_entries > 0 && !r->entry[r->n_entries - 1].used)
		r->n_entries--;
}

/* ---- what the tree tells ---- */

static uint64_t inode_of(int cgfd, const char *path)
{
	_cleanup_fd_ int fd = fs_open_dir(cgfd, path);
	uint64_t inode = 0;

	if (fd >= 0)
		(void)fs_inode(fd, &inode);
	return inode;
}

static void want_name(struct roster *r, struct roster_entry *e, uint64_t at_us)
{
	e->ask_at_us = at_us;
	if (at_us < r->next_ask_us)
		r->next_ask_us = at_us;
}

static bool is_of_interest(const struct roster *r, const struct roster_entry *candidate)
{
	uint16_t also;

	return cgroup_is_container(&candidate->identity) ||
	       roster_match(r->policy, candidate, &also) != SERVICE_NONE;
}

/* What crun puts into a member's cgroup is read with it. */
static void mark_above(struct roster *r, const char *path)
{
	char above[CGROUP_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	struct roster_entry *e;

	if (!slash || !text_copy(above, sizeof(above), path, (size_t)(slash - path)))
		return;
	e = by_path(r, above);
	if (e && e->member)
		cgroup_reader_mark(&e->reader);
}

/* Whoever owns a service can fill it with what looks like containers. */
static bool is_guest(const struct roster *r, const struct roster_entry *candidate)
{
	uint16_t also;

	return candidate->identity.delegated &&
	       roster_match(r->policy, candidate, &also) == SERVICE_NONE;
}

void roster_appeared(struct roster *r, const char *path)
{
	static struct roster_entry candidate; /* large, and of the loop's thread only */
	struct roster_entry *e;

	memset(&candidate, 0, sizeof(candidate));
	if (!text_copy(candidate.path, sizeof(candidate.path), path, strlen(path)))
		return;
	cgroup_classify(path, &candidate.identity);
	if (candidate.identity.inner)
		mark_above(r, path);
	if (!is_of_interest(r, &candidate))
		return;
	e = by_path(r, path);
	if (e)
		drop(r, e);
	candidate.inode = inode_of(r->cgfd, path);
	if (!candidate.inode)
		return; /* gone again */
	e = r->n_entries >= ROSTER_GUESTS_MAX && is_guest(r, &candidate) ? NULL : free_entry(r);
	if (!e) {
		r->overflow++;
		r->missed++;
		return;
	}
	*e = candidate;
	e->used = true;
	e->service = e->also = SERVICE_NONE;
	e->ancestor = -1;
	e->ask_at_us = UINT64_MAX;
	/* Whoever owns a delegated cgroup may call it by the id of a container that is not his. */
	if (e->identity.runtime == RUNTIME_DOCKER && cgroup_is_container(&e->identity) &&
		!e->identity.delegated) {
		e->naming = NAMING_WANTED;
		want_name(r, e, 0);
	}
	match(r, e);
}

void roster_vanished(struct roster *r, const char *path)
{
	struct roster_entry *e = by_path(r, path);

	if (e)
		drop(r, e);
}

static bool is_limit(const char *file)
{
	for (int kind = 0; kind < LIMIT_COUNT; kind++)
		if (strcmp(limit_file((enum limit_kind)kind), file) == 0)
			return true;
	return false;
}

void roster_modified(struct roster *r, const char *path, const char *file)
{
	struct roster_entry *e = by_path(r, path);

	if (!e || !e->member)
		return;
	cgroup_reader_mark(&e->reader);
	if (e->naming == NAMING_KNOWN && is_limit(file))
		roster_ask_again(r, e);
}

/* ---- names ---- */

struct roster_entry *roster_next_unnamed(struct roster *r, uint64_t now_us)
{
	struct roster_entry *due = NULL;
	uint64_t next_us = UINT64_MAX;

	if (now_us < r->next_ask_us)
		return NULL;
	for (uint16_t i = 0; i < r->n_entries; i++) {
		struct roster_entry *e = &r->entry[i];

		if (!e->used || e->asking)
			continue;
		if (e->ask_at_us <= now_us && !due)
			due = e;
		if (e->ask_at_us < next_us)
			next_us = e->ask_at_us;
	}
	r->next_ask_us = next_us;
	return due;
}

void roster_named(struct roster *r, uint64_t inode, int error, const struct docker_container *c)
{
	struct roster_entry *e = roster_by_inode(r, inode);
	int shift;

	if (!e)
		return; /* gone while it was being asked for */
	e->asking = false;
	if (error < 0) {
		shift = e->failures < RETRY_SHIFT_MAX ? e->failures : RETRY_SHIFT_MAX;
		e->failures = (uint8_t)(shift + 1);
		want_name(r, e, r->now_us + ((uint64_t)RETRY_FIRST_US << shift));
		return;
	}
	e->failures = 0;
	e->naming = NAMING_KNOWN;
	e->container = *c;
	want_name(r, e, r->now_us + REFRESH_US);
	match(r, e);
}

void roster_stored(struct roster *r, struct roster_entry *e, const struct limit_set *set)
{
	for (int kind = 0; kind < LIMIT_COUNT; kind++)
		if (limit_has(set, (enum limit_kind)kind))
			limit_put(&e->container.stored, (enum limit_kind)kind, set->value[kind]);
	if (e->member)
		describe(r, e);
}

void roster_ask_again(struct roster *r, struct roster_entry *e)
{
	want_name(r, e, r->now_us + REFRESH_SOON_US);
}

bool roster_has_docker(const struct roster *r)
{
	for (uint16_t i = 0; i < r->n_entries; i++)
		if (r->entry[i].used && r->entry[i].naming != NAMING_NONE)
			return true;
	return false;
}

void roster_match_all(struct roster *r, const struct policy *policy)
{
	r->policy = policy;
	for (uint16_t i = 0; i < r->n_entries; i++)
		if (r->entry[i].used)
			match(r, &r->entry[i]);
}

void roster_reconsider(struct roster *r, const char *path)
{
	if (!by_path(r, path))
		roster_appeared(r, path);
}

bool roster_retry_missed(struct roster *r)
{
	bool any = r->missed > 0;

	r->overflow -= r->missed;
	r->missed = 0;
	return any;
}

/* Members that found no room or no descriptors get their place as soon as there is one. */
static void promote_late(struct roster *r, uint64_t now_us)
{
	if (!r->promote_at_us || now_us < r->promote_at_us)
		return;
	r->promote_at_us = 0;
	for (uint16_t i = 0; i < r->n_entries; i++)
		if (r->entry[i].late)
			promote(r, &r->entry[i]);
}

/* ---- reading ---- */

bool roster_sample(struct roster *r, uint64_t now_us)
{
	struct snapshot *s = r->snap;
	bool changed = false;
	uint32_t i = 0;

	r->now_us = now_us;
	promote_late(r, now_us);
	for (;;) {
		i += cgroup_readers_sample(
			&r->reader[i], &s->member[i], s->n_members - i, now_us, &changed);
		if (i >= s->n_members)
			break;
		drop(r, r->member[i]); /* the next member moves to this place */
	}
	roster_ancestors_sample(r);
	s->members_still = !changed;
	return changed;
}

void roster_count_unmanaged(const struct roster *r, uint32_t *unmanaged, uint32_t *unlimited)
{
	*unmanaged = *unlimited = 0;
	for (uint16_t i = 0; i < r->n_entries; i++) {
		const struct roster_entry *e = &r->entry[i];
		char text[32];
		uint64_t max;

		if (!e->used || e->service != SERVICE_NONE || !cgroup_is_container(&e->identity))
			continue;
		_cleanup_fd_ int dir = fs_open_dir(r->cgfd, e->path);
		ssize_t n = dir < 0 ? dir : fs_read(dir, limit_file(LIMIT_MAX), text, sizeof(text));

		if (n < 0)
			continue;
		++*unmanaged;
		if (text_cgroup_value(text, (size_t)n, &max) == 0 && max == LIMIT_UNLIMITED)
			++*unlimited;
	}
}

void roster_close(struct roster *r)
{
	for (uint16_t i = r->n_entries; i-- > 0;)
		if (r->entry[i].used)
			drop(r, &r->entry[i]);
}

const char *roster_path_of_member(void *userdata, uint16_t member)
{
	const struct roster *r = userdata;

	return r->member[member]->path;
}
