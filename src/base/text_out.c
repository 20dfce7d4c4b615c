/*
 * text, out: numbers, sizes and JSON strings into a fixed buffer. The other half of text.h is in
 * text.c.
 *
 * A piece at a time: a piece that does not fit is left out whole, never cut, and nothing follows
 * it, so that a reader never sees half a number. No allocation and no locale.
 */
#include <string.h>

#include "guardian/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void text_out_init(struct text_out *out, char *buf, size_t size)
{
	*out = (struct text_out){.buf = buf, .size = size, .full = size == 0};
	if (size > 0)
		buf[0] = '\0';
}

char *text_put_room(struct text_out *out, size_t len)
{
	char *room = out->buf + out->len;

	if (out->full || len >= out->size - out->len) {
		out->full = true;
		return NULL;
	}
	out->len += len;
	room[len] = '\0';
	return room;
}

void text_put_span(struct text_out *out, const char *s, size_t len)
{
	char *room = text_put_room(out, len);

	if (room)
		memcpy(room, s, len);
}

/* Two at a time: numbers are most of what the status consists of. */
size_t text_digits(char field[static TEXT_DIGITS_MAX], uint64_t n)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	size_t at = TEXT_DIGITS_MAX;

	for (; n >= 100; n /= 100)
		memcpy(&field[at -= 2], &pairs[n % 100 * 2], 2);
	if (n < 10)
		field[--at] = (char)('0' + n);
	else
		memcpy(&field[at -= 2], &pairs[n * 2], 2);
	return at;
}

/* N with at least MIN digits. */
static void put_digits(struct text_out *out, uint64_t n, size_t min)
{
	char digits[TEXT_DIGITS_MAX];
	size_t at = text_digits(digits, n);

	while (sizeof(digits) - at < min)
		digits[--at] = '0';
	text_put_span(out, digits + at, sizeof(digits) - at);
}

void text_put_u64(struct text_out *out, uint64_t n)
{
	put_digits(out, n, 1);
}

void text_put_i64(struct text_out *out, int64_t n)
{
	if (n < 0)
		text_put(out, "-");
	put_digits(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 1);
}

void text_put_centi(struct text_out *out, uint64_t centi)
{
	put_digits(out, centi / 100, 1);
	text_put(out, ".");
	put_digits(out, centi % 100, 2);
}

/* ".5" for 500 of 10^3; nothing for 0. */
static void put_fraction(struct text_out *out, uint64_t fraction, size_t digits)
{
	if (fraction == 0)
		return;
	for (; fraction % 10 == 0; fraction /= 10)
		digits--;
	text_put(out, ".");
	put_digits(out, fraction, digits);
}

void text_put_size(struct text_out *out, uint64_t bytes)
{
	static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
	uint64_t tenths = bytes;
	size_t u = 0;

	if (bytes == UINT64_MAX) {
		text_put(out, "unlimited");
		return;
	}
	/* 1023.97 KiB would round to 1024: it is 1 MiB. */
	for (bool fits = bytes < 1024; !fits; fits = tenths < 10240 || u + 1 == COUNT(units)) {
		unsigned __int128 unit = (unsigned __int128)1 << (10 * ++u);

		tenths = (uint64_t)(((unsigned __int128)bytes * 10 + unit / 2) / unit);
	}
	put_digits(out, u ? tenths / 10 : bytes, 1);
	put_fraction(out, u ? tenths % 10 : 0, 1);
	text_put(out, units[u]);
}

/* The form of BYTES in units of 2^SHIFT with the fewest decimals that text_size() reads back to the
 * same number: it rounds down, so the decimal just above will do. */
static void put_in_unit(struct text_out *out, uint64_t bytes, unsigned int shift)
{
	uint64_t whole = bytes >> shift, below = bytes & ((1ULL << shift) - 1);
	uint64_t scale = 1, fraction = 0;
	size_t digits = 0;

	while ((unsigned __int128)fraction << shift < (unsigned __int128)below * scale ||
		((unsigned __int128)fraction << shift) / scale != below) {
		scale *= 10;
		digits++;
		fraction = (uint64_t)((((unsigned __int128)below * scale) + (1ULL << shift) - 1) >>
				      shift);
	}
	put_digits(out, whole, 1);
	put_fraction(out, fraction, digits);
	text_put(out, (const char *[]){"b", "k", "m", "g"}[shift / 10]);
}

void text_put_policy_size(struct text_out *out, uint64_t bytes)
{
	char buf[2][48];
	struct text_out form, best;

	text_out_init(&best, buf[0], sizeof(buf[0]));
	if (bytes == 0)
		text_put(&best, "0");
	for (unsigned int shift = 0; shift <= 30 && bytes >> shift; shift += 10) {
		text_out_init(&form, best.buf == buf[0] ? buf[1] : buf[0], sizeof(buf[0]));
		put_in_unit(&form, bytes, shift);
		/* Of two equally short the larger unit reads better. */
		if (best.len == 0 || form.len <= best.len)
			best = form;
	}
	text_put(out, best.buf);
}

void text_put_duration(struct text_out *out, uint64_t us)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = {{"h", 3600000000}, {"m", 60000000}, {"s", 1000000}};

	for (size_t i = 0; us > 0 && i < COUNT(units); i++) {
		if (us % units[i].us == 0) {
			put_digits(out, us / units[i].us, 1);
			text_put(out, units[i].name);
			return;
		}
	}
	put_digits(out, us / 1000, 1);
	put_fraction(out, us % 1000, 3);
	text_put(out, us > 0 ? "ms" : "s");
}

void text_put_mode(struct text_out *out, uint64_t mode)
{
	text_put(out, "0");
	for (int shift = 6; shift >= 0; shift -= 3)
		text_put_u64(out, mode >> shift & 7);
}

void text_put_percent(struct text_out *out, uint32_t centipct)
{
	put_digits(out, centipct / 100, 1);
	put_fraction(out, centipct % 100, 2);
	text_put(out, "%");
}

/* The holder at S, "{...}". -> what follows it. */
static const char *fill(
	struct text_out *out, const char *s, text_put_holder *put, const void *userdata)
{
	size_t end = strcspn(s, "}"), whole = s[end] ? end + 1 : end;

	if (whole == end || !put(out, (struct text_span){s + 1, end - 1}, userdata))
		text_put_span(out, s, whole);
	return s + whole;
}

void text_put_sentence(struct text_out *out, const char *sentence, bool with_optional,
	text_put_holder *put, const void *userdata)
{
	const char *s = sentence;

	while (*s) {
		size_t plain = strcspn(s, "{[]");

		text_put_span(out, s, plain);
		s += plain;
		if (*s == '{')
			s = fill(out, s, put, userdata);
		else if (*s == '[' && !with_optional)
			s += strcspn(s, "]");
		else if (*s)
			s++;
	}
}

/* Length of the well-formed UTF-8 sequence at S, or 0: no overlong forms, surrogates, or anything
 * above U+10FFFF. */
static size_t utf8_length(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	unsigned char least = 0x80, most = 0xBF;

	if (s[0] > 0xF4)
		return 0;
	if (s[0] == 0xE0 || s[0] == 0xF0)
		least = s[0] == 0xE0 ? 0xA0 : 0x90;
	if (s[0] == 0xED || s[0] == 0xF4)
		most = s[0] == 0xED ? 0x9F : 0x8F;
	for (size_t i = 1; i < len; i++, least = 0x80, most = 0xBF) {
		if (s[i] < least || s[i] > most)
			return 0;
	}
	return len;
}

/* U+0080 to U+009F */
static bool is_c1(const unsigned char *s)
{
	return s[0] == 0xC2 && s[1] >= 0x80 && s[1] <= 0x9F;
}

size_t text_character(const char *s, bool *shown)
{
	const unsigned char *c = (const unsigned char *)s;
	size_t len = utf8_length(c);

	*shown = len > 0 && c[0] >= 0x20 && c[0] != 0x7F && !is_c1(c);
	return len ? len : 1;
}

void text_put_plain(struct text_out *out, const char *s, const char *refused, const char *instead)
{
	while (*s) {
		bool shown;
		size_t len = text_character(s, &shown);

		if (shown && !strchr(refused, *s))
			text_put_span(out, s, len);
		else
			text_put(out, instead);
		s += len;
	}
}

void text_tame(char *s)
{
	while (*s) {
		bool shown;
		size_t len = text_character(s, &shown);

		if (!shown)
			memset(s, '?', len);
		s += len;
	}
}

static void put_json_escape(struct text_out *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef", named[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *n = named; *n; n += 2) {
		if ((unsigned char)n[0] == c) {
			text_put_span(out, (char[]){'\\', n[1]}, 2);
			return;
		}
	}
	text_put(out, "\\u00");
	text_put_span(out, (char[]){hex[c >> 4], hex[c & 15]}, 2);
}

/* What a JSON string takes as it is: a look-up, because a cgroup's path is long. */
static const bool plain[UINT8_MAX + 1] = {
	[' ' ... '!'] = true,
	['#' ... '['] = true,
	[']' ... '~'] = true,
};

/* What is plain goes over in one piece, the rest a character at a time. */
void text_put_json(struct text_out *out, const char *s)
{
	const unsigned char *c = (const unsigned char *)s;

	text_put(out, "\"");
	while (*c) {
		size_t len = 0;

		while (plain[c[len]])
			len++;
		if (len == 0 && (len = utf8_length(c)) == 1)
			put_json_escape(out, *c);
		else if (len == 2 && is_c1(c))
			put_json_escape(out, c[1]); /* its code is its second byte */
		else if (len == 0)
			text_put(out, "\\ufffd"); /* the replacement character */
		else
			text_put_span(out, (const char *)c, len);
		c += len ? len : 1;
	}
	text_put(out, "\"");
}
