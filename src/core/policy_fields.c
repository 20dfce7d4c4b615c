/*
 * policy_fields: what can be done with a field of struct policy without knowing which it is. The
 * table itself is policy_table.c.
 */
#include "guardian/policy_fields.h"

#include <string.h>

const struct policy_field *policy_field_find(
	enum policy_section section, const char *key, size_t len)
{
	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];

		if (f->section == section && strlen(f->key) == len && !memcmp(f->key, key, len))
			return f;
	}
	return NULL;
}

bool field_is_text(const struct policy_field *field)
{
	return field->type >= FIELD_CONTAINER;
}

/* ---- values ---- */

static uint64_t load(const void *from, uint8_t size)
{
	uint64_t wide;
	uint32_t word;

	switch (size) {
	case sizeof(wide):
		memcpy(&wide, from, sizeof(wide));
		return wide;
	case sizeof(word):
		memcpy(&word, from, sizeof(word));
		return word;
	default:
		return *(const uint8_t *)from;
	}
}

static void store(void *to, uint8_t size, uint64_t value)
{
	uint32_t word = (uint32_t)value;

	switch (size) {
	case sizeof(value):
		memcpy(to, &value, sizeof(value));
		break;
	case sizeof(word):
		memcpy(to, &word, sizeof(word));
		break;
	default:
		*(uint8_t *)to = (uint8_t)value;
	}
}

bool policy_field_get(const struct policy_field *field, const void *base, uint64_t *value)
{
	const char *at = (const char *)base + field->offset;

	if (field->limit == LIMIT_COUNT) {
		*value = load(at, field->size);
		return !(field->flags & FIELD_OPTIONAL) || *value != field->fallback;
	}
	const struct limit_set *set = (const void *)at;

	*value = set->value[field->limit];
	return limit_has(set, (enum limit_kind)field->limit);
}

void policy_field_set(const struct policy_field *field, void *base, uint64_t value)
{
	char *at = (char *)base + field->offset;

	if (field->limit == LIMIT_COUNT)
		store(at, field->size, value);
	else
		limit_put((void *)at, (enum limit_kind)field->limit, value);
}

bool policy_field_in_bounds(const struct policy_field *field, uint64_t value)
{
	if (field->type == FIELD_LIMIT && value == LIMIT_UNLIMITED)
		return true;
	return value >= field->min && value <= field->max;
}

const char *policy_field_text(const struct policy_field *field, const void *base)
{
	return (const char *)base + field->offset;
}

bool policy_field_set_text(
	const struct policy_field *field, void *base, const char *text, size_t len)
{
	char *at = (char *)base + field->offset;

	if (len >= field->size)
		return false;
	memset(at, 0, field->size); /* the rest too: equal policies are equal bytes */
	memcpy(at, text, len);
	return true;
}

bool policy_field_same(const struct policy_field *field, const void *a, const void *b)
{
	uint64_t x, y;

	if (field_is_text(field))
		return !strcmp(policy_field_text(field, a), policy_field_text(field, b));
	if (policy_field_get(field, a, &x) != policy_field_get(field, b, &y))
		return false;
	return x == y;
}

/* ---- defaults ---- */

static void default_fields(enum policy_section section, void *base)
{
	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];

		if (f->section != section || f->limit != LIMIT_COUNT)
			continue;
		if (!field_is_text(f))
			policy_field_set(f, base, f->fallback);
		else if (f->text)
			policy_field_set_text(f, base, f->text, strlen(f->text));
	}
}

void policy_service_defaults(struct policy_service *service)
{
	memset(service, 0, sizeof(*service));
	default_fields(SECTION_SERVICE, service);
}

void policy_defaults(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	for (enum policy_section s = 0; s < SECTION_SERVICE; s++)
		default_fields(s, (char *)policy + policy_section_info(s)->offset);
}

static void finish_service(struct policy_service *s)
{
	struct limit_set *limits = &s->limits;

	if (!s->container[0] && !s->compose[0] && !s->unit[0] && !s->cgroup[0])
		memcpy(s->container, s->name, sizeof(s->name));
	if (s->is_protected && !limit_has(limits, LIMIT_SWAP_MAX))
		limit_put(limits, LIMIT_SWAP_MAX, 0);
}

void policy_finish(struct policy *policy)
{
	for (uint32_t i = 0; i < policy->n_services; i++)
		finish_service(&policy->service[i]);
}
