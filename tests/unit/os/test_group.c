/*
 * group: names and numbers, and lines that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "guardian/group.h"
#include "temp_tree.h"

static void groups_are_read_as_they_stand(void **state)
{
	static const struct {
		const char *name;
		int status;
		uint32_t gid;
	} cases[] = {{"a", 0, 1}, {"ab", 0, 22}, {"abc", -ENOENT, 0}, {"broken", -ENOENT, 0},
		{"last", 0, 5}, {"12", 0, 12}, {"4294967295", -ENOENT, 0}};
	struct temp_tree tree = temp_tree_make(NULL);
	uint32_t gid;

	(void)state;
	assert_int_equal(group_find(tree.fd, "a", &gid), -ENOENT);
	temp_tree_write(&tree, "etc/group",
		"a:x:1:\nbroken\nbroken:\nbroken:x\nbroken:x:nine:\n\nab::22:a,b\nlast:x:5:");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gid = 0;
		assert_int_equal(group_find(tree.fd, cases[i].name, &gid), cases[i].status);
		assert_int_equal(gid, cases[i].gid);
	}
	temp_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(groups_are_read_as_they_stand)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
