/*
 * container_birth: whose processes are in a container's cgroup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guardian/container_birth.h"
#include "temp_tree.h"

#define SCOPE "sys/fs/cgroup/docker-1.scope"

static struct temp_tree tree;

static int setup(void **state)
{
	(void)state;
	tree = temp_tree_make(NULL);
	temp_tree_mkdir(&tree, SCOPE);
	temp_tree_mkdir(&tree, "proc/77");
	temp_tree_mkdir(&tree, "proc/78");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	temp_tree_remove(&tree);
	return 0;
}

static bool starting(void)
{
	return container_is_starting(tree.fd, tree.fd, SCOPE);
}

static void runc_makes_it(void **state)
{
	(void)state;
	temp_tree_write(&tree, SCOPE "/cgroup.procs", "77\n78\n");
	temp_tree_write(&tree, "proc/77/comm", "tini\n");
	temp_tree_write(&tree, "proc/78/comm", "runc:[1:CHILD]\n");
	assert_true(starting());
	temp_tree_write(&tree, "proc/78/comm", "runc:[2:INIT]\n");
	assert_true(starting());
	temp_tree_write(&tree, "proc/78/comm", "node\n");
	assert_false(starting());
}

static void who_cannot_be_read_is_nobody(void **state)
{
	(void)state;
	assert_false(starting()); /* no cgroup.procs */
	temp_tree_write(&tree, SCOPE "/cgroup.procs", "");
	assert_false(starting());
	temp_tree_write(&tree, SCOPE "/cgroup.procs", "79\n"); /* gone meanwhile */
	assert_false(starting());
	assert_false(container_is_starting(tree.fd, tree.fd, "sys/fs/cgroup/none.scope"));
}

static void the_empty_one_is_being_made(void **state)
{
	(void)state;
	temp_tree_write(&tree, SCOPE "/cgroup.events", "populated 0\nfrozen 0\n");
	assert_true(starting());
	temp_tree_write(&tree, SCOPE "/cgroup.events", "populated 1\nfrozen 0\n");
	assert_false(starting());
	temp_tree_write(&tree, SCOPE "/cgroup.events", "nonsense\n");
	assert_false(starting());
}

int main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_TREE(runc_makes_it),
		IN_TREE(who_cannot_be_read_is_nobody),
		IN_TREE(the_empty_one_is_being_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
