/*
 * docker_files: containers out of the files of a real Docker 20.10 (tests/fixtures/docker-files),
 * and of spoilt ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "guardian/docker_files.h"
#include "guardian/fs.h"

#define FIXTURE   "tests/fixtures/docker-files"
#define BACKEND   "5087d18d790d3b2700cf98b8469427934659c9de12b511f74803990dc51aab1f"
#define PLAIN     "72ecef2862fa2ecf8690a5fc0d0e4e04d1e83adc4d38803d129b21cdcdcb46e1"
#define DATA_ROOT "/var/lib/docker"
#define FOLDER    DATA_ROOT "/containers/" BACKEND
#define MIB       (1ULL << 20)

struct tree {
	char path[64];
	int rootfd, dirfd; /* dirfd: the container's folder */
};

static char *slurp(const char *path, size_t *len)
{
	char *text;

	assert_int_equal(fs_read_all(AT_FDCWD, path, 1 << 20, &text, len), 0);
	return text;
}

static void put(struct tree *t, const char *name, const char *text, size_t len)
{
	assert_int_equal(fs_replace(t->dirfd, name, text, len, 0600), 0);
}

/* A root of its own with the backend in it. */
static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));
	char *text;
	size_t len;

	strcpy(t->path, "/tmp/docker-files-XXXXXX");
	assert_non_null(mkdtemp(t->path));
	t->rootfd = fs_open_dir(AT_FDCWD, t->path);
	assert_int_equal(fs_make_dirs(t->rootfd, FOLDER, 0700), 0);
	t->dirfd = fs_open_dir(t->rootfd, FOLDER);
	assert_true(t->dirfd >= 0);
	text = slurp(FIXTURE FOLDER "/config.v2.json", &len);
	put(t, "config.v2.json", text, len);
	free(text);
	text = slurp(FIXTURE FOLDER "/hostconfig.json", &len);
	put(t, "hostconfig.json", text, len);
	free(text);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char command[128];

	close(t->dirfd);
	close(t->rootfd);
	snprintf(command, sizeof(command), "rm -rf '%s'", t->path);
	free(t);
	return system(command);
}

static int find(const struct tree *t, struct docker_container *out)
{
	return docker_files_find(t->rootfd, DATA_ROOT, BACKEND, out);
}

static void a_limited_container_is_found(void **state)
{
	struct docker_container c;

	assert_int_equal(find(*state, &c), 0);
	assert_string_equal(c.id, BACKEND);
	assert_string_equal(c.name, "backend"); /* without the slash before it */
	assert_string_equal(c.project, "demo");
	assert_string_equal(c.service, "backend");
	assert_true(c.running);
	assert_int_equal(c.pid, 911);
	assert_int_equal(c.stored.value[LIMIT_MAX], 256 * MIB);
	assert_int_equal(c.stored.value[LIMIT_LOW], 64 * MIB);
	assert_int_equal(c.stored.value[LIMIT_SWAP_MAX], 256 * MIB);
}

static void an_unlimited_container_is_found(void **state)
{
	int rootfd = fs_open_dir(AT_FDCWD, FIXTURE);
	struct docker_container c;

	(void)state;
	assert_true(rootfd >= 0);
	assert_int_equal(docker_files_find(rootfd, DATA_ROOT, PLAIN, &c), 0);
	assert_string_equal(c.name, "plain");
	assert_string_equal(c.project, "");
	assert_int_equal(c.stored.mask, 1 << LIMIT_MAX | 1 << LIMIT_LOW | 1 << LIMIT_SWAP_MAX);
	assert_int_equal(c.stored.value[LIMIT_MAX], LIMIT_UNLIMITED);
	assert_int_equal(c.stored.value[LIMIT_SWAP_MAX], LIMIT_UNLIMITED);
	assert_int_equal(c.stored.value[LIMIT_LOW], 0);
	close(rootfd);
}

static void a_name_without_limits_is_better_than_none(void **state)
{
	struct tree *t = *state;
	struct docker_container c;

	put(t, "hostconfig.json", "{\"Memory\":26843", 15);
	assert_int_equal(find(t, &c), 0);
	assert_string_equal(c.name, "backend");
	assert_int_equal(c.stored.mask, 0);
	assert_int_equal(unlinkat(t->dirfd, "hostconfig.json", 0), 0);
	assert_int_equal(find(t, &c), 0);
	assert_int_equal(c.stored.mask, 0);
}

static void a_rewrite_is_seen(void **state)
{
	struct tree *t = *state;
	struct docker_container c;

	put(t, "hostconfig.json", "{\"Memory\":314572800,\"MemorySwap\":314572800}", 43);
	assert_int_equal(find(t, &c), 0);
	assert_int_equal(c.stored.value[LIMIT_MAX], 300 * MIB);
	assert_int_equal(c.stored.value[LIMIT_SWAP_MAX], 0);
}

static void spoilt_files_are_ebadmsg(void **state)
{
	static const char *const spoilt[] = {"", "{", "null", "[]", "{}", "{\"ID\":7}",
		"{\"ID\":\"" PLAIN "\",\"Name\":\"/another\"}"};
	struct docker_container c;

	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		put(*state, "config.v2.json", spoilt[i], strlen(spoilt[i]));
		assert_int_equal(find(*state, &c), -EBADMSG);
		assert_string_equal(c.name, "");
	}
}

static void a_huge_file_is_not_read(void **state)
{
	struct tree *t = *state;
	struct docker_container c;
	int fd = openat(t->dirfd, "config.v2.json", O_WRONLY);

	assert_int_equal(ftruncate(fd, (4 << 20) + 1), 0);
	close(fd);
	assert_int_equal(find(t, &c), -EFBIG);
}

static void no_link_leads_out(void **state)
{
	struct tree *t = *state;
	struct docker_container c;

	assert_int_equal(unlinkat(t->dirfd, "config.v2.json", 0), 0);
	assert_int_equal(symlinkat("/etc/shadow", t->dirfd, "config.v2.json"), 0);
	assert_int_equal(find(t, &c), -ELOOP);
	assert_int_equal(unlinkat(t->dirfd, "config.v2.json", 0), 0);
	assert_int_equal(mkfifoat(t->dirfd, "config.v2.json", 0600), 0);
	assert_true(find(t, &c) < 0);
}

static void a_moved_data_root_is_followed(void **state)
{
	struct tree *t = *state;
	struct docker_container c;

	assert_int_equal(renameat(t->rootfd, "var/lib/docker", t->rootfd, "data"), 0);
	assert_int_equal(symlinkat("../../data", t->rootfd, "var/lib/docker"), 0);
	assert_int_equal(find(t, &c), 0);
	assert_int_equal(docker_files_find(t->rootfd, "/data", BACKEND, &c), 0);
}

static void what_is_absent_is_enoent(void **state)
{
	struct tree *t = *state;
	struct docker_container c;

	assert_int_equal(docker_files_find(t->rootfd, DATA_ROOT, PLAIN, &c), -ENOENT);
	assert_int_equal(docker_files_find(t->rootfd, "/snap/docker", BACKEND, &c), -ENOENT);
	assert_int_equal(unlinkat(t->dirfd, "config.v2.json", 0), 0);
	assert_int_equal(find(t, &c), -ENOENT);
}

static void only_ids_make_paths(void **state)
{
	static const char *const ids[] = {"", "..", "5087d18d790d", "/etc", BACKEND "0",
		"5087D18D790D3B2700CF98B8469427934659C9DE12B511F74803990DC51AAB1F",
		"../../../../etc/d790d3b2700cf98b8469427934659c9de12b511f74803990"};
	struct tree *t = *state;
	struct docker_container c;
	char deep[300];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(docker_files_find(t->rootfd, DATA_ROOT, ids[i], &c), -EINVAL);
	assert_int_equal(docker_files_find(t->rootfd, "var/lib/docker", BACKEND, &c), -EINVAL);
	memset(deep, '/', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(docker_files_find(t->rootfd, deep, BACKEND, &c), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_limited_container_is_found, setup, teardown),
		cmocka_unit_test(an_unlimited_container_is_found),
		cmocka_unit_test_setup_teardown(
			a_name_without_limits_is_better_than_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_rewrite_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(spoilt_files_are_ebadmsg, setup, teardown),
		cmocka_unit_test_setup_teardown(a_huge_file_is_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(no_link_leads_out, setup, teardown),
		cmocka_unit_test_setup_teardown(a_moved_data_root_is_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_absent_is_enoent, setup, teardown),
		cmocka_unit_test_setup_teardown(only_ids_make_paths, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
