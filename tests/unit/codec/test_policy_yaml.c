/*
 * Policy files, good and bad: the exact lines told about each slip, bounded cost for hostile files,
 * and the way back: what is printed loads again to the same policy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/policy_yaml.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct policy policy;
static struct report report;
static char lines[64 * 1024];

static int parse_bytes(const char *text, size_t len, uint64_t mem_total_bytes)
{
	struct text_out out;
	int r = policy_yaml_parse("f", text, len, mem_total_bytes, &policy, &report);

	text_out_init(&out, lines, sizeof(lines));
	report_render(&report, &out);
	return r;
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text), 0);
}

static void assert_refused(const char *text, const char *expected)
{
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(lines, expected);
}

/* ---- good files ---- */

static void a_file_with_everything(void **state)
{
	const struct policy_service *s;

	(void)state;
	assert_int_equal(
		parse("mode: observe\n"
		      "host: {interval: 500ms, reserve: 1g, warn: 70%, critical: 85.5%, "
		      "calm: 3%, calm_for: 1m}\n"
		      "docker:\n  socket: /x/d.sock\n  data_root: '/data'\n  deadline: 1s\n"
		      "drift:\n  backoff: 2s\n  rounds: 3\n  window: 1h\n"
		      "swap:\n  file: /mnt/swap\n  size: 2g\n  reserve: 1g\n  priority: 10\n"
		      "  swappiness: 0\n  zswap: no\n"
		      "services:\n"
		      "  web:\n"
		      "    container: \"web-1\"\n    compose: shop/web\n"
		      "    mem_limit: 1.5g\n    mem_reservation: 512m\n"
		      "    swap_limit: unlimited\n    oom_group: on\n    force: yes\n"
		      "    role: node\n    warn: 75%\n    critical: 95%\n"
		      "  db:\n    unit: postgresql.service\n    cgroup: '*/x'\n"),
		0);
	assert_string_equal(lines, "");
	assert_int_equal(policy.mode, MODE_OBSERVE);
	assert_int_equal(policy.host.interval_us, 500000);
	assert_int_equal(policy.host.critical_centipct, 8550);
	assert_string_equal(policy.docker.data_root, "/data");
	assert_int_equal(policy.drift.window_us, 3600000000);
	assert_string_equal(policy.swap.file, "/mnt/swap");
	assert_int_equal(policy.swap.size_bytes, 2 * GIB);
	assert_int_equal(policy.swap.reserve_bytes, GIB);
	assert_int_equal(policy.swap.priority, 10);
	assert_int_equal(policy.swap.swappiness, 0);
	assert_int_equal(policy.swap.zswap, SWITCH_OFF);
	assert_int_equal(policy.n_services, 2);
	s = &policy.service[0];
	assert_string_equal(s->name, "web");
	assert_string_equal(s->container, "web-1");
	assert_string_equal(s->compose, "shop/web");
	assert_int_equal(s->limits.value[LIMIT_MAX], 1536 * MIB);
	assert_int_equal(s->limits.value[LIMIT_LOW], 512 * MIB);
	assert_true(s->limits.value[LIMIT_SWAP_MAX] == LIMIT_UNLIMITED);
	assert_int_equal(s->limits.value[LIMIT_OOM_GROUP], 1);
	assert_true(s->force && !s->is_protected && s->role == ROLE_NODE);
	assert_int_equal(s->warn_centipct, 7500);
	assert_int_equal(s->line, 19);
	assert_string_equal(policy.service[1].unit, "postgresql.service");
	assert_string_equal(policy.service[1].container, "");
}

/* Everything commented out below a key leaves the key with nothing. */
static void empty_sections_and_bare_services(void **state)
{
	(void)state;
	assert_int_equal(
		parse("host:\ndocker: ~\ndrift: null\nservices:\n  redis:\n  web: {}\n"), 0);
	assert_string_equal(lines, "");
	assert_int_equal(policy.n_services, 2);
	assert_string_equal(policy.service[0].container, "redis");
	assert_int_equal(policy.service[0].limits.mask, 0);
}

/* Zero is a value of most of these: that it was not given must be another. */
static void swap_that_is_not_given_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(parse("swap:\n  size: 0\nservices: {web: }\n"), 0);
	assert_string_equal(lines, "");
	assert_int_equal(policy.swap.size_bytes, 0);
	assert_string_equal(policy.swap.file, "/swapfile");
	assert_true(policy.swap.reserve_bytes == SWAP_RESERVE_COMMON);
	assert_int_equal(policy.swap.priority, SWAP_PRIORITY_AUTO);
	assert_true(policy.swap.swappiness == SWAPPINESS_KEEP);
	assert_int_equal(policy.swap.zswap, SWITCH_KEEP);
}

static void files_with_next_to_nothing_in_them(void **state)
{
	static const char *const files[] = {
		"", "\n", "# only a comment\n", "---\n", "{}", "null\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(parse(files[i]), 0);
		assert_string_equal(lines,
			"f: warning: no services: guardiand watches the host and limits nothing\n");
	}
	assert_int_equal(
		parse("\xef\xbb\xbfservices: {web: }\r\n"), 0); /* from an editor of Windows */
	assert_string_equal(policy.service[0].name, "web");
}

/* A working copy may belong to somebody, and have what modes it likes. */
static uint32_t of_the_file(void)
{
	uint32_t n = 0;

	while (n < report.n_entries && report.entry[n].line == 0)
		n++;
	return n;
}

/* It fits the host it was written for, a t3.medium, which shows 3.75 GiB. */
static void the_example_is_clean_on_its_host(void **state)
{
	(void)state;
	assert_int_equal(
		policy_yaml_load(AT_FDCWD, "conf/guardian.yaml", 3840 * MIB, &policy, &report), 0);
	assert_int_equal(report.n_errors + report.n_warnings, of_the_file());
	assert_int_equal(policy.n_services, 3);
	assert_string_equal(policy.service[0].container, "backend");
	assert_int_equal(policy.service[0].limits.value[LIMIT_MAX], 1536 * MIB);
	assert_int_equal(policy.service[0].limits.value[LIMIT_LOW], 512 * MIB);
	assert_true(policy.service[1].is_protected && policy.service[1].role == ROLE_POSTGRES);
	assert_int_equal(policy.service[2].limits.value[LIMIT_MAX], 256 * MIB);

	assert_int_equal(
		policy_yaml_load(AT_FDCWD, "conf/guardian.yaml", 2 * GIB, &policy, &report), 0);
	assert_int_equal(report.n_warnings, of_the_file() + 1);
	assert_string_equal(report.entry[of_the_file()].text,
		"over-commit: all mem_limit together 2.3 GiB "
		"and reserve 400 MiB are over the 2 GiB of "
		"this host");
}

/* ---- bad files: the exact lines ---- */

struct bad {
	const char *text, *lines;
};

static const struct bad bad_files[] = {
	/* keys */
	{"services:\n  backend:\n    mem_limt: 1g\n",
		"f:3:5: error: unknown key 'mem_limt' in service 'backend'; did you mean "
		"'mem_limit'?\n"},
	{"service:\n  backend: {}\n",
		"f:1:1: error: unknown key 'service' at the top level; did you mean 'services'?\n"},
	{"host:\n  mem_limit: 1g\n", "f:2:3: error: unknown key 'mem_limit' in 'host'; it belongs "
				     "to a service below 'services:'\n"},
	{"slots: {max: 4}\n", "f:1:1: error: unknown key 'slots' at the top level\n"},
	{"swap:\n  sise: 2g\n",
		"f:2:3: error: unknown key 'sise' in 'swap'; did you mean 'size'?\n"},
	{"host:\n  swappiness: 10\n",
		"f:2:3: error: unknown key 'swappiness' in 'host'; it belongs below 'swap:'\n"},
	{"swap: {size: 2g, size: 1g}\n",
		"f:1:18: error: duplicate key 'size' in 'swap'; first given in line 1\n"},
	{"host: {warn: 70%, warn: 75%}\n",
		"f:1:19: error: duplicate key 'warn' in 'host'; first given in line 1\n"},
	{"host: {}\nmode: observe\nhost: {}\n",
		"f:3:1: error: duplicate key 'host' at the top level; first given in line 1\n"},
	{"services:\n  web:\n  db:\n  web:\n",
		"f:4:3: error: duplicate service 'web'; first given in line 2\n"},
	{"? [a, b]\n: 1\n? {a: b}\n: [c, {d: e}]\nmode: enforce\n",
		"f:1:3: error: a key must be a word, found a list\n"
		"f:3:3: error: a key must be a word, found a mapping\n"},

	/* values */
	{"services: {a: {mem_limit: 1500}}\n", "f:1:27: error: 'mem_limit' in service 'a': "
					       "expected a size such as 512m or 1.5g, or "
					       "unlimited, found '1500', which has no unit\n"},
	{"services: {a: {mem_limit: 1536Mi}}\n", "f:1:27: error: 'mem_limit' in service 'a': "
						 "expected a size such as 512m or 1.5g, or "
						 "unlimited, found '1536Mi'\n"},
	{"services: {a: {mem_limit: 5m}}\n", "f:1:27: error: 'mem_limit' in service 'a': expected "
					     "6m to 32768g, or unlimited, found '5m'\n"},
	{"services: {a: {mem_limit: }}\n",
		"f:1:27: error: 'mem_limit' in service 'a': expected a "
		"size such as 512m or 1.5g, or unlimited, found nothing\n"},
	{"services: {a: {role: ''}}\n",
		"f:1:22: error: 'role' in service 'a': expected generic, node, "
		"postgres or redis, found ''\n"},
	{"mode: enforced\n",
		"f:1:7: error: 'mode' at the top level: expected enforce or observe, found "
		"'enforced'; did you mean 'enforce'?\n"},
	{"host:\n  warn: [80%]\n  calm: {a: b}\n",
		"f:2:9: error: 'warn' in 'host': expected a percentage such as 80%, found a list\n"
		"f:3:9: error: 'calm' in 'host': expected a percentage such as 80%, found a "
		"mapping\n"},
	{"host: 5\nservices: [web]\ndrift: [{a: b}]\n",
		"f:1:7: error: 'host': expected its keys below it, found '5'\n"
		"f:2:11: error: 'services': expected its keys below it, found a list\n"
		"f:3:8: error: 'drift': expected its keys below it, found a list\n"},
	{"services:\n  web: 512m\n  db: [a]\n",
		"f:2:8: error: service 'web': expected its keys below it, found '512m'\n"
		"f:3:7: error: service 'db': expected its keys below it, found a list\n"},
	/* swap: each value, and what only the whole shows */
	{"swap:\n  size: 2048\n", "f:2:9: error: 'size' in 'swap': expected a size such as 512m "
				  "or 1.5g, found '2048', which has no unit\n"},
	{"swap:\n  size: 1023k\nservices: {a: }\n",
		"f:2:3: error: size 1023k of the swap is below 1m; 0 means none\n"},
	{"swap:\n  size: 100000g\n",
		"f:2:9: error: 'size' in 'swap': expected 0 to 32768g, found '100000g'\n"},
	{"swap:\n  file: swapfile\n",
		"f:2:9: error: 'file' in 'swap': expected an absolute path without '..', found "
		"'swapfile'\n"},
	{"swap:\n  file: /data/../etc/passwd\n",
		"f:2:9: error: 'file' in 'swap': expected an absolute path without '..', found "
		"'/data/../etc/passwd'\n"},
	{"swap:\n  file: /data/\nservices: {a: }\n",
		"f:2:3: error: file '/data/' of the swap is a folder; name the file in it\n"},
	{"swap:\n  priority: -2\n",
		"f:2:13: error: 'priority' in 'swap': expected a whole number, found '-2'\n"},
	{"swap:\n  priority: 32768\n",
		"f:2:13: error: 'priority' in 'swap': expected 0 to 32767, found '32768'\n"},
	{"swap:\n  priority: 4294967295\n",
		"f:2:13: error: 'priority' in 'swap': expected 0 to 32767, found '4294967295'\n"},
	{"swap:\n  swappiness: 201\n",
		"f:2:15: error: 'swappiness' in 'swap': expected 0 to 200, found '201'\n"},
	{"swap:\n  zswap: maybe\n",
		"f:2:10: error: 'zswap' in 'swap': expected yes or no, found 'maybe'\n"},
	{"swap:\n  reserve: 10%\n",
		"f:2:12: error: 'reserve' in 'swap': expected a size such as 512m or 1.5g, found "
		"'10%'\n"},
	{"swap: 2g\n", "f:1:7: error: 'swap': expected its keys below it, found '2g'\n"},

	{"just words\n", "f:1:1: error: expected keys such as 'host:' and 'services:', found only "
			 "a value\n"},
	{"- a\n- {b: c}\n",
		"f:1:1: error: expected keys such as 'host:' and 'services:', found a list\n"},

	/* names; the body of a refused service is still looked at */
	{"services:\n  bad name: {warn: 80}\n", "f:2:3: error: service name 'bad name': expected a "
						"name of letters, digits, '_', '.' and '-'\n"
						"f:2:20: error: 'warn' in service 'bad name': "
						"expected a percentage such as 80%, found "
						"'80', which has no unit\n"},
	{"services:\n  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: {}\n",
		"f:2:3: error: service name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' "
		"is longer than 63 bytes\n"},
	/* the API's slash is not part of the name */
	{"services: {a: {container: /backend}}\n", "f:1:27: error: 'container' in service 'a': "
						   "expected a name of letters, digits, '_', '.' "
						   "and '-', found '/backend'\n"},

	/* what YAML can do and a policy must not */
	{"host: &h {warn: 70%}\nservices: {a: *h}\n",
		"f:1:7: error: anchors (&h) are not accepted\n"
		"f:2:15: error: aliases (*h) are not accepted; write the value out\n"},
	{"mode: &m enforce\nx: [&n 1, *m]\n*m : 5\n",
		"f:1:7: error: anchors (&m) are not accepted\n"
		"f:2:1: error: unknown key 'x' at the top level\n"
		"f:2:5: error: anchors (&n) are not accepted\n"
		"f:2:11: error: aliases (*m) are not accepted; write the value out\n"
		"f:3:1: error: aliases (*m) are not accepted; write the value out\n"},
	{"services: {a: {<<: {warn: 70%}}}\n",
		"f:1:16: error: merge keys (<<) are not accepted; write the values out\n"},
	{"mode: !!str enforce\nhost: !x {}\nservices: !y []\n",
		"f:1:7: error: tags (tag:yaml.org,2002:str) are not accepted\n"
		"f:2:7: error: tags (!x) are not accepted\n"
		"f:3:11: error: tags (!y) are not accepted\n"
		"f:3:11: error: 'services': expected its keys below it, found a list\n"},
	{"mode: enforce\n---\nmode: nonsense\n",
		"f:2:1: error: a second document (---) in the file; it is not read\n"},
	{"a: [[[[[[[[[[1]]]]]]]]]]\n",
		"f:1:1: error: unknown key 'a' at the top level\n"
		"f:1:11: error: nested deeper than 8 levels; the rest is not read\n"},

	/* what libyaml refuses, with what was wrong before it */
	{"mode: x\nhost: [1\nservices: {}",
		"f:1:7: error: 'mode' at the top level: expected enforce or observe, found 'x'\n"
		"f:2:7: error: 'host': expected its keys below it, found a list\n"
		"f:3:9: error: not valid YAML: did not find expected ',' or ']' while parsing a "
		"flow sequence\n"},
	{"host:\n\twarn: 70%\n", "f:2:1: error: a tab cannot stand here; indent with spaces\n"},
	{"# \xea\xb0\x80\nhost: # \xea\xb0\x80\n  \twarn: 70%\n",
		"f:3:3: error: a tab cannot stand here; indent with spaces\n"},
	{"mode: \"\xea\xb0\x80\xff\"\n",
		"f:1:9: error: not a text file: invalid leading UTF-8 octet (0xff)\n"},
	{"mode: x\n \x01",
		"f:2:2: error: not a text file: control characters are not allowed (0x01)\n"},
	{"mode: 'enforce\n", "f:2:1: error: not valid YAML: found unexpected end of stream while "
			     "scanning a quoted scalar\n"},

	/* more than one value */
	{"services:\n  a:\n    mem_limit: 1g\n    mem_reservation: 2g\n",
		"f:4:5: error: mem_reservation 2g of service 'a' is over its mem_limit 1g\n"},
	{"services:\n  db: {role: postgres, oom_group: yes}\n",
		"f:2:24: error: oom_group on service 'db' with role postgres: an OOM kill would "
		"take the postmaster too, without crash recovery\n"},
	{"services:\n  a: {critical: 80%}\n", "f:2:3: error: warn 80% is not below critical 80%, "
					      "so that warn would never be told\n"},
	{"host: {critical: 70%}\nservices: {a: }\n", "f:1:1: error: warn 80% is not below critical "
						     "70%, so that warn would never be told\n"},
	{"services:\n  a: {compose: web}\n  b: {compose: shop/web}\n",
		"f:3:7: error: services 'a' and 'b' can both match one cgroup by compose; tell "
		"them apart\n"},
	{"services:\n  a: {cgroup: '**'}\n",
		"f:2:7: error: cgroup of service 'a' takes hold of -.slice, which guardiand never "
		"limits\n"},

	/* a check that rests on a refused value is not made: `b` may not be found by its name */
	{"services:\n  a: {container: b}\n  b: {container: /b, oom_group: 1}\n",
		"f:3:18: error: 'container' in service 'b': expected a name of letters, digits, "
		"'_', '.' "
		"and '-', found '/b'\n"
		"f:3:33: error: 'oom_group' in service 'b': expected yes or no, found '1'\n"},
	{"host: {critical: 900%, warn: 95%}\nservices: {a: {protected: yes}}\n",
		"f:1:18: error: 'critical' in 'host': expected 1% to 100%, found '900%'\n"},
	/* but one that does not is */
	{"services:\n  a: {warn: x, mem_limit: 8m, mem_reservation: 9m}\n",
		"f:2:13: error: 'warn' in service 'a': expected a percentage such as 80%, found "
		"'x'\n"
		"f:2:31: error: mem_reservation 9m of service 'a' is over its mem_limit 8m\n"},
};

static void every_slip_is_told_in_full(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		print_message("---\n%s", bad_files[i].text);
		assert_refused(bad_files[i].text, bad_files[i].lines);
	}
}

/* ---- hostile files ---- */

static void a_nul_byte(void **state)
{
	(void)state;
	assert_int_equal(parse_bytes("mode: enforce\nhost: \0{}\n", 24, 0), -EINVAL);
	assert_string_equal(lines,
		"f:2:7: error: not a text file: control characters are not allowed (0x00)\n");
}

/* An editor of Windows; its byte order mark is what gives it away. */
static void a_file_in_utf16(void **state)
{
	(void)state;
	assert_int_equal(parse_bytes("\xff\xfem\0o\0d\0e\0", 10, 0), -EINVAL);
	assert_string_equal(
		lines, "f:1:1: error: not a text file: invalid leading UTF-8 octet (0xff)\n");
}

static void a_file_of_ten_megabytes_is_not_parsed(void **state)
{
	size_t len = 10 * MIB;
	char *big = malloc(len);

	(void)state;
	assert_non_null(big);
	memset(big, 'a', len);
	assert_int_equal(parse_bytes(big, len, 0), -EINVAL);
	assert_string_equal(lines, "f: error: longer than 1048576 bytes, which no policy is; is "
				   "this the right file?\n");
	free(big);
}

/* One mebibyte of each of the things that make a careless parser take for ever. */
static void a_full_file_of_nonsense_ends_soon_with_few_lines(void **state)
{
	static const char *const pieces[] = {"[", "{", "- ", "? ", "a: ", "a", "\"", "'", "!",
		"&a ", "*a ", "a:\n", "a: b\n", "-\n", "#", "{a: ", "[a, ", "|\n", " ", "\n", "%",
		"\\", "? - ", "x: &a\n", ": ", "<<: *a\n", "---\n", "...\n", "\t", "@", "`", ","};
	char *big = malloc(POLICY_YAML_BYTES_MAX);

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t n = strlen(pieces[i]);

		for (size_t at = 0; at < POLICY_YAML_BYTES_MAX; at++)
			big[at] = pieces[i][at % n];
		parse_bytes(big, POLICY_YAML_BYTES_MAX, 0);
		assert_true(report.n_entries <= REPORT_MAX);
	}
	free(big);
}

static void too_many_services_are_told_once(void **state)
{
	char *text = malloc(64 * 1024);
	size_t len = (size_t)snprintf(text, 64, "services:\n");

	(void)state;
	for (int i = 0; i < POLICY_SERVICES_MAX; i++)
		len += (size_t)snprintf(text + len, 32, "  s%d:\n", i);
	assert_int_equal(parse_bytes(text, len, 0), 0);
	assert_int_equal(policy.n_services, POLICY_SERVICES_MAX);
	assert_string_equal(policy.service[POLICY_SERVICES_MAX - 1].container, "s511");
	len += (size_t)snprintf(text + len, 32, "  one_more:\n  two_more:\n");
	assert_refused(text, "f:514:3: error: more than 512 services\n");
	free(text);
}

static void fifty_slips_are_shown_and_the_others_counted(void **state)
{
	char text[1024];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 60; i++)
		len += (size_t)snprintf(text + len, 32, "banana: 1\n");
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(report.n_entries, REPORT_MAX);
	assert_non_null(strstr(lines, "f:50:1: error: unknown key 'banana' at the top level\n"
				      "... and 10 more\n"));
}

/* Also when an error comes after more warnings than anyone keeps. */
static void an_error_that_is_not_shown_still_refuses(void **state)
{
	char *text = malloc(64 * 1024);
	size_t len = (size_t)snprintf(text, 64, "services:\n");

	(void)state;
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(text + len, 64, "  s%d: {protected: yes}\n", i);
	assert_int_equal(parse_bytes(text, len, 0), 0);
	assert_int_equal(report.n_warnings, 100);
	len += (size_t)snprintf(text + len, 64, "  bad: {critical: 5%%}\n");
	assert_int_equal(parse_bytes(text, len, 0), -EINVAL);
	free(text);
}

static void a_very_long_word_is_shown_in_part(void **state)
{
	char *text = malloc(POLICY_YAML_BYTES_MAX);

	(void)state;
	memset(text, 'k', 1000);
	memcpy(text + 1000, ": 1\nmode: '", 11);
	memset(text + 1011, 'v', 100000);
	memcpy(text + 101011, "'\n", 3);
	assert_refused(text,
		"f:1:1: error: unknown key 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...' "
		"at the top level\n"
		"f:2:7: error: 'mode' at the top level: expected enforce or observe, found "
		"'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv...'\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_everything),
		cmocka_unit_test(empty_sections_and_bare_services),
		cmocka_unit_test(swap_that_is_not_given_is_left_alone),
		cmocka_unit_test(files_with_next_to_nothing_in_them),
		cmocka_unit_test(the_example_is_clean_on_its_host),
		cmocka_unit_test(every_slip_is_told_in_full),
		cmocka_unit_test(a_nul_byte),
		cmocka_unit_test(a_file_in_utf16),
		cmocka_unit_test(a_file_of_ten_megabytes_is_not_parsed),
		cmocka_unit_test(a_full_file_of_nonsense_ends_soon_with_few_lines),
		cmocka_unit_test(too_many_services_are_told_once),
		cmocka_unit_test(fifty_slips_are_shown_and_the_others_counted),
		cmocka_unit_test(an_error_that_is_not_shown_still_refuses),
		cmocka_unit_test(a_very_long_word_is_shown_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
