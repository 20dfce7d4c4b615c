/*
 * heartbeat: a process that exists and has ticked lately is alive; every other state of things has
 * a name of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guardian/heartbeat.h"
#include "host.h"

#define SECOND 1000000ULL

static struct heartbeat judged(uint64_t ticked_us, uint64_t now_us, enum heartbeat_process process)
{
	struct heartbeat hb = {.head = {.now_us = ticked_us, .interval_us = SECOND}};

	heartbeat_judge(&hb, now_us, process);
	return hb;
}

static void patience_is_three_intervals_and_ten_seconds_at_least(void **unused)
{
	struct status_head head = {.interval_us = SECOND};

	(void)unused;
	assert_int_equal(heartbeat_patience_us(&head), 10 * SECOND);
	head.interval_us = 5 * SECOND;
	assert_int_equal(heartbeat_patience_us(&head), 15 * SECOND);
	head.interval_us = UINT64_MAX / 2;
	assert_int_equal(heartbeat_patience_us(&head), UINT64_MAX);
	head.interval_us = 0;
	assert_int_equal(heartbeat_patience_us(&head), 10 * SECOND);
}

static void alive_is_there_and_ticking(void **unused)
{
	(void)unused;
	assert_int_equal(judged(100, 100 + 10 * SECOND, PROCESS_THERE).state, HEARTBEAT_ALIVE);
	assert_int_equal(judged(100, 100 + 10 * SECOND, PROCESS_THERE).age_us, 10 * SECOND);
	assert_int_equal(judged(100, 101 + 10 * SECOND, PROCESS_THERE).state, HEARTBEAT_OLD);
	assert_int_equal(judged(100, 100, PROCESS_GONE).state, HEARTBEAT_GONE);
	assert_int_equal(judged(100, 101 + 10 * SECOND, PROCESS_GONE).state, HEARTBEAT_GONE);
	/* Nobody may look at others' processes: then the tick alone speaks. */
	assert_int_equal(judged(100, 100, PROCESS_HIDDEN).state, HEARTBEAT_ALIVE);
	assert_int_equal(judged(100, 101 + 10 * SECOND, PROCESS_HIDDEN).state, HEARTBEAT_OLD);
}

static void a_tick_of_an_earlier_boot_is_old(void **unused)
{
	(void)unused;
	assert_int_equal(judged(500 * SECOND, 20 * SECOND, PROCESS_THERE).state, HEARTBEAT_OLD);
	assert_int_equal(judged(500 * SECOND, 20 * SECOND, PROCESS_THERE).age_us, UINT64_MAX);
}

static struct heartbeat read_below(const struct host *h)
{
	struct heartbeat hb;

	heartbeat_read(&hb, h->tree.fd);
	return hb;
}

static void put_status(const struct host *h, int pid)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	host_put(h, "run/guardian/status.json",
		"{\"version\":\"1\",\"pid\":%5d,\"realtime_us\":1,\"tick\":3,\"now_us\":%lld,"
		"\"interval_us\":1000000,\"mode\":\"enforce\"}",
		pid, (long long)now.tv_sec * 1000000);
}

static void the_file_and_the_process(void **unused)
{
	struct host h;
	struct heartbeat hb;

	(void)unused;
	host_make(&h);
	hb = read_below(&h);
	assert_int_equal(hb.state, HEARTBEAT_NONE);
	assert_null(hb.json);
	heartbeat_free(&hb);

	put_status(&h, 812);
	hb = read_below(&h); /* no /proc/1: processes are hidden */
	assert_int_equal(hb.state, HEARTBEAT_ALIVE);
	assert_int_equal(hb.head.pid, 812);
	assert_non_null(hb.json);
	assert_int_equal(strlen(hb.text), hb.len);
	heartbeat_free(&hb);
	assert_null(hb.text);

	host_put(&h, "proc/1/comm", "systemd\n");
	hb = read_below(&h);
	assert_int_equal(hb.state, HEARTBEAT_GONE);
	heartbeat_free(&hb);

	host_put(&h, "proc/812/comm", "guardiand\n");
	hb = read_below(&h);
	assert_int_equal(hb.state, HEARTBEAT_ALIVE);
	heartbeat_free(&hb);
	host_remove(&h);
}

static void what_is_no_status_file(void **unused)
{
	struct host h;
	struct heartbeat hb;

	(void)unused;
	host_make(&h);
	host_put(&h, "run/guardian/status.json", "not JSON at all");
	hb = read_below(&h);
	assert_int_equal(hb.state, HEARTBEAT_UNREADABLE);
	assert_int_equal(hb.error, -EBADMSG);
	heartbeat_free(&hb);

	host_put(&h, "run/guardian/status.json", "{\"pid\":812}");
	hb = read_below(&h);
	assert_int_equal(hb.state, HEARTBEAT_UNREADABLE);
	heartbeat_free(&hb);

	/* Nobody is led to another file. */
	temp_tree_unlink(&h.tree, "run/guardian/status.json");
	assert_int_equal(symlinkat("/etc/passwd", h.tree.fd, "run/guardian/status.json"), 0);
	hb = read_below(&h);
	assert_int_equal(hb.state, HEARTBEAT_UNREADABLE);
	assert_int_equal(hb.error, -ELOOP);
	heartbeat_free(&hb);
	host_remove(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patience_is_three_intervals_and_ten_seconds_at_least),
		cmocka_unit_test(alive_is_there_and_ticking),
		cmocka_unit_test(a_tick_of_an_earlier_boot_is_old),
		cmocka_unit_test(the_file_and_the_process),
		cmocka_unit_test(what_is_no_status_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
