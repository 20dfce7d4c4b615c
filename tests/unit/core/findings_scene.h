/*
 * A policy, a snapshot and what check_rules finds in them.
 */
#ifndef TESTS_FINDINGS_SCENE_H
#define TESTS_FINDINGS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "guardian/check_rules.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct policy policy;
static struct snapshot snap;
static struct check_world world;
static struct check_findings found;

static inline struct policy_service *service(const char *name)
{
	struct policy_service *s = &policy.service[policy.n_services++];

	strcpy(s->name, name);
	strcpy(s->container, name);
	s->warn_centipct = 8000;
	s->critical_centipct = 9000;
	return s;
}

static inline struct member_sample *member(uint16_t of)
{
	struct member_sample *m = &snap.member[snap.n_members++];

	m->inode = 100 + snap.n_members;
	m->service = of;
	m->also = SERVICE_NONE;
	m->ancestor = -1;
	m->valid = MEMBER_CURRENT | MEMBER_STAT;
	m->current_bytes = 100 * MIB;
	limit_put(&m->live, LIMIT_MAX, GIB);
	return m;
}

static inline struct check_container *container(const char *name, uint16_t of)
{
	struct check_container *c = &world.container[world.n_containers++];

	strcpy(c->name, name);
	c->service = of;
	c->has_limit = true;
	c->limit_bytes = GIB;
	return c;
}

/* A host where all is well: half of 4 GiB used, swap, a daemon that watches, `backend` under its
 * limit of 1 GiB. */
static inline int setup(void **unused)
{
	(void)unused;
	memset(&policy, 0, sizeof(policy));
	memset(&snap, 0, sizeof(snap));
	memset(&world, 0, sizeof(world));
	policy.host = (struct policy_host){
		.reserve_bytes = 512 * MIB, .warn_centipct = 8000, .critical_centipct = 9000};
	limit_put(&service("backend")->limits, LIMIT_MAX, GIB);
	snap.page_bytes = 4096;
	snap.host.valid = HOST_MEMORY | HOST_SWAP | HOST_PSI_MEMORY;
	snap.host.mem_total_bytes = 4 * GIB;
	snap.host.mem_available_bytes = 2 * GIB;
	snap.host.swap_total_bytes = GIB;
	snap.host.swap_free_bytes = GIB;
	snap.peer[PEER_DOCKER] = PEER_OK;
	member(0);
	container("backend", 0);
	world.policy = &policy;
	world.snap = &snap;
	world.daemon = CHECK_ALIVE;
	world.daemon_pid = 812;
	world.claim[0] = CLAIM_HELD;
	return 0;
}

static inline const struct check_finding *look(enum check_kind kind)
{
	check_rules(&world, &found);
	for (uint16_t i = 0; i < found.n; i++)
		if (found.finding[i].kind == kind)
			return &found.finding[i];
	return NULL;
}

static inline uint32_t count(enum check_kind kind)
{
	uint32_t n = 0;

	check_rules(&world, &found);
	for (uint16_t i = 0; i < found.n; i++)
		n += found.finding[i].kind == kind;
	return n;
}

#define assert_found(kind, how_bad)                                                                \
	do {                                                                                       \
		const struct check_finding *f_ = look(kind);                                       \
		assert_non_null(f_);                                                               \
		assert_int_equal(f_->severity, how_bad);                                           \
	} while (0)

/* system.slice (0) with backend below it. */
static inline struct member_sample *reserve(uint64_t wanted, uint64_t of_slice)
{
	snap.n_ancestors = 1;
	snap.ancestor[0] =
		(struct ancestor_sample){.parent = -1, .has_low = true, .low_bytes = of_slice};
	snap.member[0].ancestor = 0;
	limit_put(&policy.service[0].limits, LIMIT_LOW, wanted);
	limit_put(&snap.member[0].live, LIMIT_LOW, wanted);
	return &snap.member[0];
}

#endif
