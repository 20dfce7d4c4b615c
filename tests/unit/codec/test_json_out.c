/*
 * json_out: commas stand where they belong, whatever is left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guardian/json_out.h"

static char buf[256];
static struct text_out out;

static int setup(void **unused)
{
	(void)unused;
	text_out_init(&out, buf, sizeof(buf));
	return 0;
}

static void a_tree(void **unused)
{
	(void)unused;
	text_put(&out, "{");
	json_number(&out, "n", 7);
	json_string(&out, "ends in a bracket", "{");
	json_open(&out, "list", "[");
	json_next(&out);
	text_put(&out, "1");
	json_next(&out);
	text_put(&out, "{");
	json_number_or_null(&out, "max", UINT64_MAX);
	json_number_or_null(&out, "zero", 0);
	text_put(&out, "}]");
	json_open(&out, "empty", "{");
	text_put(&out, "}}");
	assert_string_equal(buf,
		"{\"n\":7,\"ends in a bracket\":\"{\",\"list\":[1,{\"max\":null,\"zero\":0}],"
		"\"empty\":{}}");
}

static void the_first_thing_of_all_has_no_comma(void **unused)
{
	(void)unused;
	json_string(&out, "k", "quo\"te");
	assert_string_equal(buf, "\"k\":\"quo\\\"te\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_tree, setup),
		cmocka_unit_test_setup(the_first_thing_of_all_has_no_comma, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
