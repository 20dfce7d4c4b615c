/*
 * digest: another text is another number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

enum { LEN = 64, BEHIND = 16 };

/* Every change of one byte, and of the length, is seen; what is behind the text is not. */
static void test_digest(void **state)
{
	char text[LEN + BEHIND];
	uint64_t seen[LEN * 3];
	size_t n = 0;

	(void)state;
	memset(text, '0', sizeof(text));
	seen[n++] = digest(text, LEN);
	memset(text + LEN, 'x', BEHIND);
	assert_true(digest(text, LEN) == seen[0]);
	for (size_t i = 0; i < LEN; i++) {
		text[i] = '1';
		seen[n++] = digest(text, LEN);
		text[i] = '0';
	}
	for (size_t len = 0; len < LEN; len++)
		seen[n++] = digest(text, len);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
}

/* A text of any length is read to its end and no further: a sanitizer watches the next byte. */
static void test_no_byte_beyond(void **state)
{
	(void)state;
	for (size_t len = 0; len <= LEN; len++) {
		char longer[LEN + BEHIND], *exact = malloc(len);

		assert_true(exact || len == 0);
		memset(longer, '7', sizeof(longer));
		if (len)
			memset(exact, '7', len);
		assert_true(digest(exact, len) == digest(longer, len));
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_no_byte_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
