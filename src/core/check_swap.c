/*
 * check_swap: see the header. It asks what the rule that keeps swap asks (swap_intent), so that a
 * check never calls wrong what guardiand leaves as it is.
 */
#include "check_swap.h"

#include "guardian/swap_intent.h"

struct findings {
	struct check_finding *finding;
	size_t n;
};

static struct check_finding *find(struct findings *out, enum check_kind kind, uint8_t subject)
{
	struct check_finding *f = &out->finding[out->n++];

	f->kind = (uint8_t)kind;
	f->subject = subject;
	return f;
}

static void look_at_use(const struct check_world *w, struct findings *out)
{
	const struct host_sample *host = &w->snap->host;
	uint64_t total = host->swap_total_bytes, used;
	struct check_finding *f;

	if (!(host->valid & HOST_SWAP)) {
		find(out, CHECK_SWAP_UNREAD, 0);
		return;
	}
	if (total == 0) {
		find(out, CHECK_NO_SWAP, 0);
		return;
	}
	used = total > host->swap_free_bytes ? total - host->swap_free_bytes : 0;
	if (used / 1024 * 10000 < total / 1024 * SWAP_HIGH_CENTIPCT)
		return;
	f = find(out, CHECK_SWAP_HIGH, 0);
	f->n[0] = total / 1024 ? used / 1024 * 10000 / (total / 1024) : 10000;
	f->n[1] = used;
	f->n[2] = total;
}

static void refused(const struct check_world *w, const struct swap_intent *in, struct findings *out)
{
	struct check_finding *f = find(out, CHECK_SWAP_UNUSABLE, in->reason);

	f->n[0] = in->file;
	f->n[1] = w->snap->swap.fs_free_bytes;
	f->n[2] = in->reserve_bytes;
	f->n[3] = in->size_bytes;
}

static void look_at_file(const struct check_world *w, uint8_t file, struct findings *out)
{
	const struct swap_file *seen = &w->snap->swap.file[file];
	struct swap_intent in = swap_file_intent(w->policy, w->snap, file);
	bool any_swap = w->snap->host.valid & HOST_SWAP && w->snap->host.swap_total_bytes > 0;
	struct check_finding *f;

	if (in.mend) {
		f = find(out, CHECK_SWAP_MODE, 0);
		f->n[0] = file;
		f->n[1] = seen->mode;
		f->n[2] = seen->uid;
	}
	if (in.step == SWAP_STEP_REFUSE)
		refused(w, &in, out);
	else if (any_swap && in.step != SWAP_STEP_NONE && in.step != SWAP_STEP_COVERED)
		find(out, CHECK_SWAP_ABSENT, 0)->n[0] = file;
}

/* Larger than the policy wants is nothing to worry about. */
static void look_at_size(const struct check_world *w, struct findings *out)
{
	struct swap_intent in = swap_size_intent(w->policy, w->snap);
	struct check_finding *f;

	if (in.step == SWAP_STEP_REFUSE)
		refused(w, &in, out);
	if (in.step == SWAP_STEP_NONE || in.step == SWAP_STEP_REFUSE ||
		in.size_bytes < in.have_bytes)
		return;
	f = find(out, CHECK_SWAP_SMALL, 0);
	f->n[0] = w->policy->swap.size_bytes;
	f->n[1] = w->snap->host.valid & HOST_SWAP ? w->snap->host.swap_total_bytes : in.have_bytes;
}

size_t check_swap(const struct check_world *w, struct check_finding found[CHECK_SWAP_FINDINGS_MAX])
{
	struct findings out = {found, 0};

	look_at_use(w, &out);
	for (uint8_t file = 0; file < SWAP_FILES_MAX; file++)
		look_at_file(w, file, &out);
	look_at_size(w, &out);
	return out.n;
}
