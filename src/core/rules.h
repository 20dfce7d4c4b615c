/*
 * rules: what the rules of decide() share: the tick they work on, the plan they add to, and the
 * bookkeeping of efforts (tickets, back-off, surrender), rations and levels.
 * What the numbers of an event mean, its row in src/model/event.c says.
 */
#ifndef GUARDIAN_CORE_RULES_H
#define GUARDIAN_CORE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/memory_rules.h"
#include "guardian/plan.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"
#include "guardian/state.h"

#define MS_US     1000ULL
#define SECOND_US (1000 * MS_US)

#define SETTLE_US        (200 * MS_US)     /* from a result until the readings must show it */
#define STORED_READ_US   (5 * SECOND_US)   /* the same after a docker update, of what is stored */
#define RESULT_LOST_US   (300 * SECOND_US) /* no result for so long: it will not come */
#define PAUSE_MAX_US     (300 * SECOND_US) /* back-off doubles up to here */
#define GONE_AFTER_US    (30 * SECOND_US) /* a docker restart is faster, also on a host in trouble */
#define READING_AFTER_US (5 * SECOND_US)  /* a reading is lost, or back */
#define PEER_BACK_US     (2 * SECOND_US)
#define CALM_MIN_US      SECOND_US     /* a level is never left sooner, whatever the policy says */
#define OOM_SETTLE_US    (100 * MS_US) /* counters of one kill are read one after the other */
#define OOM_HOLD_US      SECOND_US     /* then a kill is nobody's */
#define DEPARTED_US      (2 * SECOND_US)  /* a kill this near to a departure belongs to it */
#define RESERVE_SPARE_US (60 * SECOND_US) /* before our reservation shrinks: containers restart */
#define VANISHED_TELL    3                /* "no such cgroup" so often, and there it is */

enum {
	LOOK_EVENTS_MAX = 40, /* room that one member's or ancestor's rules may need */
	LOOK_ACTIONS_MAX = 2,
};

#define BIT(kind)    (1U << (kind))
#define DOCKER_KINDS (BIT(LIMIT_MAX) | BIT(LIMIT_SWAP_MAX) | BIT(LIMIT_LOW))

struct tick {
	const struct policy *policy;
	const struct snapshot *snap;
	struct state *state;
	struct plan *plan;
	uint64_t now_us;                            /* never 0 */
	uint16_t n_members, n_ancestors, n_results; /* of the snapshot, within bounds */
	bool looked;           /* a member was looked at: sums over members are to be made again */
	bool destructive;      /* the tick's one action of that kind is taken */
	bool persisting;       /* a docker update is under way ... */
	bool asked_persisting; /* ... if this has been found out */
	struct event spare;    /* where an event goes that does not fit */
};

/* ---- tick.c: the plan ---- */
bool plan_has_room(const struct tick *t);
/* Adds an event of no limit, with all numbers 0. */
struct event *plan_tell(struct tick *t, enum event_kind kind, uint16_t service, uint64_t inode);
/* Adds an action and begins an effort, whose result is awaited. The caller has asked
 * plan_has_room(). */
struct action *plan_act(struct tick *t, enum action_kind kind, struct effort *effort,
	uint16_t service, uint64_t inode, uint64_t *deadline_us);
void plan_wake(struct tick *t, uint64_t at_us);

/* ---- tick.c: time ---- */
/* True when AFTER_US have passed since SINCE_US; otherwise lowers *DEADLINE_US to that moment. */
bool passed(const struct tick *t, uint64_t since_us, uint64_t after_us, uint64_t *deadline_us);
void look_at(uint64_t *deadline_us, uint64_t at_us);

/* ---- tick.c: rations. BURST events at once, then one each REFILL_US. ---- */
struct ration {
	uint32_t burst;
	uint64_t refill_us;
};
extern const struct ration turnover_ration, limits_ration, swap_ration, ooms_ration;
/* Takes one; otherwise lowers *DEADLINE_US to when there is one again. */
bool budget_take(const struct tick *t, struct budget *budget, const struct ration *ration,
	uint64_t *deadline_us);

/* ---- effort.c ---- */
/* Takes the results of the snapshot to their efforts. */
void efforts_end(struct tick *t);
/* True while a result is awaited. */
bool effort_pending(const struct tick *t, struct effort *effort, uint64_t *deadline_us);
/* The same for an action that may take as long as LOST_US. */
bool effort_pending_for(
	const struct tick *t, struct effort *effort, uint64_t lost_us, uint64_t *deadline_us);
/* The result, once: 1 when there is none, 0 or -errno. Counts failures. */
int effort_outcome(struct effort *effort);
/* True when a failure is worth telling: once an errno, and not for what has merely gone. */
bool effort_failure_is_news(const struct effort *effort, int error);
/* -12 -> 12, as events carry it. */
uint64_t errno_number(int error);
/* True when it may be tried (again). */
bool effort_ready(const struct tick *t, const struct effort *effort, uint64_t *deadline_us);
/* Counts a repair that has been made. */
void effort_count_round(const struct tick *t, struct effort *effort);
/* Rounds that still count. */
uint32_t effort_rounds(const struct tick *t, const struct effort *effort);
/* Forget failures, rounds and surrender. What is under way stays so. */
void effort_open(struct effort *effort);

/* ---- align.c: tables of the state in the order of the snapshot or policy ---- */
struct table {
	void *base;
	size_t stride;
	uint16_t *n;
	size_t capacity;
	bool (*is)(
		const struct tick *t, const void *entry, size_t i); /* the i-th of the new order */
	void (*leave)(struct tick *t, void *entry);
	void (*enter)(struct tick *t, void *entry, size_t i); /* ENTRY is zero */
};
bool table_in_order(const struct tick *t, const struct table *table, size_t n);
void table_align(struct tick *t, const struct table *table, size_t n);

/* ---- rule_member.c: who is there ---- */
void policy_adopt(struct tick *t);
void members_align(struct tick *t);
void member_conflict(struct tick *t, const struct member_sample *m, struct member_state *ms);
void services_tell(struct tick *t);
/* NULL for a member that no service of this policy owns. */
const struct policy_service *service_policy(const struct tick *t, uint16_t service);
void service_due(struct tick *t, uint64_t at_us);
/* Adds an event of the limits family within the service's ration; NULL: not now. */
struct event *tell_limit(
	struct tick *t, struct member_state *ms, enum event_kind kind, enum limit_kind limit);

/* ---- rule_memory.c, rule_host.c: levels ---- */
struct thresholds {
	uint32_t warn_centipct, critical_centipct;
	uint32_t gate_centipct; /* what cannot be reclaimed: a level needs it near its threshold too
				 */
	enum cushion cushion;   /* swap that keeps it at warn */
};
uint32_t centipct_of(uint64_t part, uint64_t whole);
/* Whether critical is near enough, by its margin, for the cushion to matter. */
bool level_may_be_critical(
	const struct tick *t, const struct thresholds *at, uint32_t used_centipct);
bool level_step(struct tick *t, struct level *level, const struct thresholds *at,
	uint32_t used_centipct, uint64_t *deadline_us);
void member_memory(struct tick *t, const struct member_sample *m, struct member_state *ms);
void host_memory(struct tick *t);
void readings_watch(struct tick *t, struct readings *readings, uint32_t valid, uint16_t service,
	uint64_t inode, uint64_t *deadline_us);
void member_readings(struct tick *t, const struct member_sample *m, struct member_state *ms);

/* ---- rule_pace.c ---- */
/* So near to its warning that it is looked at each interval. */
bool member_near(const struct tick *t, const struct member_state *ms);
/* When to look again at the latest, whatever else asks for it; the last rule of a tick. */
void pace_set(struct tick *t);

/* ---- rule_oom.c ---- */
void member_oom(struct tick *t, const struct member_sample *m, struct member_state *ms);
void member_departed(struct tick *t, const struct member_state *ms);
void ancestor_oom(struct tick *t, size_t i, uint64_t *deadline_us);
void ooms_tell(struct tick *t);

/* ---- rule_limit.c, rule_persist.c ---- */
void limits_open(struct member_state *ms);
uint32_t limits_differ(
	const struct limit_set *wanted, const struct limit_set *found, uint32_t page_bytes);
void member_limit(struct tick *t, const struct member_sample *m, struct member_state *ms);
void persist_ended(struct tick *t, const struct member_sample *m, struct member_state *ms);
void persist_ask(struct tick *t, const struct member_sample *m, struct member_state *ms);

/* ---- rule_reserve.c ---- */
void ancestors_align(struct tick *t);
void ancestors_look(struct tick *t);

/* ---- rule_swap.c, rule_knob.c, rule_thrash.c ---- */
/* The policy, or the program, is new. ANEW: what was settled is to be seen to again. */
void swap_open(struct tick *t, bool anew);
void swap_keep(struct tick *t);
struct event *tell_swap(struct tick *t, enum event_kind kind, uint8_t subject);
void knobs_open(struct state *state);
void knobs_keep(struct tick *t);
void swap_level(struct tick *t);
/* From here on it is counted how many of a member's pages come back from swap. */
void refaults_begin(const struct member_sample *m, struct member_state *ms);
void thrash_watch(struct tick *t);

/* ---- rule_streams.c ---- */
/* The policy, or the program, is new. ANEW: what was settled is to be seen to again. */
void streams_open(struct tick *t, bool anew);
void streams_keep(struct tick *t);

/* ---- rule_peer.c ---- */
void peers_watch(struct tick *t);
void lacks_tell(struct tick *t);

#endif
