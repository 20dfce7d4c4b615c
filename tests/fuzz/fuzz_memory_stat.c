/*
 * Any bytes as each of a cgroup's long files: no parser writes what it does not vouch for, or into
 * the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/cgroup_reader.h"
#include "os/cgroup_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its second half with the places of the whole, and then the whole with those of the half. */
static void again(const char *text, size_t size)
{
	uint16_t places[CGROUP_STAT_KEYS] = {0};
	struct member_sample m, alone;

	memset(&m, 0, sizeof(m));
	memset(&alone, 0, sizeof(alone));
	(void)cgroup_text_stat_placed(places, text, size, &m);
	(void)cgroup_text_stat_placed(places, text + size / 2, size - size / 2, &m);
	memset(places, 0, sizeof(places));
	(void)cgroup_text_stat_placed(places, text, size, &m);
	if (cgroup_text_stat_placed(places, text, size, &m) != cgroup_text_stat(text, size, &alone))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const cgroup_text_parser parsers[] = {cgroup_text_stat, cgroup_text_events,
		cgroup_text_events_local, cgroup_text_pressure, cgroup_text_populated};
	char *text = malloc(size);

	if (!text && size)
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
	again(text, size);
	if (size && memcmp(text, data, size) != 0)
		abort();
	free(text);
	return 0;
}
