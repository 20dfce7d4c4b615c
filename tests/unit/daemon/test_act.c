/*
 * act: what of an action reaches the machine, by driver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/act.h"
#include "lanes_scene.h"

enum { MIB = 1 << 20 };

static struct policy policy;
static struct snapshot snap;
static struct roster roster;

/* A container `web` below system.slice, member of the one service, and a stray one. */
static int setup(void **state)
{
	(void)state;
	lanes_start();
	memset(&policy, 0, sizeof(policy));
	memset(&snap, 0, sizeof(snap));
	memset(&roster, 0, sizeof(roster));
	policy.n_services = 1;
	strcpy(policy.service[0].container, "web");
	roster_init(&roster, host.cgfd, &policy, NULL, &snap);
	for (unsigned n = 1; n <= 2; n++) {
		host_container(&host, n, n == 1 ? "web" : "stray");
		roster_appeared(&roster, host_scope(n));
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	roster_close(&roster);
	lanes_end();
	return 0;
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void name_it(unsigned n, const char *name)
{
	struct docker_container c = {.running = true};

	strcpy(c.id, host_id(n));
	strcpy(c.name, name);
	roster_named(&roster, host_inode(&host, host_scope(n)), 0, &c);
}

static struct action action_on(enum action_kind kind, const char *cgroup)
{
	struct action a = {.kind = (uint8_t)kind, .ticket = 9, .inode = host_inode(&host, cgroup)};

	limit_put(&a.set, kind == ACT_RESERVE ? LIMIT_LOW : LIMIT_MAX, 100 * MIB);
	return a;
}

static void take(void)
{
	struct pollfd fd = {.fd = lanes_fd(lanes), .events = POLLIN};

	while (!lanes_take(lanes, &job))
		assert_int_equal(poll(&fd, 1, 10000), 1);
}

static void the_null_driver_writes_nothing(void **state)
{
	uint64_t before;

	(void)state;
	name_it(1, "web");
	before = host_digest(&host);
	for (int kind = 0; kind < ACT_COUNT; kind++) {
		struct action a = action_on((enum action_kind)kind,
			kind == ACT_RESERVE ? "system.slice" : host_scope(1));

		a.force = true;
		assert_int_equal(act_null.submit(lanes, &roster, &a), -ECANCELED);
	}
	assert_int_equal(lanes_pending(lanes), 0);
	assert_int_equal(host_digest(&host), before);
	assert_int_equal(dockerd.updates, 0);
	assert_string_equal(act_null.name, "null");
}

static void the_files_driver_writes_the_files(void **state)
{
	struct action a;

	(void)state;
	name_it(1, "web");
	a = action_on(ACT_HOLD, host_scope(1));
	assert_int_equal(act_files.submit(lanes, &roster, &a), 0);
	take();
	assert_int_equal(job.error, 0);
	assert_int_equal(job.ticket, 9);
	assert_false(job.has_unit); /* no peer is asked */
	assert_string_equal(host_value(&host, host_scope(1), "memory.max"), "104857600");

	a = action_on(ACT_RESERVE, "system.slice");
	assert_int_equal(act_files.submit(lanes, &roster, &a), 0);
	take();
	assert_int_equal(job.error, 0);
	assert_string_equal(host_value(&host, "system.slice", "memory.low"), "104857600");

	a = action_on(ACT_PERSIST, host_scope(1));
	assert_int_equal(act_files.submit(lanes, &roster, &a), -ECANCELED);
	assert_int_equal(dockerd.updates, 0);
}

static void the_real_driver_knows_units_and_docker(void **state)
{
	struct action a;

	(void)state;
	name_it(1, "web");
	a = action_on(ACT_PERSIST, host_scope(1));
	assert_int_equal(act_real.submit(lanes, &roster, &a), 0);
	take();
	assert_int_equal(job.kind, JOB_PERSIST);
	assert_int_equal(job.error, 0);
	assert_int_equal(dockerd.container[1].memory, 100 * MIB);
	assert_string_equal(job.id, host_id(1));

	/* A unit that this machine's systemd (if any) has never heard of: by the file. */
	a = action_on(ACT_HOLD, host_scope(1));
	assert_int_equal(act_real.submit(lanes, &roster, &a), 0);
	take();
	assert_true(job.has_unit);
	assert_int_equal(strncmp(job.unit, "docker-", 7), 0);
	assert_int_equal(job.error, 0);
	assert_string_equal(host_value(&host, host_scope(1), "memory.max"), "104857600");
}

static void identity_comes_first(void **state)
{
	struct action a;

	(void)state;
	name_it(1, "web");
	name_it(2, "stray");
	for (int kind = ACT_HOLD; kind <= ACT_RESERVE; kind++) {
		a = action_on((enum action_kind)kind, host_scope(1));
		a.inode = 12345;
		assert_int_equal(act_real.submit(lanes, &roster, &a), -ENOENT);
		assert_int_equal(act_files.submit(lanes, &roster, &a), -ENOENT);
	}
	/* known, and nobody's business: no service names it */
	a = action_on(ACT_HOLD, host_scope(2));
	assert_int_equal(act_real.submit(lanes, &roster, &a), -ENOENT);
	/* a member is no ancestor, nor the other way round */
	a = action_on(ACT_RESERVE, host_scope(1));
	assert_int_equal(act_real.submit(lanes, &roster, &a), -ENOENT);
	a = action_on(ACT_HOLD, "system.slice");
	assert_int_equal(act_real.submit(lanes, &roster, &a), -ENOENT);
	assert_int_equal(lanes_pending(lanes), 0);
}

static void no_container_nothing_to_persist(void **state)
{
	struct action a;

	(void)state;
	strcpy(policy.service[0].container, "");
	strcpy(policy.service[0].unit, "nginx.service");
	host_group(&host, "system.slice/nginx.service");
	roster_appeared(&roster, "system.slice/nginx.service");
	a = action_on(ACT_PERSIST, "system.slice/nginx.service");
	assert_int_equal(act_real.submit(lanes, &roster, &a), -EOPNOTSUPP);
	a = action_on(ACT_HOLD, "system.slice/nginx.service");
	assert_int_equal(act_files.submit(lanes, &roster, &a), 0);
	take();
	assert_int_equal(job.error, 0);
}

/* What is the host's needs no cgroup; a tree has files and settings, and no swap. */
static void swap_is_for_a_real_host(void **state)
{
	struct action a = {.ticket = 9, .file = 1, .value = 10, .size_bytes = 4096, .inode = 12345};

	(void)state;
	strcpy(policy.swap.file, "/var/swapfile");
	for (int kind = ACT_SWAP_MAKE; kind <= ACT_SWAP_RESIZE; kind++) {
		a.kind = (uint8_t)kind;
		assert_int_equal(act_files.submit(lanes, &roster, &a), -EOPNOTSUPP);
	}
	assert_int_equal(lanes_pending(lanes), 0);
	policy.host.reserve_bytes = 77;
	a.reserve_bytes = 88;
	a.kind = ACT_SWAP_ON;
	assert_int_equal(act_real.submit(lanes, &roster, &a), 0);
	take();
	assert_int_equal(job.kind, JOB_SWAP_ON);
	assert_int_equal(job.error, -ENOENT);
	assert_string_equal(job.path, "/var/swapfile.2");
	assert_int_equal(job.inode, 12345);
	assert_int_equal(job.ticket, 9);
	assert_int_equal(job.size_bytes, 4096);
	assert_int_equal(job.reserve_bytes, 88);
	assert_int_equal(job.floor_bytes, 77);
	assert_int_equal(job.value, 10);
}

static void settings_are_files(void **state)
{
	struct action a = {.kind = ACT_SWAPPINESS, .ticket = 9, .value = 10};

	(void)state;
	host_put(&host, "proc/sys/vm/swappiness", "60\n");
	host_put(&host, "sys/module/zswap/parameters/enabled", "N\n");
	assert_int_equal(act_files.submit(lanes, &roster, &a), 0);
	take();
	assert_int_equal(job.error, 0);
	assert_string_equal(host_get(&host, "proc/sys/vm/swappiness"), "10");
	a.kind = ACT_ZSWAP;
	a.value = SWITCH_ON;
	assert_int_equal(act_real.submit(lanes, &roster, &a), 0);
	take();
	assert_int_equal(job.error, 0);
	assert_string_equal(host_get(&host, "sys/module/zswap/parameters/enabled"), "Y");

	assert_int_equal(act_null.put_back(host.tree.fd, VM_ZSWAP, SWITCH_OFF), -ECANCELED);
	assert_string_equal(host_get(&host, "sys/module/zswap/parameters/enabled"), "Y");
	assert_int_equal(act_files.put_back(host.tree.fd, VM_ZSWAP, SWITCH_OFF), 0);
	assert_string_equal(host_get(&host, "sys/module/zswap/parameters/enabled"), "N");
	assert_int_equal(act_real.put_back(host.tree.fd, VM_SWAPPINESS, 60), 0);
	assert_string_equal(host_get(&host, "proc/sys/vm/swappiness"), "60");
}

static void a_full_lane_is_an_answer(void **state)
{
	struct action a;
	int r = 0;

	(void)state;
	name_it(1, "web");
	dockerd.mood = DOCKERD_HUNG;
	a = action_on(ACT_PERSIST, host_scope(1));
	for (int i = 0; i <= SNAPSHOT_MEMBERS_MAX && r == 0; i++)
		r = act_real.submit(lanes, &roster, &a);
	assert_int_equal(r, -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(the_null_driver_writes_nothing),
		WORLD(the_files_driver_writes_the_files),
		WORLD(the_real_driver_knows_units_and_docker),
		WORLD(identity_comes_first),
		WORLD(no_container_nothing_to_persist),
		WORLD(swap_is_for_a_real_host),
		WORLD(settings_are_files),
		WORLD(a_full_lane_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
