/*
 * cgroup: where the cgroup tree is, and what a cgroup's path says about it.
 *
 * guardiand speaks of a cgroup by its path below the root of the v2 tree, without a leading slash
 * ("system.slice/docker-<id>.scope"; the root itself is "").
 */
#ifndef GUARDIAN_CGROUP_H
#define GUARDIAN_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CGROUP_PATH_SIZE = 512, /* bytes, the NUL included; longer paths are not looked at */
	CGROUP_UNIT_SIZE = 256, /* UNIT_NAME_MAX of systemd */
	CGROUP_ID_SIZE = 65,    /* 64 hex digits */
};

/* How this host keeps cgroups. Only CGROUP_UNIFIED lets guardiand read and set memory limits. */
enum cgroup_mode {
	CGROUP_UNIFIED,   /* v2, with the memory controller */
	CGROUP_NO_MEMORY, /* v2, but booted without the memory controller (cgroup_disable=memory) */
	CGROUP_HYBRID,    /* v2 is mounted at unified/, and the memory controller is on v1 */
	CGROUP_LEGACY,    /* v1 alone */
	CGROUP_ABSENT,    /* nothing mounted */
	CGROUP_MODES,
};

/* Opens sys/fs/cgroup below ROOTFD. -> CGROUP_UNIFIED (0) and *CGFD open; another enum cgroup_mode
 * and *CGFD -1; or -errno. On a host, statfs says what is mounted; a fixture has no magic number,
 * there the file cgroup.controllers speaks for itself. */
int cgroup_open_root(int rootfd, int *cgfd);

/* A sentence's subject: "cgroup v1 and v2 mixed, with the memory controller on v1". */
const char *cgroup_mode_name(enum cgroup_mode mode);

enum cgroup_runtime {
	RUNTIME_NONE,
	RUNTIME_DOCKER,
	RUNTIME_PODMAN,
	RUNTIME_CONTAINERD,
	RUNTIME_CRIO,
	RUNTIME_COUNT,
};
const char *cgroup_runtime_name(enum cgroup_runtime runtime); /* "docker" */

struct cgroup_identity {
	uint8_t runtime; /* enum cgroup_runtime: of the innermost container that this cgroup is in
			  */
	uint8_t below; /* levels below that container's own cgroup; 0: it is the container's own */
	bool inner;  /* crun's extra level `container`: the container's processes and limits (below
			is 1) */
	bool nested; /* a container in a container: the host's runtime does not know it */
	/* The container's cgroup stands below a service or scope, whose owner may be anybody (a
	 * rootless Docker, or somebody who has made a folder of that name): its id proves nothing
	 * to the host's runtime. */
	bool delegated;
	char id[CGROUP_ID_SIZE]; /* of that container, or "" */
	/* The unit of the system's systemd that owns this cgroup's values; "" when there is none:
	 * below a delegated unit, or of a user's systemd. For crun's inner level: its scope. By the
	 * documented naming only; where it matters, systemd is asked (units_by_cgroup). */
	char unit[CGROUP_UNIT_SIZE];
};

/* True when the cgroup at this path is a container's own cgroup, that the host's runtime knows. */
static inline bool cgroup_is_container(const struct cgroup_identity *identity)
{
	return identity->id[0] && identity->below == 0 && !identity->nested;
}

/* Pure: PATH as above (a leading slash is allowed). */
void cgroup_classify(const char *path, struct cgroup_identity *out);

#endif
