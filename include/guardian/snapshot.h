/*
 * snapshot: what was read, at one moment. Flat, fixed-size, without pointers; made by daemon/sample
 * (or read from a record), consumed by core/decide.
 *
 * Absent is not zero: each group of readings has a bit in `valid`, and no rule may use a value
 * whose bit is not set. Counters are cumulative as the kernel keeps them; rates are the business of
 * the rules.
 */
#ifndef GUARDIAN_SNAPSHOT_H
#define GUARDIAN_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/limit.h"
#include "guardian/policy.h"
#include "guardian/slot_file.h"

enum {
	SNAPSHOT_MEMBERS_MAX = 512,
	SNAPSHOT_ANCESTORS_MAX = 64,
	SNAPSHOT_RESULTS_MAX = 64,
	SWAP_AREAS_MAX = 16,
	SWAP_FILES_MAX = 2, /* policy.swap.file, and the same with a suffix */
	STREAM_SLOTS_MAX = SLOT_SLOTS_MAX,
	STREAM_PROCESSES_MAX = 256,
};

/* Pressure stall information, Documentation/accounting/psi.rst: percent of *time*, not of memory.
 */
struct psi_line {
	uint32_t avg10_centipct, avg60_centipct, avg300_centipct;
	uint64_t total_us;
};
struct psi {
	struct psi_line some, full;
};

enum host_reading {
	HOST_MEMORY = 1 << 0,     /* /proc/meminfo: total, available */
	HOST_SWAP = 1 << 1,       /* /proc/meminfo: SwapTotal, SwapFree */
	HOST_VMSTAT = 1 << 2,     /* /proc/vmstat */
	HOST_PSI_MEMORY = 1 << 3, /* /proc/pressure/memory */
	HOST_PSI_IO = 1 << 4,
	HOST_PSI_CPU = 1 << 5,
};

struct host_sample {
	uint32_t valid; /* enum host_reading */
	uint64_t mem_total_bytes, mem_available_bytes, mem_free_bytes;
	uint64_t swap_total_bytes, swap_free_bytes;
	uint64_t oom_kill;                   /* processes killed by any OOM killer since boot */
	uint64_t pgscan, pgsteal;            /* pages, direct + kswapd (+ khugepaged) */
	uint64_t pswpin, pswpout;            /* pages */
	uint64_t refault_anon, refault_file; /* workingset_refault_*: pages */
	struct psi psi_memory, psi_io, psi_cpu;
};

enum swap_reading {
	SWAP_AREAS = 1 << 0,      /* /proc/swaps: area, n_areas, foreign_bytes */
	SWAP_FILE_SEEN = 1 << 1,  /* file[] */
	SWAP_FS = 1 << 2,         /* fs, fs_magic, fs_free_bytes, fs_total_bytes */
	SWAP_SWAPPINESS = 1 << 3, /* vm.swappiness */
	SWAP_ZSWAP = 1 << 4,      /* /sys/module/zswap/parameters/enabled */
};

enum swap_type { SWAP_FILE, SWAP_PARTITION, SWAP_ZRAM, SWAP_TYPES };
const char *swap_type_name(enum swap_type type); /* "file" */

#define SWAP_FOREIGN (-1)

/* An active swap area: a line of /proc/swaps. */
struct swap_area {
	char path[POLICY_PATH_SIZE]; /* unescaped; cut when longer */
	uint64_t size_bytes, used_bytes;
	int32_t priority;
	uint8_t type; /* enum swap_type */
	int8_t ours;  /* index into swap_sample.file, or SWAP_FOREIGN */
};

enum swap_file_state {
	SWAP_FILE_UNKNOWN,
	SWAP_FILE_ABSENT,
	SWAP_FILE_USABLE,       /* swapon(2) would take it, or has */
	SWAP_FILE_NOT_REGULAR,  /* a symbolic link, a folder, a device: never touched */
	SWAP_FILE_NO_HEADER,    /* not a swap file: somebody's data, never touched */
	SWAP_FILE_HOLES,        /* with a swap header, but not all allocated */
	SWAP_FILE_WRONG_HEADER, /* the header is of another size, version or page size */
	SWAP_FILE_UNREADABLE,
	SWAP_FILE_STATES,
};
const char *swap_file_state_name(enum swap_file_state state); /* "usable" */
/* What stands behind policy.swap.file in the name of our file INDEX: "" or ".2". */
const char *swap_file_suffix(unsigned index);

/* What stands at the path of one of our swap files. */
struct swap_file {
	uint8_t state;      /* enum swap_file_state */
	bool active;        /* in use as swap */
	bool labelled;      /* the header bears our label: guardiand has made it */
	bool mode_ok;       /* 0600 */
	bool owner_ok;      /* root's */
	bool replaced;      /* what is in use as swap is not what stands at the path any more */
	uint32_t mode, uid; /* mode: permission bits alone */
	uint64_t inode, size_bytes;
	uint64_t header_bytes; /* of which the header speaks, its own page included */
};

enum swap_fs_verdict { SWAP_FS_UNKNOWN, SWAP_FS_OK, SWAP_FS_REFUSED };

struct swap_sample {
	uint32_t valid; /* enum swap_reading */
	uint16_t n_areas;
	struct swap_area area[SWAP_AREAS_MAX];
	uint64_t foreign_bytes; /* sum of the areas that are not ours */
	struct swap_file file[SWAP_FILES_MAX];
	uint8_t fs; /* enum swap_fs_verdict: where the files are, or are to be */
	uint32_t fs_magic;
	uint64_t fs_free_bytes; /* what is left to those who are not root: f_bavail */
	uint64_t fs_total_bytes;
	uint32_t swappiness;
	uint8_t zswap; /* SWITCH_OFF or SWITCH_ON */
};

enum streams_reading {
	STREAMS_FILE = 1 << 0, /* file_state, file_error; if it is SLOT_FILE_OK all of the file */
	STREAMS_PROCESSES = 1 << 1, /* process, n_processes */
};

/* The semaphore file. */
enum slot_file_state {
	SLOT_FILE_UNKNOWN,
	SLOT_FILE_OK,
	SLOT_FILE_ABSENT,
	SLOT_FILE_WRONG_SIZE,
	SLOT_FILE_BAD_HEADER, /* magic, version or checksum */
	SLOT_FILE_WRONG_MODE, /* mode, owner or group are not as they should be */
	SLOT_FILE_REPLACED,   /* another one is at its path now */
	SLOT_FILE_UNUSABLE,   /* no plain file, or it cannot be opened: see file_error */
	SLOT_FILE_STATES,
};
const char *slot_file_state_name(enum slot_file_state state); /* "ok" */

struct slot_sample {
	bool held;
	bool record_ok;       /* the rest was read whole */
	uint32_t pid;         /* as its holder sees it */
	uint64_t start_ticks; /* of the holder; 0: not known */
	uint64_t since_us;    /* CLOCK_REALTIME */
	char name[SLOT_NAME_SIZE];
};

#define STREAM_NO_SLOT (-1)

/* A process of a service whose command is that of a stream. */
struct stream_process {
	uint32_t pid;          /* on the host */
	uint32_t inner_pid;    /* in its own PID namespace */
	uint64_t start_ticks;  /* since boot: with the pid it is its identity */
	uint64_t member_inode; /* the cgroup it is in */
	uint16_t service;
	int16_t slot;        /* that it holds, or STREAM_NO_SLOT */
	bool is_container;   /* PID 1 of its own namespace: it is its container */
	uint64_t anon_bytes; /* 0: not read */
};

struct streams_sample {
	uint32_t valid;     /* enum streams_reading */
	uint8_t file_state; /* enum slot_file_state */
	int32_t file_error; /* a positive errno, or 0 */
	bool counters_bad;  /* scribbled over: whoever takes a slot next begins them at 0 */
	uint32_t cap, effective_cap, reason; /* as published; enum slot_cap_reason */
	uint64_t generation;
	uint64_t taken, refused, waited, gave_up; /* so far */
	uint16_t in_use;                          /* slots held */
	struct slot_sample slot[STREAM_SLOTS_MAX];
	uint16_t n_processes;
	struct stream_process process[STREAM_PROCESSES_MAX]; /* the oldest first */
};

enum member_reading {
	MEMBER_CURRENT = 1 << 0,
	MEMBER_STAT = 1 << 1,
	MEMBER_SWAP = 1 << 2,
	MEMBER_EVENTS = 1 << 3,
	MEMBER_EVENTS_LOCAL = 1 << 4,
	MEMBER_PSI = 1 << 5,
	MEMBER_POPULATED = 1 << 6,
	MEMBER_PIDS = 1 << 7,
	MEMBER_PEAK = 1 << 8,
	MEMBER_HIGH = 1 << 9,
	MEMBER_INNER_MAX = 1 << 10,
	MEMBER_STORED = 1 << 11, /* `stored`: what Docker will apply at the next start */
};

enum member_owner {
	OWNER_PLAIN,  /* a cgroup nobody else manages: libcgroup writes */
	OWNER_UNIT,   /* a systemd unit: SetUnitProperties */
	OWNER_DOCKER, /* a Docker container: Docker's update, and the unit or file below it */
};

#define SERVICE_NONE UINT16_MAX

/* One cgroup that a service of the policy matched. A service may have several (Compose scale, a
 * glob). */
struct member_sample {
	uint64_t inode;   /* identity: a restarted container has another */
	uint16_t service; /* index into policy.service */
	uint16_t also;    /* a second service that matches it too (an error), or SERVICE_NONE */
	uint8_t owner;    /* enum member_owner */
	bool has_unit;    /* a systemd unit of its own: its values come back at daemon-reload */
	bool changed;     /* any reading differs from the snapshot before; false is a promise */
	int16_t ancestor; /* index into snapshot.ancestor of its parent, or -1 */
	uint32_t valid;   /* enum member_reading */
	uint64_t current_bytes;
	uint64_t swap_bytes;
	/* memory.stat */
	uint64_t anon_bytes, shmem_bytes, kernel_bytes, slab_reclaimable_bytes;
	uint64_t file_bytes, inactive_file_bytes, active_file_bytes;
	uint64_t refault_anon, refault_file, pgscan, pgsteal;
	/* memory.events is of the whole subtree, .local of the group alone */
	uint64_t ev_high, ev_max, ev_oom, ev_oom_kill, ev_oom_group_kill;
	uint64_t ev_local_oom_kill;
	uint64_t peak_bytes;
	uint64_t pids;
	uint64_t high_bytes;      /* memory.high, LIMIT_UNLIMITED when none */
	uint64_t inner_max_bytes; /* crun's extra level `container`: a limit of its own */
	struct psi psi;
	bool populated;
	struct limit_set live;   /* read back from the cgroup */
	struct limit_set stored; /* Docker's HostConfig: MAX, LOW, SWAP_MAX; 0 there =
				    LIMIT_UNLIMITED here (LOW: 0) */
};

/* A cgroup above a member: a reservation below it is void unless it has one too; its oom_kill count
 * outlives the children that were killed. */
struct ancestor_sample {
	uint64_t inode;
	int16_t parent;           /* index, or -1: the one below the root */
	bool has_unit;            /* a slice: systemd rewrites it */
	bool has_low, has_events; /* validity */
	uint64_t low_bytes;
	uint64_t ev_oom_kill;
};

enum peer { PEER_DOCKER, PEER_SYSTEMD, PEER_COUNT };
enum peer_state { PEER_UNKNOWN, PEER_OK, PEER_SILENT, PEER_ABSENT };
const char *peer_name(enum peer peer);

/* The outcome of an action of an earlier plan. */
struct result {
	uint32_t ticket; /* action.ticket */
	int32_t error;   /* 0 or -errno */
	uint64_t inode;
};

/* What this machine cannot do, so that it is told once and rules know. */
enum lack {
	LACK_CGROUP2 = 1 << 0, /* memory controller not on cgroup v2: no limits */
	LACK_PSI = 1 << 1,
	LACK_DOCKER = 1 << 2,       /* no socket */
	LACK_SYSTEMD = 1 << 3,      /* no system bus / not PID 1 */
	LACK_ROOT = 1 << 4,         /* not root: reads only */
	LACK_SWAP_ACCOUNT = 1 << 5, /* no memory.swap.* files */
	LACK_JOURNAL = 1 << 6,
	LACK_ROOM = 1 << 7,         /* more cgroups or containers than guardiand can hold */
	LACK_ZSWAP = 1 << 8,        /* the policy wants it, and this kernel has none */
	LACK_STREAM_GROUP = 1 << 9, /* the policy names it, and /etc/group does not */
};
#define LACK_COUNT 10

struct snapshot {
	uint64_t now_us;      /* CLOCK_BOOTTIME */
	uint64_t realtime_us; /* CLOCK_REALTIME, for people only */
	uint32_t page_bytes;
	uint32_t lacks;             /* enum lack */
	uint32_t policy_generation; /* rises at every reload: settled matters are open again */
	struct host_sample host;
	struct swap_sample swap;
	struct streams_sample streams;
	uint8_t peer[PEER_COUNT]; /* enum peer_state */
	bool members_still; /* a promise: every member was read, and is as in the snapshot before;
			       one may have left */
	uint16_t n_members, n_ancestors, n_results;
	struct member_sample member[SNAPSHOT_MEMBERS_MAX];
	struct ancestor_sample ancestor[SNAPSHOT_ANCESTORS_MAX];
	struct result result[SNAPSHOT_RESULTS_MAX];
};

/* Whether two samples say the same; not by memcmp(), because padding says nothing. */
bool host_same(const struct host_sample *a, const struct host_sample *b);

/* current - inactive_file, as kubelet and cAdvisor count it. Needs MEMBER_CURRENT and MEMBER_STAT.
 */
uint64_t member_working_set(const struct member_sample *m);

/* The indices of the cgroups above a member, from the nearest up. -> how many; never more than
 * there are, whatever the indices say. */
uint16_t member_ancestors(const struct snapshot *snap, const struct member_sample *m,
	int16_t chain[SNAPSHOT_ANCESTORS_MAX]);

/* What must be available to switch off swap of which USED_BYTES are in use: 1.2 times that, since
 * all of it moves into memory and the host goes on working meanwhile, and what the host is to keep.
 */
uint64_t swap_off_needs_bytes(uint64_t used_bytes, uint64_t reserve_bytes);

/* What no reclaim can take without swap: anon + shmem + kernel - reclaimable slab. Needs
 * MEMBER_STAT. */
uint64_t member_unreclaimable(const struct member_sample *m);

const char *lack_name(enum lack lack);   /* "cgroup v2 memory controller" */
const char *lack_effect(enum lack lack); /* "limits are neither set nor checked" */

#endif
