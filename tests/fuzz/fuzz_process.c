/*
 * Any bytes as /proc/PID/stat and as /proc/PID/status: refused, or a name and numbers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "os/stream_process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process_stat stat;
	struct process_status status;
	char *text = malloc(size + 1); /* as long as it is, so that a byte too far is seen */

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (process_stat_parse(text, size, &stat) == 0 &&
		(!memchr(stat.comm, '\0', sizeof(stat.comm)) || !memchr(text, ')', size)))
		abort();
	process_status_parse(text, 7, &status);
	if (!status.has_anon && status.anon_bytes != 0)
		abort();
	if (status.is_container && status.inner_pid != 1)
		abort();
	free(text);
	return 0;
}
