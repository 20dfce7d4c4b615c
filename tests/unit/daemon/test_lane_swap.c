/*
 * lane_swap: what becomes of a swap file when a step of its jobs fails, and that nobody waits for
 * it. The kernel is played: see swap_kernel.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/lanes.h"
#include "guardian/vm_knobs.h"
#include "swap_kernel.h"

#define MIB (1ULL << 20)

enum { MS_US = 1000, SECOND_US = 1000000 };

static struct host host;
static struct lanes *lanes;
static struct job job;
static bool there; /* a disk */

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_US + (uint64_t)ts.tv_nsec / 1000;
}

static int setup(void **state)
{
	static const struct policy_docker none;

	(void)state;
	there = swap_kernel_make(&host);
	if (there)
		assert_int_equal(lanes_open(&lanes, host.tree.fd, host.cgfd, &none), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (!there)
		return 0;
	swap_kernel.disk_stands = false;
	lanes_close(lanes, 5 * SECOND_US);
	host_remove(&host);
	return 0;
}

#define DISK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define NEEDS_DISK                                                                                 \
	if (!there)                                                                                \
	skip()

static bool look(const char *name, struct stat *st)
{
	return fstatat(host.tree.fd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

static uint64_t size_of(const char *name)
{
	struct stat st;

	return look(name, &st) ? (uint64_t)st.st_size : 0;
}

static void new_job(enum job_kind kind, uint64_t size_bytes)
{
	struct stat st;

	memset(&job, 0, sizeof(job));
	job.kind = (uint8_t)kind;
	job.ticket = 3;
	strcpy(job.path, "/swapfile");
	job.value = SWAP_PRIORITY_AUTO;
	job.size_bytes = size_bytes;
	if (look("swapfile", &st))
		job.inode = st.st_ino;
}

static void take(void)
{
	struct pollfd fd = {.fd = lanes_fd(lanes), .events = POLLIN};

	while (!lanes_take(lanes, &job))
		assert_int_equal(poll(&fd, 1, 20000), 1);
}

/* -> the job's error */
static int run(enum job_kind kind, uint64_t size_bytes)
{
	new_job(kind, size_bytes);
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	take();
	assert_int_equal(job.ticket, 3);
	assert_null(lanes_swap_progress(lanes).phase);
	return job.error;
}

static void assert_said(const char *words)
{
	if (!strstr(job.message, words))
		fail_msg("\"%s\" does not say \"%s\"", job.message, words);
}

static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = -2; /* . and .. */

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* ---- making ---- */

static void made_and_on(void **state)
{
	struct stat st;

	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	assert_true(look("swapfile", &st));
	assert_int_equal(st.st_size, 4 * MIB);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(swap_kernel_areas(), 1);
	assert_int_equal(swap_kernel.on_calls, 1);
	assert_string_equal(job.message, "");
}

static void what_is_there_is_not_replaced(void **state)
{
	(void)state;
	NEEDS_DISK;
	host_put(&host, "swapfile", "%s", "my letters");
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), -EEXIST);
	assert_said("/swapfile is there already");
	assert_string_equal(host_get(&host, "swapfile"), "my letters");
	assert_int_equal(swap_kernel.on_calls, 0);
}

/* A file without holes that the kernel does not take: every byte is written, once. */
static void refused_without_holes_is_written_out(void **state)
{
	(void)state;
	NEEDS_DISK;
	swap_kernel.on_error = EINVAL;
	swap_kernel.on_errors = 1;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	assert_int_equal(swap_kernel.on_calls, 2);
	assert_int_equal(swap_kernel_areas(), 1);

	swap_kernel_off("/swapfile");
	assert_int_equal(unlinkat(host.tree.fd, "swapfile", 0), 0);
	swap_kernel.on_error = EINVAL;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), -EINVAL);
	assert_int_equal(swap_kernel.on_calls, 4);
	assert_said("the kernel does not take /swapfile as swap");
}

static void not_permitted(void **state)
{
	(void)state;
	NEEDS_DISK;
	swap_kernel.on_error = EPERM;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), -EPERM);
	assert_int_equal(swap_kernel.on_calls, 1);
	assert_said("SystemCallFilter=@swap");
	assert_int_equal(size_of("swapfile"), 4 * MIB);
	/* what is there needs not be made again */
	swap_kernel.on_error = 0;
	assert_int_equal(run(JOB_SWAP_ON, 4 * MIB), 0);
	assert_int_equal(swap_kernel_areas(), 1);
}

/* ---- on ---- */

static void on_looks_again(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	/* on already */
	assert_int_equal(run(JOB_SWAP_ON, 4 * MIB), 0);
	swap_kernel_off("/swapfile");
	/* a mode that the kernel would take */
	assert_int_equal(fchmodat(host.tree.fd, "swapfile", 0644, 0), 0);
	assert_int_equal(run(JOB_SWAP_ON, 4 * MIB), -EPERM);
	assert_int_equal(run(JOB_SWAP_MEND, 4 * MIB), 0);
	assert_int_equal(run(JOB_SWAP_ON, 4 * MIB), 0);
	swap_kernel_off("/swapfile");
	new_job(JOB_SWAP_ON, 4 * MIB);
	job.inode++;
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	take();
	assert_int_equal(job.error, -ESTALE);
	assert_int_equal(swap_kernel_areas(), 0);
}

/* ---- another size ---- */

static void resizes_to(uint64_t size_bytes)
{
	assert_int_equal(run(JOB_SWAP_RESIZE, size_bytes), 0);
	assert_int_equal(size_of("swapfile"), size_bytes);
	assert_int_equal(swap_kernel_areas(), 1);
}

static void resized_both_ways(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	resizes_to(6 * MIB);
	resizes_to(3 * MIB);
	/* one that is not in use, too */
	swap_kernel_off("/swapfile");
	resizes_to(4 * MIB);
}

/* 1.2 times what is in it, above what the host keeps. */
static void what_does_not_fit_stays_on(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	swap_kernel.used_kb = 1000;
	swap_kernel.available_kb = 2199;
	swap_kernel_update();
	for (int fits = 0; fits < 2; fits++) {
		new_job(JOB_SWAP_RESIZE, 6 * MIB);
		job.floor_bytes = 1000 << 10;
		assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
		take();
		assert_int_equal(job.error, fits ? 0 : -EBUSY);
		assert_int_equal(size_of("swapfile"), (fits ? 6 : 4) * MIB);
		assert_int_equal(swap_kernel_areas(), 1);
		swap_kernel.available_kb = 2200;
		swap_kernel_update();
	}
	/* absent is not plenty */
	temp_tree_unlink(&host.tree, "proc/meminfo");
	assert_int_equal(run(JOB_SWAP_RESIZE, 4 * MIB), -EBUSY);
	temp_tree_unlink(&host.tree, "proc/swaps");
	assert_int_equal(run(JOB_SWAP_RESIZE, 4 * MIB), -ENOENT);
	assert_int_equal(size_of("swapfile"), 6 * MIB);
}

/* Pages that come back are charged to their cgroup: over its limit, it would be killed in. */
static void a_limit_in_the_way(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	host_group(&host, "a.slice");
	host_set(&host, "a.slice", "memory.max", "60000000\n");
	host_set(&host, "a.slice", "memory.swap.current", "30000000\n");
	assert_int_equal(run(JOB_SWAP_RESIZE, 5 * MIB), 0); /* nothing is in this file */
	swap_kernel.used_kb = 1000;
	swap_kernel_update();
	assert_int_equal(run(JOB_SWAP_RESIZE, 6 * MIB), -ENOMEM);
	assert_said("have no room under the limit of 57.2 MiB of a.slice");
	assert_int_equal(size_of("swapfile"), 5 * MIB);
	assert_int_equal(swap_kernel_areas(), 1);
}

static void wait_for_off(uint64_t done_bytes, uint64_t total_bytes)
{
	for (int ms = 0; ms < 20000; ms++) {
		struct swap_progress p = lanes_swap_progress(lanes);

		if (p.phase && strcmp(p.phase, "switching off") == 0 &&
			p.done_bytes == done_bytes && p.total_bytes == total_bytes)
			return;
		(void)usleep(1000);
	}
	fail();
}

/* Others take memory while pages come back: what the host is to keep goes before a smaller file. */
static void off_is_given_up_at_the_floor(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	swap_kernel.used_kb = 2000;
	swap_kernel_update();
	swap_kernel.off_stands = true;
	new_job(JOB_SWAP_RESIZE, 6 * MIB);
	job.floor_bytes = 1000 * MIB;
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	wait_for_off(0, 2000 << 10);
	swap_kernel.used_kb = 1500;
	swap_kernel_update();
	wait_for_off(500 << 10, 2000 << 10);
	swap_kernel.available_kb = 999 << 10;
	swap_kernel_update();
	take();
	assert_int_equal(job.error, -EBUSY);
	assert_int_equal(swap_kernel_areas(), 1);
	assert_int_equal(size_of("swapfile"), 4 * MIB);
}

/* Killed at the last process that had pages in it, swapoff is done all the same. */
static void off_that_could_not_be_stopped_is_off(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	swap_kernel.off_stands = true;
	new_job(JOB_SWAP_RESIZE, 6 * MIB);
	job.floor_bytes = 1000 * MIB;
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	wait_for_off(0, 0);
	swap_kernel_off("/swapfile");
	swap_kernel.available_kb = 999 << 10;
	swap_kernel_update();
	take();
	assert_int_equal(job.error, 0);
	assert_string_equal(job.message, "");
	assert_int_equal(swap_kernel_areas(), 1);
	assert_int_equal(size_of("swapfile"), 6 * MIB);
}

static void on_again_whatever_became_of_it(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	new_job(JOB_SWAP_RESIZE, 6 * MIB);
	job.reserve_bytes = 1ULL << 60;
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	take();
	assert_int_equal(job.error, -ENOSPC);
	assert_said("must stay free");
	assert_int_equal(size_of("swapfile"), 4 * MIB);
	assert_int_equal(swap_kernel_areas(), 1);

	swap_kernel.off_error = ENOMEM;
	assert_int_equal(run(JOB_SWAP_RESIZE, 6 * MIB), -ENOMEM);
	assert_said("could not switch off /swapfile");
	assert_int_equal(swap_kernel_areas(), 1);
	swap_kernel.off_error = 0;

	/* both fail: why it has not the size is told, not what followed from it */
	swap_kernel.on_error = EPERM;
	new_job(JOB_SWAP_RESIZE, 6 * MIB);
	job.reserve_bytes = 1ULL << 60;
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	take();
	assert_int_equal(job.error, -ENOSPC);
	assert_said("must stay free");
	assert_int_equal(run(JOB_SWAP_RESIZE, 6 * MIB), -EPERM);
	assert_said("not permitted");
}

/* ---- a thread for as long as there is work ---- */

static void no_thread_without_work(void **state)
{
	int before;

	(void)state;
	NEEDS_DISK;
	before = threads();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(run(JOB_REHEARSE, 0), 0);
		for (int n = 0; threads() != before; n++) {
			assert_in_range(n, 0, 5000);
			usleep(MS_US);
		}
	}
	new_job(JOB_REHEARSE, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	for (int i = 0; i < 100; i++)
		take();
}

static void wait_for_phase(const char *phase)
{
	const char *now;

	for (int n = 0; !(now = lanes_swap_progress(lanes).phase) || strcmp(now, phase) != 0; n++) {
		assert_in_range(n, 0, 10000);
		usleep(MS_US);
	}
}

/* It tells how far it is, and the other lanes go on. */
static void zeros_delay_nobody(void **state)
{
	struct swap_progress p;

	(void)state;
	NEEDS_DISK;
	swap_kernel.no_fallocate = true;
	swap_kernel.disk_stands = true;
	new_job(JOB_SWAP_MAKE, 40 * MIB);
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	wait_for_phase("zeroing");
	p = lanes_swap_progress(lanes);
	assert_int_equal(p.done_bytes, 0);
	assert_int_equal(p.total_bytes, 40 * MIB);
	host_put(&host, "proc/sys/vm/swappiness", "%s", "60\n");
	memset(&job, 0, sizeof(job));
	job.kind = JOB_KNOB;
	job.knob = VM_SWAPPINESS;
	job.value = 10;
	assert_int_equal(lanes_post(lanes, LANE_HOLD, &job), 0);
	take();
	assert_int_equal(job.kind, JOB_KNOB);
	assert_int_equal(job.error, 0);
	assert_string_equal(host_get(&host, "proc/sys/vm/swappiness"), "10");
	swap_kernel.disk_stands = false;
	take();
	assert_int_equal(job.error, 0);
	assert_int_equal(swap_kernel_areas(), 1);
}

/* The daemon stops while zeros are written: nothing is left, and nobody waits for the rest. */
static void stopped_half_way(void **state)
{
	uint64_t begin_us;

	(void)state;
	NEEDS_DISK;
	swap_kernel.no_fallocate = true;
	swap_kernel.disk_stands = true;
	new_job(JOB_SWAP_MAKE, 400 * MIB);
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	wait_for_phase("zeroing");
	begin_us = now_us();
	swap_kernel.disk_stands = false;
	lanes_close(lanes, 5 * SECOND_US);
	lanes = NULL;
	assert_in_range(now_us() - begin_us, 0, 3 * SECOND_US);
	assert_int_equal(size_of("swapfile"), 0);
	assert_int_equal(swap_kernel.on_calls, 0);
}

/* ... and while it grows: it is on again, as it was. */
static void stopped_while_growing(void **state)
{
	(void)state;
	NEEDS_DISK;
	assert_int_equal(run(JOB_SWAP_MAKE, 4 * MIB), 0);
	swap_kernel.no_fallocate = true;
	swap_kernel.disk_stands = true;
	new_job(JOB_SWAP_RESIZE, 400 * MIB);
	assert_int_equal(lanes_post(lanes, LANE_SWAP, &job), 0);
	wait_for_phase("zeroing");
	assert_int_equal(swap_kernel_areas(), 0);
	swap_kernel.disk_stands = false;
	lanes_close(lanes, 5 * SECOND_US);
	lanes = NULL;
	assert_int_equal(size_of("swapfile"), 4 * MIB);
	assert_int_equal(swap_kernel_areas(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DISK(made_and_on),
		DISK(what_is_there_is_not_replaced),
		DISK(refused_without_holes_is_written_out),
		DISK(not_permitted),
		DISK(on_looks_again),
		DISK(resized_both_ways),
		DISK(off_is_given_up_at_the_floor),
		DISK(off_that_could_not_be_stopped_is_off),
		DISK(what_does_not_fit_stays_on),
		DISK(a_limit_in_the_way),
		DISK(on_again_whatever_became_of_it),
		DISK(no_thread_without_work),
		DISK(zeros_delay_nobody),
		DISK(stopped_half_way),
		DISK(stopped_while_growing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
