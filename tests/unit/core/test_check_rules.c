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

#include "findings_scene.h"
#include "guardian/check_rules.h"

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

static void a_policy_that_others_may_write(void **unused)
{
	(void)unused;
	assert_null(look(CHECK_POLICY_OPEN));
	world.policy_open = true;
	assert_found(CHECK_POLICY_OPEN, CHECK_WARNING);
	world.daemon = CHECK_ABSENT;
	assert_found(CHECK_POLICY_OPEN, CHECK_WARNING);
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
	snap.host.swap_free_bytes = 512 * MIB; /* less than critical keeps */
	assert_found(CHECK_HOST_CRITICAL, CHECK_CRITICAL);
	assert_int_equal(look(CHECK_HOST_CRITICAL)->n[1], 9000);
	assert_null(look(CHECK_HOST_WARN));
	/* A policy that has them the wrong way round is still critical from the one named so. */
	policy.host.warn_centipct = 9500;
	assert_found(CHECK_HOST_CRITICAL, CHECK_CRITICAL);
}

/* What the daemon says then. */
static void free_swap_makes_a_warning_of_it(void **unused)
{
	(void)unused;
	snap.host.mem_available_bytes = 200 * MIB;
	assert_found(CHECK_HOST_WARN, CHECK_WARNING);
	assert_int_equal(look(CHECK_HOST_WARN)->n[0], 9511);
	assert_int_equal(look(CHECK_HOST_WARN)->n[1], 8000);
	assert_null(look(CHECK_HOST_CRITICAL));
	snap.host.psi_memory.full.avg10_centipct = 500;
	assert_found(CHECK_HOST_CRITICAL, CHECK_CRITICAL);
	snap.host.psi_memory.full.avg10_centipct = 0;
	snap.host.valid &= ~(uint32_t)HOST_SWAP;
	assert_found(CHECK_HOST_CRITICAL, CHECK_CRITICAL);
}

/* A reading that is missing is unknown, and neither "ok" nor hidden behind a warning. */
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

/* Limits and reserve above the physical memory. */
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

/* Where two services claim a container, it has its own limit and gets that of neither. */
static void a_limit_in_conflict_is_what_it_is(void **unused)
{
	(void)unused;
	policy.host.reserve_bytes = 4 * GIB;
	service("web");
	snap.member[0].also = 1;
	limit_put(&snap.member[0].live, LIMIT_MAX, 2 * GIB);
	assert_int_equal(look(CHECK_OVERCOMMIT)->n[0], 2 * GIB);
}

/* Four limits of 4 EiB make 2^64: not nothing. */
static void a_sum_of_limits_does_not_begin_anew(void **unused)
{
	(void)unused;
	policy.service[0].limits.mask = 0;
	limit_put(&snap.member[0].live, LIMIT_MAX, 1ULL << 62);
	for (int i = 1; i < 4; i++)
		limit_put(&member(0)->live, LIMIT_MAX, 1ULL << 62);
	assert_found(CHECK_OVERCOMMIT, CHECK_WARNING);
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
		cmocka_unit_test_setup(a_policy_that_others_may_write, setup),
		cmocka_unit_test_setup(used_memory_in_hundredths_of_a_percent, setup),
		cmocka_unit_test_setup(the_host_s_memory_has_two_thresholds, setup),
		cmocka_unit_test_setup(free_swap_makes_a_warning_of_it, setup),
		cmocka_unit_test_setup(a_missing_reading_is_unknown, setup),
		cmocka_unit_test_setup(no_swap_is_a_risk, setup),
		cmocka_unit_test_setup(each_container_without_a_limit_is_named, setup),
		cmocka_unit_test_setup(a_limit_that_cannot_be_read_is_unknown, setup),
		cmocka_unit_test_setup(what_was_not_seen_is_said, setup),
		cmocka_unit_test_setup(limits_that_promise_too_much, setup),
		cmocka_unit_test_setup(every_limit_counts_once, setup),
		cmocka_unit_test_setup(a_limit_in_conflict_is_what_it_is, setup),
		cmocka_unit_test_setup(a_sum_of_limits_does_not_begin_anew, setup),
		cmocka_unit_test_setup(no_limits_promise_nothing, setup),
		cmocka_unit_test_setup(what_the_machine_lacks, setup),
		cmocka_unit_test_setup(dockerd_is_silent, setup),
		cmocka_unit_test_setup(odd_indices_do_no_harm, setup),
		cmocka_unit_test_setup(the_worst_come_first_and_stay, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
