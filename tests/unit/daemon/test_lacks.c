/*
 * lacks: each is found where the thing is missing, and not where it is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "guardian/lacks.h"
#include "host.h"

static struct policy policy = {
	.docker = {.socket = "/run/docker.sock"}, .swap = {.zswap = SWITCH_KEEP}};
static const struct host_sample whole = {.valid = HOST_PSI_MEMORY}, bare;

/* The tests may run as root or not. */
static uint32_t find(const struct host *h, int cgfd, const struct host_sample *sample)
{
	return lacks_find(h->tree.fd, cgfd, &policy, sample) & ~(uint32_t)LACK_ROOT;
}

static void each_in_turn(void **unused)
{
	struct host h;

	(void)unused;
	host_make(&h);
	host_put(&h, "run/docker.sock", "x");
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	assert_int_equal(find(&h, h.cgfd, &bare), LACK_PSI);
	assert_int_equal(find(&h, -1, &whole), LACK_CGROUP2);
	temp_tree_unlink(&h.tree, "run/docker.sock");
	assert_int_equal(find(&h, h.cgfd, &whole), LACK_DOCKER);
	host_put(&h, "run/docker.sock", "x");
	host_rmtree(&h, "run/systemd");
	assert_int_equal(find(&h, h.cgfd, &whole), LACK_SYSTEMD);
	temp_tree_mkdir(&h.tree, "run/systemd/system");
	temp_tree_unlink(&h.tree, "sys/fs/cgroup/system.slice/memory.swap.max");
	assert_int_equal(find(&h, h.cgfd, &whole), LACK_SWAP_ACCOUNT);
	/* No system.slice: nothing is known, and nothing is claimed. */
	temp_tree_unlink(&h.tree, "sys/fs/cgroup/system.slice/memory.max");
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	host_remove(&h);
}

/* Debian's cloud kernels are built without. */
static void zswap_is_missed_by_who_wants_it(void **unused)
{
	struct host h;

	(void)unused;
	host_make(&h);
	host_put(&h, "run/docker.sock", "x");
	policy.swap.zswap = SWITCH_ON;
	assert_int_equal(find(&h, h.cgfd, &whole), LACK_ZSWAP);
	host_put(&h, "sys/module/zswap/parameters/enabled", "N\n");
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	host_put(&h, "sys/module/zswap/parameters/enabled", "?\n"); /* another matter */
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	host_rmtree(&h, "sys/module/zswap");
	policy.swap.zswap = SWITCH_OFF;
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	policy.swap.zswap = SWITCH_KEEP;
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	host_remove(&h);
}

static void a_group_is_missed_by_who_names_it(void **unused)
{
	struct host h;

	(void)unused;
	host_make(&h);
	host_put(&h, "run/docker.sock", "x");
	host_put(&h, "etc/group", "root:x:0:\nvideo:x:44:cam\n");
	policy.swap.zswap = SWITCH_KEEP;
	strcpy(policy.streams.group, "nobody-has-it");
	policy.streams.max = 0;
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	policy.streams.max = 6;
	assert_int_equal(find(&h, h.cgfd, &whole), LACK_STREAM_GROUP);
	strcpy(policy.streams.group, "video");
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	strcpy(policy.streams.group, "4711"); /* a number needs no name */
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	host_put(&h, "etc/group", "video:x:44:cam\n");
	strcpy(policy.streams.group, "root");
	assert_int_equal(find(&h, h.cgfd, &whole), 0);
	policy.streams.max = 0;
	host_remove(&h);
}

static void root_is_asked_of_the_kernel(void **unused)
{
	struct host h;
	uint32_t lacks;

	(void)unused;
	host_make(&h);
	lacks = lacks_find(h.tree.fd, h.cgfd, &policy, &whole);
	assert_int_equal(!!(lacks & LACK_ROOT), geteuid() != 0);
	host_remove(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_in_turn),
		cmocka_unit_test(zswap_is_missed_by_who_wants_it),
		cmocka_unit_test(a_group_is_missed_by_who_names_it),
		cmocka_unit_test(root_is_asked_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
