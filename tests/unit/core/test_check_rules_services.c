/*
 * check_rules: what is found of services: absence, memory, drift and void reservations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "findings_scene.h"
#include "guardian/check_rules.h"

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

static void swap_left_to_it_makes_a_warning_of_it(void **unused)
{
	struct member_sample *m = &snap.member[0];

	(void)unused;
	m->current_bytes = m->anon_bytes = GIB;
	m->valid |= MEMBER_SWAP | MEMBER_PSI;
	limit_put(&m->live, LIMIT_SWAP_MAX, GIB);
	assert_found(CHECK_SERVICE_WARN, CHECK_WARNING);
	assert_int_equal(look(CHECK_SERVICE_WARN)->n[0], 10000);
	assert_null(look(CHECK_SERVICE_CRITICAL));
	m->swap_bytes = GIB;
	assert_found(CHECK_SERVICE_CRITICAL, CHECK_CRITICAL);
	m->swap_bytes = 0;
	policy.service[0].is_protected = true;
	assert_found(CHECK_SERVICE_CRITICAL, CHECK_CRITICAL);
	policy.service[0].is_protected = false;
	snap.host.swap_total_bytes = snap.host.swap_free_bytes = 0;
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

/* memory.low counts only as far as all cgroups above have one. */
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

/* guardiand arranges none for what two services claim, so there is none to be void. */
static void a_reservation_in_conflict_is_none(void **unused)
{
	(void)unused;
	service("redis");
	reserve(512 * MIB, 0)->also = 1;
	assert_null(look(CHECK_VOID_RESERVATION));
	limit_put(&policy.service[1].limits, LIMIT_LOW, 128 * MIB);
	member(1)->ancestor = 0;
	assert_int_equal(count(CHECK_VOID_RESERVATION), 1);
	assert_int_equal(look(CHECK_VOID_RESERVATION)->n[2], 128 * MIB);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_service_that_nothing_is, setup),
		cmocka_unit_test_setup(two_services_match_one_container, setup),
		cmocka_unit_test_setup(a_service_s_memory_has_two_thresholds, setup),
		cmocka_unit_test_setup(swap_left_to_it_makes_a_warning_of_it, setup),
		cmocka_unit_test_setup(a_service_that_cannot_be_read_is_unknown, setup),
		cmocka_unit_test_setup(unlimited_memory_is_never_short, setup),
		cmocka_unit_test_setup(the_tighter_of_two_limits_counts, setup),
		cmocka_unit_test_setup(a_limit_that_is_not_what_the_policy_says, setup),
		cmocka_unit_test_setup(rounding_to_pages_is_no_drift, setup),
		cmocka_unit_test_setup(each_value_may_drift, setup),
		cmocka_unit_test_setup(a_reservation_that_protects_nothing, setup),
		cmocka_unit_test_setup(the_reservation_above_is_shared, setup),
		cmocka_unit_test_setup(every_level_above_counts, setup),
		cmocka_unit_test_setup(a_reservation_in_conflict_is_none, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
