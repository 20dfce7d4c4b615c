/*
 * The comparison of texts that lets a quiet tick parse nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgroup_file.h"
#include "fail_pread.h"
#include "temp_tree.h"

static void rewrite(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, text, len, 0), len);
}

/* Longer texts are always said to be another. */
static bool fits(const char *text)
{
	return strlen(text) <= 2 * sizeof(uint64_t);
}

/* From every text to every other: growing, shrinking, of one length, with the same beginning or
 * end. */
static void test_values_from_any_to_any(void **state)
{
	static const char *const texts[] = {"0\n", "1\n", "max\n", "4096\n", "12345678\n",
		"12345679\n", "123456781\n", "1234567812345678\n", "1234567912345678\n",
		"12345678123456781\n", "18446744073709551615\n", "18446744073709551614\n", "", "\n",
		"x\n", "this is no number, and it is too long\n"};
	enum { TEXTS_N = sizeof(texts) / sizeof(*texts) };
	struct cgroup_value v = {
		.fd = memfd_create("value", MFD_CLOEXEC), .len = CGROUP_NEVER_READ};

	(void)state;
	assert_true(v.fd >= 0);
	for (int from = 0; from < TEXTS_N; from++) {
		for (int to = 0; to < TEXTS_N; to++) {
			rewrite(v.fd, texts[from]);
			(void)cgroup_value_same(&v);
			assert_int_equal(cgroup_value_same(&v), fits(texts[from]));
			rewrite(v.fd, texts[to]);
			assert_int_equal(cgroup_value_same(&v), from == to && fits(texts[to]));
			assert_int_equal(cgroup_value_same(&v), fits(texts[to]));
		}
	}
	close(v.fd);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} cases[] = {
		{"0\n", true, 0},
		{"max\n", true, UINT64_MAX},
		{"18446744073709551615\n", true, UINT64_MAX},
		{"18446744073709551616\n", false, 0},
		{"", false, 0},
		{"000000000000000000000007\n", false, 0}, /* fills the buffer: perhaps cut */
		{"7 \n", false, 0},
	};
	struct cgroup_value v = {
		.fd = memfd_create("value", MFD_CLOEXEC), .len = CGROUP_NEVER_READ};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t number = 0;

		rewrite(v.fd, cases[i].text);
		assert_false(cgroup_value_same(&v));
		assert_int_equal(cgroup_value_parse(&v, &number), cases[i].ok);
		assert_true(number == cases[i].value);
	}
	close(v.fd);
}

static void test_no_file_is_never_another(void **state)
{
	struct cgroup_value v = {.fd = -1, .len = CGROUP_NEVER_READ};
	struct cgroup_text t = {.fd = -1, .len = CGROUP_NEVER_READ};
	uint64_t number;

	(void)state;
	assert_true(cgroup_value_same(&v));
	assert_true(cgroup_text_same(&t, NULL, 0, NULL));
	assert_false(cgroup_value_parse(&v, &number));
}

/* A kept text, its file and the buffer for reading. */
struct kept {
	struct cgroup_text t;
	char kept[64], text[CGROUP_TEXT_SIZE];
};

static struct kept *begin_text(void)
{
	static struct kept k;

	memset(&k, 0, sizeof(k));
	k.t = (struct cgroup_text){memfd_create("text", MFD_CLOEXEC), CGROUP_NEVER_READ};
	return &k;
}

static bool text_same(struct kept *k)
{
	return cgroup_text_same(&k->t, k->kept, sizeof(k->kept), k->text);
}

static void test_each_byte_of_a_text_counts(void **state)
{
	struct kept *k = begin_text();
	char written[] = "anon 4096\nfile 0\nkernel 77\n";

	(void)state;
	rewrite(k->t.fd, written);
	assert_false(text_same(k));
	assert_true(text_same(k));
	for (size_t i = 0; i < sizeof(written) - 1; i++) {
		written[i]++;
		rewrite(k->t.fd, written);
		assert_false(text_same(k));
		assert_true(text_same(k));
	}
	written[sizeof(written) - 2] = '\0';
	rewrite(k->t.fd, written);
	assert_false(text_same(k));
	rewrite(k->t.fd, "");
	assert_false(text_same(k));
	assert_true(text_same(k));
	close(k->t.fd);
}

static void test_a_text_without_room_is_always_another(void **state)
{
	struct kept *k = begin_text();
	char written[sizeof(k->kept) + 2];

	(void)state;
	memset(written, 'x', sizeof(written));
	written[sizeof(k->kept)] = '\0'; /* fits just so */
	rewrite(k->t.fd, written);
	assert_false(text_same(k));
	assert_true(text_same(k));
	written[sizeof(k->kept)] = 'x';
	written[sizeof(k->kept) + 1] = '\0';
	rewrite(k->t.fd, written);
	assert_false(text_same(k));
	assert_false(text_same(k));
	assert_int_equal(k->t.len, sizeof(k->kept) + 1);
	close(k->t.fd);
}

static void test_a_text_that_is_too_long(void **state)
{
	static char written[CGROUP_TEXT_SIZE + 2];
	struct kept *k = begin_text();

	(void)state;
	memset(written, 'x', CGROUP_TEXT_SIZE - 1);
	rewrite(k->t.fd, written);
	assert_false(text_same(k));
	assert_int_equal(k->t.len, CGROUP_TEXT_SIZE - 1);
	written[CGROUP_TEXT_SIZE - 1] = 'x';
	rewrite(k->t.fd, written);
	assert_false(text_same(k));
	assert_int_equal(k->t.len, -EFBIG);
	assert_true(text_same(k));
	close(k->t.fd);
}

static int fails_once_and_is_quiet_then(void *arg)
{
	struct cgroup_value *v = arg;

	return !cgroup_value_same(v) && v->len == -EIO && cgroup_value_same(v);
}

static void test_a_failing_read_is_one_change(void **state)
{
	struct cgroup_value v = {
		.fd = memfd_create("value", MFD_CLOEXEC), .len = CGROUP_NEVER_READ};

	(void)state;
	rewrite(v.fd, "4096\n");
	assert_false(cgroup_value_same(&v));
	assert_true(fail_pread(v.fd, EIO, fails_once_and_is_quiet_then, &v));
	close(v.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_from_any_to_any),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_no_file_is_never_another),
		cmocka_unit_test(test_each_byte_of_a_text_counts),
		cmocka_unit_test(test_a_text_without_room_is_always_another),
		cmocka_unit_test(test_a_text_that_is_too_long),
		cmocka_unit_test(test_a_failing_read_is_one_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
