/*
 * roster: who is asked for names and when, a new policy, more than there is room for, and those
 * that no service names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "guardian/roster.h"
#include "host.h"
#include "roster_scene.h"

/* ---- names ---- */

static uint64_t fail_once(void)
{
	roster_named(&roster, entry_at(host_scope(1))->inode, -ETIMEDOUT, NULL);
	return entry_at(host_scope(1))->ask_at_us - roster.now_us;
}

static void naming_backs_off(void **state)
{
	uint64_t wait_us = 500000;

	(void)state;
	container_service("web");
	host_group(&host, host_scope(1));
	roster_appeared(&roster, host_scope(1));
	for (int i = 0; i < 300; i++) {
		assert_int_equal(fail_once(), wait_us);
		assert_null(roster_next_unnamed(&roster, roster.now_us + wait_us - 1));
		assert_int_equal(roster.next_ask_us, roster.now_us + wait_us);
		roster_sample(&roster, roster.now_us + wait_us);
		assert_non_null(roster_next_unnamed(&roster, roster.now_us));
		wait_us = wait_us < 32 * SECOND_US ? wait_us * 2 : wait_us;
	}
	name_it(1, "web");
	assert_int_equal(entry_at(host_scope(1))->ask_at_us, roster.now_us + 600ULL * SECOND_US);
	assert_int_equal(fail_once(), 500000); /* an answer ends the back-off */
	assert_int_equal(snap.n_members, 1);   /* and a failed refresh forgets no name */
}

static void several_names_are_wanted_one_after_the_other(void **state)
{
	struct roster_entry *e;
	int asked = 0;

	(void)state;
	for (unsigned n = 1; n <= 5; n++) {
		host_group(&host, host_scope(n));
		roster_appeared(&roster, host_scope(n));
	}
	/* An entry that could not be asked for is still due. */
	assert_ptr_equal(roster_next_unnamed(&roster, 0), roster_next_unnamed(&roster, 0));
	while ((e = roster_next_unnamed(&roster, 0))) {
		e->asking = true;
		asked++;
	}
	assert_int_equal(asked, 5);
	assert_int_equal(roster.next_ask_us, UINT64_MAX);
}

static void renamed_container_changes_its_service(void **state)
{
	(void)state;
	container_service("blue");
	container_service("green");
	start(1, "blue");
	assert_int_equal(snap.member[0].service, 0);
	name_it(1, "green");
	assert_int_equal(snap.n_members, 1);
	assert_int_equal(snap.member[0].service, 1);
	name_it(1, "stray");
	assert_int_equal(snap.n_members, 0);
	assert_int_equal(snap.n_ancestors, 0);
	name_it(1, "blue");
	assert_int_equal(snap.n_members, 1);
}

static void written_limit_is_asked_for_soon(void **state)
{
	struct roster_entry *e;

	(void)state;
	container_service("web");
	start(1, "web");
	roster_sample(&roster, 10 * SECOND_US);
	e = entry_at(host_scope(1));
	e->ask_at_us = 70 * SECOND_US;
	roster_modified(&roster, host_scope(1), "memory.events");
	assert_int_equal(e->ask_at_us, 70 * SECOND_US);
	roster_modified(&roster, host_scope(1), "memory.max");
	assert_int_equal(e->ask_at_us, 10 * SECOND_US + 500000);
	assert_true(e->reader.dirty);
	roster_modified(&roster, "system.slice", "memory.low"); /* no member: nothing */
	e->ask_at_us = 70 * SECOND_US;
	roster_ask_again(&roster, e);
	assert_int_equal(e->ask_at_us, 10 * SECOND_US + 500000);
}

static void stored_values_are_known_at_once(void **state)
{
	struct limit_set set = {.mask = 0};

	(void)state;
	container_service("web");
	start(1, "web");
	limit_put(&set, LIMIT_MAX, 100 << 20);
	roster_stored(&roster, entry_at(host_scope(1)), &set);
	assert_int_equal(snap.member[0].stored.value[LIMIT_MAX], 100 << 20);
	name_it(1, "stray");
	roster_stored(&roster, entry_at(host_scope(1)), &set); /* no member any more: no harm */
}

static void unknown_stored_values_are_absent(void **state)
{
	struct docker_container c = docker_says("web", "", "");

	(void)state;
	container_service("web");
	start(1, "web");
	c.stored.mask = 0;
	roster_named(&roster, entry_at(host_scope(1))->inode, 0, &c);
	assert_false(snap.member[0].valid & MEMBER_STORED);
}

/* ---- the policy changes ---- */

static void reconsider(void *userdata, const char *path)
{
	(void)userdata;
	roster_reconsider(&roster, path);
}

static void new_policy_is_matched_against_all(void **state)
{
	static struct policy other;

	(void)state;
	container_service("web");
	host_group(&host, "system.slice/nginx.service");
	host_group(&host, "app.slice/w-1.service");
	host_group(&host, host_scope(1));
	host_group(&host, host_scope(2));
	open_tree();
	name_it(1, "web");
	name_it(2, "db");
	assert_int_equal(snap.n_members, 1);

	memset(&other, 0, sizeof(other));
	other.n_services = 4;
	strcpy(other.service[0].cgroup, "app.slice/*");
	strcpy(other.service[1].unit, "nginx.service");
	strcpy(other.service[2].container, "db");
	strcpy(other.service[3].container, "absent");
	roster_match_all(&roster, &other);
	cgroup_tree_each(tree, reconsider, NULL);
	roster_sample(&roster, SECOND_US);
	assert_int_equal(snap.n_members, 3);
	assert_int_equal(snap.member[0].service, 2);
	assert_string_equal(roster_path_of_member(&roster, 0), host_scope(2));

	roster_match_all(&roster, &policy);
	cgroup_tree_each(tree, reconsider, NULL);
	assert_int_equal(snap.n_members, 1);
	assert_int_equal(snap.member[0].service, 0);
	roster_sample(&roster, 2 * SECOND_US);
	assert_true(snap.member[0].changed);
}

/* ---- no room ---- */

static void job_path(char path[64], unsigned i)
{
	(void)snprintf(path, 64, "jobs/%u", i);
}

static void more_members_than_places(void **state)
{
	struct rlimit limit;
	char path[64];
	unsigned n = SNAPSHOT_MEMBERS_MAX + 10;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	strcpy(service("jobs")->cgroup, "jobs/*");
	for (unsigned i = 0; i < n; i++) {
		job_path(path, i);
		host_set(&host, path, "memory.current", "%u\n", i);
		roster_appeared(&roster, path);
	}
	assert_int_equal(snap.n_members, SNAPSHOT_MEMBERS_MAX);
	assert_int_equal(roster.overflow, 10);
	roster_sample(&roster, SECOND_US);
	/* when two leave, two of those that waited take their places */
	roster_vanished(&roster, "jobs/0");
	roster_vanished(&roster, "jobs/1");
	roster_sample(&roster, 20 * SECOND_US);
	assert_int_equal(snap.n_members, SNAPSHOT_MEMBERS_MAX);
	assert_int_equal(roster.overflow, 8);
	/* one that waits may go, too */
	job_path(path, n - 1);
	roster_vanished(&roster, path);
	assert_int_equal(roster.overflow, 7);
}

static void more_containers_than_places(void **state)
{
	(void)state;
	for (unsigned n = 0; n < ROSTER_ENTRIES_MAX + 3; n++) {
		host_set(&host, host_scope(n), "memory.current", "1\n");
		roster_appeared(&roster, host_scope(n));
	}
	assert_int_equal(roster.n_entries, ROSTER_ENTRIES_MAX);
	assert_int_equal(roster.overflow, 3);
	/* When there is room again they are looked at again. */
	assert_true(roster_retry_missed(&roster));
	assert_int_equal(roster.overflow, 0);
	assert_false(roster_retry_missed(&roster));
	roster_vanished(&roster, host_scope(1));
	roster_reconsider(&roster, host_scope(ROSTER_ENTRIES_MAX));
	roster_reconsider(&roster, host_scope(ROSTER_ENTRIES_MAX + 1));
	assert_int_equal(roster.overflow, 1);
}

/* A user makes folders that look like containers: the host's own keep their places. */
static void a_user_cannot_fill_the_roster(void **state)
{
	char path[CGROUP_PATH_SIZE];

	(void)state;
	for (unsigned n = 0; n < ROSTER_ENTRIES_MAX; n++) {
		(void)snprintf(path, sizeof(path), "user.slice/user@1000.service/%s", host_id(n));
		host_set(&host, path, "memory.current", "1\n");
		roster_appeared(&roster, path);
	}
	assert_int_equal(roster.n_entries, ROSTER_GUESTS_MAX);
	assert_int_equal(roster.overflow, ROSTER_ENTRIES_MAX - ROSTER_GUESTS_MAX);
	host_set(&host, host_scope(1), "memory.current", "1\n");
	roster_appeared(&roster, host_scope(1));
	assert_int_equal(roster.n_entries, ROSTER_GUESTS_MAX + 1);
	/* What the policy names is no guest. */
	strcpy(service("jobs")->cgroup, "user.slice/user@1000.service/**");
	roster_appeared(&roster, path);
	assert_int_equal(roster.n_entries, ROSTER_GUESTS_MAX + 2);
	assert_int_equal(snap.n_members, 1);
}

static void without_descriptors_it_tries_again(void **state)
{
	struct rlimit limit, none;

	(void)state;
	container_service("web");
	host_group(&host, host_scope(1));
	roster_appeared(&roster, host_scope(1));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)open_descriptors() + 4; /* the folder and a few files */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	name_it(1, "web");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(snap.n_members, 0);
	assert_int_equal(roster.overflow, 1);
	roster_sample(&roster, 60 * SECOND_US);
	assert_int_equal(snap.n_members, 1);
	assert_int_equal(roster.overflow, 0);
}

static void path_too_long_is_passed_over(void **state)
{
	char path[CGROUP_PATH_SIZE + 10];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	strcpy(service("all")->cgroup, "**");
	roster_appeared(&roster, path);
	assert_int_equal(roster.n_entries, 0);
}

/* ---- those that no service names ---- */

static void unmanaged_are_counted(void **state)
{
	uint32_t unmanaged, unlimited;

	(void)state;
	container_service("web");
	start(1, "web");
	start(2, "stray");
	start(3, "limited");
	host_set(&host, host_scope(3), "memory.max", "104857600\n");
	strcpy(service("ssh")->unit, "ssh.service"); /* not a container: not counted either way */
	host_group(&host, "system.slice/ssh.service");
	roster_appeared(&roster, "system.slice/ssh.service");
	roster_count_unmanaged(&roster, &unmanaged, &unlimited);
	assert_int_equal(unmanaged, 2);
	assert_int_equal(unlimited, 1);
	host_group_remove(&host, host_scope(2)); /* gone, and not told yet */
	roster_count_unmanaged(&roster, &unmanaged, &unlimited);
	assert_int_equal(unmanaged, 1);
	assert_int_equal(unlimited, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(naming_backs_off),
		WORLD(several_names_are_wanted_one_after_the_other),
		WORLD(renamed_container_changes_its_service),
		WORLD(written_limit_is_asked_for_soon),
		WORLD(stored_values_are_known_at_once),
		WORLD(unknown_stored_values_are_absent),
		WORLD(new_policy_is_matched_against_all),
		WORLD(more_members_than_places),
		WORLD(more_containers_than_places),
		WORLD(a_user_cannot_fill_the_roster),
		WORLD(without_descriptors_it_tries_again),
		WORLD(path_too_long_is_passed_over),
		WORLD(unmanaged_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
