/*
 * stream_rules: what the rules about streams share. They run in the order of this header; each is
 * called only while the policy has a cap.
 */
#ifndef GUARDIAN_CORE_STREAM_RULES_H
#define GUARDIAN_CORE_STREAM_RULES_H

#include "rules.h"

/* ---- rule_streams.c ---- */
/* The file was read, and is as it should be. */
static inline bool slots_known(const struct tick *t)
{
	return t->snap->streams.valid & STREAMS_FILE && t->snap->streams.file_state == SLOT_FILE_OK;
}
/* state.stream[i] is of snapshot.streams.process[i]. */
static inline bool processes_known(const struct tick *t)
{
	return t->snap->streams.valid & STREAMS_PROCESSES;
}
static inline bool streams_observed(const struct tick *t)
{
	return t->policy->mode == MODE_OBSERVE;
}
/* Slots held, at most as many as there are; or processes, if they are more. */
uint32_t streams_running(const struct tick *t);
/* Of the slots held, those whose holder is none of the processes. */
uint32_t slots_of_others(const struct tick *t);
/* The cap of the policy. */
uint32_t streams_max(const struct tick *t);
/* Adds an event within the ration of its kind; NULL: not now. */
struct event *tell_stream(
	struct tick *t, enum event_kind kind, struct budget *budget, const struct ration *ration);

/* ---- stream_cost.c: what one stream takes ---- */
void streams_learn(struct tick *t);

/* ---- stream_cap.c: how many memory carries ---- */
void stream_cap_keep(struct tick *t);

/* ---- stream_stray.c: those that go around the slots ---- */
void streams_account(struct tick *t);

#endif
