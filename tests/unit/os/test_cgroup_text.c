/*
 * The long files of a cgroup, as several kernels print them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>

#include "cgroup_text.h"
#include "guardian/fs.h"
#include "temp_tree.h"

static bool parse(cgroup_text_parser parser, const char *text, struct member_sample *m)
{
	memset(m, 0, sizeof(*m));
	return parser(text, strlen(text), m);
}

enum { MIB = 1 << 20 };

static void test_stat_of_6_1(void **state)
{
	static const char path[] =
		"tests/fixtures/t3-medium-docker/sys/fs/cgroup/system.slice/docker-"
		"cccccccc0123456789abcdef0123456789abcdef0123456789abcdef5eed5eed.scope/"
		"memory.stat";
	struct member_sample m;
	char text[4096];

	(void)state;
	assert_true(fs_read(AT_FDCWD, path, text, sizeof(text)) > 0);
	assert_true(parse(cgroup_text_stat, text, &m));
	assert_int_equal(m.anon_bytes, 40 * MIB);
	assert_int_equal(m.file_bytes, 400 * MIB);
	assert_int_equal(m.kernel_bytes, 16 * MIB);
	assert_int_equal(m.shmem_bytes, 128 * MIB); /* under file, not anon */
	assert_int_equal(m.inactive_file_bytes, 200 * MIB);
	assert_int_equal(m.active_file_bytes, 72 * MIB);
	assert_int_equal(m.slab_reclaimable_bytes, 6 * MIB);
	assert_int_equal(m.refault_file, 1204);
	assert_int_equal(m.pgscan, 5120);
	assert_int_equal(m.pgsteal, 4980);
}

#define STAT_OLD                                                                                   \
	"anon 1\nfile 2\nkernel_stack 30\npercpu 400\npagetables 5000\nshmem 4\ninactive_file 5\n" \
	"active_file 6\nslab_reclaimable 7\nslab_unreclaimable 8\nslab 60000\n"                    \
	"workingset_refault_anon 9\nworkingset_refault_file 10\npgscan 11\npgsteal 12\n"

/* Before 5.18 there is no `kernel`; it is the sum of its parts. */
static void test_stat_without_kernel(void **state)
{
	struct member_sample m;

	(void)state;
	assert_true(parse(cgroup_text_stat, STAT_OLD, &m));
	assert_int_equal(m.kernel_bytes, 30 + 400 + 5000 + 60000);
	assert_int_equal(m.refault_anon, 9);
	assert_int_equal(m.pgsteal, 12);
}

/* New lines in the middle, as every kernel adds them. */
static void test_stat_with_more_lines(void **state)
{
	struct member_sample m;

	(void)state;
	assert_true(parse(cgroup_text_stat,
		"new_line 77\nfiles 78\nkernel 99\n" STAT_OLD "pgscan_proactive 5\n", &m));
	assert_int_equal(m.kernel_bytes, 99);
	assert_int_equal(m.file_bytes, 2);
	assert_int_equal(m.pgscan, 11);
}

/* Each line that is needed, taken away in turn. */
static void test_stat_lacks_a_line(void **state)
{
	struct member_sample m, untouched = {0};
	char text[sizeof(STAT_OLD)];

	(void)state;
	for (const char *line = STAT_OLD; *line; line = strchr(line, '\n') + 1) {
		size_t before = (size_t)(line - STAT_OLD);
		bool needed = strncmp(line, "slab_unreclaimable", 18) != 0;

		memcpy(text, STAT_OLD, before);
		strcpy(text + before, strchr(line, '\n') + 1);
		assert_int_equal(parse(cgroup_text_stat, text, &m), !needed);
		if (needed)
			assert_memory_equal(&m, &untouched, sizeof(m));
	}
}

/* What cannot be reclaimed is told of older kernels too; what is not known is not told. */
static void test_unreclaimable(void **state)
{
	static const char less[] = "anon 1\nshmem 4\nslab_reclaimable 7\nslab 60000\n";
	uint64_t bytes;

	(void)state;
	assert_true(cgroup_text_unreclaimable(STAT_OLD, strlen(STAT_OLD), &bytes));
	assert_int_equal(bytes, 1 + 4 + 65430 - 7);
	assert_true(cgroup_text_unreclaimable(less, strlen(less), &bytes));
	assert_int_equal(bytes, 1 + 4 + 60000 - 7);
	bytes = 77;
	assert_false(cgroup_text_unreclaimable("anon 1\nshmem 4\n", 15, &bytes));
	assert_int_equal(bytes, 77);
}

static void test_events(void **state)
{
	struct member_sample m;

	(void)state;
	assert_true(parse(cgroup_text_events,
		"low 1\nhigh 2\nmax 3\noom 22290\noom_kill 1\noom_group_kill 4\nsock_throttled 5\n",
		&m));
	assert_int_equal(m.ev_high, 2);
	assert_int_equal(m.ev_max, 3);
	assert_int_equal(m.ev_oom, 22290); /* not a count of kills */
	assert_int_equal(m.ev_oom_kill, 1);
	assert_int_equal(m.ev_oom_group_kill, 4);
	assert_int_equal(m.ev_local_oom_kill, 0);
	/* before 5.17 */
	assert_true(parse(cgroup_text_events, "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n", &m));
	assert_int_equal(m.ev_oom_group_kill, 0);
	assert_false(parse(cgroup_text_events, "low 1\nhigh 2\nmax 3\noom 4\n", &m));
	assert_false(parse(cgroup_text_events, "", &m));
}

static void test_events_local_is_apart(void **state)
{
	struct member_sample m;

	(void)state;
	assert_true(
		parse(cgroup_text_events_local, "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n", &m));
	assert_int_equal(m.ev_local_oom_kill, 5);
	assert_int_equal(m.ev_oom_kill, 0);
	assert_false(parse(cgroup_text_events_local, "oom_kill 5\n", &m));
}

static void test_populated(void **state)
{
	struct member_sample m;

	(void)state;
	assert_true(parse(cgroup_text_populated, "populated 1\nfrozen 0\n", &m));
	assert_true(m.populated);
	assert_true(parse(cgroup_text_populated, "frozen 1\npopulated 0\n", &m));
	assert_false(m.populated);
	assert_false(parse(cgroup_text_populated, "frozen 0\n", &m));
}

static void test_pressure(void **state)
{
	struct member_sample m;

	(void)state;
	assert_true(parse(
		cgroup_text_pressure, "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n", &m));
	assert_int_equal(m.psi.some.total_us, 4);
	assert_false(parse(cgroup_text_pressure, "some\n", &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat_of_6_1),
		cmocka_unit_test(test_stat_without_kernel),
		cmocka_unit_test(test_stat_with_more_lines),
		cmocka_unit_test(test_stat_lacks_a_line),
		cmocka_unit_test(test_unreclaimable),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_events_local_is_apart),
		cmocka_unit_test(test_populated),
		cmocka_unit_test(test_pressure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
