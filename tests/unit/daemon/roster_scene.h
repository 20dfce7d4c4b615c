/*
 * A roster over a host of its own, for the tests of roster: containers start, stop and get their
 * names.
 */
#ifndef TESTS_ROSTER_SCENE_H
#define TESTS_ROSTER_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "guardian/roster.h"
#include "host.h"

static struct host host;
static struct policy policy;
static struct snapshot snap;
static struct roster roster;
static struct cgroup_tree *tree;

enum { SECOND_US = 1000000 };

static inline int setup(void **state)
{
	(void)state;
	host_make(&host);
	memset(&policy, 0, sizeof(policy));
	memset(&snap, 0, sizeof(snap));
	memset(&roster, 0, sizeof(roster));
	roster_init(&roster, host.cgfd, &policy, NULL, &snap);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	roster_close(&roster);
	tree = cgroup_tree_close(tree);
	host_remove(&host);
	return 0;
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static inline struct policy_service *service(const char *name)
{
	struct policy_service *s = &policy.service[policy.n_services++];

	strcpy(s->name, name);
	return s;
}

static inline struct policy_service *container_service(const char *name)
{
	struct policy_service *s = service(name);

	strcpy(s->container, name);
	return s;
}

static inline struct docker_container docker_says(
	const char *name, const char *project, const char *compose)
{
	struct docker_container c = {.running = true};

	strcpy(c.name, name);
	strcpy(c.project, project);
	strcpy(c.service, compose);
	limit_put(&c.stored, LIMIT_MAX, LIMIT_UNLIMITED);
	return c;
}

static inline struct roster_entry *entry_at(const char *path)
{
	for (uint16_t i = 0; i < roster.n_entries; i++)
		if (roster.entry[i].used && strcmp(roster.entry[i].path, path) == 0)
			return &roster.entry[i];
	return NULL;
}

static inline void name_it(unsigned n, const char *name)
{
	struct docker_container c = docker_says(name, "shop", name);

	roster_named(&roster, entry_at(host_scope(n))->inode, 0, &c);
}

/* The N-th container runs and has been named. */
static inline void start(unsigned n, const char *name)
{
	host_group(&host, host_scope(n));
	roster_appeared(&roster, host_scope(n));
	name_it(n, name);
}

static inline void on_appeared(void *userdata, const char *path)
{
	(void)userdata;
	roster_appeared(&roster, path);
}

static inline void on_vanished(void *userdata, const char *path)
{
	(void)userdata;
	roster_vanished(&roster, path);
}

static inline void on_modified(void *userdata, const char *path, const char *file)
{
	(void)userdata;
	roster_modified(&roster, path, file);
}

static const struct cgroup_tree_ops ops = {on_appeared, on_vanished, on_modified};

static inline void open_tree(void)
{
	assert_int_equal(cgroup_tree_open(&roster.tree, host.cgfd, &ops, NULL), 0);
	tree = roster.tree;
}

#endif
