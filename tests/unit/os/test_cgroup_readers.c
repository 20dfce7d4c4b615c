/*
 * Several cgroups read in one go, and how their full reads keep out of each other's way.
 */
#include "reader_scene.h"

#include <errno.h>

#include "fail_pread.h"

enum { READERS = 3 };

struct pack {
	struct temp_tree tree;
	struct cgroup_reader reader[READERS], *readers[READERS];
	struct member_sample m[READERS];
	uint64_t now_us;
};

static const char *const paths[READERS] = {BACKEND, POSTGRES, REDIS};

static void pack_begin(struct pack *p)
{
	*p = (struct pack){.tree = temp_tree_make("t3-medium-docker"), .now_us = 100 * SECOND};
	for (int i = 0; i < READERS; i++) {
		p->readers[i] = &p->reader[i];
		assert_int_equal(cgroup_reader_open(&p->reader[i], p->tree.fd, paths[i]), 0);
	}
}

static void pack_end(struct pack *p)
{
	for (int i = 0; i < READERS; i++)
		cgroup_reader_close(&p->reader[i]);
	temp_tree_remove(&p->tree);
}

static bool pack_tick(struct pack *p)
{
	bool changed = false;

	p->now_us += SECOND / 10;
	assert_int_equal(
		cgroup_readers_sample(p->readers, p->m, READERS, p->now_us, &changed), READERS);
	return changed;
}

static void test_one_that_changes_is_told_from_the_quiet(void **state)
{
	struct pack p;

	(void)state;
	pack_begin(&p);
	assert_true(pack_tick(&p));
	assert_false(pack_tick(&p));
	temp_tree_write(&p.tree, POSTGRES "/memory.low", "4096\n");
	assert_true(pack_tick(&p));
	assert_false(p.m[0].changed);
	assert_true(p.m[1].changed);
	assert_false(p.m[2].changed);
	assert_int_equal(p.m[1].live.value[LIMIT_LOW], 4096);
	assert_false(pack_tick(&p));
	pack_end(&p);
}

/* What the caller knows counts as a change, once, and is no reason to read more. */
static void test_news(void **state)
{
	struct pack p;

	(void)state;
	pack_begin(&p);
	(void)pack_tick(&p);
	temp_tree_write(&p.tree, BACKEND "/pids.current", "4321\n");
	p.reader[0].news = true;
	assert_true(pack_tick(&p));
	assert_true(p.m[0].changed);
	assert_false(p.m[1].changed);
	assert_int_not_equal(p.m[0].pids, 4321);
	assert_false(pack_tick(&p));
	pack_end(&p);
}

static int stops_at_the_second(void *arg)
{
	struct pack *p = arg;
	bool changed = false;

	return cgroup_readers_sample(p->readers, p->m, READERS, p->now_us, &changed) == 1 &&
	       changed && !p->m[2].changed;
}

/* The one that has gone is where it stops; the next call goes on behind it. */
static void test_one_that_has_gone(void **state)
{
	struct pack p;

	(void)state;
	pack_begin(&p);
	(void)pack_tick(&p);
	(void)pack_tick(&p);
	for (int i = 0; i < READERS; i++)
		p.reader[i].news = true;
	cgroup_reader_mark(&p.reader[1]);
	assert_true(
		fail_pread(p.reader[1].text[TEXT_POPULATED].fd, ENODEV, stops_at_the_second, &p));
	pack_end(&p);
}

/* Cgroups made one after the other have neighbouring inodes, and are found in the same tick. */
static void test_neighbours_are_read_fully_at_different_times(void **state)
{
	struct pack p;

	(void)state;
	pack_begin(&p);
	for (int i = 0; i < READERS; i++)
		p.reader[i].inode = 5000 + (uint64_t)i;
	(void)pack_tick(&p);
	for (int i = 0; i < READERS; i++) {
		assert_in_range(p.reader[i].full_at_us, p.now_us + SECOND,
			p.now_us + CGROUP_IDLE_INTERVAL_US);
		for (int k = 0; k < i; k++) {
			int64_t apart = (int64_t)(p.reader[i].full_at_us - p.reader[k].full_at_us);

			assert_true(apart > SECOND || apart < -SECOND);
		}
	}
	pack_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_that_changes_is_told_from_the_quiet),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_one_that_has_gone),
		cmocka_unit_test(test_neighbours_are_read_fully_at_different_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
