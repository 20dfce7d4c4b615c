/*
 * swap_intent: see the header.
 *
 * What guardiand may do with a file depends on whose it is. Switching on needs a swap file at the
 * policy's path; another size, a new header or filled holes need our label in it besides, since a
 * swap file that a person has made may stand in fstab by its UUID; anything else is never touched.
 */
#include "guardian/swap_intent.h"

#define COMMON_RESERVE_BYTES (2ULL << 30)
#define COMMON_RESERVE_PART  10 /* of the file system */
#define PAGE_BYTES_COMMON    4096ULL

const char *swap_step_name(enum swap_step step)
{
	static const char *const names[SWAP_STEPS] = {
		[SWAP_STEP_NONE] = "none",
		[SWAP_STEP_COVERED] = "covered",
		[SWAP_STEP_MAKE] = "make",
		[SWAP_STEP_ON] = "on",
		[SWAP_STEP_RESIZE] = "resize",
		[SWAP_STEP_WAIT] = "wait",
		[SWAP_STEP_REFUSE] = "refuse",
	};

	return (size_t)step < SWAP_STEPS ? names[step] : "unknown";
}

/* ---- sizes ---- */

static uint64_t whole_pages(const struct snapshot *snap, uint64_t bytes)
{
	return bytes - bytes % (snap->page_bytes ? snap->page_bytes : PAGE_BYTES_COMMON);
}

/* Of all our files together. Needs SWAP_AREAS. */
static uint64_t wanted_of_ours(const struct policy *policy, const struct snapshot *snap)
{
	return whole_pages(snap, bytes_less(policy->swap.size_bytes, snap->swap.foreign_bytes));
}

/* One that counts: in use, or ready for it. The path of the second the policy does not name, so
 * that a file there must be ours. */
static bool is_swap(const struct swap_sample *s, uint8_t file)
{
	const struct swap_file *f = &s->file[file];

	return f->active || (f->state == SWAP_FILE_USABLE && (file == 0 || f->labelled));
}

/* Of a file that is longer than its header says, the kernel uses what the header says. */
static uint64_t header_bytes(const struct swap_file *f)
{
	return f->header_bytes && f->header_bytes < f->size_bytes ? f->header_bytes : f->size_bytes;
}

static uint64_t bytes_of(const struct swap_sample *s, uint8_t file)
{
	return is_swap(s, file) ? header_bytes(&s->file[file]) : 0;
}

uint64_t swap_reserve_bytes(const struct policy *policy, const struct snapshot *snap)
{
	uint64_t part = snap->swap.fs_total_bytes / COMMON_RESERVE_PART;

	if (policy->swap.reserve_bytes != SWAP_RESERVE_COMMON)
		return policy->swap.reserve_bytes;
	return part < COMMON_RESERVE_BYTES ? part : COMMON_RESERVE_BYTES;
}

/* ---- what a step needs ---- */

static struct swap_intent refuse(struct swap_intent in, enum event_reason reason)
{
	in.step = SWAP_STEP_REFUSE;
	in.reason = (uint8_t)reason;
	return in;
}

/* STEP, which takes MORE of the disk, if the file system can and may give it. */
static struct swap_intent with_space(struct swap_intent in, enum swap_step step, uint64_t more,
	const struct policy *policy, const struct snapshot *snap)
{
	const struct swap_sample *s = &snap->swap;

	if (!(s->valid & SWAP_FS)) {
		in.unknown = true;
		return in;
	}
	in.reserve_bytes = swap_reserve_bytes(policy, snap);
	if (s->fs == SWAP_FS_REFUSED)
		return refuse(in, REASON_SWAP_FS);
	if (bytes_less(s->fs_free_bytes, in.reserve_bytes) < more)
		return refuse(in, REASON_SWAP_SPACE);
	in.step = (uint8_t)step;
	return in;
}

static const struct swap_area *area_of(const struct swap_sample *s, uint8_t file)
{
	uint16_t n = s->n_areas < SWAP_AREAS_MAX ? s->n_areas : SWAP_AREAS_MAX;

	for (uint16_t i = 0; i < n; i++)
		if (s->area[i].ours == (int)file)
			return &s->area[i];
	return NULL;
}

/* Whether all that is in FILE fits into memory with a margin; IN says what is missing. */
static bool can_be_off(const struct policy *policy, const struct snapshot *snap, uint8_t file,
	struct swap_intent *in)
{
	const struct swap_area *area = area_of(&snap->swap, file);

	if (!snap->swap.file[file].active)
		return true;
	if (!area || !(snap->host.valid & HOST_MEMORY)) {
		in->unknown = true;
		return false;
	}
	in->used_bytes = area->used_bytes;
	in->available_bytes = swap_off_needs_bytes(area->used_bytes, policy->host.reserve_bytes);
	return snap->host.mem_available_bytes >= in->available_bytes;
}

/* ---- one file ---- */

static struct swap_intent make_first(const struct policy *policy, const struct snapshot *snap)
{
	const struct swap_sample *s = &snap->swap;
	struct swap_intent in = {.step = SWAP_STEP_NONE};
	uint64_t wanted;

	if (!(s->valid & SWAP_AREAS)) {
		in.unknown = true;
		return in;
	}
	wanted = wanted_of_ours(policy, snap);
	in.size_bytes = bytes_less(wanted, bytes_of(s, 1));
	if (in.size_bytes < SWAP_STEP_BYTES) {
		in.step = wanted < SWAP_STEP_BYTES ? SWAP_STEP_COVERED : SWAP_STEP_NONE;
		return in;
	}
	return with_space(in, SWAP_STEP_MAKE, in.size_bytes, policy, snap);
}

/* A file of ours that swapon(2) would refuse: left so by a crash, or damaged. It is given the size
 * it has, whole; a size that the policy wants is another matter. */
static struct swap_intent repair(struct swap_intent in, enum event_reason reason,
	const struct policy *policy, const struct snapshot *snap)
{
	const struct swap_file *f = &snap->swap.file[in.file];

	in.size_bytes = whole_pages(snap, f->size_bytes);
	if (!f->labelled || in.size_bytes < SWAP_STEP_BYTES)
		return refuse(in, reason);
	return with_space(in, SWAP_STEP_RESIZE, 0, policy, snap);
}

/* A resize that was killed leaves a file longer than its header says, be it by what growing had got
 * already or by what shrinking had still to cut. That part is given back; a size that the policy
 * wants is another matter. */
static bool is_unfinished(const struct snapshot *snap, const struct swap_file *f)
{
	return f->labelled && whole_pages(snap, f->size_bytes) > header_bytes(f);
}

static struct swap_intent switch_on(struct swap_intent in, const struct snapshot *snap)
{
	const struct swap_file *f = &snap->swap.file[in.file];

	in.step = SWAP_STEP_ON;
	if (is_unfinished(snap, f)) {
		in.step = SWAP_STEP_RESIZE;
		in.size_bytes = header_bytes(f);
	}
	return in;
}

struct swap_intent swap_file_intent(
	const struct policy *policy, const struct snapshot *snap, uint8_t file)
{
	static const uint8_t reasons[SWAP_FILE_STATES] = {
		[SWAP_FILE_NOT_REGULAR] = REASON_SWAP_NOT_REGULAR,
		[SWAP_FILE_NO_HEADER] = REASON_SWAP_NO_HEADER,
		[SWAP_FILE_HOLES] = REASON_SWAP_HOLES,
		[SWAP_FILE_WRONG_HEADER] = REASON_SWAP_WRONG_HEADER,
		[SWAP_FILE_UNREADABLE] = REASON_SWAP_UNREADABLE,
	};
	const struct swap_file *f = &snap->swap.file[file];
	struct swap_intent in = {.file = file, .have_bytes = f->size_bytes};

	if (policy->swap.size_bytes == 0)
		return in;
	if (!(snap->swap.valid & SWAP_FILE_SEEN) || f->state == SWAP_FILE_UNKNOWN ||
		f->state >= SWAP_FILE_STATES) {
		in.unknown = true;
		return in;
	}
	if (f->replaced)
		return refuse(in, REASON_SWAP_REPLACED);
	in.mend = is_swap(&snap->swap, file) && (!f->mode_ok || !f->owner_ok);
	if (f->active)
		return in;
	if (f->state == SWAP_FILE_ABSENT)
		return file == 0 ? make_first(policy, snap) : in;
	if (file > 0 && !f->labelled) /* in the place of a second one it harms nobody */
		return in;
	if (f->state == SWAP_FILE_USABLE)
		return switch_on(in, snap);
	if (f->state == SWAP_FILE_HOLES || f->state == SWAP_FILE_WRONG_HEADER)
		return repair(in, (enum event_reason)reasons[f->state], policy, snap);
	return refuse(in, (enum event_reason)reasons[f->state]);
}

/* ---- all files ---- */

/* Gives FILE another size, in place, if it is ours and can be switched off. */
static struct swap_intent resize(
	const struct policy *policy, const struct snapshot *snap, uint8_t file, uint64_t size_bytes)
{
	const struct swap_file *f = &snap->swap.file[file];
	struct swap_intent in = {.file = file,
		.have_bytes = f->size_bytes,
		.size_bytes = whole_pages(snap, size_bytes)};

	if (!f->labelled)
		return refuse(in, REASON_SWAP_NOT_OURS);
	if (!can_be_off(policy, snap, file, &in)) {
		in.step = in.unknown ? SWAP_STEP_NONE : SWAP_STEP_WAIT;
		return in;
	}
	return with_space(
		in, SWAP_STEP_RESIZE, bytes_less(in.size_bytes, f->size_bytes), policy, snap);
}

static bool is_blocked(const struct swap_intent *in)
{
	return in->step == SWAP_STEP_WAIT ||
	       (in->step == SWAP_STEP_REFUSE && in->reason == REASON_SWAP_NOT_OURS);
}

/* In the first file that can be switched off; else beside it, in a second. */
static struct swap_intent grow(
	const struct policy *policy, const struct snapshot *snap, uint64_t more)
{
	const struct swap_sample *s = &snap->swap;
	struct swap_intent in = resize(policy, snap, 0, bytes_plus(bytes_of(s, 0), more)), second;

	if (!is_blocked(&in))
		return in;
	if (is_swap(s, 1)) {
		second = resize(policy, snap, 1, bytes_plus(bytes_of(s, 1), more));
		return is_blocked(&second) ? in : second;
	}
	if (s->file[1].state != SWAP_FILE_ABSENT)
		return in;
	second = (struct swap_intent){.file = 1, .size_bytes = whole_pages(snap, more)};
	return with_space(second, SWAP_STEP_MAKE, second.size_bytes, policy, snap);
}

/* From the second file first; none is made smaller than what is worth making. */
static struct swap_intent shrink(
	const struct policy *policy, const struct snapshot *snap, uint64_t spare)
{
	struct swap_intent in = {.step = SWAP_STEP_NONE}, blocked = in;

	for (uint8_t file = SWAP_FILES_MAX; file-- > 0;) {
		uint64_t have = bytes_of(&snap->swap, file),
			 most = bytes_less(have, SWAP_STEP_BYTES),
			 take = most < spare ? most : spare;

		if (take < SWAP_STEP_BYTES)
			continue;
		in = resize(policy, snap, file, have - take);
		if (!is_blocked(&in))
			return in;
		blocked = in;
	}
	return blocked;
}

struct swap_intent swap_size_intent(const struct policy *policy, const struct snapshot *snap)
{
	const struct swap_sample *s = &snap->swap;
	struct swap_intent none = {.step = SWAP_STEP_NONE};
	uint64_t wanted, have;

	if (policy->swap.size_bytes == 0)
		return none;
	if (!(s->valid & SWAP_FILE_SEEN) || !(s->valid & SWAP_AREAS)) {
		none.unknown = true;
		return none;
	}
	if (!is_swap(s, 0) || s->file[0].replaced || s->file[1].replaced)
		return none; /* first it must be there */
	wanted = wanted_of_ours(policy, snap);
	have = bytes_plus(bytes_of(s, 0), bytes_of(s, 1));
	if (wanted >= have && wanted - have >= SWAP_STEP_BYTES)
		return grow(policy, snap, wanted - have);
	if (have > wanted && have - wanted >= SWAP_STEP_BYTES && wanted >= SWAP_STEP_BYTES)
		return shrink(policy, snap, have - wanted);
	return none;
}

struct swap_intent swap_intent(const struct policy *policy, const struct snapshot *snap)
{
	struct swap_intent in = {.step = SWAP_STEP_NONE};

	for (uint8_t file = 0; file < SWAP_FILES_MAX; file++) {
		in = swap_file_intent(policy, snap, file);
		if (in.step != SWAP_STEP_NONE || in.unknown)
			return in;
	}
	return swap_size_intent(policy, snap);
}
