/*
 * cgroup_text: the longer files of a cgroup, parsed into a sample.
 *
 * Each parser takes a whole file's text and stores its group of readings, or leaves the sample as
 * it is. -> whether the text had all that the group's bit in `valid` promises.
 */
#ifndef GUARDIAN_OS_CGROUP_TEXT_H
#define GUARDIAN_OS_CGROUP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guardian/snapshot.h"

typedef bool (*cgroup_text_parser)(const char *text, size_t len, struct member_sample *m);

bool cgroup_text_stat(const char *text, size_t len, struct member_sample *m);
/* The same, with the PLACES of its keys kept by the caller: keyed.h. */
bool cgroup_text_stat_placed(
	uint16_t *places, const char *text, size_t len, struct member_sample *m);
/* member_unreclaimable() of a memory.stat, also of a kernel whose file has not all that the group
 * promises. -> whether anon, shmem and slab_reclaimable are there. */
bool cgroup_text_unreclaimable(const char *text, size_t len, uint64_t *bytes);
bool cgroup_text_events(const char *text, size_t len, struct member_sample *m);
bool cgroup_text_events_local(const char *text, size_t len, struct member_sample *m);
bool cgroup_text_pressure(const char *text, size_t len, struct member_sample *m);
bool cgroup_text_populated(const char *text, size_t len, struct member_sample *m);

#endif
