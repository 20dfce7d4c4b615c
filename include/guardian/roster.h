/*
 * roster: which cgroups there are, what they are called, and which service each belongs to.
 *
 * Fed by cgroup_tree's callbacks and by the answers of JOB_IDENTIFY; holds one cgroup_reader for
 * each member (a cgroup that a service matched) and one ancestor_reader for each cgroup above one.
 * Containers that no service matched are kept by name, because `--check` and the status speak of
 * them.
 */
#ifndef GUARDIAN_ROSTER_H
#define GUARDIAN_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/cgroup.h"
#include "guardian/cgroup_reader.h"
#include "guardian/cgroup_tree.h"
#include "guardian/docker.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"

enum roster_naming {
	NAMING_NONE,   /* not a Docker container: nobody to ask */
	NAMING_WANTED, /* to be asked at `ask_at_us` */
	NAMING_KNOWN,  /* and asked again at `ask_at_us`: containers are renamed and updated */
};

/* A cgroup that is a container, or that a service matched. */
struct roster_entry {
	bool used;
	bool member;            /* `reader` is open and it stands in roster.member[] */
	bool asking;            /* a JOB_IDENTIFY is under way */
	bool late;              /* to be a member, as soon as there is room */
	uint8_t naming;         /* enum roster_naming */
	uint8_t failures;       /* times asked in vain: the back-off */
	uint16_t service, also; /* SERVICE_NONE: unmanaged / no conflict */
	int16_t ancestor;       /* index into roster.ancestor, or -1 */
	uint64_t inode;
	uint64_t ask_at_us;
	char path[CGROUP_PATH_SIZE];
	struct cgroup_identity identity;
	struct docker_container container; /* NAMING_KNOWN */
	struct cgroup_reader reader;
};

/* A cgroup above a member; `members` 0 means a free place. */
struct roster_ancestor {
	uint32_t members; /* that stand below it, directly or not */
	int16_t parent;
	uint64_t inode;
	char path[CGROUP_PATH_SIZE];
	struct cgroup_identity identity;
	struct ancestor_reader reader;
};

enum {
	ROSTER_ENTRIES_MAX = SNAPSHOT_MEMBERS_MAX + 256,
	/* Containers below somebody's service, that no service of the policy names, get no place
	 * from here on: a user can make any number of them. */
	ROSTER_GUESTS_MAX = 256,
};

struct roster {
	int cgfd;                    /* borrowed; -1: nothing to find */
	const struct policy *policy; /* borrowed; changed by roster_match_all() */
	struct cgroup_tree *tree;    /* borrowed; NULL: nobody tells of writes */
	struct snapshot *snap;       /* borrowed: members and ancestors live there */
	uint64_t now_us;             /* of the tick under way */
	uint64_t next_ask_us;        /* when the next name is wanted */
	uint64_t promote_at_us;      /* when those that found no room try again, or 0 */
	bool news;                   /* an entry came, went or got its name; the caller resets it */
	uint32_t overflow;           /* cgroups that found no room ... */
	uint32_t missed;             /* ... and those of them that are not in entry[] */
	uint16_t n_entries;          /* the end of the used part of entry[] */
	struct roster_entry *member[SNAPSHOT_MEMBERS_MAX];  /* of entry[], as snap->member[] ... */
	struct cgroup_reader *reader[SNAPSHOT_MEMBERS_MAX]; /* ... and theirs */
	struct roster_entry entry[ROSTER_ENTRIES_MAX];
	struct roster_ancestor ancestor[SNAPSHOT_ANCESTORS_MAX];
};

void roster_init(struct roster *r, int cgfd, const struct policy *policy, struct cgroup_tree *tree,
	struct snapshot *snap);
void roster_close(struct roster *r);

/* A cgroup's folder has come or gone; a file in a member's folder has been written. */
void roster_appeared(struct roster *r, const char *path);
void roster_vanished(struct roster *r, const char *path);
void roster_modified(struct roster *r, const char *path, const char *file);

/* The next entry whose name is wanted at NOW_US, or NULL. The caller asks, with or without waiting.
 */
struct roster_entry *roster_next_unnamed(struct roster *r, uint64_t now_us);
/* The answer. ERROR < 0: to be asked again, later and later. */
void roster_named(struct roster *r, uint64_t inode, int error, const struct docker_container *c);

/* Docker has stored SET for this entry: known at once, without asking. */
void roster_stored(struct roster *r, struct roster_entry *e, const struct limit_set *set);
/* What Docker has stored for it is uncertain: it is asked again soon. */
void roster_ask_again(struct roster *r, struct roster_entry *e);

/* True when any Docker container is there. */
bool roster_has_docker(const struct roster *r);

/* Matches every entry against a new policy; roster_reconsider() then looks at every cgroup that is
 * not on the roster, which a new unit or glob may name. */
void roster_match_all(struct roster *r, const struct policy *policy);

void roster_reconsider(struct roster *r, const char *path);

/* Those that found no place on the roster are to be reconsidered: they are counted anew. -> whether
 * there were any. */
bool roster_retry_missed(struct roster *r);

struct roster_entry *roster_by_inode(struct roster *r, uint64_t inode);
struct roster_ancestor *roster_ancestor_by_inode(struct roster *r, uint64_t inode);

/* Reads every member and ancestor into the snapshot; drops those that have gone. -> whether any
 * member has changed. */
bool roster_sample(struct roster *r, uint64_t now_us);

/* For status_render(): USERDATA is the roster. */
const char *roster_path_of_member(void *userdata, uint16_t member);

/* Containers that no service names, and those of them without a memory limit. Reads their files. */
void roster_count_unmanaged(const struct roster *r, uint32_t *unmanaged, uint32_t *unlimited);

/* The index of the service that ENTRY belongs to; *ALSO a second one, or SERVICE_NONE. */
uint16_t roster_match(
	const struct policy *policy, const struct roster_entry *entry, uint16_t *also);

#endif
