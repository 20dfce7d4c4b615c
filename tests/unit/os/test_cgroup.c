/*
 * The mode of a host's tree, and what the paths of all known layouts say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guardian/cgroup.h"
#include "temp_tree.h"

#define A    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD  "kubepods-burstable-pod12345678_1234_1234_1234_123456789abc.slice"
#define USER "user.slice/user-1000.slice/user@1000.service"

/* ---- paths ---- */

struct expected {
	const char *path;
	enum cgroup_runtime runtime;
	const char *id;
	const char *unit;
	int below;
	bool inner, nested;
};

static const struct expected layouts[] = {
	/* Docker */
	{"system.slice/docker-" A ".scope", RUNTIME_DOCKER, A, "docker-" A ".scope", 0, false,
		false},
	{"/system.slice/docker-" A ".scope/", RUNTIME_DOCKER, A, "docker-" A ".scope", 0, false,
		false},
	{"docker/" A, RUNTIME_DOCKER, A, "", 0, false, false},
	{"shop.slice/shop-web.slice/docker-" A ".scope", RUNTIME_DOCKER, A, "docker-" A ".scope", 0,
		false, false},
	{"my/parent/" A, RUNTIME_DOCKER, A, "", 0, false, false},
	{USER "/user.slice/docker-" A ".scope", RUNTIME_DOCKER, A, "", 0, false, false},
	{"system.slice/docker-" A ".scope/init.scope", RUNTIME_DOCKER, A, "", 1, false, false},
	{"system.slice/docker-" A ".scope/a/b", RUNTIME_DOCKER, A, "", 2, false, false},
	/* Podman: the limit is in crun's level below the scope */
	{"machine.slice/libpod-" A ".scope", RUNTIME_PODMAN, A, "libpod-" A ".scope", 0, false,
		false},
	{"machine.slice/libpod-" A ".scope/container", RUNTIME_PODMAN, A, "libpod-" A ".scope", 1,
		true, false},
	{"machine.slice/libpod-" A ".scope/container/x", RUNTIME_PODMAN, A, "", 2, false, false},
	{"machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope/container",
		RUNTIME_PODMAN, A, "libpod-" A ".scope", 1, true, false},
	{USER "/user.slice/libpod-" A ".scope/container", RUNTIME_PODMAN, A, "", 1, true, false},
	{"libpod_parent/libpod-" A, RUNTIME_PODMAN, A, "", 0, false, false},
	/* Kubernetes */
	{"kubepods.slice/kubepods-burstable.slice/" POD "/cri-containerd-" A ".scope",
		RUNTIME_CONTAINERD, A, "cri-containerd-" A ".scope", 0, false, false},
	{"kubepods.slice/kubepods-burstable.slice/" POD "/crio-" A ".scope/container", RUNTIME_CRIO,
		A, "crio-" A ".scope", 1, true, false},
	{"kubepods.slice/" POD "/docker-" A ".scope", RUNTIME_DOCKER, A, "docker-" A ".scope", 0,
		false, false},
	{"kubepods/burstable/pod12345678-1234-1234-1234-123456789abc/" A, RUNTIME_CONTAINERD, A, "",
		0, false, false},
	{"kubepods/burstable/pod12345678-1234-1234-1234-123456789abc/crio-" A, RUNTIME_CRIO, A, "",
		0, false, false},
	{"system.slice/nerdctl-" A ".scope", RUNTIME_CONTAINERD, A, "nerdctl-" A ".scope", 0, false,
		false},
	/* Docker in Docker: the last id wins */
	{"system.slice/docker-" A ".scope/docker/" B, RUNTIME_DOCKER, B, "", 0, false, true},
	{"system.slice/docker-" A ".scope/docker", RUNTIME_DOCKER, A, "", 1, false, false},
	{"docker/" A "/docker/" B, RUNTIME_DOCKER, B, "", 0, false, true},
	{"system.slice/docker-" A ".scope/system.slice/docker-" B ".scope", RUNTIME_DOCKER, B, "",
		0, false, true},
	{"docker/" A "/kubepods/besteffort/podx/" B, RUNTIME_CONTAINERD, B, "", 0, false, true},
	/* names that only look like containers */
	{"system.slice/docker.service", RUNTIME_NONE, "", "docker.service", 0, false, false},
	{"system.slice/docker.socket", RUNTIME_NONE, "", "docker.socket", 0, false, false},
	{"system.slice/docker-" A ".mount", RUNTIME_NONE, "", "docker-" A ".mount", 0, false,
		false},
	{"system.slice/docker-" A ".scope.d", RUNTIME_NONE, "", "", 0, false, false},
	{"system.slice/xdocker-" A ".scope", RUNTIME_NONE, "", "xdocker-" A ".scope", 0, false,
		false},
	{"machine.slice/libpod-conmon-" A ".scope", RUNTIME_NONE, "", "libpod-conmon-" A ".scope",
		0, false, false},
	{"kubepods.slice/crio-conmon-" A ".scope", RUNTIME_NONE, "", "crio-conmon-" A ".scope", 0,
		false, false},
	{"system.slice/docker-" A "0.scope", RUNTIME_NONE, "", "docker-" A "0.scope", 0, false,
		false},
	{"system.slice/docker-0123456789ab.scope", RUNTIME_NONE, "", "docker-0123456789ab.scope", 0,
		false, false},
	{"docker", RUNTIME_NONE, "", "", 0, false, false},
	{"docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", RUNTIME_NONE,
		"", "", 0, false, false},
	{"docker/buildkit", RUNTIME_NONE, "", "", 0, false, false},
	/* plain units and groups */
	{"", RUNTIME_NONE, "", "", 0, false, false},
	{"/", RUNTIME_NONE, "", "", 0, false, false},
	{"init.scope", RUNTIME_NONE, "", "init.scope", 0, false, false},
	{"system.slice", RUNTIME_NONE, "", "system.slice", 0, false, false},
	{"system.slice/system-getty.slice/getty@tty1.service", RUNTIME_NONE, "",
		"getty@tty1.service", 0, false, false},
	{"system.slice/dev-sda1.swap", RUNTIME_NONE, "", "dev-sda1.swap", 0, false, false},
	{"system.slice/.service", RUNTIME_NONE, "", "", 0, false, false},
	{USER, RUNTIME_NONE, "", "user@1000.service", 0, false, false},
	{USER "/app.slice/web.service", RUNTIME_NONE, "", "", 0, false, false},
	{"system.slice/web.service/workers", RUNTIME_NONE, "", "", 0, false, false},
	{"container", RUNTIME_NONE, "", "", 0, false, false},
	{"batch/job.service", RUNTIME_NONE, "", "", 0, false, false},
};

/* Below a service or scope anybody may be the owner; a slice is the host's. */
static void test_delegation(void **state)
{
	static const struct {
		const char *path;
		bool delegated;
	} cases[] = {
		{"system.slice/docker-" A ".scope", false},
		{"shop.slice/shop-web.slice/docker-" A ".scope", false},
		{"docker/" A, false},
		{USER "/docker-" A ".scope", true},
		{USER "/user.slice/docker-" A ".scope", true},
		{"system.slice/app.service/" A, true},
		{"system.slice/docker-" A ".scope/docker/" B, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cgroup_identity found;

		cgroup_classify(cases[i].path, &found);
		assert_int_equal(found.delegated, cases[i].delegated);
	}
}

static void test_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		const struct expected *e = &layouts[i];
		struct cgroup_identity found;

		memset(&found, 0x5a, sizeof(found));
		cgroup_classify(e->path, &found);
		if (found.runtime != e->runtime || strcmp(found.id, e->id) ||
			strcmp(found.unit, e->unit) || found.below != e->below ||
			found.inner != e->inner || found.nested != e->nested)
			fail_msg("%s: %s id %s unit %s below %d inner %d nested %d", e->path,
				cgroup_runtime_name(found.runtime), found.id, found.unit,
				found.below, found.inner, found.nested);
	}
}

static void test_is_container(void **state)
{
	static const struct {
		const char *path;
		bool yes;
	} cases[] = {
		{"system.slice/docker-" A ".scope", true},
		{"system.slice/docker-" A ".scope/docker/" B, false},
		{"machine.slice/libpod-" A ".scope/container", false},
		{"system.slice/docker.service", false},
		{"", false},
	};
	struct cgroup_identity identity;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cgroup_classify(cases[i].path, &identity);
		assert_int_equal(cgroup_is_container(&identity), cases[i].yes);
	}
}

static void test_hostile_paths(void **state)
{
	struct cgroup_identity identity;
	char path[4096];

	(void)state;
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	cgroup_classify(path, &identity);
	assert_int_equal(identity.runtime, RUNTIME_NONE);
	/* A unit name that is too long is none, and no cut one. */
	memset(path, 'u', sizeof(path));
	(void)snprintf(path + 300, sizeof(path) - 300, ".service");
	cgroup_classify(path, &identity);
	assert_string_equal(identity.unit, "");
	/* `below` does not wrap. */
	(void)snprintf(path, sizeof(path), "docker/" A);
	for (int i = 0; i < 600; i++)
		(void)strncat(path, "/x", sizeof(path) - strlen(path) - 1);
	cgroup_classify(path, &identity);
	assert_int_equal(identity.below, UINT8_MAX);
	assert_false(cgroup_is_container(&identity));
}

/* ---- the mode ---- */

static int mode_of(const char *fixture, int *cgfd)
{
	struct temp_tree tree = temp_tree_make(fixture);
	int mode = cgroup_open_root(tree.fd, cgfd);

	temp_tree_remove(&tree);
	return mode;
}

static void test_modes_of_hosts(void **state)
{
	static const struct {
		const char *fixture;
		enum cgroup_mode mode;
	} cases[] = {
		{"t3-medium-docker", CGROUP_UNIFIED},
		{"no-psi", CGROUP_UNIFIED},
		{"podman", CGROUP_UNIFIED},
		{"legacy-v1", CGROUP_LEGACY},
		{"hybrid", CGROUP_HYBRID},
		{NULL, CGROUP_ABSENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int cgfd = 99, mode = mode_of(cases[i].fixture, &cgfd);

		assert_int_equal(mode, cases[i].mode);
		assert_int_equal(cgfd >= 0, mode == CGROUP_UNIFIED);
		if (cgfd >= 0)
			assert_int_equal(close(cgfd), 0);
	}
}

static void test_memory_among_the_controllers(void **state)
{
	static const struct {
		const char *controllers;
		enum cgroup_mode mode;
	} cases[] = {
		{"cpuset cpu io memory hugetlb pids rdma misc\n", CGROUP_UNIFIED},
		{"memory\n", CGROUP_UNIFIED},
		{"cpu memory", CGROUP_UNIFIED},
		{"hugetlb\n", CGROUP_NO_MEMORY},
		{"memoryx xmemory memory_recursiveprot\n", CGROUP_NO_MEMORY},
		{"\n", CGROUP_NO_MEMORY},
		{"", CGROUP_NO_MEMORY},
	};
	struct temp_tree tree = temp_tree_make(NULL);
	int cgfd;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		temp_tree_write(&tree, "sys/fs/cgroup/cgroup.controllers", cases[i].controllers);
		assert_int_equal(cgroup_open_root(tree.fd, &cgfd), cases[i].mode);
		if (cgfd >= 0)
			close(cgfd);
	}
	temp_tree_remove(&tree);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < CGROUP_MODES; i++)
		assert_true(strlen(cgroup_mode_name((enum cgroup_mode)i)) > 0);
	assert_string_equal(cgroup_mode_name(CGROUP_MODES), "unknown");
	for (int i = 0; i < RUNTIME_COUNT; i++)
		assert_true(strlen(cgroup_runtime_name((enum cgroup_runtime)i)) > 0);
	assert_string_equal(cgroup_runtime_name(RUNTIME_DOCKER), "docker");
	assert_string_equal(cgroup_runtime_name(RUNTIME_COUNT), "unknown");
}

static void test_an_error_is_no_mode(void **state)
{
	int cgfd = 99, descriptors = open_descriptors();

	(void)state;
	assert_int_equal(cgroup_open_root(-1, &cgfd), -EBADF);
	assert_int_equal(cgfd, -1);
	assert_int_equal(open_descriptors(), descriptors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_delegation),
		cmocka_unit_test(test_is_container),
		cmocka_unit_test(test_hostile_paths),
		cmocka_unit_test(test_modes_of_hosts),
		cmocka_unit_test(test_memory_among_the_controllers),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_an_error_is_no_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
