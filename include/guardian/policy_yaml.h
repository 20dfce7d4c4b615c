/*
 * policy_yaml: the policy file (guardian.yaml) in, and the effective policy out.
 *
 * All that is wrong with a file is reported at once, with line, column and what would be right.
 * Whatever the file, memory and time are bounded: 1 MiB of text, 8 levels, no aliases, no
 * recursion.
 */
#ifndef GUARDIAN_POLICY_YAML_H
#define GUARDIAN_POLICY_YAML_H

#include <stddef.h>
#include <stdint.h>

#include "guardian/policy.h"
#include "guardian/report.h"
#include "guardian/text.h"

enum {
	POLICY_YAML_BYTES_MAX = 1 << 20,
	POLICY_YAML_DEPTH_MAX = 8,
	/* A buffer of this size holds what policy_yaml_print() makes of any policy. */
	POLICY_YAML_PRINT_SIZE = 1 << 20,
};

/* Parses, finishes and checks a policy. MEM_TOTAL_BYTES is the host's physical memory for the
 * cross-checks, 0 when not known. FILE_NAME is for messages. REPORT is begun anew.
 * -> 0 (the report may hold warnings), -EINVAL with the errors in the report, -ENOMEM. OUT is of
 * use only after 0. */
int policy_yaml_parse(const char *file_name, const char *text, size_t len, uint64_t mem_total_bytes,
	struct policy *out, struct report *report);

/* The same from a file below ROOTFD, which is no symlink; with AT_FDCWD from a file that the user
 * has named, where a symlink is followed. When it cannot be read: that errno, and one entry in the
 * report that says why. Warns of a file that others than root (or, not as root, than its owner) may
 * write. */
int policy_yaml_load(int rootfd, const char *path, uint64_t mem_total_bytes, struct policy *out,
	struct report *report);

/* The policy with every default written out; loads again to the same policy. */
void policy_yaml_print(const struct policy *policy, struct text_out *out);

#endif
