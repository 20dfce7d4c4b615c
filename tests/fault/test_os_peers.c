/*
 * The peers under faults: Docker's socket and files, systemd's bus, the cgroup's files. What is
 * asked: an error comes back or the work is done, no descriptor stays open, and a limit that could
 * not be judged is not lowered.
 *
 * dockerd and the bus are processes of their own, because a fault hits any thread of this one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "guardian/cgroup_set.h"
#include "guardian/docker_files.h"
#include "guardian/fs.h"
#include "guardian/units.h"

#define ID  "5087d18d790d3b2700cf98b8469427934659c9de12b511f74803990dc51aab1f"
#define MIB (1ULL << 20)

static char folder[] = "/tmp/guardian-fault-XXXXXX";
static int dir = -1;
static struct docker docker = {.deadline_us = 5000000};
static pid_t dockerd;

/* ---- a dockerd that answers as its request's first letters ask ---- */

static const char INSPECTION[] =
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	"9a\r\n{\"Id\":\"" ID
	"\",\"Name\":\"/backend\",\"HostConfig\":{\"Memory\":0,\"MemorySwap\":0,"
	"\"MemoryReservation\":0}}\r\n0\r\n\r\n";
static const char LIST[] = "HTTP/1.1 200 OK\r\n\r\n[{\"Id\":\"" ID "\",\"Names\":[\"/backend\"]}]";
static const char UPDATED[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"Warnings\":[]}";

static const char *answer_to(const char *request)
{
	if (strncmp(request, "POST", 4) == 0)
		return UPDATED;
	return strstr(request, "/containers/json") ? LIST : INSPECTION;
}

static void serve(int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		char request[2048];
		int fd = accept(listener, NULL, NULL);
		ssize_t n = fd < 0 ? -1 : read(fd, request, sizeof(request) - 1);

		if (n > 0) {
			request[n] = '\0';
			(void)!write(fd, answer_to(request), strlen(answer_to(request)));
		}
		close(fd);
	}
}

static void start_dockerd(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(docker.socket, sizeof(docker.socket), "%s/sock", folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 5), 0);
	dockerd = fork();
	assert_true(dockerd >= 0);
	if (dockerd == 0)
		serve(listener);
	close(listener);
}

static void put(const char *path, const char *text)
{
	char whole[128];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", folder, path);
	file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fs_make_dirs(dir, "containers/" ID, 0700);
	fs_make_dirs(dir, "app", 0700);
	put("containers/" ID "/config.v2.json", "{\"ID\":\"" ID "\",\"Name\":\"/backend\"}");
	put("containers/" ID "/hostconfig.json", "{\"Memory\":104857600,\"MemorySwap\":-1}");
	start_dockerd();
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	kill(dockerd, SIGKILL);
	waitpid(dockerd, NULL, 0);
	fs_close(&dir);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* ---- Docker ---- */

static struct docker_container found;

static int inspect(void *arg)
{
	(void)arg;
	return docker_inspect(&docker, "backend", &found);
}

static void whole_or_nothing(void *arg, int status)
{
	(void)arg;
	assert_string_equal(found.name, status == 0 ? "backend" : "");
}

static void inspecting(void **state)
{
	(void)state;
	FOR_EACH_FAULT(inspect, .check = whole_or_nothing);
	/* An interrupted call is simply made again. */
	FOR_EACH_FAULT(inspect, .check = whole_or_nothing, .error = EINTR,
		.groups = FAULT_READ | FAULT_WRITE, .tolerates = true);
}

static int count(const struct docker_container *container, void *userdata)
{
	(void)container;
	++*(int *)userdata;
	return 0;
}

static int list(void *arg)
{
	int n = 0, r = docker_list(&docker, count, &n);

	(void)arg;
	assert_true(r < 0 || (r == 1 && n == 1));
	return r;
}

static int update(void *arg)
{
	struct limit_set set = {0};
	char err[DOCKER_ERROR_SIZE];

	(void)arg;
	limit_put(&set, LIMIT_MAX, 100 * MIB);
	return docker_update(&docker, "backend", &set, err, sizeof(err));
}

static void listing_and_updating(void **state)
{
	(void)state;
	FOR_EACH_FAULT(list);
	/* The reply to a successful update is only read for its warnings. */
	FOR_EACH_FAULT(update, .tolerates = true);
}

static int find(void *arg)
{
	(void)arg;
	return docker_files_find(dir, "/", ID, &found);
}

static void finding_in_files(void **state)
{
	(void)state;
	/* Without hostconfig.json there is still a name. */
	FOR_EACH_FAULT(find, .check = whole_or_nothing, .tolerates = true);
}

/* ---- the cgroup's files ---- */

static struct cgroup_outcome outcome;

static void make_cgroup(void *arg)
{
	put("app/memory.max", "max\n");
	put("app/memory.low", "0\n");
	put("app/memory.swap.max", "max\n");
	put("app/memory.oom.group", "0\n");
	put("app/memory.current", "209715200\n");
	put("app/memory.stat", arg);
}

static int set_limits(void *arg)
{
	const struct cgroup_how how = {.deadline_us = 1000000, .page_bytes = 4096};
	struct cgroup_target target = {.cgfd = dir, .path = "app"};
	struct limit_set set = {0};
	struct stat st;

	(void)arg;
	limit_put(&set, LIMIT_MAX, 100 * MIB);
	limit_put(&set, LIMIT_OOM_GROUP, 1);
	if (fstatat(dir, "app", &st, 0) < 0)
		return -errno;
	target.inode = st.st_ino;
	return cgroup_set_limits(&target, &set, &how, &outcome);
}

static void old_or_new(void *arg, int status)
{
	char text[32];

	(void)arg;
	(void)status;
	assert_true(fs_read(dir, "app/memory.max", text, sizeof(text)) >= 0);
	/* An ordinary file is emptied before it is written, which a failing write shows; the
	 * kernel's is not. */
	assert_true(
		strcmp(text, "max\n") == 0 || strcmp(text, "104857600") == 0 || text[0] == '\0');
	assert_int_equal(strcmp(text, "104857600") == 0, (outcome.written & 1U << LIMIT_MAX) != 0);
}

static void never_new(void *arg, int status)
{
	char text[32];

	(void)arg;
	assert_true(status < 0);
	assert_true(fs_read(dir, "app/memory.max", text, sizeof(text)) >= 0);
	assert_string_equal(text, "max\n");
}

static void setting_limits(void **state)
{
	static char small[] = "anon 1048576\nshmem 0\nslab_reclaimable 0\n";

	(void)state;
	FOR_EACH_FAULT(set_limits, .prepare = make_cgroup, .check = old_or_new, .arg = small,
		.tolerates = true);
}

/* 200 MB that cannot be reclaimed: whatever fails, 100 MiB is not written. */
static void refusing_limits(void **state)
{
	static char large[] = "anon 209715200\nshmem 0\nslab_reclaimable 0\n";

	(void)state;
	for (unsigned long nth = 1;; nth++) {
		const char *call;
		int status, error;

		make_cgroup(large);
		fault_arm(nth, FAULT_ALL, 0);
		status = set_limits(NULL);
		if (!fault_disarm(&call, &error))
			break;
		never_new(NULL, status);
	}
}

/* ---- systemd ---- */

static int open_units(void *arg)
{
	struct units u;
	int r = units_open(&u, 1000000);

	(void)arg;
	units_close(&u);
	return r == -ENOENT ? 0 : r;
}

static void opening_an_absent_bus(void **state)
{
	(void)state;
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/tmp/no-such-bus/socket", 1);
	FOR_EACH_FAULT(open_units, .tolerates = true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inspecting),
		cmocka_unit_test(listing_and_updating),
		cmocka_unit_test(finding_in_files),
		cmocka_unit_test(setting_limits),
		cmocka_unit_test(refusing_limits),
		cmocka_unit_test(opening_an_absent_bus),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
