/*
 * policy_finding: the sentence of a finding of policy_check().
 */
#ifndef GUARDIAN_POLICY_FINDING_H
#define GUARDIAN_POLICY_FINDING_H

#include "guardian/policy_check.h"
#include "guardian/text.h"

/* Without a newline. */
void policy_finding_message(
	struct text_out *out, const struct policy_finding *finding, const struct policy *policy);

#endif
