/*
 * units: without a bus, and on a private one with a systemd that answers, refuses, is silent or
 * goes away. The real one is met in the guest.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_systemd.h"
#include "guardian/units.h"

#define MIB         (1ULL << 20)
#define DEADLINE_US 5000000
#define SHORT_US    300000

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct fixture {
	struct fake_systemd systemd;
	struct units units;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!fake_bus_start(&f->systemd))
		return 0; /* no dbus-daemon here: the tests skip */
	fake_systemd_start(&f->systemd);
	return units_open(&f->units, DEADLINE_US);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	units_close(&f->units);
	fake_bus_remove(&f->systemd);
	free(f);
	return 0;
}

static struct fixture *get(void **state)
{
	struct fixture *f = *state;

	if (f->systemd.bus <= 0)
		skip();
	return f;
}

static struct limit_set set_of(uint64_t max, uint64_t low, uint64_t swap_max)
{
	struct limit_set set = {0};

	limit_put(&set, LIMIT_MAX, max);
	limit_put(&set, LIMIT_LOW, low);
	limit_put(&set, LIMIT_SWAP_MAX, swap_max);
	return set;
}

/* ---- no bus ---- */

static void without_a_bus_it_is_absent(void **state)
{
	struct limit_set set = set_of(100 * MIB, 0, 0);
	struct units u = {.deadline_us = SHORT_US};
	char err[64], unit[64];

	(void)state;
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/tmp/no-such-bus/socket", 1);
	assert_int_equal(units_open(&u, SHORT_US), -ENOENT);
	assert_null(u.bus);
	/* ENOENT of a call is "no such unit". */
	assert_int_equal(units_set_memory(&u, "app.scope", &set, err, sizeof(err)), -ENOTCONN);
	assert_int_equal(units_get_memory(&u, "app.scope", &set), -ENOTCONN);
	assert_int_equal(set.mask, 0);
	assert_int_equal(units_by_cgroup(&u, "app.slice", unit, sizeof(unit)), -ENOTCONN);
	units_close(&u);
	units_close(&u);
}

static void a_bus_without_systemd_is_not_systemd(void **state)
{
	struct fixture *f = get(state);

	fake_systemd_stop(&f->systemd);
	units_close(&f->units);
	assert_int_equal(units_open(&f->units, DEADLINE_US), -ENOTCONN);
}

static void a_dead_bus_is_refused(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set;

	fake_systemd_stop(&f->systemd);
	units_close(&f->units);
	kill(f->systemd.bus, SIGSTOP);
	/* Its socket accepts; the handshake is never answered. */
	assert_int_equal(units_open(&f->units, SHORT_US), -ETIMEDOUT);
	kill(f->systemd.bus, SIGKILL);
	assert_true(units_get_memory(&f->units, "app.scope", &set) < 0);
}

/* ---- values ---- */

static void all_values_go_in_one_call(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set = set_of(1536 * MIB, 512 * MIB, 0);
	char err[64] = "from before";

	limit_put(&set, LIMIT_OOM_GROUP, 1);
	f->systemd.n_calls = 0;
	assert_int_equal(units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_int_equal(f->systemd.n_calls, 1);
	/* 1: at run time. Memory.oom.group is no property. */
	assert_string_equal(f->systemd.properties,
		"app.scope 1 MemoryMax=1610612736 MemoryLow=536870912 MemorySwapMax=0");
}

static void unlimited_is_infinity(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set = {0};
	char err[64];

	limit_put(&set, LIMIT_MAX, LIMIT_UNLIMITED);
	assert_int_equal(units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), 0);
	assert_string_equal(f->systemd.properties, "app.scope 1 MemoryMax=18446744073709551615");
}

static void what_is_no_property_is_not_sent(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set = {0};
	char err[64];

	f->systemd.n_calls = 0;
	limit_put(&set, LIMIT_OOM_GROUP, 1);
	assert_int_equal(units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), 0);
	/* below a page: 0 for the kernel, which kills */
	limit_put(&set, LIMIT_MAX, 1500);
	assert_int_equal(units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), -ERANGE);
	assert_int_equal(f->systemd.n_calls, 0);
}

static void values_are_read_back(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set;

	f->systemd.max = 8ULL << 30;
	f->systemd.low = 64 * MIB;
	assert_int_equal(units_get_memory(&f->units, "app.scope", &set), 0);
	assert_int_equal(set.mask, 1 << LIMIT_MAX | 1 << LIMIT_LOW | 1 << LIMIT_SWAP_MAX);
	assert_int_equal(set.value[LIMIT_MAX], 8ULL << 30);
	assert_int_equal(set.value[LIMIT_LOW], 64 * MIB);
	assert_int_equal(set.value[LIMIT_SWAP_MAX], LIMIT_UNLIMITED);
}

/* systemd writes all values of a unit with any one of them. A container whose memory.max was raised
 * in the file would be back at what systemd knows, and dead, when a reservation is set. */
static void what_the_file_alone_has_is_kept(void **state)
{
	struct fixture *f = get(state);
	struct limit_set live = set_of(900 * MIB, 0, 0), set = {0};

	f->systemd.max = 200 * MIB;
	limit_put(&set, LIMIT_LOW, 64 * MIB);
	assert_int_equal(units_keep_memory(&f->units, "app.scope", &live, 4096, &set), 0);
	assert_int_equal(set.mask, 1 << LIMIT_MAX | 1 << LIMIT_LOW | 1 << LIMIT_SWAP_MAX);
	assert_int_equal(set.value[LIMIT_MAX], 900 * MIB);
	assert_int_equal(set.value[LIMIT_LOW], 64 * MIB);
	assert_int_equal(set.value[LIMIT_SWAP_MAX], 0);
}

/* What the unit has already stays its owner's: a drop-in of ours would hide his next edit. */
static void what_the_unit_has_is_not_repeated(void **state)
{
	struct fixture *f = get(state);
	struct limit_set live = set_of(204796 << 10, 0, LIMIT_UNLIMITED), set = {0};

	f->systemd.max = (204796 << 10) + 100; /* the kernel has rounded it */
	limit_put(&set, LIMIT_LOW, 64 * MIB);
	assert_int_equal(units_keep_memory(&f->units, "app.scope", &live, 4096, &set), 0);
	assert_int_equal(set.mask, 1 << LIMIT_LOW);
	/* What is to be set, or could not be read, is not looked up. */
	f->systemd.n_calls = 0;
	set = set_of(100 * MIB, 0, 0);
	assert_int_equal(units_keep_memory(&f->units, "app.scope", &live, 4096, &set), 0);
	assert_int_equal(set.value[LIMIT_MAX], 100 * MIB);
	set.mask = live.mask = 1 << LIMIT_LOW;
	assert_int_equal(units_keep_memory(&f->units, "app.scope", &live, 4096, &set), 0);
	assert_int_equal(f->systemd.n_calls, 0);
	live = set_of(100 * MIB, 0, 0);
	assert_int_equal(units_keep_memory(&f->units, "gone.scope", &live, 4096, &set), -ENOENT);
}

static void a_unit_that_is_not_there(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set = set_of(100 * MIB, 0, 0);
	char err[64];

	assert_int_equal(
		units_set_memory(&f->units, "gone.scope", &set, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "No unit for gone.scope.");
	assert_int_equal(units_get_memory(&f->units, "gone.scope", &set), -ENOENT);
	assert_int_equal(set.mask, 0);
	assert_int_equal(units_get_memory(&f->units, "app.timer", &set), -EOPNOTSUPP);
	assert_int_equal(units_get_memory(&f->units, "app", &set), -EOPNOTSUPP);
}

static void a_cgroup_has_a_unit(void **state)
{
	struct fixture *f = get(state);
	char unit[16], small[9], deep[600];

	assert_int_equal(units_by_cgroup(&f->units, "/app.slice/app.scope", unit, sizeof(unit)), 0);
	assert_string_equal(unit, "app.scope");
	assert_int_equal(units_by_cgroup(&f->units, "app.slice/app.scope", unit, sizeof(unit)), 0);
	assert_string_equal(unit, "app.scope");
	assert_int_equal(units_by_cgroup(&f->units, "app.slice/app.scope", small, sizeof(small)),
		-ENAMETOOLONG);
	assert_string_equal(small, "");
	assert_int_equal(units_by_cgroup(&f->units, "docker/x", unit, sizeof(unit)), -ENOENT);
	assert_string_equal(unit, "");
	memset(deep, 'a', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(units_by_cgroup(&f->units, deep, unit, sizeof(unit)), -ENAMETOOLONG);
}

/* ---- trouble ---- */

static void a_refusal_is_told_in_systemds_words(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set = set_of(100 * MIB, 0, 0);
	char err[64];

	f->systemd.manner = SYSTEMD_REFUSES;
	assert_int_equal(
		units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), -EREMOTEIO);
	assert_string_equal(err, "Unit is odd.");
	f->systemd.manner = SYSTEMD_DENIES;
	assert_int_equal(units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), -EACCES);
}

static void silence_ends_at_the_deadline(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set = set_of(100 * MIB, 0, 0);
	uint64_t start_us = now_us();
	char err[64];

	f->systemd.manner = SYSTEMD_SILENT;
	f->units.deadline_us = SHORT_US;
	assert_int_equal(
		units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), -ETIMEDOUT);
	assert_in_range(now_us() - start_us, SHORT_US, 10000000);
	/* A late answer cannot be taken for that of the next call: the connection is another. */
	assert_null(f->units.bus);
	f->systemd.manner = SYSTEMD_WELL;
	f->units.deadline_us = DEADLINE_US;
	assert_int_equal(units_set_memory(&f->units, "app.scope", &set, err, sizeof(err)), 0);
}

static void a_stopped_bus_is_silent(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set;

	f->units.deadline_us = SHORT_US;
	kill(f->systemd.bus, SIGSTOP);
	assert_int_equal(units_get_memory(&f->units, "app.scope", &set), -ETIMEDOUT);
	assert_int_equal(units_get_memory(&f->units, "app.scope", &set), -ETIMEDOUT);
	kill(f->systemd.bus, SIGCONT);
	f->units.deadline_us = DEADLINE_US;
	assert_int_equal(units_get_memory(&f->units, "app.scope", &set), 0);
}

static void a_lost_connection_is_made_anew(void **state)
{
	struct fixture *f = get(state);
	struct limit_set set;

	fake_bus_restart(&f->systemd);
	fake_systemd_start(&f->systemd);
	assert_int_equal(units_get_memory(&f->units, "app.scope", &set), 0);
	fake_bus_stop(&f->systemd);
	assert_int_equal(units_get_memory(&f->units, "app.scope", &set), -ENOTCONN);
	assert_null(f->units.bus);
}

static void nobody_needs_to_open_it(void **state)
{
	struct fixture *f = get(state);
	struct units u = {.deadline_us = DEADLINE_US};
	struct limit_set set;

	assert_int_equal(units_get_memory(&u, "app.scope", &set), 0);
	assert_non_null(u.bus);
	units_close(&u);
	(void)f;
}

#define ON_A_BUS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_bus_it_is_absent),
		ON_A_BUS(a_bus_without_systemd_is_not_systemd),
		ON_A_BUS(a_dead_bus_is_refused),
		ON_A_BUS(all_values_go_in_one_call),
		ON_A_BUS(unlimited_is_infinity),
		ON_A_BUS(what_is_no_property_is_not_sent),
		ON_A_BUS(values_are_read_back),
		ON_A_BUS(what_the_file_alone_has_is_kept),
		ON_A_BUS(what_the_unit_has_is_not_repeated),
		ON_A_BUS(a_unit_that_is_not_there),
		ON_A_BUS(a_cgroup_has_a_unit),
		ON_A_BUS(a_refusal_is_told_in_systemds_words),
		ON_A_BUS(silence_ends_at_the_deadline),
		ON_A_BUS(a_stopped_bus_is_silent),
		ON_A_BUS(a_lost_connection_is_made_anew),
		ON_A_BUS(nobody_needs_to_open_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
