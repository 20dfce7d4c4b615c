/*
 * The page of `guardianctl swap`: both tables in all widths, and the lines above them.
 */
#include "page_scene.h"

#include "guardian/swap_page.h"

static const char whole[] =
	"{\"areas_from\":\"status.json\",\"swap\":{\"wanted_bytes\":2147483648,\"swappiness\":10,"
	"\"zswap\":true,\"thrash\":\"none\",\"in_bytes_per_s\":4096,\"out_bytes_per_s\":1300000,"
	"\"areas\":[{\"path\":\"/swapfile\",\"type\":\"file\",\"size_bytes\":1073741824,"
	"\"used_bytes\":912261120,\"priority\":10,\"ours\":true},"
	"{\"path\":\"/dev/zram0\",\"type\":\"zram\",\"size_bytes\":1073741824,\"used_bytes\":0,"
	"\"priority\":-2,\"ours\":false}],"
	"\"file\":{\"path\":\"/swapfile\",\"problem\":\"/swapfile may be read by others\"},"
	"\"progress\":{\"phase\":\"zeroing\",\"done_bytes\":901775360,\"total_bytes\":2147483648},"
	"\"plan\":\"grow /swapfile to 2 GiB\"},"
	"\"services\":[{\"name\":\"backend\",\"swap_bytes\":262144000,\"swap_limit_bytes\":"
	"536870912"
	"},{\"name\":\"worker\",\"swap_bytes\":131072000,\"swap_limit_bytes\":null},"
	"{\"name\":\"redis\",\"swap_bytes\":0}]}";

static void without_a_daemon(
	struct text_out *out, const struct screen *screen, const struct cJSON *view)
{
	const struct heartbeat none = {.state = HEARTBEAT_NONE};

	swap_page(out, screen, &none, view);
}

static const char *page(const char *text, uint16_t columns, bool utf8, bool colour)
{
	draw(without_a_daemon, text, columns, utf8, colour);
	assert_int_equal(strncmp(buf, colour ? "\033[1;31mguardiand IS NOT" : "guardiand IS NOT",
				 colour ? 23 : 16),
		0);
	return strchr(buf, '\n') + 1; /* what stands below the line of the daemon */
}

static void expect_part(const char *part)
{
	if (!strstr(buf, part))
		fail_msg("no %s in\n%s", part, buf);
}

static void expect_no(const char *part)
{
	if (strstr(buf, part))
		fail_msg("%s in\n%s", part, buf);
}

static void the_whole_page(void **unused)
{
	(void)unused;
	assert_string_equal(page(whole, 100, false, false),
		"swap  ########............ 42.48%  870 MiB of 2 GiB used, the policy wants 2 GiB, "
		"swappiness 10, zswap on\n"
		"thrashing: no, in 4 KiB/s, out 1.2 MiB/s\n"
		"preparing /swapfile  ########............ 41%  860 MiB of 2 GiB, zeroing\n"
		"problem: /swapfile may be read by others\n"
		"next: grow /swapfile to 2 GiB\n"
		"\n"
		"AREA        TYPE                                       USED / SIZE  PRIORITY  "
		"OWNER\n"
		"/swapfile   file       ################....        870 MiB / 1 GiB        10  "
		"guardiand\n"
		"/dev/zram0  zram       ....................            0 B / 1 GiB        -2  "
		"other\n"
		"\n"
		"SERVICE                          IN SWAP  SWAP LIMIT\n"
		"backend  ####################    250 MiB     512 MiB\n"
		"worker   ##########..........    125 MiB   unlimited\n"
		"redis    ....................        0 B           -\n");
}

/* Beside a first file that is in use, a second is resized. */
static void the_file_under_way_is_named(void **unused)
{
	(void)unused;
	page("{\"swap\":{\"file\":{\"path\":\"/swapfile\"},\"progress\":{\"path\":\"/swapfile.2\","
	     "\"phase\":\"switching off\",\"done_bytes\":50,\"total_bytes\":200}}}",
		100, false, false);
	expect_part(
		"preparing /swapfile.2  #####............... 25%  50 B of 200 B, switching off\n");
}

static size_t widest_line(void)
{
	size_t widest = 0;

	for (const char *s = strstr(buf, "AREA"); *s; s += strcspn(s, "\n") + 1)
		if (strcspn(s, "\n") > widest)
			widest = strcspn(s, "\n");
	return widest;
}

/* The bar shrinks, goes, and then the path is cut; the numbers stay. */
static void narrow_terminals(void **unused)
{
	(void)unused;
	page(whole, 74, false, false);
	assert_int_equal(widest_line(), 74);
	expect_part("/dev/zram0  zram       .......");
	page(whole, 66, false, false);
	expect_part("/dev/zram0  zram                 0 B / 1 GiB");
	page(whole, 10, false, false);
	expect_part("/dev/z~  zram                 0 B / 1 GiB        -2  other\n");
}

static void a_long_path_is_cut(void **unused)
{
	(void)unused;
	page("{\"swap\":{\"areas\":[{\"path\":\"/a/path/that/is/longer/than/any/person/cares/to/"
	     "read\",\"type\":\"file\"}]}}",
		200, false, false);
	expect_part("\n/a/path/that/is/longer/than/any/person/~  file ");
	expect_part("- / -         -  -\n");
}

/* Of a path that would move the cursor, nothing reaches the terminal. */
static void control_characters(void **unused)
{
	(void)unused;
	page("{\"swap\":{\"areas\":[{\"path\":\"/a\\u001b[2Jb\"}],\"plan\":\"x\\u0007y\"}}", 100,
		false, false);
	expect_part("/a?[2Jb");
	expect_part("next: x?y\n");
	expect_no("\033");
}

static void colours_by_fill(void **unused)
{
	(void)unused;
	page(whole, 100, true, true);
	expect_part("\033[32m████████░");                                          /* all swap */
	expect_part("\033[33m████████████████░░░░\033[0m        870 MiB / 1 GiB"); /* 85 % */
	expect_part("thrashing: \033[32mno\033[0m");
	expect_part("\033[33mproblem: ");
	page("{\"swap\":{\"thrash\":\"thrashing\",\"areas\":[{\"path\":\"/a\",\"used_bytes\":96,"
	     "\"size_bytes\":100}]},\"services\":[{\"name\":\"a\",\"swap_bytes\":99}]}",
		100, false, true);
	expect_part("thrashing: \033[1;31myes\033[0m\n");
	expect_part("\033[1;31m###################.\033[0m           96 B / 100 B");
	expect_part("a        \033[32m####################\033[0m"); /* a share is not a danger */
}

/* ---- what is not there ---- */

static void no_swap_and_no_knowledge(void **unused)
{
	(void)unused;
	assert_string_equal(page("{\"swap\":{\"areas\":[]}}", 100, false, false), "swap  none\n");
	assert_string_equal(page("{\"areas_from\":\"/proc/swaps\",\"swap\":{}}", 100, false, false),
		"The areas are read from /proc/swaps, now.\n"
		"swap  unknown: /proc/swaps cannot be read\n");
	assert_string_equal(
		page("{}", 100, false, false), "swap  unknown: /proc/swaps cannot be read\n");
	assert_string_equal(
		page("{\"swap\":{\"areas\":[],\"wanted_bytes\":0,\"zswap\":false,"
		     "\"swappiness\":0},\"services\":[{\"name\":\"a\",\"swap_bytes\":0}]}",
			100, false, false),
		"swap  none, the policy wants none made, swappiness 0, zswap off\n"
		"\nSERVICE                          IN SWAP  SWAP LIMIT\n"
		"a                                    0 B           -\n");
}

static void what_is_not_of_the_form(void **unused)
{
	(void)unused;
	page("{\"swap\":{\"areas\":[1,{\"path\":2,\"used_bytes\":-1,\"size_bytes\":\"x\","
	     "\"ours\":3,\"priority\":\"high\"}],\"progress\":{\"done_bytes\":1,\"total_bytes\":0},"
	     "\"zswap\":\"on\",\"thrash\":4,\"file\":[],\"plan\":{}},\"services\":[7]}",
		100, false, false);
	expect_part("swap  none, zswap on\n\nAREA");
	expect_no("preparing");
	expect_part("- / -         -  -\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_page),
		cmocka_unit_test(the_file_under_way_is_named),
		cmocka_unit_test(narrow_terminals),
		cmocka_unit_test(a_long_path_is_cut),
		cmocka_unit_test(control_characters),
		cmocka_unit_test(colours_by_fill),
		cmocka_unit_test(no_swap_and_no_knowledge),
		cmocka_unit_test(what_is_not_of_the_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
