/*
 * check_streams: what `--check` finds of the cap on streams: whether there is one, whether its
 * semaphore file is sound, and whether it is used up or gone around.
 */
#include "check_findings.h"
#include "guardian/event.h"

static const uint8_t reasons[SLOT_FILE_STATES] = {
	[SLOT_FILE_ABSENT] = REASON_SLOTS_ABSENT,
	[SLOT_FILE_WRONG_SIZE] = REASON_SLOTS_SIZE,
	[SLOT_FILE_BAD_HEADER] = REASON_SLOTS_HEADER,
	[SLOT_FILE_WRONG_MODE] = REASON_SLOTS_MODE,
	[SLOT_FILE_REPLACED] = REASON_SLOTS_REPLACED,
	[SLOT_FILE_UNUSABLE] = REASON_SLOTS_UNUSABLE,
};

static void look_at_slots(const struct check_world *w, struct check_findings *out)
{
	const struct streams_sample *s = &w->snap->streams;
	struct check_finding full = check_finding_of(CHECK_STREAMS_FULL);
	struct check_finding fewer = check_finding_of(CHECK_STREAMS_FEWER);
	struct check_finding stray = check_finding_of(CHECK_STREAMS_STRAY);

	full.n[0] = stray.n[1] = s->in_use;
	full.n[1] = fewer.n[0] = s->effective_cap;
	full.n[2] = fewer.n[1] = s->cap;
	stray.n[0] = s->n_processes;
	fewer.subject =
		s->reason == SLOT_CAP_WARNING ? REASON_STREAMS_WARNING : REASON_STREAMS_MEMORY;
	if (s->in_use >= s->effective_cap && s->in_use > 0)
		check_add(out, &full);
	if (s->effective_cap < s->cap)
		check_add(out, &fewer);
	if (s->valid & STREAMS_PROCESSES && s->n_processes > s->in_use)
		check_add(out, &stray);
}

void check_streams(const struct check_world *w, struct check_findings *out)
{
	const struct streams_sample *s = &w->snap->streams;
	struct check_finding f = check_finding_of(CHECK_SEMAPHORE);

	if (w->policy->streams.max == 0) {
		check_add_kind(out, CHECK_NO_STREAM_CAP);
		return;
	}
	if (!(s->valid & STREAMS_FILE) || s->file_state == SLOT_FILE_UNKNOWN ||
		s->file_state >= SLOT_FILE_STATES) {
		check_add_kind(out, CHECK_SEMAPHORE_UNREAD);
		return;
	}
	if (s->file_state == SLOT_FILE_OK) {
		look_at_slots(w, out);
		return;
	}
	f.subject = reasons[s->file_state];
	f.n[0] = (uint64_t)s->file_error;
	check_add(out, &f);
}
