/*
 * guardian: its policy, a second guardian, a restart, machines that lack something, and its status.
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
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/status_read.h"
#include "shop_scene.h"
#include "world.h"

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

static const char *told_last(void)
{
	return world.g->tell.kept[(world.g->tell.told - 1) % EVENT_LINES_KEPT].message;
}

static void a_policy_that_others_may_write_is_told(void **state)
{
	(void)state;
	start_shop();
	assert_int_equal(fchmodat(world.host.tree.fd, "etc/guardian.yaml", 0666, 0), 0);
	guardian_reload(world.g);
	assert_non_null(strstr(told_last(), "guardian.yaml: warning: mode 0666"));
	assert_int_equal(fchmodat(world.host.tree.fd, "etc/guardian.yaml", 0640, 0), 0);
	guardian_reload(world.g);
	assert_null(strstr(told_last(), "warning"));
	assert_non_null(strstr(told_last(), "guardian.yaml"));
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
	world_policy("  web:\n    mem_limit: 1500\n"); /* no unit */
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
	struct stat lock;
	struct guardian_options options = {.root = world.host.tree.path, .clock = world_clock};
	struct guardian *other = NULL;
	int peer = 0;

	(void)state;
	start_shop();
	assert_int_equal(guardian_open(&other, &options, &world.report, &peer), -EBUSY);
	/* Nobody else may hold it: flock(2) asks for no right but to have it open. */
	assert_int_equal(fstatat(world.host.tree.fd, "run/guardian/lock", &lock, 0), 0);
	assert_int_equal(lock.st_mode & 0777, 0600);
	assert_int_equal(peer, getpid());
	assert_null(other);
	world_run(5 * SECOND_US);
	world_stop();
	assert_int_equal(guardian_open(&world.g, &options, &world.report, &peer), 0);
}

/* What was known before a crash is known after it. */
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
		WORLD(broken_policy_keeps_the_old_one),
		WORLD(a_policy_that_others_may_write_is_told),
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
