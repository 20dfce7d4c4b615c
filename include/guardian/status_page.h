/*
 * status_page: the status file as a person reads it: first whether guardiand is alive at all, then
 * the host, a row a service, and the last events.
 */
#ifndef GUARDIAN_STATUS_PAGE_H
#define GUARDIAN_STATUS_PAGE_H

#include "guardian/heartbeat.h"
#include "guardian/screen.h"
#include "guardian/text.h"

enum {
	STATUS_PAGE_SIZE = STATUS_TEXT_MAX + 4096
}; /* bytes; the page of 512 services fills 0.3 MiB */

void status_page(struct text_out *out, const struct screen *screen, const struct heartbeat *hb);

/* The first line of it alone. */
void status_life(struct text_out *out, const struct screen *screen, const struct heartbeat *hb);

/* The file's text as it is, with "alive":true|false put first; {"alive":false} when there is none.
 */
void status_page_json(struct text_out *out, const struct heartbeat *hb);

/* "0.4 s", "34 s", "5 min", "3 h", "2 days" */
void status_age(struct text_out *out, uint64_t us);

#endif
