/*
 * check_report: see the header. The words come from check_words; here they are laid out.
 */
#include <string.h>

#include "guardian/check_report.h"
#include "guardian/check_words.h"
#include "guardian/json_out.h"

enum { SENTENCE_SIZE = 512 };

static const char *const severity_words[CHECK_SEVERITIES] = {
	[CHECK_NOTICE] = "NOTICE",
	[CHECK_WARNING] = "WARNING",
	[CHECK_UNKNOWN] = "UNKNOWN",
	[CHECK_CRITICAL] = "CRITICAL",
};

const char *check_status_word(int status)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

	return words[status & 3];
}

/* ---- the summary ---- */

static void put_good_news(struct text_out *out, const struct check_world *world)
{
	text_put(out, "memory ");
	text_put_percent(out, check_used_centipct(&world->snap->host));
	text_put(out, " used, ");
	text_put_u64(out, world->policy->n_services);
	text_put(out, world->policy->n_services == 1 ? " service" : " services");
	text_put(out, " within limits, guardiand is watching");
}

static void put_summary(struct text_out *out, const struct check_world *world,
	const struct check_findings *findings)
{
	uint32_t more = findings->untold;

	if (findings->worst == CHECK_NOTICE) {
		put_good_news(out, world);
		return;
	}
	check_message(out, world, &findings->finding[0]);
	for (uint16_t i = 1; i < findings->n; i++)
		more += findings->finding[i].severity > CHECK_NOTICE;
	if (more == 0)
		return;
	text_put(out, " (and ");
	text_put_u64(out, more);
	text_put(out, " more)");
}

/* ---- perfdata: 'label'=value[UOM];warn;crit;min;max ---- */

static void put_label(struct text_out *out, const char *name, const char *what)
{
	text_put(out, " '");
	for (; *name; name++)
		text_put_span(out,
			*name == '\'' || *name == '=' || (unsigned char)*name <= ' ' ? "_" : name,
			1);
	text_put(out, what);
	text_put(out, "'=");
}

static void put_host_data(struct text_out *out, const struct check_world *world)
{
	const struct host_sample *host = &world->snap->host;

	if (host->valid & HOST_MEMORY) {
		text_put(out, " 'mem_used'=");
		text_put_percent(out, check_used_centipct(host));
		text_put(out, ";");
		text_put_centi(out, world->policy->host.warn_centipct);
		text_put(out, ";");
		text_put_centi(out, world->policy->host.critical_centipct);
		text_put(out, ";0;100");
	}
	if (host->valid & HOST_SWAP && host->swap_total_bytes >= host->swap_free_bytes) {
		text_put(out, " 'swap_used'=");
		text_put_u64(out, host->swap_total_bytes - host->swap_free_bytes);
		text_put(out, "B;;;0;");
		text_put_u64(out, host->swap_total_bytes);
	}
	if (host->valid & HOST_VMSTAT) {
		text_put(out, " 'oom_kills'=");
		text_put_u64(out, host->oom_kill);
		text_put(out, "c");
	}
}

/* Of the members of a service, the one nearest to its limit. */
static const struct member_sample *fullest_member(const struct snapshot *snap, uint16_t service)
{
	const struct member_sample *fullest = NULL;
	uint64_t least = UINT64_MAX, limit;

	for (uint16_t i = 0; i < snap->n_members; i++) {
		const struct member_sample *m = &snap->member[i];
		uint64_t room;

		if (m->service != service || !(m->valid & MEMBER_CURRENT) ||
			!(m->valid & MEMBER_STAT) || !check_member_limit(m, &limit))
			continue;
		room = bytes_less(limit, member_working_set(m));
		if (!fullest || room < least) {
			fullest = m;
			least = room;
		}
	}
	return fullest;
}

static void put_service_data(struct text_out *out, const struct check_world *world, uint16_t i)
{
	const struct policy_service *service = &world->policy->service[i];
	const struct member_sample *m = fullest_member(world->snap, i);
	uint64_t limit;

	if (!m)
		return;
	put_label(out, service->name, "_working_set");
	text_put_u64(out, member_working_set(m));
	text_put(out, "B;");
	if (!check_member_limit(m, &limit) || limit == LIMIT_UNLIMITED) {
		text_put(out, ";;0;");
		return;
	}
	text_put_u64(out, limit / 10000 * service->warn_centipct);
	text_put(out, ";");
	text_put_u64(out, limit / 10000 * service->critical_centipct);
	text_put(out, ";0;");
	text_put_u64(out, limit);
}

static void put_perfdata(struct text_out *out, const struct check_world *world)
{
	text_put(out, " |");
	put_host_data(out, world);
	for (uint16_t i = 0; i < world->policy->n_services; i++)
		put_service_data(out, world, i);
}

/* ---- the whole, as text ---- */

static void put_policy_lines(struct text_out *out, const char *before, const struct report *policy)
{
	char line[REPORT_LINE_SIZE];

	for (uint32_t i = 0; policy && i < policy->n_entries; i++) {
		struct text_out one;

		text_out_init(&one, line, sizeof(line));
		report_line(policy, &policy->entry[i], &one);
		text_put(out, before);
		check_put_plain(out, line);
		text_put(out, "\n");
	}
}

static void put_status(struct text_out *out, int status)
{
	text_put(out, "GUARDIAN ");
	text_put(out, check_status_word(status));
	text_put(out, " - ");
}

void check_report_text(struct text_out *out, const struct check_world *world,
	const struct check_findings *findings, const struct report *policy)
{
	put_status(out, check_exit_status(findings->worst));
	put_summary(out, world, findings);
	put_perfdata(out, world);
	text_put(out, "\n");
	for (uint16_t i = 0; i < findings->n; i++) {
		const struct check_finding *f = &findings->finding[i];

		text_put(out, severity_words[f->severity]);
		text_put(out, ": ");
		check_message(out, world, f);
		text_put(out, "; ");
		check_advice(out, world, f);
		text_put(out, "\n");
	}
	if (findings->untold > 0) {
		text_put(out, "... and ");
		text_put_u64(out, findings->untold);
		text_put(out, " findings more\n");
	}
	put_policy_lines(out, "NOTICE: ", policy);
}

void check_failure_text(struct text_out *out, const char *why, const struct report *policy)
{
	put_status(out, check_exit_status(CHECK_UNKNOWN));
	check_put_plain(out, why);
	text_put(out, "\n");
	put_policy_lines(out, "", policy);
}

/* ---- the whole, as JSON ---- */

static void json_policy_lines(struct text_out *out, const struct report *policy)
{
	char line[REPORT_LINE_SIZE];

	json_open(out, "policy", "[");
	for (uint32_t i = 0; policy && i < policy->n_entries; i++) {
		struct text_out one;

		text_out_init(&one, line, sizeof(line));
		report_line(policy, &policy->entry[i], &one);
		json_next(out);
		text_put_json(out, line);
	}
	text_put(out, "]");
}

static void json_head(struct text_out *out, int status)
{
	static const char *const lower[] = {"ok", "warning", "critical", "unknown"};

	text_put(out, "{");
	json_string(out, "status", lower[status & 3]);
	json_number(out, "exit", (uint64_t)status);
}

static void json_sentence(struct text_out *out, const char *key, const struct check_world *world,
	const struct check_finding *f,
	void (*make)(struct text_out *, const struct check_world *, const struct check_finding *))
{
	char sentence[SENTENCE_SIZE];
	struct text_out s;

	text_out_init(&s, sentence, sizeof(sentence));
	make(&s, world, f);
	json_string(out, key, sentence);
}

static void json_finding(
	struct text_out *out, const struct check_world *world, const struct check_finding *f)
{
	static const char *const lower[CHECK_SEVERITIES] = {
		"notice", "warning", "unknown", "critical"};
	const struct policy *policy = world->policy;

	text_put(out, "{");
	json_string(out, "severity", lower[f->severity]);
	json_string(out, "kind", check_kind_name(f->kind));
	if (f->service < policy->n_services)
		json_string(out, "service", policy->service[f->service].name);
	if (f->other < policy->n_services)
		json_string(out, "other", policy->service[f->other].name);
	if (f->container != CHECK_NO_CONTAINER)
		json_string(out, "container", world->container[f->container].name);
	if (f->limit < LIMIT_COUNT)
		json_string(out, "limit", limit_word(f->limit));
	for (int i = 0; check_kind_field(f->kind, i); i++)
		json_number_or_null(out, check_kind_field(f->kind, i), f->n[i]);
	json_sentence(out, "message", world, f, check_message);
	json_sentence(out, "advice", world, f, check_advice);
	text_put(out, "}");
}

void check_report_json(struct text_out *out, const struct check_world *world,
	const struct check_findings *findings, const struct report *policy)
{
	const struct host_sample *host = &world->snap->host;
	char summary[SENTENCE_SIZE];
	struct text_out s;

	text_out_init(&s, summary, sizeof(summary));
	put_summary(&s, world, findings);
	json_head(out, check_exit_status(findings->worst));
	json_string(out, "summary", summary);
	if (host->valid & HOST_MEMORY) {
		json_number(out, "mem_total_bytes", host->mem_total_bytes);
		json_number(out, "mem_available_bytes", host->mem_available_bytes);
		json_number(out, "used_centipct", check_used_centipct(host));
	}
	json_open(out, "findings", "[");
	for (uint16_t i = 0; i < findings->n; i++) {
		json_next(out);
		json_finding(out, world, &findings->finding[i]);
	}
	text_put(out, "]");
	json_number(out, "untold", findings->untold);
	json_policy_lines(out, policy);
	text_put(out, "}\n");
}

void check_failure_json(struct text_out *out, const char *why, const struct report *policy)
{
	json_head(out, check_exit_status(CHECK_UNKNOWN));
	json_string(out, "summary", why);
	json_policy_lines(out, policy);
	text_put(out, "}\n");
}
