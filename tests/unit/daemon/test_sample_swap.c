/*
 * sample_swap: the whole daemon and its swap, over a machine on a disk whose kernel is played (see
 * swap_kernel.h): made, kept, mended, given another size; settings set and put back; and no look
 * where none is due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "swap_kernel.h"
#include "world.h"

static bool there; /* a disk */

static int setup(void **state)
{
	world_setup(state);
	host_remove(&world.host);
	there = swap_kernel_make(&world.host);
	if (!there)
		host_make(&world.host);
	return 0;
}

static int teardown(void **state)
{
	swap_kernel.disk_stands = false;
	return world_teardown(state);
}

#define DISK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define NEEDS_DISK                                                                                 \
	if (!there)                                                                                \
	skip()

static void policy(const char *swap)
{
	host_put(&world.host, "etc/guardian.yaml", "swap:\n%sservices: {}\n", swap);
}

/* Of a tree that is not the host's root the driver writes files alone: here it may do all. */
static void start_with(const struct act_ops *act)
{
	world_start();
	world.g->act = act;
	world_run(10ULL * SECOND_US);
}

static void start(void)
{
	start_with(&act_real);
}

static void reload(const char *swap)
{
	policy(swap);
	guardian_reload(world.g);
	world.g->act = &act_real;
	world_forget_told();
	world_run(10ULL * SECOND_US);
}

static const char small[] = "  size: 20m\n  reserve: 1m\n";

static struct stat file(void)
{
	struct stat st;

	assert_int_equal(fstatat(world.host.tree.fd, "swapfile", &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static const char *last_told(enum event_kind kind)
{
	const struct tell *t = &world.g->tell;

	for (uint32_t i = t->told; i-- > 0 && t->told - i <= EVENT_LINES_KEPT;)
		if (t->kept[i % EVENT_LINES_KEPT].kind == kind)
			return t->kept[i % EVENT_LINES_KEPT].message;
	return "";
}

static const struct swap_sample *seen(void)
{
	return &world.g->snap.swap;
}

/* ---- made and kept ---- */

static void made_once(void **state)
{
	(void)state;
	NEEDS_DISK;
	policy(small);
	start();
	assert_int_equal(file().st_size, 20 * MIB);
	assert_int_equal(swap_kernel_areas(), 1);
	assert_int_equal(world.told[EVENT_SWAP_MAKING], 1);
	assert_int_equal(world.told[EVENT_SWAP_MADE], 1);
	assert_int_equal(seen()->n_areas, 1);
	assert_int_equal(seen()->area[0].ours, 0);
	assert_int_equal(seen()->file[0].state, SWAP_FILE_USABLE);
	assert_true(seen()->file[0].active);
	assert_non_null(strstr(host_get(&world.host, "run/guardian/status.json"),
		"\"areas\":[{\"path\":\"/swapfile\""));
	world_forget_told();
	world_run(3600ULL * SECOND_US);
	assert_int_equal(world_told(), 0);
	assert_int_equal(swap_kernel.on_calls, 1);
}

/* On at stop, and known at the next start; also with what was remembered lost. */
static void stays_over_a_restart(void **state)
{
	(void)state;
	NEEDS_DISK;
	policy(small);
	start();
	for (int crash = 0; crash < 2; crash++) {
		world_stop();
		assert_int_equal(swap_kernel_areas(), 1);
		if (crash)
			temp_tree_unlink(&world.host.tree, "run/guardian/state");
		start();
		world_run(60ULL * SECOND_US);
		assert_int_equal(swap_kernel.on_calls, 1);
		assert_int_equal(world.told[EVENT_SWAP_OFF] + world.told[EVENT_SWAP_ON], 0);
	}
	/* a boot: the file is there, and not in use */
	world_stop();
	swap_kernel_off("/swapfile");
	temp_tree_unlink(&world.host.tree, "run/guardian/state");
	start();
	assert_int_equal(swap_kernel_areas(), 1);
	assert_int_equal(world.told[EVENT_SWAP_ON], 1);
	assert_int_equal(world.told[EVENT_SWAP_OFF] + world.told[EVENT_SWAP_MAKING], 0);
}

static void switched_on_again_and_given_up(void **state)
{
	(void)state;
	NEEDS_DISK;
	policy(small);
	start();
	world_forget_told();
	swap_kernel_off("/swapfile");
	world_run(5ULL * SECOND_US);
	assert_int_equal(swap_kernel_areas(), 1);
	assert_int_equal(world.told[EVENT_SWAP_OFF], 1);
	assert_int_equal(world.told[EVENT_SWAP_ON], 1);
	for (int i = 0; i < 40; i++) {
		swap_kernel_off("/swapfile");
		world_run(10ULL * SECOND_US);
	}
	assert_int_equal(world.told[EVENT_SWAP_SURRENDERED], 1);
	assert_int_equal(swap_kernel_areas(), 0);
	reload(small);
	assert_int_equal(swap_kernel_areas(), 1);
}

/* Nothing tells of a chmod, so it is looked for each half a minute. */
static void mended(void **state)
{
	(void)state;
	NEEDS_DISK;
	policy(small);
	start();
	world_forget_told();
	assert_int_equal(fchmodat(world.host.tree.fd, "swapfile", 0644, 0), 0);
	world_run(40ULL * SECOND_US);
	assert_int_equal(file().st_mode & 07777, 0600);
	assert_int_equal(world.told[EVENT_SWAP_MENDED], 1);
	assert_int_equal(world_told(), 1);
}

static void resized_by_a_reload(void **state)
{
	(void)state;
	NEEDS_DISK;
	policy(small);
	start();
	reload("  size: 40m\n  reserve: 1m\n");
	assert_int_equal(file().st_size, 40 * MIB);
	assert_int_equal(world.told[EVENT_SWAP_RESIZED], 1);
	reload(small);
	assert_int_equal(file().st_size, 20 * MIB);
	assert_int_equal(world.told[EVENT_SWAP_RESIZED], 1);
	assert_int_equal(swap_kernel_areas(), 1);
	assert_int_equal(world.told[EVENT_SWAP_OFF], 0); /* by guardiand itself is no news */
}

static void swap_of_others_counts(void **state)
{
	(void)state;
	NEEDS_DISK;
	swap_kernel.others = "/dev/zram0                              partition\t1000000\t0\t100\n";
	swap_kernel.others_kb = 1000000;
	swap_kernel_update();
	policy(small);
	start();
	assert_int_equal(world.told[EVENT_SWAP_COVERED], 1);
	assert_int_equal(swap_kernel.on_calls, 0);
	assert_int_equal(seen()->foreign_bytes, 1000000ULL << 10);
}

/* ---- what goes wrong is told in words ---- */

static void why_not_is_told(void **state)
{
	(void)state;
	NEEDS_DISK;
	swap_kernel.on_error = EPERM;
	policy(small);
	start();
	assert_in_range(world.told[EVENT_SWAP_FAILED], 1, 2);
	assert_non_null(strstr(last_told(EVENT_SWAP_FAILED), "SystemCallFilter=@swap"));
	swap_kernel.on_error = 0;
	world_run(600ULL * SECOND_US);
	assert_int_equal(swap_kernel_areas(), 1);
}

static void progress_is_shown(void **state)
{
	const char *status;
	struct swap_progress p;

	(void)state;
	NEEDS_DISK;
	swap_kernel.no_fallocate = true;
	swap_kernel.disk_stands = true;
	policy(small);
	world_start();
	world.g->act = &act_real;
	world_tick();
	for (int n = 0; !(p = lanes_swap_progress(world.g->lanes)).phase || p.phase[0] != 'z'; n++)
		assert_in_range(usleep(1000) + n, 0, 10000);
	world_now_us += SECOND_US;
	world_tick();
	assert_in_range(world.wake_us, world_now_us, world_now_us + SECOND_US);
	status = host_get(&world.host, "run/guardian/status.json");
	assert_non_null(strstr(status,
		"\"progress\":{\"path\":\"/swapfile\",\"phase\":\"zeroing\",\"done_bytes\":0,"));
	swap_kernel.disk_stands = false;
	world_run(10ULL * SECOND_US);
	status = host_get(&world.host, "run/guardian/status.json");
	assert_null(strstr(status, "progress"));
	assert_int_equal(swap_kernel_areas(), 1);
}

/* ---- drivers ---- */

static void a_tree_is_given_no_swap(void **state)
{
	(void)state;
	NEEDS_DISK;
	policy(small);
	start_with(&act_files);
	assert_int_equal(world.told[EVENT_SWAP_FAILED], 1);
	assert_int_equal(swap_kernel.on_calls, 0);
	assert_null(host_get(&world.host, "swapfile"));
}

static void observing_changes_nothing(void **state)
{
	uint64_t before;

	(void)state;
	NEEDS_DISK;
	host_put(&world.host, "proc/sys/vm/swappiness", "60\n");
	policy("  size: 20m\n  reserve: 1m\n  swappiness: 10\n");
	before = host_digest(&world.host);
	assert_int_equal(world_open(true), 0);
	world_run(120ULL * SECOND_US);
	world_stop();
	assert_int_equal(host_digest(&world.host), before);
	assert_int_equal(world.told[EVENT_SWAP_OBSERVED], 1);
	assert_int_equal(world.told[EVENT_VM_OBSERVED], 1);
}

/* ---- settings of the kernel ---- */

static void assert_swappiness(const char *wanted)
{
	assert_string_equal(host_get(&world.host, "proc/sys/vm/swappiness"), wanted);
}

static void settings_are_put_back(void **state)
{
	(void)state;
	host_put(&world.host, "proc/sys/vm/swappiness", "60\n");
	host_put(&world.host, "sys/module/zswap/parameters/enabled", "N\n");
	policy("  swappiness: 10\n  zswap: true\n");
	start_with(&act_files);
	assert_swappiness("10");
	assert_string_equal(host_get(&world.host, "sys/module/zswap/parameters/enabled"), "Y");
	assert_int_equal(world.told[EVENT_VM_SET], 2);
	world_stop();
	assert_swappiness("60");
	assert_string_equal(host_get(&world.host, "sys/module/zswap/parameters/enabled"), "N");

	/* and again: what was there first is found anew */
	host_put(&world.host, "proc/sys/vm/swappiness", "40\n");
	start_with(&act_files);
	assert_swappiness("10");
	world_stop();
	assert_swappiness("40");
}

static void what_another_has_set_stays(void **state)
{
	(void)state;
	host_put(&world.host, "proc/sys/vm/swappiness", "60\n");
	policy("  swappiness: 10\n");
	start_with(&act_files);
	host_put(&world.host, "proc/sys/vm/swappiness", "30\n");
	world_stop();
	assert_swappiness("30");
}

/* What was there first outlives a crash, and a policy that does not name it any more. */
static void put_back_after_a_crash(void **state)
{
	_cleanup_fd_ int run = -1;
	char *kept = NULL;
	size_t len;

	(void)state;
	host_put(&world.host, "proc/sys/vm/swappiness", "60\n");
	policy("  swappiness: 10\n");
	start_with(&act_files);
	run = fs_open_dir(world.host.tree.fd, "run/guardian");
	assert_int_equal(fs_read_all(run, "state", sizeof(struct state), &kept, &len), 0);
	world_stop();
	/* as if it had not stopped, but died */
	host_put(&world.host, "proc/sys/vm/swappiness", "10\n");
	assert_int_equal(fs_replace(run, "state", kept, len, 0600), 0);
	free(kept);
	policy("  reserve: 1g\n");
	start_with(&act_files);
	world_run(60ULL * SECOND_US);
	assert_swappiness("60");
}

static void observing_puts_nothing_back(void **state)
{
	(void)state;
	host_put(&world.host, "proc/sys/vm/swappiness", "60\n");
	policy("  swappiness: 10\n");
	start_with(&act_files);
	world.g->act = &act_null;
	world_stop();
	assert_swappiness("10");
	/* nor is it forgotten */
	start_with(&act_files);
	world_stop();
	assert_swappiness("60");
}

/* ---- when to look ---- */

static void areas_are_read_when_swap_moves(void **state)
{
	(void)state;
	NEEDS_DISK;
	policy(small);
	start();
	world_run(SECOND_US); /* not at the half minute */
	assert_int_equal(seen()->area[0].used_bytes, 0);
	swap_kernel.used_kb = 8192;
	swap_kernel_update();
	world_run(6ULL * SECOND_US);
	assert_int_equal(seen()->area[0].used_bytes, 8192ULL << 10);
	/* and as long as it moves, the counters of pages are read at each tick */
	host_put(&world.host, "proc/vmstat",
		"pswpin 1\npswpout 7777\noom_kill 0\npgscan_direct 0\npgscan_kswapd 0\n"
		"pgsteal_direct 0\npgsteal_kswapd 0\nworkingset_refault_anon 0\n"
		"workingset_refault_file 0\n");
	swap_kernel.used_kb = 8200;
	swap_kernel_update();
	world_run(12ULL * SECOND_US);
	assert_int_equal(world.g->snap.host.pswpout, 7777);
}

/* Without the policy asking, nothing is looked at but the areas, which the status shows. */
static void no_policy_no_look(void **state)
{
	(void)state;
	host_put(&world.host, "proc/sys/vm/swappiness", "60\n");
	world_policy("  {}\n");
	world_start();
	world_run(60ULL * SECOND_US);
	assert_int_equal(seen()->valid & ~(uint32_t)SWAP_AREAS, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DISK(made_once),
		DISK(stays_over_a_restart),
		DISK(switched_on_again_and_given_up),
		DISK(mended),
		DISK(resized_by_a_reload),
		DISK(swap_of_others_counts),
		DISK(why_not_is_told),
		DISK(progress_is_shown),
		DISK(a_tree_is_given_no_swap),
		DISK(observing_changes_nothing),
		DISK(settings_are_put_back),
		DISK(what_another_has_set_stays),
		DISK(put_back_after_a_crash),
		DISK(observing_puts_nothing_back),
		DISK(areas_are_read_when_swap_moves),
		DISK(no_policy_no_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
