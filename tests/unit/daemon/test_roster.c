/*
 * roster: cgroups that come, go, are named, matched, restarted and renamed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "guardian/fs.h"
#include "guardian/roster.h"
#include "host.h"
#include "roster_scene.h"

/* ---- the world ---- */

static void stop(unsigned n)
{
	host_group_remove(&host, host_scope(n));
	roster_vanished(&roster, host_scope(n));
}

static void dispatch(void)
{
	assert_int_equal(cgroup_tree_dispatch(tree, &ops, NULL), 0);
}

/* ---- matching ---- */

struct match_case {
	const char *container, *compose, *unit, *cgroup; /* the service's */
	const char *path, *name, *project, *label; /* the cgroup's; name NULL: not known yet */
	bool matches;
};

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SCOPE "system.slice/docker-" ID ".scope"

static const struct match_case match_cases[] = {
	{"web", "", "", "", SCOPE, "web", "", "", true},
	{"web", "", "", "", SCOPE, "web2", "", "", false},
	{"web", "", "", "", SCOPE, NULL, "", "", false},
	{"", "shop/web", "", "", SCOPE, "shop-web-1", "shop", "web", true},
	{"", "shop/web", "", "", SCOPE, "shop-web-1", "other", "web", false},
	{"", "shop/web", "", "", SCOPE, "shop-web-1", "shopper", "web", false},
	{"", "web", "", "", SCOPE, "x", "any", "web", true},
	{"", "web", "", "", SCOPE, "x", "any", "webs", false},
	{"", "web", "", "", SCOPE, "web", "", "", false}, /* no label at all */
	{"", "", "nginx.service", "", "system.slice/nginx.service", NULL, "", "", true},
	{"", "", "nginx.service", "", "system.slice/nginx2.service", NULL, "", "", false},
	{"", "", "", "app.slice/w-*.service", "app.slice/w-1.service", NULL, "", "", true},
	{"", "", "", "app.slice/w-*.service", "app.slice/w-1.service/x", NULL, "", "", false},
	{"", "", "", "app.slice/**", "app.slice/a/b", NULL, "", "", true},
	/* all that are set must agree */
	{"web", "shop/web", "", "", SCOPE, "web", "shop", "web", true},
	{"web", "shop/api", "", "", SCOPE, "web", "shop", "web", false},
	{"web", "", "", "system.slice/*", SCOPE, "web", "", "", true},
	{"web", "", "", "other.slice/*", SCOPE, "web", "", "", false},
	{"", "", "docker-" ID ".scope", "system.slice/*", SCOPE, NULL, "", "", true},
	/* nothing is set: nothing matches */
	{"", "", "", "", SCOPE, "web", "shop", "web", false},
};

static void matching(void **state)
{
	static struct roster_entry e;

	(void)state;
	for (size_t i = 0; i < sizeof(match_cases) / sizeof(match_cases[0]); i++) {
		const struct match_case *c = &match_cases[i];
		struct policy_service *s;
		uint16_t also, found;

		policy.n_services = 0;
		memset(&policy.service[0], 0, sizeof(policy.service[0]));
		s = service("x");
		strcpy(s->container, c->container);
		strcpy(s->compose, c->compose);
		strcpy(s->unit, c->unit);
		strcpy(s->cgroup, c->cgroup);
		memset(&e, 0, sizeof(e));
		strcpy(e.path, c->path);
		cgroup_classify(e.path, &e.identity);
		if (c->name) {
			e.naming = NAMING_KNOWN;
			e.container = docker_says(c->name, c->project, c->label);
		}
		found = roster_match(&policy, &e, &also);
		if ((found == 0) != c->matches)
			fail_msg("case %zu: %s", i, c->path);
		assert_int_equal(also, SERVICE_NONE);
	}
}

static void second_service_is_told_as_also(void **state)
{
	(void)state;
	container_service("web");
	service("other");
	strcpy(service("everything")->cgroup, "system.slice/docker-*.scope");
	start(1, "web");
	assert_int_equal(snap.n_members, 1);
	assert_int_equal(snap.member[0].service, 0);
	assert_int_equal(snap.member[0].also, 2);
}

/* Two ids in one path, and names that only look like a container's. */
static void only_the_hosts_containers_count(void **state)
{
	static const char *const others[] = {"system.slice/docker.service",
		"system.slice/docker-" ID ".mount", "system.slice/docker-" ID ".scope/sub",
		"system.slice", SCOPE "/docker/" ID};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		host_group(&host, others[i]);
		roster_appeared(&roster, others[i]);
		assert_null(entry_at(others[i]));
	}
	assert_int_equal(roster.n_entries, 0);
}

/* ---- coming and going ---- */

/* A user may make any folder below his own user@.service, also one that says it is the database:
 * with its name it would get the database's reservation, and its size would speak for the
 * database's limit. */
static void a_delegated_folder_is_no_container_of_the_hosts(void **state)
{
	char fake[512];

	(void)state;
	container_service("web");
	(void)snprintf(fake, sizeof(fake), "user.slice/user-1000.slice/user@1000.service/%s",
		strrchr(host_scope(1), '/') + 1);
	host_group(&host, fake);
	roster_appeared(&roster, fake);
	assert_null(roster_next_unnamed(&roster, 100 * SECOND_US));
	assert_false(roster_has_docker(&roster));
	assert_int_equal(snap.n_members, 0);
}

static void container_becomes_member_when_named(void **state)
{
	struct roster_entry *e;

	(void)state;
	container_service("web");
	host_group(&host, host_scope(1));
	roster_appeared(&roster, host_scope(1));
	assert_int_equal(snap.n_members, 0);
	e = roster_next_unnamed(&roster, 0);
	assert_non_null(e);
	assert_string_equal(e->identity.id, host_id(1));
	e->asking = true;
	assert_null(roster_next_unnamed(&roster, 0));
	name_it(1, "web");
	assert_int_equal(snap.n_members, 1);
	assert_int_equal(snap.member[0].inode, host_inode(&host, host_scope(1)));
	assert_int_equal(snap.member[0].owner, OWNER_DOCKER);
	assert_true(snap.member[0].has_unit);
	assert_true(snap.member[0].valid & MEMBER_STORED);
	assert_string_equal(roster_path_of_member(&roster, 0), host_scope(1));
	roster_sample(&roster, SECOND_US);
	assert_int_equal(snap.member[0].current_bytes, 50 << 20);
	assert_true(snap.member[0].valid & MEMBER_STORED);
	assert_int_equal(snap.member[0].live.value[LIMIT_MAX], LIMIT_UNLIMITED);
}

static void owner_is_who_manages_it(void **state)
{
	(void)state;
	strcpy(service("nginx")->unit, "nginx.service");
	strcpy(service("plain")->cgroup, "work/*");
	host_group(&host, "system.slice/nginx.service");
	host_group(&host, "work/a");
	roster_appeared(&roster, "system.slice/nginx.service");
	roster_appeared(&roster, "work/a");
	assert_int_equal(snap.n_members, 2);
	assert_int_equal(snap.member[0].owner, OWNER_UNIT);
	assert_true(snap.member[0].has_unit);
	assert_int_equal(snap.member[1].owner, OWNER_PLAIN);
	assert_false(snap.member[1].has_unit);
	assert_null(roster_next_unnamed(&roster, UINT64_MAX - 1)); /* nobody to ask */
}

static void what_has_gone_leaves_no_trace(void **state)
{
	(void)state;
	container_service("a");
	container_service("b");
	container_service("c");
	start(1, "a");
	start(2, "b");
	start(3, "c");
	roster_sample(&roster, SECOND_US);
	stop(2);
	/* the others keep their order */
	assert_int_equal(snap.n_members, 2);
	assert_int_equal(snap.member[0].service, 0);
	assert_int_equal(snap.member[1].service, 2);
	assert_string_equal(roster_path_of_member(&roster, 1), host_scope(3));
	stop(1);
	stop(3);
	assert_int_equal(snap.n_members, 0);
	assert_int_equal(snap.n_ancestors, 0);
	assert_int_equal(roster.n_entries, 0);
	roster_vanished(&roster, host_scope(1)); /* twice is no harm */
}

static void gone_before_it_is_looked_at(void **state)
{
	(void)state;
	roster_appeared(&roster, host_scope(1));
	assert_int_equal(roster.n_entries, 0);
}

static void restart_is_another_inode(void **state)
{
	uint64_t before, after;

	(void)state;
	container_service("web");
	container_service("db");
	start(1, "web");
	start(2, "db");
	before = snap.member[0].inode;
	/* The old folder is held open, so that its inode is not used again at once. */
	_cleanup_fd_ int held = fs_open_dir(host.cgfd, host_scope(1));
	host_group_remove(&host, host_scope(1));
	host_group(&host, host_scope(1));
	roster_appeared(
		&roster, host_scope(1)); /* without a vanished: the walk after an overflow */
	assert_int_equal(snap.n_members, 1);
	name_it(1, "web");
	assert_int_equal(snap.n_members, 2);
	after = snap.member[1].inode; /* a new member stands at the end */
	assert_int_not_equal(before, after);
	assert_null(roster_by_inode(&roster, before));
	assert_ptr_equal(roster_by_inode(&roster, after), entry_at(host_scope(1)));
}

/* Compose gives a new id. */
static void recreated_container_follows_its_label(void **state)
{
	struct docker_container c = docker_says("shop-web-1", "shop", "web");

	(void)state;
	strcpy(service("web")->compose, "shop/web");
	for (unsigned n = 1; n <= 2; n++) {
		host_group(&host, host_scope(n));
		roster_appeared(&roster, host_scope(n));
		roster_named(&roster, entry_at(host_scope(n))->inode, 0, &c);
		assert_int_equal(snap.n_members, 1);
		assert_int_equal(snap.member[0].service, 0);
		stop(n);
	}
}

static void answer_for_what_has_gone_is_dropped(void **state)
{
	struct docker_container c = docker_says("web", "", "");

	(void)state;
	container_service("web");
	roster_named(&roster, 12345, 0, &c);
	assert_int_equal(snap.n_members, 0);
}

static const char pod_scope[] = "machine.slice/libpod-" ID ".scope";
static const char pod_inner[] = "machine.slice/libpod-" ID ".scope/container";

static void pod_appears(void)
{
	strcpy(service("pod")->unit, "libpod-" ID ".scope");
	host_group(&host, pod_scope);
	roster_appeared(&roster, pod_scope);
}

static void inner_group_is_limited(void)
{
	host_group(&host, pod_inner);
	host_set(&host, pod_inner, "memory.max", "104857600\n");
}

/* crun's level `container` belongs to its scope. */
static void inner_group_is_part_of_its_scope(void **state)
{
	(void)state;
	inner_group_is_limited();
	pod_appears();
	roster_appeared(&roster, pod_inner);
	assert_int_equal(snap.n_members, 1);
	roster_sample(&roster, SECOND_US);
	assert_true(snap.member[0].valid & MEMBER_INNER_MAX);
	assert_int_equal(snap.member[0].inner_max_bytes, 104857600);
	assert_null(roster_next_unnamed(&roster, UINT64_MAX - 1)); /* Docker does not know it */
}

/* It comes after its scope has been read: its folder's appearance is enough. */
static void inner_group_comes_later(void **state)
{
	(void)state;
	pod_appears();
	roster_sample(&roster, SECOND_US);
	inner_group_is_limited();
	roster_sample(&roster, 2 * SECOND_US);
	assert_false(snap.member[0].valid & MEMBER_INNER_MAX);
	roster_appeared(&roster, pod_inner);
	assert_true(roster_sample(&roster, 3 * SECOND_US));
	assert_true(snap.member[0].valid & MEMBER_INNER_MAX);
	assert_int_equal(snap.member[0].inner_max_bytes, 104857600);
}

/* Whether the tree tells of a removed cgroup or the read fails. */
static void thousand_rounds_leak_nothing(void **state)
{
	int before;

	(void)state;
	container_service("web");
	strcpy(service("job")->cgroup, "jobs.slice/*/work");
	open_tree();
	before = open_descriptors();
	for (int i = 0; i < 1000; i++) {
		host_set(&host, host_scope(1), "memory.current", "1\n");
		host_set(&host, "jobs.slice/a/work", "memory.current", "1\n");
		dispatch();
		name_it(1, "web");
		assert_int_equal(snap.n_members, 2);
		assert_int_equal(snap.n_ancestors, 3); /* system.slice, jobs.slice, jobs.slice/a */
		roster_sample(&roster, (uint64_t)i * SECOND_US);
		host_group_remove(&host, host_scope(1));
		host_group_remove(&host, "jobs.slice");
		dispatch();
		assert_int_equal(snap.n_members, 0);
		assert_int_equal(snap.n_ancestors, 0);
		assert_int_equal(roster.n_entries, 0);
	}
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(roster.overflow, 0);
}

/* ---- the promise `changed` ---- */

static void changed_is_a_promise(void **state)
{
	struct member_sample *m = &snap.member[0];

	(void)state;
	container_service("web");
	start(1, "web");
	roster_sample(&roster, SECOND_US);
	assert_true(m->changed);
	roster_sample(&roster, 2 * SECOND_US);
	assert_false(m->changed);
	host_set(&host, host_scope(1), "memory.current", "52428801\n");
	roster_sample(&roster, 3 * SECOND_US);
	assert_true(m->changed);
	roster_sample(&roster, 4 * SECOND_US);
	assert_false(m->changed);
	name_it(1, "web"); /* what Docker has stored may be new */
	roster_sample(&roster, 5 * SECOND_US);
	assert_true(m->changed);
	roster_sample(&roster, 6 * SECOND_US);
	assert_false(m->changed);
}

static void member_that_moves_up_keeps_its_readings(void **state)
{
	(void)state;
	container_service("a");
	container_service("b");
	start(1, "a");
	start(2, "b");
	host_use(&host, host_scope(2), 77 << 20, 0);
	roster_sample(&roster, SECOND_US);
	stop(1);
	roster_sample(&roster, 2 * SECOND_US);
	assert_int_equal(snap.member[0].anon_bytes, 77 << 20);
	assert_int_equal(snap.member[0].current_bytes, 77 << 20);
	assert_false(snap.member[0].changed);
}

/* ---- ancestors ---- */

static void ancestors_are_counted(void **state)
{
	struct ancestor_sample *a = snap.ancestor;

	(void)state;
	strcpy(service("job")->cgroup, "a.slice/**/job-*");
	host_group(&host, "a.slice");
	host_group(&host, "a.slice/b");
	host_group(&host, "a.slice/b/job-1");
	host_group(&host, "a.slice/b/job-2");
	host_group(&host, "a.slice/c/job-3");
	host_set(&host, "a.slice/b", "memory.low", "1048576\n");
	host_kills(&host, "a.slice", 7);
	roster_appeared(&roster, "a.slice/b/job-1");
	roster_appeared(&roster, "a.slice/b/job-2");
	roster_appeared(&roster, "a.slice/c/job-3");
	roster_sample(&roster, SECOND_US);
	assert_int_equal(snap.n_ancestors, 3);
	assert_int_equal(a[0].parent, -1);
	assert_int_equal(a[1].parent, 0);
	assert_int_equal(a[2].parent, 0);
	assert_int_equal(snap.member[0].ancestor, 1);
	assert_int_equal(snap.member[2].ancestor, 2);
	assert_true(a[0].has_unit); /* a slice */
	assert_true(a[0].has_events && a[1].has_low);
	assert_int_equal(a[0].ev_oom_kill, 7);
	assert_int_equal(a[1].low_bytes, 1 << 20);
	assert_int_equal(a[1].inode, host_inode(&host, "a.slice/b"));
	assert_false(a[2].has_low); /* no file */
	assert_non_null(roster_ancestor_by_inode(&roster, a[1].inode));

	roster_vanished(&roster, "a.slice/b/job-1");
	assert_int_equal(roster.ancestor[1].members, 1);
	roster_vanished(&roster, "a.slice/b/job-2");
	/* the place in the middle is free, and says nothing */
	assert_int_equal(snap.n_ancestors, 3);
	assert_int_equal(a[1].inode, 0);
	assert_int_equal(a[1].parent, -1);
	assert_false(a[1].has_low || a[1].has_events);
	assert_int_equal(snap.member[0].ancestor, 2);
	roster_vanished(&roster, "a.slice/c/job-3");
	assert_int_equal(snap.n_ancestors, 0);
}

static void member_below_a_member(void **state)
{
	(void)state;
	strcpy(service("slice")->cgroup, "a.slice");
	strcpy(service("job")->cgroup, "a.slice/job");
	open_tree();
	host_group(&host, "a.slice");
	host_group(&host, "a.slice/job");
	dispatch();
	assert_int_equal(snap.n_members, 2);
	roster_sample(&roster, SECOND_US);
	host_group_remove(&host, "a.slice/job");
	dispatch();
	assert_int_equal(snap.n_members, 1);
	assert_int_equal(snap.n_ancestors, 0);
	/* the slice is watched still, though it is above nobody any more */
	entry_at("a.slice")->reader.dirty = false;
	host_set(&host, "a.slice", "memory.max", "max\n");
	dispatch();
	assert_true(entry_at("a.slice")->reader.dirty);
}

static void more_ancestors_than_places(void **state)
{
	char path[64];

	(void)state;
	strcpy(service("job")->cgroup, "s*/job");
	for (int i = 0; i < SNAPSHOT_ANCESTORS_MAX + 5; i++) {
		(void)snprintf(path, sizeof(path), "s%d/job", i);
		host_set(&host, path, "memory.current", "1\n");
		roster_appeared(&roster, path);
	}
	assert_int_equal(snap.n_ancestors, SNAPSHOT_ANCESTORS_MAX);
	assert_int_equal(snap.n_members, SNAPSHOT_ANCESTORS_MAX + 5);
	assert_int_equal(snap.member[SNAPSHOT_ANCESTORS_MAX].ancestor, -1);
	for (int i = SNAPSHOT_ANCESTORS_MAX + 5; i-- > 0;) {
		(void)snprintf(path, sizeof(path), "s%d/job", i);
		roster_vanished(&roster, path);
	}
	assert_int_equal(snap.n_ancestors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(matching),
		WORLD(second_service_is_told_as_also),
		WORLD(only_the_hosts_containers_count),
		WORLD(a_delegated_folder_is_no_container_of_the_hosts),
		WORLD(container_becomes_member_when_named),
		WORLD(owner_is_who_manages_it),
		WORLD(what_has_gone_leaves_no_trace),
		WORLD(gone_before_it_is_looked_at),
		WORLD(restart_is_another_inode),
		WORLD(recreated_container_follows_its_label),
		WORLD(answer_for_what_has_gone_is_dropped),
		WORLD(inner_group_is_part_of_its_scope),
		WORLD(inner_group_comes_later),
		WORLD(thousand_rounds_leak_nothing),
		WORLD(changed_is_a_promise),
		WORLD(member_that_moves_up_keeps_its_readings),
		WORLD(ancestors_are_counted),
		WORLD(member_below_a_member),
		WORLD(more_ancestors_than_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
