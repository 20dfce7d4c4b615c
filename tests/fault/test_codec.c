/*
 * The policy file under faults: each call of the load fails once, libyaml's own allocations too.
 * What is asked: the error comes back, one sentence says why, what was found before stays told,
 * nothing leaks, and a policy that came back as good is the whole one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fault.h"
#include "guardian/policy_yaml.h"

static struct policy policy, good;
static struct report report;

static int load_example(void *arg)
{
	(void)arg;
	return policy_yaml_load(AT_FDCWD, "conf/guardian.yaml", 0, &policy, &report);
}

static void all_or_an_error(void *arg, int status)
{
	(void)arg;
	if (status == 0) {
		assert_memory_equal(&policy, &good, sizeof(policy));
		assert_int_equal(report.n_errors, 0);
		return;
	}
	assert_true(status == -ENOMEM || report.n_entries > 0);
	assert_int_equal(report.n_errors, 1);
	assert_true(strlen(report.entry[0].text) > 5);
}

static void a_good_file(void **state)
{
	(void)state;
	assert_int_equal(load_example(NULL), 0);
	good = policy;
	FOR_EACH_FAULT(load_example, .check = all_or_an_error);
}

/* -> 0 when the file was refused for what is in it, as it always should be */
static int parse_slips(void *arg)
{
	static const char text[] = "mode: x\nhost: {warn: &a [80%]}\nservices:\n"
				   "  \"a\\x62c\": {cgroup: >\n      a\n      b\n, mem_limt: 1g}\n";
	int r = policy_yaml_parse("f", text, sizeof(text) - 1, 0, &policy, &report);

	(void)arg;
	return r == -EINVAL ? 0 : r;
}

static unsigned int n_slips;

/* Memory ran out somewhere: the errors of the lines before that are in the report, and one more
 * that says so. */
static void slips_found_are_told(void *arg, int status)
{
	(void)arg;
	if (status == 0) {
		assert_int_equal(report.n_errors, n_slips);
		return;
	}
	assert_int_equal(status, -ENOMEM);
	assert_string_equal(report.entry[0].text, "out of memory");
	for (uint32_t i = 2; i < report.n_entries; i++)
		assert_true(report.entry[i].line >= report.entry[i - 1].line);
	assert_true(report.n_errors <= n_slips + 1);
}

static void a_bad_file_without_memory(void **state)
{
	(void)state;
	assert_int_equal(parse_slips(NULL), 0);
	n_slips = report.n_errors;
	assert_true(n_slips >= 3);
	FOR_EACH_FAULT(parse_slips, .check = slips_found_are_told, .groups = FAULT_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file),
		cmocka_unit_test(a_bad_file_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
