/*
 * guardiand --check: the findings besides the four risks, the effective policy; and that a look
 * changes nothing and never hangs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check_scene.h"
#include "guardian/check.h"
#include "guardian/fs.h"
#include "guardian/text.h"
#include "host.h"

/* ---- the rest of the list ---- */

/* memory.low under a slice without one, from the files to the words. */
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

/* The timer's answer, whatever hangs; here it comes at once, in the middle of the wait for
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
