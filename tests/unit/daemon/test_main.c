/*
 * main: the command line of guardiand, each run in a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

int guardiand_main(int argc, char **argv);
#define main guardiand_main
#include "daemon/main.c"
#undef main

enum { ARGUMENTS_MAX = 16, PATIENCE_STEPS = 200, STEP_US = 100000 };

static char said[1 << 14];

/* Runs guardiand with ARGUMENTS (blank between them; %ROOT is the host's folder) and its output on
 * FD. */
static pid_t start(const char *arguments, int fd)
{
	static char line[1024];
	char *argv[ARGUMENTS_MAX] = {line};
	int argc = 1;
	pid_t pid;

	(void)snprintf(line, sizeof(line), "guardiand %s", arguments);
	for (char *word = strchr(line, ' '); word && word[1] && argc < ARGUMENTS_MAX - 1;
		word = strchr(word, ' ')) {
		*word++ = '\0';
		argv[argc++] = strncmp(word, "%ROOT", 5) == 0 ? world.host.tree.path : word;
	}
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		unsetenv("JOURNAL_STREAM");
		exit(guardiand_main(argc, argv));
	}
	return pid;
}

static int end(pid_t pid, FILE *output)
{
	int status;
	ssize_t n;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	n = pread(fileno(output), said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	fclose(output);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(const char *arguments)
{
	FILE *output = tmpfile();

	assert_non_null(output);
	return end(start(arguments, fileno(output)), output);
}

static void help_and_version(void **state)
{
	(void)state;
	assert_int_equal(run("--help"), 0);
	assert_non_null(strstr(said, "--observe"));
	for (size_t i = 0; i + 1 < sizeof(options) / sizeof(options[0]); i++)
		assert_non_null(strstr(said, options[i].name));
	assert_int_equal(run("-V"), 0);
	assert_string_equal(said, "guardiand " GUARDIAN_VERSION "\n");
}

static void wrong_arguments_are_told(void **state)
{
	static const struct {
		const char *arguments;
		int status;
	} wrong[] = {
		{"--no-such-thing", 2},
		{"extra", 2},
		{"--json", 2},
		{"--quiet", 2},
		{"--print-policy", 2},
		{"--config", 2},
		/* of a plug-in 2 would be "critical" */
		{"--check --observe", 3},
		{"--check extra", 3},
		{"--check --no-such-thing", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(run(wrong[i].arguments), wrong[i].status);
		assert_non_null(strstr(said, "Try 'guardiand --help'"));
	}
}

static void bad_policy_is_told_by_line(void **state)
{
	(void)state;
	world_policy("  web:\n    mem_limt: 100m\n    role: nod\n");
	assert_int_equal(run("--root %ROOT"), 78);
	assert_non_null(strstr(said, "guardian.yaml:3:5: error:"));
	assert_non_null(strstr(said, "2 errors; nothing was started"));
	assert_int_equal(run("--root %ROOT --config /nonexistent.yaml"), 78);
	assert_non_null(strstr(said, "/nonexistent.yaml"));
	assert_int_equal(run("--root /nonexistent"), 1);
	assert_non_null(strstr(said, "cannot start on /nonexistent"));
}

static void check_is_dispatched(void **state)
{
	(void)state;
	world_policy("  web:\n    mem_limt: 100m\n");
	assert_int_equal(run("--check --root %ROOT"), 3);
	world_policy("  web:\n    mem_limit: 100m\n");
	assert_int_equal(run("--check --print-policy --root %ROOT"), 0);
	assert_non_null(strstr(said, "mem_limit: 100m"));
	assert_int_not_equal(run("--check --json --quiet --root %ROOT"), 2 + 128);
}

static bool has_said(FILE *output, const char *word)
{
	ssize_t n = pread(fileno(output), said, sizeof(said) - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	return strstr(said, word) != NULL;
}

static void daemon_runs_and_a_second_one_does_not(void **state)
{
	FILE *output = tmpfile();
	char pid_text[16];
	pid_t first;

	(void)state;
	assert_non_null(output);
	host_container(&world.host, 1, "web");
	world_policy("  web:\n    mem_limit: 100m\n    swap_limit: 100m\n");
	first = start("--root %ROOT", fileno(output));
	/* It is told after the file was read back. */
	for (int i = 0; i < PATIENCE_STEPS && !has_said(output, "limit_applied"); i++)
		usleep(STEP_US);
	assert_int_equal(run("--observe --root %ROOT"), 1);
	assert_non_null(strstr(said, "another guardiand"));
	(void)snprintf(pid_text, sizeof(pid_text), "%d", first);
	assert_non_null(strstr(said, pid_text));
	kill(first, SIGTERM);
	assert_int_equal(end(first, output), 0);
	assert_non_null(strstr(said, "limit_applied"));
	assert_non_null(strstr(said, "guardiand has stopped"));
	assert_string_equal(host_value(&world.host, host_scope(1), "memory.max"), "104857600");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(help_and_version),
		WORLD(wrong_arguments_are_told),
		WORLD(bad_policy_is_told_by_line),
		WORLD(check_is_dispatched),
		WORLD(daemon_runs_and_a_second_one_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
