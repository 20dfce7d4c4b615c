/*
 * The look and the full read, on a copy of a host's tree that is edited between samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guardian/cgroup_reader.h"
#include "reader_scene.h"
#include "temp_tree.h"

#define PODMAN "sys/fs/cgroup/machine.slice/libpod-bbbbbbbb" HEX48 "0badcafe.scope"

/* ---- the scene ---- */

static void edit_number(const struct scene *s, const char *file, uint64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)number);
	edit(s, file, text);
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

/* "max" is no error and no small number. */
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

/* ---- the look, which compares all its files at once ---- */

/* In any file of it, in any byte that is compared, alone or with a later one of another length. */
static void test_a_look_sees_every_change(void **state)
{
	static const char *const files[] = {"memory.current", "memory.swap.current", "memory.max",
		"memory.low", "memory.swap.max"};
	struct scene s;
	uint64_t *value[VALUES_OF_A_LOOK];

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	value[VALUE_CURRENT] = &s.m.current_bytes;
	value[VALUE_SWAP_CURRENT] = &s.m.swap_bytes;
	value[VALUE_MAX] = &s.m.live.value[LIMIT_MAX];
	value[VALUE_LOW] = &s.m.live.value[LIMIT_LOW];
	value[VALUE_SWAP_MAX] = &s.m.live.value[LIMIT_SWAP_MAX];
	for (int i = 0; i < VALUES_OF_A_LOOK; i++) {
		for (uint64_t step = 1; step < 100000000000000; step *= 10) {
			edit_number(&s, files[i], 100000000000000);
			(void)tick(&s);
			edit_number(&s, files[i], 100000000000000 + step);
			assert_true(tick(&s));
			assert_true(*value[i] == 100000000000000 + step);
			assert_false(tick(&s));
		}
		for (int later = i + 1; later < VALUES_OF_A_LOOK; later++) {
			edit_number(&s, files[i], 100000000000000);
			edit_number(&s, files[later], 7);
			assert_true(tick(&s));
			edit_number(&s, files[i], 200000000000000);
			edit_number(&s, files[later], 77);
			assert_true(tick(&s));
			assert_true(*value[i] == 200000000000000 && *value[later] == 77);
		}
	}
	end(&s);
}

/* ---- memory.stat, whose keys are looked for where they stood ---- */

static void edit_stat(const struct scene *s, const char *middle, const char *pgsteal)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"anon 1\nfile 2\nkernel 3\nshmem 4\n%sinactive_file 5\nactive_file "
		"6\nslab_reclaimable 7\nworkingset_refault_anon 8\nworkingset_refault_file "
		"9\npgscan 10\npgsteal %s",
		middle, pgsteal);
	edit(s, "memory.stat", text);
}

static void test_a_stat_that_changes_and_moves(void **state)
{
	static const struct {
		const char *middle, *pgsteal;
		uint64_t value;
	} stats[] = {
		{"", "11\n", 11},
		{"", "12\n", 12}, /* no more than the last digit */
		{"", "112\n", 112},
		{"zswap 0\n", "112\n", 112}, /* all behind it stand elsewhere */
		{"zswap 10\n", "113\n", 113},
		{"", "9\n", 9},
	};
	struct scene s;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	for (size_t i = 0; i < sizeof(stats) / sizeof(*stats); i++) {
		edit_stat(&s, stats[i].middle, stats[i].pgsteal);
		cgroup_reader_mark(&s.reader);
		assert_true(tick(&s));
		assert_int_equal(s.m.valid, READINGS);
		assert_int_equal(s.m.pgsteal, stats[i].value);
		assert_int_equal(s.m.slab_reclaimable_bytes, 7);
		cgroup_reader_mark(&s.reader);
		assert_false(tick(&s));
	}
	edit_stat(&s, "", "9");
	cgroup_reader_mark(&s.reader);
	assert_true(tick(&s));
	assert_int_equal(s.m.valid, READINGS & ~MEMBER_STAT); /* cut */
	end(&s);
}

/* ---- crun's extra level ---- */

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

/* Nobody notifies: it is looked for now and then all the same. */
static void test_inner_level_is_found_unnotified(void **state)
{
	struct scene s;
	int ticks;

	(void)state;
	begin(&s, "t3-medium-docker", REDIS);
	(void)tick(&s);
	edit(&s, "container/memory.max", "8388608\n");
	for (ticks = 0; ticks < 330 && !(s.m.valid & MEMBER_INNER_MAX); ticks++) {
		s.now_us += SECOND;
		(void)tick(&s);
	}
	assert_in_range(ticks, 30, 329); /* and not at each full read */
	assert_int_equal(s.m.inner_max_bytes, 8 * MIB);
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
		cmocka_unit_test(test_a_look_sees_every_change),
		cmocka_unit_test(test_a_stat_that_changes_and_moves),
		cmocka_unit_test(test_inner_limit),
		cmocka_unit_test(test_inner_level_comes_later),
		cmocka_unit_test(test_inner_level_is_found_unnotified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
