/*
 * Any bytes as a recording, a line a snapshot: refused, or read into a snapshot that is written and
 * read again as the same, and that decide() can live with.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/decide.h"
#include "guardian/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct snapshot snap, again;
static struct state state;
static struct plan plan;
static struct policy policy;
static char buf[RECORD_LINE_MAX];

static void check(void)
{
	struct record other = {0};
	struct text_out out;

	text_out_init(&out, buf, sizeof(buf));
	record_put_snapshot(&out, &snap);
	if (out.full || record_read(&other, buf, out.len, &again) < 0 ||
		memcmp(&snap, &again, sizeof(snap)) != 0)
		abort();
	record_end(&other);
	decide(&policy, &snap, &state, &plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record record = {0};

	memset(&state, 0, sizeof(state));
	state_init(&state);
	policy.n_services = 2;
	policy.host.interval_us = 1000000;
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		if (record_read(&record, (const char *)data, len, &snap) == 0)
			check();
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	record_end(&record);
	return 0;
}
