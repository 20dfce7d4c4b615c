/*
 * policy_finding: fills the templates of finding_info with words and numbers, as the policy file
 * writes them.
 */
#include "guardian/policy_finding.h"

#include "guardian/policy_value.h"

struct telling {
	const struct policy_finding *finding;
	const struct policy *policy;
};

static const char *service_name(const struct telling *t, uint16_t service)
{
	return service < t->policy->n_services ? t->policy->service[service].name : "?";
}

/* {0}, {0:size}, ...: FORM is what stands behind the digit. */
static void put_number(
	struct text_out *out, const struct telling *t, uint64_t n, struct text_span form)
{
	if (text_is(form, ":size"))
		text_put_size(out, n);
	else if (text_is(form, ":pct"))
		text_put_percent(out, (uint32_t)n);
	else if (text_is(form, ":time"))
		text_put_duration(out, n);
	else if (text_is(form, ":field"))
		policy_value_put_number(out, t->finding->field, n);
	else
		text_put_u64(out, n);
}

static bool put_holder(struct text_out *out, struct text_span holder, const void *userdata)
{
	const struct telling *t = userdata;
	const struct policy_finding *f = t->finding;

	if (text_is(holder, "service"))
		text_put(out, service_name(t, f->service));
	else if (text_is(holder, "other"))
		text_put(out, service_name(t, f->other));
	else if (text_is(holder, "field"))
		text_put(out, f->field->key);
	else if (text_is(holder, "text"))
		text_put(out, f->text);
	else
		put_number(out, t, f->n[holder.start[0] - '0'],
			(struct text_span){holder.start + 1, holder.len - 1});
	return true;
}

void policy_finding_message(
	struct text_out *out, const struct policy_finding *finding, const struct policy *policy)
{
	const struct telling t = {finding, policy};

	text_put_sentence(out, finding_info((enum finding_kind)finding->kind)->sentence, true,
		put_holder, &t);
}
