/*
 * state: what decide() remembers from one snapshot to the next. Flat, fixed-size, without pointers:
 * the daemon writes the struct as it is to /run/guardian/state whenever plan.state_changed says so,
 * and after a crash goes on from there, so that nothing is told twice and no budget starts anew.
 *
 * Everything `..._us` is a moment of CLOCK_BOOTTIME at which something began, or 0: when the clock
 * jumps, all of them begin again (state_restart_durations). Moments ahead are not kept, but
 * `deadline_us`, which is worked out anew at each look. Flags are uint8_t: a bool read from a file
 * may be neither true nor false.
 */
#ifndef GUARDIAN_STATE_H
#define GUARDIAN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/event.h"
#include "guardian/limit.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"

#define STATE_MAGIC   0x6e61696472617567ULL /* "guardian" */
#define STATE_VERSION 4

enum {
	STATE_DEPARTED_MAX = 32,
	STREAM_COSTS_KEPT = 32,
};

enum memory_level { MEMORY_NORMAL, MEMORY_WARN, MEMORY_CRITICAL, MEMORY_LEVELS };
const char *memory_level_name(enum memory_level level);

/* By which memory is judged (guardian/memory_rules.h). */
enum memory_rules { RULES_WITHOUT_SWAP, RULES_WITH_SWAP, MEMORY_RULES };
const char *memory_rules_name(enum memory_rules rules);

/* Told events of a family are rationed: `used` of a burst, one given back each refill time. */
struct budget {
	uint64_t refill_us; /* since when one is on its way back */
	uint32_t used;
};

/* Groups of readings that came or went, and since when; told after they have stayed so. */
struct readings {
	uint32_t seen;     /* bits that have been valid */
	uint32_t lost;     /* bits told as lost */
	uint32_t changing; /* bits that are otherwise than told ... */
	uint64_t changing_us;
};

/* What was last read of a member, for when it is gone. */
struct usage {
	uint64_t working_set_bytes, peak_bytes;
	uint64_t limit_bytes;   /* the lowest that binds it, or LIMIT_UNLIMITED */
	uint32_t fill_centipct; /* working set of the limit */
};

/* A level and since when it could be left. */
struct level {
	uint64_t calm_us;
	uint8_t now; /* enum memory_level */
};

/* A kind of action on one cgroup, asked for as often as it takes: its ticket, its back-off and its
 * end. */
struct effort {
	uint64_t asked_us;  /* the last one was planned */
	uint64_t ended_us;  /* its result came */
	uint64_t window_us; /* the first of `rounds` was planned */
	uint32_t ticket;    /* of the one under way, or 0 */
	int32_t outcome;    /* of the last one, while `ended` */
	int32_t told_error; /* the last failure that was told */
	uint8_t ended;      /* a result has come that its rule has not seen yet */
	uint8_t rounds;     /* repairs within the policy's drift window */
	uint8_t failures;   /* in a row */
	uint8_t surrendered;
};

enum member_told {
	TOLD_CONFLICT = 1 << 0,
	TOLD_REFUSED = 1 << 1,
	TOLD_MAX_CANNOT_UNSET = 1 << 2,
	TOLD_LOW_CANNOT_UNSET = 1 << 3,
	TOLD_SURRENDERED = 1 << 4,
	TOLD_VOID = 1 << 5,
};

enum limit_flag {
	LIMITS_REFUSED = 1 << 0,  /* mem_limit waits until it fits */
	LIMITS_SETTLING = 1 << 1, /* something was written: give the readings one look to show it */
	LIMITS_REHOLD = 1 << 2,   /* after docker update: tell the unit as well, whatever is read */
	LIMITS_HUSH = 1 << 3,     /* what differs now is our own doing: repair it without a word */
};

/* Masks have a bit for each enum limit_kind. */
struct member_limits {
	struct limit_set wanted; /* by the policy, when last looked at */
	struct limit_set before; /* what was found when a value was first asked for */
	struct effort hold;
	struct effort persist;
	uint8_t held;     /* seen in place: a difference from now on is drift */
	uint8_t asked;    /* by the latest ACT_HOLD */
	uint8_t repairs;  /* of these: drift, a round with another writer */
	uint8_t fresh;    /* of these, to be told as applied once they are read back */
	uint8_t drifted;  /* drift told and not repaired yet */
	uint8_t observed; /* observe mode: told as what would be set */
	uint8_t flags;    /* enum limit_flag */
};

struct member_state {
	uint64_t inode;
	uint64_t deadline_us; /* when to look although nothing changed; 0: at the next tick,
				 whenever that is; UINT64_MAX: not at all */
	uint16_t service;
	uint8_t told;      /* enum member_told */
	uint8_t oom_known; /* oom_kill is a baseline */
	uint64_t oom_kill;
	struct usage usage;
	uint64_t ancestor_inode; /* of the parent, or 0 */
	struct level level;
	struct readings readings;
	uint64_t refault_anon; /* pages, when it came or swapping began; or UINT64_MAX */
	struct member_limits limits;
};

enum service_owed {
	OWED_FOUND = 1 << 0,
	OWED_RESTARTED = 1 << 1,
	OWED_GONE = 1 << 2,
};

struct service_state {
	char name[POLICY_NAME_SIZE]; /* by which it is found again after a reload */
	uint16_t members;            /* there now */
	uint16_t origin;             /* its index before the reload in progress */
	uint8_t known;               /* has ever been there */
	uint8_t owed;                /* enum service_owed: to be told as soon as allowed */
	uint32_t restarts;
	uint64_t gone_us;    /* the last member went away */
	uint64_t last_inode; /* of the latest member */
	struct usage usage;  /* of the member that went away or was killed last */
	uint64_t oom_kills;  /* as long as this state goes back */
	uint64_t oom_untold; /* of these */
	uint64_t oom_inode;  /* of the member they happened in */
	struct budget turnover, limits, ooms;
};

struct ancestor_state {
	uint64_t inode;
	uint64_t need_bytes;  /* sum of the reservations below */
	uint64_t set_bytes;   /* memory.low as guardiand has set it, or 0: it is not ours */
	uint64_t found_bytes; /* what was there before: somebody else's, and never lowered */
	uint64_t asked_bytes; /* by the action under way */
	uint64_t spare_us;    /* ours is more than needed */
	uint64_t oom_kill;
	uint64_t oom_odd_us; /* oom_balance is not 0 */
	int32_t oom_balance; /* kills here, less those seen in the cgroups below */
	uint8_t oom_known;
	uint8_t is_void; /* could not be given what it needs */
	struct effort reserve;
};

/* A member that went away (or came with kills already counted), in case a kill is found that no
 * cgroup admits to. */
struct departed {
	uint64_t at_us;
	uint64_t inode, ancestor_inode;
	struct usage usage;
	uint16_t service;
};

enum swap_effort {
	SWAP_EFFORT_MAKE,
	SWAP_EFFORT_ON,
	SWAP_EFFORT_RESIZE,
	SWAP_EFFORT_MEND,
	SWAP_EFFORTS,
};

enum swap_file_flag {
	SWAP_WAS_ACTIVE = 1 << 0,  /* in use: when it is not any more, somebody else has done it */
	SWAP_WENT_OFF = 1 << 1,    /* told so, and not in use again yet */
	SWAP_TOLD_MAKING = 1 << 2, /* this attempt and those that follow from its failure */
	SWAP_TOLD_WAITS = 1 << 3,
};

struct swap_file_memory {
	struct effort effort[SWAP_EFFORTS];
	uint64_t asked_bytes; /* its size, by the action under way */
	uint64_t found_bytes; /* before */
	uint32_t mode, uid;   /* before they are put right */
	uint8_t flags;        /* enum swap_file_flag */
	uint8_t refused;      /* enum event_reason: told, and still so */
	uint8_t observed;     /* of enum swap_effort: told as what would be done */
};

/* A setting of the kernel that the policy names. */
struct knob_state {
	struct effort effort;
	uint32_t wanted;  /* asked for last */
	uint32_t found;   /* when it was asked for */
	uint32_t before;  /* what was there first, to be put back ... */
	uint8_t is_ours;  /* ... if this says so */
	uint8_t held;     /* seen as wanted: a difference from now on is drift */
	uint8_t observed; /* told as what would be set */
	uint8_t drifted;  /* told, and not repaired yet */
};

/* Pages that go out to swap and come back, window by window. */
struct thrash_state {
	uint64_t window_us;                       /* the window began, with these counters ... */
	uint64_t pswpin, pswpout;                 /* pages; or 0: none has begun */
	uint64_t in_bytes_per_s, out_bytes_per_s; /* in the window before */
	uint64_t since_us;                        /* told as thrashing, or 0 */
	uint64_t calm_us;                         /* since when that could be over */
	uint8_t rounds;                           /* windows over the floor, in a row */
};

struct swap_state {
	char path[POLICY_PATH_SIZE]; /* of the first file, when last looked at */
	struct swap_file_memory file[SWAP_FILES_MAX];
	struct knob_state knob[KNOB_COUNT];
	struct thrash_state thrash;
	struct budget told;
	uint64_t normal_us; /* since when swap_high could be told as over */
	uint8_t open;       /* sizes are to be looked at: policy or program are new, or it waits */
	uint8_t covered;    /* told that other swap is enough */
	uint8_t high;       /* told as nearly full */
	uint8_t idle;       /* none is wanted, looked after or under way */
};

enum streams_effort {
	STREAMS_EFFORT_MEND,
	STREAMS_EFFORT_PUBLISH,
	STREAMS_EFFORT_STOP,
	STREAMS_EFFORTS,
};

/* A stream that runs. */
struct stream_known {
	uint64_t start_ticks; /* with the pid its identity */
	uint64_t seen_us;     /* first */
	uint64_t bare_us;     /* since when it has been without a slot, or 0 */
	uint64_t peak_bytes;  /* of its anonymous memory; 0: not read yet */
	uint32_t pid;
	uint8_t mature;    /* has lived long enough to be learned from */
	uint8_t abandoned; /* it did not end by SIGKILL either */
	uint16_t zero;
};

enum stream_stop_stage {
	STREAM_STOP_NONE,
	STREAM_STOP_CONTAINER,
	STREAM_STOP_TERM,
	STREAM_STOP_KILL,
	STREAM_STOP_STAGES,
};

/* The one stream that is being stopped. */
struct stream_stop {
	uint64_t start_ticks, inode;
	uint64_t anon_bytes; /* when it was chosen */
	uint64_t began_us;
	uint64_t stage_us; /* the stage's signal was sent, or 0: not yet */
	uint32_t pid;      /* 0: there is none */
	uint16_t service;
	uint8_t stage;     /* enum stream_stop_stage: the latest that was asked for */
	uint8_t no_docker; /* Docker did not do it */
};

enum streams_observed {
	STREAMS_OBSERVED_FILE = 1 << 0,
	STREAMS_OBSERVED_STOP = 1 << 1,
};

struct streams_state {
	char command[POLICY_COMMAND_SIZE]; /* whose costs are kept */
	uint32_t max;                      /* of the policy, when last looked at */
	uint32_t effective_cap;
	uint32_t cap_told; /* the lowest, since it was told as restored */
	uint32_t unaccounted, unaccounted_told;
	uint32_t published_cap, published_effective; /* asked for last */
	uint64_t room_us;    /* since when memory has carried more than the effective cap */
	uint64_t over_us;    /* since when more run than `max` */
	uint64_t cost_bytes; /* of one stream; 0: to be worked out */
	uint64_t refused;    /* the file's counters, as far as told */
	struct budget caps, refusals, strays, files, stops;
	struct effort effort[STREAMS_EFFORTS];
	struct stream_stop stop;
	uint16_t n_known, n_costs, next_cost;
	uint8_t reason;           /* enum slot_cap_reason */
	uint8_t published_reason; /* asked for last */
	uint8_t refused_known;
	uint8_t file_problem; /* enum slot_file_state that is being put right */
	uint8_t file_told;    /* the same, told as replaced or unusable, and still so */
	uint8_t counters_told;
	uint8_t observed;                 /* enum streams_observed: told as what would be done */
	uint64_t cost[STREAM_COSTS_KEPT]; /* peaks of the latest that have ended */
};

struct state {
	uint64_t magic;
	uint32_t version;
	uint32_t size;   /* of this struct */
	uint64_t now_us; /* of the last snapshot */
	uint32_t policy_generation;
	uint32_t next_ticket;
	uint32_t lacks_told; /* enum lack */
	uint16_t n_members, n_ancestors, n_services, n_departed;
	uint16_t next_departed;
	uint8_t adopted;                 /* policy_generation means something */
	uint8_t observes;                /* by the latest policy: what is told is not done */
	uint8_t members_near;            /* to their warnings, one at least */
	uint8_t rules;                   /* enum memory_rules */
	uint8_t peer_silent[PEER_COUNT]; /* told */
	uint64_t peer_ok_us[PEER_COUNT]; /* answered last */
	uint64_t peer_back_us[PEER_COUNT];
	uint64_t members_due_us;  /* the first deadline of a member; 0: not known, or passed.
				    Whoever lowers a deadline outside of the look at it sets it to 0
				  */
	uint64_t services_due_us; /* the first moment at which a service has something to tell */
	struct level host_level;
	struct readings host_readings;
	uint64_t oom_untold; /* kills in no service */
	struct budget ooms;
	struct swap_state swap;
	struct streams_state streams;
	struct departed departed[STATE_DEPARTED_MAX];
	struct ancestor_state ancestor[SNAPSHOT_ANCESTORS_MAX];
	struct stream_known stream[STREAM_PROCESSES_MAX];  /* in the order of the snapshot */
	struct service_state service[POLICY_SERVICES_MAX]; /* in the order of the policy */
	struct member_state member[SNAPSHOT_MEMBERS_MAX];  /* in the order of the snapshot */
};

/* Nothing remembered. Only the head is written: STATE must be zero (static, calloc), so that pages
 * never needed are never touched. */
void state_init(struct state *state);

/* How many bytes from the start of STATE are worth keeping in a file: the rest are places never
 * used. */
size_t state_kept_size(const struct state *state);

/* True when LEN bytes at DATA are a state that this program wrote. */
bool state_valid(const void *data, size_t len);

/* After loading: results of actions that were under way will not come any more, and the policy may
 * be another. */
void state_resume(struct state *state);

/* Whether KNOB is to be put back when guardiand stops, and to what: only what guardiand has set,
 * and what is in place as set by the latest reading. It is forgotten then. */
bool state_give_back(struct state *state, const struct swap_sample *found, enum event_knob knob,
	uint32_t *value);

/* Every duration begins at NOW_US: the clock went back, or nobody looked for long. */
void state_restart_durations(struct state *state, uint64_t now_us);

#endif
