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
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guardian/check.h"
#include "guardian/fs.h"
#include "guardian/text.h"
#include "host.h"

static struct host host;
static char output[1 << 18];
static const struct check_options plain;

static const char policy[] = "services:\n"
			     "  backend:\n"
			     "    container: backend\n"
			     "    mem_limit: 1g\n"
			     "    swap_limit: 0b\n";

/* ---- a check in a child ---- */

static pid_t start(const struct check_options *given, int to)
{
	struct check_options options = *given;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	dup2(to, STDOUT_FILENO);
	options.root = host.tree.path;
	exit(check_main(&options));
}

/* -> its exit status; what it wrote is in `output`. */
static int finish(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int check(const struct check_options *options)
{
	_cleanup_fd_ int fd =
		openat(host.tree.fd, "output", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int status;
	ssize_t n;

	assert_true(fd >= 0);
	status = finish(start(options, fd));
	n = pread(fd, output, sizeof(output) - 1, 0);
	assert_true(n >= 0);
	output[n] = '\0';
	return status;
}

static bool says(const char *words)
{
	return strstr(output, words) != NULL;
}

/* ---- a host ---- */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void daemon_lives(const char *limit, uint64_t age_us)
{
	host_put(&host, "proc/1/comm", "systemd\n");
	host_put(&host, "proc/812/comm", "guardiand\n");
	host_put(&host, "run/guardian/status.json",
		"{\"version\":\"1\",\"pid\":812,\"realtime_us\":1,\"tick\":3,\"now_us\":%llu,"
		"\"interval_us\":1000000,"
		"\"mode\":\"enforce\",\"policy\":{\"file\":\"/etc/"
		"guardian.yaml\",\"generation\":0},"
		"\"services\":[{\"name\":\"stranger\"},{\"name\":\"backend\",\"state\":\"ok\","
		"\"members\":[{\"limit\":\"held\"},{\"limit\":\"%s\"},{\"limit\":\"held\"}]}]}",
		(unsigned long long)(now_us() - age_us), limit);
}

/* All is well: swap, a daemon that watches, `backend` under its limit. */
static int setup(void **unused)
{
	(void)unused;
	host_make(&host);
	host_put(&host, "etc/guardian.yaml", "%s", policy);
	host_container(&host, 1, "backend");
	host_use(&host, host_scope(1), 100 << 20, 10 << 20);
	host_set(&host, host_scope(1), "memory.max", "%u\n", 1U << 30);
	host_set(&host, host_scope(1), "memory.swap.max", "0\n");
	daemon_lives("held", 0);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	host_remove(&host);
	return 0;
}

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

/* Trap 61: a key that is not there is no zero, wherever the lines stand. */
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

/* ---- the rest of the list ---- */

/* Trap 43, from the files to the words. */
static void a_void_reservation(void **unused)
{
	(void)unused;
	host_put(&host, "etc/guardian.yaml", "%s    mem_reservation: 256m\n", policy);
	host_set(&host, host_scope(1), "memory.low", "268435456\n");
	assert_int_equal(check(&plain), 1);
	assert_true(says(
		"the reservation of backend, 256 MiB, is void: a cgroup above it reserves 0 B"));
	host_set(&host, "system.slice", "memory.low", "268435456\n");
	assert_int_equal(check(&plain), 0);
}

/* Trap 65. */
static void overcommit(void **unused)
{
	(void)unused;
	host_container(&host, 2, "greedy");
	host_set(&host, host_scope(2), "memory.max", "%llu\n", 3ULL << 30);
	assert_int_equal(check(&plain), 1);
	assert_true(says("limits promise more than there is: 4 GiB of limits"));
}

static void what_the_daemon_says_of_a_limit(void **unused)
{
	static const struct {
		const char *claim, *words;
	} cases[] = {
		{"held", "mem_limit of backend is 2 GiB and should be 1 GiB"},
		{"what", "mem_limit of backend is 2 GiB and should be 1 GiB"},
		{"refused", "mem_limit of backend stays 2 GiB: to lower it to 1 GiB would kill"},
		{"failed", "mem_limit of backend is 2 GiB and could not be set"},
		{"surrendered", "mem_limit of backend is 2 GiB instead of 1 GiB: another program"},
	};

	(void)unused;
	host_set(&host, host_scope(1), "memory.max", "%llu\n", 2ULL << 30);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		daemon_lives(cases[i].claim, 0);
		assert_int_equal(check(&plain), 1);
		assert_true(says(cases[i].words));
	}
	daemon_lives("pending", 0);
	assert_int_equal(check(&plain), 0);
}

static void a_service_that_does_not_run(void **unused)
{
	(void)unused;
	host_put(&host, "etc/guardian.yaml",
		"%s  redis:\n    container: redis\n    mem_limit: 64m\n", policy);
	assert_int_equal(check(&plain), 1);
	assert_true(says("redis is in the policy, and nothing that runs is it"));
}

static void two_services_for_one_container(void **unused)
{
	(void)unused;
	host_put(&host, "etc/guardian.yaml",
		"%s  other:\n    compose: backend\n    mem_limit: 64m\n", policy);
	assert_int_equal(check(&plain), 1);
	assert_true(says("backend and other both match one container"));
}

static void without_pressure_and_without_cgroups(void **unused)
{
	(void)unused;
	host_rmtree(&host, "proc/pressure");
	assert_int_equal(check(&plain), 1);
	assert_true(says("this machine has no pressure stall information"));
	host_rmtree(&host, "sys/fs/cgroup");
	assert_int_equal(check(&plain), 1);
	assert_true(says("this machine has no cgroup v2 memory controller: limits are neither set "
			 "nor checked"));
	assert_false(says("backend is in the policy, and nothing"));
}

static void what_the_policy_only_warns_of_is_repeated(void **unused)
{
	(void)unused;
	host_put(&host, "etc/guardian.yaml", "services: {}\n%200s\n", "");
	assert_int_equal(check(&plain), 0);
	assert_true(says("\nNOTICE: /etc/guardian.yaml"));
	assert_true(says("warning: "));
}

static void as_json(void **unused)
{
	const struct check_options options = {.json = true};
	cJSON *json;

	(void)unused;
	assert_int_equal(check(&options), 0);
	json = cJSON_ParseWithOpts(output, NULL, 1);
	assert_non_null(json);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(json, "status")), "ok");
	assert_true(cJSON_GetObjectItem(json, "used_centipct")->valuedouble == 2500);
	cJSON_Delete(json);
}

/* ---- --print-policy ---- */

/* It loads again, and prints the same. */
static void the_effective_policy(void **unused)
{
	struct check_options options = {.print_policy = true};
	static char first[sizeof(output)];
	char path[256];

	(void)unused;
	assert_int_equal(check(&options), 0);
	assert_true(says("    mem_limit: 1g\n"));
	assert_true(says("interval: "));
	memcpy(first, output, sizeof(first));
	host_put(&host, "printed.yaml", "%s", first);
	(void)snprintf(path, sizeof(path), "%s/printed.yaml", host.tree.path);
	options.config = path;
	assert_int_equal(check(&options), 0);
	assert_string_equal(output, first);
	host_put(&host, "printed.yaml", "nonsense: [%500s\n", "");
	assert_int_equal(check(&options), 3);
	assert_string_equal(output, "");
}

/* ---- nothing changes, nothing hangs ---- */

static void a_look_changes_nothing(void **unused)
{
	uint64_t before;

	(void)unused;
	host_set(&host, host_scope(1), "memory.max", "max\n");
	(void)check(&plain); /* makes the file of its output */
	temp_tree_unlink(&host.tree, "output");
	before = host_digest(&host);
	(void)check(&plain);
	temp_tree_unlink(&host.tree, "output");
	assert_true(host_digest(&host) == before);
}

/* A dockerd under SIGSTOP: the kernel takes connections for it, and nobody answers. */
static int silent_docker(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct text_out path;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	text_out_init(&path, address.sun_path, sizeof(address.sun_path));
	text_put(&path, host.tree.path);
	text_put(&path, "/run/docker.sock");
	assert_false(path.full);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void dockerd_is_silent(void **unused)
{
	_cleanup_fd_ int docker = silent_docker();
	uint64_t began_us = now_us();

	(void)unused;
	for (unsigned n = 2; n < 20; n++) {
		host_container(&host, n, "more");
		host_set(&host, host_scope(n), "memory.max", "1048576\n");
	}
	assert_int_equal(check(&plain), 1);
	assert_true(says("dockerd does not answer on its socket"));
	assert_true(says("'backend_working_set'=")); /* its name came from Docker's files */
	assert_true(now_us() - began_us < 8000000);
}

/* Trap 62: the timer's answer, whatever hangs; here it comes at once, in the middle of the wait for
 * dockerd. */
static void the_timer_says_what_was_under_way(void **unused)
{
	const struct check_options options[] = {{.json = false}, {.json = true}};
	_cleanup_fd_ int docker = silent_docker();
	cJSON *json;

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct timespec moment = {0, 400000000};
		int ends[2];
		ssize_t n;
		pid_t child;

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		child = start(&options[i], ends[1]);
		nanosleep(&moment, NULL);
		assert_int_equal(kill(child, SIGALRM), 0);
		assert_int_equal(finish(child), 3);
		n = read(ends[0], output, sizeof(output) - 1);
		assert_true(n > 0);
		output[n] = '\0';
		close(ends[0]);
		close(ends[1]);
		assert_true(says("not finished in time, while asking dockerd"));
	}
	json = cJSON_Parse(output);
	assert_non_null(json);
	cJSON_Delete(json);
}

/* Its reader has stopped, so that even the answer cannot be written: it ends all the same. */
static void a_reader_that_hangs(void **unused)
{
	struct timespec moment = {1, 0};
	uint64_t began_us = now_us();
	static char junk[4096];
	int ends[2];
	pid_t child;

	(void)unused;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	while (write(ends[1], junk, sizeof(junk)) > 0)
		;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	child = start(&plain, ends[1]);
	nanosleep(&moment, NULL);
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* it waits for the reader */
	assert_int_equal(kill(child, SIGALRM), 0);
	assert_int_equal(finish(child), -SIGALRM);
	assert_true(now_us() - began_us < 5000000);
	close(ends[0]);
	close(ends[1]);
}

static void its_reader_has_gone(void **unused)
{
	_cleanup_fd_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	const struct check_options print_policy = {.print_policy = true};

	(void)unused;
	assert_true(full >= 0);
	assert_int_equal(finish(start(&plain, full)), 3);
	assert_int_equal(finish(start(&print_policy, full)), 3);
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
		cmocka_unit_test_setup_teardown(no_swap, setup, teardown),
		cmocka_unit_test_setup_teardown(no_cap_on_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_watching, setup, teardown),
		cmocka_unit_test_setup_teardown(a_void_reservation, setup, teardown),
		cmocka_unit_test_setup_teardown(overcommit, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_daemon_says_of_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_service_that_does_not_run, setup, teardown),
		cmocka_unit_test_setup_teardown(two_services_for_one_container, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_pressure_and_without_cgroups, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_the_policy_only_warns_of_is_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(as_json, setup, teardown),
		cmocka_unit_test_setup_teardown(the_effective_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(a_look_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(dockerd_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(the_timer_says_what_was_under_way, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_that_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(its_reader_has_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
