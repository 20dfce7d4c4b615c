/*
 * guardian: the whole daemon over a machine in a folder, with a clock that jumps from wake-up to
 * wake-up: hours in seconds. What it may never do is in test_endurance.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dockerd.h"
#include "guardian/fs.h"
#include "shop_scene.h"
#include "world.h"

/* ---- limits ---- */

static void limits_are_applied(void **state)
{
	(void)state;
	start_shop();
	assert_value(host_scope(1), "memory.max", "104857600");
	assert_value(host_scope(1), "memory.swap.max", "104857600");
	assert_value(host_scope(2), "memory.max", "209715200");
	assert_value(host_scope(2), "memory.low", "67108864");
	assert_value("system.slice", "memory.low", "67108864"); /* or it protects nothing */
	assert_value(host_scope(1), "memory.low", "0");
	assert_int_equal(world.told[EVENT_SERVICE_FOUND], 2);
	assert_int_equal(world.told[EVENT_LIMIT_APPLIED], 5);
	assert_int_equal(world.told[EVENT_LIMIT_DRIFT], 0);
}

/* A raw write, as daemon-reload and docker update make them too. */
static void drift_is_repaired(void **state)
{
	(void)state;
	start_shop();
	world_forget_told();
	host_set(&world.host, host_scope(1), "memory.max", "max\n");
	world_run(5 * SECOND_US);
	assert_value(host_scope(1), "memory.max", "104857600");
	assert_int_equal(world.told[EVENT_LIMIT_DRIFT], 1);
	host_set(&world.host, host_scope(2), "memory.swap.max", "999999999\n");
	world_run(5 * SECOND_US);
	assert_value(host_scope(2), "memory.swap.max", "209715200");
	assert_int_equal(world.told[EVENT_LIMIT_DRIFT], 2);
	assert_int_equal(world_told(), 2);
}

/* The kernel rounds down to a page. */
static void rounding_is_no_drift(void **state)
{
	(void)state;
	host_container(&world.host, 1, "web");
	world_policy("  web:\n    mem_limit: 100000000b\n    swap_limit: 100m\n");
	world_start();
	world_run(5 * SECOND_US);
	assert_value(host_scope(1), "memory.max", "100000000");
	host_set(&world.host, host_scope(1), "memory.max", "99999744\n");
	world_forget_told();
	world_run(60 * SECOND_US);
	assert_value(host_scope(1), "memory.max", "99999744");
	assert_int_equal(world_told(), 0);
}

static void stubborn_writer_wins_in_the_end(void **state)
{
	uint64_t end_us;
	int overwritten = 0;

	(void)state;
	start_shop();
	world_forget_told();
	for (end_us = world_now_us + 600ULL * SECOND_US; world_now_us < end_us;
		world_run(SECOND_US / 2))
		if (strcmp(host_value(&world.host, host_scope(1), "memory.max"), "104857600") ==
			0) {
			host_set(&world.host, host_scope(1), "memory.max", "300000000\n");
			overwritten++;
		}
	assert_int_equal(overwritten, 6); /* guardiand's, and five repairs */
	assert_int_equal(world.told[EVENT_LIMIT_SURRENDERED], 1);
	assert_in_range(world.told[EVENT_LIMIT_DRIFT], 5, 6);
	assert_value(host_scope(1), "memory.max", "300000000");
	/* a reload opens the matter again */
	guardian_reload(world.g);
	world_run(5 * SECOND_US);
	assert_value(host_scope(1), "memory.max", "104857600");
}

/* What does not fit is not lowered, until it fits. */
static void no_limit_kills(void **state)
{
	(void)state;
	host_container(&world.host, 1, "web");
	host_use(&world.host, host_scope(1), 150 * MIB, 0);
	world_policy("%s", shop);
	world_start();
	world_run(120ULL * SECOND_US);
	assert_value(host_scope(1), "memory.max", "max");
	assert_int_equal(world.told[EVENT_LIMIT_REFUSED], 1);
	host_use(&world.host, host_scope(1), 50 * MIB, 10 * MIB);
	world_run(120ULL * SECOND_US);
	assert_value(host_scope(1), "memory.max", "104857600");
	assert_int_equal(world.told[EVENT_LIMIT_REFUSED], 1);
	assert_int_equal(world.told[EVENT_LIMIT_FAILED], 0);
}

static void ancestor_without_memory_low_voids_nothing(void **state)
{
	(void)state;
	host_container(&world.host, 1, "web");
	world_policy("%s", shop);
	/* The slice has no such file: what it reserves is not known. */
	temp_tree_unlink(&world.host.tree, "sys/fs/cgroup/system.slice/memory.low");
	start_shop();
	assert_int_equal(world.told[EVENT_RESERVATION_VOID], 0); /* absent is not zero */
	assert_value(host_scope(2), "memory.max", "209715200");
}

/* ---- containers ---- */

/* Compose recreates with a new id; the service keeps its limits. */
static void recreated_container_gets_its_limits(void **state)
{
	(void)state;
	start_shop();
	world_forget_told();
	host_group_remove(&world.host, host_scope(1));
	host_container(&world.host, 3, "web");
	world_run(SECOND_US);
	assert_value(host_scope(3), "memory.max", "104857600");
	assert_int_equal(world.told[EVENT_SERVICE_RESTARTED], 1);
	world_run(10 * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_GONE], 0);
	assert_int_equal(world.told[EVENT_SERVICE_FOUND], 0);

	/* The same id again: a restart. The folder is held, so that its inode is not used again. */
	_cleanup_fd_ int held = fs_open_dir(world.host.cgfd, host_scope(3));
	host_group_remove(&world.host, host_scope(3));
	host_group(&world.host, host_scope(3));
	world_run(10 * SECOND_US);
	assert_value(host_scope(3), "memory.max", "104857600");
	assert_int_equal(world.told[EVENT_SERVICE_RESTARTED], 2);
}

static void a_service_that_goes_is_told_after_a_moment(void **state)
{
	(void)state;
	start_shop();
	world_forget_told();
	host_group_remove(&world.host, host_scope(1));
	world_run(20 * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_GONE], 0);
	world_run(20 * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_GONE], 1);
	assert_int_equal(world.g->snap.n_members, 1);
}

/* What flaps does not fill the journal. */
static void a_crash_loop_is_told_sparingly(void **state)
{
	(void)state;
	start_shop();
	world_forget_told();
	for (unsigned i = 0; i < 300; i++) {
		host_group_remove(&world.host, host_scope(1));
		host_group(&world.host, host_scope(1));
		world_run(SECOND_US / 3);
	}
	assert_in_range(world_told(), 1, 150);
	world_run(60ULL * SECOND_US);
	assert_value(host_scope(1), "memory.max", "104857600");
}

/* The delta of oom_kill alone, from the first look on. */
static void each_kill_is_told_once(void **state)
{
	(void)state;
	host_container(&world.host, 1, "web");
	host_kills(&world.host, host_scope(1), 3);
	host_kills(&world.host, "system.slice", 5);
	world_policy("%s", shop);
	world_start();
	world_run(10 * SECOND_US);
	assert_int_equal(world.told[EVENT_OOM_KILL], 0);
	host_kills(&world.host, host_scope(1), 4);
	host_kills(&world.host, "system.slice", 6);
	world_run(20 * SECOND_US);
	assert_int_equal(world.told[EVENT_OOM_KILL], 1);
	world_run(60ULL * SECOND_US);
	assert_int_equal(world.told[EVENT_OOM_KILL], 1);
}

/* Killed whole and gone before anybody could read its counter: the slice remembers. */
static void a_kill_that_took_the_cgroup_along(void **state)
{
	(void)state;
	start_shop();
	world_forget_told();
	host_kills(&world.host, "system.slice", 1);
	host_group_remove(&world.host, host_scope(1));
	world_run(20 * SECOND_US);
	assert_int_equal(world.told[EVENT_OOM_KILL], 1);
	assert_int_equal(world.g->state.service[0].oom_kills, 1);
}

static void memory_levels_are_told_once(void **state)
{
	(void)state;
	start_shop();
	world_forget_told();
	host_use(&world.host, host_scope(1), 97 * MIB, 0);
	world_run(30 * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_MEMORY_WARN], 1); /* swap is left to it */
	host_set(&world.host, host_scope(1), "memory.swap.current", "%u\n", 90 * MIB);
	world_run(30 * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_MEMORY_CRITICAL], 1);
	host_use(&world.host, host_scope(1), 10 * MIB, 0);
	world_run(60ULL * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_MEMORY_NORMAL], 1);
	assert_int_equal(world_told(), 3);
}

static void host_memory_is_told_once(void **state)
{
	(void)state;
	start_shop();
	world_forget_told();
	host_put(&world.host, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:          100000 kB\nMemAvailable:     "
		"200000 kB\n"
		"SwapTotal:       2000000 kB\nSwapFree:        2000000 kB\n");
	world_run(30 * SECOND_US);
	assert_int_equal(world.told[EVENT_HOST_MEMORY_WARN], 1);
	assert_int_equal(world_told(), 1);
	host_put(&world.host, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:          100000 kB\nMemAvailable:     "
		"200000 kB\n"
		"SwapTotal:             0 kB\nSwapFree:              0 kB\n");
	world_run(30 * SECOND_US);
	assert_int_equal(world.told[EVENT_HOST_MEMORY_CRITICAL], 1);
	assert_int_equal(world_told(), 2);
}

/* ---- names ---- */

static void host_kills_are(unsigned kills)
{
	host_put(&world.host, "proc/vmstat",
		"oom_kill %u\npswpin 0\npswpout 0\npgscan_direct 0\npgscan_kswapd 0\n"
		"pgsteal_direct 0\npgsteal_kswapd 0\nworkingset_refault_anon "
		"0\nworkingset_refault_file 0\n",
		kills);
}

static uint64_t seconds_until_kills_are_seen(unsigned kills)
{
	uint64_t began_us = world_now_us;

	host_kills_are(kills);
	while (world.g->snap.host.oom_kill != kills &&
		world_now_us < began_us + 100 * (uint64_t)SECOND_US)
		world_run(SECOND_US);
	return (world_now_us - began_us) / SECOND_US;
}

/* vmstat and pressure are read seldom while nobody waits for memory, and soon when it moves. */
static void a_quiet_host_is_read_seldom(void **state)
{
	static const char pressure[] = "some avg10=%s avg60=0.00 avg300=0.00 total=9\nfull "
				       "avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

	(void)state;
	start_shop();
	world.g->policy.host.idle_interval_us = 0;
	host_put(&world.host, "proc/pressure/memory", pressure, "0.00");
	(void)seconds_until_kills_are_seen(1);
	assert_in_range(seconds_until_kills_are_seen(2), 28, 31);
	host_put(&world.host, "proc/pressure/memory", pressure, "0.50");
	assert_in_range(seconds_until_kills_are_seen(3), 28, 31);
	assert_in_range(seconds_until_kills_are_seen(4), 4, 6);
}

/* More containers than guardiand can hold: told once, shown in the status, and made good later. */
static void no_place_left_is_told_once(void **state)
{
	(void)state;
	start_shop();
	world_run(60ULL * SECOND_US);
	world_forget_told();
	for (unsigned n = 10; n < 10 + ROSTER_ENTRIES_MAX; n++)
		host_group(&world.host, host_scope(n));
	world_run(120ULL * SECOND_US);
	assert_true(world.g->roster.overflow > 0);
	assert_int_equal(world.told[EVENT_LACK], 1);
	assert_non_null(strstr(host_get(&world.host, "run/guardian/status.json"), "\"place left"));
	for (unsigned n = 10; n < 30; n++)
		host_group_remove(&world.host, host_scope(n));
	world_run(120ULL * SECOND_US);
	assert_int_equal(world.g->roster.overflow, 0);
	assert_null(strstr(host_get(&world.host, "run/guardian/status.json"), "\"place left"));
	assert_int_equal(world.told[EVENT_LACK], 1);
}

/* Between two ticks that nobody asks for the host's memory alone is glanced at; what is told, or
 * memory that moves, makes a tick of any look. */
static void most_looks_are_glances(void **state)
{
	uint64_t begun_us, whole = 0;

	(void)state;
	start_shop();
	world_run(60 * SECOND_US);
	for (int i = 0; i < 12; i++) {
		world_now_us = world.wake_us;
		world_tick();
		whole += world.g->glances == 0;
	}
	assert_in_range(whole, 4, 5);
	do
		world_tick();
	while (world.g->glances != 1);
	host_set(&world.host, host_scope(1), "memory.max", "max\n");
	begun_us = world_now_us;
	world_tick();
	assert_int_equal(world_now_us, begun_us);
	assert_int_equal(world.g->glances, 0);
	do
		world_tick();
	while (world.g->glances != 1);
	host_put(&world.host, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:         2000000 kB\nMemAvailable:    "
		"2900000 kB\nSwapTotal:       2000000 kB\nSwapFree:        2000000 kB\n");
	world_tick();
	assert_int_equal(world.g->glances, 0);
}

/* For a monitoring system that collects each 15 s at most: not each tick, and not when nothing has
 * moved. */
static void metrics_are_there_and_seldom_written(void **state)
{
	struct stat first, again;
	char text[8192];

	(void)state;
	start_shop();
	world_run(60 * SECOND_US);
	assert_true(fs_read(world.g->run_fd, "metrics.prom", text, sizeof(text)) > 0);
	assert_non_null(
		strstr(text, "guardian_service_memory_limit_bytes{service=\"web\"} 104857600\n"));
	assert_int_equal(fstatat(world.g->run_fd, "metrics.prom", &first, 0), 0);
	assert_int_equal(first.st_mode & 07777, 0644);
	world_run(60 * SECOND_US);
	assert_int_equal(fstatat(world.g->run_fd, "metrics.prom", &again, 0), 0);
	assert_int_equal(again.st_ino, first.st_ino);
	host_use(&world.host, host_scope(1), 40 * MIB, 0);
	world_run(60 * SECOND_US);
	assert_int_equal(fstatat(world.g->run_fd, "metrics.prom", &again, 0), 0);
	assert_int_not_equal(again.st_ino, first.st_ino);
}

static void start_dockerd(struct dockerd *d, const char *policy)
{
	char path[192];

	memset(d, 0, sizeof(*d));
	strcpy(d->container[1].name, "web");
	strcpy(d->container[2].name, "db");
	(void)snprintf(path, sizeof(path), "%s/run/docker.sock", world.host.tree.path);
	dockerd_start(d, path);
	host_group(&world.host, host_scope(1));
	host_group(&world.host, host_scope(2));
	host_put(&world.host, "etc/guardian.yaml", "docker:\n  deadline: 200ms\nservices:\n%s",
		policy);
	world_start();
	world_run(5 * SECOND_US);
}

/* Another tree's Docker is asked by its own socket, and a driver of files has nobody to tell. */
static void names_come_from_the_trees_docker(void **state)
{
	struct dockerd d;

	(void)state;
	start_dockerd(&d, shop);
	assert_true(d.pings > 0);
	assert_true(d.inspects >= 2);
	assert_int_equal(world.told[EVENT_LACK], 0);
	assert_value(host_scope(1), "memory.max", "104857600");
	world_run(120ULL * SECOND_US);
	assert_int_equal(d.updates, 0);
	assert_int_equal(world.told[EVENT_LIMIT_FAILED], 0);
	world_stop();
	dockerd_stop(&d);
}

static void silent_docker_is_told_and_nothing_waits(void **state)
{
	struct dockerd d;

	(void)state;
	start_dockerd(&d, shop);
	world_forget_told();
	d.mood = DOCKERD_HUNG;
	world_run(40ULL * SECOND_US);
	assert_int_equal(world.told[EVENT_PEER_SILENT], 1);
	host_set(&world.host, host_scope(1), "memory.max", "max\n");
	world_run(5 * SECOND_US);
	assert_value(host_scope(1), "memory.max", "104857600");
	d.mood = DOCKERD_WELL;
	world_run(40ULL * SECOND_US);
	assert_int_equal(world.told[EVENT_PEER_SILENT], 1);
	assert_int_equal(world.told[EVENT_PEER_BACK], 1);
	world_stop();
	dockerd_stop(&d);
}

/* A docker update waits for runc, systemd and the kernel: dockerd is alive all the while. */
static void a_slow_update_is_no_silence(void **state)
{
	struct job update = {.kind = JOB_PERSIST, .path = "gone", .inode = 1};
	struct dockerd d;

	(void)state;
	start_dockerd(&d, shop);
	world_forget_told();
	d.mood = DOCKERD_SLOW_TO_UPDATE;
	strcpy(update.id, host_id(1));
	limit_put(&update.set, LIMIT_MAX, 64 * MIB);
	assert_int_equal(lanes_post(world.g->lanes, LANE_DOCKER, &update), 0);
	/* A minute for the guardian, and less than the update's deadline for its lanes. */
	for (int second = 0; second < 60; second++) {
		usleep(15000);
		world_now_us += SECOND_US;
		world_tick();
	}
	assert_int_equal(guardian_pending(world.g), 1);
	assert_int_equal(world.told[EVENT_PEER_SILENT], 0);
	d.mood = DOCKERD_WELL;
	world_stop();
	dockerd_stop(&d);
}

static void renamed_container_is_noticed(void **state)
{
	struct dockerd d;

	(void)state;
	start_dockerd(&d, shop);
	assert_int_equal(world.g->snap.n_members, 2);
	strcpy(d.container[2].name, "other");
	world_run(1300ULL * SECOND_US);
	assert_int_equal(world.g->snap.n_members, 1);
	world_stop();
	dockerd_stop(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(limits_are_applied),
		WORLD(drift_is_repaired),
		WORLD(rounding_is_no_drift),
		WORLD(stubborn_writer_wins_in_the_end),
		WORLD(no_limit_kills),
		WORLD(ancestor_without_memory_low_voids_nothing),
		WORLD(recreated_container_gets_its_limits),
		WORLD(a_service_that_goes_is_told_after_a_moment),
		WORLD(a_crash_loop_is_told_sparingly),
		WORLD(each_kill_is_told_once),
		WORLD(a_kill_that_took_the_cgroup_along),
		WORLD(memory_levels_are_told_once),
		WORLD(host_memory_is_told_once),
		WORLD(a_quiet_host_is_read_seldom),
		WORLD(no_place_left_is_told_once),
		WORLD(metrics_are_there_and_seldom_written),
		WORLD(most_looks_are_glances),
		WORLD(names_come_from_the_trees_docker),
		WORLD(silent_docker_is_told_and_nothing_waits),
		WORLD(a_slow_update_is_no_silence),
		WORLD(renamed_container_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
