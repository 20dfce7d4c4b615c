/*
 * screen: what a terminal gets to see, and what it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guardian/screen.h"

static const struct screen plain = {.columns = 80};
static const struct screen utf8 = {.columns = 80, .utf8 = true};

static char buf[256];
static struct text_out out;
static uint16_t used;

static const char *put(const struct screen *screen, const char *s, uint16_t columns)
{
	text_out_init(&out, buf, sizeof(buf));
	used = screen_put(&out, screen, s, columns);
	return buf;
}

static void plain_text_passes(void **unused)
{
	(void)unused;
	assert_string_equal(put(&plain, "backend", 20), "backend");
	assert_int_equal(used, 7);
	assert_string_equal(put(&plain, "", 20), "");
	assert_int_equal(used, 0);
}

static void what_is_too_long_is_cut_with_a_mark(void **unused)
{
	(void)unused;
	assert_string_equal(put(&plain, "backend", 7), "backend");
	assert_string_equal(put(&plain, "backend", 6), "backe~");
	assert_int_equal(used, 6);
	assert_string_equal(put(&utf8, "backend", 6), "backe…");
	assert_int_equal(used, 6);
	assert_string_equal(put(&utf8, "backend", 1), "…");
	assert_string_equal(put(&utf8, "backend", 0), "");
	assert_int_equal(used, 0);
	assert_string_equal(put(&utf8, "größe", 4), "grö…");
}

static void no_control_character_passes(void **unused)
{
	(void)unused;
	assert_string_equal(put(&utf8, "a\033[2Jb\rc\nd\177", 20), "a?[2Jb?c?d?");
	assert_string_equal(put(&utf8, "\302\23331m", 20), "?31m");   /* C1: CSI in one character */
	assert_string_equal(put(&utf8, "a\342\200\256b", 20), "a?b"); /* U+202E: writes backwards */
	assert_string_equal(put(&utf8, "a\342\200\213b", 20), "a?b"); /* U+200B: zero width */
	assert_string_equal(put(&utf8, "\363\240\201\201", 20), "?"); /* U+E0041: a tag */
	assert_int_equal(used, 1);
}

static void what_is_no_utf8_is_not_shown(void **unused)
{
	(void)unused;
	assert_string_equal(put(&utf8, "\233A", 20), "?A");           /* a C1 byte alone */
	assert_string_equal(put(&utf8, "\300\233A", 20), "??A");      /* overlong ESC */
	assert_string_equal(put(&utf8, "\340\200\233A", 20), "???A"); /* overlong, three bytes */
	assert_string_equal(put(&utf8, "\303", 20), "?");             /* cut */
	assert_string_equal(put(&utf8, "\303A", 20), "?A");
	assert_string_equal(put(&utf8, "\355\240\200", 20), "?");        /* a surrogate */
	assert_string_equal(put(&utf8, "\365\200\200\200", 20), "????"); /* above U+10FFFF */
	assert_string_equal(put(&utf8, "\360\237\230\200", 20), "\360\237\230\200");
}

static void a_terminal_without_utf8_gets_ascii(void **unused)
{
	(void)unused;
	assert_string_equal(put(&plain, "größe", 20), "gr??e");
}

static const char *cell(bool right, const char *s, uint16_t columns)
{
	text_out_init(&out, buf, sizeof(buf));
	if (right)
		screen_cell_right(&out, &utf8, s, columns);
	else
		screen_cell(&out, &utf8, s, columns);
	return buf;
}

static void cells_have_their_width(void **unused)
{
	(void)unused;
	assert_string_equal(cell(false, "ab", 5), "ab   ");
	assert_string_equal(cell(false, "öb", 5), "öb   ");
	assert_string_equal(cell(false, "abcdef", 5), "abcd…");
	assert_string_equal(cell(true, "ab", 5), "   ab");
	assert_string_equal(cell(true, "öb", 5), "   öb");
	assert_string_equal(cell(true, "abcde", 5), "abcde");
	assert_string_equal(cell(true, "abcdef", 5), "abcd…");
}

static const char *bar(const struct screen *screen, uint64_t centipct)
{
	text_out_init(&out, buf, sizeof(buf));
	screen_bar(&out, screen, centipct, 10);
	return buf;
}

static void bars(void **unused)
{
	(void)unused;
	assert_string_equal(bar(&plain, 0), "..........");
	assert_string_equal(bar(&plain, 999), "..........");
	assert_string_equal(bar(&plain, 5000), "#####.....");
	assert_string_equal(bar(&plain, 9999), "#########.");
	assert_string_equal(bar(&plain, 10000), "##########");
	assert_string_equal(bar(&plain, UINT64_MAX), "##########");
	assert_string_equal(bar(&utf8, 3000), "███░░░░░░░");
}

static void colours_only_where_there_are_any(void **unused)
{
	const struct screen coloured = {.colour = true};

	(void)unused;
	text_out_init(&out, buf, sizeof(buf));
	screen_colour(&out, &plain, COLOUR_BAD);
	assert_string_equal(buf, "");
	screen_colour(&out, &coloured, COLOUR_BAD);
	screen_colour(&out, &coloured, COLOUR_PLAIN);
	assert_string_equal(buf, "\033[1;31m\033[0m");
}

static void a_file_is_no_terminal(void **unused)
{
	struct screen screen;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)unused;
	screen_detect(&screen, fd);
	assert_false(screen.terminal);
	assert_false(screen.colour);
	assert_int_equal(screen.columns, SCREEN_COLUMNS_DEFAULT);
	close(fd);
}

static void a_terminal_and_no_color(void **unused)
{
	const struct winsize narrow = {.ws_row = 24, .ws_col = 57};
	struct screen screen;
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), line;

	(void)unused;
	if (fd < 0)
		skip();
	assert_int_equal(grantpt(fd), 0);
	assert_int_equal(unlockpt(fd), 0);
	line = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(line >= 0);
	assert_int_equal(ioctl(line, TIOCSWINSZ, &narrow), 0);

	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	screen_detect(&screen, line);
	assert_true(screen.terminal);
	assert_true(screen.colour);
	assert_int_equal(screen.columns, 57);
	setenv("NO_COLOR", "", 1); /* no-color.org: "when present and not an empty string" */
	screen_detect(&screen, line);
	assert_true(screen.colour);
	setenv("NO_COLOR", "1", 1);
	screen_detect(&screen, line);
	assert_false(screen.colour);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	screen_detect(&screen, line);
	assert_false(screen.colour);
	unsetenv("TERM");
	screen_detect(&screen, line);
	assert_true(screen.colour);
	close(line);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_passes),
		cmocka_unit_test(what_is_too_long_is_cut_with_a_mark),
		cmocka_unit_test(no_control_character_passes),
		cmocka_unit_test(what_is_no_utf8_is_not_shown),
		cmocka_unit_test(a_terminal_without_utf8_gets_ascii),
		cmocka_unit_test(cells_have_their_width),
		cmocka_unit_test(bars),
		cmocka_unit_test(colours_only_where_there_are_any),
		cmocka_unit_test(a_file_is_no_terminal),
		cmocka_unit_test(a_terminal_and_no_color),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
