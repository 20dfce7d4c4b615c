/*
 * screen: see the header. A width table is not kept: names of services and containers are ASCII in
 * practice, and a wide character costs a crooked column, no more.
 */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guardian/screen.h"

/* One character: how many bytes it has, and whether it may be shown. */
struct glyph {
	uint8_t bytes;
	bool visible;
};

static const struct {
	uint32_t first, last;
} unseen[] = {
	{0x0000, 0x001f},    /* C0: ESC, BEL, newline */
	{0x007f, 0x009f},    /* DEL, C1: 0x9b is a whole CSI */
	{0x00ad, 0x00ad},    /* soft hyphen */
	{0x200b, 0x200f},    /* zero width, marks of direction */
	{0x2028, 0x202e},    /* line separators, overrides of direction */
	{0x2060, 0x206f},    /* invisible operators, isolates of direction */
	{0xd800, 0xf8ff},    /* surrogates, private use */
	{0xfeff, 0xfeff},    /* byte order mark */
	{0xfff0, 0xfffb},    /* specials */
	{0xe0000, 0x10ffff}, /* tags, private planes */
};

static bool is_visible(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (code >= unseen[i].first && code <= unseen[i].last)
			return false;
	return true;
}

/* RFC 3629: the length that the first byte promises, 0 for a byte that cannot be first. */
static uint8_t promised_bytes(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* What is not UTF-8 is taken byte by byte, and not shown. */
static struct glyph next_glyph(const char *s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)s[0];
	uint8_t bytes = promised_bytes(first);
	uint32_t code = bytes < 2 ? first : first & (0x7fU >> bytes);

	if (bytes == 0)
		return (struct glyph){1, false};
	for (uint8_t i = 1; i < bytes; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c & 0xc0) != 0x80)
			return (struct glyph){1, false};
		code = code << 6 | (c & 0x3f);
	}
	if (code < least[bytes])
		return (struct glyph){1, false};
	return (struct glyph){bytes, is_visible(code)};
}

static size_t count_glyphs(const char *s)
{
	size_t n = 0;

	for (; *s; s += next_glyph(s).bytes)
		n++;
	return n;
}

uint16_t screen_put(
	struct text_out *out, const struct screen *screen, const char *s, uint16_t columns)
{
	bool cut = count_glyphs(s) > columns;
	uint16_t room = cut && columns > 0 ? columns - 1 : columns, used = 0;

	for (; *s && used < room; used++) {
		struct glyph glyph = next_glyph(s);

		if (glyph.visible && (screen->utf8 || glyph.bytes == 1))
			text_put_span(out, s, glyph.bytes);
		else
			text_put(out, "?");
		s += glyph.bytes;
	}
	if (!cut || columns == 0)
		return used;
	text_put(out, screen->utf8 ? "…" : "~");
	return used + 1;
}

static void put_blanks(struct text_out *out, uint16_t n)
{
	while (n-- > 0)
		text_put(out, " ");
}

void screen_cell(struct text_out *out, const struct screen *screen, const char *s, uint16_t columns)
{
	uint16_t used = screen_put(out, screen, s, columns);

	put_blanks(out, columns - used);
}

void screen_cell_right(
	struct text_out *out, const struct screen *screen, const char *s, uint16_t columns)
{
	size_t n = count_glyphs(s);

	if (n < columns)
		put_blanks(out, (uint16_t)(columns - n));
	(void)screen_put(out, screen, s, columns);
}

void screen_colour(struct text_out *out, const struct screen *screen, enum screen_colour colour)
{
	static const char *const codes[] = {
		[COLOUR_PLAIN] = "\033[0m",
		[COLOUR_DIM] = "\033[2m",
		[COLOUR_GOOD] = "\033[32m",
		[COLOUR_WARN] = "\033[33m",
		[COLOUR_BAD] = "\033[1;31m",
	};

	if (screen->colour)
		text_put(out, codes[colour]);
}

void screen_bar(
	struct text_out *out, const struct screen *screen, uint64_t centipct, uint16_t columns)
{
	uint64_t full = centipct >= 10000 ? columns : centipct * columns / 10000;

	for (uint16_t i = 0; i < columns; i++)
		if (i < full)
			text_put(out, screen->utf8 ? "█" : "#");
		else
			text_put(out, screen->utf8 ? "░" : ".");
}

void screen_detect(struct screen *screen, int fd)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size = {.ws_col = 0};

	screen->terminal = isatty(fd);
	screen->colour = screen->terminal && !(no_colour && *no_colour) &&
			 !(term && strcmp(term, "dumb") == 0);
	screen->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	screen->columns = SCREEN_COLUMNS_DEFAULT;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		screen->columns = size.ws_col;
}
