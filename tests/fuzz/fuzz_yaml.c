/*
 * Any bytes as a policy file: an answer within bounds; and what loads without an error prints and
 * loads again to the same policy, with the same findings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/policy_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy policy, again;
static struct report report, report_again;
static char printed[POLICY_YAML_PRINT_SIZE], rendered[64 * 1024];

static void forget_lines(struct policy *p)
{
	for (uint32_t i = 0; i < p->n_services; i++)
		p->service[i].line = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_out out;
	int r = policy_yaml_parse("f", (const char *)data, size, 4ULL << 30, &policy, &report);

	text_out_init(&out, rendered, sizeof(rendered));
	report_render(&report, &out);
	if (out.full || (r == 0) != (report.n_errors == 0))
		abort();
	if (r < 0)
		return 0;
	text_out_init(&out, printed, sizeof(printed));
	policy_yaml_print(&policy, &out);
	r = policy_yaml_parse("f", printed, out.len, 4ULL << 30, &again, &report_again);
	forget_lines(&policy);
	forget_lines(&again);
	if (out.full || r < 0 || memcmp(&policy, &again, sizeof(policy)) != 0 ||
		report.n_warnings != report_again.n_warnings)
		abort();
	return 0;
}
