/*
 * selector: the form of the words that find a service, and two refusals: a selector that takes hold
 * of the host's own cgroups, and two services that want the same container.
 *
 * The glob is matched here by its own few lines, since the core calls nothing below it. A bracket
 * stands for any character, so the guard can only be too careful.
 */
#include "guardian/selector.h"

#include <string.h>

/* ---- form ---- */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and EXTRA; the first is a letter, a digit or one of FIRST. */
static bool has_class(const char *text, size_t len, const char *first, const char *extra)
{
	if (!len || !(is_alnum(text[0]) || (text[0] && strchr(first, text[0]))))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(text[i]) && (!text[i] || !strchr(extra, text[i])))
			return false;
	}
	return true;
}

/* No control characters, and no component that climbs. */
static bool is_plain_path(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool starts = i == 0 || text[i - 1] == '/';

		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
		if (starts && len - i >= 2 && text[i] == '.' && text[i + 1] == '.' &&
			(len - i == 2 || text[i + 2] == '/'))
			return false;
	}
	return len > 0;
}

static bool is_container(const char *text, size_t len)
{
	return has_class(text, len, "", "_.-");
}

/* As the kernel shows it: cut after 15 bytes. */
static bool is_command(const char *text, size_t len)
{
	return len < POLICY_COMMAND_SIZE && has_class(text, len, "_", "_.+-");
}

static bool is_group(const char *text, size_t len)
{
	return has_class(text, len, "_", "_.-");
}

static bool is_compose(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	size_t project = slash ? (size_t)(slash - text) : 0;

	if (slash && !is_container(text, project))
		return false;
	return slash ? is_container(slash + 1, len - project - 1) : is_container(text, len);
}

static bool ends_in(const char *text, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && !memcmp(text + len - n, suffix, n);
}

/* Characters: systemd src/basic/unit-name.c, VALID_CHARS. A slice may start with '-': "-.slice". A
 * template ("worker@.service") never runs, only its instances do. */
static bool is_unit(const char *text, size_t len)
{
	static const char *const suffixes[] = {".service", ".scope", ".slice"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (ends_in(text, len, suffixes[i]))
			return has_class(text, len, "-_", ":-_.\\@") &&
			       text[len - strlen(suffixes[i]) - 1] != '@';
	return false;
}

static bool is_glob(const char *text, size_t len)
{
	return is_plain_path(text, len) && text[0] != '/';
}

static bool is_path(const char *text, size_t len)
{
	return is_plain_path(text, len) && text[0] == '/';
}

bool selector_text_ok(enum field_type type, const char *text, size_t len)
{
	static bool (*const form[FIELD_TYPE_COUNT])(const char *, size_t) = {
		[FIELD_CONTAINER] = is_container,
		[FIELD_COMMAND] = is_command,
		[FIELD_GROUP] = is_group,
		[FIELD_COMPOSE] = is_compose,
		[FIELD_UNIT] = is_unit,
		[FIELD_GLOB] = is_glob,
		[FIELD_PATH] = is_path,
	};

	return form[type] && form[type](text, len);
}

/* ---- guarded cgroups ---- */

/* Paths below /sys/fs/cgroup; "" is its root. The last component is the unit, but for the root:
 * "-.slice". */
static const char *const guarded[] = {
	"",
	"init.scope",
	"system.slice",
	"user.slice",
	"system.slice/guardiand.service",
	"system.slice/docker.service",
	"system.slice/containerd.service",
	"system.slice/systemd-journald.service",
	"system.slice/dbus.service",
	"system.slice/ssh.service",
	"system.slice/sshd.service",
};

/* The places in PATTERN from which the rest may match, as a set: no recursion, and time that only
 * grows with both. */
struct places {
	bool at[POLICY_GLOB_SIZE + 1];
};

static void skip_stars(const char *pattern, struct places *p)
{
	for (size_t i = 0; pattern[i]; i++) {
		if (p->at[i] && pattern[i] == '*')
			p->at[i + 1] = true;
	}
}

static bool is_double_star(const char *pattern, size_t i)
{
	return pattern[i + 1] == '*' || (i > 0 && pattern[i - 1] == '*');
}

/* The ']' that closes the bracket at P, or NULL; one that stands first is a member, as in [!]x]. */
static const char *bracket_end(const char *p)
{
	if (*p++ != '[')
		return NULL;
	p += *p == '!' || *p == '^';
	return *p ? strchr(p + 1, ']') : NULL;
}

/* Where one may be after C, having been at place I. */
static void step(const char *pattern, size_t i, char c, struct places *next)
{
	const char *bracket = bracket_end(pattern + i);

	if (pattern[i] == '*')
		next->at[i] |= c != '/' || is_double_star(pattern, i);
	else if (bracket)
		next->at[bracket + 1 - pattern] |= c != '/';
	else if (pattern[i] == '?')
		next->at[i + 1] |= c != '/';
	else if (pattern[i] == c)
		next->at[i + 1] = true;
}

static bool glob_reaches(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);
	struct places now = {.at[0] = true};

	skip_stars(pattern, &now);
	for (; *path; path++) {
		struct places next = {.at[0] = false};

		for (size_t i = 0; i < len; i++) {
			if (now.at[i])
				step(pattern, i, *path, &next);
		}
		now = next;
		skip_stars(pattern, &now);
	}
	return now.at[len];
}

static const char *unit_of(const char *cgroup)
{
	const char *slash = strrchr(cgroup, '/');

	if (!*cgroup)
		return "-.slice";
	return slash ? slash + 1 : cgroup;
}

const char *selector_guarded(const struct policy_service *service)
{
	const char *glob = service->cgroup + strspn(service->cgroup, "/");

	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		const char *unit = unit_of(guarded[i]);

		if (!strcmp(service->unit, unit))
			return unit;
		if (service->cgroup[0] && glob_reaches(glob, guarded[i]))
			return unit;
	}
	return NULL;
}

/* ---- overlap ---- */

/* "shop/web" and "web" both take the container of web in project shop. */
static bool same_compose(const char *a, const char *b)
{
	const char *in_a = strchr(a, '/'), *in_b = strchr(b, '/');

	if (!in_a == !in_b)
		return !strcmp(a, b);
	return !strcmp(in_a ? in_a + 1 : a, in_b ? in_b + 1 : b);
}

const struct policy_field *selector_overlap(
	const struct policy_service *a, const struct policy_service *b)
{
	const struct policy_field *shared = NULL;

	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];

		if (!(f->flags & FIELD_SELECTOR))
			continue;

		const char *x = policy_field_text(f, a), *y = policy_field_text(f, b);

		if (!*x || !*y)
			continue;
		if (f->type == FIELD_COMPOSE ? same_compose(x, y) : !strcmp(x, y))
			shared = shared ? shared : f;
		else if (f->type != FIELD_GLOB)
			return NULL; /* all that are set must agree, so this one tells them apart */
	}
	return shared;
}
