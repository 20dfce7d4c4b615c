/*
 * cgroup: the mode of the host's tree, and the grammar of cgroup paths.
 *
 * A path is read component by component, as the runtimes and systemd build it. Two tables know the
 * names: the prefixes that runtimes give to their scopes and directories, and the suffixes of
 * systemd's unit types that own a cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "guardian/cgroup.h"
#include "guardian/fs.h"
#include "guardian/text.h"

/* ---- the mode of the tree ---- */

enum { CONTROLLERS_SIZE = 512, CGROUP2_MAGIC = 0x63677270 }; /* linux/magic.h */

static const char *const mode_names[CGROUP_MODES] = {
	[CGROUP_UNIFIED] = "cgroup v2 with the memory controller",
	[CGROUP_NO_MEMORY] = "cgroup v2 without the memory controller",
	[CGROUP_HYBRID] = "cgroup v1 and v2 mixed, with the memory controller on v1",
	[CGROUP_LEGACY] = "cgroup v1",
	[CGROUP_ABSENT] = "no cgroup tree",
};

const char *cgroup_mode_name(enum cgroup_mode mode)
{
	return (unsigned)mode < CGROUP_MODES ? mode_names[mode] : "unknown";
}

static bool lists_memory(const char *controllers)
{
	static const char word[] = "memory";
	const size_t len = sizeof(word) - 1;

	for (const char *at = controllers; *at;) {
		size_t n = strcspn(at, " \n");

		if (n == len && memcmp(at, word, len) == 0)
			return true;
		at += n + strspn(at + n, " \n");
	}
	return false;
}

static bool exists(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* DIRFD is open at sys/fs/cgroup. */
static int mode_of(int dirfd)
{
	char controllers[CONTROLLERS_SIZE];
	struct statfs st;
	ssize_t n;

	if (fstatfs(dirfd, &st) < 0)
		return -errno;
	n = fs_read(dirfd, "cgroup.controllers", controllers, sizeof(controllers));
	if (n >= 0)
		return lists_memory(controllers) ? CGROUP_UNIFIED : CGROUP_NO_MEMORY;
	if (n != -ENOENT)
		return (int)n;
	if ((uint32_t)st.f_type == CGROUP2_MAGIC)
		return CGROUP_NO_MEMORY;
	if (exists(dirfd, "unified/cgroup.controllers"))
		return CGROUP_HYBRID;
	return exists(dirfd, "memory") || exists(dirfd, "systemd") ? CGROUP_LEGACY : CGROUP_ABSENT;
}

int cgroup_open_root(int rootfd, int *cgfd)
{
	_cleanup_fd_ int fd = fs_open_dir(rootfd, "sys/fs/cgroup");
	int mode;

	*cgfd = -1;
	if (fd == -ENOENT || fd == -ENOTDIR)
		return CGROUP_ABSENT;
	if (fd < 0)
		return fd;
	mode = mode_of(fd);
	if (mode == CGROUP_UNIFIED) {
		*cgfd = fd;
		fd = -1;
	}
	return mode;
}

/* ---- the grammar of paths ---- */

static const char *const runtime_names[RUNTIME_COUNT] = {
	[RUNTIME_NONE] = "none",
	[RUNTIME_DOCKER] = "docker",
	[RUNTIME_PODMAN] = "podman",
	[RUNTIME_CONTAINERD] = "containerd",
	[RUNTIME_CRIO] = "crio",
};

const char *cgroup_runtime_name(enum cgroup_runtime runtime)
{
	return (unsigned)runtime < RUNTIME_COUNT ? runtime_names[runtime] : "unknown";
}

/* What stands before the id, in a scope (`prefix<id>.scope`) or in a directory of the cgroupfs
 * drivers (`prefix<id>`). */
static const struct {
	const char *prefix;
	uint8_t runtime;
} prefixes[] = {
	{"docker-", RUNTIME_DOCKER}, {"libpod-", RUNTIME_PODMAN},
	{"cri-containerd-", RUNTIME_CONTAINERD}, {"nerdctl-", RUNTIME_CONTAINERD},
	{"crio-", RUNTIME_CRIO}, {"", RUNTIME_DOCKER}, /* bare: Docker's cgroupfs driver; below
							  kubepods it is containerd's */
};

/* Types of units that have a cgroup (systemd.resource-control(5)). */
static const char *const unit_suffixes[] = {
	".service", ".scope", ".slice", ".socket", ".mount", ".swap"};

enum { ID_DIGITS = CGROUP_ID_SIZE - 1 };

static bool ends_with(struct text_span name, const char *suffix)
{
	size_t len = strlen(suffix);

	return name.len > len && memcmp(name.start + name.len - len, suffix, len) == 0;
}

static bool is_unit(struct text_span name)
{
	for (size_t i = 0; i < sizeof(unit_suffixes) / sizeof(*unit_suffixes); i++)
		if (ends_with(name, unit_suffixes[i]))
			return true;
	return false;
}

static bool is_id(const char *s)
{
	for (int i = 0; i < ID_DIGITS; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

/* `docker-<id>.scope`, `<id>`, ... -> the runtime and *ID, or RUNTIME_NONE. Nothing may stand
 * between or behind: docker-<id>.mount and libpod-conmon-<id>.scope are no containers. */
static enum cgroup_runtime container_of(struct text_span name, const char **id)
{
	if (ends_with(name, ".scope"))
		name.len -= strlen(".scope");
	if (name.len < ID_DIGITS)
		return RUNTIME_NONE;
	*id = name.start + name.len - ID_DIGITS;
	if (!is_id(*id))
		return RUNTIME_NONE;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (name.len == len + ID_DIGITS && memcmp(name.start, prefixes[i].prefix, len) == 0)
			return (enum cgroup_runtime)prefixes[i].runtime;
	}
	return RUNTIME_NONE;
}

/* What is known while the path is read from the root down. */
struct reading {
	bool slices;    /* only slices so far: what follows is the system's systemd's */
	bool kubepods;  /* below the kubelet's group: bare ids are containerd's there */
	bool delegated; /* below a service or scope */
	struct text_span unit,
		parent_unit; /* of the last component and the one above; empty: none */
};

static void note_container(
	struct cgroup_identity *out, const struct reading *r, struct text_span name)
{
	const char *id = NULL;
	enum cgroup_runtime runtime = container_of(name, &id);

	out->inner = out->id[0] && out->below == 0 && text_is(name, "container");
	if (runtime == RUNTIME_NONE) {
		out->below = (uint8_t)(out->below + (out->id[0] && out->below < UINT8_MAX));
		return;
	}
	if (id == name.start && r->kubepods)
		runtime = RUNTIME_CONTAINERD;
	out->nested = out->id[0] != '\0';
	out->delegated = r->delegated;
	out->runtime = (uint8_t)runtime;
	out->below = 0;
	(void)text_copy(out->id, sizeof(out->id), id, ID_DIGITS);
}

/* Units stand below slices alone; what a service or a scope has below it was delegated and is not
 * systemd's. */
static void note_unit(struct reading *r, struct text_span name)
{
	r->parent_unit = r->unit;
	r->unit = r->slices && is_unit(name) ? name : (struct text_span){NULL, 0};
	r->slices = r->slices && ends_with(name, ".slice");
	r->kubepods = r->kubepods || text_is(name, "kubepods");
}

void cgroup_classify(const char *path, struct cgroup_identity *out)
{
	struct reading r = {.slices = true};
	struct text_span unit;

	memset(out, 0, sizeof(*out));
	while (*path) {
		struct text_span name = {path, strcspn(path, "/")};

		if (name.len) {
			r.delegated |= r.unit.len && !ends_with(r.unit, ".slice");
			note_container(out, &r, name);
			note_unit(&r, name);
		}
		path += name.len + (path[name.len] == '/');
	}
	unit = out->inner ? r.parent_unit : r.unit;
	if (unit.len)
		(void)text_copy(out->unit, sizeof(out->unit), unit.start, unit.len);
}
