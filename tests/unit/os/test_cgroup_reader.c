/*
 * The look and the full read, on a copy of a host's tree that is edited between samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fail_pread.h"
#include "guardian/cgroup_reader.h"
#include "guardian/fs.h"
#include "kernel_cgroup.h"
#include "temp_tree.h"

#define HEX48    "0123456789abcdef0123456789abcdef0123456789abcdef"
#define SLICE    "sys/fs/cgroup/system.slice"
#define BACKEND  SLICE "/docker-bbbbbbbb" HEX48 "0badcafe.scope"
#define POSTGRES SLICE "/docker-cccccccc" HEX48 "5eed5eed.scope"
#define REDIS    SLICE "/docker-dddddddd" HEX48 "00c0ffee.scope"
#define PODMAN   "sys/fs/cgroup/machine.slice/libpod-bbbbbbbb" HEX48 "0badcafe.scope"

enum {
	MIB = 1 << 20,
	SECOND = 1000000,
	READINGS = MEMBER_CURRENT | MEMBER_STAT | MEMBER_SWAP | MEMBER_EVENTS |
		   MEMBER_EVENTS_LOCAL | MEMBER_PSI | MEMBER_POPULATED | MEMBER_PIDS | MEMBER_PEAK |
		   MEMBER_HIGH,
	LIMITS = (1 << LIMIT_COUNT) - 1,
	FILES = VALUES_OF_A_LOOK + 4 + TEXTS, /* without crun's inner one */
};

/* ---- the scene ---- */

struct scene {
	struct temp_tree tree;
	const char *path;
	struct cgroup_reader reader;
	struct member_sample m;
	uint64_t now_us;
};

static void begin(struct scene *s, const char *fixture, const char *path)
{
	*s = (struct scene){.tree = temp_tree_make(fixture), .path = path, .now_us = 100 * SECOND};
	assert_int_equal(cgroup_reader_open(&s->reader, s->tree.fd, path), 0);
}

static void end(struct scene *s)
{
	cgroup_reader_close(&s->reader);
	temp_tree_remove(&s->tree);
}

static void edit(const struct scene *s, const char *file, const char *text)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", s->path, file);
	temp_tree_write(&s->tree, path, text);
}

static void edit_number(const struct scene *s, const char *file, uint64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)number);
	edit(s, file, text);
}

/* One tick later. -> changed */
static bool tick(struct scene *s)
{
	s->now_us += SECOND / 10;
	assert_int_equal(cgroup_reader_sample(&s->reader, &s->m, s->now_us), 0);
	return s->m.changed;
}

/* Was the last tick a full read? memory.stat's change is seen by a full read alone. */
static bool reads_fully(struct scene *s, const char *anon)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"anon %s\nfile 2\nkernel 3\nshmem 4\ninactive_file 5\nactive_file "
		"6\nslab_reclaimable 7\n"
		"workingset_refault_anon 8\nworkingset_refault_file 9\npgscan 10\npgsteal 11\n",
		anon);
	edit(s, "memory.stat", text);
	(void)tick(s);
	return s->m.anon_bytes == strtoull(anon, NULL, 10);
}

/* ---- the first sample ---- */

static void test_a_whole_sample(void **state)
{
	struct scene s;
	struct member_sample *m = &s.m;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	assert_true(tick(&s));
	assert_int_equal(m->valid, READINGS);
	assert_int_equal(m->inode, s.reader.inode);
	assert_int_equal(m->current_bytes, 28 * MIB);
	assert_int_equal(m->swap_bytes, MIB);
	assert_int_equal(m->peak_bytes, 30 * MIB);
	assert_int_equal(m->pids, 6);
	assert_true(m->high_bytes == LIMIT_UNLIMITED);
	assert_true(m->populated);
	assert_int_equal(m->anon_bytes, 20 * MIB);
	assert_int_equal(m->inactive_file_bytes, 3 * MIB);
	assert_int_equal(m->ev_oom, 22290);
	assert_int_equal(m->ev_oom_kill, 1);
	assert_int_equal(m->ev_oom_group_kill, 1);
	assert_int_equal(m->ev_local_oom_kill, 1);
	assert_int_equal(m->psi.some.avg60_centipct, 130);
	assert_int_equal(m->psi.full.total_us, 401200);
	assert_int_equal(m->live.mask, LIMITS);
	assert_int_equal(m->live.value[LIMIT_MAX], 256 * MIB);
	assert_int_equal(m->live.value[LIMIT_LOW], 64 * MIB);
	assert_int_equal(m->live.value[LIMIT_SWAP_MAX], 256 * MIB);
	assert_int_equal(m->live.value[LIMIT_OOM_GROUP], 1);
	end(&s);
}

/* trap 6: "max" is no error and no small number. */
static void test_max_is_unlimited(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", BACKEND);
	(void)tick(&s);
	assert_true(limit_has(&s.m.live, LIMIT_MAX));
	assert_true(s.m.live.value[LIMIT_MAX] == LIMIT_UNLIMITED);
	assert_true(s.m.live.value[LIMIT_SWAP_MAX] == LIMIT_UNLIMITED);
	assert_int_equal(s.m.live.value[LIMIT_LOW], 0);
	end(&s);
}

/* What is not the reader's is left alone. */
static void test_touches_its_own_fields_only(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", POSTGRES);
	s.m.service = 7;
	s.m.ancestor = 3;
	s.m.valid = MEMBER_STORED;
	s.m.stored = (struct limit_set){.mask = 1, .value = {5}};
	(void)tick(&s);
	assert_int_equal(s.m.service, 7);
	assert_int_equal(s.m.ancestor, 3);
	assert_int_equal(s.m.valid, READINGS | MEMBER_STORED);
	assert_int_equal(s.m.stored.value[0], 5);
	end(&s);
}

/* ---- quiet, and changes ---- */

static void test_quiet(void **state)
{
	struct scene s;
	struct member_sample before;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	assert_true(tick(&s));
	before = s.m;
	before.changed = false;
	for (int i = 0; i < 400; i++) { /* 40 s: full reads too */
		assert_false(tick(&s));
		assert_memory_equal(&s.m, &before, sizeof(before));
	}
	end(&s);
}

static void test_each_file_of_a_look(void **state)
{
	static const struct {
		const char *file;
		size_t offset;
	} files[] = {
		{"memory.current", offsetof(struct member_sample, current_bytes)},
		{"memory.swap.current", offsetof(struct member_sample, swap_bytes)},
		{"memory.max", offsetof(struct member_sample, live.value[LIMIT_MAX])},
		{"memory.low", offsetof(struct member_sample, live.value[LIMIT_LOW])},
		{"memory.swap.max", offsetof(struct member_sample, live.value[LIMIT_SWAP_MAX])},
	};
	/* Longer, shorter, of the same length, and the same number in its first eight bytes. */
	static const uint64_t numbers[] = {4096, 12345678901234567ULL, 12345678901234568ULL, 1, 9,
		0, 1234567812345678ULL, 1234567822345678ULL, UINT64_MAX - 1, 10};
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	for (size_t f = 0; f < sizeof(files) / sizeof(*files); f++) {
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
			uint64_t found;

			edit_number(&s, files[f].file, numbers[i]);
			assert_true(tick(&s));
			memcpy(&found, (const char *)&s.m + files[f].offset, sizeof(found));
			assert_true(found == numbers[i]);
			assert_false(tick(&s));
		}
	}
	end(&s);
}

static void test_each_file_of_a_full_read(void **state)
{
	static const struct {
		const char *file, *text;
		size_t offset;
		uint64_t value;
	} files[] = {
		{"memory.high", "1048576\n", offsetof(struct member_sample, high_bytes), MIB},
		{"memory.oom.group", "0\n",
			offsetof(struct member_sample, live.value[LIMIT_OOM_GROUP]), 0},
		{"memory.peak", "99\n", offsetof(struct member_sample, peak_bytes), 99},
		{"pids.current", "77\n", offsetof(struct member_sample, pids), 77},
		{"memory.events", "high 1\nmax 2\noom 3\noom_kill 4\n",
			offsetof(struct member_sample, ev_oom_kill), 4},
		{"memory.events.local", "high 1\nmax 2\noom 3\noom_kill 5\n",
			offsetof(struct member_sample, ev_local_oom_kill), 5},
		{"memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=6\n",
			offsetof(struct member_sample, psi.some.total_us), 6},
	};
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		uint64_t found;

		edit(&s, files[i].file, files[i].text);
		assert_false(tick(&s)); /* a look does not see it */
		cgroup_reader_mark(&s.reader);
		assert_true(tick(&s));
		memcpy(&found, (const char *)&s.m + files[i].offset, sizeof(found));
		assert_int_equal(found, files[i].value);
		cgroup_reader_mark(&s.reader);
		assert_false(tick(&s));
	}
	edit(&s, "cgroup.events", "populated 0\nfrozen 0\n");
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_false(s.m.populated);
	end(&s);
}

/* ---- when a full read is due ---- */

static void test_full_when_marked(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	assert_false(reads_fully(&s, "1001"));
	cgroup_reader_mark(&s.reader);
	assert_true(reads_fully(&s, "1002"));
	assert_false(reads_fully(&s, "1003"));
	end(&s);
}

/* Full reads in 60 s, of a tenth each, in which memory.current changes by a page at every EVERY-th.
 */
static int full_reads(int every)
{
	struct scene s;
	int full = 0;
	char anon[16];

	begin(&s, "t3-medium-docker", BACKEND);
	(void)tick(&s);
	for (int i = 0; i < 600; i++) {
		if (i % every == 0)
			edit_number(&s, "memory.current", i / every % 2 ? 4096 : 0);
		(void)snprintf(anon, sizeof(anon), "%d", 1000 + i);
		full += reads_fully(&s, anon);
	}
	end(&s);
	return full;
}

static void test_full_every_five_seconds_when_alive(void **state)
{
	(void)state;
	assert_in_range(full_reads(1), 12, 14);
	assert_in_range(full_reads(30), 11, 14);
}

/* Once it changes at the start, and never again. */
static void test_full_every_thirty_seconds_when_idle(void **state)
{
	(void)state;
	assert_in_range(full_reads(1000), 2, 4);
}

static void test_full_when_usage_moves(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", BACKEND); /* unlimited */
	(void)tick(&s);
	edit_number(&s, "memory.current", 640ULL * MIB + MIB - 4096);
	assert_false(reads_fully(&s, "1001"));
	edit_number(&s, "memory.current", 640ULL * MIB + MIB);
	assert_true(reads_fully(&s, "1002"));
	edit_number(&s, "memory.current", 640ULL * MIB + 4096);
	assert_false(reads_fully(&s, "1003"));
	edit_number(&s, "memory.current", 640ULL * MIB);
	assert_true(reads_fully(&s, "1004"));
	end(&s);
}

/* A small limit: a 64th of 8 MiB is 128 KiB. */
static void test_full_when_usage_crosses_a_share_of_the_limit(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	edit_number(&s, "memory.max", 8 * MIB);
	edit_number(&s, "memory.current", 4 * MIB);
	(void)tick(&s);
	edit_number(&s, "memory.current", 4 * MIB + 100 * 1024);
	assert_false(reads_fully(&s, "1001"));
	edit_number(&s, "memory.current", 4 * MIB + 128 * 1024);
	assert_true(reads_fully(&s, "1002"));
	edit_number(&s, "memory.current", 4 * MIB + 127 * 1024);
	assert_true(reads_fully(&s, "1003"));
	/* A limit of a few bytes has no 64th. */
	edit(&s, "memory.max", "0\n");
	edit_number(&s, "memory.current", 4 * MIB + 126 * 1024);
	assert_false(reads_fully(&s, "1004"));
	end(&s);
}

/* ---- absent is not zero ---- */

static void test_files_that_are_not_there(void **state)
{
	static const struct {
		const char *file;
		uint32_t reading, limit;
	} files[] = {
		{"memory.swap.current", MEMBER_SWAP, 0}, /* swapaccount=0 */
		{"memory.swap.max", 0, 1 << LIMIT_SWAP_MAX},
		{"memory.peak", MEMBER_PEAK, 0}, /* before 5.19 */
		{"memory.oom.group", 0, 1 << LIMIT_OOM_GROUP},
		{"memory.pressure", MEMBER_PSI, 0},
		{"pids.current", MEMBER_PIDS, 0},
		{"memory.events.local", MEMBER_EVENTS_LOCAL, 0},
	};
	struct scene s = {.tree = temp_tree_make("t3-medium-docker"), .path = REDIS};
	uint32_t valid = READINGS, mask = LIMITS;
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", REDIS, files[i].file);
		temp_tree_unlink(&s.tree, path);
		valid &= ~files[i].reading;
		mask &= ~files[i].limit;
		memset(&s.m, 0, sizeof(s.m));
		assert_int_equal(cgroup_reader_open(&s.reader, s.tree.fd, REDIS), 0);
		(void)tick(&s);
		assert_int_equal(s.m.valid, valid);
		assert_int_equal(s.m.live.mask, mask);
		assert_false(tick(&s));
		cgroup_reader_close(&s.reader);
	}
	temp_tree_remove(&s.tree);
}

/* A text that is not of the form takes the bit away, and gives it back when it is whole again. */
static void test_texts_that_are_not_of_the_form(void **state)
{
	static const char *const bad[] = {"", "\n", "x\n", "-1\n", "12 \n",
		"18446744073709551616\n", "000000000000000000000000000001\n", "maximum\n"};
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		edit(&s, "memory.current", bad[i]);
		edit(&s, "memory.max", bad[i]);
		assert_true(tick(&s));
		assert_int_equal(s.m.valid & MEMBER_CURRENT, 0);
		assert_false(limit_has(&s.m.live, LIMIT_MAX));
		assert_false(tick(&s));
		edit(&s, "memory.current", "4096\n");
		edit(&s, "memory.max", "max\n");
		assert_true(tick(&s));
		assert_int_equal(s.m.valid & MEMBER_CURRENT, MEMBER_CURRENT);
		assert_int_equal(s.m.current_bytes, 4096);
		assert_true(s.m.live.value[LIMIT_MAX] == LIMIT_UNLIMITED);
	}
	edit(&s, "memory.stat", "anon 1\n");
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_int_equal(s.m.valid & MEMBER_STAT, 0);
	cgroup_reader_mark(&s.reader);
	assert_true(reads_fully(&s, "1001"));
	assert_int_equal(s.m.valid & MEMBER_STAT, MEMBER_STAT);
	end(&s);
}

static void test_a_stat_that_is_too_long(void **state)
{
	static char text[10000];
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	memset(text, '\n', sizeof(text) - 1);
	edit(&s, "memory.stat", text);
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_int_equal(s.m.valid, READINGS & ~MEMBER_STAT);
	end(&s);
}

/* After the sample was lost, the next one fills another whole, and nothing of what that held before
 * stays. */
static void test_forget(void **state)
{
	struct scene s;
	struct member_sample before;

	(void)state;
	begin(&s, "t3-medium-docker", POSTGRES);
	(void)tick(&s);
	before = s.m;
	memset(&s.m, 0, sizeof(s.m));
	s.m.valid = MEMBER_INNER_MAX;
	cgroup_reader_forget(&s.reader);
	assert_true(tick(&s));
	assert_memory_equal(&s.m, &before, sizeof(before));
	assert_false(tick(&s));
	end(&s);
}

/* ---- crun's extra level: trap 15 ---- */

static void test_inner_limit(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "podman", PODMAN);
	(void)tick(&s);
	assert_int_equal(s.m.valid, READINGS | MEMBER_INNER_MAX);
	assert_int_equal(s.m.inner_max_bytes, 256 * MIB);
	assert_true(s.m.live.value[LIMIT_MAX] == LIMIT_UNLIMITED);
	edit(&s, "container/memory.max", "max\n");
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_true(s.m.inner_max_bytes == LIMIT_UNLIMITED);
	end(&s);
}

/* It appears after its scope: no reopening is needed. */
static void test_inner_level_comes_later(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	assert_int_equal(s.m.valid & MEMBER_INNER_MAX, 0);
	edit(&s, "container/memory.max", "8388608\n");
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_int_equal(s.m.valid & MEMBER_INNER_MAX, MEMBER_INNER_MAX);
	assert_int_equal(s.m.inner_max_bytes, 8 * MIB);
	end(&s);
}

/* ---- descriptors ---- */

static void test_descriptors(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct cgroup_reader reader;
	int descriptors = open_descriptors();

	(void)state;
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, BACKEND), 0);
	assert_int_equal(open_descriptors(), descriptors + 1 + FILES);
	cgroup_reader_close(&reader);
	assert_int_equal(open_descriptors(), descriptors);
	cgroup_reader_close(&reader);
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, SLICE "/none"), -ENOENT);
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, BACKEND "/memory.max"), -ENOTDIR);
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, "proc/pressure"),
		-ENODEV); /* none of the files */
	cgroup_reader_close(&reader);
	assert_int_equal(open_descriptors(), descriptors);
	temp_tree_remove(&tree);
}

/* Whichever open fails for want of descriptors: an error, nothing left open, and never "absent". */
static void test_no_descriptors_left(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	int descriptors = open_descriptors();
	struct rlimit all, few;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	for (int i = 0; i < 1 + FILES; i++) {
		struct cgroup_reader reader;
		int r;

		few = (struct rlimit){(rlim_t)(tree.fd + 1 + i), all.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		r = cgroup_reader_open(&reader, tree.fd, BACKEND);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
		assert_int_equal(r, -EMFILE);
		assert_int_equal(open_descriptors(), descriptors);
	}
	temp_tree_remove(&tree);
}

/* ---- failing reads ---- */

static int current_is_absent_and_quiet(void *arg)
{
	struct scene *s = arg;
	bool first, second;

	s->now_us += SECOND / 10;
	if (cgroup_reader_sample(&s->reader, &s->m, s->now_us) != 0)
		return false;
	first = s->m.changed;
	if (cgroup_reader_sample(&s->reader, &s->m, s->now_us) != 0)
		return false;
	second = s->m.changed;
	return first && !second && s->m.valid == (READINGS & ~MEMBER_CURRENT);
}

static void test_a_read_that_fails(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	assert_true(
		fail_pread(s.reader.value[VALUE_CURRENT].fd, EIO, current_is_absent_and_quiet, &s));
	end(&s);
}

static int pressure_is_absent(void *arg)
{
	struct scene *s = arg;

	cgroup_reader_mark(&s->reader);
	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == 0 && s->m.changed &&
	       s->m.valid == (READINGS & ~MEMBER_PSI);
}

static void test_a_text_that_fails(void **state)
{
	struct scene s;
	int fd;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	fd = s.reader.text[TEXT_PRESSURE].fd;
	assert_true(fail_pread(fd, EOPNOTSUPP, pressure_is_absent, &s)); /* trap 34 */
	assert_true(
		fail_pread(fd, ENODEV, pressure_is_absent, &s)); /* cgroup.pressure was set to 0 */
	end(&s);
}

static int has_gone(void *arg)
{
	struct scene *s = arg;

	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == -ENODEV;
}

static int events_tell_that_it_has_gone(void *arg)
{
	struct scene *s = arg;

	cgroup_reader_mark(&s->reader);
	return has_gone(s);
}

/* trap 13: a removed cgroup answers ENODEV on every descriptor. */
static void test_removed(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	assert_true(fail_pread(-1, ENODEV, has_gone, &s));
	assert_true(fail_pread(
		s.reader.text[TEXT_POPULATED].fd, ENODEV, events_tell_that_it_has_gone, &s));
	end(&s);
}

/* The memory controller was switched off and on again: the old descriptors are dead, the cgroup is
 * not. */
static int goes_on_with_new_descriptors(void *arg)
{
	struct scene *s = arg;

	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == 0 && s->m.changed &&
	       s->m.current_bytes == 4096;
}

static int goes_on_without_memory(void *arg)
{
	struct scene *s = arg;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/memory.current", s->path);
	if (unlinkat(s->tree.fd, path, 0) < 0)
		return false;
	if (cgroup_reader_sample(&s->reader, &s->m, s->now_us) != 0 || s->m.valid & MEMBER_CURRENT)
		return false;
	/* It comes back: found at the next full read. */
	edit(s, "memory.current", "8192\n");
	s->now_us += 6 * SECOND;
	return cgroup_reader_sample(&s->reader, &s->m, s->now_us) == 0 &&
	       s->m.current_bytes == 8192;
}

static void test_controller_switched_off_and_on(void **state)
{
	struct scene s;
	int fd;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	fd = fcntl(s.reader.value[VALUE_CURRENT].fd, F_DUPFD_CLOEXEC, 500);
	assert_true(fd >= 0);
	close(s.reader.value[VALUE_CURRENT].fd);
	s.reader.value[VALUE_CURRENT].fd = fd; /* a number that is not used again at once */
	edit(&s, "memory.current", "4096\n");
	assert_true(fail_pread(fd, ENODEV, goes_on_with_new_descriptors, &s));
	assert_true(fail_pread(fd, ENODEV, goes_on_without_memory, &s));
	end(&s);
}

/* ---- the kernel's own ---- */

static void test_kernel_removes_it(void **state)
{
	struct temp_tree tree = kernel_cgroup_make();
	struct cgroup_reader reader;
	struct member_sample m = {0};
	int pid;

	(void)state;
	temp_tree_mkdir(&tree, "g");
	assert_int_equal(cgroup_reader_open(&reader, tree.fd, "g"), 0);
	assert_int_equal(cgroup_reader_sample(&reader, &m, 1), 0);
	assert_int_equal(m.valid & MEMBER_POPULATED, MEMBER_POPULATED);
	assert_false(m.populated);
	pid = kernel_cgroup_enter(&tree, "g");
	cgroup_reader_mark(&reader);
	assert_int_equal(cgroup_reader_sample(&reader, &m, 2), 0);
	assert_true(m.populated && m.changed);
	kernel_cgroup_leave(pid);
	temp_tree_rmdir(&tree, "g");
	cgroup_reader_mark(&reader);
	assert_int_equal(cgroup_reader_sample(&reader, &m, 3), -ENODEV);
	cgroup_reader_close(&reader);
	kernel_cgroup_remove(&tree);
}

/* ---- ancestors ---- */

static void test_ancestor(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct ancestor_sample a = {.parent = -1, .has_unit = true};
	struct ancestor_reader reader;
	int descriptors = open_descriptors();

	(void)state;
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, SLICE), 0);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_int_equal(a.inode, reader.inode);
	assert_true(a.has_low && a.has_events && a.has_unit);
	assert_int_equal(a.parent, -1);
	assert_int_equal(a.low_bytes, 0);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 0);
	temp_tree_write(&tree, SLICE "/memory.low", "67108864\n");
	temp_tree_write(&tree, SLICE "/memory.events", "low 0\nhigh 0\nmax 0\noom 9\noom_kill 2\n");
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_int_equal(a.low_bytes, 64 * MIB);
	assert_int_equal(a.ev_oom_kill, 2);
	temp_tree_write(&tree, SLICE "/memory.low", "much\n");
	temp_tree_write(&tree, SLICE "/memory.events", "\n");
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_false(a.has_low || a.has_events);
	ancestor_reader_forget(&reader);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	ancestor_reader_close(&reader);
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, "none"), -ENOENT);
	assert_int_equal(open_descriptors(), descriptors);
	temp_tree_remove(&tree);
}

/* The root has neither memory.low nor memory.events before 6.x. */
static void test_ancestor_without_files(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct ancestor_sample a = {.has_low = true, .has_events = true};
	struct ancestor_reader reader;

	(void)state;
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, "sys/fs/cgroup"), 0);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 1);
	assert_false(a.has_low || a.has_events);
	assert_int_equal(ancestor_reader_sample(&reader, &a), 0);
	ancestor_reader_close(&reader);
	temp_tree_remove(&tree);
}

static int ancestor_has_gone(void *arg)
{
	struct ancestor_sample a = {0};

	return ancestor_reader_sample(arg, &a) == -ENODEV;
}

static void test_ancestor_removed(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct ancestor_reader reader;

	(void)state;
	assert_int_equal(ancestor_reader_open(&reader, tree.fd, SLICE), 0);
	assert_true(fail_pread(reader.low.fd, ENODEV, ancestor_has_gone, &reader));
	assert_true(fail_pread(reader.events.fd, ENODEV, ancestor_has_gone, &reader));
	ancestor_reader_close(&reader);
	temp_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_sample),
		cmocka_unit_test(test_max_is_unlimited),
		cmocka_unit_test(test_touches_its_own_fields_only),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_each_file_of_a_look),
		cmocka_unit_test(test_each_file_of_a_full_read),
		cmocka_unit_test(test_full_when_marked),
		cmocka_unit_test(test_full_every_five_seconds_when_alive),
		cmocka_unit_test(test_full_every_thirty_seconds_when_idle),
		cmocka_unit_test(test_full_when_usage_moves),
		cmocka_unit_test(test_full_when_usage_crosses_a_share_of_the_limit),
		cmocka_unit_test(test_files_that_are_not_there),
		cmocka_unit_test(test_texts_that_are_not_of_the_form),
		cmocka_unit_test(test_a_stat_that_is_too_long),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_inner_limit),
		cmocka_unit_test(test_inner_level_comes_later),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_no_descriptors_left),
		cmocka_unit_test(test_a_read_that_fails),
		cmocka_unit_test(test_a_text_that_fails),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_controller_switched_off_and_on),
		cmocka_unit_test(test_kernel_removes_it),
		cmocka_unit_test(test_ancestor),
		cmocka_unit_test(test_ancestor_without_files),
		cmocka_unit_test(test_ancestor_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
