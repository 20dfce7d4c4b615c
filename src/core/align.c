/*
 * align: keeps a table of the state in the order of the snapshot's (or policy's), so that the i-th
 * entry is the i-th member's and a quiet tick searches nothing. Only when something came or went is
 * the table gone through: quadratic, without memory, rare.
 */
#include <string.h>

#include "rules.h"

enum { STRIDE_MAX = 1024 };
_Static_assert(sizeof(struct member_state) <= STRIDE_MAX &&
		       sizeof(struct service_state) <= STRIDE_MAX &&
		       sizeof(struct ancestor_state) <= STRIDE_MAX &&
		       sizeof(struct stream_known) <= STRIDE_MAX,
	"entries are swapped through a buffer");

static void *entry_at(const struct table *table, size_t i)
{
	return (char *)table->base + i * table->stride;
}

static void swap(const struct table *table, size_t a, size_t b)
{
	char kept[STRIDE_MAX];

	memcpy(kept, entry_at(table, a), table->stride);
	memcpy(entry_at(table, a), entry_at(table, b), table->stride);
	memcpy(entry_at(table, b), kept, table->stride);
}

bool table_in_order(const struct tick *t, const struct table *table, size_t n)
{
	if (*table->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!table->is(t, entry_at(table, i), i))
			return false;
	return true;
}

static bool wanted(const struct tick *t, const struct table *table, const void *entry, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (table->is(t, entry, i))
			return true;
	return false;
}

static void drop_gone(struct tick *t, const struct table *table, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *table->n; i++) {
		if (!wanted(t, table, entry_at(table, i), n)) {
			table->leave(t, entry_at(table, i));
			continue;
		}
		if (kept != i)
			memcpy(entry_at(table, kept), entry_at(table, i), table->stride);
		kept++;
	}
	*table->n = (uint16_t)kept;
}

/* The place of the i-th among those not yet in place, or the end of the table. */
static size_t find(const struct tick *t, const struct table *table, size_t i)
{
	size_t j = i;

	while (j < *table->n && !table->is(t, entry_at(table, j), i))
		j++;
	return j;
}

/* Makes the i-th place free and zero. Only a snapshot that names one cgroup twice finds the table
 * full: then whoever stands there is forgotten. */
static void *make_room(struct tick *t, const struct table *table, size_t i)
{
	if (*table->n == table->capacity) {
		table->leave(t, entry_at(table, i));
	} else {
		if (i != *table->n)
			memcpy(entry_at(table, *table->n), entry_at(table, i), table->stride);
		(*table->n)++;
	}
	return memset(entry_at(table, i), 0, table->stride);
}

/* The same kind of snapshot can leave more entries than it has members. */
static void drop_rest(struct tick *t, const struct table *table, size_t n)
{
	while (*table->n > n) {
		(*table->n)--;
		table->leave(t, entry_at(table, *table->n));
	}
}

void table_align(struct tick *t, const struct table *table, size_t n)
{
	drop_gone(t, table, n);
	for (size_t i = 0; i < n; i++) {
		size_t j = find(t, table, i);

		if (j == *table->n)
			table->enter(t, make_room(t, table, i), i);
		else if (j != i)
			swap(table, i, j);
	}
	drop_rest(t, table, n);
	t->plan->state_changed = true;
}
