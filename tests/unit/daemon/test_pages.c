/* pages_forget(): what can be read again goes and comes back; what was written stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "guardian/pages.h"

enum { PAGE = 4096, PAGES = 1024, SOMEWHERE = 512 };

/* Its middle is 2 MiB from both ends: no fault maps so much around it, not in a large folio either.
 */
static const char constants[PAGES * PAGE] = {[0] = 'a', [SOMEWHERE * PAGE] = 'b'};
/* Relocated at start, read-only afterwards. */
static const char *const words[] = {"one", "two", "three"};
static int written = 7;

static bool is_present(const void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	assert_true(fd >= 0);
	assert_true(pread(fd, &entry, sizeof(entry),
			    (off_t)((uintptr_t)address / PAGE * sizeof(entry))) == sizeof(entry));
	close(fd);
	return entry >> 63 != 0;
}

static char read_byte(const char *at)
{
	return *(const volatile char *)at;
}

static void test_forgets_what_can_be_read_again(void **state)
{
	(void)state;
	assert_int_equal(read_byte(constants + SOMEWHERE * PAGE), 'b');
	assert_true(is_present(constants + SOMEWHERE * PAGE));
	pages_forget();
	assert_false(is_present(constants + SOMEWHERE * PAGE));
	assert_int_equal(read_byte(constants + SOMEWHERE * PAGE), 'b');
	assert_true(is_present(constants + SOMEWHERE * PAGE));
}

static void test_keeps_what_was_written(void **state)
{
	const char *const *volatile table = words;

	(void)state;
	written = 8;
	pages_forget();
	assert_int_equal(written, 8);
	assert_string_equal(table[0], "one");
	assert_string_equal(table[2], "three");
	assert_true(is_present(&written));
}

static void test_twice_is_as_once(void **state)
{
	(void)state;
	pages_forget();
	pages_forget();
	assert_int_equal(read_byte(constants), 'a');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forgets_what_can_be_read_again),
		cmocka_unit_test(test_keeps_what_was_written),
		cmocka_unit_test(test_twice_is_as_once),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
