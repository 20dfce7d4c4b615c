/*
 * status_grid: the table of services in all widths.
 */
#include "page_scene.h"

#include "guardian/status_grid.h"

static const char services[] =
	"[{\"name\":\"backend\",\"state\":\"warn\",\"restarts\":3,\"oom_kills\":1,\"members\":[{"
	"\"working_set_bytes\":1342177280,\"limit_bytes\":1610612736,\"peak_bytes\":1500000000}]},"
	"{\"name\":\"worker\",\"state\":\"ok\",\"restarts\":0,\"oom_kills\":0,\"members\":["
	"{\"working_set_bytes\":104857600,\"limit_bytes\":null},{\"limit_bytes\":1048576}]},"
	"{\"name\":\"redis\",\"state\":\"absent\",\"members\":[]}]";

static const char *grid(const char *text, uint16_t columns, bool utf8, bool colour)
{
	return draw(status_grid, text, columns, utf8, colour);
}

static void the_whole_table(void **unused)
{
	(void)unused;
	assert_string_equal(grid(services, 100, false, false),
		"SERVICE  STATE                                     MEMORY / LIMIT       PEAK   "
		"OOM  RESTARTS\n"
		"backend  warn         ################....      1.3 GiB / 1.5 GiB    1.4 GiB     "
		"1         3\n"
		"worker   ok                                   100 MiB / unlimited          -     "
		"0         0\n"
		" +                                                      - / 1 MiB          -\n"
		"redis    absent                                                                  "
		"-         -\n");
}

static void bars_of_blocks(void **unused)
{
	(void)unused;
	assert_non_null(strstr(
		grid(services, 100, true, false), "warn         ████████████████░░░░      1.3"));
}

static size_t width_of_first_line(void)
{
	return strcspn(buf, "\n");
}

/* The bar shrinks, goes, and then the columns that are least missed; the name and the numbers stay.
 */
static void narrow_terminals(void **unused)
{
	(void)unused;
	grid(services, 85, false, false);
	assert_int_equal(width_of_first_line(), 85);
	assert_non_null(strstr(buf, "warn         ##########...  "));
	grid(services, 76, false, false);
	assert_null(strchr(buf, '#'));
	assert_non_null(strstr(buf, "RESTARTS"));
	grid(services, 60, false, false);
	assert_null(strstr(buf, "PEAK"));
	assert_true(width_of_first_line() <= 60);
	grid(services, 10, false, false);
	assert_null(strstr(buf, "OOM"));
	assert_null(strstr(buf, "RESTARTS"));
	assert_non_null(strstr(buf, "1.3 GiB / 1.5 GiB"));
}

static void a_long_name_is_cut(void **unused)
{
	(void)unused;
	grid("[{\"name\":\"a-service-whose-name-has-no-end-in-sight\",\"state\":\"ok\"}]", 200,
		false, false);
	assert_non_null(strstr(buf, "\na-service-whose-name-has-no~  ok"));
}

static void states_have_colours(void **unused)
{
	(void)unused;
	grid(services, 100, false, true);
	assert_non_null(strstr(buf, "\033[33mwarn       \033[0m  \033[33m####"));
	assert_non_null(strstr(buf, "\033[2mabsent     \033[0m"));
	assert_int_equal(status_colour("surrendered"), COLOUR_BAD);
	assert_int_equal(status_colour("normal"), COLOUR_GOOD);
	assert_int_equal(status_colour("of the future"), COLOUR_PLAIN);
}

static void no_services(void **unused)
{
	(void)unused;
	assert_int_equal(strncmp(grid("[]", 100, false, false), "SERVICE  STATE", 14), 0);
	assert_ptr_equal(strchr(buf, '\n'), buf + strlen(buf) - 1);
}

static void shares(void **unused)
{
	(void)unused;
	assert_int_equal(status_centipct(1, 0), 0);
	assert_int_equal(status_centipct(1, 3), 3333);
	assert_int_equal(status_centipct(3, 1), 30000);
	assert_in_range(status_centipct(UINT64_MAX / 2, UINT64_MAX), 4999, 5000);
	assert_true(status_centipct(UINT64_MAX, 1) > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_table),
		cmocka_unit_test(bars_of_blocks),
		cmocka_unit_test(narrow_terminals),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(states_have_colours),
		cmocka_unit_test(no_services),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
