/*
 * say: one line on stderr, for people or for a backend that parses it.
 *
 * In one write(2), so that the lines of many streams in one log do not mix. Without stdio, which
 * would be a third of the program.
 */
#include <string.h>
#include <unistd.h>

#include "stream.h"

enum { LINE_SIZE = 8192 }; /* more than a path (4096) and a sentence */

/* What did not fit is left out; there is always room for the newline. */
static void write_line(struct text_out *out)
{
	ssize_t n;

	out->buf[out->len++] = '\n';
	n = write(STDERR_FILENO, out->buf, out->len);
	(void)n; /* without a stderr there is nobody to tell */
}

static void put_shown(struct text_out *out, const char *s)
{
	while (*s) {
		bool shown;
		size_t len = text_character(s, &shown);

		if (shown)
			text_put_span(out, s, len);
		else
			text_put(out, "?");
		s += len;
	}
}

void say(const struct options *options, const char *error, const char *message)
{
	char line[LINE_SIZE];
	struct text_out out;

	text_out_init(&out, line, sizeof(line) - 1);
	if (options->json) {
		text_put(&out, "{\"error\":");
		text_put_json(&out, error);
		text_put(&out, ",\"message\":");
		text_put_json(&out, message);
		text_put(&out, "}");
	} else {
		text_put(&out, "guardian-stream: ");
		put_shown(&out, message);
	}
	write_line(&out);
}

void say_errno(const struct options *options, const char *error, const char *message, int err)
{
	char both[LINE_SIZE - 64];
	struct text_out out;

	text_out_init(&out, both, sizeof(both));
	text_put(&out, message);
	text_put(&out, ": ");
	text_put(&out, strerror(err < 0 ? -err : err));
	say(options, error, both);
}

static bool is(const char *word, const char *other)
{
	return strcmp(word, other) == 0;
}

/* "no free slot: 4 of 4 in use (lowered from 6 by memory), 2 wait" */
static void put_sentence(
	struct text_out *out, const struct options *options, const struct refusal *refusal)
{
	if (is(refusal->reason, "damaged")) {
		text_put(out, "no slot: ");
		text_put(out, options->file);
		text_put(out, " is damaged; guardiand mends it when it runs");
		return;
	}
	if (is(refusal->reason, "warning")) {
		text_put(out, "no new streams: the host's memory is in warning (");
		text_put_u64(out, refusal->in_use);
		text_put(out, " in use, cap ");
		text_put_u64(out, refusal->cap);
		text_put(out, ")");
		return;
	}
	text_put(out, "no free slot");
	if (refusal->waited) {
		text_put(out, " within ");
		text_put_duration(out, options->wait_us);
	}
	text_put(out, ": ");
	text_put_u64(out, refusal->in_use);
	text_put(out, " of ");
	text_put_u64(out, refusal->effective_cap);
	text_put(out, " in use");
	if (is(refusal->reason, "memory")) {
		text_put(out, " (lowered from ");
		text_put_u64(out, refusal->cap);
		text_put(out, " by memory)");
	}
	if (refusal->waiting > 0) {
		text_put(out, ", ");
		text_put_u64(out, refusal->waiting);
		text_put(out, refusal->waiting == 1 ? " waits" : " wait");
	}
}

static void put_number(struct text_out *out, const char *key, uint64_t value)
{
	text_put(out, key);
	text_put_u64(out, value);
}

/* When it is worth asking again: a viewer may leave at any time, a warning lasts. */
static unsigned int retry_after_s(const struct refusal *refusal)
{
	return is(refusal->reason, "warning") ? 30 : 5;
}

void say_refusal(const struct options *options, const struct refusal *refusal)
{
	char line[LINE_SIZE];
	struct text_out out;

	text_out_init(&out, line, sizeof(line) - 1);
	if (!options->json) {
		put_sentence(&out, options, refusal);
		say(options, "no_slot", line);
		return;
	}
	put_number(&out, "{\"error\":\"no_slot\",\"cap\":", refusal->cap);
	put_number(&out, ",\"effective_cap\":", refusal->effective_cap);
	put_number(&out, ",\"in_use\":", refusal->in_use);
	put_number(&out, ",\"waiting\":", refusal->waiting);
	text_put(&out, ",\"reason\":");
	text_put_json(&out, refusal->reason);
	put_number(&out, ",\"retry_after_s\":", retry_after_s(refusal));
	text_put(&out, "}");
	write_line(&out);
}
