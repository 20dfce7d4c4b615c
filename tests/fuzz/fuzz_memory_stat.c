/*
 * Any bytes as each of a cgroup's long files: no parser writes what it does not vouch for, and the
 * digest reads no byte beyond its pad.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "os/cgroup_file.h"
#include "os/cgroup_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const cgroup_text_parser parsers[] = {cgroup_text_stat, cgroup_text_events,
		cgroup_text_events_local, cgroup_text_pressure, cgroup_text_populated};
	char *text = malloc(size + CGROUP_TEXT_PAD);
	uint64_t digest;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	for (size_t i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		static const struct member_sample zero;
		struct member_sample m;

		memset(&m, 0, sizeof(m));
		if (!parsers[i](text, size, &m) && memcmp(&m, &zero, sizeof(zero)) != 0)
			abort();
	}
	digest = cgroup_text_digest(text, size);
	if (size && memcmp(text, data, size) != 0)
		abort();
	if (cgroup_text_digest(text, size) != digest)
		abort();
	free(text);
	return 0;
}
