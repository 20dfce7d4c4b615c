/*
 * check_rules: each finding when it should be there, none when all is well, and never one made of a
 * value that was not read.
 */
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

static struct policy_service *service(const char *name)
{
	struct policy_service *s = &policy.service[policy.n_services++];

	strcpy(s->name, name);
	strcpy(s->container, name);
	s->warn_centipct = 8000;
	s->critical_centipct = 9000;
	return s;
}

static struct member_sample *member(uint16_t of)
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

static struct check_container *container(const char *name, uint16_t of)
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
static int setup(void **unused)
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

static const struct check_finding *look(enum check_kind kind)
{
	check_rules(&world, &found);
	for (uint16_t i = 0; i < found.n; i++)
		if (found.finding[i].kind == kind)
			return &found.finding[i];
	return NULL;
}

static uint32_t count(enum check_kind kind)
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

static void nothing_is_found_where_all_is_well(void **unused)
{
	(void)unused;
	check_rules(&world, &found);
	/* But that nobody can state a cap on streams yet. */
	assert_int_equal(found.n, 1);
	assert_int_equal(found.finding[0].kind, CHECK_NO_STREAM_CAP);
	assert_int_equal(found.worst, CHECK_NOTICE);
	assert_int_equal(found.untold, 0);
	assert_int_equal(check_exit_status(CHECK_NOTICE), 0);
	assert_int_equal(check_exit_status(CHECK_WARNING), 1);
	assert_int_equal(check_exit_status(CHECK_CRITICAL), 2);
	assert_int_equal(check_exit_status(CHECK_UNKNOWN), 3);
}

static void nobody_watching_is_critical(void **unused)
{
	const struct check_finding *f;

	(void)unused;
	world.daemon_age_us = 60000000;
	world.daemon_patience_us = 10000000;
	world.daemon = CHECK_SILENT;
	assert_found(CHECK_DAEMON_SILENT, CHECK_CRITICAL);
	f = look(CHECK_DAEMON_SILENT);
	assert_int_equal(f->n[0], 812);
	assert_int_equal(f->n[1], 60000000);
	assert_int_equal(f->n[2], 10000000);
	world.daemon = CHECK_GONE;
	assert_found(CHECK_DAEMON_GONE, CHECK_CRITICAL);
	world.daemon = CHECK_ABSENT;
	assert_found(CHECK_DAEMON_ABSENT, CHECK_CRITICAL);
	world.daemon = CHECK_HIDDEN;
	world.daemon_error = 13;
	assert_found(CHECK_DAEMON_HIDDEN, CHECK_UNKNOWN);
	assert_int_equal(look(CHECK_DAEMON_HIDDEN)->n[0], 13);
}

static void a_daemon_that_may_not_or_does_not_do_what_the_file_says(void **unused)
{
	(void)unused;
	world.daemon_rejected = true;
	assert_found(CHECK_POLICY_REJECTED, CHECK_WARNING);
	policy.mode = MODE_OBSERVE;
	assert_found(CHECK_OBSERVING, CHECK_NOTICE);
	world.daemon = CHECK_ABSENT;
	assert_null(look(CHECK_POLICY_REJECTED));
	assert_null(look(CHECK_OBSERVING));
}

static void used_memory_in_hundredths_of_a_percent(void **unused)
{
	struct host_sample *host = &snap.host;

	(void)unused;
	assert_int_equal(check_used_centipct(host), 5000);
	host->mem_available_bytes = 0;
	assert_int_equal(check_used_centipct(host), 10000);
	host->mem_available_bytes = 5 * GIB;
	assert_int_equal(check_used_centipct(host), 0);
	host->mem_total_bytes = host->mem_available_bytes = 0;
	assert_int_equal(check_used_centipct(host), 0);
	host->mem_total_bytes = 1023;
	assert_int_equal(check_used_centipct(host), 0);
	host->mem_total_bytes = 1ULL << 60;
	host->mem_available_bytes = 1ULL << 58;
	assert_int_equal(check_used_centipct(host), 7500);
}

static void the_host_s_memory_has_two_thresholds(void **unused)
{
	const struct check_finding *f;

	(void)unused;
	snap.host.mem_total_bytes = 10000 * MIB;
	snap.host.mem_available_bytes = 2001 * MIB;
	assert_null(look(CHECK_HOST_WARN));
	snap.host.mem_available_bytes = 2000 * MIB;
	assert_found(CHECK_HOST_WARN, CHECK_WARNING);
	f = look(CHECK_HOST_WARN);
	assert_int_equal(f->n[0], 8000);
	assert_int_equal(f->n[1], 8000);
	assert_int_equal(f->n[2], 2000 * MIB);
	assert_int_equal(f->n[3], 10000 * MIB);
	snap.host.mem_available_bytes = 1000 * MIB;
	assert_found(CHECK_HOST_CRITICAL, CHECK_CRITICAL);
	assert_int_equal(look(CHECK_HOST_CRITICAL)->n[1], 9000);
	assert_null(look(CHECK_HOST_WARN));
	/* A policy that has them the wrong way round is still critical from the one named so. */
	policy.host.warn_centipct = 9500;
	assert_found(CHECK_HOST_CRITICAL, CHECK_CRITICAL);
}

/* Trap 61: a reading that is missing is unknown, and neither "ok" nor hidden behind a warning. */
static void a_missing_reading_is_unknown(void **unused)
{
	(void)unused;
	snap.host.valid = 0;
	snap.host.mem_total_bytes = snap.host.mem_available_bytes = snap.host.swap_total_bytes = 0;
	assert_found(CHECK_MEMORY_UNREAD, CHECK_UNKNOWN);
	assert_found(CHECK_SWAP_UNREAD, CHECK_UNKNOWN);
	assert_null(look(CHECK_NO_SWAP));
	assert_null(look(CHECK_HOST_WARN));
	assert_null(look(CHECK_OVERCOMMIT));
	world.container[0].limit_bytes = LIMIT_UNLIMITED; /* a warning beside it */
	check_rules(&world, &found);
	assert_int_equal(check_exit_status(found.worst), 3);
}

static void no_swap_is_a_risk(void **unused)
{
	(void)unused;
	snap.host.swap_total_bytes = snap.host.swap_free_bytes = 0;
	assert_found(CHECK_NO_SWAP, CHECK_WARNING);
}

static void each_container_without_a_limit_is_named(void **unused)
{
	const struct check_finding *f;

	(void)unused;
	container("stray", SERVICE_NONE)->limit_bytes = LIMIT_UNLIMITED;
	world.container[0].limit_bytes = LIMIT_UNLIMITED;
	assert_int_equal(count(CHECK_UNLIMITED), 2);
	assert_int_equal(found.worst, CHECK_WARNING);
	f = &found.finding[0];
	assert_int_equal(f->kind, CHECK_UNLIMITED);
	assert_int_equal(f->container, 0);
	assert_int_equal(f->service, 0);
	assert_int_equal(f[1].container, 1);
	assert_int_equal(f[1].service, SERVICE_NONE);
}

static void a_limit_that_cannot_be_read_is_unknown(void **unused)
{
	(void)unused;
	world.container[0].has_limit = false;
	assert_found(CHECK_LIMIT_UNREAD, CHECK_UNKNOWN);
	assert_null(look(CHECK_UNLIMITED));
}

static void what_was_not_seen_is_said(void **unused)
{
	(void)unused;
	world.names_unread = 2;
	world.unseen = 7;
	assert_found(CHECK_NAMES_UNREAD, CHECK_WARNING);
	assert_found(CHECK_CROWDED, CHECK_WARNING);
	assert_int_equal(look(CHECK_CROWDED)->n[0], 7);
}

/* Trap 65: limits and reserve above the physical memory. */
static void limits_that_promise_too_much(void **unused)
{
	const struct check_finding *f;

	(void)unused;
	/* 1 GiB of backend + 0.5 of the reserve; 2.5 GiB more are just right. */
	limit_put(&service("redis")->limits, LIMIT_MAX, 2 * GIB + 512 * MIB);
	assert_null(look(CHECK_OVERCOMMIT));
	policy.host.reserve_bytes += 1;
	assert_found(CHECK_OVERCOMMIT, CHECK_WARNING);
	f = look(CHECK_OVERCOMMIT);
	assert_int_equal(f->n[0], 3 * GIB + 512 * MIB);
	assert_int_equal(f->n[1], 512 * MIB + 1);
	assert_int_equal(f->n[2], 4 * GIB);
}

/* Each member counts, also those that no policy limits; a service that does not run counts with
 * what it will get. */
static void every_limit_counts_once(void **unused)
{
	(void)unused;
	policy.host.reserve_bytes = 4 * GIB; /* so that any sum is too much */
	member(0);                           /* a second one of backend: 2 GiB */
	service("free");                     /* no mem_limit; its container has 1 GiB */
	member(1);
	limit_put(&service("redis")->limits, LIMIT_MAX, 256 * MIB);
	limit_put(&service("boundless")->limits, LIMIT_MAX, LIMIT_UNLIMITED);
	service("absent");
	limit_put(&service("endless")->limits, LIMIT_MAX, LIMIT_UNLIMITED);
	container("stray", SERVICE_NONE)->limit_bytes = 100 * MIB;
	container("unlimited", SERVICE_NONE)->limit_bytes = LIMIT_UNLIMITED;
	container("unread", SERVICE_NONE)->has_limit = false;
	member(1)->live.mask = 0; /* not read */
	member(SERVICE_NONE);     /* of a service that a reload took away */
	limit_put(&member(3)->live, LIMIT_MAX, LIMIT_UNLIMITED);
	assert_int_equal(look(CHECK_OVERCOMMIT)->n[0], 3 * GIB + 356 * MIB);
}

static void no_limits_promise_nothing(void **unused)
{
	(void)unused;
	policy.host.reserve_bytes = 5 * GIB;
	policy.service[0].limits.mask = 0;
	snap.n_members = 0;
	world.n_containers = 0;
	assert_null(look(CHECK_OVERCOMMIT));
}

static void what_the_machine_lacks(void **unused)
{
	(void)unused;
	snap.lacks = LACK_CGROUP2;
	assert_found(CHECK_LACK, CHECK_WARNING);
	assert_int_equal(look(CHECK_LACK)->subject, 0);
	snap.lacks = LACK_PSI;
	assert_found(CHECK_LACK, CHECK_WARNING);
	snap.lacks = LACK_ROOT | LACK_DOCKER | LACK_JOURNAL;
	assert_found(CHECK_LACK, CHECK_NOTICE);
	assert_int_equal(count(CHECK_LACK), 3);
	assert_int_equal(found.worst, CHECK_NOTICE);
}

static void dockerd_is_silent(void **unused)
{
	(void)unused;
	snap.peer[PEER_DOCKER] = PEER_SILENT;
	assert_found(CHECK_DOCKER_SILENT, CHECK_WARNING);
	snap.peer[PEER_DOCKER] = PEER_ABSENT;
	assert_null(look(CHECK_DOCKER_SILENT));
}

static void a_service_that_nothing_is(void **unused)
{
	struct policy_service *unit;

	(void)unused;
	service("redis");
	assert_found(CHECK_SERVICE_ABSENT, CHECK_WARNING);
	assert_int_equal(look(CHECK_SERVICE_ABSENT)->service, 1);
	/* It may be the container whose name is not known; a unit needs no name. */
	world.names_unread = 1;
	assert_null(look(CHECK_SERVICE_ABSENT));
	policy.service[1].container[0] = '\0';
	strcpy(policy.service[1].compose, "shop/redis");
	assert_null(look(CHECK_SERVICE_ABSENT));
	unit = service("nginx");
	unit->container[0] = '\0';
	strcpy(unit->unit, "nginx.service");
	assert_int_equal(look(CHECK_SERVICE_ABSENT)->service, 2);
	/* Without a tree to look at, absence says nothing. */
	snap.lacks = LACK_CGROUP2;
	assert_null(look(CHECK_SERVICE_ABSENT));
}

static void two_services_match_one_container(void **unused)
{
	(void)unused;
	service("web");
	snap.member[0].also = 1;
	limit_put(&snap.member[0].live, LIMIT_MAX, 2 * GIB);
	assert_found(CHECK_CONFLICT, CHECK_WARNING);
	assert_int_equal(look(CHECK_CONFLICT)->other, 1);
	assert_null(look(CHECK_SERVICE_ABSENT)); /* web is there, in a way */
	assert_null(look(CHECK_DRIFT));          /* and limits wait for the policy */
}

static void a_service_s_memory_has_two_thresholds(void **unused)
{
	struct member_sample *m = &snap.member[0];
	const struct check_finding *f;

	(void)unused;
	limit_put(&m->live, LIMIT_MAX, 1000 * MIB);
	limit_put(&policy.service[0].limits, LIMIT_MAX, 1000 * MIB);
	m->current_bytes = 799 * MIB;
	assert_null(look(CHECK_SERVICE_WARN));
	m->current_bytes = 800 * MIB;
	assert_found(CHECK_SERVICE_WARN, CHECK_WARNING);
	f = look(CHECK_SERVICE_WARN);
	assert_int_equal(f->n[0], 8000);
	assert_int_equal(f->n[1], 8000);
	assert_int_equal(f->n[2], 800 * MIB);
	assert_int_equal(f->n[3], 1000 * MIB);
	m->current_bytes = 2000 * MIB;
	assert_found(CHECK_SERVICE_CRITICAL, CHECK_CRITICAL);
	assert_int_equal(look(CHECK_SERVICE_CRITICAL)->n[0], 10000);
	/* Page cache that can be dropped is no use of memory. */
	m->inactive_file_bytes = 1500 * MIB;
	assert_null(look(CHECK_SERVICE_WARN));
	assert_null(look(CHECK_SERVICE_CRITICAL));
	policy.service[0].warn_centipct = 9500;
	m->inactive_file_bytes = 1080 * MIB;
	assert_found(CHECK_SERVICE_CRITICAL, CHECK_CRITICAL);
}

static void a_service_that_cannot_be_read_is_unknown(void **unused)
{
	(void)unused;
	snap.member[0].valid = MEMBER_CURRENT;
	assert_found(CHECK_SERVICE_UNREAD, CHECK_UNKNOWN);
	snap.member[0].valid = MEMBER_STAT;
	assert_found(CHECK_SERVICE_UNREAD, CHECK_UNKNOWN);
	snap.member[0].valid |= MEMBER_CURRENT;
	snap.member[0].live.mask = 0;
	assert_found(CHECK_SERVICE_UNREAD, CHECK_UNKNOWN);
	assert_null(look(CHECK_DRIFT));
}

static void unlimited_memory_is_never_short(void **unused)
{
	(void)unused;
	policy.service[0].limits.mask = 0;
	limit_put(&snap.member[0].live, LIMIT_MAX, LIMIT_UNLIMITED);
	snap.member[0].current_bytes = 3 * GIB;
	check_rules(&world, &found);
	assert_int_equal(found.worst, CHECK_NOTICE);
}

static void the_tighter_of_two_limits_counts(void **unused)
{
	struct member_sample m = {.valid = MEMBER_INNER_MAX, .inner_max_bytes = 5};
	uint64_t limit;

	(void)unused;
	assert_true(check_member_limit(&m, &limit));
	assert_int_equal(limit, 5);
	limit_put(&m.live, LIMIT_MAX, 4);
	assert_true(check_member_limit(&m, &limit));
	assert_int_equal(limit, 4);
	m.inner_max_bytes = 3;
	assert_true(check_member_limit(&m, &limit));
	assert_int_equal(limit, 3);
	m.valid = 0;
	assert_true(check_member_limit(&m, &limit));
	assert_int_equal(limit, 4);
	m.live.mask = 0;
	assert_false(check_member_limit(&m, &limit));
	assert_int_equal(limit, LIMIT_UNLIMITED);
}

static void a_limit_that_is_not_what_the_policy_says(void **unused)
{
	static const struct {
		enum check_daemon daemon;
		enum check_claim claim;
		enum check_kind kind;
	} cases[] = {
		{CHECK_ALIVE, CLAIM_NONE, CHECK_DRIFT},
		{CHECK_ALIVE, CLAIM_HELD, CHECK_DRIFT},
		{CHECK_ALIVE, CLAIM_REFUSED, CHECK_REFUSED},
		{CHECK_ALIVE, CLAIM_FAILED, CHECK_FAILED},
		{CHECK_ALIVE, CLAIM_SURRENDERED, CHECK_SURRENDERED},
		{CHECK_GONE, CLAIM_SURRENDERED,
			CHECK_DRIFT}, /* what the dead have said is no excuse */
		{CHECK_GONE, CLAIM_PENDING, CHECK_DRIFT},
	};
	const struct check_finding *f;

	(void)unused;
	limit_put(&snap.member[0].live, LIMIT_MAX, 2 * GIB);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world.daemon = cases[i].daemon;
		world.claim[0] = (uint8_t)cases[i].claim;
		assert_found(cases[i].kind, CHECK_WARNING);
		f = look(cases[i].kind);
		assert_int_equal(f->limit, LIMIT_MAX);
		assert_int_equal(f->n[0], GIB);
		assert_int_equal(f->n[1], 2 * GIB);
	}
	/* Being repaired just now. */
	world.daemon = CHECK_ALIVE;
	world.claim[0] = CLAIM_PENDING;
	assert_null(look(CHECK_DRIFT));
}

static void rounding_to_pages_is_no_drift(void **unused)
{
	(void)unused;
	limit_put(&policy.service[0].limits, LIMIT_MAX, 100000000);
	limit_put(&snap.member[0].live, LIMIT_MAX, 99999744);
	snap.member[0].current_bytes = MIB;
	assert_null(look(CHECK_DRIFT));
}

static void each_value_may_drift(void **unused)
{
	struct policy_service *s = &policy.service[0];
	struct limit_set *live = &snap.member[0].live;

	(void)unused;
	limit_put(&s->limits, LIMIT_SWAP_MAX, 0);
	limit_put(&s->limits, LIMIT_OOM_GROUP, 1);
	limit_put(live, LIMIT_SWAP_MAX, LIMIT_UNLIMITED);
	limit_put(live, LIMIT_OOM_GROUP, 0);
	assert_int_equal(count(CHECK_DRIFT), 2);
	live->mask &= ~(1U << LIMIT_SWAP_MAX); /* no swap accounting: nothing is known */
	assert_int_equal(count(CHECK_DRIFT), 1);
	assert_int_equal(look(CHECK_DRIFT)->limit, LIMIT_OOM_GROUP);
}

/* system.slice (0) with backend below it. */
static struct member_sample *reserve(uint64_t wanted, uint64_t of_slice)
{
	snap.n_ancestors = 1;
	snap.ancestor[0] =
		(struct ancestor_sample){.parent = -1, .has_low = true, .low_bytes = of_slice};
	snap.member[0].ancestor = 0;
	limit_put(&policy.service[0].limits, LIMIT_LOW, wanted);
	limit_put(&snap.member[0].live, LIMIT_LOW, wanted);
	return &snap.member[0];
}

/* Trap 43: memory.low counts only as far as all cgroups above have one. */
static void a_reservation_that_protects_nothing(void **unused)
{
	const struct check_finding *f;

	(void)unused;
	reserve(512 * MIB, 0);
	assert_found(CHECK_VOID_RESERVATION, CHECK_WARNING);
	f = look(CHECK_VOID_RESERVATION);
	assert_int_equal(f->service, 0);
	assert_int_equal(f->n[0], 512 * MIB);
	assert_int_equal(f->n[1], 0);
	assert_int_equal(f->n[2], 512 * MIB);
	snap.ancestor[0].low_bytes = 512 * MIB;
	assert_null(look(CHECK_VOID_RESERVATION));
	snap.ancestor[0].low_bytes = LIMIT_UNLIMITED;
	assert_null(look(CHECK_VOID_RESERVATION));
	snap.ancestor[0] = (struct ancestor_sample){.parent = -1}; /* not read */
	assert_null(look(CHECK_VOID_RESERVATION));
}

static void the_reservation_above_is_shared(void **unused)
{
	struct policy_service *redis = service("redis");

	(void)unused;
	reserve(512 * MIB, 600 * MIB);
	limit_put(&redis->limits, LIMIT_LOW, 128 * MIB);
	member(1)->ancestor = 0;
	member(SERVICE_NONE)->ancestor = 0; /* of no service: wants nothing */
	assert_int_equal(count(CHECK_VOID_RESERVATION), 2);
	assert_int_equal(look(CHECK_VOID_RESERVATION)->n[2], 640 * MIB);
	snap.ancestor[0].low_bytes = 640 * MIB - 100; /* as far as pages go, it is not the same */
	assert_int_equal(count(CHECK_VOID_RESERVATION), 2);
	snap.ancestor[0].low_bytes = 640 * MIB;
	assert_int_equal(count(CHECK_VOID_RESERVATION), 0);
	/* Rounded down by the kernel. */
	limit_put(&redis->limits, LIMIT_LOW, 128 * MIB + 100);
	assert_int_equal(count(CHECK_VOID_RESERVATION), 0);
}

static void every_level_above_counts(void **unused)
{
	(void)unused;
	reserve(512 * MIB, 512 * MIB);
	snap.n_ancestors = 2;
	snap.ancestor[1] = (struct ancestor_sample){.parent = -1, .has_low = true, .low_bytes = 0};
	snap.ancestor[0].parent = 1; /* indices need not rise downwards */
	assert_int_equal(look(CHECK_VOID_RESERVATION)->n[1], 0);
	snap.ancestor[1].low_bytes = GIB;
	assert_null(look(CHECK_VOID_RESERVATION));
}

static void odd_indices_do_no_harm(void **unused)
{
	struct member_sample *m = reserve(512 * MIB, 512 * MIB);

	(void)unused;
	snap.ancestor[0].parent = 0; /* a circle */
	assert_null(look(CHECK_VOID_RESERVATION));
	m->ancestor = 5;
	assert_null(look(CHECK_VOID_RESERVATION));
	m->service = 99;
	check_rules(&world, &found);
}

/* More findings than are kept: the worst stay, the others are counted, and the verdict is that of
 * all. */
static void the_worst_come_first_and_stay(void **unused)
{
	(void)unused;
	for (int i = 1; i < 300; i++)
		container("stray", SERVICE_NONE)->limit_bytes = LIMIT_UNLIMITED;
	snap.host.swap_total_bytes = 0;
	world.daemon = CHECK_GONE;
	world.container[299].has_limit = false;
	check_rules(&world, &found);
	assert_int_equal(found.n, CHECK_FINDINGS_MAX);
	assert_int_equal(found.finding[0].kind, CHECK_DAEMON_GONE);
	assert_int_equal(found.finding[1].kind, CHECK_LIMIT_UNREAD);
	assert_int_equal(found.finding[2].kind, CHECK_UNLIMITED);
	assert_int_equal(found.finding[2].container, 1);
	/* 298 unlimited, 1 unread, the daemon, no swap, no cap on streams. */
	assert_int_equal(found.untold, 302 - CHECK_FINDINGS_MAX);
	for (uint16_t i = 1; i < found.n; i++)
		assert_true(found.finding[i].severity <= found.finding[i - 1].severity);
	assert_int_equal(found.worst, CHECK_CRITICAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_found_where_all_is_well, setup),
		cmocka_unit_test_setup(nobody_watching_is_critical, setup),
		cmocka_unit_test_setup(
			a_daemon_that_may_not_or_does_not_do_what_the_file_says, setup),
		cmocka_unit_test_setup(used_memory_in_hundredths_of_a_percent, setup),
		cmocka_unit_test_setup(the_host_s_memory_has_two_thresholds, setup),
		cmocka_unit_test_setup(a_missing_reading_is_unknown, setup),
		cmocka_unit_test_setup(no_swap_is_a_risk, setup),
		cmocka_unit_test_setup(each_container_without_a_limit_is_named, setup),
		cmocka_unit_test_setup(a_limit_that_cannot_be_read_is_unknown, setup),
		cmocka_unit_test_setup(what_was_not_seen_is_said, setup),
		cmocka_unit_test_setup(limits_that_promise_too_much, setup),
		cmocka_unit_test_setup(every_limit_counts_once, setup),
		cmocka_unit_test_setup(no_limits_promise_nothing, setup),
		cmocka_unit_test_setup(what_the_machine_lacks, setup),
		cmocka_unit_test_setup(dockerd_is_silent, setup),
		cmocka_unit_test_setup(a_service_that_nothing_is, setup),
		cmocka_unit_test_setup(two_services_match_one_container, setup),
		cmocka_unit_test_setup(a_service_s_memory_has_two_thresholds, setup),
		cmocka_unit_test_setup(a_service_that_cannot_be_read_is_unknown, setup),
		cmocka_unit_test_setup(unlimited_memory_is_never_short, setup),
		cmocka_unit_test_setup(the_tighter_of_two_limits_counts, setup),
		cmocka_unit_test_setup(a_limit_that_is_not_what_the_policy_says, setup),
		cmocka_unit_test_setup(rounding_to_pages_is_no_drift, setup),
		cmocka_unit_test_setup(each_value_may_drift, setup),
		cmocka_unit_test_setup(a_reservation_that_protects_nothing, setup),
		cmocka_unit_test_setup(the_reservation_above_is_shared, setup),
		cmocka_unit_test_setup(every_level_above_counts, setup),
		cmocka_unit_test_setup(odd_indices_do_no_harm, setup),
		cmocka_unit_test_setup(the_worst_come_first_and_stay, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
