/*
 * scene: processes that are begun, waited for and never left behind. See scene.h.
 */
#include "scene.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 32, BEGUN_MAX = 256 };

struct scene scene;
static pid_t begun[BEGUN_MAX];
static unsigned int n_begun;

void scene_find_program(const char *argv0)
{
	char path[PATH_MAX], *slash;

	assert_non_null(realpath(argv0, path));
	/* BUILD/tests/unit/stream/test_x */
	for (int i = 0; i < 4; i++) {
		slash = strrchr(path, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	snprintf(scene.program, sizeof(scene.program), "%.400s/guardian-stream", path);
}

bool scene_is_static(void)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	int fd = open(scene.program, O_RDONLY | O_CLOEXEC);
	bool dynamic = false;

	assert_true(fd >= 0);
	assert_int_equal(read(fd, &header, sizeof(header)), sizeof(header));
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		assert_int_equal(pread(fd, &segment, sizeof(segment),
					 (off_t)(header.e_phoff + i * sizeof(segment))),
			sizeof(segment));
		dynamic |= segment.p_type == PT_INTERP;
	}
	close(fd);
	return !dynamic;
}

void scene_pause_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

void scene_write(const void *bytes, size_t size, int64_t at)
{
	assert_int_equal(pwrite(scene.fd, bytes, size, at), size);
}

void scene_publish(uint32_t cap, uint32_t effective_cap, enum slot_cap_reason reason)
{
	struct slot_header header =
		slot_header_make(cap, effective_cap, reason, ++scene.generation, 0);

	scene_write(&header, sizeof(header), SLOT_HEADER_AT);
}

int scene_up(void **state)
{
	struct slot_counters counters = {0};
	struct slot_queue queue = {0};

	(void)state;
	n_begun = 0;
	scene.uid = 0;
	scene.before_exec = NULL;
	strcpy(scene.folder, "/tmp/guardian-stream-XXXXXX");
	if (!mkdtemp(scene.folder) || chmod(scene.folder, 0755) < 0)
		return -1;
	snprintf(scene.file, sizeof(scene.file), "%s/streams.sem", scene.folder);
	snprintf(scene.log, sizeof(scene.log), "%s/log", scene.folder);
	scene.fd = open(scene.file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (scene.fd < 0 || fchmod(scene.fd, 0660) < 0 || ftruncate(scene.fd, SLOT_FILE_SIZE) < 0)
		return -1;
	scene_publish(2, 2, SLOT_CAP_FULL);
	slot_counters_seal(&counters);
	scene_write(&counters, sizeof(counters), SLOT_COUNTERS_AT);
	slot_queue_seal(&queue);
	scene_write(&queue, sizeof(queue), SLOT_QUEUE_AT);
	return 0;
}

int scene_down(void **state)
{
	char command[128];

	(void)state;
	for (unsigned int i = 0; i < n_begun; i++)
		if (begun[i] > 0) {
			kill(begun[i], SIGKILL);
			waitpid(begun[i], NULL, 0);
		}
	close(scene.fd);
	snprintf(command, sizeof(command), "rm -rf %s", scene.folder);
	return system(command); /* a test may */
}

static _Noreturn void become(const char *const *words, bool with_file)
{
	const char *argv[WORDS_MAX] = {scene.program, "--file", scene.file};
	size_t n = with_file ? 3 : 1;

	while (*words && n < WORDS_MAX - 1)
		argv[n++] = *words++;
	argv[n] = NULL;
	if (scene.before_exec)
		scene.before_exec();
	if (scene.uid && (setgid(scene.uid) < 0 || setuid(scene.uid) < 0))
		_exit(99);
	execv(scene.program, (char *const *)(uintptr_t)argv);
	_exit(98);
}

static void read_both(int out, int err, struct ran *ran)
{
	struct {
		int fd;
		char *buf;
		size_t len;
	} pipes[2] = {{out, ran->out, 0}, {err, ran->err, 0}};
	struct pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		assert_true(poll(fds, 2, 20000) > 0);
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			n = read(fds[i].fd, pipes[i].buf + pipes[i].len, 4095 - pipes[i].len);
			if (n <= 0)
				fds[i].fd = -1;
			else
				pipes[i].len += (size_t)n;
		}
	}
	ran->out[pipes[0].len] = '\0';
	ran->err[pipes[1].len] = '\0';
	close(out);
	close(err);
}

struct ran scene_run(const char *const *words, bool with_file)
{
	struct ran ran = {0};
	int out[2], err[2];
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		become(words, with_file);
	}
	close(out[1]);
	close(err[1]);
	read_both(out[0], err[0], &ran);
	ran.status = scene_wait(pid);
	return ran;
}

pid_t scene_begin(const char *const *words)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		become(words, true);
	}
	assert_true(pid > 0 && n_begun < BEGUN_MAX);
	begun[n_begun++] = pid;
	return pid;
}

int scene_wait(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (unsigned int i = 0; i < n_begun; i++)
		if (begun[i] == pid)
			begun[i] = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static uint64_t locked(int64_t first, short type)
{
	uint64_t mask = 0;

	for (unsigned int i = 0; i < 64; i++) {
		struct flock lock = {
			.l_type = type, .l_whence = SEEK_SET, .l_start = first + i, .l_len = 1};

		assert_int_equal(fcntl(scene.fd, F_OFD_GETLK, &lock), 0);
		if (lock.l_type != F_UNLCK)
			mask |= 1ULL << i;
	}
	return mask;
}

uint64_t scene_held(void)
{
	return locked(SLOT_LOCK_SLOTS, F_WRLCK);
}

uint64_t scene_waiting(void)
{
	return locked(SLOT_LOCK_PLACES, F_RDLCK);
}

struct slot_record scene_record(unsigned int slot)
{
	struct slot_record record;

	assert_int_equal(
		pread(scene.fd, &record, sizeof(record), slot_record_at(slot)), sizeof(record));
	return record;
}

struct slot_counters scene_counters(void)
{
	struct slot_counters counters;

	assert_int_equal(
		pread(scene.fd, &counters, sizeof(counters), SLOT_COUNTERS_AT), sizeof(counters));
	return counters;
}

void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

const char *scene_log(void)
{
	static char text[4096];
	int fd = open(scene.log, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}
