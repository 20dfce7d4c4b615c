/*
 * check_report: Nagios reads one line with perfdata, people the findings below it, scripts JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <string.h>

#include "guardian/check_report.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct policy policy;
static struct snapshot snap;
static struct check_world world;
static struct check_findings found;
static struct report report;
static char buf[1 << 17];

static int setup(void **unused)
{
	(void)unused;
	memset(&policy, 0, sizeof(policy));
	memset(&snap, 0, sizeof(snap));
	memset(&world, 0, sizeof(world));
	memset(&found, 0, sizeof(found));
	report_init(&report, "guardian.yaml");
	policy.n_services = 1;
	strcpy(policy.service[0].name, "backend");
	policy.service[0].warn_centipct = 8000;
	policy.service[0].critical_centipct = 9000;
	policy.host.warn_centipct = 8000;
	policy.host.critical_centipct = 9050;
	snap.host.valid = HOST_MEMORY | HOST_SWAP;
	snap.host.mem_total_bytes = 4 * GIB;
	snap.host.mem_available_bytes = 3 * GIB;
	snap.host.swap_total_bytes = GIB;
	snap.host.swap_free_bytes = GIB - 4096;
	snap.n_members = 1;
	snap.member[0].valid = MEMBER_CURRENT | MEMBER_STAT;
	snap.member[0].current_bytes = 100 * MIB;
	limit_put(&snap.member[0].live, LIMIT_MAX, 1000000000);
	world.policy = &policy;
	world.snap = &snap;
	return 0;
}

static void find(enum check_kind kind, enum check_severity severity)
{
	found.finding[found.n++] = (struct check_finding){.kind = (uint8_t)kind,
		.severity = (uint8_t)severity,
		.other = SERVICE_NONE,
		.container = CHECK_NO_CONTAINER,
		.limit = LIMIT_COUNT,
		.n = {812, 61000000}};
	if (severity > found.worst)
		found.worst = (uint8_t)severity;
}

static const char *text(void)
{
	struct text_out out;

	text_out_init(&out, buf, sizeof(buf));
	check_report_text(&out, &world, &found, &report);
	assert_false(out.full);
	return buf;
}

static cJSON *json(void)
{
	struct text_out out;
	cJSON *tree;

	text_out_init(&out, buf, sizeof(buf));
	check_report_json(&out, &world, &found, &report);
	tree = cJSON_ParseWithOpts(buf, NULL, 1);
	assert_non_null(tree);
	return tree;
}

static const char *word(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static double number(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	assert_true(cJSON_IsNumber(item));
	return item->valuedouble;
}

static void all_is_well_in_one_line(void **unused)
{
	(void)unused;
	assert_string_equal(text(),
		"GUARDIAN OK - memory 25% used, 1 service within limits, guardiand is "
		"watching | "
		"'mem_used'=25%;80.00;90.50;0;100 'swap_used'=4096B;;;0;1073741824 "
		"'backend_working_set'=104857600B;800000000;900000000;0;1000000000\n");
}

static void the_worst_is_the_summary_and_all_are_below(void **unused)
{
	const char *first, *second, *third;

	(void)unused;
	find(CHECK_DAEMON_GONE, CHECK_CRITICAL);
	find(CHECK_NO_SWAP, CHECK_WARNING);
	find(CHECK_NO_STREAM_CAP, CHECK_NOTICE);
	found.untold = 3;
	text();
	assert_int_equal(strncmp(buf,
				 "GUARDIAN CRITICAL - nobody is watching: guardiand (pid 812) has "
				 "gone, its last tick "
				 "was 61s ago (and 4 more) | 'mem_used'=",
				 strlen("GUARDIAN CRITICAL - nobody is watching: guardiand (pid "
					"812) has gone, its last "
					"tick was 61s ago (and 4 more) | 'mem_used'=")),
		0);
	first = strstr(buf, "\nCRITICAL: nobody is watching");
	second = strstr(buf, "\nWARNING: there is no swap");
	third = strstr(buf, "\nNOTICE: there is no cap on streams");
	assert_true(first && second && third && first < second && second < third);
	assert_non_null(strstr(buf, "\n... and 3 findings more\n"));
	/* A second bar would begin more perfdata. */
	assert_ptr_equal(strchr(buf, '|'), strrchr(buf, '|'));
}

static void each_status_has_its_word(void **unused)
{
	(void)unused;
	find(CHECK_NO_SWAP, CHECK_WARNING);
	assert_int_equal(
		strncmp(text(),
			"GUARDIAN WARNING - there is no swap: when memory runs out the host "
			"stalls at once | ",
			80),
		0);
	find(CHECK_MEMORY_UNREAD, CHECK_UNKNOWN);
	assert_int_equal(strncmp(text(), "GUARDIAN UNKNOWN - ", 19), 0);
	assert_string_equal(check_status_word(0), "OK");
	assert_string_equal(check_status_word(2), "CRITICAL");
}

/* Notices alone are "ok". */
static void a_notice_is_no_bad_news(void **unused)
{
	(void)unused;
	find(CHECK_NO_STREAM_CAP, CHECK_NOTICE);
	assert_int_equal(strncmp(text(), "GUARDIAN OK - memory 25% used", 29), 0);
	assert_non_null(strstr(buf, "\nNOTICE: there is no cap on streams"));
}

static void perfdata_of_what_was_read_alone(void **unused)
{
	(void)unused;
	snap.host.valid = HOST_VMSTAT;
	snap.host.oom_kill = 7;
	snap.member[0].valid = MEMBER_CURRENT;
	text();
	assert_null(strstr(buf, "mem_used"));
	assert_null(strstr(buf, "swap_used"));
	assert_null(strstr(buf, "working_set"));
	assert_non_null(strstr(buf, "| 'oom_kills'=7c\n"));
	snap.member[0].valid = MEMBER_STAT;
	assert_null(strstr(text(), "working_set"));
	snap.member[0].valid |= MEMBER_CURRENT;
	snap.member[0].live.mask = 0;
	assert_null(strstr(text(), "working_set"));
	snap.host.valid = HOST_SWAP;
	snap.host.swap_free_bytes = 2 * GIB; /* nonsense is left out */
	assert_null(strstr(text(), "swap_used"));
}

/* Of several members the one nearest to its limit; a label keeps its quotes. */
static void perfdata_of_a_service(void **unused)
{
	struct member_sample *second = &snap.member[1];

	(void)unused;
	strcpy(policy.service[0].name, "it's=a b");
	snap.n_members = 4;
	*second = snap.member[0];
	second->current_bytes = 900 * MIB;
	snap.member[2] = snap.member[0];
	snap.member[3] = *second;
	snap.member[3].service = 1;
	assert_non_null(strstr(
		text(), "'it_s_a_b_working_set'=943718400B;800000000;900000000;0;1000000000"));
	limit_put(&second->live, LIMIT_MAX, 500 * MIB); /* above its limit: nearest of all */
	assert_non_null(strstr(text(), "=943718400B;"));
	snap.n_members = 1;
	limit_put(&snap.member[0].live, LIMIT_MAX, LIMIT_UNLIMITED);
	assert_non_null(strstr(text(), "_working_set'=104857600B;;;0;\n"));
}

static void the_policy_s_warnings_are_notices(void **unused)
{
	(void)unused;
	report_add(&report, REPORT_WARNING, 3, 5, "a | bar");
	text();
	assert_non_null(strstr(buf, "\nNOTICE: guardian.yaml:3:5: warning: a ? bar\n"));
}

static void findings_as_json(void **unused)
{
	cJSON *tree;
	const cJSON *list, *f;

	(void)unused;
	strcpy(world.container[0].name, "str\"ay");
	find(CHECK_UNLIMITED, CHECK_WARNING);
	found.finding[0].container = 0;
	found.finding[0].service = SERVICE_NONE;
	find(CHECK_DRIFT, CHECK_WARNING);
	found.finding[1].limit = LIMIT_SWAP_MAX;
	found.finding[1].n[0] = 4 * GIB;
	found.finding[1].n[1] = LIMIT_UNLIMITED;
	found.finding[1].other = 0;
	report_add(&report, REPORT_WARNING, 3, 5, "odd");
	report_add(&report, REPORT_WARNING, 4, 5, "odder");
	tree = json();
	assert_string_equal(word(tree, "status"), "warning");
	assert_true(number(tree, "exit") == 1);
	assert_non_null(strstr(word(tree, "summary"), "(and 1 more)"));
	assert_true(number(tree, "mem_total_bytes") == 4.0 * GIB);
	assert_true(number(tree, "used_centipct") == 2500);
	assert_true(number(tree, "untold") == 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(tree, "policy")), 2);
	list = cJSON_GetObjectItem(tree, "findings");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	f = cJSON_GetArrayItem(list, 0);
	assert_string_equal(word(f, "severity"), "warning");
	assert_string_equal(word(f, "kind"), "unlimited_container");
	assert_string_equal(word(f, "container"), "str\"ay");
	assert_null(word(f, "service"));
	assert_null(word(f, "limit"));
	f = cJSON_GetArrayItem(list, 1);
	assert_string_equal(word(f, "service"), "backend");
	assert_string_equal(word(f, "other"), "backend");
	assert_string_equal(word(f, "limit"), "swap_limit");
	assert_true(number(f, "wanted") == 4.0 * GIB);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(f, "found")));
	assert_non_null(word(f, "message"));
	assert_non_null(word(f, "advice"));
	cJSON_Delete(tree);

	setup(NULL);
	snap.host.valid = 0;
	tree = json();
	assert_string_equal(word(tree, "status"), "ok");
	assert_null(cJSON_GetObjectItem(tree, "mem_total_bytes"));
	cJSON_Delete(tree);
}

static void a_check_that_could_not_be_done(void **unused)
{
	struct text_out out;
	cJSON *tree;

	(void)unused;
	report_add(&report, REPORT_ERROR, 3, 5, "unknown key 'mem_limt'");
	text_out_init(&out, buf, sizeof(buf));
	check_failure_text(&out, "the policy guardian.yaml has an error", &report);
	assert_string_equal(buf, "GUARDIAN UNKNOWN - the policy guardian.yaml has an error\n"
				 "guardian.yaml:3:5: error: unknown key 'mem_limt'\n");
	text_out_init(&out, buf, sizeof(buf));
	check_failure_json(&out, "the policy has an error", &report);
	tree = cJSON_Parse(buf);
	assert_string_equal(word(tree, "status"), "unknown");
	assert_true(number(tree, "exit") == 3);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(tree, "policy")), 1);
	cJSON_Delete(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_well_in_one_line, setup),
		cmocka_unit_test_setup(the_worst_is_the_summary_and_all_are_below, setup),
		cmocka_unit_test_setup(each_status_has_its_word, setup),
		cmocka_unit_test_setup(a_notice_is_no_bad_news, setup),
		cmocka_unit_test_setup(perfdata_of_what_was_read_alone, setup),
		cmocka_unit_test_setup(perfdata_of_a_service, setup),
		cmocka_unit_test_setup(the_policy_s_warnings_are_notices, setup),
		cmocka_unit_test_setup(findings_as_json, setup),
		cmocka_unit_test_setup(a_check_that_could_not_be_done, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
