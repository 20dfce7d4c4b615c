/*
 * The page of `guardianctl slots`: the rows with and without a slot, and the lines above them.
 */
#include "page_scene.h"

#include "guardian/slots_page.h"

#define ROWS                                                                                       \
	"\"slots\":[{\"slot\":0,\"name\":\"cam-12\",\"age_us\":34000000,\"pid\":4711,"             \
	"\"inner_pid\":17,\"service\":\"backend\",\"anon_bytes\":92274688},"                       \
	"{\"slot\":11,\"name\":\"cam-1\",\"age_us\":300000000,\"inner_pid\":18},{\"slot\":12}],"   \
	"\"without_slot\":[{\"pid\":5000,\"service\":\"worker\",\"anon_bytes\":46137344}]"

static const char whole[] =
	"{\"slots_from\":\"status.json\",\"streams\":{\"cap\":6,\"effective_cap\":4,"
	"\"reason\":\"memory\",\"cost_bytes\":104857600,\"semaphore\":\"ok\",\"in_use\":3,"
	"\"taken\":20,\"refused\":2,\"waited\":1,\"gave_up\":0,\"unaccounted\":1," ROWS "}}";

static void without_a_daemon(
	struct text_out *out, const struct screen *screen, const struct cJSON *view)
{
	const struct heartbeat none = {.state = HEARTBEAT_NONE};

	slots_page(out, screen, &none, view);
}

static const char *page(const char *text, uint16_t columns)
{
	draw(without_a_daemon, text, columns, false, false);
	assert_int_equal(strncmp(buf, "guardiand IS NOT", 16), 0);
	return strchr(buf, '\n') + 1; /* what stands below the line of the daemon */
}

static void the_whole_page(void **unused)
{
	(void)unused;
	assert_string_equal(page(whole, 100),
		"slots  ###############..... 3 of 4 in use, lowered from 6: memory carries no "
		"more; one stream is taken to use 100 MiB\n"
		"so far 20 taken, 2 refused, 1 after a wait, 0 waited in vain\n"
		"\n"
		"SLOT  NAME                  PID  SERVICE               AGE                        "
		"   "
		"MEMORY\n"
		"   0  cam-12               4711  backend              34 s  ####################  "
		"   "
		"88 MiB\n"
		"  11  cam-1                (18)  -                   5 min                        "
		"        "
		"-\n"
		"  12  -                       -  -                       -                        "
		"        "
		"-\n"
		"   -  without a slot       5000  worker                  -  ##########..........  "
		"   "
		"44 MiB\n");
}

static void expect(const char *text, const char *part)
{
	page(text, 100);
	if (!strstr(buf, part))
		fail_msg("no %s in\n%s", part, buf);
}

static void why_there_are_fewer(void **unused)
{
	(void)unused;
	expect("{\"streams\":{\"cap\":6,\"effective_cap\":6,\"reason\":\"full\",\"in_use\":0}}",
		"slots  .................... 0 of 6 in use\n");
	expect("{\"streams\":{\"cap\":6,\"effective_cap\":0,\"reason\":\"warning\",\"in_use\":3}}",
		"slots  #################### 3 of 0 in use, no new ones: the host's memory is in "
		"warning (cap 6)\n");
	expect("{\"streams\":{\"semaphore\":\"bad_header\",\"in_use\":3,\"slots\":[]}}",
		"The semaphore file is not as it should be: bad header\nslots  3 in use\n");
	expect("{\"slots_from\":\"streams.sem\",\"streams\":{\"semaphore\":\"unusable\","
	       "\"error\":\"Permission denied\"}}",
		"The slots are read from the semaphore file, now.\n"
		"The semaphore file is not as it should be: unusable, Permission denied\n");
	expect("{\"slots_from\":\"status.json\"}", "The policy sets no cap on streams.\n");
}

static void a_name_moves_nothing(void **unused)
{
	(void)unused;
	expect("{\"streams\":{\"slots\":[{\"slot\":0,\"name\":\"\\u001b[2J\"}]}}", "   0  ?[2J");
}

static void it_fits_into_any_width(void **unused)
{
	(void)unused;
	for (uint16_t columns = 60; columns < 160; columns++) {
		const char *line = strstr(page(whole, columns), "SLOT");

		for (; line && *line; line = strchr(line, '\n') + 1)
			assert_in_range(strcspn(line, "\n"), 1, columns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_page),
		cmocka_unit_test(why_there_are_fewer),
		cmocka_unit_test(a_name_moves_nothing),
		cmocka_unit_test(it_fits_into_any_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
