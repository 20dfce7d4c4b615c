/*
 * limit: the memory values of a cgroup that guardiand can own.
 *
 * Units are bytes as the kernel's files show them (Documentation/admin-guide/cgroup-v2.rst);
 * LIMIT_UNLIMITED is the files' word "max". The kernel rounds down to a page, so compare with
 * limit_same(), never with ==.
 */
#ifndef GUARDIAN_LIMIT_H
#define GUARDIAN_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_UNLIMITED UINT64_MAX

/* Docker refuses less (daemon/daemon_unix.go: linuxMinMemory), and a value below a page would read
 * as 0: kill all. */
#define LIMIT_FLOOR_BYTES (6ULL << 20)

/* Sums and differences of bytes that stop at the ends: a limit may be near the largest number, and
 * two readings are not of one moment. */
static inline uint64_t bytes_plus(uint64_t a, uint64_t b)
{
	return a < UINT64_MAX - b ? a + b : UINT64_MAX;
}

static inline uint64_t bytes_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

enum limit_kind {
	LIMIT_MAX,       /* memory.max: policy mem_limit */
	LIMIT_LOW,       /* memory.low: policy mem_reservation */
	LIMIT_SWAP_MAX,  /* memory.swap.max: policy swap_limit (swap alone, not memory + swap) */
	LIMIT_OOM_GROUP, /* memory.oom.group: 0 or 1 */
	LIMIT_COUNT,
};

/* Some of the values: bit K of `mask` says that value[K] is meant (or known). An absent value is
 * never zero. */
struct limit_set {
	uint32_t mask;
	uint64_t value[LIMIT_COUNT];
};

static inline bool limit_has(const struct limit_set *set, enum limit_kind kind)
{
	return set->mask & (1U << kind);
}

static inline void limit_put(struct limit_set *set, enum limit_kind kind, uint64_t value)
{
	set->mask |= 1U << kind;
	set->value[kind] = value;
}

/* True when FOUND is what the kernel makes of WANTED: equal after rounding down to PAGE_BYTES. */
bool limit_same(enum limit_kind kind, uint64_t wanted, uint64_t found, uint32_t page_bytes);

/* "memory.max", ...: the cgroup's file. */
const char *limit_file(enum limit_kind kind);
/* "mem_limit", ...: the policy's word. */
const char *limit_word(enum limit_kind kind);

#endif
