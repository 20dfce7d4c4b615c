/*
 * The node table against a model: thousands of additions and removals in a fixed pseudo-random
 * order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_nodes.h"

static struct cgroup_nodes *nodes;

static int set_up(void **state)
{
	(void)state;
	nodes = calloc(1, sizeof(*nodes));
	cgroup_nodes_init(nodes);
	return nodes && cgroup_nodes_add(nodes, "", NODE_NONE, 1) == NODE_ROOT ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	cgroup_nodes_clear(nodes);
	free(nodes);
	return 0;
}

static void test_add_find_remove(void **state)
{
	int a = cgroup_nodes_add(nodes, "a", NODE_ROOT, 7);
	int ab = cgroup_nodes_add(nodes, "a/b", a, 8);

	(void)state;
	assert_int_equal(cgroup_nodes_by_path(nodes, "a"), a);
	assert_int_equal(cgroup_nodes_by_wd(nodes, 8), ab);
	assert_int_equal(cgroup_nodes_by_path(nodes, "a/"), NODE_NONE);
	assert_int_equal(cgroup_nodes_by_wd(nodes, 9), NODE_NONE);
	assert_int_equal(nodes->node[ab].depth, 2);
	assert_int_equal(nodes->node[a].children, 1);
	assert_int_equal(nodes->used, 3);
	cgroup_nodes_drop_wd(nodes, ab);
	cgroup_nodes_drop_wd(nodes, ab);
	assert_int_equal(cgroup_nodes_by_wd(nodes, 8), NODE_NONE);
	assert_int_equal(cgroup_nodes_by_path(nodes, "a/b"), ab);
	cgroup_nodes_remove(nodes, ab);
	assert_int_equal(nodes->node[a].children, 0);
	cgroup_nodes_remove(nodes, a);
	assert_int_equal(cgroup_nodes_by_path(nodes, "a"), NODE_NONE);
	assert_int_equal(nodes->used, 1);
}

static void test_full(void **state)
{
	char path[32];

	(void)state;
	for (int i = 1; i < CGROUP_TREE_MAX; i++) {
		(void)snprintf(path, sizeof(path), "d%d", i);
		assert_int_equal(cgroup_nodes_add(nodes, path, NODE_ROOT, i + 1), i);
	}
	assert_int_equal(cgroup_nodes_add(nodes, "more", NODE_ROOT, 99999), -ENOSPC);
	for (int i = 1; i < CGROUP_TREE_MAX; i++) {
		(void)snprintf(path, sizeof(path), "d%d", i);
		assert_int_equal(cgroup_nodes_by_path(nodes, path), i);
		assert_int_equal(cgroup_nodes_by_wd(nodes, i + 1), i);
	}
	cgroup_nodes_remove(nodes, 5);
	assert_int_equal(cgroup_nodes_add(nodes, "more", NODE_ROOT, 99999), 5);
}

enum { NAMES = 3000, ROUNDS = 60000 };

/* Years of containers: entries come and go, watch descriptors only rise; what is in is found, what
 * is out is not. */
static void test_churn_against_a_model(void **state)
{
	static int32_t model[NAMES]; /* wd, or 0 */
	uint32_t seed = 1;
	int32_t wd = 1;
	char path[32];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int i = (int)((seed = seed * 1664525U + 1013904223U) >> 8) % NAMES;
		int found;

		(void)snprintf(path, sizeof(path), "docker-%d.scope", i);
		found = cgroup_nodes_by_path(nodes, path);
		assert_int_equal(found != NODE_NONE, model[i] != 0);
		if (model[i]) {
			assert_int_equal(cgroup_nodes_by_wd(nodes, model[i]), found);
			cgroup_nodes_remove(nodes, found);
			assert_int_equal(cgroup_nodes_by_wd(nodes, model[i]), NODE_NONE);
			model[i] = 0;
		} else {
			model[i] = ++wd;
			assert_true(cgroup_nodes_add(nodes, path, NODE_ROOT, wd) > 0);
		}
	}
	for (int i = 0; i < NAMES; i++) {
		(void)snprintf(path, sizeof(path), "docker-%d.scope", i);
		assert_int_equal(cgroup_nodes_by_path(nodes, path) != NODE_NONE, model[i] != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_add_find_remove, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_churn_against_a_model, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
