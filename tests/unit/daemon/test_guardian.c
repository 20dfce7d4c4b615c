/*
 * guardian: the whole daemon over a machine in a folder, with a clock that jumps from wake-up to
 * wake-up: hours in seconds. What it may never do is in test_endurance.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dockerd.h"
#include "guardian/fs.h"
#include "guardian/status_read.h"
#include "world.h"

static const char shop[] =
	"  web:\n    mem_limit: 100m\n    swap_limit: 100m\n"
	"  db:\n    mem_limit: 200m\n    swap_limit: 200m\n    mem_reservation: 64m\n";

/* `web` and `db` run, their limits are set, and all is told. */
static void start_shop(void)
{
	host_container(&world.host, 1, "web");
	host_container(&world.host, 2, "db");
	world_policy("%s", shop);
	world_start();
	world_run(10 * SECOND_US);
}

static void assert_value(const char *cgroup, const char *file, const char *wanted)
{
	assert_string_equal(host_value(&world.host, cgroup, file), wanted);
}

/* ---- limits ---- */

static void limits_are_applied(void **state)
{
	(void)state;
	start_shop();
	assert_value(host_scope(1), "memory.max", "104857600");
	assert_value(host_scope(1), "memory.swap.max", "104857600");
	assert_value(host_scope(2), "memory.max", "209715200");
	assert_value(host_scope(2), "memory.low", "67108864");
	assert_value("system.slice", "memory.low", "67108864"); /* trap 43 */
	assert_value(host_scope(1), "memory.low", "0");
	assert_int_equal(world.told[EVENT_SERVICE_FOUND], 2);
	assert_int_equal(world.told[EVENT_LIMIT_APPLIED], 5);
	assert_int_equal(world.told[EVENT_LIMIT_DRIFT], 0);
}

/* trap 1, trap 2 */
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

/* trap 5: the kernel rounds down to a page, and that is no drift */
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

/* trap 7: what does not fit is not lowered, until it fits */
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

static void disk_that_refuses_is_told_once(void **state)
{
	(void)state;
	host_container(&world.host, 1, "web");
	world_policy("%s", shop);
	/* A folder where the file should be: every write fails, whoever asks. */
	temp_tree_unlink(&world.host.tree, "sys/fs/cgroup/system.slice/memory.low");
	start_shop();
	assert_int_equal(world.told[EVENT_RESERVATION_VOID], 0); /* absent is not zero */
	assert_value(host_scope(2), "memory.max", "209715200");
}

/* ---- containers ---- */

/* trap 27: Compose recreates with a new id; the service keeps its limits */
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
	world_run(SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_GONE], 0);
	world_run(20 * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_GONE], 1);
	assert_int_equal(world.g->snap.n_members, 1);
}

/* trap 51: what flaps does not fill the journal */
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

/* trap 11, trap 12: the delta of oom_kill alone, from the first look on */
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
	assert_int_equal(world.told[EVENT_SERVICE_MEMORY_CRITICAL], 1);
	host_use(&world.host, host_scope(1), 10 * MIB, 0);
	world_run(60ULL * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_MEMORY_NORMAL], 1);
	assert_int_equal(world_told(), 2);
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
	assert_int_equal(world.told[EVENT_HOST_MEMORY_CRITICAL], 1);
	assert_int_equal(world_told(), 1);
}

/* ---- names ---- */

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

/* trap 26 */
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

/* ---- the policy ---- */

static void broken_policy_keeps_the_old_one(void **state)
{
	char summary[128];

	(void)state;
	start_shop();
	world_forget_told();
	host_put(&world.host, "etc/guardian.yaml",
		"host:\n  warn: 99%%\n  critical: 100%%\nservices:\n  web:\n    mem_limt: 300m\n");
	guardian_reload(world.g);
	world_run(5 * SECOND_US);
	assert_int_equal(world.told[EVENT_POLICY_REJECTED], 1);
	assert_int_equal(world.g->policy.n_services, 2);
	assert_non_null(strstr(world.g->policy_error, "guardian.yaml:6:"));
	assert_non_null(strstr(world.g->policy_error, "error"));
	assert_non_null(strstr(host_get(&world.host, "run/guardian/status.json"), "\"error\":"));
	assert_true(guardian_summary(world.g, summary, sizeof(summary)));
	assert_non_null(strstr(summary, "last reload refused"));
	host_set(&world.host, host_scope(1), "memory.max", "max\n");
	world_run(5 * SECOND_US);
	assert_value(host_scope(1), "memory.max", "104857600");

	temp_tree_unlink(&world.host.tree, "etc/guardian.yaml");
	guardian_reload(world.g);
	world_tick();
	assert_int_equal(world.told[EVENT_POLICY_REJECTED], 2);
	assert_int_equal(world.g->policy.n_services, 2);
}

static void good_policy_is_swapped_whole(void **state)
{
	(void)state;
	start_shop();
	host_group(&world.host, "app.slice");
	host_group(&world.host, "app.slice/job.service");
	world_run(SECOND_US);
	world_forget_told();
	world_policy("  jobs:\n    cgroup: app.slice/*.service\n    mem_limit: 150m\n    "
		     "swap_limit: 150m\n"
		     "  web:\n    mem_limit: 300m\n    swap_limit: 300m\n");
	guardian_reload(world.g);
	world_run(10 * SECOND_US);
	assert_int_equal(world.told[EVENT_POLICY_RELOADED], 1);
	assert_value(host_scope(1), "memory.max", "314572800");
	assert_value("app.slice/job.service", "memory.max", "157286400");
	assert_value(host_scope(2), "memory.max", "209715200"); /* left as it is */
	assert_int_equal(world.told[EVENT_SERVICE_FOUND], 1); /* web has been there all the time */
	assert_int_equal(world.told[EVENT_LIMIT_DRIFT], 0);
	assert_int_equal(world.g->snap.n_members, 2);
}

static void observing_changes_nothing(void **state)
{
	uint64_t before;

	(void)state;
	host_container(&world.host, 1, "web");
	host_container(&world.host, 2, "db");
	world_policy("%s", shop);
	before = host_digest(&world.host);
	assert_int_equal(world_open(true), 0);
	world_run(120ULL * SECOND_US);
	assert_int_equal(host_digest(&world.host), before);
	assert_in_range(world.told[EVENT_LIMIT_OBSERVED], 5, 6);
	assert_int_equal(world.told[EVENT_LIMIT_APPLIED], 0);
	assert_int_equal(world.told[EVENT_LIMIT_FAILED], 0);
	world_stop();
	assert_int_equal(host_digest(&world.host), before);
}

static void bad_policy_does_not_start(void **state)
{
	int before = open_descriptors();

	(void)state;
	world_policy("  web:\n    mem_limit: 1500\n"); /* trap 64 */
	assert_int_equal(world_open(false), -EINVAL);
	assert_int_equal(world.report.n_errors, 1);
	assert_int_equal(world.report.entry[0].line, 3);
	assert_null(world.g);
	temp_tree_unlink(&world.host.tree, "etc/guardian.yaml");
	assert_int_equal(world_open(false), -ENOENT);
	assert_int_equal(world.report.n_errors, 1);
	assert_int_equal(open_descriptors(), before);
}

static void no_root_leaves_stdin_alone(void **state)
{
	struct guardian_options options = {.root = "/nonexistent"};
	struct guardian *g = NULL;

	(void)state;
	assert_int_equal(guardian_open(&g, &options, &world.report, &world.peer), -ENOENT);
	assert_null(g);
	for (int fd = 0; fd <= 2; fd++)
		assert_true(fcntl(fd, F_GETFD) >= 0);
}

/* ---- one at a time, and one after the other ---- */

static void second_guardian_is_refused(void **state)
{
	struct guardian_options options = {.root = world.host.tree.path, .clock = world_clock};
	struct guardian *other = NULL;
	int peer = 0;

	(void)state;
	start_shop();
	assert_int_equal(guardian_open(&other, &options, &world.report, &peer), -EBUSY);
	assert_int_equal(peer, getpid());
	assert_null(other);
	world_run(5 * SECOND_US);
	world_stop();
	assert_int_equal(guardian_open(&world.g, &options, &world.report, &peer), 0);
}

/* trap 59: what was known before a crash is known after it */
static void killed_guardian_repeats_nothing(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	host_container(&world.host, 1, "web");
	host_container(&world.host, 2, "db");
	world_policy("%s", shop);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		world_start();
		world_run(10 * SECOND_US);
		host_kills(&world.host, host_scope(1), 1);
		host_kills(&world.host, "system.slice", 1);
		world_run(10 * SECOND_US);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	world_now_us += 25ULL * SECOND_US;
	world_start();
	assert_int_equal(world.g->state.service[0].oom_kills, 1);
	world_run(60ULL * SECOND_US);
	for (int kind = 0; kind < EVENT_COUNT; kind++)
		if (world.told[kind] && kind != EVENT_STARTED)
			fail_msg("told again: %s", event_info((enum event_kind)kind)->name);
	/* and what happens from now on is told */
	host_kills(&world.host, host_scope(1), 2);
	host_kills(&world.host, "system.slice", 2);
	world_run(10 * SECOND_US);
	assert_int_equal(world.told[EVENT_OOM_KILL], 1);
	assert_int_equal(world.g->state.service[0].oom_kills, 2);
}

static void nonsense_in_the_kept_state_is_ignored(void **state)
{
	(void)state;
	start_shop();
	world_stop();
	host_put(&world.host, "run/guardian/state", "%s", "guardian? no, nothing of the kind");
	world_start();
	world_run(10 * SECOND_US);
	assert_int_equal(world.told[EVENT_SERVICE_FOUND], 2);
	assert_int_equal(world.told[EVENT_LIMIT_DRIFT], 0);
}

/* ---- machines that lack something ---- */

struct lacking {
	const char *fixture;
	uint32_t lacks; /* those that are to be there, of ... */
	uint32_t of;
};

static void machines_that_lack_something(void **state)
{
	static const struct lacking machines[] = {
		{"legacy-v1", LACK_CGROUP2, LACK_CGROUP2 | LACK_DOCKER},
		{"hybrid", LACK_CGROUP2, LACK_CGROUP2},
		{"no-psi", LACK_PSI, LACK_CGROUP2 | LACK_PSI},
		{"t3-medium-docker", 0, LACK_CGROUP2 | LACK_PSI},
		{"podman", 0, LACK_CGROUP2},
		{"dind", 0, LACK_CGROUP2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		const struct lacking *m = &machines[i];
		uint32_t lacks;

		host_remove(&world.host);
		world.host.tree = temp_tree_make(m->fixture);
		world.host.cgfd = -1;
		host_put(&world.host, "etc/guardian.yaml",
			"services:\n  backend:\n    mem_limit: 900m\n");
		world_start();
		lacks = world.g->snap.lacks;
		if (m->lacks & ~lacks)
			fail_msg("%s: lacks %x", m->fixture, lacks);
		if (m->of & lacks & ~m->lacks & (LACK_CGROUP2 | LACK_PSI))
			fail_msg("%s: lacks %x", m->fixture, lacks);
		for (int tick = 0; tick < 50; tick++)
			world_run(SECOND_US);
		assert_int_equal(world.told[EVENT_LACK], __builtin_popcount(lacks));
		assert_int_equal(world.told[EVENT_LIMIT_FAILED], 0);
		assert_int_equal(guardian_tree_fd(world.g) < 0, (lacks & LACK_CGROUP2) != 0);
		world_stop();
	}
}

/* A host without /run/guardian to write to: everything but the status file. */
static void read_only_run(void **state)
{
	(void)state;
	host_container(&world.host, 1, "web");
	world_policy("%s", shop);
	host_put(&world.host, "run/guardian", "a file where the folder should be");
	world_start();
	world_run(10 * SECOND_US);
	assert_value(host_scope(1), "memory.max", "104857600");
}

/* ---- the status ---- */

static void summary_says_how_it_is(void **state)
{
	char summary[128] = "";

	(void)state;
	start_shop();
	assert_true(guardian_summary(world.g, summary, sizeof(summary)));
	assert_string_equal(summary, "2 of 2 services running, host memory normal");
	assert_false(guardian_summary(world.g, summary, sizeof(summary)));
	host_group_remove(&world.host, host_scope(1));
	world_run(SECOND_US);
	assert_true(guardian_summary(world.g, summary, sizeof(summary)));
	assert_string_equal(summary, "1 of 2 services running, host memory normal");
}

static cJSON *status(void)
{
	const char *text = host_get(&world.host, "run/guardian/status.json");
	cJSON *tree = NULL;

	assert_non_null(text);
	assert_int_equal(status_parse(text, strlen(text), &tree), 0);
	return tree;
}

static void status_follows_the_host(void **state)
{
	struct status_head head;
	char *before;
	cJSON *tree;

	(void)state;
	start_shop();
	world_run(29ULL * SECOND_US); /* nothing has moved for long */
	world_tick();
	tree = status();
	assert_int_equal(status_head_read(tree, &head), 0);
	assert_int_equal(head.pid, getpid());
	assert_int_equal(head.now_us, world_now_us);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(tree, "services")), 2);
	before = cJSON_PrintUnformatted(cJSON_GetObjectItem(tree, "host"));
	cJSON_Delete(tree);
	/* Nothing but the host's free memory moves. */
	host_put(&world.host, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:         2000000 kB\nMemAvailable:    "
		"2999000 kB\n"
		"SwapTotal:       2000000 kB\nSwapFree:        2000000 kB\n");
	world_now_us += SECOND_US;
	world_tick();
	tree = status();
	char *after = cJSON_PrintUnformatted(cJSON_GetObjectItem(tree, "host"));
	assert_string_not_equal(before, after);
	cJSON_free(before);
	cJSON_free(after);
	cJSON_Delete(tree);
	/* A container that goes is gone from the status at once, before it is told. */
	host_group_remove(&world.host, host_scope(1));
	world_tick();
	assert_null(strstr(host_get(&world.host, "run/guardian/status.json"), host_id(1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(limits_are_applied),
		WORLD(drift_is_repaired),
		WORLD(rounding_is_no_drift),
		WORLD(stubborn_writer_wins_in_the_end),
		WORLD(no_limit_kills),
		WORLD(disk_that_refuses_is_told_once),
		WORLD(recreated_container_gets_its_limits),
		WORLD(a_service_that_goes_is_told_after_a_moment),
		WORLD(a_crash_loop_is_told_sparingly),
		WORLD(each_kill_is_told_once),
		WORLD(a_kill_that_took_the_cgroup_along),
		WORLD(memory_levels_are_told_once),
		WORLD(host_memory_is_told_once),
		WORLD(names_come_from_the_trees_docker),
		WORLD(silent_docker_is_told_and_nothing_waits),
		WORLD(renamed_container_is_noticed),
		WORLD(broken_policy_keeps_the_old_one),
		WORLD(good_policy_is_swapped_whole),
		WORLD(observing_changes_nothing),
		WORLD(bad_policy_does_not_start),
		WORLD(no_root_leaves_stdin_alone),
		WORLD(second_guardian_is_refused),
		WORLD(killed_guardian_repeats_nothing),
		WORLD(nonsense_in_the_kept_state_is_ignored),
		WORLD(machines_that_lack_something),
		WORLD(read_only_run),
		WORLD(summary_says_how_it_is),
		WORLD(status_follows_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
