/*
 * swap_page: swap as a person reads it: how full it is and how busy, a row an area, the file being
 * made, what is wrong and what would be done, and a row a service, the one with the most first.
 */
#ifndef GUARDIAN_SWAP_PAGE_H
#define GUARDIAN_SWAP_PAGE_H

#include "guardian/heartbeat.h"
#include "guardian/screen.h"
#include "guardian/text.h"

struct cJSON;

/* VIEW: of swap_view(), of the same heartbeat. */
void swap_page(struct text_out *out, const struct screen *screen, const struct heartbeat *hb,
	const struct cJSON *view);

#endif
