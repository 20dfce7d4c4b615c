/*
 * The inside of struct guardian, for guardian.c (the tick), sample_swap.c (what of the tick is
 * about swap) and guardian_setup.c (before the first and after the last).
 */
#ifndef SRC_DAEMON_DAEMON_H
#define SRC_DAEMON_DAEMON_H

#include "guardian/act.h"
#include "guardian/cgroup_tree.h"
#include "guardian/decide.h"
#include "guardian/guardian.h"
#include "guardian/lanes.h"
#include "guardian/procfs.h"
#include "guardian/roster.h"
#include "guardian/state.h"
#include "guardian/status.h"
#include "guardian/swap_look.h"
#include "guardian/swaps.h"
#include "guardian/tell.h"
#include "guardian/vm_knobs.h"

enum {
	GUARDIAN_PATH_SIZE = 256,
	GUARDIAN_STATUS_SIZE =
		1 << 20, /* 512 services with a long name each; touched as far as it is used */
};

/* A member's processes were looked through last. */
struct stream_scanned {
	uint64_t inode, pids, at_us;
	uint16_t service;
	bool unsettled; /* some were too young to tell */
};

struct guardian_streams {
	struct slots slots;
	struct stream_watch processes;
	bool noticed;                   /* the watch of the file has told of something */
	bool look_again;                /* at look_at_us, though nothing may tell */
	uint64_t looked_us, look_at_us; /* at the file */
	uint64_t read_at_us;            /* the memory of the streams */
	uint64_t scan_at_us;            /* the members, if nothing tells of one before */
	uint64_t watched_inode;
	char strays[160];                                    /* see guardian_streams_strays() */
	uint16_t n_members;                                  /* when they were looked through */
	struct stream_scanned scanned[SNAPSHOT_MEMBERS_MAX]; /* as snapshot.member */
};

struct guardian {
	struct guardian_options options;
	char config[GUARDIAN_PATH_SIZE];
	int config_dirfd; /* where `config` is relative to */
	int rootfd, cgfd; /* cgfd -1: no memory controller on v2 */
	int swap_rootfd;  /* the root for swap files: see swap_root.h */
	int run_fd;       /* /run/guardian, or -1: nothing is written there */
	int lock_fd;      /* held for as long as this guardian lives */
	int pressure_fd;  /* a trigger on the host's memory pressure, or -1 */
	bool real_root;
	bool started; /* the first tick has been told */
	bool pinging;
	bool noticed;       /* something was told of since the last tick: no glance */
	bool metrics_stale; /* a number has moved since they were written */
	uint8_t glances;    /* since the last whole look */

	struct policy policy;
	char policy_error[REPORT_TEXT_SIZE + REPORT_FILE_SIZE];

	struct procfs procfs;
	uint64_t host_full_us; /* when vmstat and pressure were read last; 0: the next tick does */
	uint64_t host_full_available_bytes; /* of the memory, then */
	uint64_t host_full_swap_free_bytes;
	struct swaps swaps;
	struct swap_look swap_look;
	struct vm_knobs knobs;
	uint64_t swap_total_bytes, swap_free_bytes; /* of the host when swap areas were read last */
	uint64_t swap_looked_us; /* when swap files and settings were looked at last; 0: the next
				    tick does */
	struct guardian_streams streams;
	char swap_words[160]; /* why the last swap action failed */
	struct cgroup_tree *tree;
	struct roster roster;
	struct lanes *lanes;
	struct job job;      /* scratch: too large for the stack of each caller */
	uint64_t ping_at_us; /* the next ping; while one is under way: when the next was due */
	uint64_t around_at_us;
	uint64_t due_us;  /* before that a glance may do */
	uint64_t pace_us; /* between two looks while that is so */

	struct snapshot snap;
	struct state state;
	struct plan plan;
	const struct act_ops *act;
	struct result early[PLAN_ACTIONS_MAX]; /* actions that failed before a lane had them */
	uint16_t n_early;
	uint64_t words_inode; /* whose action failed ... */
	char words[160];      /* ... and what the peer said of it */

	struct tell tell;
	struct status_daemon about;
	bool status_stale; /* something that status_render() shows has changed since it was called
			    */
	uint16_t shown_members; /* by the status as it was rendered last */
	struct text_out status;
	char status_text[GUARDIAN_STATUS_SIZE];
	uint64_t metrics_us; /* they were written last */
	bool summary_stale;  /* the same of guardian_summary() */
	char summary[128];
};

/* Shared between the files. */
void guardian_policy_use(struct guardian *g, const struct policy *p);
int guardian_policy_load(struct guardian *g, struct policy **out, struct report *report);
void guardian_docker(const struct guardian *g, struct policy_docker *out);
void guardian_policy_free(struct policy *p);
void guardian_tell(struct guardian *g, enum event_kind kind, uint64_t number, const char *extra);
void guardian_report_line(const struct report *report, enum report_severity severity,
	const char *otherwise, char *buf, size_t size);
void guardian_find_lacks(struct guardian *g);
void guardian_write_status(struct guardian *g);
void guardian_write_state(struct guardian *g);

/* sample_swap.c */
void guardian_swap_open(struct guardian *g);
void guardian_swap_close(struct guardian *g);
/* The policy is another, or guardiand has changed something: all is looked at anew. */
void guardian_swap_forget(struct guardian *g);
void guardian_swap_result(struct guardian *g, const struct job *job);
void guardian_swap_sample(struct guardian *g);
/* Whether pages come and go, so that the host is to be read in full at each tick. */
bool guardian_swap_moves(const struct guardian *g);
extern const struct cgroup_tree_ops guardian_tree_ops;

/* sample_streams.c */
void guardian_streams_open(struct guardian *g);
void guardian_streams_close(struct guardian *g);
/* The policy is another: all is looked at anew. */
void guardian_streams_forget(struct guardian *g);
/* After the members were read; MOVED: one of them has changed. */
void guardian_streams_sample(struct guardian *g, bool moved);
/* When it wants to look again without being told; UINT64_MAX: not at all. */
uint64_t guardian_streams_wake_us(const struct guardian *g);
/* Who streams without a slot, in words. Valid until the next call. */
const char *guardian_streams_strays(struct guardian *g);
/* As act_ops.stream. */
int guardian_streams_act(struct guardian *g, const struct action *action);

#endif
