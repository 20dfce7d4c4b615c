/*
 * record: snapshots survive the way out and in, with byte values beyond what a double or an int
 * keeps; what is wrong is refused with its key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/record.h"

struct fixture {
	struct record record;
	struct snapshot snap, again;
	char buf[1 << 20];
	struct text_out out;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return f ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	record_end(&f->record);
	free(f);
	return 0;
}

static int feed(struct fixture *f, const char *line)
{
	return record_read(&f->record, line, strlen(line), &f->snap);
}

static void there_and_back(struct fixture *f)
{
	text_out_init(&f->out, f->buf, sizeof(f->buf));
	record_put_snapshot(&f->out, &f->snap);
	assert_false(f->out.full);
	assert_int_equal(record_read(&f->record, f->buf, f->out.len, &f->again), 0);
	assert_memory_equal(&f->snap, &f->again, sizeof(f->snap));
}

static void fill_member(struct member_sample *m)
{
	*m = (struct member_sample){.inode = UINT64_MAX - 3,
		.service = 511,
		.also = 7,
		.owner = OWNER_DOCKER,
		.has_unit = true,
		.ancestor = 0,
		.valid = UINT32_MAX >> 20,
		.current_bytes = (1ULL << 53) + 1, /* no double has it */
		.swap_bytes = UINT64_MAX,
		.anon_bytes = 4ULL << 30, /* cJSON's valueint stops at 2147483647 */
		.ev_oom_kill = 3,
		.high_bytes = LIMIT_UNLIMITED,
		.populated = true,
		.psi = {.some = {1, 2, 3, 4}, .full = {5, 6, 7, 8}}};
	for (int kind = 0; kind < LIMIT_COUNT; kind++)
		limit_put(&m->live, (enum limit_kind)kind, (uint64_t)kind);
	limit_put(&m->stored, LIMIT_MAX, LIMIT_UNLIMITED);
}

static void fill_swap(struct swap_sample *s)
{
	*s = (struct swap_sample){
		.valid = SWAP_AREAS | SWAP_FILE_SEEN | SWAP_FS | SWAP_SWAPPINESS | SWAP_ZSWAP,
		.n_areas = 2,
		.foreign_bytes = 1ULL << 60,
		.fs = SWAP_FS_REFUSED,
		.fs_magic = 0x9123683e,
		.fs_free_bytes = 7,
		.fs_total_bytes = 9,
		.swappiness = 60,
		.zswap = SWITCH_ON};
	s->area[0] = (struct swap_area){"/a \"b\"", 5, 3, -2, SWAP_ZRAM, SWAP_FOREIGN};
	s->area[1] = (struct swap_area){"", 1ULL << 55, 0, 32767, SWAP_FILE, 1};
	s->file[0] = (struct swap_file){.state = SWAP_FILE_HOLES, .mode = 0644, .uid = 7};
	s->file[1] = (struct swap_file){.state = SWAP_FILE_USABLE,
		.active = true,
		.labelled = true,
		.mode_ok = true,
		.owner_ok = true,
		.replaced = true,
		.inode = UINT64_MAX,
		.size_bytes = 1,
		.header_bytes = 2};
}

static void every_field_comes_back(void **state)
{
	struct fixture *f = *state;

	f->snap.now_us = 123456789;
	f->snap.realtime_us = 1700000000000000;
	f->snap.page_bytes = 65536;
	f->snap.lacks = LACK_PSI;
	f->snap.policy_generation = 3;
	f->snap.peer[PEER_DOCKER] = PEER_SILENT;
	f->snap.host.valid = 63;
	f->snap.host.mem_total_bytes = UINT64_MAX - 1;
	f->snap.host.psi_cpu.full.total_us = 99;
	fill_swap(&f->snap.swap);
	f->snap.n_members = 2;
	fill_member(&f->snap.member[0]);
	f->snap.member[1] = (struct member_sample){
		.inode = 1, .also = SERVICE_NONE, .ancestor = -1, .changed = true};
	f->snap.n_ancestors = 2;
	f->snap.ancestor[0] =
		(struct ancestor_sample){.inode = 5, .parent = 1, .has_low = true, .low_bytes = 0};
	f->snap.ancestor[1] = (struct ancestor_sample){
		.inode = 6, .parent = -1, .has_unit = true, .has_events = true, .ev_oom_kill = 9};
	f->snap.n_results = 2;
	f->snap.result[0] = (struct result){.ticket = 1, .error = -EBUSY, .inode = 5};
	there_and_back(f);
}

static void absent_stays_absent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(feed(f, "{\"members\":{\"7\":{\"current_bytes\":0}}}"), 0);
	assert_int_equal(f->snap.n_members, 1);
	assert_int_equal(f->snap.member[0].valid, MEMBER_CURRENT);
	assert_int_equal(f->snap.member[0].live.mask, 0);
	assert_int_equal(f->snap.member[0].also, SERVICE_NONE);
	assert_int_equal(f->snap.member[0].ancestor, -1);
	assert_true(f->snap.member[0].changed);
	assert_int_equal(f->snap.host.valid, 0);
	assert_int_equal(f->snap.page_bytes, 4096);
	there_and_back(f);
	assert_null(strstr(f->buf, "anon"));
}

static void absent_swap_stays_absent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(feed(f, "{\"swap\":{\"swappiness\":0}}"), 0);
	assert_int_equal(f->snap.swap.valid, SWAP_SWAPPINESS);
	there_and_back(f);
	assert_int_equal(feed(f, "{\"swap\":{\"areas\":[],\"files\":[]}}"), 0);
	assert_int_equal(f->snap.swap.valid, SWAP_AREAS | SWAP_FILE_SEEN);
	assert_int_equal(feed(f, "{\"swap\":{\"areas\":[{}],\"files\":[{}]}}"), 0);
	assert_int_equal(f->snap.swap.area[0].ours, SWAP_FOREIGN);
	assert_true(f->snap.swap.file[0].mode_ok && f->snap.swap.file[0].labelled);
	assert_int_equal(feed(f, "{}"), 0);
	there_and_back(f);
	assert_null(strstr(f->buf, "swap"));
}

static void wrong_swap_is_refused(void **state)
{
	static const struct {
		const char *line;
		int error;
	} cases[] = {
		{"{\"swap\":7}", -EINVAL},
		{"{\"swap\":{\"size\":1}}", -EINVAL},
		{"{\"swap\":{\"areas\":{}}}", -EINVAL},
		{"{\"swap\":{\"areas\":[7]}}", -EINVAL},
		{"{\"swap\":{\"areas\":[{\"x\":1}]}}", -EINVAL},
		{"{\"swap\":{\"areas\":[{\"path\":7}]}}", -EINVAL},
		{"{\"swap\":{\"areas\":[{\"ours\":200}]}}", -ERANGE},
		{"{\"swap\":{\"files\":[7]}}", -EINVAL},
		{"{\"swap\":{\"files\":[{\"x\":7}]}}", -EINVAL},
		{"{\"swap\":{\"files\":[{},{},{}]}}", -ERANGE},
		{"{\"swap\":{\"areas\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}}",
			-ERANGE},
	};
	struct fixture *f = *state;
	char line[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(feed(f, cases[i].line), cases[i].error);
	(void)snprintf(line, sizeof(line), "{\"swap\":{\"areas\":[{\"path\":\"%0*d\"}]}}",
		POLICY_PATH_SIZE, 0);
	assert_int_equal(feed(f, line), -ERANGE);
}

static void a_full_snapshot_fits_into_a_line(void **state)
{
	struct fixture *f = *state;

	f->snap.n_members = SNAPSHOT_MEMBERS_MAX;
	for (uint16_t i = 0; i < SNAPSHOT_MEMBERS_MAX; i++) {
		fill_member(&f->snap.member[i]);
		f->snap.member[i].inode = i;
	}
	there_and_back(f);
}

static void a_patch_changes_what_it_names(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		feed(f, "{\"now_us\":1,\"members\":{\"7\":{\"current_bytes\":1,\"pids\":2},"
			"\"8\":{\"pids\":3,\"changed\":false}},\"results\":[{\"ticket\":1}]}"),
		0);
	assert_int_equal(f->snap.n_results, 1);
	assert_int_equal(
		feed(f, "{\"patch\":true,\"now_us\":2,\"members\":{\"8\":{\"pids\":4}}}"), 0);
	assert_int_equal(f->snap.now_us, 2);
	assert_int_equal(f->snap.n_results, 0);
	assert_false(f->snap.member[0].changed);
	assert_true(f->snap.member[1].changed);
	assert_int_equal(f->snap.member[1].pids, 4);
	assert_int_equal(feed(f, "{\"patch\":true,\"members\":{\"7\":{\"pids\":null},\"8\":null,"
				 "\"9\":{\"changed\":false},\"x\":null}}"),
		0);
	assert_int_equal(f->snap.n_members, 2);
	assert_int_equal(f->snap.member[0].valid, MEMBER_CURRENT);
	assert_int_equal(f->snap.member[1].inode, 9);
	assert_false(f->snap.member[1].changed);
	assert_int_equal(feed(f, "{\"members\":{}}"), 0); /* a whole line */
	assert_int_equal(f->snap.n_members, 0);
	assert_int_equal(f->snap.now_us, 0);
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *line, *key;
		int error;
	} cases[] = {
		{"", "", -EINVAL},
		{"[]", "", -EINVAL},
		{"{", "", -EINVAL},
		{"{\"now_u\":1}", "now_u", -EINVAL},
		{"{\"now_us\":1.5}", "now_us", -EINVAL},
		{"{\"now_us\":1e300}", "now_us", -EINVAL},
		{"{\"now_us\":-1e300}", "now_us", -EINVAL},
		{"{\"now_us\":\"12x\"}", "now_us", -EINVAL},
		{"{\"now_us\":{}}", "now_us", -EINVAL},
		{"{\"lacks\":4294967296}", "lacks", -ERANGE},
		{"{\"host\":7}", "host", -EINVAL},
		{"{\"results\":{}}", "results", -EINVAL},
		{"{\"members\":{\"seven\":{}}}", "seven", -EINVAL},
		{"{\"members\":{\"7\":{\"has_unit\":2}}}", "has_unit", -ERANGE},
		{"{\"members\":{\"7\":{\"service\":-1}}}", "service", -ERANGE},
		{"{\"now_us\":-1}", "now_us", -ERANGE}, /* no "max" in disguise */
		{"{\"members\":{\"7\":{\"live\":{\"mem_limit\":-1}}}}", "mem_limit", -EINVAL},
		{"{\"members\":{\"7\":{\"ancestor\":40000}}}", "ancestor", -ERANGE},
		{"{\"members\":{\"7\":{\"live\":{\"limit\":1}}}}", "limit", -EINVAL},
		{"{\"members\":{\"7\":{\"live\":{\"mem_limit\":true,\"oom_group\":[]}}}}",
			"oom_group", -EINVAL},
		{"{\"members\":{\"7\":5}}", "7", -EINVAL},
		{"{\"members\":{\"7\":[1]}}", "7", -EINVAL},
		{"{\"members\":{\"7\":{\"live\":[1]}}}", "live", -EINVAL},
		{"{\"results\":[[1]]}", "", -EINVAL},
		{"{\"ancestors\":{\"9\":[{}]}}", "9", -EINVAL},
		{"{\"ancestors\":{\"x\":{}}}", "x", -EINVAL},
		{"{\"host\":{\"mem_total\":1}}", "mem_total", -EINVAL},
		{"{\"results\":[{\"error\":3000000000}]}", "error", -ERANGE},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(feed(f, cases[i].line), cases[i].error);
		assert_string_equal(f->record.wrong, cases[i].key);
	}
	assert_int_equal(record_read(&f->record, "", RECORD_LINE_MAX + 1, &f->snap), -EFBIG);
}

static void an_error_keeps_the_line_before(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(feed(f, "{\"now_us\":5,\"lacks\":1}"), 0);
	assert_int_equal(feed(f, "{\"patch\":true,\"bad\":5}"), -EINVAL);
	assert_int_equal(feed(f, "{\"patch\":true,\"lacks\":2}"), 0);
	assert_int_equal(f->snap.now_us, 5);
	assert_int_equal(f->snap.lacks, 2);
}

static void lists_have_an_end(void **state)
{
	static const struct {
		const char *list, *before, *after, *close;
		int max;
	} cases[] = {
		{"{\"members\":{", "\"", "\":{}", "}}", SNAPSHOT_MEMBERS_MAX},
		{"{\"ancestors\":{", "\"", "\":{}", "}}", SNAPSHOT_ANCESTORS_MAX},
		{"{\"results\":[", "{\"ticket\":", "}", "]}", SNAPSHOT_RESULTS_MAX},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++)
		for (int extra = 0; extra < 2; extra++) {
			text_out_init(&f->out, f->buf, sizeof(f->buf));
			text_put(&f->out, cases[i].list);
			for (int k = 0; k < cases[i].max + extra; k++) {
				text_put(&f->out, k ? "," : "");
				text_put(&f->out, cases[i].before);
				text_put_u64(&f->out, (uint64_t)k);
				text_put(&f->out, cases[i].after);
			}
			text_put(&f->out, cases[i].close);
			assert_int_equal(feed(f, f->buf), extra ? -ERANGE : 0);
		}
}

static void a_plan_is_one_line(void **state)
{
	static struct plan plan;
	struct fixture *f = *state;

	plan = (struct plan){.wake_us = 9, .n_actions = 2, .n_events = 4};
	plan.action[0] = (struct action){.kind = ACT_HOLD, .service = 1, .ticket = 2, .inode = 3};
	limit_put(&plan.action[0].set, LIMIT_MAX, LIMIT_UNLIMITED);
	plan.action[1] =
		(struct action){.kind = ACT_RESERVE, .service = SERVICE_NONE, .force = true};
	plan.event[0] = (struct event){.kind = EVENT_LIMIT_DRIFT,
		.limit = LIMIT_MAX,
		.reason = REASON_WRITER_DOCKER,
		.inode = 3,
		.n = {1, 2, 3, 4}};
	plan.event[1] = (struct event){
		.kind = EVENT_LACK, .service = SERVICE_NONE, .limit = LIMIT_COUNT, .subject = 4};
	plan.event[2] = (struct event){.kind = EVENT_COUNT};
	plan.event[3] = (struct event){.kind = EVENT_PEER_BACK, .limit = LIMIT_COUNT};
	text_out_init(&f->out, f->buf, sizeof(f->buf));
	record_put_plan(&f->out, &plan, 8);
	assert_string_equal(f->buf,
		"{\"now_us\":8,\"wake_us\":9,\"actions\":[{\"do\":\"hold\",\"service\":1,\"inode\":"
		"3,"
		"\"ticket\":2,\"set\":{\"mem_limit\":\"max\"}},{\"do\":\"reserve\",\"inode\":0,"
		"\"ticket\":0,\"force\":1,\"set\":{}}],\"events\":[{\"event\":\"limit_drift\","
		"\"service\":0,\"inode\":3,\"limit\":\"mem_limit\",\"reason\":\"docker\","
		"\"GUARDIAN_WANTED_BYTES\":1,\"GUARDIAN_FOUND_BYTES\":2,\"GUARDIAN_ROUND\":3},"
		"{\"event\":\"lack\",\"subject\":4},{\"event\":\"peer_back\",\"service\":0}]}");
}

static void swap_actions_say_what_they_need(void **state)
{
	static struct plan plan;
	struct fixture *f = *state;

	plan = (struct plan){.wake_us = 9, .n_actions = 2};
	plan.action[0] = (struct action){.kind = ACT_SWAP_MAKE,
		.service = SERVICE_NONE,
		.ticket = 2,
		.file = 1,
		.value = SWAP_PRIORITY_AUTO,
		.size_bytes = 5,
		.reserve_bytes = 6};
	plan.action[1] = (struct action){
		.kind = ACT_SWAPPINESS, .service = SERVICE_NONE, .ticket = 3, .value = 10};
	text_out_init(&f->out, f->buf, sizeof(f->buf));
	record_put_plan(&f->out, &plan, 8);
	assert_string_equal(f->buf,
		"{\"now_us\":8,\"wake_us\":9,\"actions\":[{\"do\":\"swap_make\",\"inode\":0,"
		"\"ticket\":2,\"file\":1,\"size_bytes\":5,\"reserve_bytes\":6,\"value\":-1},"
		"{\"do\":\"swappiness\",\"inode\":0,\"ticket\":3,\"value\":10}],\"events\":[]}");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_field_comes_back),
		TEST(absent_stays_absent),
		TEST(absent_swap_stays_absent),
		TEST(wrong_swap_is_refused),
		TEST(a_full_snapshot_fits_into_a_line),
		TEST(a_patch_changes_what_it_names),
		TEST(what_is_wrong_is_refused),
		TEST(an_error_keeps_the_line_before),
		TEST(lists_have_an_end),
		TEST(a_plan_is_one_line),
		TEST(swap_actions_say_what_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
