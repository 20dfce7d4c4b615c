/*
 * guardiand(8) names every event and every finding of --check: whoever adds one writes down what it
 * means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/check_words.h"
#include "guardian/event.h"
#include "guardian/fs.h"

static char *manual;

static int setup(void **unused)
{
	size_t len;

	(void)unused;
	return fs_read_all(AT_FDCWD, "src/daemon/guardiand.8", 1 << 20, &manual, &len);
}

static int teardown(void **unused)
{
	(void)unused;
	free(manual);
	return 0;
}

static void has_row(const char *name, const char *word)
{
	char row[128];

	(void)snprintf(row, sizeof(row), "\n.It %s Ta %s", name, word);
	if (!strstr(manual, row))
		fail_msg("guardiand.8 has no row '%s'", row + 1);
}

static void every_event_with_its_priority(void **unused)
{
	static const char *const priorities[] = {
		"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

	(void)unused;
	for (enum event_kind kind = 0; kind < EVENT_COUNT; kind++)
		has_row(event_info(kind)->name, priorities[event_info(kind)->priority]);
}

static void every_finding(void **unused)
{
	(void)unused;
	for (enum check_kind kind = 0; kind < CHECK_KINDS; kind++)
		has_row(check_kind_name(kind), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_with_its_priority),
		cmocka_unit_test(every_finding),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
