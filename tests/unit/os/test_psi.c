/*
 * Pressure files: what kernels print, and everything that is not quite that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fail_pread.h"
#include "guardian/psi.h"
#include "temp_tree.h"

#define SOME "some avg10=1.23 avg60=45.67 avg300=100.00 total=18446744073709551615\n"
#define FULL "full avg10=0.01 avg60=0.10 avg300=0.99 total=42\n"

static int parse(const char *text, struct psi *out)
{
	return psi_parse(text, strlen(text), out);
}

static void test_reads_what_the_kernel_prints(void **state)
{
	struct psi psi;

	(void)state;
	assert_int_equal(parse(SOME FULL, &psi), 0);
	assert_int_equal(psi.some.avg10_centipct, 123);
	assert_int_equal(psi.some.avg60_centipct, 4567);
	assert_int_equal(psi.some.avg300_centipct, 10000);
	assert_true(psi.some.total_us == UINT64_MAX);
	assert_int_equal(psi.full.avg10_centipct, 1);
	assert_int_equal(psi.full.avg60_centipct, 10);
	assert_int_equal(psi.full.avg300_centipct, 99);
	assert_int_equal(psi.full.total_us, 42);
}

/* /proc/pressure/cpu had no `full` line before 5.13. */
static void test_full_may_be_missing(void **state)
{
	struct psi psi = {.full = {.total_us = 7}};

	(void)state;
	assert_int_equal(parse(SOME, &psi), 0);
	assert_int_equal(psi.some.avg10_centipct, 123);
	assert_int_equal(psi.full.total_us, 0);
}

static void test_order_and_unknown_words_do_not_matter(void **state)
{
	struct psi psi;

	(void)state;
	assert_int_equal(parse("new avg10=x\n" FULL
			       "some total=5 avg300=3.00 avg30=9.99 avg60=2.00 avg10=1.00\n",
				 &psi),
		0);
	assert_int_equal(psi.some.avg10_centipct, 100);
	assert_int_equal(psi.some.avg60_centipct, 200);
	assert_int_equal(psi.some.avg300_centipct, 300);
	assert_int_equal(psi.some.total_us, 5);
	assert_int_equal(psi.full.total_us, 42);
}

static void test_refuses_what_is_not_of_the_form(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		FULL,
		"some\n",
		"some \n",
		"some avg10=1.23 avg60=45.67 avg300=1.00\n",
		"some avg10=1.23 avg60=45.67 total=3\n",
		"some avg10=1.2 avg60=45.67 avg300=1.00 total=1\n",
		"some avg10=-1.20 avg60=45.67 avg300=1.00 total=1\n",
		"some avg10=1.23 avg60=45.67 avg300=1.00 total=-1\n",
		"some avg10=1.23 avg60=45.67 avg300=1.00 total=18446744073709551616\n",
		"some avg10=1.23 avg60=45.67 avg300=1.00 total=\n",
		"some avg10=nan avg60=45.67 avg300=1.00 total=1\n",
		SOME "full avg10=1.23\n",
		"some avg10=1.23 avg60=45.67 avg300=1.00 total=1", /* cut: 1, or 1234? */
		SOME "full avg10=0.01 avg60=0.10 avg300=0.99 total=4",
	};
	struct psi psi, before;

	(void)state;
	memset(&psi, 0x5a, sizeof(psi));
	before = psi;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(parse(bad[i], &psi), -EBADMSG);
		assert_memory_equal(&psi, &before, sizeof(psi));
	}
}

static int memory_file(const char *text, size_t len)
{
	int fd = memfd_create("psi", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	return fd;
}

static void test_pread_reads_from_the_start_each_time(void **state)
{
	int fd = memory_file(SOME FULL, strlen(SOME FULL));
	struct psi psi = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(&psi, 0, sizeof(psi));
		assert_int_equal(psi_pread(fd, &psi), 0);
		assert_int_equal(psi.full.total_us, 42);
	}
	close(fd);
}

static void test_pread_refuses_a_text_without_end(void **state)
{
	char text[4096];
	struct psi psi;
	int fd;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, SOME, strlen(SOME));
	fd = memory_file(text, sizeof(text));
	assert_int_equal(psi_pread(fd, &psi), -EFBIG);
	close(fd);
}

static int reads_as_disabled(void *fd)
{
	struct psi psi;

	return psi_pread(*(int *)fd, &psi) == PSI_DISABLED;
}

/* A kernel with PSI switched off opens the file and answers EOPNOTSUPP to the read. */
static void test_disabled_is_an_outcome(void **state)
{
	int fd = memory_file(SOME FULL, strlen(SOME FULL));

	(void)state;
	assert_true(fail_pread(fd, EOPNOTSUPP, reads_as_disabled, &fd));
	assert_false(fail_pread(fd, EIO, reads_as_disabled, &fd));
	close(fd);
}

static void test_other_errors_stay_errors(void **state)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct psi psi;

	(void)state;
	assert_int_equal(psi_pread(fd, &psi), -EISDIR);
	close(fd);
	assert_int_equal(psi_pread(-1, &psi), -EBADF);
}

static void test_the_kernels_own_file(void **state)
{
	int fd = open("/proc/pressure/memory", O_RDONLY | O_CLOEXEC);
	struct psi psi;
	int r;

	(void)state;
	if (fd < 0)
		skip();
	r = psi_pread(fd, &psi);
	assert_true(r == 0 || r == PSI_DISABLED);
	close(fd);
}

/* The kernel puts a NUL over the last byte that it is given: a trigger without one of its own would
 * lose a digit. */
static void test_a_trigger_ends_in_a_nul(void **state)
{
	struct temp_tree tree = temp_tree_make(NULL);
	char text[64];
	int fd;

	(void)state;
	temp_tree_write(&tree, "memory", "");
	fd = psi_trigger_open(tree.fd, "memory", 100000, 1000000);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), sizeof("some 100000 1000000"));
	assert_memory_equal(text, "some 100000 1000000", sizeof("some 100000 1000000"));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	temp_tree_remove(&tree);
}

static void test_no_trigger_without_the_file(void **state)
{
	struct temp_tree tree = temp_tree_make(NULL);
	int before = open_descriptors();

	(void)state;
	assert_int_equal(psi_trigger_open(tree.fd, "memory", 100000, 1000000), -ENOENT);
	assert_int_equal(symlinkat("elsewhere", tree.fd, "link"), 0);
	assert_int_equal(psi_trigger_open(tree.fd, "link", 100000, 1000000), -ELOOP);
	temp_tree_unlink(&tree, "link");
	assert_int_equal(open_descriptors(), before);
	temp_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_what_the_kernel_prints),
		cmocka_unit_test(test_full_may_be_missing),
		cmocka_unit_test(test_order_and_unknown_words_do_not_matter),
		cmocka_unit_test(test_refuses_what_is_not_of_the_form),
		cmocka_unit_test(test_pread_reads_from_the_start_each_time),
		cmocka_unit_test(test_pread_refuses_a_text_without_end),
		cmocka_unit_test(test_disabled_is_an_outcome),
		cmocka_unit_test(test_other_errors_stay_errors),
		cmocka_unit_test(test_the_kernels_own_file),
		cmocka_unit_test(test_a_trigger_ends_in_a_nul),
		cmocka_unit_test(test_no_trigger_without_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
