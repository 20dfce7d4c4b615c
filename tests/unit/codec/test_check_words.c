/*
 * check_words: every kind of finding has a name of its own, a sentence and an advice in which every
 * placeholder is filled, and nothing that comes from outside can break the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "guardian/check_words.h"
#include "guardian/event.h"

static struct policy policy = {
	.n_services = 2, .service = {{.name = "backend"}, {.name = "redis"}}};
static struct snapshot snap;
static struct check_world world = {
	.policy = &policy, .snap = &snap, .n_containers = 1, .container = {{.name = "stray"}}};

static struct check_finding finding(enum check_kind kind)
{
	return (struct check_finding){.kind = (uint8_t)kind,
		.service = 0,
		.other = 1,
		.container = 0,
		.limit = LIMIT_MAX,
		.n = {8123, 9000, 1 << 20, 1 << 30}};
}

typedef void make_words(
	struct text_out *out, const struct check_world *world, const struct check_finding *finding);

static const char *words_of(make_words *make, const struct check_finding *f)
{
	static char buf[512];
	struct text_out out;

	text_out_init(&out, buf, sizeof(buf));
	make(&out, &world, f);
	assert_false(out.full);
	return buf;
}

static const char *message(const struct check_finding *f)
{
	return words_of(check_message, f);
}

static const char *advice(const struct check_finding *f)
{
	return words_of(check_advice, f);
}

static void every_kind_has_its_row(void **unused)
{
	(void)unused;
	for (enum check_kind kind = 0; kind < CHECK_KINDS; kind++) {
		struct check_finding f = finding(kind);

		assert_non_null(check_kind_name(kind));
		for (enum check_kind other = 0; other < kind; other++)
			assert_string_not_equal(check_kind_name(kind), check_kind_name(other));
		assert_true(strlen(message(&f)) > 20);
		assert_true(strlen(advice(&f)) > 10);
		/* A placeholder that does not exist stays; one with nothing to say leaves a hole of
		 * two blanks, or one before a mark. */
		assert_null(strpbrk(message(&f), "{}\n|"));
		assert_null(strpbrk(advice(&f), "{}\n|"));
		assert_null(strstr(message(&f), "  "));
		assert_null(strstr(message(&f), " ,"));
		assert_null(strstr(message(&f), " ;"));
		assert_null(strstr(advice(&f), "  "));
		assert_null(strstr(advice(&f), ": `")); /* a hole in quotes */
	}
}

/* In JSON each number has a name, and the name a unit. */
static void numbers_have_names(void **unused)
{
	(void)unused;
	assert_string_equal(check_kind_field(CHECK_OVERCOMMIT, 0), "limits_bytes");
	assert_string_equal(check_kind_field(CHECK_OVERCOMMIT, 2), "total_bytes");
	assert_null(check_kind_field(CHECK_OVERCOMMIT, 3));
	assert_string_equal(check_kind_field(CHECK_HOST_WARN, 3), "total_bytes");
	assert_null(check_kind_field(CHECK_HOST_WARN, CHECK_NUMBERS));
	assert_null(check_kind_field(CHECK_NO_SWAP, 0));
}

static void the_sentences_say_what_is_meant(void **unused)
{
	struct check_finding f = finding(CHECK_HOST_WARN);

	(void)unused;
	assert_string_equal(message(&f),
		"memory of the host is getting short: 81.23% used (warning from 90%), "
		"1 MiB of 1 GiB available");
	f = finding(CHECK_CONFLICT);
	assert_string_equal(message(&f),
		"backend and redis both match one container: it gets the limits of neither");
	f = finding(CHECK_UNLIMITED);
	assert_string_equal(message(&f),
		"container stray runs without a memory limit: it alone can use up the host");
	f = finding(CHECK_LACK);
	f.subject = 1;
	assert_string_equal(message(&f),
		"this machine has no pressure stall information: memory stalls are not "
		"seen, only how much memory is used");
	f = finding(CHECK_SERVICE_ABSENT);
	f.service = 9;
	assert_string_equal(message(&f), "? is in the policy, and nothing that runs is it");
}

static void the_age_of_a_heartbeat(void **unused)
{
	struct check_finding f = finding(CHECK_DAEMON_GONE);

	(void)unused;
	f.n[0] = 812;
	f.n[1] = 61234567;
	assert_string_equal(message(&f),
		"nobody is watching: guardiand (pid 812) has gone, its last tick was 61s ago");
	f.n[1] = UINT64_MAX;
	assert_string_equal(message(&f), "nobody is watching: guardiand (pid 812) has gone, its "
					 "last tick was before this boot");
}

static void an_errno_in_words(void **unused)
{
	struct check_finding f = finding(CHECK_DAEMON_HIDDEN);

	(void)unused;
	f.n[0] = 13;
	assert_non_null(strstr(message(&f), "Permission denied"));
	f.n[0] = 99999;
	assert_non_null(strstr(message(&f), "unknown error"));
}

static void limits_in_their_own_units(void **unused)
{
	struct check_finding f = finding(CHECK_DRIFT);

	(void)unused;
	f.n[0] = 1536ULL << 20;
	f.n[1] = LIMIT_UNLIMITED;
	assert_string_equal(message(&f), "mem_limit of backend is unlimited and should be 1.5 GiB");
	f.limit = LIMIT_OOM_GROUP;
	f.n[0] = 1;
	f.n[1] = 0;
	assert_string_equal(message(&f), "oom_group of backend is off and should be on");
}

/* A name with a newline would make a finding of its own, one with a bar perfdata, one with ESC a
 * coloured terminal. */
static void names_from_outside_are_tamed(void **unused)
{
	struct check_finding f = finding(CHECK_UNLIMITED);

	(void)unused;
	strcpy(world.container[0].name, "a\nCRITICAL: |'x'=1\033[31m\x7f");
	assert_non_null(strstr(message(&f), "container a?CRITICAL: ?'x'=1?[31m? runs"));
	strcpy(world.container[0].name, "stray");
}

static void a_swap_file_that_cannot_be_had(void **unused)
{
	struct check_finding f = {.kind = CHECK_SWAP_UNUSABLE,
		.subject = REASON_SWAP_FS,
		.n = {1, 3ULL << 30, 2ULL << 30, 4ULL << 30}};

	(void)unused;
	strcpy(policy.swap.file, "/swap");
	snap.swap.fs_magic = 0x794c7630;
	assert_string_equal(message(&f),
		"the swap file /swap.2 cannot be had: its file system cannot carry swap (overlayfs "
		"is a layer above another file system; swapon(2) refuses it)");
	f.subject = REASON_SWAP_SPACE;
	assert_string_equal(message(&f),
		"the swap file /swap.2 cannot be had: the disk has too little free space for it (4 "
		"GiB wanted, 3 GiB free, 2 GiB to stay free)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swap_file_that_cannot_be_had),
		cmocka_unit_test(every_kind_has_its_row),
		cmocka_unit_test(numbers_have_names),
		cmocka_unit_test(the_sentences_say_what_is_meant),
		cmocka_unit_test(the_age_of_a_heartbeat),
		cmocka_unit_test(an_errno_in_words),
		cmocka_unit_test(limits_in_their_own_units),
		cmocka_unit_test(names_from_outside_are_tamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
