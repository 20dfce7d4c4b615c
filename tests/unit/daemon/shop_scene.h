/*
 * The shop that the tests of guardian watch over.
 */
#ifndef TESTS_SHOP_SCENE_H
#define TESTS_SHOP_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static const char shop[] =
	"  web:\n    mem_limit: 100m\n    swap_limit: 100m\n"
	"  db:\n    mem_limit: 200m\n    swap_limit: 200m\n    mem_reservation: 64m\n";

/* `web` and `db` run, their limits are set, and all is told. */
static inline void start_shop(void)
{
	host_container(&world.host, 1, "web");
	host_container(&world.host, 2, "db");
	world_policy("%s", shop);
	world_start();
	world_run(10 * SECOND_US);
}

static inline void assert_value(const char *cgroup, const char *file, const char *wanted)
{
	assert_string_equal(host_value(&world.host, cgroup, file), wanted);
}

#endif
