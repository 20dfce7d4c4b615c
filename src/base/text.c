/*
 * text: strict numbers, sizes and durations in; bounded text out.
 *
 * A value in a policy or a kernel file is taken whole or refused: the C library's parsers skip
 * blanks, take signs, stop at the first odd byte and know no units, and each of these has hurt
 * somebody's limits. What goes out goes to a fixed buffer, a piece at a time: a piece that does not
 * fit is left out whole, never cut.
 */
#include <errno.h>
#include <string.h>

#include "guardian/text.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t count_digits(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && is_digit(s[n]))
		n++;
	return n;
}

int text_u64(const char *s, size_t len, uint64_t *out)
{
	uint64_t n = 0;

	if (len == 0 || count_digits(s, len) != len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (__builtin_mul_overflow(n, 10U, &n) ||
			__builtin_add_overflow(n, (uint64_t)(s[i] - '0'), &n))
			return -ERANGE;
	}
	*out = n;
	return 0;
}

int text_cgroup_value(const char *s, size_t len, uint64_t *out)
{
	if (len > 0 && s[len - 1] == '\n')
		len--;
	if (text_is((struct text_span){s, len}, "max")) {
		*out = UINT64_MAX;
		return 0;
	}
	return text_u64(s, len, out);
}

/* `whole.fraction` as it was written: fraction / scale is the part below one. */
struct decimal {
	uint64_t whole, fraction, scale;
	struct text_span unit; /* what follows the digits */
};

enum { FRACTION_DIGITS_MAX = 18 }; /* 10^18 fits 64 bits, and times 2^30 still fits 128 */

static int parse_decimal(const char *s, size_t len, struct decimal *d)
{
	size_t digits = count_digits(s, len), fraction = 0;
	int err = text_u64(s, digits, &d->whole);

	d->fraction = 0;
	d->scale = 1;
	if (digits == 0)
		return -EINVAL;
	s += digits;
	len -= digits;
	if (len > 0 && *s == '.') {
		fraction = count_digits(s + 1, len - 1);
		if (fraction == 0)
			return -EINVAL;
		if (fraction > FRACTION_DIGITS_MAX)
			return -ERANGE;
		for (size_t i = 1; i <= fraction; i++) {
			d->fraction = d->fraction * 10 + (uint64_t)(s[i] - '0');
			d->scale *= 10;
		}
		fraction++;
	}
	d->unit = (struct text_span){s + fraction, len - fraction};
	return err;
}

struct unit {
	const char *name; /* in lower case */
	uint64_t factor;
};

static const struct unit *find_unit(
	const struct unit *units, size_t n, struct text_span name, bool any_case)
{
	for (size_t u = 0; u < n; u++) {
		size_t i = 0;

		while (i < name.len && units[u].name[i] &&
			(any_case ? lower(name.start[i]) : name.start[i]) == units[u].name[i])
			i++;
		if (i == name.len && units[u].name[i] == '\0')
			return &units[u];
	}
	return NULL;
}

/* A decimal with one of the UNITS, in that unit's parts, rounded down. */
static int parse_quantity(
	const char *s, size_t len, const struct unit *units, size_t n, bool any_case, uint64_t *out)
{
	struct decimal d;
	int err = parse_decimal(s, len, &d);
	const struct unit *unit;
	unsigned __int128 total;

	if (err == -EINVAL)
		return err;
	if (err == 0 && d.unit.len == 0 && d.whole == 0 && d.scale == 1) {
		*out = 0;
		return 0;
	}
	unit = find_unit(units, n, d.unit, any_case);
	if (!unit || (unit->factor == 1 && d.scale != 1))
		return -EINVAL;
	if (err < 0)
		return err;
	total = (unsigned __int128)d.whole * unit->factor +
		(unsigned __int128)d.fraction * unit->factor / d.scale;
	if (total > UINT64_MAX)
		return -ERANGE;
	*out = (uint64_t)total;
	return 0;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int text_size(const char *s, size_t len, uint64_t *bytes)
{
	static const struct unit units[] = {
		{"b", 1},
		{"k", 1ULL << 10},
		{"kb", 1ULL << 10},
		{"m", 1ULL << 20},
		{"mb", 1ULL << 20},
		{"g", 1ULL << 30},
		{"gb", 1ULL << 30},
	};

	return parse_quantity(s, len, units, COUNT(units), true, bytes);
}

int text_duration(const char *s, size_t len, uint64_t *us)
{
	static const struct unit units[] = {
		{"ms", 1000},
		{"s", 1000000},
		{"m", 60000000},
		{"h", 3600000000},
	};

	return parse_quantity(s, len, units, COUNT(units), false, us);
}

/* Hundredths, with at most two decimals. */
static int to_centi(const struct decimal *d, uint32_t *centi)
{
	uint64_t total;

	if (d->scale > 100)
		return -EINVAL;
	if (__builtin_mul_overflow(d->whole, 100U, &total) ||
		__builtin_add_overflow(total, d->fraction * (100 / d->scale), &total) ||
		total > UINT32_MAX)
		return -ERANGE;
	*centi = (uint32_t)total;
	return 0;
}

int text_percent(const char *s, size_t len, uint32_t *centipct)
{
	struct decimal d;
	int err = parse_decimal(s, len, &d);

	if (err == -EINVAL)
		return err;
	if (len == 0 || s[len - 1] != '%' || (err == 0 && !text_is(d.unit, "%")))
		return -EINVAL;
	return err < 0 ? err : to_centi(&d, centipct);
}

int text_centi(const char *s, size_t len, uint32_t *centi)
{
	struct decimal d;
	int err = parse_decimal(s, len, &d);

	if (err < 0)
		return err;
	if (d.scale != 100 || d.unit.len != 0)
		return -EINVAL;
	return to_centi(&d, centi);
}

bool text_key_value(struct text_span *rest, struct text_span *key, struct text_span *value)
{
	const char *line = rest->start, *newline, *end, *blank;

	if (rest->len == 0)
		return false;
	newline = memchr(line, '\n', rest->len);
	end = newline ? newline : line + rest->len;
	rest->len -= (size_t)(end - line) + (newline ? 1 : 0);
	rest->start = newline ? newline + 1 : end;

	blank = line;
	while (blank < end && *blank != ' ' && *blank != '\t')
		blank++;
	*key = (struct text_span){line, (size_t)(blank - line)};
	if (key->len > 0 && line[key->len - 1] == ':')
		key->len--;
	while (blank < end && (*blank == ' ' || *blank == '\t'))
		blank++;
	*value = (struct text_span){blank, (size_t)(end - blank)};
	return true;
}

bool text_is(struct text_span span, const char *literal)
{
	return strlen(literal) == span.len && memcmp(span.start, literal, span.len) == 0;
}

/* Matches C with the bracket expression at *PATTERN ('[' itself) and steps behind it. An open one
 * matches nothing. */
static bool match_class(const char **pattern, char c)
{
	const char *p = *pattern + 1;
	bool negated = *p == '!' || *p == '^', hit = false;

	p += negated;
	for (bool first = true; *p && (first || *p != ']'); first = false) {
		char from = *p++, to = from;

		if (p[0] == '-' && p[1] && p[1] != ']') {
			to = p[1];
			p += 2;
		}
		hit |= (unsigned char)c >= (unsigned char)from &&
		       (unsigned char)c <= (unsigned char)to;
	}
	if (*p != ']')
		return false;
	*pattern = p + 1;
	return hit != negated && c != '/';
}

/* One character of S by one element of the pattern. */
static bool match_one(const char **pattern, char c)
{
	if (**pattern == '[')
		return match_class(pattern, c);
	if (**pattern == '\0' || (**pattern == '?' ? c == '/' : **pattern != c))
		return false;
	(*pattern)++;
	return true;
}

/* Where to go on when a match fails: the star swallows one character more. */
struct star {
	const char *pattern, *s;
};

bool text_glob(const char *pattern, const char *s)
{
	struct star one = {NULL, NULL}, deep = {NULL, NULL};

	/* Only the last star of either sort need be remembered: an earlier one that took less
	 * leaves more to the later. */
	while (*s || *pattern) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			pattern += strspn(pattern, "*");
			deep = (struct star){pattern, s};
			one.pattern = NULL;
		} else if (*pattern == '*') {
			one = (struct star){++pattern, s};
		} else if (*s && match_one(&pattern, *s)) {
			s++;
		} else if (one.pattern && *one.s && *one.s != '/') {
			s = ++one.s;
			pattern = one.pattern;
		} else if (deep.pattern && *deep.s) {
			s = ++deep.s;
			pattern = deep.pattern;
			one.pattern = NULL;
		} else {
			return false;
		}
	}
	return true;
}

bool text_copy(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size) {
		if (size > 0)
			dst[0] = '\0';
		return false;
	}
	memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

enum { WORD_MAX = 64, DISTANCE_MAX = 2 };

/* Levenshtein's distance, a row at a time. Words longer than WORD_MAX are far from all. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), row[WORD_MAX + 1];

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t swapped = diagonal + (a[i - 1] != b[j - 1]);
			size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = swapped < shorter ? swapped : shorter;
		}
	}
	return row[m];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
	size_t best = DISTANCE_MAX + 1, half = (strlen(word) + 1) / 2;
	const char *nearest = NULL;

	if (best > half)
		best = half;
	for (size_t i = 0; i < n; i++) {
		size_t distance = edit_distance(word, words[i]);

		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}
