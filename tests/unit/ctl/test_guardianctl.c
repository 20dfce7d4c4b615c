/*
 * guardianctl: the whole program, in a child whose output is read: its words, its exit statuses,
 * and what it does with a daemon that is alive, dead or was never there.
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int guardianctl_main(int argc, char **argv);
#define main guardianctl_main
#include "ctl/guardianctl.c"
#undef main

#include "root_scene.h"

static char output[1 << 16], errors[1 << 14];

static void put_status(uint64_t age_us)
{
	struct timespec now;
	char text[1024], path[128];
	_cleanup_fd_ int dir = -1;
	int n;

	clock_gettime(CLOCK_BOOTTIME, &now);
	n = snprintf(text, sizeof(text),
		"{\"version\":\"7.8\",\"pid\":1,\"realtime_us\":1,\"now_us\":%lld,\"interval_us\":"
		"1000000,"
		"\"mode\":\"enforce\",\"host\":{\"level\":\"normal\"},"
		"\"services\":[{\"name\":\"backend\",\"state\":\"ok\",\"members\":[]}],"
		"\"events\":[{\"realtime_us\":1700000000000000,\"event\":\"limit_drift\","
		"\"message\":\"first\"},"
		"{\"realtime_us\":1700000001000000,\"event\":\"limit_drift\",\"message\":"
		"\"second\"}]}\n",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000 - (long long)age_us);
	(void)snprintf(path, sizeof(path), "%s/run/guardian", root);
	dir = fs_open_dir(AT_FDCWD, path);
	assert_int_equal(fs_replace(dir, "status.json", text, (size_t)n, 0644), 0);
}

/* ---- a run in a child ---- */

static pid_t start(const char *const *words, int out, int err)
{
	char *argv[16] = {(char *)"guardianctl"};
	int argc = 1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	while (words[argc - 1] && argc < 15) {
		argv[argc] = strdup(words[argc - 1]);
		argc++;
	}
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	closefrom(3); /* or it would hold open the reading end of its own output */
	optind = 0;
	exit(guardianctl_main(argc, argv));
}

static int finish(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int open_output(const char *name)
{
	int fd = openat(rootfd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void take(int fd, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);

	assert_true(n >= 0);
	buf[n] = '\0';
}

static int run_words(const char *const *words)
{
	_cleanup_fd_ int out = open_output("out");
	_cleanup_fd_ int err = open_output("err");
	int status = finish(start(words, out, err));

	take(out, output, sizeof(output));
	take(err, errors, sizeof(errors));
	return status;
}

#define guardianctl(...) run_words((const char *const[]){__VA_ARGS__, NULL})

/* ---- the words ---- */

static void help_and_version(void **unused)
{
	(void)unused;
	assert_int_equal(guardianctl("--help"), 0);
	assert_non_null(strstr(output, "Usage: guardianctl"));
	assert_non_null(strstr(output, "  status "));
	assert_non_null(strstr(output, "  events "));
	assert_non_null(strstr(output, "  swap "));
	assert_int_equal(guardianctl("-h"), 0);
	assert_int_equal(guardianctl("--version"), 0);
	assert_string_equal(output, "guardianctl " GUARDIAN_VERSION "\n");
	assert_int_equal(guardianctl("status", "--help"), 0);
	assert_non_null(strstr(output, "status   [--json] [--watch]"));
}

static void wrong_words_are_usage(void **unused)
{
	const char *const none[] = {NULL};

	(void)unused;
	assert_int_equal(run_words(none), 2);
	assert_non_null(strstr(errors, "Usage: guardianctl"));
	assert_int_equal(guardianctl("stauts"), 2);
	assert_non_null(strstr(errors, "there is no command 'stauts'"));
	assert_int_equal(guardianctl("--nonsense"), 2);
	assert_int_equal(guardianctl("--root"), 2);
	assert_int_equal(guardianctl("status", "--nonsense"), 2);
	assert_int_equal(guardianctl("status", "backend"), 2);
	assert_non_null(strstr(errors, "takes no argument like 'backend'"));
	assert_int_equal(guardianctl("swap", "--nonsense"), 2);
	assert_int_equal(guardianctl("swap", "/swapfile"), 2);
	assert_non_null(strstr(errors, "takes no argument like '/swapfile'"));
	assert_int_equal(guardianctl("slots", "--nonsense"), 2);
	assert_int_equal(guardianctl("slots", "cam-12"), 2);
	assert_non_null(strstr(errors, "takes no argument like 'cam-12'"));
	assert_int_equal(guardianctl("events", "--nonsense"), 2);
	assert_int_equal(guardianctl("events", "backend"), 2);
	assert_int_equal(guardianctl("events", "-n", "many"), 2);
	assert_non_null(strstr(errors, "not 'many'"));
	assert_int_equal(guardianctl("events", "-n", "1000001"), 2);
	assert_string_equal(output, "");
}

static void no_such_root(void **unused)
{
	(void)unused;
	assert_int_equal(guardianctl("--root", "/nonexistent", "status"), 1);
	assert_non_null(strstr(errors, "/nonexistent: No such file or directory"));
}

/* ---- status ---- */

static void the_status_of_the_living_and_the_dead(void **unused)
{
	cJSON *json;

	(void)unused;
	assert_int_equal(guardianctl("--root", root, "status"), 1);
	assert_non_null(strstr(output, "guardiand IS NOT RUNNING"));
	assert_int_equal(guardianctl("--root", root, "status", "--json"), 1);
	assert_string_equal(output, "{\"alive\":false}\n");

	put_status(0);
	assert_int_equal(guardianctl("--root", root, "status"), 0);
	assert_int_equal(strncmp(output, "guardiand 7.8 is running (pid 1), enforcing", 43), 0);
	assert_non_null(strstr(output, "\nbackend  ok"));
	assert_null(strchr(output, '\033')); /* no terminal, no colours */
	assert_int_equal(guardianctl("--root", root, "status", "-j"), 0);
	json = cJSON_ParseWithOpts(output, NULL, 1);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "alive")));
	assert_string_equal(cJSON_GetObjectItem(json, "version")->valuestring, "7.8");
	cJSON_Delete(json);

	put_status(60000000);
	assert_int_equal(guardianctl("--root", root, "status"), 1);
	assert_non_null(strstr(output, "guardiand IS STUCK"));
	assert_non_null(strstr(output, "\nbackend  ok"));
}

static void the_slots_of_the_living_and_the_dead(void **unused)
{
	cJSON *json;

	(void)unused;
	assert_int_equal(guardianctl("--root", root, "slots"), 1);
	assert_non_null(strstr(output, "guardiand IS NOT RUNNING"));
	assert_non_null(strstr(output, "semaphore file is not as it should be: absent"));
	assert_int_equal(guardianctl("--root", root, "slots", "--json"), 1);
	json = cJSON_ParseWithOpts(output, NULL, 1);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "alive")));
	assert_string_equal(cJSON_GetObjectItem(json, "slots_from")->valuestring, "streams.sem");
	cJSON_Delete(json);

	put_status(0);
	assert_int_equal(guardianctl("--root", root, "slots"), 0);
	assert_non_null(strstr(output, "The policy sets no cap on streams."));
	assert_int_equal(guardianctl("--root", root, "slots", "-j"), 0);
	assert_int_equal(strncmp(output, "{\"alive\":true,", 14), 0);
}

/* -> where its output is to be read. */
static int start_piped(const char *const *words, int err, pid_t *child)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*child = start(words, ends[1], err);
	close(ends[1]);
	return ends[0];
}

static void watching_ends_with_its_reader(void **unused)
{
	const char *const words[] = {"--root", root, "status", "--watch", NULL};
	_cleanup_fd_ int err = open_output("err");
	char line[16] = "";
	pid_t child;
	int out;

	(void)unused;
	put_status(0);
	signal(SIGPIPE, SIG_IGN);
	out = start_piped(words, err, &child);
	assert_int_equal(read(out, line, 9), 9);
	assert_string_equal(line, "guardiand");
	close(out);
	assert_int_equal(finish(child), 1);
	signal(SIGPIPE, SIG_DFL);
	take(err, errors, sizeof(errors));
	assert_string_equal(errors, "");
}

static void a_full_disk_is_told(void **unused)
{
	const char *const status[] = {"--root", root, "status", NULL}, *const events[] = {"--root",
									       root, "events",
									       NULL};
	const char *const swap[] = {"--root", root, "swap", NULL};
	_cleanup_fd_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	_cleanup_fd_ int err = open_output("err");

	(void)unused;
	put_status(0);
	assert_int_equal(finish(start(status, full, err)), 1);
	take(err, errors, sizeof(errors));
	assert_non_null(strstr(errors, "No space left on device"));
	assert_int_equal(finish(start(events, full, err)), 1);
	assert_int_equal(finish(start(swap, full, err)), 1);
}

/* ---- swap ---- */

static void put_swaps(const char *text)
{
	_cleanup_fd_ int proc = -1;

	assert_int_equal(fs_make_dirs(rootfd, "proc", 0755), 0);
	proc = fs_open_dir(rootfd, "proc");
	assert_int_equal(fs_replace(proc, "swaps", text, strlen(text), 0644), 0);
}

static void the_swap_of_the_living_and_the_dead(void **unused)
{
	(void)unused;
	put_swaps("Filename Type Size Used Priority\n/swap\\040file file 1024 512 -2\n");
	assert_int_equal(guardianctl("--root", root, "swap"), 1);
	assert_non_null(strstr(output, "guardiand IS NOT RUNNING"));
	assert_non_null(strstr(output, "\nThe areas are read from /proc/swaps, now.\n"));
	assert_non_null(strstr(output, "\n/swap file  file "));
	assert_int_equal(guardianctl("--root", root, "swap", "--json"), 1);
	assert_string_equal(output,
		"{\"alive\":false,\"swap\":{\"areas\":[{\"path\":\"/swap file\",\"type\":\"file\","
		"\"size_bytes\":1048576,\"used_bytes\":524288,\"priority\":-2}]},"
		"\"areas_from\":\"/proc/swaps\",\"services\":[]}\n");

	put_status(0);
	assert_int_equal(guardianctl("--root", root, "swap"), 0);
	assert_int_equal(strncmp(output, "guardiand 7.8 is running (pid 1), enforcing", 43), 0);
	assert_int_equal(guardianctl("--root", root, "swap", "-j"), 0);
	assert_ptr_equal(strstr(output, "{\"alive\":true,\"tick_age_us\":"), output);

	put_status(60000000);
	assert_int_equal(guardianctl("--root", root, "swap"), 1);
	assert_non_null(strstr(output, "guardiand IS STUCK"));
	assert_non_null(strstr(output, "last tick was 60 s ago"));
}

/* ---- events ---- */

static void the_last_events(void **unused)
{
	(void)unused;
	assert_int_equal(guardianctl("--root", root, "events"), 1);
	assert_non_null(strstr(errors, "no events in the journal, and no status file"));
	put_status(0);
	assert_int_equal(guardianctl("--root", root, "events"), 0);
	assert_string_equal(output, "2023-11-14 22:13:20  limit_drift               first\n"
				    "2023-11-14 22:13:21  limit_drift               second\n");
	assert_int_equal(guardianctl("--root", root, "events", "-n", "1"), 0);
	assert_string_equal(output, "2023-11-14 22:13:21  limit_drift               second\n");
	assert_int_equal(guardianctl("--root", root, "events", "--last=1", "--json"), 0);
	assert_string_equal(output,
		"{\"realtime_us\":1700000001000000,\"priority\":4,\"event\":\"limit_drift\","
		"\"message\":\"second\"}\n");
}

static void following(void **unused)
{
	const char *const words[] = {"--root", root, "events", "-f", "-n", "1", NULL};
	_cleanup_fd_ int err = open_output("err");
	struct timespec moment = {0, 300000000};
	char line[256] = "";
	pid_t child;
	int out;

	(void)unused;
	put_status(0);
	out = start_piped(words, err, &child);
	assert_true(read(out, line, sizeof(line) - 1) > 0);
	assert_non_null(strstr(line, "second\n"));
	nanosleep(&moment, NULL);
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	kill(child, SIGTERM);
	assert_int_equal(finish(child), -SIGTERM);
	close(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(help_and_version, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_words_are_usage, setup, teardown),
		cmocka_unit_test_setup_teardown(no_such_root, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_status_of_the_living_and_the_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_slots_of_the_living_and_the_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(watching_ends_with_its_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_swap_of_the_living_and_the_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_events, setup, teardown),
		cmocka_unit_test_setup_teardown(following, setup, teardown),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
