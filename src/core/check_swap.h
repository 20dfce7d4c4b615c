/*
 * check_swap: what `--check` finds of swap; see check_rules.c for the rest.
 */
#ifndef GUARDIAN_CORE_CHECK_SWAP_H
#define GUARDIAN_CORE_CHECK_SWAP_H

#include <stddef.h>

#include "guardian/check_rules.h"

enum { CHECK_SWAP_FINDINGS_MAX = 2 * SWAP_FILES_MAX + 3 };

/* Fills kind, subject and n of as many as there are. -> how many */
size_t check_swap(const struct check_world *w, struct check_finding found[CHECK_SWAP_FINDINGS_MAX]);

#endif
