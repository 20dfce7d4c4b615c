/*
 * slots_page: streams as a person reads them: how many there may be and why, a row a slot, and
 * below them the streams that run without one.
 */
#ifndef GUARDIAN_SLOTS_PAGE_H
#define GUARDIAN_SLOTS_PAGE_H

#include "guardian/heartbeat.h"
#include "guardian/screen.h"
#include "guardian/text.h"

struct cJSON;

/* VIEW: of slots_view(), of the same heartbeat. */
void slots_page(struct text_out *out, const struct screen *screen, const struct heartbeat *hb,
	const struct cJSON *view);

#endif
