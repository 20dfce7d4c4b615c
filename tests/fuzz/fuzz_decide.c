/*
 * Any bytes as what happens to a machine (tests/unit/core/chaos.h): the promises of decide() hold.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/core/chaos.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t left;
};

/* Four bytes make a number; after the end all is 0. */
static uint64_t take(void *source)
{
	struct bytes *b = source;
	uint32_t n = 0;
	size_t len = b->left < sizeof(n) ? b->left : sizeof(n);

	memcpy(&n, b->data, len);
	b->data += len;
	b->left -= len;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chaos chaos;
	struct bytes bytes = {data, size};

	memset(&chaos, 0, sizeof(chaos));
	chaos.next = take;
	chaos.source = &bytes;
	chaos.wild = size > 0 && data[0] & 1;
	chaos_begin(&chaos);
	while (bytes.left > 0) {
		chaos_mutate(&chaos);
		chaos_time(&chaos, 1000 * chaos_below(&chaos, 4096));
		if (chaos_decide(&chaos))
			abort();
	}
	return 0;
}
