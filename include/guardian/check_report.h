/*
 * check_report: the findings of `guardiand --check` in words: a line for Nagios with its perfdata
 * and the findings below it, or JSON.
 *
 * Form: https://www.monitoring-plugins.org/doc/guidelines.html, "Plugin Output for Nagios" and
 * "Performance data".
 */
#ifndef GUARDIAN_CHECK_REPORT_H
#define GUARDIAN_CHECK_REPORT_H

#include "guardian/check_rules.h"
#include "guardian/report.h"
#include "guardian/text.h"

/* "OK", "WARNING", "CRITICAL", "UNKNOWN" of an exit status. */
const char *check_status_word(int status);

/* POLICY: its warnings are repeated as notices. */
void check_report_text(struct text_out *out, const struct check_world *world,
	const struct check_findings *findings, const struct report *policy);
void check_report_json(struct text_out *out, const struct check_world *world,
	const struct check_findings *findings, const struct report *policy);

/* The check could not be done: WHY, and what the report of the policy says. Status unknown. */
void check_failure_text(struct text_out *out, const char *why, const struct report *policy);
void check_failure_json(struct text_out *out, const char *why, const struct report *policy);

#endif
