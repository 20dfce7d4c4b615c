/*
 * check: the whole of `guardiand --check` over small hosts, in a child whose output is read: its
 * four exits, each of the four risks by name, and that nothing that hangs holds it for ten seconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_scene.h"
#include "guardian/check.h"
#include "host.h"

/* ---- the four exits ---- */

static void all_is_well(void **unused)
{
	const struct check_options quiet = {.quiet = true};

	(void)unused;
	assert_int_equal(check(&plain), 0);
	assert_int_equal(
		strncmp(output, "GUARDIAN OK - memory 25% used, 1 service within limits", 54), 0);
	assert_true(says("'backend_working_set'="));
	assert_true(says(";859832320;") || says(";858993408;") || says(";1073741824"));
	assert_int_equal(check(&quiet), 0);
	assert_string_equal(output, "");
}

static void a_warning(void **unused)
{
	const struct check_options quiet = {.quiet = true};

	(void)unused;
	host_set(&host, host_scope(1), "memory.max", "max\n");
	assert_int_equal(check(&quiet), 1);
	assert_int_equal(
		strncmp(output, "GUARDIAN WARNING - container backend runs without a memory limit",
			63),
		0);
	assert_true(says("\nWARNING: mem_limit of backend is unlimited and should be 1 GiB"));
}

static void critical_memory(void **unused)
{
	(void)unused;
	host_put(&host, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:          200000 kB\n"
		"MemAvailable:     200000 kB\nSwapTotal:       2000000 kB\nSwapFree: 2000000 kB\n");
	assert_int_equal(check(&plain), 1);
	assert_true(says("memory of the host is getting short: 95% used (warning from 80%)"));
	host_put(&host, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:          200000 kB\n"
		"MemAvailable:     200000 kB\nSwapTotal:       2000000 kB\nSwapFree: 300000 kB\n");
	assert_int_equal(check(&plain), 2);
	assert_true(says("GUARDIAN CRITICAL - memory of the host is nearly used up: 95% used "
			 "(critical from 90%)"));
}

static void critical_service(void **unused)
{
	(void)unused;
	host_use(&host, host_scope(1), 1000 << 20, 10 << 20);
	assert_int_equal(check(&plain), 2);
	assert_true(says("GUARDIAN CRITICAL - memory of backend is nearly used up"));
}

/* A key that is not there is no zero, wherever the lines stand. */
static void unknown_memory(void **unused)
{
	(void)unused;
	host_put(&host, "proc/meminfo",
		"MemFree:         2000000 kB\nMemTotal:        4000000 kB\n"
		"SwapTotal:       2000000 kB\nSwapFree:        2000000 kB\nZswap: 0 kB\n        ");
	assert_int_equal(check(&plain), 3);
	assert_true(says("GUARDIAN UNKNOWN - the memory of the host cannot be read"));
	assert_false(says("mem_used"));
}

static void a_bad_policy_is_unknown(void **unused)
{
	const struct check_options as_json = {.json = true};
	cJSON *json;

	(void)unused;
	host_put(&host, "etc/guardian.yaml",
		"services:\n  backend:\n    container: backend\n    mem_limt: 1g\n%40s\n", "");
	assert_int_equal(check(&plain), 3);
	assert_true(says("GUARDIAN UNKNOWN - the policy /etc/guardian.yaml has an error\n"));
	assert_true(says("guardian.yaml:4:5: error: "));
	assert_true(says("mem_limit"));
	assert_int_equal(check(&as_json), 3);
	json = cJSON_Parse(output);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "policy")), 1);
	cJSON_Delete(json);

	host_put(&host, "etc/guardian.yaml",
		"servces:\n  backend:\n    mem_limt: 1g\n%60s\nmore: 1\n", "");
	assert_int_equal(check(&plain), 3);
	assert_true(says(" errors\n"));
}

static void no_policy_is_unknown(void **unused)
{
	const struct check_options elsewhere = {.config = "/nonexistent/guardian.yaml"};

	(void)unused;
	assert_int_equal(check(&elsewhere), 3);
	assert_true(says("/nonexistent/guardian.yaml: error: "));
	temp_tree_unlink(&host.tree, "etc/guardian.yaml");
	assert_int_equal(check(&plain), 3);
}

static void no_such_root(void **unused)
{
	struct check_options options = {.root = "/nonexistent"};
	char line[128] = "";
	int ends[2], status;
	pid_t child;

	(void)unused;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		exit(check_main(&options));
	}
	status = finish(child);
	assert_int_equal(status, 3);
	assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line, "GUARDIAN UNKNOWN - the root directory cannot be opened\n");
	close(ends[0]);
	close(ends[1]);
}

/* ---- the four risks ---- */

static void a_container_without_a_limit_is_named_managed_or_not(void **unused)
{
	(void)unused;
	host_container(&host, 2, "stray");
	assert_int_equal(check(&plain), 1);
	assert_true(says("\nWARNING: container stray runs without a memory limit"));
	host_set(&host, host_scope(2), "memory.max", "%u\n", 1U << 30);
	assert_int_equal(check(&plain), 0);
	/* Neither API nor files know its name: then the beginning of its id. */
	host_group(&host, host_scope(3));
	assert_int_equal(check(&plain), 1);
	assert_true(says("\nWARNING: container 000000030000 runs without a memory limit"));
	assert_true(says("\nWARNING: containers whose name could not be read: 1"));
}

/* crun keeps the limit one level below its scope. */
static void podman_s_limit_is_one_level_below(void **unused)
{
	static const char scope[] =
		"machine.slice/"
		"libpod-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope";
	char inner[256];

	(void)unused;
	(void)snprintf(inner, sizeof(inner), "%s/container", scope);
	host_group(&host, "machine.slice");
	host_group(&host, scope);
	host_group(&host, inner);
	assert_int_equal(check(&plain), 1);
	assert_true(says("container 0123456789ab runs without a memory limit"));
	host_set(&host, inner, "memory.max", "%u\n", 1U << 30);
	assert_int_equal(check(&plain), 0);
}

/* A file that root made for anybody to read, and that is no swap. */
static void a_swap_file_that_is_none(void **unused)
{
	(void)unused;
	host_put(&host, "etc/guardian.yaml", "swap: {file: /data/swapfile, size: 64m}\n%s", policy);
	host_put(&host, "proc/swaps",
		"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
		"/dev/sda2                               partition\t1024\t\t0\t\t-2\n");
	host_put(&host, "data/swapfile", "somebody's notes\n");
	assert_int_equal(check(&plain), 1);
	assert_true(says("/data/swapfile"));
}

static void no_swap(void **unused)
{
	(void)unused;
	host_put(&host, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:         2000000 kB\n"
		"MemAvailable:    3000000 kB\nSwapTotal:             0 kB\nSwapFree:              "
		"0 kB\n");
	assert_int_equal(check(&plain), 1);
	assert_true(says("GUARDIAN WARNING - there is no swap"));
}

/* Listed, and no reason to wake anybody, as long as no policy can state one. */
static void no_cap_on_streams(void **unused)
{
	(void)unused;
	assert_int_equal(check(&plain), 0);
	assert_true(says("\nNOTICE: there is no cap on streams"));
}

static void nobody_watching(void **unused)
{
	(void)unused;
	daemon_lives("held", 60000000);
	assert_int_equal(check(&plain), 2);
	assert_true(says("GUARDIAN CRITICAL - nobody is watching: guardiand (pid 812) is stuck, "
			 "its last tick was 1m ago") ||
		    says("its last tick was 60s ago"));
	daemon_lives("held", 0);
	host_rmtree(&host, "proc/812");
	assert_int_equal(check(&plain), 2);
	assert_true(says("nobody is watching: guardiand (pid 812) has gone"));
	host_rmtree(&host, "run/guardian");
	assert_int_equal(check(&plain), 2);
	assert_true(says("nobody is watching: guardiand is not running"));
	host_put(&host, "run/guardian/status.json", "garbage");
	assert_int_equal(check(&plain), 3);
	assert_true(says("it is not known whether guardiand is alive"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_well, setup, teardown),
		cmocka_unit_test_setup_teardown(a_warning, setup, teardown),
		cmocka_unit_test_setup_teardown(critical_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(critical_service, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bad_policy_is_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(no_policy_is_unknown, setup, teardown),
		cmocka_unit_test(no_such_root),
		cmocka_unit_test_setup_teardown(
			a_container_without_a_limit_is_named_managed_or_not, setup, teardown),
		cmocka_unit_test_setup_teardown(podman_s_limit_is_one_level_below, setup, teardown),
		cmocka_unit_test_setup_teardown(a_swap_file_that_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(no_swap, setup, teardown),
		cmocka_unit_test_setup_teardown(no_cap_on_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_watching, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
