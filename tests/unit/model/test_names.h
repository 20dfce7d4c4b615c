/*
 * A table of names: each a word of its own, and "unknown" outside of the table.
 */
#ifndef TEST_NAMES_H
#define TEST_NAMES_H

#include <string.h>

#define CHECK_NAMES(name_of, count)                                                                \
	do {                                                                                       \
		for (unsigned int a = 0; a < (unsigned int)(count); a++) {                         \
			assert_non_null(name_of(a));                                               \
			assert_true(strlen(name_of(a)) > 0);                                       \
			assert_string_not_equal(name_of(a), "unknown");                            \
			for (unsigned int b = 0; b < a; b++)                                       \
				assert_string_not_equal(name_of(a), name_of(b));                   \
		}                                                                                  \
		assert_string_equal(name_of(count), "unknown");                                    \
		assert_string_equal(name_of(~0U), "unknown");                                      \
	} while (0)

#endif
