/*
 * check_findings: what the rules of `--check` share: the list that they add to, and the sums.
 */
#ifndef GUARDIAN_CORE_CHECK_FINDINGS_H
#define GUARDIAN_CORE_CHECK_FINDINGS_H

#include "guardian/check_rules.h"
#include "guardian/memory_rules.h"

/* A finding of no service, limit or container, as bad as its kind is. */
struct check_finding check_finding_of(enum check_kind kind);

/* Behind those that are as bad or worse; when there is no room, the least bad goes. */
void check_add(struct check_findings *out, const struct check_finding *finding);

/* One that has nothing to say but its kind. */
void check_add_kind(struct check_findings *out, enum check_kind kind);

/* PART of WHOLE in hundredths of a percent, 10000 at most; 0 of nothing. */
uint32_t check_centipct(uint64_t part, uint64_t whole);

/* By which memory is judged: what swap keeps from being critical is a warning. A daemon that has
 * just seen swap fill up is slower to trust it again. */
enum memory_rules check_memory_rules(const struct check_world *w);

/* check_swap.c, check_streams.c, check_services.c: what they find. */
void check_swap(const struct check_world *w, struct check_findings *out);
void check_streams(const struct check_world *w, struct check_findings *out);
void check_services(const struct check_world *w, struct check_findings *out);

#endif
