/*
 * Any bytes as /proc/swaps: taken whole or not at all, every path ends, no file of ours is there
 * twice, and the sum of what is foreign covers what the table shows of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/swaps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int what)
{
	if (!what)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct swap_sample zero;
	struct swap_sample out = {0};
	uint64_t foreign_bytes = 0;
	int ours[SWAP_FILES_MAX] = {0};

	if (swaps_parse((const char *)data, size, "/swapfile", &out) < 0) {
		demand(memcmp(&out, &zero, sizeof(out)) == 0);
		return 0;
	}
	demand(out.n_areas <= SWAP_AREAS_MAX);
	for (int i = 0; i < out.n_areas; i++) {
		const struct swap_area *area = &out.area[i];

		demand(*area->path && memchr(area->path, '\0', sizeof(area->path)));
		demand(area->type < SWAP_TYPES);
		demand(area->ours >= SWAP_FOREIGN && area->ours < SWAP_FILES_MAX);
		if (area->ours != SWAP_FOREIGN)
			demand(ours[area->ours]++ == 0 && area->type == SWAP_FILE);
		else if (__builtin_add_overflow(foreign_bytes, area->size_bytes, &foreign_bytes))
			foreign_bytes = UINT64_MAX;
	}
	demand(out.foreign_bytes >= foreign_bytes);
	return 0;
}
