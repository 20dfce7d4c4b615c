/*
 * world: a small machine for the rules' tests: a policy, members below system.slice, and a kernel
 * that does what the plan says and reports it with the next snapshot, unless it is told to fail.
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

/* cmocka.h needs these four first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guardian/decide.h"

#define MIB     ((uint64_t)1 << 20)
#define MS      ((uint64_t)1000)
#define SECOND  ((uint64_t)1000000)
#define NONE    LIMIT_UNLIMITED
#define K(kind) (1U << (kind))

struct world {
	struct policy policy;
	struct snapshot snap;
	struct state state;
	struct plan plan;
	int error;                  /* of every action from now on, or 0 */
	bool hung;                  /* no results come, nothing is done */
	bool deaf;                  /* results say 0, but nothing is done */
	int stubborn;               /* streams outlive SIGTERM (1), and SIGKILL too (2) */
	uint32_t told[EVENT_COUNT]; /* over all steps */
	uint32_t done[ACT_COUNT];
};

/* A host of 4000 MiB, half used; peers well; one ancestor, inode 9000. For cmocka's setup and
 * teardown. */
int world_setup(void **state);
int world_teardown(void **state);

/* Adds a service: mem_limit and mem_reservation, 0 = not set. -> its index. */
uint16_t add_service(struct world *w, const char *name, uint64_t max, uint64_t low);
struct policy_service *service(struct world *w, uint16_t i);
/* As add_service() has it, swap_limit is "unlimited", as it is in every member: nothing to do. */
void want_no_swap_limit(struct world *w, uint16_t i);
void want(struct world *w, uint16_t i, enum limit_kind kind, uint64_t value);

/* Adds a running member without limits: a plain cgroup using 50 MiB of anon. */
struct member_sample *add_member(struct world *w, uint16_t service, uint64_t inode);
void remove_member(struct world *w, uint64_t inode);
/* The member, as one whose readings have changed. */
struct member_sample *member(struct world *w, uint64_t inode);
struct member_state *known(struct world *w, uint64_t inode);
/* Sets anon (and current) so that it uses BYTES. */
void use_memory(struct world *w, uint64_t inode, uint64_t bytes);
void docker(struct member_sample *m);

/* Time passes, then decide() looks once. */
void step(struct world *w, uint64_t us);
/* As many steps of MS milliseconds as fit into US. */
void run(struct world *w, uint64_t us, uint64_t step_us);
/* Until nothing more is done or told; fails after a hundred steps. */
void calm_down(struct world *w);

void forget_told(struct world *w);
uint32_t told_now(const struct world *w, enum event_kind kind);
/* The first of its kind in the latest plan; fails when there is none. */
const struct event *event_of(const struct world *w, enum event_kind kind);
const struct action *action_of(const struct world *w, enum action_kind kind);
bool plan_empty(const struct world *w);

/* ---- swap ---- */
#define GIB ((uint64_t)1 << 30)
/* The policy wants SIZE of swap; all of it can be read, there is none yet, and the disk has 40 of
 * 50 GiB free. The kernel does what the plan says here too. */
void with_swap(struct world *w, uint64_t size);
/* Our file FILE is there, made by guardiand, of that size. */
struct swap_file *swap_file_is(struct world *w, uint8_t file, uint64_t size, bool active);
/* Swap of somebody else. */
void foreign_swap(struct world *w, uint64_t size);
/* What the kernel counts: USED of TOTAL is in use, and nobody stands still for memory. */
void swap_counts(struct world *w, uint64_t total, uint64_t used);
/* So much of file FILE is in use. */
void use_swap(struct world *w, uint8_t file, uint64_t used);
/* The policy is loaded again, wanting SIZE. */
void want_swap(struct world *w, uint64_t size);

/* ---- streams (streams_world.c) ---- */
/* The policy allows MAX, taken to be 100 MiB each; the file is there and says so, nobody runs, and
 * memory carries 16. */
void with_streams(struct world *w, uint32_t max);
/* One more runs, of service 0 and 50 MiB, in SLOT or in none. */
struct stream_process *add_stream(struct world *w, uint32_t pid, int16_t slot);
struct stream_process *stream(struct world *w, uint32_t pid);
void end_stream(struct world *w, uint32_t pid);
/* N streams have run and ended, that took BYTES each. */
void streams_took(struct world *w, uint32_t n, uint64_t bytes);
/* The policy is loaded again, allowing MAX. */
void want_streams(struct world *w, uint32_t max);
/* So many more does memory carry, at 100 MiB each. */
void memory_carries(struct world *w, uint64_t more);
void obey_streams(struct world *w, const struct action *a);

#define assert_silent(w) assert_true(plan_empty(w))

#endif
