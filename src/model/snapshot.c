/*
 * snapshot: what is computed from one reading alone, whether two differ, and the words for peers
 * and for what a machine lacks.
 *
 * memory.stat and memory.current are read one after the other, so a difference may come out below
 * zero: it is zero then.
 */
#include <stddef.h>

#include "guardian/snapshot.h"

static bool psi_line_same(const struct psi_line *a, const struct psi_line *b)
{
	return a->avg10_centipct == b->avg10_centipct && a->avg60_centipct == b->avg60_centipct &&
	       a->avg300_centipct == b->avg300_centipct && a->total_us == b->total_us;
}

static bool psi_same(const struct psi *a, const struct psi *b)
{
	return psi_line_same(&a->some, &b->some) && psi_line_same(&a->full, &b->full);
}

static bool host_memory_same(const struct host_sample *a, const struct host_sample *b)
{
	return a->mem_total_bytes == b->mem_total_bytes &&
	       a->mem_available_bytes == b->mem_available_bytes &&
	       a->mem_free_bytes == b->mem_free_bytes &&
	       a->swap_total_bytes == b->swap_total_bytes &&
	       a->swap_free_bytes == b->swap_free_bytes;
}

static bool host_vmstat_same(const struct host_sample *a, const struct host_sample *b)
{
	return a->oom_kill == b->oom_kill && a->pgscan == b->pgscan && a->pgsteal == b->pgsteal &&
	       a->pswpin == b->pswpin && a->pswpout == b->pswpout &&
	       a->refault_anon == b->refault_anon && a->refault_file == b->refault_file;
}

bool host_same(const struct host_sample *a, const struct host_sample *b)
{
	return a->valid == b->valid && host_memory_same(a, b) && host_vmstat_same(a, b) &&
	       psi_same(&a->psi_memory, &b->psi_memory) && psi_same(&a->psi_io, &b->psi_io) &&
	       psi_same(&a->psi_cpu, &b->psi_cpu);
}

uint64_t member_working_set(const struct member_sample *m)
{
	return bytes_less(m->current_bytes, m->inactive_file_bytes);
}

uint64_t member_unreclaimable(const struct member_sample *m)
{
	return m->anon_bytes + m->shmem_bytes +
	       bytes_less(m->kernel_bytes, m->slab_reclaimable_bytes);
}

uint16_t member_ancestors(const struct snapshot *snap, const struct member_sample *m,
	int16_t chain[SNAPSHOT_ANCESTORS_MAX])
{
	uint16_t most = snap->n_ancestors, n = 0;

	if (most > SNAPSHOT_ANCESTORS_MAX)
		most = SNAPSHOT_ANCESTORS_MAX;
	for (int16_t a = m->ancestor; a >= 0 && a < most && n < most; n++) {
		chain[n] = a;
		a = snap->ancestor[a].parent;
	}
	return n;
}

uint64_t swap_off_needs_bytes(uint64_t used_bytes, uint64_t reserve_bytes)
{
	return bytes_plus(bytes_plus(used_bytes, used_bytes / 5), reserve_bytes);
}

const char *swap_type_name(enum swap_type type)
{
	static const char *const names[SWAP_TYPES] = {
		[SWAP_FILE] = "file",
		[SWAP_PARTITION] = "partition",
		[SWAP_ZRAM] = "zram",
	};

	return (size_t)type < SWAP_TYPES ? names[type] : "unknown";
}

const char *swap_file_state_name(enum swap_file_state state)
{
	static const char *const names[SWAP_FILE_STATES] = {
		[SWAP_FILE_UNKNOWN] = "unknown",
		[SWAP_FILE_ABSENT] = "absent",
		[SWAP_FILE_USABLE] = "usable",
		[SWAP_FILE_NOT_REGULAR] = "not_regular",
		[SWAP_FILE_NO_HEADER] = "no_header",
		[SWAP_FILE_HOLES] = "holes",
		[SWAP_FILE_WRONG_HEADER] = "wrong_header",
		[SWAP_FILE_UNREADABLE] = "unreadable",
	};

	return (size_t)state < SWAP_FILE_STATES ? names[state] : "unknown";
}

const char *slot_file_state_name(enum slot_file_state state)
{
	static const char *const names[SLOT_FILE_STATES] = {
		[SLOT_FILE_UNKNOWN] = "unknown",
		[SLOT_FILE_OK] = "ok",
		[SLOT_FILE_ABSENT] = "absent",
		[SLOT_FILE_WRONG_SIZE] = "wrong_size",
		[SLOT_FILE_BAD_HEADER] = "bad_header",
		[SLOT_FILE_WRONG_MODE] = "wrong_mode",
		[SLOT_FILE_REPLACED] = "replaced",
		[SLOT_FILE_UNUSABLE] = "unusable",
	};

	return (size_t)state < SLOT_FILE_STATES ? names[state] : "unknown";
}

const char *swap_file_suffix(unsigned index)
{
	return index > 0 ? ".2" : "";
}

const char *peer_name(enum peer peer)
{
	static const char *const names[PEER_COUNT] = {
		[PEER_DOCKER] = "dockerd",
		[PEER_SYSTEMD] = "systemd",
	};

	return (size_t)peer < PEER_COUNT ? names[peer] : "unknown";
}

/* A row a bit of enum lack, in the order of the bits. */
static const struct {
	enum lack lack;
	const char *name, *effect;
} lacks[LACK_COUNT] = {
	{LACK_CGROUP2, "cgroup v2 memory controller", "limits are neither set nor checked"},
	{LACK_PSI, "pressure stall information",
		"memory stalls are not seen, only how much memory is used"},
	{LACK_DOCKER, "Docker socket",
		"container names are read from Docker's files, and limits do not outlive a "
		"container's restart until guardiand sets them again"},
	{LACK_SYSTEMD, "systemd",
		"limits are written to the cgroup files alone, and reservations of units are "
		"not arranged"},
	{LACK_ROOT, "root rights", "guardiand only reads and tells, it changes nothing"},
	{LACK_SWAP_ACCOUNT, "swap accounting (memory.swap.*)",
		"swap limits are neither set nor checked"},
	{LACK_JOURNAL, "systemd journal", "events are written to stderr alone"},
	{LACK_ROOM, "place left in guardiand's tables",
		"some of its cgroups are neither seen nor limited"},
	{LACK_ZSWAP, "zswap in its kernel",
		"swapped pages go to the disk as they are, whatever swap.zswap says"},
	{LACK_STREAM_GROUP, "group of the name in streams.group",
		"the semaphore file stays root's, and only root takes slots"},
};

static size_t lack_row(enum lack lack)
{
	size_t row = 0;

	while (row < LACK_COUNT && lacks[row].lack != lack)
		row++;
	return row;
}

const char *lack_name(enum lack lack)
{
	size_t row = lack_row(lack);

	return row < LACK_COUNT ? lacks[row].name : "unknown";
}

const char *lack_effect(enum lack lack)
{
	size_t row = lack_row(lack);

	return row < LACK_COUNT ? lacks[row].effect : "unknown";
}
