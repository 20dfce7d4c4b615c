/*
 * The tree by notification, where there is much of it: overflow, bounds, any history, and the
 * kernel's own cgroupfs, where a removed directory keeps its watch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/cgroup.h"
#include "guardian/cgroup_tree.h"
#include "guardian/fs.h"
#include "kernel_cgroup.h"
#include "temp_tree.h"
#include "tree_scene.h"

/* ---- many ---- */

static void rounds(struct scene *s, int n)
{
	for (int i = 0; i < n; i++) {
		temp_tree_mkdir(&s->folder, "slice/service/sub");
		if (i % 3)
			(void)happened(s);
		temp_tree_rmdir(&s->folder, "slice/service/sub");
		temp_tree_rmdir(&s->folder, "slice/service");
		if (i % 2)
			(void)happened(s);
	}
	(void)happened(s);
}

/* 1,000 starts and stops leave no descriptor and no watch. */
static void test_a_thousand_rounds(void **state)
{
	struct scene s;
	int descriptors;

	(void)state;
	begin(&s, DIRS("slice"));
	descriptors = open_descriptors();
	rounds(&s, 1000);
	assert_int_equal(open_descriptors(), descriptors);
	assert_int_equal(watches(s.tree), 2);
	assert_int_equal(cgroup_tree_count(s.tree), 1);
	assert_int_equal(s.story.appeared, s.story.vanished + 1);
	assert_true(s.story.vanished >= 1000);
	end(&s);
}

static int queue_bound(void)
{
	char text[32];

	return fs_read(AT_FDCWD, "/proc/sys/fs/inotify/max_queued_events", text, sizeof(text)) > 0
		       ? (int)strtol(text, NULL, 10)
		       : 16384;
}

/* Fills the kernel's queue, so that what happens next is lost. */
static void overflow(const struct scene *s)
{
	for (int i = queue_bound() / 2; i >= 0; i--) {
		temp_tree_mkdir(&s->folder, "noise");
		temp_tree_rmdir(&s->folder, "noise");
	}
}

static void test_overflow(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("gone/below", "stays/here", "replaced"));
	assert_int_equal(cgroup_tree_watch_files(s.tree, "stays", true), 0);
	overflow(&s);
	temp_tree_rmdir(&s.folder, "gone/below");
	temp_tree_rmdir(&s.folder, "gone");
	temp_tree_mkdir(&s.folder, "new/nested");
	temp_tree_mkdir(&s.folder, "stays/too");
	assert_int_equal(renameat(s.folder.fd, "replaced", s.folder.fd, "moved"), 0);
	temp_tree_mkdir(&s.folder, "replaced");
	s.story.appeared = s.story.vanished = 0;
	while (cgroup_tree_dispatch(s.tree, &ops, &s.story) == CGROUP_TREE_MORE)
		continue;
	assert_int_equal(cgroup_tree_count(s.tree), 7);
	assert_int_equal(s.story.appeared - s.story.vanished, 2);
	assert_int_equal(watches(s.tree), 8);
	/* What was asked for before the overflow holds after it. */
	temp_tree_write(&s.folder, "stays/memory.max", "1");
	assert_string_equal(happened(&s), "~stays:memory.max");
	end(&s);
}

static void test_rescan_tells_the_differences_only(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, DIRS("a/b"));
	temp_tree_mkdir(&s.folder, "a/b/c");
	s.story.text[0] = '\0';
	assert_int_equal(cgroup_tree_rescan(s.tree, &ops, &s.story), 0);
	assert_string_equal(s.story.text, "+a/b/c");
	assert_string_equal(happened(&s), "");
	end(&s);
}

/* ---- bounds ---- */

static void make_flat(const struct scene *s, int from, int to)
{
	char path[32];

	for (int i = from; i < to; i++) {
		(void)snprintf(path, sizeof(path), "d%d", i);
		temp_tree_mkdir(&s->folder, path);
	}
}

static void test_more_than_can_be_watched(void **state)
{
	struct scene s = {.folder = temp_tree_make(NULL)};
	char path[32];

	(void)state;
	make_flat(&s, 0, CGROUP_TREE_MAX + 10);
	assert_int_equal(open_tree(&s), CGROUP_TREE_TRUNCATED);
	assert_int_equal(cgroup_tree_count(s.tree), CGROUP_TREE_MAX - 1);
	assert_int_equal(watches(s.tree), CGROUP_TREE_MAX);
	make_flat(&s, 5000, 5001);
	assert_int_equal(cgroup_tree_dispatch(s.tree, &ops, &s.story), CGROUP_TREE_TRUNCATED);
	/* Once there is room, what was left out is found. */
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof(path), "d%d", i);
		temp_tree_rmdir(&s.folder, path);
	}
	assert_int_equal(cgroup_tree_dispatch(s.tree, &ops, &s.story), 0);
	assert_int_equal(cgroup_tree_count(s.tree), CGROUP_TREE_MAX + 10 + 1 - 1000);
	end(&s);
}

/* Whoever owns a service can fill it: that takes no place from the containers of the host. */
static void test_a_user_fills_only_a_share(void **state)
{
	static const char user[] = "user.slice/user-1000.slice/user@1000.service";
	static const char scope[] =
		"system.slice/docker-"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		".scope";
	struct scene s = {.folder = temp_tree_make(NULL)};
	char path[128];

	(void)state;
	for (int i = 0; i < CGROUP_TREE_WITHIN_MAX + 1000; i++) {
		(void)snprintf(path, sizeof(path), "%s/d%d", user, i);
		temp_tree_mkdir(&s.folder, path);
	}
	assert_int_equal(open_tree(&s), CGROUP_TREE_TRUNCATED);
	assert_true(cgroup_tree_is_truncated(s.tree));
	assert_int_equal(cgroup_tree_count(s.tree), 3 + CGROUP_TREE_WITHIN_MAX);
	s.story.text[0] = '\0';
	temp_tree_mkdir(&s.folder, scope);
	assert_int_equal(cgroup_tree_dispatch(s.tree, &ops, &s.story), CGROUP_TREE_TRUNCATED);
	assert_non_null(strstr(s.story.text, scope));
	/* Below the container nothing is seen, until an eighth of the share is free again. */
	(void)snprintf(path, sizeof(path), "%s/init", scope);
	temp_tree_mkdir(&s.folder, path);
	assert_int_equal(cgroup_tree_dispatch(s.tree, &ops, &s.story), CGROUP_TREE_TRUNCATED);
	assert_int_equal(cgroup_tree_count(s.tree), 5 + CGROUP_TREE_WITHIN_MAX);
	for (int i = 0; i < CGROUP_TREE_WITHIN_MAX + 1000; i++) {
		(void)snprintf(path, sizeof(path), "%s/d%d", user, i);
		if (i % 2)
			temp_tree_rmdir(&s.folder, path);
	}
	assert_int_equal(cgroup_tree_dispatch(s.tree, &ops, &s.story), 0);
	assert_false(cgroup_tree_is_truncated(s.tree));
	assert_int_equal(cgroup_tree_count(s.tree), 5 + 1 + CGROUP_TREE_WITHIN_MAX / 2 + 500);
	end(&s);
}

/* Docker's cgroupfs driver has no scopes. */
static void test_a_container_fills_only_a_share(void **state)
{
	static const char container[] =
		"docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct scene s = {.folder = temp_tree_make(NULL)};
	char path[160];

	(void)state;
	for (int i = 0; i < CGROUP_TREE_WITHIN_MAX + 10; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s%d", container, i % 2 ? "a/" : "", i);
		temp_tree_mkdir(&s.folder, path);
	}
	assert_int_equal(open_tree(&s), CGROUP_TREE_TRUNCATED);
	assert_int_equal(cgroup_tree_count(s.tree), 2 + CGROUP_TREE_WITHIN_MAX);
	end(&s);
}

static void test_too_deep(void **state)
{
	struct scene s = {.folder = temp_tree_make(NULL)};
	char path[CGROUP_PATH_SIZE] = "l";

	(void)state;
	for (int i = 1; i < CGROUP_TREE_DEPTH_MAX + 5; i++)
		strcat(path, "/l");
	temp_tree_mkdir(&s.folder, path);
	assert_int_equal(open_tree(&s), CGROUP_TREE_TRUNCATED);
	assert_int_equal(cgroup_tree_count(s.tree), CGROUP_TREE_DEPTH_MAX);
	end(&s);
}

static void test_too_long(void **state)
{
	struct scene s = {.folder = temp_tree_make(NULL)};
	char path[1024] = "", name[201];

	(void)state;
	memset(name, 'n', 200);
	name[200] = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s/%s", name, name, name);
	temp_tree_mkdir(&s.folder, path);
	assert_int_equal(open_tree(&s), CGROUP_TREE_TRUNCATED);
	assert_int_equal(cgroup_tree_count(s.tree), 2);
	end(&s);
}

static void test_no_descriptor_for_a_listing(void **state)
{
	struct rlimit all, few;
	struct scene s;

	(void)state;
	begin(&s, NULL);
	temp_tree_mkdir(&s.folder, "a/b");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){(rlim_t)cgroup_tree_fd(s.tree) + 1, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(cgroup_tree_dispatch(s.tree, &ops, &s.story), CGROUP_TREE_TRUNCATED);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_string_equal(happened(&s), "+a/b");
	end(&s);
}

static void test_open_fails(void **state)
{
	struct rlimit all, few;
	struct scene s = {.folder = temp_tree_make(NULL)};
	int descriptors = open_descriptors();

	(void)state;
	assert_int_equal(cgroup_tree_open(&s.tree, -1, &ops, &s.story), -ENOENT);
	assert_null(s.tree);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){(rlim_t)s.folder.fd + 1, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(open_tree(&s), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_null(s.tree);
	assert_int_equal(open_descriptors(), descriptors);
	temp_tree_remove(&s.folder);
}

/* ---- against a model ---- */

enum { WORDS = 4, MODEL_ROUNDS = 6000 };

struct model {
	char path[512][256];
	int n;
};

static int model_find(const struct model *m, const char *path)
{
	for (int i = 0; i < m->n; i++)
		if (strcmp(m->path[i], path) == 0)
			return i;
	return -1;
}

/* A directory may appear only when it is not known and its parent is. */
static void model_appeared(void *userdata, const char *path)
{
	struct model *m = userdata;
	char parent[256];
	char *slash;

	assert_int_equal(model_find(m, path), -1);
	assert_true(m->n < 512);
	(void)snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = '\0';
		assert_true(model_find(m, parent) >= 0);
	}
	(void)snprintf(m->path[m->n++], sizeof(m->path[0]), "%s", path);
}

/* ... and may vanish only when it is known and nothing is below it. */
static void model_vanished(void *userdata, const char *path)
{
	struct model *m = userdata;
	int at = model_find(m, path);
	size_t len = strlen(path);

	assert_true(at >= 0);
	for (int i = 0; i < m->n; i++)
		assert_false(strncmp(m->path[i], path, len) == 0 && m->path[i][len] == '/');
	memmove(m->path[at], m->path[--m->n], sizeof(m->path[0]));
}

static void model_modified(void *userdata, const char *path, const char *file)
{
	(void)userdata;
	(void)path;
	(void)file;
	fail();
}

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 10) % n;
}

static void any_path(uint32_t *seed, char *out, size_t size)
{
	size_t len = 0;

	for (uint32_t depth = 1 + dice(seed, 3); depth > 0; depth--)
		len += (size_t)snprintf(out + len, size - len, "%s%c", len ? "/" : "",
			'a' + (int)dice(seed, WORDS));
}

static void one_change(const struct temp_tree *folder, uint32_t *seed)
{
	char path[32], other[32];

	any_path(seed, path, sizeof(path));
	any_path(seed, other, sizeof(other));
	switch (dice(seed, 5)) {
	case 0:
	case 1:
	case 2:
		(void)mkdirat(folder->fd, path, 0755);
		break;
	case 3:
		(void)unlinkat(folder->fd, path, AT_REMOVEDIR);
		break;
	default: /* never downwards: the tree would grow without end */
		if (strlen(other) <= strlen(path))
			(void)renameat(folder->fd, path, folder->fd, other);
	}
}

static void is_there(void *userdata, const char *path)
{
	const struct scene *s = userdata;
	struct stat st;

	assert_int_equal(fstatat(s->folder.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
}

static int directories_below(int dirfd, const char *path)
{
	int n = 0;

	for (int i = 0; i < WORDS; i++) {
		char child[256];
		struct stat st;

		(void)snprintf(child, sizeof(child), "%s%s%c", path, *path ? "/" : "", 'a' + i);
		if (fstatat(dirfd, child, &st, AT_SYMLINK_NOFOLLOW) == 0)
			n += 1 + directories_below(dirfd, child);
	}
	return n;
}

/* Whatever is done, in whatever order it is noticed: in the end the tree is what is there, and no
 * watch is left. */
static void test_any_history_ends_in_the_truth(void **state)
{
	static const struct cgroup_tree_ops model_ops = {
		model_appeared, model_vanished, model_modified};
	static struct model model;
	struct scene s = {.folder = temp_tree_make(NULL)};
	uint32_t seed = 42;

	(void)state;
	assert_int_equal(cgroup_tree_open(&s.tree, s.folder.fd, &model_ops, &model), 0);
	for (int i = 0; i < MODEL_ROUNDS; i++) {
		for (uint32_t changes = dice(&seed, 12); changes > 0; changes--)
			one_change(&s.folder, &seed);
		assert_int_equal(i % 50 == 49 ? cgroup_tree_rescan(s.tree, &model_ops, &model)
					      : cgroup_tree_dispatch(s.tree, &model_ops, &model),
			0);
		if (dice(&seed, 8))
			continue;
		while (poll(&(struct pollfd){.fd = cgroup_tree_fd(s.tree), .events = POLLIN}, 1, 0))
			assert_int_equal(cgroup_tree_dispatch(s.tree, &model_ops, &model), 0);
		assert_int_equal(cgroup_tree_count(s.tree), model.n);
		assert_int_equal(model.n, directories_below(s.folder.fd, ""));
		assert_int_equal(watches(s.tree), model.n + 1);
		cgroup_tree_each(s.tree, is_there, &s);
	}
	end(&s);
}

/* ---- the kernel's own ---- */

static void test_kernel_rounds(void **state)
{
	struct scene s = {.folder = kernel_cgroup_make()};
	int descriptors;

	(void)state;
	temp_tree_mkdir(&s.folder, "slice");
	assert_int_equal(open_tree(&s), 0);
	descriptors = open_descriptors();
	rounds(&s, 1000);
	assert_int_equal(open_descriptors(), descriptors);
	assert_int_equal(watches(s.tree),
		2); /* the kernel keeps those of removed cgroups: they are taken away */
	assert_int_equal(cgroup_tree_count(s.tree), 1);
	temp_tree_rmdir(&s.folder, "slice");
	assert_string_equal(happened(&s), "-slice");
	assert_null(cgroup_tree_close(s.tree));
	kernel_cgroup_remove(&s.folder);
}

/* kernfs_notify() raises IN_MODIFY for the folder, with the file's name, as long as somebody holds
 * the file open. */
static void test_kernel_notifies_of_its_counters(void **state)
{
	struct scene s = {.folder = kernel_cgroup_make()};
	int pid, held, tries = 100;

	(void)state;
	temp_tree_mkdir(&s.folder, "g");
	assert_int_equal(open_tree(&s), 0);
	assert_int_equal(cgroup_tree_watch_files(s.tree, "g", true), 0);
	held = fs_open_read(s.folder.fd, "g/cgroup.events");
	assert_true(held >= 0);
	pid = kernel_cgroup_enter(&s.folder, "g");
	while (!strstr(happened(&s), "~g:cgroup.events") && --tries)
		usleep(10000);
	assert_true(tries > 0);
	kernel_cgroup_leave(pid);
	close(held);
	temp_tree_rmdir(&s.folder, "g");
	assert_null(cgroup_tree_close(s.tree));
	kernel_cgroup_remove(&s.folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_thousand_rounds),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_rescan_tells_the_differences_only),
		cmocka_unit_test(test_more_than_can_be_watched),
		cmocka_unit_test(test_a_user_fills_only_a_share),
		cmocka_unit_test(test_a_container_fills_only_a_share),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_no_descriptor_for_a_listing),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_any_history_ends_in_the_truth),
		cmocka_unit_test(test_kernel_rounds),
		cmocka_unit_test(test_kernel_notifies_of_its_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
