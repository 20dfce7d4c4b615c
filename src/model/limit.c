/*
 * limit: the names of a cgroup's memory values, and when two values are one.
 *
 * The kernel counts pages: it rounds what is written down to a page, and shows everything from
 * PAGE_COUNTER_MAX on as "max" (mm/page_counter.c: page_counter_memparse). A value that differs by
 * no more than that is no drift.
 */
#include <stddef.h>

#include "guardian/limit.h"

static const struct {
	const char *file, *word;
} names[LIMIT_COUNT] = {
	[LIMIT_MAX] = {"memory.max", "mem_limit"},
	[LIMIT_LOW] = {"memory.low", "mem_reservation"},
	[LIMIT_SWAP_MAX] = {"memory.swap.max", "swap_limit"},
	[LIMIT_OOM_GROUP] = {"memory.oom.group", "oom_group"},
};

/* In pages; what the kernel cannot count is unlimited. PAGE_COUNTER_MAX is LONG_MAX / PAGE_SIZE on
 * 64 bits. */
static uint64_t pages(uint64_t bytes, uint32_t page_bytes)
{
	uint64_t n = bytes / page_bytes;

	return n >= INT64_MAX / page_bytes ? LIMIT_UNLIMITED : n;
}

bool limit_same(enum limit_kind kind, uint64_t wanted, uint64_t found, uint32_t page_bytes)
{
	if (kind == LIMIT_OOM_GROUP || page_bytes == 0)
		return wanted == found;
	return pages(wanted, page_bytes) == pages(found, page_bytes);
}

const char *limit_file(enum limit_kind kind)
{
	return (size_t)kind < LIMIT_COUNT ? names[kind].file : "unknown";
}

const char *limit_word(enum limit_kind kind)
{
	return (size_t)kind < LIMIT_COUNT ? names[kind].word : "unknown";
}
