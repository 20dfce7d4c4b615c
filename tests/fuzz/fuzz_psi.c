/*
 * Any bytes as a pressure file: refused and nothing written, or read within the form's bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/psi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct psi psi, before;

	memset(&psi, 0x5a, sizeof(psi));
	before = psi;
	if (psi_parse((const char *)data, size, &psi) < 0) {
		if (memcmp(&psi, &before, sizeof(psi)) != 0)
			abort();
		return 0;
	}
	/* Taken whole: it ends in a newline and has a `some` line. */
	if (data[size - 1] != '\n' || !memmem(data, size, "some ", 5))
		abort();
	return 0;
}
