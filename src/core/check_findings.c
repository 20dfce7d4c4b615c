/*
 * check_findings: what each kind of finding is worth, and the list of them, the worst first.
 */
#include <string.h>

#include "check_findings.h"

/* What a kind of finding is worth, unless a rule says otherwise. */
static const uint8_t severities[CHECK_KINDS] = {
	[CHECK_DAEMON_SILENT] = CHECK_CRITICAL,
	[CHECK_DAEMON_GONE] = CHECK_CRITICAL,
	[CHECK_DAEMON_ABSENT] = CHECK_CRITICAL,
	[CHECK_DAEMON_HIDDEN] = CHECK_UNKNOWN,
	[CHECK_POLICY_REJECTED] = CHECK_WARNING,
	[CHECK_POLICY_OPEN] = CHECK_WARNING,
	[CHECK_OBSERVING] = CHECK_NOTICE,
	[CHECK_MEMORY_UNREAD] = CHECK_UNKNOWN,
	[CHECK_HOST_WARN] = CHECK_WARNING,
	[CHECK_HOST_CRITICAL] = CHECK_CRITICAL,
	[CHECK_SWAP_UNREAD] = CHECK_UNKNOWN,
	[CHECK_NO_SWAP] = CHECK_WARNING,
	[CHECK_SWAP_ABSENT] = CHECK_WARNING,
	[CHECK_SWAP_SMALL] = CHECK_WARNING,
	[CHECK_SWAP_MODE] = CHECK_WARNING,
	[CHECK_SWAP_UNUSABLE] = CHECK_WARNING,
	[CHECK_SWAP_HIGH] = CHECK_WARNING,
	/* Most hosts run none. */
	[CHECK_NO_STREAM_CAP] = CHECK_NOTICE,
	[CHECK_SEMAPHORE_UNREAD] = CHECK_UNKNOWN,
	[CHECK_SEMAPHORE] = CHECK_WARNING,
	[CHECK_STREAMS_FULL] = CHECK_WARNING,
	[CHECK_STREAMS_FEWER] = CHECK_NOTICE,
	[CHECK_STREAMS_STRAY] = CHECK_WARNING,
	[CHECK_OVERCOMMIT] = CHECK_WARNING,
	[CHECK_LACK] = CHECK_NOTICE,
	[CHECK_DOCKER_SILENT] = CHECK_WARNING,
	[CHECK_UNLIMITED] = CHECK_WARNING,
	[CHECK_LIMIT_UNREAD] = CHECK_UNKNOWN,
	[CHECK_NAMES_UNREAD] = CHECK_WARNING,
	[CHECK_CROWDED] = CHECK_WARNING,
	[CHECK_SERVICE_ABSENT] = CHECK_WARNING,
	[CHECK_CONFLICT] = CHECK_WARNING,
	[CHECK_SERVICE_UNREAD] = CHECK_UNKNOWN,
	[CHECK_SERVICE_WARN] = CHECK_WARNING,
	[CHECK_SERVICE_CRITICAL] = CHECK_CRITICAL,
	[CHECK_DRIFT] = CHECK_WARNING,
	[CHECK_REFUSED] = CHECK_WARNING,
	[CHECK_FAILED] = CHECK_WARNING,
	[CHECK_SURRENDERED] = CHECK_WARNING,
	[CHECK_VOID_RESERVATION] = CHECK_WARNING,
};

struct check_finding check_finding_of(enum check_kind kind)
{
	return (struct check_finding){.severity = severities[kind],
		.kind = (uint8_t)kind,
		.limit = LIMIT_COUNT,
		.service = SERVICE_NONE,
		.other = SERVICE_NONE,
		.container = CHECK_NO_CONTAINER};
}

void check_add(struct check_findings *out, const struct check_finding *finding)
{
	uint16_t at = out->n, after;

	while (at > 0 && out->finding[at - 1].severity < finding->severity)
		at--;
	if (finding->severity > out->worst)
		out->worst = finding->severity;
	if (out->n == CHECK_FINDINGS_MAX)
		out->untold++;
	else
		out->n++;
	if (at == CHECK_FINDINGS_MAX)
		return;
	after = (uint16_t)(out->n - at - 1);
	memmove(&out->finding[at + 1], &out->finding[at], after * sizeof(*finding));
	out->finding[at] = *finding;
}

void check_add_kind(struct check_findings *out, enum check_kind kind)
{
	struct check_finding finding = check_finding_of(kind);

	check_add(out, &finding);
}

uint32_t check_centipct(uint64_t part, uint64_t whole)
{
	if (part >= whole)
		return whole ? 10000 : 0;
	if (part > UINT64_MAX / 10000) {
		part >>= 14; /* 2^14 > 10000: then it fits */
		whole >>= 14;
	}
	return (uint32_t)(part * 10000 / whole);
}

enum memory_rules check_memory_rules(const struct check_world *w)
{
	return memory_rules_now(&w->snap->host, &w->policy->host, RULES_WITH_SWAP);
}
