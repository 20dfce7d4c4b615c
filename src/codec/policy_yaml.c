/*
 * policy_yaml: the door of the policy file: bytes in, a checked policy or a full report out, and
 * the way back.
 */
#include "guardian/policy_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/policy_check.h"
#include "guardian/policy_finding.h"
#include "guardian/policy_value.h"
#include "policy_events.h"

/* ---- what libyaml itself refuses ---- */

/* The place after character C, of which a mark counts the first byte only. */
static struct mark after(struct mark at, char c)
{
	if (c == '\n')
		return (struct mark){at.line + 1, 1};
	at.column += ((unsigned char)c & 0xc0) != 0x80;
	return at;
}

/* libyaml's reader knows only the byte. */
static struct mark mark_of_offset(const char *text, size_t len, size_t offset)
{
	struct mark at = {1, 1};

	for (size_t i = 0; i < offset && i < len; i++)
		at = after(at, text[i]);
	return at;
}

static bool is_tab(const char *text, size_t len, struct mark wanted)
{
	struct mark at = {1, 1};
	size_t i = 0;

	for (; i < len && (at.line != wanted.line || at.column != wanted.column); i++)
		at = after(at, text[i]);
	return i < len && text[i] == '\t';
}

static void report_syntax(
	const yaml_parser_t *yaml, const char *text, size_t len, struct report *report)
{
	struct mark at = {
		(uint32_t)yaml->problem_mark.line + 1, (uint32_t)yaml->problem_mark.column + 1};
	const char *problem = yaml->problem ? yaml->problem : "out of memory";
	const char *context = yaml->context ? yaml->context : "";

	if (yaml->error == YAML_READER_ERROR) {
		at = mark_of_offset(text, len, yaml->problem_offset);
		report_addf(report, REPORT_ERROR, at.line, at.column,
			"not a text file: %s (0x%02x)", problem, (unsigned int)yaml->problem_value);
	} else if (yaml->error == YAML_MEMORY_ERROR) {
		report_addf(report, REPORT_ERROR, 0, 0, "out of memory");
	} else if (is_tab(text, len, at)) {
		report_addf(report, REPORT_ERROR, at.line, at.column,
			"a tab cannot stand here; indent with spaces");
	} else {
		report_addf(report, REPORT_ERROR, at.line, at.column, "not valid YAML: %s%s%s",
			problem, *context ? " " : "", context);
	}
}

/* -> 0 when the whole file was read, however wrong its content is; -ENOMEM; -EINVAL when the end
 * was not reached */
static int read_events(struct policy_loader *l, const char *text, size_t len)
{
	yaml_parser_t yaml;
	yaml_event_t event;
	bool is_end = false;
	int r = 0;

	if (!yaml_parser_initialize(&yaml)) {
		report_addf(l->report, REPORT_ERROR, 0, 0, "out of memory");
		return -ENOMEM;
	}
	yaml_parser_set_encoding(&yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
	while (r == 0 && !is_end) {
		if (!yaml_parser_parse(&yaml, &event)) {
			report_syntax(&yaml, text, len, l->report);
			r = yaml.error == YAML_MEMORY_ERROR ? -ENOMEM : -EINVAL;
			break;
		}
		r = policy_event(l, &event);
		is_end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&yaml);
	return r;
}

/* ---- cross-checks ---- */

static struct mark place_of(const struct policy_loader *l, const struct policy_finding *f)
{
	const struct marks *marks = &l->settings;
	struct mark at = l->section_at[SECTION_SERVICE];

	if (f->service != FINDING_NO_SERVICE) {
		marks = &l->services[f->service];
		at = marks->self;
	} else if (f->field && l->section_at[f->field->section].line) {
		at = l->section_at[f->field->section];
	}
	if (f->field && marks->field[f->field - policy_fields].line)
		at = marks->field[f->field - policy_fields];
	return at;
}

/* Where a value was refused its default took the place, and what rests on that would mislead. */
static bool is_misleading(const struct policy_loader *l, const struct policy_finding *f)
{
	const struct finding_info *info = finding_info((enum finding_kind)f->kind);

	if (!info->on_defaults)
		return false;
	if (!info->is_error)
		return l->is_refused;
	if (f->service == FINDING_NO_SERVICE)
		return l->settings.is_damaged;
	return l->services[f->service].is_damaged ||
	       (f->other != FINDING_NO_SERVICE && l->services[f->other].is_damaged);
}

static void report_finding(void *to, const struct policy_finding *f)
{
	struct policy_loader *l = to;
	bool is_error = finding_info((enum finding_kind)f->kind)->is_error;
	struct mark at = place_of(l, f);
	char text[REPORT_TEXT_SIZE];
	struct text_out out;

	if (is_misleading(l, f))
		return;
	text_out_init(&out, text, sizeof(text));
	policy_finding_message(&out, f, l->policy);
	report_add(l->report, is_error ? REPORT_ERROR : REPORT_WARNING, at.line, at.column, text);
}

/* ---- in ---- */

static int parse(struct policy_loader *l, const char *text, size_t len, uint64_t mem_total_bytes)
{
	int r = read_events(l, text, len);

	if (r < 0)
		return r == -ENOMEM ? r : -EINVAL;
	l->is_refused = l->report->n_errors > 0;
	policy_finish(l->policy);
	policy_check(l->policy, mem_total_bytes, report_finding, l);
	return l->report->n_errors ? -EINVAL : 0;
}

int policy_yaml_parse(const char *file_name, const char *text, size_t len, uint64_t mem_total_bytes,
	struct policy *out, struct report *report)
{
	struct policy_loader *l;
	int r;

	report_init(report, file_name);
	if (len > POLICY_YAML_BYTES_MAX) {
		report_addf(report, REPORT_ERROR, 0, 0,
			"longer than %d bytes, which no policy is; is this the right file?",
			POLICY_YAML_BYTES_MAX);
		return -EINVAL;
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		report_addf(report, REPORT_ERROR, 0, 0, "out of memory");
		return -ENOMEM;
	}
	policy_events_begin(l, out, report);
	r = parse(l, text, len, mem_total_bytes);
	free(l);
	return r;
}

/* What to do about a file that cannot be read. */
static const char *remedy(int error)
{
	static const struct {
		int error;
		const char *words;
	} remedies[] = {
		{ENOENT,
			"no such file; write one (see guardian.yaml(5)) or name one with --config"},
		{EACCES, "may not be read by this user; run as root, or make it readable"},
		{EISDIR, "is a folder; name the file in it"},
		{ELOOP, "is a symbolic link that leads nowhere, or out of --root; name the file "
			"itself"},
		{EFBIG, "longer than 1 MiB, which no policy is; is this the right file?"},
		{ENOMEM, "out of memory"},
	};

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (remedies[i].error == error)
			return remedies[i].words;
	}
	return strerror(error);
}

/* Whoever may write the policy commands guardiand, which is root. Only said: a host on which that
 * is so is better off with its limits than without. */
static void look_at_rights(const struct stat *st, struct report *report)
{
	report->others_may_write = st->st_mode & (S_IWGRP | S_IWOTH);
	if (report->others_may_write)
		report_addf(report, REPORT_WARNING, 0, 0,
			"mode %04o: others than its owner may write it, and so command guardiand; "
			"chmod go-w",
			(unsigned int)st->st_mode & 07777);
	if (geteuid() != 0 || st->st_uid == 0)
		return;
	report->others_may_write = true;
	report_addf(report, REPORT_WARNING, 0, 0,
		"belongs to user %u, who may so command guardiand; chown root",
		(unsigned int)st->st_uid);
}

int policy_yaml_load(int rootfd, const char *path, uint64_t mem_total_bytes, struct policy *out,
	struct report *report)
{
	char *text = NULL;
	size_t len = 0;
	struct stat st;
	int r = fs_read_known(
		rootfd, path, rootfd == AT_FDCWD, POLICY_YAML_BYTES_MAX, &text, &len, &st);

	if (r < 0) {
		report_init(report, path);
		report_add(report, REPORT_ERROR, 0, 0, remedy(-r));
		return r;
	}
	r = policy_yaml_parse(path, text, len, mem_total_bytes, out, report);
	look_at_rights(&st, report);
	free(text);
	return r;
}

/* ---- out ---- */

static void print_fields(
	enum policy_section section, const void *base, const char *indent, struct text_out *out)
{
	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];
		uint64_t ignored;

		if (f->section != section)
			continue;
		if (field_is_text(f) ? !*policy_field_text(f, base)
				     : !policy_field_get(f, base, &ignored))
			continue;
		text_put(out, indent);
		text_put(out, f->key);
		text_put(out, ": ");
		policy_value_put(out, f, base);
		text_put(out, "\n");
	}
}

void policy_yaml_print(const struct policy *policy, struct text_out *out)
{
	print_fields(SECTION_TOP, policy, "", out);
	for (int s = SECTION_HOST; s < SECTION_SERVICE; s++) {
		const struct policy_section_info *info =
			policy_section_info((enum policy_section)s);

		text_put(out, info->key);
		text_put(out, ":\n");
		print_fields(
			(enum policy_section)s, (const char *)policy + info->offset, "  ", out);
	}
	text_put(out, policy->n_services ? "services:\n" : "services: {}\n");
	for (uint32_t i = 0; i < policy->n_services; i++) {
		text_put(out, "  ");
		text_put(out, policy->service[i].name);
		text_put(out, ":\n");
		print_fields(SECTION_SERVICE, &policy->service[i], "    ", out);
	}
}
