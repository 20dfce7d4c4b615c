/*
 * What each type of field takes, refuses, says about what it refuses, and is printed as.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "guardian/policy_value.h"

#define MIB (1ULL << 20)

/* Sets a text member of a policy. */
#define PUT(member, text) assert_true(text_copy(member, sizeof(member), text, strlen(text)))

static struct policy policy;
static char buf[512];
static struct text_out out;

static const struct policy_field *field(enum policy_section section, const char *key)
{
	const struct policy_field *f = policy_field_find(section, key, strlen(key));

	assert_non_null(f);
	return f;
}

static void *base_of(const struct policy_field *f)
{
	return (char *)&policy + policy_section_info((enum policy_section)f->section)->offset;
}

static int begin(void **state)
{
	(void)state;
	policy_defaults(&policy);
	policy_service_defaults(&policy.service[0]);
	text_out_init(&out, buf, sizeof(buf));
	return 0;
}

struct number {
	enum policy_section section;
	const char *key, *text;
	int r;
	uint64_t value;
};

static void numbers(void **state)
{
	static const struct number numbers[] = {
		{SECTION_SERVICE, "mem_limit", "1.5g", 0, 1536 * MIB},
		{SECTION_SERVICE, "mem_limit", "1.5G", 0, 1536 * MIB},
		{SECTION_SERVICE, "mem_limit", "unlimited", 0, LIMIT_UNLIMITED},
		{SECTION_SERVICE, "mem_limit", "6m", 0, 6 * MIB},
		/* without a unit, or one of other programs: MB or MiB? */
		{SECTION_SERVICE, "mem_limit", "1500", -EINVAL, 0},
		{SECTION_SERVICE, "mem_limit", "1536Mi", -EINVAL, 0},
		{SECTION_SERVICE, "mem_limit", "max", -EINVAL, 0},
		{SECTION_SERVICE, "mem_limit", "-1", -EINVAL, 0},
		{SECTION_SERVICE, "mem_limit", "", -EINVAL, 0},
		{SECTION_SERVICE, "mem_limit", "1500b", -ERANGE,
			0}, /* below a page: 0 for the kernel */
		{SECTION_SERVICE, "mem_limit", "0", -ERANGE, 0},
		{SECTION_SERVICE, "mem_limit", "99999999999999999999g", -ERANGE, 0},
		{SECTION_SERVICE, "mem_reservation", "0", 0, 0},
		{SECTION_SERVICE, "mem_reservation", "unlimited", -EINVAL, 0},
		{SECTION_SERVICE, "swap_limit", "0", 0, 0},
		{SECTION_SERVICE, "protected", "yes", 0, 1},
		{SECTION_SERVICE, "protected", "TRUE", 0, 1},
		{SECTION_SERVICE, "protected", "On", 0, 1},
		{SECTION_SERVICE, "protected", "no", 0, 0},
		{SECTION_SERVICE, "protected", "False", 0, 0},
		{SECTION_SERVICE, "protected", "off", 0, 0},
		{SECTION_SERVICE, "protected", "1", -EINVAL, 0},
		{SECTION_SERVICE, "protected", "yEs", -EINVAL, 0},
		{SECTION_SERVICE, "oom_group", "on", 0, 1},
		{SECTION_SERVICE, "role", "postgres", 0, ROLE_POSTGRES},
		{SECTION_SERVICE, "role", "Postgres", -EINVAL, 0},
		{SECTION_SERVICE, "warn", "82.5%", 0, 8250},
		{SECTION_SERVICE, "warn", "0.8", -EINVAL, 0},
		{SECTION_SERVICE, "warn", "101%", -ERANGE, 0},
		{SECTION_HOST, "interval", "500ms", 0, 500000},
		{SECTION_HOST, "interval", "1h", -ERANGE, 0},
		{SECTION_HOST, "interval", "010", -EINVAL, 0},
		{SECTION_DRIFT, "rounds", "7", 0, 7},
		{SECTION_DRIFT, "rounds", "0", -ERANGE, 0},
		{SECTION_DRIFT, "rounds", "0x5", -EINVAL, 0},
		{SECTION_TOP, "mode", "observe", 0, MODE_OBSERVE},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *n = &numbers[i];
		const struct policy_field *f = field(n->section, n->key);
		uint64_t value = 0;

		begin(state);
		print_message("%s: %s\n", n->key, n->text);
		assert_int_equal(policy_value_parse(f, base_of(f), n->text, strlen(n->text)), n->r);
		if (n->r == 0) {
			assert_true(policy_field_get(f, base_of(f), &value));
			assert_true(value == n->value);
		}
	}
}

static void a_refused_value_changes_nothing(void **state)
{
	struct policy_service clean = policy.service[0];
	const struct policy_field *limit = field(SECTION_SERVICE, "mem_limit"),
				  *unit = field(SECTION_SERVICE, "unit");

	(void)state;
	assert_int_equal(policy_value_parse(limit, policy.service, "5m", 2), -ERANGE);
	assert_int_equal(policy_value_parse(limit, policy.service, "x", 1), -EINVAL);
	assert_int_equal(policy_value_parse(unit, policy.service, "x", 1), -EINVAL);
	assert_memory_equal(&clean, &policy.service[0], sizeof(clean));
}

static void texts(void **state)
{
	const struct policy_field *f = field(SECTION_SERVICE, "container");
	char longest[POLICY_MATCH_SIZE + 1];

	(void)state;
	assert_int_equal(policy_value_parse(f, policy.service, "web", 3), 0);
	assert_string_equal(policy.service[0].container, "web");
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(policy_value_parse(f, policy.service, longest, POLICY_MATCH_SIZE), -E2BIG);
	assert_int_equal(policy_value_parse(f, policy.service, longest, POLICY_MATCH_SIZE - 1), 0);
}

/* ---- messages ---- */

struct slip {
	const char *key;
	int error;
	const char *text, *words;
};

static void what_is_said_about_a_slip(void **state)
{
	static const struct slip slips[] = {
		{"mem_reservation", -EINVAL, "1536Mi",
			"expected a size such as 512m or 1.5g, found '1536Mi'"},
		{"mem_reservation", -EINVAL, "1500",
			"expected a size such as 512m or 1.5g, found '1500', which has no unit"},
		{"mem_limit", -ERANGE, "5m", "expected 6m to 32768g, or unlimited, found '5m'"},
		{"warn", -ERANGE, "101%", "expected 1% to 100%, found '101%'"},
		{"protected", -EINVAL, "1", "expected yes or no, found '1'"},
		{"role", -EINVAL, "postgras",
			"expected generic, node, postgres or redis, found 'postgras'; "
			"did you mean 'postgres'?"},
		{"role", -EINVAL, "a word that is longer than any role could ever be",
			"expected generic, node, postgres or redis, found "
			"'a word that is longer than any role could ever b...'"},
		{"unit", -E2BIG, "xyz", "longer than 127 bytes: 'xyz'"},
		{"container", -EINVAL, "/web",
			"expected a name of letters, digits, '_', '.' and '-', found '/web'"},
	};

	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
		begin(state);
		policy_value_explain(&out, field(SECTION_SERVICE, slips[i].key), slips[i].error,
			slips[i].text, strlen(slips[i].text));
		assert_string_equal(buf, slips[i].words);
	}
}

static void a_quoted_word_is_bounded_and_harmless(void **state)
{
	char big[100];

	policy_value_put_quoted(&out, "a\x1b[31m\nb\x7f", 9);
	assert_string_equal(buf, "'a?[31m?b?'");

	begin(state); /* U+009B is a CSI */
	policy_value_put_quoted(&out, "\xc2\x9b[31m\xc3\xa9\xff", 9);
	assert_string_equal(buf, "'?[31m\xc3\xa9?'");

	begin(state);
	memset(big, 'x', sizeof(big));
	memcpy(big + 46, "\xe2\x82\xac", 3); /* a character across the cut */
	policy_value_put_quoted(&out, big, sizeof(big));
	assert_string_equal(buf, "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'");

	begin(state);
	policy_value_put_quoted(&out, big, 46);
	assert_string_equal(buf, "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'");
}

struct advice {
	enum policy_section section;
	const char *key, *words;
};

static void advice_about_an_unknown_key(void **state)
{
	static const struct advice advices[] = {
		{SECTION_SERVICE, "mem_limt", "; did you mean 'mem_limit'?"},
		{SECTION_SERVICE, "containers", "; did you mean 'container'?"},
		{SECTION_TOP, "service", "; did you mean 'services'?"},
		{SECTION_TOP, "hosts", "; did you mean 'host'?"},
		{SECTION_TOP, "mde", "; did you mean 'mode'?"},
		{SECTION_TOP, "mem_limit", "; it belongs to a service below 'services:'"},
		{SECTION_SERVICE, "interval", "; it belongs below 'host:'"},
		{SECTION_HOST, "mode", "; it belongs at the top level"},
		{SECTION_TOP, "banana", ""},
		{SECTION_TOP, "", ""},
		{SECTION_TOP,
			"a key that is longer than any name of a service may ever be in a file",
			""},
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		begin(state);
		policy_value_advise(
			&out, advices[i].section, advices[i].key, strlen(advices[i].key));
		assert_string_equal(buf, advices[i].words);
	}
}

/* ---- out ---- */

struct print {
	enum policy_section section;
	const char *key, *text; /* what is printed reads as it was written */
};

static void values_print_as_they_are_written(void **state)
{
	static const struct print prints[] = {
		{SECTION_SERVICE, "mem_limit", "1.5g"},
		{SECTION_SERVICE, "mem_limit", "unlimited"},
		{SECTION_SERVICE, "swap_limit", "0"},
		{SECTION_SERVICE, "mem_reservation", "256m"},
		{SECTION_SERVICE, "protected", "yes"},
		{SECTION_SERVICE, "force", "no"},
		{SECTION_SERVICE, "role", "node"},
		{SECTION_SERVICE, "warn", "82.5%"},
		{SECTION_SERVICE, "container", "web-1"},
		{SECTION_SERVICE, "compose", "shop/web"},
		{SECTION_SERVICE, "unit", "nginx.service"},
		{SECTION_HOST, "interval", "500ms"},
		{SECTION_DRIFT, "rounds", "7"},
		{SECTION_DOCKER, "socket", "/run/docker.sock"},
	};

	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		const struct policy_field *f = field(prints[i].section, prints[i].key);

		begin(state);
		assert_int_equal(
			policy_value_parse(f, base_of(f), prints[i].text, strlen(prints[i].text)),
			0);
		assert_true(policy_value_put(&out, f, base_of(f)));
		assert_string_equal(buf, prints[i].text);
	}
}

static void what_is_not_set_prints_nothing(void **state)
{
	(void)state;
	assert_false(policy_value_put(&out, field(SECTION_SERVICE, "mem_limit"), policy.service));
	assert_false(policy_value_put(&out, field(SECTION_SERVICE, "unit"), policy.service));
	assert_string_equal(buf, "");
}

/* A word that YAML would take for something else is quoted. */
static void odd_texts_are_quoted(void **state)
{
	const struct policy_field *glob = field(SECTION_SERVICE, "cgroup"),
				  *container = field(SECTION_SERVICE, "container"),
				  *socket = field(SECTION_DOCKER, "socket");

	PUT(policy.service[0].cgroup, "*/a: [b] # \"c\"");
	policy_value_put(&out, glob, policy.service);
	assert_string_equal(buf, "\"*/a: [b] # \\\"c\\\"\"");

	begin(state);
	PUT(policy.service[0].container, "Null");
	policy_value_put(&out, container, policy.service);
	assert_string_equal(buf, "\"Null\"");

	begin(state);
	PUT(policy.docker.socket, "/run/a b");
	policy_value_put(&out, socket, &policy.docker);
	assert_string_equal(buf, "\"/run/a b\"");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers),
		TEST(a_refused_value_changes_nothing),
		TEST(texts),
		TEST(what_is_said_about_a_slip),
		TEST(a_quoted_word_is_bounded_and_harmless),
		TEST(advice_about_an_unknown_key),
		TEST(values_print_as_they_are_written),
		TEST(what_is_not_set_prints_nothing),
		TEST(odd_texts_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
