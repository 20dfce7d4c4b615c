/*
 * record_fields: see the header. One line a field: its name in the record, which is its name in
 * struct snapshot, and what says that it was read.
 */
#include <stdbool.h>
#include <string.h>

#include "record_fields.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): names of types and members cannot stand in any */
#define TYPE_OF(lvalue)                                                                            \
	_Generic((lvalue), bool                                                                    \
		 : RECORD_FLAG, int8_t                                                             \
		 : RECORD_SIGNED, int16_t                                                          \
		 : RECORD_SIGNED, int32_t                                                          \
		 : RECORD_SIGNED, default                                                          \
		 : RECORD_NUMBER)
#define AT(of, member)                                                                             \
	.offset = offsetof(struct of, member), .size = sizeof(((struct of *)0)->member),           \
	.type = TYPE_OF(((struct of *)0)->member)
#define PLAIN(type, name, value)                                                                   \
	{                                                                                          \
		.key = #name, AT(type, name), .otherwise = (value)                                 \
	}
#define READING(type, name, bit)                                                                   \
	{                                                                                          \
		.key = #name, AT(type, name), .valid_offset = offsetof(struct type, valid),        \
		.valid_size = sizeof(((struct type *)0)->valid), .valid_mask = (bit)               \
	}
#define FLAGGED(type, name, flag)                                                                  \
	{                                                                                          \
		.key = #name, AT(type, name), .valid_offset = offsetof(struct type, flag),         \
		.valid_size = sizeof(bool), .valid_mask = 1                                        \
	}
#define PSI_LINE(type, name, line, bit)                                                            \
	READING(type, name.line.avg10_centipct, bit),                                              \
		READING(type, name.line.avg60_centipct, bit),                                      \
		READING(type, name.line.avg300_centipct, bit),                                     \
		READING(type, name.line.total_us, bit)
#define PSI(type, name, bit) PSI_LINE(type, name, some, bit), PSI_LINE(type, name, full, bit)

/* NOLINTEND(bugprone-macro-parentheses) */

/* clang-format off */
static const struct record_field head[] = {
	PLAIN(snapshot, now_us, 0),
	PLAIN(snapshot, realtime_us, 0),
	PLAIN(snapshot, page_bytes, 4096),
	PLAIN(snapshot, lacks, 0),
	PLAIN(snapshot, policy_generation, 0),
	{.key = "peer_docker", AT(snapshot, peer[PEER_DOCKER])},
	{.key = "peer_systemd", AT(snapshot, peer[PEER_SYSTEMD])},
};

static const struct record_field host[] = {
	READING(host_sample, mem_total_bytes, HOST_MEMORY),
	READING(host_sample, mem_available_bytes, HOST_MEMORY),
	READING(host_sample, mem_free_bytes, HOST_MEMORY),
	READING(host_sample, swap_total_bytes, HOST_SWAP),
	READING(host_sample, swap_free_bytes, HOST_SWAP),
	READING(host_sample, oom_kill, HOST_VMSTAT),
	READING(host_sample, pgscan, HOST_VMSTAT),
	READING(host_sample, pgsteal, HOST_VMSTAT),
	READING(host_sample, pswpin, HOST_VMSTAT),
	READING(host_sample, pswpout, HOST_VMSTAT),
	READING(host_sample, refault_anon, HOST_VMSTAT),
	READING(host_sample, refault_file, HOST_VMSTAT),
	PSI(host_sample, psi_memory, HOST_PSI_MEMORY),
	PSI(host_sample, psi_io, HOST_PSI_IO),
	PSI(host_sample, psi_cpu, HOST_PSI_CPU),
};

static const struct record_field swap[] = {
	READING(swap_sample, foreign_bytes, SWAP_AREAS),
	READING(swap_sample, fs, SWAP_FS),
	READING(swap_sample, fs_magic, SWAP_FS),
	READING(swap_sample, fs_free_bytes, SWAP_FS),
	READING(swap_sample, fs_total_bytes, SWAP_FS),
	READING(swap_sample, swappiness, SWAP_SWAPPINESS),
	READING(swap_sample, zswap, SWAP_ZSWAP),
};

static const struct record_field swap_area[] = {
	PLAIN(swap_area, size_bytes, 0),
	PLAIN(swap_area, used_bytes, 0),
	PLAIN(swap_area, priority, 0),
	PLAIN(swap_area, type, SWAP_FILE),
	PLAIN(swap_area, ours, UINT64_MAX),
};

static const struct record_field swap_file[] = {
	PLAIN(swap_file, state, SWAP_FILE_UNKNOWN),
	PLAIN(swap_file, active, 0),
	PLAIN(swap_file, labelled, 1),
	PLAIN(swap_file, mode_ok, 1),
	PLAIN(swap_file, owner_ok, 1),
	PLAIN(swap_file, replaced, 0),
	PLAIN(swap_file, mode, 0),
	PLAIN(swap_file, uid, 0),
	PLAIN(swap_file, inode, 0),
	PLAIN(swap_file, size_bytes, 0),
	PLAIN(swap_file, header_bytes, 0),
};

static const struct record_field streams[] = {
	READING(streams_sample, file_state, STREAMS_FILE),
	PLAIN(streams_sample, file_error, 0),
	PLAIN(streams_sample, counters_bad, 0),
	PLAIN(streams_sample, cap, 0),
	PLAIN(streams_sample, effective_cap, 0),
	PLAIN(streams_sample, reason, SLOT_CAP_FULL),
	PLAIN(streams_sample, generation, 0),
	PLAIN(streams_sample, taken, 0),
	PLAIN(streams_sample, refused, 0),
	PLAIN(streams_sample, waited, 0),
	PLAIN(streams_sample, gave_up, 0),
	PLAIN(streams_sample, in_use, 0),
};

static const struct record_field slot[] = {
	PLAIN(slot_sample, held, 1),
	PLAIN(slot_sample, record_ok, 1),
	PLAIN(slot_sample, pid, 0),
	PLAIN(slot_sample, start_ticks, 0),
	PLAIN(slot_sample, since_us, 0),
};

static const struct record_field stream[] = {
	PLAIN(stream_process, pid, 0),
	PLAIN(stream_process, inner_pid, 0),
	PLAIN(stream_process, start_ticks, 0),
	PLAIN(stream_process, member_inode, 0),
	PLAIN(stream_process, service, SERVICE_NONE),
	PLAIN(stream_process, slot, UINT64_MAX),
	PLAIN(stream_process, is_container, 0),
	PLAIN(stream_process, anon_bytes, 0),
};

static const struct record_field member[] = {
	PLAIN(member_sample, service, 0),
	PLAIN(member_sample, also, SERVICE_NONE),
	PLAIN(member_sample, owner, OWNER_PLAIN),
	PLAIN(member_sample, has_unit, 0),
	PLAIN(member_sample, changed, 1),
	PLAIN(member_sample, ancestor, UINT64_MAX),
	READING(member_sample, current_bytes, MEMBER_CURRENT),
	READING(member_sample, swap_bytes, MEMBER_SWAP),
	READING(member_sample, anon_bytes, MEMBER_STAT),
	READING(member_sample, shmem_bytes, MEMBER_STAT),
	READING(member_sample, kernel_bytes, MEMBER_STAT),
	READING(member_sample, slab_reclaimable_bytes, MEMBER_STAT),
	READING(member_sample, file_bytes, MEMBER_STAT),
	READING(member_sample, inactive_file_bytes, MEMBER_STAT),
	READING(member_sample, active_file_bytes, MEMBER_STAT),
	READING(member_sample, refault_anon, MEMBER_STAT),
	READING(member_sample, refault_file, MEMBER_STAT),
	READING(member_sample, pgscan, MEMBER_STAT),
	READING(member_sample, pgsteal, MEMBER_STAT),
	READING(member_sample, ev_high, MEMBER_EVENTS),
	READING(member_sample, ev_max, MEMBER_EVENTS),
	READING(member_sample, ev_oom, MEMBER_EVENTS),
	READING(member_sample, ev_oom_kill, MEMBER_EVENTS),
	READING(member_sample, ev_oom_group_kill, MEMBER_EVENTS),
	READING(member_sample, ev_local_oom_kill, MEMBER_EVENTS_LOCAL),
	READING(member_sample, peak_bytes, MEMBER_PEAK),
	READING(member_sample, pids, MEMBER_PIDS),
	READING(member_sample, high_bytes, MEMBER_HIGH),
	READING(member_sample, inner_max_bytes, MEMBER_INNER_MAX),
	PSI(member_sample, psi, MEMBER_PSI),
	READING(member_sample, populated, MEMBER_POPULATED),
};

static const struct record_field ancestor[] = {
	PLAIN(ancestor_sample, parent, UINT64_MAX),
	PLAIN(ancestor_sample, has_unit, 0),
	FLAGGED(ancestor_sample, low_bytes, has_low),
	FLAGGED(ancestor_sample, ev_oom_kill, has_events),
};

static const struct record_field result[] = {
	PLAIN(result, ticket, 0),
	PLAIN(result, error, 0),
	PLAIN(result, inode, 0),
};
/* clang-format on */

#define TABLE(array)                                                                               \
	{                                                                                          \
		array, sizeof(array) / sizeof((array)[0])                                          \
	}
const struct record_table record_head = TABLE(head);
const struct record_table record_host = TABLE(host);
const struct record_table record_swap = TABLE(swap);
const struct record_table record_swap_area = TABLE(swap_area);
const struct record_table record_swap_file = TABLE(swap_file);
const struct record_table record_streams = TABLE(streams);
const struct record_table record_slot = TABLE(slot);
const struct record_table record_stream = TABLE(stream);
const struct record_table record_member = TABLE(member);
const struct record_table record_ancestor = TABLE(ancestor);
const struct record_table record_result = TABLE(result);

/* The bytes of a number, little-endian as all hosts that guardiand runs on. */
static uint64_t bytes_get(const void *base, size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)base + offset, size);
	return value;
}

static unsigned int spare_bits(const struct record_field *field)
{
	return 64U - 8U * field->size;
}

uint64_t record_get(const struct record_field *field, const void *base)
{
	uint64_t value = bytes_get(base, field->offset, field->size);

	if (field->type != RECORD_SIGNED)
		return value;
	return (uint64_t)((int64_t)(value << spare_bits(field)) >> spare_bits(field));
}

bool record_set(const struct record_field *field, void *base, uint64_t value)
{
	uint64_t kept = value << spare_bits(field) >> spare_bits(field);

	if (field->type == RECORD_SIGNED)
		kept = (uint64_t)((int64_t)(value << spare_bits(field)) >> spare_bits(field));
	if (kept != value || (field->type == RECORD_FLAG && value > 1))
		return false;
	memcpy((char *)base + field->offset, &value, field->size);
	return true;
}

bool record_is_valid(const struct record_field *field, const void *base)
{
	return bytes_get(base, field->valid_offset, field->valid_size) & field->valid_mask;
}

void record_set_valid(const struct record_field *field, void *base)
{
	uint64_t valid =
		bytes_get(base, field->valid_offset, field->valid_size) | field->valid_mask;

	memcpy((char *)base + field->valid_offset, &valid, field->valid_size);
}
