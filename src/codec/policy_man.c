/*
 * policy-man: the man page guardian.yaml(5) from its prose, on standard input, and the field table:
 * a line
 * `@fields host@` becomes the list of that section's keys. Run by the Makefile, so that page and
 * program cannot differ.
 */
#include <stdio.h>
#include <string.h>

#include "guardian/policy_fields.h"
#include "guardian/policy_value.h"

enum { LINE_SIZE = 1024 };

/* For roff: a backslash is an escape, and a hyphen that may be copied is \-. */
static void print_escaped(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' || *s == '-')
			putchar('\\');
		putchar(*s == '\\' ? 'e' : *s);
	}
}

static void print_number(const struct policy_field *f, uint64_t value)
{
	char text[64];
	struct text_out out;

	text_out_init(&out, text, sizeof(text));
	policy_value_put_number(&out, f, value);
	print_escaped(text);
}

static void print_type(const struct policy_field *f)
{
	if (f->type != FIELD_WORD) {
		printf("\\fI%s\\fR", field_type_info((enum field_type)f->type)->name);
		return;
	}
	for (uint32_t i = 0; i <= f->max; i++)
		printf("%s\\fB%s\\fR", i ? " | " : "", f->word(i));
}

static void print_default(const struct policy_field *f)
{
	printf("Default: ");
	if (f->otherwise)
		print_escaped(f->otherwise);
	else if (f->text)
		print_escaped(f->text);
	else
		print_number(f, f->fallback);
	printf(".\n");
}

static void print_bounds(const struct policy_field *f)
{
	if (f->type > FIELD_COUNT)
		return;
	printf("Range: ");
	print_number(f, f->min);
	printf(" to ");
	print_number(f, f->max);
	printf("%s.\n", f->type == FIELD_LIMIT ? ", or \\fBunlimited\\fR" : "");
}

static void print_field(const struct policy_field *f)
{
	printf(".TP\n\\fB");
	print_escaped(f->key);
	printf(":\\fR ");
	print_type(f);
	printf("\n");
	print_escaped(f->help);
	printf("\n");
	print_default(f);
	print_bounds(f);
}

/* -> false when there is no such section */
static bool print_section(const char *name)
{
	int section = SECTION_TOP;

	if (strcmp(name, "top") != 0)
		for (section++; section < SECTION_COUNT; section++)
			if (!strcmp(name, policy_section_info((enum policy_section)section)->key))
				break;
	for (size_t i = 0; i < policy_fields_count; i++) {
		if (policy_fields[i].section == section)
			print_field(&policy_fields[i]);
	}
	return section < SECTION_COUNT;
}

int main(void)
{
	char line[LINE_SIZE], name[LINE_SIZE];

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "@fields %1000[a-z]@", name) != 1) {
			(void)fputs(line, stdout); /* asked of the stream at the end */
		} else if (!print_section(name)) {
			(void)fprintf(stderr, "policy-man: no section '%s'\n", name);
			return 1;
		}
	}
	return ferror(stdin) || fflush(stdout) || ferror(stdout) ? 1 : 0;
}
