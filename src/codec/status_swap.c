/*
 * status_swap: see the header. The contract is that of status.c: add, and never rename.
 */
#include "status_swap.h"
#include "guardian/json_out.h"
#include "guardian/swap_intent.h"

static void put_flag(struct text_out *out, const char *key, bool value)
{
	json_key(out, key);
	text_put(out, value ? "true" : "false");
}

static void put_area(struct text_out *out, const struct swap_area *area)
{
	json_next(out);
	text_put(out, "{");
	json_string(out, "path", area->path);
	json_string(out, "type", swap_type_name((enum swap_type)area->type));
	json_number(out, "size_bytes", area->size_bytes);
	json_number(out, "used_bytes", area->used_bytes);
	json_key(out, "priority");
	text_put_i64(out, area->priority);
	put_flag(out, "ours", area->ours != SWAP_FOREIGN);
	text_put(out, "}");
}

static void put_areas(struct text_out *out, const struct swap_sample *s)
{
	uint16_t n = s->n_areas < SWAP_AREAS_MAX ? s->n_areas : SWAP_AREAS_MAX;

	if (!(s->valid & SWAP_AREAS))
		return;
	json_number(out, "foreign_bytes", s->foreign_bytes);
	json_open(out, "areas", "[");
	for (uint16_t i = 0; i < n; i++)
		put_area(out, &s->area[i]);
	text_put(out, "]");
}

/* ---- sentences; in quotes, so that a path may have what it likes ---- */

enum { SENTENCE_SIZE = 512 };

static void put_path(struct text_out *out, const struct policy *p, uint8_t file)
{
	text_put(out, p->swap.file);
	text_put(out, swap_file_suffix(file));
}

static void put_reason(
	struct text_out *out, const struct snapshot *snap, const struct swap_intent *in)
{
	const uint64_t n[EVENT_NUMBERS] = {
		in->size_bytes, snap->swap.fs_free_bytes, in->reserve_bytes, snap->swap.fs_magic};

	event_put_reason(out, (enum event_reason)in->reason, n);
}

static void say_problem(struct text_out *out, const struct policy *p, const struct snapshot *snap)
{
	for (uint8_t file = 0; file < SWAP_FILES_MAX; file++) {
		struct swap_intent in = swap_file_intent(p, snap, file);

		if (in.step != SWAP_STEP_REFUSE && !in.mend)
			continue;
		put_path(out, p, file);
		text_put(out, ": ");
		if (in.step == SWAP_STEP_REFUSE) {
			put_reason(out, snap, &in);
			return;
		}
		text_put(out, "mode ");
		text_put_mode(out, snap->swap.file[file].mode);
		text_put(out, " and owner ");
		text_put_u64(out, snap->swap.file[file].uid);
		text_put(out, ", should be 0600 and root");
		return;
	}
}

/* {file} {size} {have} {available} {reason} */
static const char *const plans[SWAP_STEPS] = {
	[SWAP_STEP_NONE] = "nothing, all is as the policy wants it",
	[SWAP_STEP_COVERED] = "nothing, other swap is enough",
	[SWAP_STEP_MAKE] = "make {file} of {size}",
	[SWAP_STEP_ON] = "switch {file} on",
	[SWAP_STEP_RESIZE] = "give {file} {size}, it has {have}",
	[SWAP_STEP_WAIT] = "give {file} {size} as soon as {available} of memory are available",
	[SWAP_STEP_REFUSE] = "nothing can be done for {file}: {reason}",
};

/* What a plan may speak of. */
struct telling {
	const struct policy *policy;
	const struct snapshot *snap;
	const struct swap_intent *intent;
};

static bool put_holder(struct text_out *out, struct text_span holder, const void *userdata)
{
	const struct telling *t = userdata;
	const struct swap_intent *in = t->intent;

	if (text_is(holder, "file"))
		put_path(out, t->policy, in->file);
	else if (text_is(holder, "size"))
		text_put_size(out, in->size_bytes);
	else if (text_is(holder, "have"))
		text_put_size(out, in->have_bytes);
	else if (text_is(holder, "available"))
		text_put_size(out, in->available_bytes);
	else
		put_reason(out, t->snap, in);
	return true;
}

static void say_plan(struct text_out *out, const struct policy *p, const struct snapshot *snap)
{
	struct swap_intent in = swap_intent(p, snap);
	const struct telling t = {p, snap, &in};
	const char *sentence = plans[in.step];

	if (p->swap.size_bytes == 0)
		sentence = "nothing, the policy wants no swap";
	else if (in.unknown)
		sentence = "nothing yet, not all could be read";
	text_put_sentence(out, sentence, true, put_holder, &t);
}

static void put_sentence(struct text_out *out, const char *key, const struct policy *p,
	const struct snapshot *snap,
	void (*say)(struct text_out *out, const struct policy *p, const struct snapshot *snap))
{
	char text[SENTENCE_SIZE];
	struct text_out words;

	text_out_init(&words, text, sizeof(text));
	say(&words, p, snap);
	if (words.len > 0)
		json_string(out, key, text);
}

/* ---- the whole ---- */

static void put_file(struct text_out *out, const struct policy *p, const struct snapshot *snap)
{
	const struct swap_file *f = &snap->swap.file[0];
	char mode[8];
	struct text_out digits;

	json_open(out, "file", "{");
	json_string(out, "path", p->swap.file);
	if (snap->swap.valid & SWAP_FILE_SEEN) {
		json_string(out, "state", swap_file_state_name((enum swap_file_state)f->state));
		put_flag(out, "active", f->active);
		if (f->state == SWAP_FILE_USABLE) {
			text_out_init(&digits, mode, sizeof(mode));
			text_put_mode(&digits, f->mode);
			json_string(out, "mode", mode);
			json_number(out, "size_bytes", f->size_bytes);
		}
	}
	put_sentence(out, "problem", p, snap, say_problem);
	text_put(out, "}");
}

static void put_thrash(struct text_out *out, const struct thrash_state *thrash)
{
	json_string(out, "thrash", thrash->since_us ? "thrashing" : "none");
	json_number(out, "in_bytes_per_s", thrash->in_bytes_per_s);
	json_number(out, "out_bytes_per_s", thrash->out_bytes_per_s);
}

/* Of our files, the one that something is done to; SWAP_FILES_MAX: none. */
static uint8_t file_under_way(const struct swap_state *swap)
{
	uint8_t file = 0;

	for (; file < SWAP_FILES_MAX; file++)
		for (size_t e = 0; e < SWAP_EFFORTS; e++)
			if (swap->file[file].effort[e].ticket != 0)
				return file;
	return file;
}

static void put_progress(struct text_out *out, const struct status_daemon *d,
	const struct policy *p, const struct swap_state *swap)
{
	char path[SENTENCE_SIZE];
	struct text_out words;
	uint8_t file = file_under_way(swap);

	if (!d->swap_phase)
		return;
	json_open(out, "progress", "{");
	if (file < SWAP_FILES_MAX) {
		text_out_init(&words, path, sizeof(path));
		put_path(&words, p, file);
		json_string(out, "path", path);
	}
	json_string(out, "phase", d->swap_phase);
	json_number(out, "done_bytes", d->swap_done_bytes);
	json_number(out, "total_bytes", d->swap_total_bytes);
	text_put(out, "}");
}

void status_put_swap(struct text_out *out, const struct status_daemon *d, const struct policy *p,
	const struct snapshot *snap, const struct state *state)
{
	const struct swap_sample *s = &snap->swap;

	json_open(out, "swap", "{");
	json_number(out, "wanted_bytes", p->swap.size_bytes);
	if (s->valid & SWAP_SWAPPINESS)
		json_number(out, "swappiness", s->swappiness);
	if (s->valid & SWAP_ZSWAP)
		put_flag(out, "zswap", s->zswap == SWITCH_ON);
	if (snap->host.valid & HOST_VMSTAT)
		put_thrash(out, &state->swap.thrash);
	put_areas(out, s);
	if (p->swap.size_bytes > 0)
		put_file(out, p, snap);
	put_progress(out, d, p, &state->swap);
	put_sentence(out, "plan", p, snap, say_plan);
	text_put(out, "}");
}
