/*
 * check_swap: what `--check` finds of swap. It asks what the rule that keeps swap asks
 * (swap_intent), so that a check never calls wrong what guardiand leaves as it is.
 */
#include "check_findings.h"
#include "guardian/swap_intent.h"

static void look_at_use(const struct check_world *w, struct check_findings *out)
{
	const struct host_sample *host = &w->snap->host;
	uint64_t total = host->swap_total_bytes, used;
	struct check_finding f = check_finding_of(CHECK_SWAP_HIGH);

	if (!(host->valid & HOST_SWAP)) {
		check_add_kind(out, CHECK_SWAP_UNREAD);
		return;
	}
	if (total == 0) {
		check_add_kind(out, CHECK_NO_SWAP);
		return;
	}
	used = total > host->swap_free_bytes ? total - host->swap_free_bytes : 0;
	f.n[0] = check_centipct(used, total);
	f.n[1] = used;
	f.n[2] = total;
	if (f.n[0] >= SWAP_HIGH_CENTIPCT)
		check_add(out, &f);
}

static void refused(
	const struct check_world *w, const struct swap_intent *in, struct check_findings *out)
{
	struct check_finding f = check_finding_of(CHECK_SWAP_UNUSABLE);

	f.subject = in->reason;
	f.n[0] = in->file;
	f.n[1] = w->snap->swap.fs_free_bytes;
	f.n[2] = in->reserve_bytes;
	f.n[3] = in->size_bytes;
	check_add(out, &f);
}

static void look_at_file(const struct check_world *w, uint8_t file, struct check_findings *out)
{
	const struct swap_file *seen = &w->snap->swap.file[file];
	struct swap_intent in = swap_file_intent(w->policy, w->snap, file);
	bool any_swap = w->snap->host.valid & HOST_SWAP && w->snap->host.swap_total_bytes > 0;
	struct check_finding mode = check_finding_of(CHECK_SWAP_MODE);
	struct check_finding absent = check_finding_of(CHECK_SWAP_ABSENT);

	mode.n[0] = absent.n[0] = file;
	mode.n[1] = seen->mode;
	mode.n[2] = seen->uid;
	if (in.mend)
		check_add(out, &mode);
	if (in.step == SWAP_STEP_REFUSE)
		refused(w, &in, out);
	else if (any_swap && in.step != SWAP_STEP_NONE && in.step != SWAP_STEP_COVERED)
		check_add(out, &absent);
}

/* Larger than the policy wants is nothing to worry about. */
static void look_at_size(const struct check_world *w, struct check_findings *out)
{
	struct swap_intent in = swap_size_intent(w->policy, w->snap);
	struct check_finding f = check_finding_of(CHECK_SWAP_SMALL);

	if (in.step == SWAP_STEP_REFUSE)
		refused(w, &in, out);
	if (in.step == SWAP_STEP_NONE || in.step == SWAP_STEP_REFUSE ||
		in.size_bytes < in.have_bytes)
		return;
	f.n[0] = w->policy->swap.size_bytes;
	f.n[1] = w->snap->host.valid & HOST_SWAP ? w->snap->host.swap_total_bytes : in.have_bytes;
	check_add(out, &f);
}

void check_swap(const struct check_world *w, struct check_findings *out)
{
	look_at_use(w, out);
	for (uint8_t file = 0; file < SWAP_FILES_MAX; file++)
		look_at_file(w, file, out);
	look_at_size(w, out);
}
