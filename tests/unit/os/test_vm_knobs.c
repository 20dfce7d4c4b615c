/*
 * swappiness and zswap below a tree of files; what a file takes and a kernel would not is told by
 * reading back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail_pread.h"
#include "guardian/fs.h"
#include "guardian/vm_knobs.h"
#include "temp_tree.h"

#define SWAPPINESS_FILE "proc/sys/vm/swappiness"
#define ZSWAP_FILE      "sys/module/zswap/parameters/enabled"

/* A kernel that takes a value and goes on as before. */
static bool deaf;

ssize_t write(int fd, const void *buf, size_t count)
{
	return deaf ? (ssize_t)count : syscall(SYS_write, fd, buf, count);
}

static struct temp_tree make_host(const char *swappiness, const char *zswap)
{
	struct temp_tree tree = temp_tree_make(NULL);

	if (swappiness)
		temp_tree_write(&tree, SWAPPINESS_FILE, swappiness);
	if (zswap)
		temp_tree_write(&tree, ZSWAP_FILE, zswap);
	return tree;
}

static void test_a_sample(void **state)
{
	struct temp_tree tree = make_host("60\n", "Y\n");
	struct swap_sample sample = {.valid = SWAP_AREAS};
	int before = open_descriptors();
	struct vm_knobs k;

	(void)state;
	vm_knobs_open(&k, tree.fd);
	vm_knobs_sample(&k, &sample);
	assert_int_equal(sample.valid, SWAP_AREAS | SWAP_SWAPPINESS | SWAP_ZSWAP);
	assert_int_equal(sample.swappiness, 60);
	assert_int_equal(sample.zswap, SWITCH_ON);
	temp_tree_write(&tree, SWAPPINESS_FILE, "200\n");
	temp_tree_write(&tree, ZSWAP_FILE, "N\n");
	vm_knobs_sample(&k, &sample);
	assert_int_equal(sample.swappiness, 200);
	assert_int_equal(sample.zswap, SWITCH_OFF);
	vm_knobs_close(&k);
	assert_int_equal(open_descriptors(), before);
	temp_tree_remove(&tree);
}

/* Absent is not zero; and zswap may be loaded later. */
static void test_a_kernel_without_zswap(void **state)
{
	struct temp_tree tree = make_host("10\n", NULL);
	struct swap_sample sample = {.valid = SWAP_ZSWAP, .zswap = SWITCH_ON};
	struct vm_knobs k;
	uint32_t value = 7;

	(void)state;
	vm_knobs_open(&k, tree.fd);
	vm_knobs_sample(&k, &sample);
	assert_int_equal(sample.valid, SWAP_SWAPPINESS);
	assert_int_equal(sample.zswap, SWITCH_ON);
	assert_int_equal(vm_knob_read(tree.fd, VM_ZSWAP, &value), -ENOENT);
	assert_int_equal(vm_knob_write(tree.fd, VM_ZSWAP, SWITCH_ON), -ENOENT);
	assert_int_equal(value, 7);
	temp_tree_write(&tree, ZSWAP_FILE, "N\n");
	vm_knobs_sample(&k, &sample);
	assert_int_equal(sample.valid, SWAP_SWAPPINESS | SWAP_ZSWAP);
	vm_knobs_close(&k);
	temp_tree_remove(&tree);
}

static void test_what_is_not_of_the_form(void **state)
{
	static const char *const swappiness[] = {"", "\n", "x\n", "201\n", "-1\n", "60 \n",
		"60\n60\n", "000000000000000000000000000000060\n"};
	static const char *const zswap[] = {"", "\n", "1\n", "y\n", "YN\n", "Y\nN\n"};
	struct temp_tree tree = make_host("60\n", "Y\n");
	struct swap_sample sample = {0};
	struct vm_knobs k;

	(void)state;
	vm_knobs_open(&k, tree.fd);
	for (size_t i = 0; i < sizeof(swappiness) / sizeof(swappiness[0]); i++) {
		temp_tree_write(&tree, SWAPPINESS_FILE, swappiness[i]);
		vm_knobs_sample(&k, &sample);
		assert_int_equal(sample.valid, SWAP_ZSWAP);
	}
	temp_tree_write(&tree, SWAPPINESS_FILE, "60\n");
	for (size_t i = 0; i < sizeof(zswap) / sizeof(zswap[0]); i++) {
		temp_tree_write(&tree, ZSWAP_FILE, zswap[i]);
		vm_knobs_sample(&k, &sample);
		assert_int_equal(sample.valid, SWAP_SWAPPINESS);
	}
	vm_knobs_close(&k);
	temp_tree_remove(&tree);
}

static int sample_fails(void *arg)
{
	struct swap_sample sample = {.valid = SWAP_SWAPPINESS | SWAP_ZSWAP, .swappiness = 1};

	vm_knobs_sample(arg, &sample);
	return sample.valid == 0 && sample.swappiness == 1;
}

static void test_reads_that_fail(void **state)
{
	struct temp_tree tree = make_host("60\n", "Y\n");
	struct vm_knobs k;

	(void)state;
	vm_knobs_open(&k, tree.fd);
	assert_true(fail_pread(-1, EIO, sample_fails, &k));
	vm_knobs_close(&k);
	temp_tree_remove(&tree);
}

/* ---- writing ---- */

static void expect_text(const struct temp_tree *tree, const char *path, const char *expected)
{
	char text[64];

	assert_true(fs_read(tree->fd, path, text, sizeof(text)) >= 0);
	assert_string_equal(text, expected);
}

static void test_writes(void **state)
{
	struct temp_tree tree = make_host("60\n", "N\n");

	(void)state;
	assert_int_equal(vm_knob_write(tree.fd, VM_SWAPPINESS, 10), 0);
	expect_text(&tree, SWAPPINESS_FILE, "10\n");
	assert_int_equal(vm_knob_write(tree.fd, VM_ZSWAP, SWITCH_ON), 0);
	expect_text(&tree, ZSWAP_FILE, "Y\n");
	assert_int_equal(vm_knob_write(tree.fd, VM_ZSWAP, SWITCH_OFF), 0);
	expect_text(&tree, ZSWAP_FILE, "N\n");
	temp_tree_remove(&tree);
}

static void test_values_that_no_knob_has(void **state)
{
	struct temp_tree tree = make_host("60\n", "N\n");

	(void)state;
	assert_int_equal(vm_knob_write(tree.fd, VM_SWAPPINESS, 201), -ERANGE);
	assert_int_equal(vm_knob_write(tree.fd, VM_SWAPPINESS, SWAPPINESS_KEEP), -ERANGE);
	assert_int_equal(vm_knob_write(tree.fd, VM_ZSWAP, SWITCH_KEEP), -ERANGE);
	expect_text(&tree, SWAPPINESS_FILE, "60\n");
	expect_text(&tree, ZSWAP_FILE, "N\n");
	temp_tree_remove(&tree);
}

static void test_a_value_that_reads_back_as_another(void **state)
{
	struct temp_tree tree = make_host("60\n", "N\n");

	(void)state;
	deaf = true;
	assert_int_equal(vm_knob_write(tree.fd, VM_SWAPPINESS, 10), -EIO);
	assert_int_equal(vm_knob_write(tree.fd, VM_SWAPPINESS, 60), 0);
	assert_int_equal(vm_knob_write(tree.fd, VM_ZSWAP, SWITCH_ON), -EIO);
	deaf = false;
	temp_tree_remove(&tree);
}

static void test_a_knob_that_is_a_symlink(void **state)
{
	struct temp_tree tree = make_host(NULL, NULL);

	(void)state;
	temp_tree_write(&tree, "proc/sys/vm/other", "60\n");
	assert_int_equal(symlinkat("other", tree.fd, SWAPPINESS_FILE), 0);
	assert_int_equal(vm_knob_write(tree.fd, VM_SWAPPINESS, 10), -ELOOP);
	expect_text(&tree, "proc/sys/vm/other", "60\n");
	temp_tree_remove(&tree);
}

/* A pipe takes every value, and says none. */
static void test_a_value_that_cannot_be_read_back(void **state)
{
	struct temp_tree tree = make_host(NULL, NULL);
	_cleanup_fd_ int reader = -1;

	(void)state;
	temp_tree_mkdir(&tree, "proc/sys/vm");
	assert_int_equal(mkfifoat(tree.fd, SWAPPINESS_FILE, 0644), 0);
	reader = openat(tree.fd, SWAPPINESS_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(vm_knob_write(tree.fd, VM_SWAPPINESS, 10), -EINVAL);
	temp_tree_remove(&tree);
}

/* This host's own, which are only read. */
static void test_the_real_files(void **state)
{
	_cleanup_fd_ int rootfd = fs_open_dir(AT_FDCWD, "/");
	uint32_t value = UINT32_MAX;
	int r = vm_knob_read(rootfd, VM_SWAPPINESS, &value);

	(void)state;
	if (r < 0)
		skip();
	assert_in_range(value, 0, 200);
	r = vm_knob_read(rootfd, VM_ZSWAP, &value);
	assert_true(r == 0 || r == -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sample),
		cmocka_unit_test(test_a_kernel_without_zswap),
		cmocka_unit_test(test_what_is_not_of_the_form),
		cmocka_unit_test(test_reads_that_fail),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_values_that_no_knob_has),
		cmocka_unit_test(test_a_value_that_reads_back_as_another),
		cmocka_unit_test(test_a_knob_that_is_a_symlink),
		cmocka_unit_test(test_a_value_that_cannot_be_read_back),
		cmocka_unit_test(test_the_real_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
