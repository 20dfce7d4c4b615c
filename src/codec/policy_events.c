/*
 * policy_events: libyaml's events, walked through the field table.
 *
 * A state machine without recursion: the mapping it is in (level), and what the next node is the
 * value of (want). What it does not know it reports once and skips as a whole, so that one slip
 * does not hide the next. libyaml gives events only: no document is ever composed, aliases are
 * refused, so a bomb of anchors has nothing to unfold.
 */
#include "policy_events.h"

#include <errno.h>
#include <string.h>

#include "guardian/policy_value.h"
#include "guardian/policy_yaml.h"
#include "guardian/selector.h"

/* ---- messages ---- */

/* A piece of a sentence, passed by value. */
struct piece {
	char text[192];
};

static struct piece quoted(const char *text, size_t len)
{
	struct piece piece = {""};
	struct text_out out;

	text_out_init(&out, piece.text, sizeof(piece.text));
	policy_value_put_quoted(&out, text, len);
	return piece;
}

/* "; did you mean 'mem_limit'?" */
static struct piece advice(const struct policy_loader *l, const char *key, size_t len)
{
	struct piece piece = {""};
	struct text_out out;

	text_out_init(&out, piece.text, sizeof(piece.text));
	policy_value_advise(&out, l->level == LEVEL_TOP ? SECTION_TOP : l->section, key, len);
	return piece;
}

/* "in service 'backend'" */
static struct piece where(const struct policy_loader *l)
{
	struct piece piece = {""};
	struct text_out out;
	const char *section = policy_section_info(l->section)->key;

	text_out_init(&out, piece.text, sizeof(piece.text));
	if (l->level == LEVEL_SERVICE) {
		text_put(&out, "in service ");
		policy_value_put_quoted(&out, l->service->name, strlen(l->service->name));
	} else if (l->level == LEVEL_SECTION) {
		text_put(&out, "in ");
		policy_value_put_quoted(&out, section, strlen(section));
	} else {
		text_put(&out, "at the top level");
	}
	return piece;
}

#define REFUSE(l, ...)                                                                             \
	report_addf((l)->report, REPORT_ERROR, (l)->at.line, (l)->at.column, __VA_ARGS__)

static void refuse_value(struct policy_loader *l, const char *found)
{
	const char *key = policy_section_info(l->section)->key;

	if (l->want == WANT_FIELD)
		REFUSE(l, "'%s' %s: expected %s, found %s", l->field->key, where(l).text,
			field_type_info((enum field_type)l->field->type)->accepts, found);
	else if (l->want == WANT_SERVICE)
		REFUSE(l, "service '%s': expected its keys below it, found %s", l->service->name,
			found);
	else if (l->want == WANT_SECTION)
		REFUSE(l, "'%s': expected its keys below it, found %s", key, found);
	l->marks->is_damaged = true;
}

/* ---- keys ---- */

static void unknown_key(struct policy_loader *l, const char *key, size_t len)
{
	l->want = WANT_NOTHING;
	if (len == 2 && !memcmp(key, "<<", 2))
		REFUSE(l, "merge keys (<<) are not accepted; write the values out");
	else
		REFUSE(l, "unknown key %s %s%s", quoted(key, len).text, where(l).text,
			advice(l, key, len).text);
}

/* Remembers where KEY stood; a second one is an error, but still looked at. */
static void see(struct policy_loader *l, struct mark *seen, const char *key)
{
	if (!seen->line) {
		*seen = l->at;
		return;
	}
	REFUSE(l, "duplicate key '%s' %s; first given in line %u", key, where(l).text, seen->line);
	l->marks->is_damaged = true;
}

static bool key_of_field(
	struct policy_loader *l, enum policy_section section, const char *key, size_t len)
{
	const struct policy_field *f = policy_field_find(section, key, len);

	if (!f)
		return false;
	see(l, &l->marks->field[f - policy_fields], f->key);
	l->field = f;
	l->want = WANT_FIELD;
	return true;
}

static void key_at_top(struct policy_loader *l, const char *key, size_t len)
{
	l->base = l->policy;
	if (key_of_field(l, SECTION_TOP, key, len))
		return;
	for (int s = SECTION_HOST; s < SECTION_COUNT; s++) {
		const struct policy_section_info *info =
			policy_section_info((enum policy_section)s);

		if (strlen(info->key) != len || memcmp(info->key, key, len) != 0)
			continue;
		see(l, &l->section_at[s], info->key);
		l->section = (enum policy_section)s;
		l->base = (char *)l->policy + info->offset;
		l->want = WANT_SECTION;
		return;
	}
	unknown_key(l, key, len);
}

static void key_in_section(struct policy_loader *l, const char *key, size_t len)
{
	if (!key_of_field(l, l->section, key, len))
		unknown_key(l, key, len);
}

static bool name_is_good(struct policy_loader *l, const char *name, size_t len)
{
	if (!selector_text_ok(FIELD_CONTAINER, name, len)) {
		REFUSE(l, "service name %s: expected %s", quoted(name, len).text,
			field_type_info(FIELD_CONTAINER)->accepts);
		return false;
	}
	if (len >= POLICY_NAME_SIZE) {
		REFUSE(l, "service name %s is longer than %d bytes", quoted(name, len).text,
			POLICY_NAME_SIZE - 1);
		return false;
	}
	for (uint32_t i = 0; i < l->policy->n_services; i++) {
		if (!text_is((struct text_span){name, len}, l->policy->service[i].name))
			continue;
		REFUSE(l, "duplicate service %s; first given in line %u", quoted(name, len).text,
			l->services[i].self.line);
		return false;
	}
	if (l->policy->n_services < POLICY_SERVICES_MAX)
		return true;
	if (!l->is_crowded)
		REFUSE(l, "more than %d services", POLICY_SERVICES_MAX);
	l->is_crowded = true;
	return false;
}

/* The name of a service. A refused one is still read, for the errors in it. */
static void key_in_services(struct policy_loader *l, const char *name, size_t len)
{
	struct policy *p = l->policy;

	l->service = &l->spare;
	l->marks = &l->spare_marks;
	if (name_is_good(l, name, len)) {
		l->service = &p->service[p->n_services];
		l->marks = &l->services[p->n_services++];
	}
	memset(l->marks, 0, sizeof(*l->marks));
	policy_service_defaults(l->service);
	if (!text_copy(l->service->name, sizeof(l->service->name), name, len))
		text_copy(l->service->name, sizeof(l->service->name), "?", 1);
	l->service->line = l->at.line;
	l->marks->self = l->at;
	l->base = l->service;
	l->want = WANT_SERVICE;
}

static void on_key(struct policy_loader *l, const char *key, size_t len)
{
	static void (*const on_level[])(struct policy_loader *, const char *, size_t) = {
		[LEVEL_TOP] = key_at_top,
		[LEVEL_SECTION] = key_in_section,
		[LEVEL_SERVICES] = key_in_services,
		[LEVEL_SERVICE] = key_in_section,
	};

	on_level[l->level](l, key, len);
}

/* ---- values ---- */

static bool is_null(const yaml_event_t *e)
{
	struct text_span s = {(const char *)e->data.scalar.value, e->data.scalar.length};

	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!s.len || text_is(s, "~") || text_is(s, "null"));
}

static void set_field(struct policy_loader *l, const char *text, size_t len)
{
	struct piece why = {""};
	struct text_out out;
	int r = policy_value_parse(l->field, l->base, text, len);

	if (r == 0)
		return;
	text_out_init(&out, why.text, sizeof(why.text));
	policy_value_explain(&out, l->field, r, text, len);
	REFUSE(l, "'%s' %s: %s", l->field->key, where(l).text, why.text);
	l->marks->is_damaged = true;
}

static void on_value(struct policy_loader *l, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;

	if (l->want == WANT_FIELD && !is_null(e))
		set_field(l, text, len);
	else if (l->want == WANT_FIELD)
		refuse_value(l, "nothing");
	else if (!is_null(
			 e)) /* an empty section, or a service with nothing but its name, is fine */
		refuse_value(l, quoted(text, len).text);
	l->want = WANT_KEY;
}

static int on_scalar(struct policy_loader *l, const yaml_event_t *e)
{
	if (l->skip)
		return 0;
	if (l->level == LEVEL_NONE) {
		if (!is_null(e))
			REFUSE(l, "expected keys such as 'host:' and 'services:', found only a "
				  "value");
	} else if (l->want == WANT_KEY) {
		on_key(l, (const char *)e->data.scalar.value, e->data.scalar.length);
	} else {
		on_value(l, e);
	}
	return 0;
}

static int on_alias(struct policy_loader *l, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;

	REFUSE(l, "aliases (*%.32s) are not accepted; write the value out", name);
	if (!l->skip && l->level != LEVEL_NONE)
		l->want = l->want == WANT_KEY ? WANT_NOTHING : WANT_KEY;
	return 0;
}

/* ---- collections ---- */

static int too_deep(struct policy_loader *l)
{
	if (++l->depth <= POLICY_YAML_DEPTH_MAX)
		return 0;
	REFUSE(l, "nested deeper than %d levels; the rest is not read", POLICY_YAML_DEPTH_MAX);
	return -E2BIG;
}

/* A collection where none belongs: told once, and ignored with all that is in it. */
static int on_start(struct policy_loader *l, const char *what)
{
	if (too_deep(l) < 0)
		return -E2BIG;
	if (l->skip++)
		return 0;
	if (l->level == LEVEL_NONE)
		REFUSE(l, "expected keys such as 'host:' and 'services:', found %s", what);
	else if (l->want == WANT_KEY)
		REFUSE(l, "a key must be a word, found %s", what);
	else
		refuse_value(l, what);
	return 0;
}

static int on_sequence(struct policy_loader *l, const yaml_event_t *e)
{
	(void)e;
	return on_start(l, "a list");
}

static enum level level_of_mapping(const struct policy_loader *l)
{
	if (l->level == LEVEL_NONE)
		return LEVEL_TOP;
	if (l->want == WANT_SERVICE)
		return LEVEL_SERVICE;
	if (l->want == WANT_SECTION)
		return l->section == SECTION_SERVICE ? LEVEL_SERVICES : LEVEL_SECTION;
	return LEVEL_NONE;
}

static int on_mapping(struct policy_loader *l, const yaml_event_t *e)
{
	enum level into = level_of_mapping(l);

	(void)e;
	if (l->skip || into == LEVEL_NONE)
		return on_start(l, "a mapping");
	if (too_deep(l) < 0)
		return -E2BIG;
	l->level = into;
	l->want = WANT_KEY;
	return 0;
}

/* The end of a collection. */
static int on_end(struct policy_loader *l, const yaml_event_t *e)
{
	static const enum level outer[] = {
		[LEVEL_TOP] = LEVEL_NONE,
		[LEVEL_SECTION] = LEVEL_TOP,
		[LEVEL_SERVICES] = LEVEL_TOP,
		[LEVEL_SERVICE] = LEVEL_SERVICES,
	};

	(void)e;
	l->depth--;
	if (l->skip) {
		/* what was skipped was a key, or a value */
		if (--l->skip == 0)
			l->want = l->want == WANT_KEY ? WANT_NOTHING : WANT_KEY;
		return 0;
	}
	l->level = outer[l->level];
	l->want = WANT_KEY;
	if (l->level <= LEVEL_TOP)
		l->marks = &l->settings;
	return 0;
}

static int on_document(struct policy_loader *l, const yaml_event_t *e)
{
	(void)e;
	if (++l->n_documents == 1)
		return 0;
	REFUSE(l, "a second document (---) in the file; it is not read");
	return -E2BIG;
}

/* ---- the whole ---- */

/* Anchors without an alias, and tags, would mean nothing here: refused, so that nobody believes
 * they do. */
static void refuse_properties(struct policy_loader *l, const yaml_event_t *e)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	}
	if (anchor)
		REFUSE(l, "anchors (&%.32s) are not accepted", (const char *)anchor);
	if (tag)
		REFUSE(l, "tags (%.48s) are not accepted", (const char *)tag);
}

int policy_event(struct policy_loader *l, const yaml_event_t *e)
{
	static int (*const handlers[])(struct policy_loader *, const yaml_event_t *) = {
		[YAML_DOCUMENT_START_EVENT] = on_document,
		[YAML_ALIAS_EVENT] = on_alias,
		[YAML_SCALAR_EVENT] = on_scalar,
		[YAML_SEQUENCE_START_EVENT] = on_sequence,
		[YAML_SEQUENCE_END_EVENT] = on_end,
		[YAML_MAPPING_START_EVENT] = on_mapping,
		[YAML_MAPPING_END_EVENT] = on_end,
	};

	l->at.line = (uint32_t)e->start_mark.line + 1;
	l->at.column = (uint32_t)e->start_mark.column + 1;
	refuse_properties(l, e);
	return handlers[e->type] ? handlers[e->type](l, e) : 0;
}

void policy_events_begin(struct policy_loader *loader, struct policy *policy, struct report *report)
{
	policy_defaults(policy);
	loader->policy = policy;
	loader->report = report;
	loader->marks = &loader->settings;
}
