/*
 * policy_finding: fills the templates of finding_info with words and numbers, as the policy file
 * writes them.
 */
#include "guardian/policy_finding.h"

#include <string.h>

#include "guardian/policy_value.h"

struct writer {
	struct text_out *out;
	const struct policy_finding *finding;
	const struct policy *policy;
};

static const char *service_name(const struct writer *w, uint16_t service)
{
	return service < w->policy->n_services ? w->policy->service[service].name : "?";
}

/* {0}, {0:size}, ...: FORM is what stands behind the digit. */
static void put_number(struct writer *w, uint64_t n, struct text_span form)
{
	if (text_is(form, ":size"))
		text_put_size(w->out, n);
	else if (text_is(form, ":pct"))
		text_put_percent(w->out, (uint32_t)n);
	else if (text_is(form, ":time"))
		text_put_duration(w->out, n);
	else if (text_is(form, ":field"))
		policy_value_put_number(w->out, w->finding->field, n);
	else
		text_put_u64(w->out, n);
}

static void put_part(struct writer *w, struct text_span name)
{
	const struct policy_finding *f = w->finding;

	if (text_is(name, "service"))
		text_put(w->out, service_name(w, f->service));
	else if (text_is(name, "other"))
		text_put(w->out, service_name(w, f->other));
	else if (text_is(name, "field"))
		text_put(w->out, f->field->key);
	else if (text_is(name, "text"))
		text_put(w->out, f->text);
	else
		put_number(w, f->n[name.start[0] - '0'],
			(struct text_span){name.start + 1, name.len - 1});
}

void policy_finding_message(
	struct text_out *out, const struct policy_finding *finding, const struct policy *policy)
{
	struct writer w = {out, finding, policy};
	const char *s = finding_info((enum finding_kind)finding->kind)->sentence;
	const char *open;

	while ((open = strchr(s, '{'))) {
		const char *close = strchr(open, '}');

		text_put_span(out, s, (size_t)(open - s));
		put_part(&w, (struct text_span){open + 1, (size_t)(close - open - 1)});
		s = close + 1;
	}
	text_put(out, s);
}
