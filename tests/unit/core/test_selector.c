/*
 * Which words may find a service; that no glob or unit takes hold of the host's own cgroups; that
 * two services cannot want the same container.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "guardian/selector.h"
#include "guardian/text.h"

/* Sets a text member of a policy. */
#define PUT(member, text) assert_true(text_copy(member, sizeof(member), text, strlen(text)))

struct form {
	enum field_type type;
	const char *text;
	bool is_ok;
};

static void forms(void **state)
{
	static const struct form forms[] = {
		{FIELD_CONTAINER, "backend", true}, {FIELD_CONTAINER, "hanibi-backend_1.x", true},
		{FIELD_CONTAINER, "7z", true}, {FIELD_CONTAINER, "", false},
		{FIELD_CONTAINER, "a{b", false}, {FIELD_CONTAINER, "a`b", false},
		{FIELD_CONTAINER, "/backend", false}, {FIELD_CONTAINER, "-x", false},
		{FIELD_CONTAINER, "a b", false}, {FIELD_CONTAINER, "caf\xc3\xa9", false},
		{FIELD_COMPOSE, "web", true}, {FIELD_COMPOSE, "shop/web", true},
		{FIELD_COMPOSE, "/web", false}, {FIELD_COMPOSE, "shop/", false},
		{FIELD_COMPOSE, "a/b/c", false}, {FIELD_UNIT, "nginx.service", true},
		{FIELD_UNIT, "getty@tty1.service", true}, {FIELD_UNIT, "getty@.service", false},
		{FIELD_UNIT, "dev-disk-by\\x2dlabel.scope", true}, {FIELD_UNIT, "-.slice", true},
		{FIELD_UNIT, "app.slice", true}, {FIELD_UNIT, ".service", false},
		{FIELD_UNIT, "nginx", false}, {FIELD_UNIT, "boot.mount", false},
		{FIELD_UNIT, "a b.service", false},
		{FIELD_GLOB, "app.slice/worker-*.service", true},
		{FIELD_GLOB, "app.slice/...", true}, {FIELD_GLOB, "/app.slice", false},
		{FIELD_GLOB, "", false}, {FIELD_GLOB, "..", false}, {FIELD_GLOB, "a/../b", false},
		{FIELD_GLOB, "a/..", false}, {FIELD_GLOB, "a/.b", true}, {FIELD_GLOB, "a/.", true},
		{FIELD_GLOB, "a\tb", false}, {FIELD_GLOB, "a\x7f", false},
		{FIELD_PATH, "/run/docker.sock", true}, {FIELD_PATH, "/..x/y..", true},
		{FIELD_PATH, "run/docker.sock", false}, {FIELD_PATH, "/run/../etc", false},
		{FIELD_SIZE, "512m", false}, /* not a text */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		print_message("%s\n", forms[i].text);
		assert_int_equal(
			selector_text_ok(forms[i].type, forms[i].text, strlen(forms[i].text)),
			forms[i].is_ok);
	}
	/* A NUL inside is part of a longer text, not its end. */
	assert_false(selector_text_ok(FIELD_CONTAINER, "a\0b", 3));
	assert_false(selector_text_ok(FIELD_CONTAINER, "\0a", 2));
}

/* ---- guarded ---- */

struct hold {
	const char *cgroup, *unit;
	const char *held; /* NULL: none */
};

static void the_hosts_own_cgroups_are_out_of_reach(void **state)
{
	static const struct hold holds[] = {
		{"/", "", "-.slice"},
		{"*", "", "-.slice"},
		{"**", "", "-.slice"},
		{"?**", "", "init.scope"},
		{"init.scope", "", "init.scope"},
		{"/init.scope", "", "init.scope"},
		{"ini?.scope", "", "init.scope"},
		{"*.slice", "", "system.slice"},
		{"user.sl*", "", "user.slice"},
		{"[us]ser.slice", "", "user.slice"},
		{"[]i]nit.scope", "", "init.scope"},
		{"[!]]nit.scope", "", "init.scope"},
		{"[^x]nit.scope", "", "init.scope"},
		{"system.slice/*", "", "guardiand.service"},
		{"system.slice/*.service", "", "guardiand.service"},
		{"**/docker.service", "", "docker.service"},
		{"**.service", "", "guardiand.service"},
		{"*/c*d.service", "", "containerd.service"},
		{"", "guardiand.service", "guardiand.service"},
		{"", "-.slice", "-.slice"},
		{"", "docker.service", "docker.service"},
		{"", "system.slice", "system.slice"},

		{"", "", NULL},
		{"", "nginx.service", NULL},
		{"app.slice/*", "", NULL},
		{"system.slice/nginx*.service", "", NULL},
		{"system.slice/docker-*.scope", "", NULL},
		{"*/*/*", "", NULL},
		{"user.slice/**", "", NULL},
		{"system.slice?docker.service", "", NULL}, /* ? and [] do not cross '/' */
		{"system.slice[/]docker.service", "", NULL},
		{"init.scop[", "", NULL},
		{"init.scop[e", "", NULL},
		{"init.scop[!", "", NULL},
		{"init.scope/x", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		struct policy_service s;
		const char *held;

		policy_service_defaults(&s);
		PUT(s.cgroup, holds[i].cgroup);
		PUT(s.unit, holds[i].unit);
		held = selector_guarded(&s);
		print_message("%s %s\n", holds[i].cgroup, holds[i].unit);
		if (holds[i].held)
			assert_string_equal(held, holds[i].held);
		else
			assert_null(held);
	}
}

/* The longest glob there can be, of the kind that makes a recursive matcher take for ever. */
static void a_hostile_glob_takes_no_time(void **state)
{
	struct policy_service s;

	(void)state;
	policy_service_defaults(&s);
	memset(s.cgroup, '*', sizeof(s.cgroup) - 2);
	s.cgroup[sizeof(s.cgroup) - 2] = '!';
	assert_null(selector_guarded(&s));
}

/* A pattern that often matches PATH: its characters, some replaced by a piece of glob. */
static void make_glob(char *glob, size_t size, const char *path, uint32_t *seed)
{
	static const char *const pieces[] = {"?", "*", "**", "[]x]", "[!]]", "[^x-z]", "[a-z]",
		"[]-z]", "[", "]", "", "x", "[.]", "[!/]"};
	size_t len = 0;

	for (; *path && len + 8 < size; path++) {
		const char *piece;

		*seed = *seed * 1664525 + 1013904223;
		if (*seed >> 29) {
			glob[len++] = *path;
			continue;
		}
		piece = pieces[(*seed >> 8) % (sizeof(pieces) / sizeof(pieces[0]))];
		memcpy(glob + len, piece, strlen(piece));
		len += strlen(piece);
	}
	glob[len] = '\0';
}

/* Whatever base's matcher, which finds the services, takes hold of, the guard has seen. */
static void the_guard_sees_all_that_the_finder_matches(void **state)
{
	static const char *const own[] = {
		"init.scope", "system.slice", "system.slice/docker.service"};
	uint32_t seed = 1, n_held = 0;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct policy_service s;

		policy_service_defaults(&s);
		make_glob(s.cgroup, sizeof(s.cgroup), own[round % 3], &seed);
		if (!s.cgroup[0] || !text_glob(s.cgroup, own[round % 3]))
			continue;
		n_held++;
		if (!selector_guarded(&s))
			fail_msg("'%s' reaches %s unseen", s.cgroup, own[round % 3]);
	}
	assert_true(n_held > 1000);
}

/* ---- overlap ---- */

struct pair {
	const char *a[4], *b[4]; /* container, compose, unit, cgroup */
	const char *shared;      /* key, or NULL */
};

static void fill(struct policy_service *s, const char *const selectors[4])
{
	policy_service_defaults(s);
	PUT(s->container, selectors[0]);
	PUT(s->compose, selectors[1]);
	PUT(s->unit, selectors[2]);
	PUT(s->cgroup, selectors[3]);
}

static void services_that_want_the_same_container(void **state)
{
	static const struct pair pairs[] = {
		{{"web", "", "", ""}, {"web", "", "", ""}, "container"},
		{{"web", "", "", ""}, {"db", "", "", ""}, NULL},
		{{"web", "", "", ""}, {"", "web", "", ""}, NULL}, /* may be; seen at run time */
		{{"", "web", "", ""}, {"", "shop/web", "", ""}, "compose"},
		{{"", "shop/web", "", ""}, {"", "web", "", ""}, "compose"},
		{{"", "shop/web", "", ""}, {"", "shop/web", "", ""}, "compose"},
		{{"", "shop/web", "", ""}, {"", "blog/web", "", ""}, NULL},
		{{"", "web", "", ""}, {"", "shop/db", "", ""}, NULL},
		{{"web-1", "web", "", ""}, {"web-2", "web", "", ""}, NULL}, /* told apart by name */
		{{"web-1", "web", "", ""}, {"", "web", "", ""}, "compose"},
		{{"web", "shop/web", "", ""}, {"web", "web", "", ""}, "container"},
		{{"", "", "a.service", ""}, {"", "", "a.service", ""}, "unit"},
		{{"", "web", "a.service", ""}, {"", "web", "b.service", ""}, NULL},
		{{"", "", "", "app.slice/*"}, {"", "", "", "app.slice/*"}, "cgroup"},
		{{"", "", "", "app.slice/*"}, {"", "", "", "app.slice/a*"}, NULL},
		{{"web", "", "", "a/*"}, {"web", "", "", "b/*"},
			"container"}, /* globs prove nothing */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct policy_service a, b;
		const struct policy_field *f;

		fill(&a, pairs[i].a);
		fill(&b, pairs[i].b);
		f = selector_overlap(&a, &b);
		print_message("pair %zu\n", i);
		if (pairs[i].shared)
			assert_string_equal(f->key, pairs[i].shared);
		else
			assert_null(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(the_hosts_own_cgroups_are_out_of_reach),
		cmocka_unit_test(a_hostile_glob_takes_no_time),
		cmocka_unit_test(the_guard_sees_all_that_the_finder_matches),
		cmocka_unit_test(services_that_want_the_same_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
