/*
 * Any bytes as /proc/meminfo and /proc/vmstat: what is not said to be valid is not written.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct host_sample zero;
	struct host_sample meminfo = {0}, vmstat = {0};
	uint32_t valid = procfs_parse_meminfo((const char *)data, size, &meminfo);

	if (valid & ~(uint32_t)(HOST_MEMORY | HOST_SWAP))
		abort();
	if (!(valid & HOST_MEMORY) && (meminfo.mem_total_bytes || meminfo.mem_available_bytes))
		abort();
	if (!(valid & HOST_SWAP) && (meminfo.swap_total_bytes || meminfo.swap_free_bytes))
		abort();
	valid = procfs_parse_vmstat((const char *)data, size, &vmstat);
	if (valid != HOST_VMSTAT && (valid || memcmp(&vmstat, &zero, sizeof(zero)) != 0))
		abort();
	return 0;
}
