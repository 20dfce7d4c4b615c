/*
 * status_grid: the services of a status file as a table, a row a member, in the width there is.
 */
#ifndef GUARDIAN_STATUS_GRID_H
#define GUARDIAN_STATUS_GRID_H

#include "guardian/screen.h"
#include "guardian/text.h"

struct cJSON;

/* SERVICES: the status file's array of that name. */
void status_grid(struct text_out *out, const struct screen *screen, const struct cJSON *services);

/* Of a state or level: "ok", "warn", ... */
enum screen_colour status_colour(const char *word);

/* OBJECT's number of bytes: "1.5 GiB"; "unlimited" for null, "-" without. */
void status_put_size(struct text_out *cell, const struct cJSON *object, const char *key);

/* PART of WHOLE in hundredths of a percent; 0 of nothing. */
uint64_t status_centipct(uint64_t part, uint64_t whole);

#endif
