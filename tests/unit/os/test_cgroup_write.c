/*
 * cgroup_write: when libcgroup is used, with what, and when its word is not taken. libcgroup, and
 * the kernel's word that a folder is the host's cgroup tree, are played by this program; the writes
 * of the fake go to a log.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cmocka.h>
#include <libcgroup.h>
#include <linux/magic.h>

#include "guardian/cgroup_set.h"
#include "guardian/fs.h"
#include "temp_tree.h"

#define MIB   (1ULL << 20)
#define GROUP "app.slice"

/* ---- the fakes ---- */

static struct {
	int init_status, modify_status, last_errno;
	bool is_cgroup2, is_hosts;
	struct stat tree;
	/* the struct cgroup of the moment */
	char group[128], file[64], value[64];
	int values, groups_alive;
	/* what was modified: "file=value;" each */
	char log[512];
	int inits;
} fake;

int cgroup_init(void)
{
	fake.inits++;
	return fake.init_status;
}

int cgroup_get_last_errno(void)
{
	return fake.last_errno;
}

struct cgroup *cgroup_new_cgroup(const char *name)
{
	snprintf(fake.group, sizeof(fake.group), "%s", name);
	fake.values = 0;
	fake.groups_alive++;
	return (struct cgroup *)&fake;
}

struct cgroup_controller *cgroup_add_controller(struct cgroup *cgroup, const char *name)
{
	assert_ptr_equal(cgroup, &fake);
	assert_string_equal(name, "memory");
	return (struct cgroup_controller *)&fake;
}

int cgroup_add_value_string(
	struct cgroup_controller *controller, const char *name, const char *value)
{
	assert_ptr_equal(controller, &fake);
	fake.values++;
	snprintf(fake.file, sizeof(fake.file), "%s", name);
	snprintf(fake.value, sizeof(fake.value), "%s", value);
	return 0;
}

int cgroup_modify_cgroup(struct cgroup *cgroup)
{
	size_t len = strlen(fake.log);

	assert_ptr_equal(cgroup, &fake);
	/* libcgroup 2.0.2 writes every value it holds, so it may hold one. */
	assert_int_equal(fake.values, 1);
	/* An empty line is 0, and 0 kills. */
	assert_true(fake.value[0] != '\0' && !strchr(fake.value, '\n'));
	snprintf(fake.log + len, sizeof(fake.log) - len, "%s=%s;", fake.file, fake.value);
	return fake.modify_status;
}

void cgroup_free(struct cgroup **cgroup)
{
	fake.groups_alive--;
	*cgroup = NULL;
}

const char *cgroup_strerror(int code)
{
	(void)code;
	fail_msg("cgroup_strerror() has no true word for a success");
	return NULL;
}

int fstatfs(int fd, struct statfs *out)
{
	(void)fd;
	memset(out, 0, sizeof(*out));
	out->f_type = fake.is_cgroup2 ? CGROUP2_SUPER_MAGIC : TMPFS_MAGIC;
	return 0;
}

int stat(const char *path, struct stat *out)
{
	assert_string_equal(path, "/sys/fs/cgroup");
	*out = fake.tree;
	if (!fake.is_hosts)
		out->st_ino++;
	return 0;
}

/* ---- the tests ---- */

struct fixture {
	struct temp_tree tree;
	struct cgroup_target target;
	struct cgroup_how how;
	struct cgroup_outcome out;
};

static struct fixture make(void)
{
	struct fixture f = {.tree = temp_tree_make(NULL)};
	struct stat st;

	temp_tree_write(&f.tree, GROUP "/memory.max", "max\n");
	temp_tree_write(&f.tree, GROUP "/memory.low", "0\n");
	temp_tree_write(&f.tree, GROUP "/memory.swap.max", "104857600\n");
	temp_tree_write(&f.tree, GROUP "/memory.oom.group", "0\n");
	temp_tree_write(&f.tree, GROUP "/memory.current", "0\n");
	temp_tree_write(&f.tree, GROUP "/memory.stat", "anon 0\nshmem 0\nslab_reclaimable 0\n");
	assert_int_equal(fstatat(f.tree.fd, GROUP, &st, 0), 0);
	f.target = (struct cgroup_target){f.tree.fd, "/" GROUP, st.st_ino};
	f.how = (struct cgroup_how){.deadline_us = 1000000, .page_bytes = 4096};
	memset(&fake, 0, sizeof(fake));
	fake.is_cgroup2 = fake.is_hosts = true;
	assert_int_equal(fstat(f.tree.fd, &fake.tree), 0);
	return f;
}

static int set_one(struct fixture *f, enum limit_kind kind, uint64_t value)
{
	struct limit_set set = {0};

	limit_put(&set, kind, value);
	return cgroup_set_limits(&f->target, &set, &f->how, &f->out);
}

static bool file_says(const struct fixture *f, const char *path, const char *expected)
{
	char text[64];

	assert_true(fs_read(f->tree.fd, path, text, sizeof(text)) >= 0);
	return strncmp(text, expected, strlen(expected)) == 0;
}

/* The first test: its tables are not there yet. They cost memory, and a host may never need them.
 */
static void tables_are_loaded_when_first_needed(void **state)
{
	struct fixture f = make();

	(void)state;
	assert_int_equal(set_one(&f, LIMIT_MAX, LIMIT_UNLIMITED), 0); /* there already */
	fake.is_hosts = false;
	assert_int_equal(set_one(&f, LIMIT_LOW, MIB), 0); /* not libcgroup's tree */
	assert_int_equal(fake.inits, 0);
	fake.is_hosts = true;
	assert_int_equal(set_one(&f, LIMIT_OOM_GROUP, 1), 0);
	assert_int_equal(set_one(&f, LIMIT_OOM_GROUP, 1), 0);
	assert_string_equal(fake.log, "memory.oom.group=1;memory.oom.group=1;");
	assert_int_equal(fake.inits, 1);
	temp_tree_remove(&f.tree);
}

static void libcgroup_writes_to_the_hosts_tree(void **state)
{
	struct fixture f = make();

	(void)state;
	assert_int_equal(cgroup_set_init(), 0);
	assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), 0);
	assert_string_equal(fake.group, GROUP);
	assert_string_equal(fake.log, "memory.max=104857600;");
	assert_int_equal(f.out.backend, CGROUP_BACKEND_LIBCGROUP);
	assert_true(file_says(&f, GROUP "/memory.max", "max"));
	assert_int_equal(fake.groups_alive, 0);
	assert_int_equal(fake.inits, 1);
	temp_tree_remove(&f.tree);
}

static void each_value_has_a_struct_of_its_own(void **state)
{
	struct fixture f = make();
	struct limit_set set = {0};

	(void)state;
	limit_put(&set, LIMIT_MAX, LIMIT_UNLIMITED); /* there already */
	limit_put(&set, LIMIT_LOW, 0);               /* there already */
	limit_put(&set, LIMIT_SWAP_MAX, LIMIT_UNLIMITED);
	limit_put(&set, LIMIT_OOM_GROUP, 1);
	assert_int_equal(cgroup_set_init(), 0);
	assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), 0);
	assert_string_equal(fake.log, "memory.swap.max=max;memory.oom.group=1;");
	assert_int_equal(fake.groups_alive, 0);
	temp_tree_remove(&f.tree);
}

static void swap_is_raised_before_and_lowered_after_the_limit(void **state)
{
	struct fixture f = make();
	struct limit_set set = {0};

	(void)state;
	assert_int_equal(cgroup_set_init(), 0);
	limit_put(&set, LIMIT_MAX, 50 * MIB);
	limit_put(&set, LIMIT_LOW, 20 * MIB);
	limit_put(&set, LIMIT_SWAP_MAX, 200 * MIB);
	assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), 0);
	assert_string_equal(
		fake.log, "memory.swap.max=209715200;memory.max=52428800;memory.low=20971520;");
	fake.log[0] = '\0';
	limit_put(&set, LIMIT_SWAP_MAX, 0);
	assert_int_equal(cgroup_set_limits(&f.target, &set, &f.how, &f.out), 0);
	assert_string_equal(fake.log, "memory.max=52428800;memory.swap.max=0;memory.low=20971520;");
	temp_tree_remove(&f.tree);
}

/* There the memory controller is libcgroup's v1 mount, and 50015 its answer. */
static void another_tree_is_written_by_us(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct fixture f = make();

		fake.is_cgroup2 = i == 0;
		fake.is_hosts = i == 1;
		assert_int_equal(cgroup_set_init(), 0);
		assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), 0);
		assert_string_equal(fake.log, "");
		assert_int_equal(f.out.backend, CGROUP_BACKEND_FILES);
		assert_true(file_says(&f, GROUP "/memory.max", "104857600"));
		temp_tree_remove(&f.tree);
	}
}

/* One over-mounted line, and cgroup_init() says 50016, errno "Success". */
static void without_libcgroup_we_write(void **state)
{
	static const struct {
		int status, last_errno, r;
	} table[] = {{ECGOTHER, 0, -EIO}, {ECGOTHER, ENOENT, -ENOENT},
		{ECGROUPNOTMOUNTED, 0, -EOPNOTSUPP}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fixture f = make();

		fake.init_status = table[i].status;
		fake.last_errno = table[i].last_errno;
		assert_int_equal(cgroup_set_init(), table[i].r);
		assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), 0);
		assert_string_equal(fake.log, "");
		assert_int_equal(f.out.backend, CGROUP_BACKEND_FILES);
		assert_true(file_says(&f, GROUP "/memory.max", "104857600"));
		temp_tree_remove(&f.tree);
	}
}

static void only_a_clear_word_is_taken(void **state)
{
	static const struct {
		int status, last_errno, r;
		uint8_t backend;
	} table[] = {
		/* the kernel refused */
		{ECGOTHER, EINVAL, -EINVAL, CGROUP_BACKEND_LIBCGROUP},
		{ECGOTHER, EBUSY, -EBUSY, CGROUP_BACKEND_LIBCGROUP},
		/* who knows: our write decides, and succeeds here */
		{ECGOTHER, 0, 0, CGROUP_BACKEND_FILES},
		{ECGROUPVALUENOTEXIST, 0, 0, CGROUP_BACKEND_FILES},
		{ECGROUPNOTEXIST, 0, 0, CGROUP_BACKEND_FILES},
		{ECGROUPSUBSYSNOTMOUNTED, 0, 0, CGROUP_BACKEND_FILES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fixture f = make();

		assert_int_equal(cgroup_set_init(), 0);
		fake.modify_status = table[i].status;
		fake.last_errno = table[i].last_errno;
		assert_int_equal(set_one(&f, LIMIT_MAX, 100 * MIB), table[i].r);
		assert_int_equal(f.out.backend, table[i].backend);
		assert_int_equal(f.out.failed, table[i].r < 0);
		assert_int_equal(file_says(&f, GROUP "/memory.max", "104857600"), table[i].r == 0);
		assert_int_equal(fake.groups_alive, 0);
		temp_tree_remove(&f.tree);
	}
}

/* The errno that libcgroup does not give: no such file. */
static void our_write_gives_the_errno(void **state)
{
	struct fixture f = make();

	(void)state;
	assert_int_equal(cgroup_set_init(), 0);
	fake.modify_status = ECGROUPVALUENOTEXIST;
	temp_tree_unlink(&f.tree, GROUP "/memory.low");
	assert_int_equal(set_one(&f, LIMIT_LOW, MIB), -ENOENT);
	assert_int_equal(f.out.failed, 1 << LIMIT_LOW);
	temp_tree_remove(&f.tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_loaded_when_first_needed),
		cmocka_unit_test(libcgroup_writes_to_the_hosts_tree),
		cmocka_unit_test(each_value_has_a_struct_of_its_own),
		cmocka_unit_test(swap_is_raised_before_and_lowered_after_the_limit),
		cmocka_unit_test(another_tree_is_written_by_us),
		cmocka_unit_test(without_libcgroup_we_write),
		cmocka_unit_test(only_a_clear_word_is_taken),
		cmocka_unit_test(our_write_gives_the_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
