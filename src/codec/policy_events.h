/*
 * policy_events: from one libyaml event to the next, the policy being filled. Private to
 * policy_yaml.
 */
#ifndef CODEC_POLICY_EVENTS_H
#define CODEC_POLICY_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <yaml.h>

#include "guardian/policy.h"
#include "guardian/policy_fields.h"
#include "guardian/report.h"

struct mark {
	uint32_t line, column; /* from 1; line 0: not there */
};

/* Where a service's (or the rest's) fields stand in the file. */
struct marks {
	struct mark self;
	struct mark field[POLICY_FIELDS_MAX];
	bool is_damaged; /* a value of it was refused, so its cross-checks would mislead */
};

enum level { LEVEL_NONE, LEVEL_TOP, LEVEL_SECTION, LEVEL_SERVICES, LEVEL_SERVICE };
enum want { WANT_KEY, WANT_FIELD, WANT_SECTION, WANT_SERVICE, WANT_NOTHING };

struct policy_loader {
	struct report *report;
	struct policy *policy;

	struct mark at; /* of the event in hand */
	enum level level;
	enum want want;
	uint32_t depth; /* of open collections */
	uint32_t skip;  /* of those, the ones being ignored */
	uint32_t n_documents;
	enum policy_section section;      /* of the keys at this level, or of the wanted section */
	const struct policy_field *field; /* WANT_FIELD */
	void *base;                       /* the struct that fields are set in ... */
	struct marks *marks;              /* ... and where they stood */

	struct policy_service *service; /* LEVEL_SERVICE: its slot, or `spare` when it is refused */
	struct policy_service spare;
	struct marks spare_marks;
	bool is_refused; /* the file as a whole, before the cross-checks */
	bool is_crowded; /* told of too many services */
	struct mark section_at[SECTION_COUNT];
	struct marks settings;
	struct marks services[POLICY_SERVICES_MAX];
};

/* LOADER is all zeros but for these. */
void policy_events_begin(
	struct policy_loader *loader, struct policy *policy, struct report *report);

/* -> 0, or negative: there is no use in reading further. What is wrong stands in the report. */
int policy_event(struct policy_loader *loader, const yaml_event_t *event);

#endif
