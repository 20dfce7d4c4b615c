/*
 * event: the table is whole and legal for journald, the catalog beside the unit agrees with it, and
 * the sentences come out as a person should read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "guardian/event.h"
#include "guardian/fs.h"
#include "guardian/limit.h"
#include "guardian/snapshot.h"

#include <fcntl.h>

static struct policy policy;

static int make_policy(void **state)
{
	(void)state;
	policy.n_services = 2;
	strcpy(policy.service[0].name, "backend");
	strcpy(policy.service[1].name, "worker");
	return 0;
}

/* Journald drops other names without a word. */
static void assert_legal_field(const char *name)
{
	size_t len = strlen(name);

	assert_true(len > 0 && len <= 64);
	assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), len);
	assert_true(strncmp(name, "GUARDIAN_", 9) == 0);
}

static void every_row_is_filled(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_COUNT; kind++) {
		const struct event_info *info = event_info(kind);
		bool ended = false;

		assert_non_null(info);
		assert_non_null(info->name);
		assert_int_equal(
			strspn(info->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(info->name));
		assert_true(strlen(info->action) > 0);
		assert_int_equal(strlen(info->message_id), 32);
		assert_int_equal(strspn(info->message_id, "0123456789abcdef"), 32);
		assert_true(info->priority >= LOG_CRIT && info->priority <= LOG_INFO);
		for (size_t i = 0; i < EVENT_NUMBERS; i++) {
			ended |= !info->field[i];
			if (info->field[i]) {
				assert_false(ended); /* no gaps */
				assert_legal_field(info->field[i]);
			}
		}
	}
	assert_null(event_info(EVENT_COUNT));
	assert_null(event_info((enum event_kind) - 1));
}

static void names_and_ids_are_unique(void **state)
{
	(void)state;
	for (enum event_kind a = 0; a < EVENT_COUNT; a++) {
		for (enum event_kind b = 0; b < a; b++) {
			assert_string_not_equal(event_info(a)->name, event_info(b)->name);
			assert_string_not_equal(
				event_info(a)->message_id, event_info(b)->message_id);
		}
	}
}

static const char *tell(const struct event *e, const char *extra)
{
	static char buf[1024];
	struct text_out out;

	text_out_init(&out, buf, sizeof(buf));
	event_message(&out, e, &policy, extra);
	assert_false(out.full);
	return buf;
}

/* A number that the sentence uses has a field, and what is in braces exists. */
static void every_placeholder_exists(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_COUNT; kind++) {
		const struct event_info *info = event_info(kind);

		for (const char *s = info->sentence; (s = strchr(s, '{')); s++) {
			if (isdigit((unsigned char)s[1]))
				assert_non_null(info->field[s[1] - '0']);
		}
		assert_null(strpbrk(tell(&(struct event){.kind = (uint16_t)kind}, NULL), "{}[]"));
	}
}

/* Every sentence ends with what only the daemon knows, if there is anything. */
static void extra_ends_the_sentence(void **state)
{
	(void)state;
	for (uint16_t kind = 0; kind < EVENT_COUNT; kind++) {
		const char *text = tell(&(struct event){.kind = kind}, "the reason");

		assert_string_equal(text + strlen(text) - strlen(": the reason"), ": the reason");
		text = tell(&(struct event){.kind = kind}, "");
		assert_null(strstr(text, "the reason"));
		assert_true(text[strlen(text) - 1] != ' ' && text[strlen(text) - 1] != ':');
	}
}

static void sentences_read_well(void **state)
{
	struct event drift = {.kind = EVENT_LIMIT_DRIFT,
		.limit = LIMIT_MAX,
		.reason = REASON_WRITER_SYSTEMD,
		.n = {512ULL << 20, LIMIT_UNLIMITED, 1}};
	struct event failed = {
		.kind = EVENT_LIMIT_FAILED, .limit = LIMIT_OOM_GROUP, .n = {EROFS, 1}};
	struct event warn = {.kind = EVENT_HOST_MEMORY_WARN,
		.service = SERVICE_NONE,
		.n = {700ULL << 20, 4ULL << 30, 8291}};
	struct event conflict = {.kind = EVENT_SERVICE_CONFLICT, .service = 0, .n = {1}};
	struct event silent = {.kind = EVENT_PEER_SILENT, .subject = PEER_DOCKER};
	struct event lack = {.kind = EVENT_LACK, .subject = 3, .service = SERVICE_NONE};

	(void)state;
	assert_string_equal(tell(&drift, NULL), "mem_limit of backend was changed to unlimited by "
						"systemd (a daemon-reload does that): "
						"guardiand sets it back to 512 MiB (repair 1)");
	assert_string_equal(tell(&failed, NULL), "oom_group of backend could not be set to on: "
						 "Read-only file system; guardiand will try again");
	failed.n[0] = (uint64_t)-EROFS; /* as a result has it */
	failed.n[1] = 0;
	assert_string_equal(tell(&failed, NULL), "oom_group of backend could not be set to off: "
						 "Read-only file system; guardiand will try again");
	assert_string_equal(tell(&warn, NULL),
		"Memory of the host is getting short: 700 MiB of 4 GiB available (82.91% used)");
	assert_string_equal(tell(&conflict, "system.slice/docker-1.scope"),
		"backend and worker match the same container: it gets the limits of neither until "
		"the "
		"policy "
		"is corrected: system.slice/docker-1.scope");
	assert_string_equal(tell(&silent, NULL),
		"dockerd does not answer: guardiand goes on without it and asks again");
	assert_non_null(strstr(tell(&lack, NULL), lack_effect(LACK_SYSTEMD)));
}

/* Outside of the policy's services nothing more is known of the killed than their number. */
static void swap_sentences_read_well(void **state)
{
	struct event made = {.kind = EVENT_SWAP_MADE, .n = {2ULL << 30}};
	struct event off = {.kind = EVENT_SWAP_OFF, .subject = 1, .n = {1ULL << 30, 2}};
	struct event refused = {.kind = EVENT_SWAP_REFUSED,
		.reason = REASON_SWAP_SPACE,
		.n = {2ULL << 30, 3ULL << 30, 2ULL << 30}};
	struct event failed = {
		.kind = EVENT_SWAP_FAILED, .reason = REASON_SWAP_ON, .n = {EINVAL, 1ULL << 30}};
	struct event mended = {.kind = EVENT_SWAP_MENDED, .n = {0644, 7}};
	struct event thrash = {.kind = EVENT_SWAP_THRASH, .n = {1 << 20, 2 << 20, 3010, 300 << 20}};
	struct event set = {.kind = EVENT_VM_SET, .n = {10, 60}};

	(void)state;
	assert_string_equal(tell(&made, NULL), "Swap of 2 GiB has been made and is in use: swap");
	strcpy(policy.swap.file, "/swap\x1b");
	assert_string_equal(tell(&off, NULL),
		"The swap file /swap .2 (1 GiB) was switched off by another program: guardiand "
		"switches it on again (repair 2)");
	strcpy(policy.swap.file, "/swap");
	assert_string_equal(tell(&refused, NULL),
		"Swap file /swap: the disk has too little free space for it (2 GiB wanted, 3 GiB "
		"free, 2 GiB to stay free); guardiand leaves it as it is");
	refused.reason = REASON_SWAP_FS;
	refused.n[3] = TMPFS_MAGIC;
	assert_string_equal(tell(&refused, NULL),
		"Swap file /swap: its file system cannot carry swap (tmpfs keeps its files in "
		"memory); guardiand leaves it as it is");
	refused.n[3] = 1;
	assert_string_equal(tell(&refused, NULL),
		"Swap file /swap: its file system cannot carry swap; guardiand leaves it as it is");
	assert_string_equal(tell(&failed, NULL),
		"The swap file /swap (1 GiB) could not be switched on: Invalid argument; guardiand "
		"will try again");
	assert_string_equal(tell(&mended, NULL),
		"The swap file /swap was open to others (mode 0644, user 7): it is mode 0600 and "
		"owned by root again");
	assert_string_equal(tell(&thrash, NULL),
		"The host thrashes: 1 MiB a second come back from swap while 2 MiB a second go "
		"out, "
		"and programs stand still for 30.1% of the time; most of it is backend, with 300 "
		"MiB in swap");
	thrash.service = SERVICE_NONE;
	assert_null(strstr(tell(&thrash, NULL), "most of it"));
	assert_string_equal(tell(&set, NULL), "vm.swappiness is now 10, it was 60");
	set.subject = KNOB_ZSWAP;
	assert_string_equal(tell(&set, NULL), "zswap is now 10, it was 60");
}

static void stream_sentences_read_well(void **state)
{
	struct event lowered = {.kind = EVENT_STREAM_CAP_LOWERED,
		.service = SERVICE_NONE,
		.reason = REASON_STREAMS_MEMORY,
		.n = {6, 4, 800ULL << 20, 105ULL << 20}};
	struct event stray = {.kind = EVENT_STREAM_UNACCOUNTED, .n = {2, 4711, 3, 6}};
	struct event stopping = {.kind = EVENT_STREAM_STOPPING,
		.reason = REASON_STREAM_KILL,
		.n = {4711, 7, 6, 90 << 20}};
	struct event stopped = {.kind = EVENT_STREAM_STOPPED, .n = {4711, 90 << 20, 1000000}};
	struct event failed = {.kind = EVENT_STREAM_STOP_FAILED, .n = {EPERM, 4711}};
	struct event mended = {.kind = EVENT_SEMAPHORE_MENDED, .reason = REASON_SLOTS_HEADER};
	struct event unusable = {
		.kind = EVENT_SEMAPHORE_UNUSABLE, .reason = REASON_SLOTS_UNUSABLE, .n = {ELOOP}};
	struct event would = {.kind = EVENT_STREAM_OBSERVED, .reason = REASON_STREAMS_MAKE};

	(void)state;
	assert_string_equal(tell(&lowered, NULL),
		"At most 4 of 6 streams may run for now: memory carries no more (800 MiB "
		"available, one takes 105 MiB)");
	lowered.reason = REASON_STREAMS_WARNING;
	assert_non_null(strstr(tell(&lowered, NULL),
		"for now: the host's memory is in warning, so no new ones are let in (800"));
	assert_string_equal(tell(&stray, NULL),
		"2 streams run without a slot, the newest in backend (process 4711): 3 of 6 slots "
		"are in use");
	stray.service = SERVICE_NONE;
	assert_non_null(strstr(tell(&stray, NULL), "without a slot (process 4711)"));
	assert_string_equal(tell(&stopping, NULL),
		"Process 4711 of backend is stopped (SIGKILL): it runs without a slot, and 7 "
		"streams are more than the 6 that are allowed");
	assert_string_equal(
		tell(&stopped, NULL), "Process 4711 of backend has ended: its 90 MiB are free");
	assert_string_equal(tell(&failed, NULL),
		"Process 4711 of backend could not be stopped: Operation not permitted");
	assert_string_equal(tell(&mended, NULL),
		"The semaphore file of the streams has been put right in place: its header was "
		"damaged");
	assert_non_null(strstr(tell(&unusable, NULL), "Too many levels of symbolic links"));
	assert_string_equal(tell(&would, NULL),
		"guardiand only observes, otherwise it would now make the semaphore file of the "
		"streams");
}

static void what_stands_in_brackets_is_of_services(void **state)
{
	struct event kill = {
		.kind = EVENT_OOM_KILL, .service = 0, .n = {1, 3, 256ULL << 20, 256ULL << 20}};

	(void)state;
	assert_string_equal(tell(&kill, NULL), "Out of memory in backend: the kernel killed 1 of "
					       "its processes (3 in all; limit 256 MiB, "
					       "highest use 256 MiB)");
	kill.service = SERVICE_NONE;
	assert_string_equal(tell(&kill, "see journalctl -k"),
		"Out of memory in the host: the kernel killed 1 "
		"of its processes: see journalctl -k");
}

static void readings_are_named_by_bit(void **state)
{
	struct event e = {.kind = EVENT_READING_LOST, .service = 1, .subject = 1};

	(void)state;
	assert_non_null(strstr(tell(&e, NULL), "memory.stat of worker"));
	e.service = SERVICE_NONE;
	e.subject = 3;
	assert_non_null(strstr(tell(&e, NULL), "/proc/pressure/memory of the host"));
	for (uint8_t bit = 0; bit < 12; bit++) {
		e = (struct event){.kind = EVENT_READING_LOST, .service = 0, .subject = bit};
		assert_null(strstr(tell(&e, NULL), "a reading"));
	}
	for (uint8_t bit = 0; bit < 6; bit++) {
		e = (struct event){
			.kind = EVENT_READING_BACK, .service = SERVICE_NONE, .subject = bit};
		assert_null(strstr(tell(&e, NULL), "a reading"));
	}
}

/* Numbers out of range come from a record that somebody wrote: no crash, no lie. */
static void nonsense_is_told_plainly(void **state)
{
	struct event e = {.kind = EVENT_LIMIT_DRIFT, .service = 99, .limit = 99, .reason = 99};

	(void)state;
	assert_non_null(strstr(tell(&e, NULL), "a limit of a service was changed"));
	assert_non_null(strstr(tell(&e, NULL), "by an unknown writer:"));
	assert_string_equal(tell(&(struct event){.kind = 999}, NULL), "An unknown event");
	e = (struct event){.kind = EVENT_READING_LOST, .subject = 200};
	assert_non_null(strstr(tell(&e, NULL), "a reading of backend"));
	e = (struct event){.kind = EVENT_LACK, .subject = 200};
	assert_non_null(strstr(tell(&e, NULL), "unknown"));
	e = (struct event){.kind = EVENT_PEER_SILENT, .subject = 200};
	assert_non_null(strstr(tell(&e, NULL), "unknown does not answer"));
	e = (struct event){.kind = EVENT_LIMIT_FAILED, .n = {99999}};
	assert_non_null(strstr(tell(&e, NULL), "error 99999;"));
	e.n[0] = 1ULL << 63;
	assert_non_null(strstr(tell(&e, NULL), "error 9223372036854775808;"));
	e = (struct event){.kind = EVENT_SERVICE_MEMORY_WARN, .n = {1, 1, UINT64_MAX}};
	assert_non_null(strstr(tell(&e, NULL), "42949672.95%"));
}

static void without_a_policy_a_service_has_no_name(void **state)
{
	char buf[256];
	struct text_out out;

	(void)state;
	text_out_init(&out, buf, sizeof(buf));
	event_message(&out, &(struct event){.kind = EVENT_READING_BACK, .subject = 0}, NULL, NULL);
	assert_string_equal(buf, "memory.current of a service can be read again");
}

/* A container's name or an error cannot start a new line or paint the terminal. */
static void control_characters_do_not_pass(void **state)
{
	struct event e = {.kind = EVENT_READING_BACK, .subject = 0};

	(void)state;
	strcpy(policy.service[0].name, "a\nb\x1b[2Jc\x7f");
	const char *text = tell(&e, "x\ry\n");
	strcpy(policy.service[0].name, "backend");
	assert_string_equal(text, "memory.current of a b [2Jc  can be read again: x y ");
	/* C1 as UTF-8: CSI, and NEL. What is text stays. */
	text = tell(&e, "a\xc2\x9b"
			"2Jb\xc2\x85"
			"c\x9b"
			"d \xc3\xa9\xe2\x82\xac");
	assert_non_null(strstr(text, ": a 2Jb c d \xc3\xa9\xe2\x82\xac"));
}

static void a_long_message_is_cut_not_overrun(void **state)
{
	char buf[16] = "", guard[8] = "guard";
	struct text_out out;

	(void)state;
	text_out_init(&out, buf, sizeof(buf));
	event_message(&out, &(struct event){.kind = EVENT_PEER_BACK}, &policy, "long extra text");
	assert_true(out.full);
	assert_true(strlen(buf) < sizeof(buf));
	assert_string_equal(guard, "guard");
}

static void reasons_have_words(void **state)
{
	(void)state;
	assert_string_equal(event_reason_name(REASON_NONE), "none");
	assert_string_equal(event_reason_name(REASON_WRITER_SYSTEMD), "systemd");
	assert_string_equal(event_reason_name(REASON_WRITER_DOCKER), "docker");
	assert_string_equal(event_reason_name(REASON_WRITER_UNKNOWN), "unknown");
	assert_string_equal(event_reason_name(REASON_COUNT), "unknown");
}

/* ---- the catalog ---- */

static char *read_catalog(void)
{
	static char *text;
	size_t len;

	assert_int_equal(
		fs_read_all(AT_FDCWD, "systemd/guardiand.catalog", 1 << 20, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	return text;
}

/* Takes the entry of ID out of TEXT: a copy, to be freed; NULL when there is none or more than one.
 */
static char *find_entry(const char *text, const char *id)
{
	char head[40] = "\n-- ";
	const char *start, *end;

	strcat(head, id);
	start = strstr(text, head);
	if (!start || strstr(start + 1, head))
		return NULL;
	end = strstr(start + 1, "\n-- ");
	return end ? strndup(start + 1, (size_t)(end - start)) : strdup(start + 1);
}

static bool is_known_field(const struct event_info *info, const char *name, size_t len)
{
	static const char *const always[] = {
		"GUARDIAN_SERVICE", "GUARDIAN_LIMIT", "GUARDIAN_REASON", "GUARDIAN_ACTION"};

	for (size_t i = 0; i < 4; i++) {
		if (text_is((struct text_span){name, len}, always[i]))
			return true;
	}
	for (size_t i = 0; i < EVENT_NUMBERS; i++) {
		if (info->field[i] && text_is((struct text_span){name, len}, info->field[i]))
			return true;
	}
	return false;
}

static void check_entry(const struct event_info *info, const char *entry)
{
	const char *subject = strstr(entry, "\nSubject: "), *text = strstr(entry, "\n\n");

	assert_non_null(subject);
	assert_non_null(strstr(entry, "\nDefined-By: guardiand\n"));
	assert_non_null(strstr(entry, "\nSupport: man:guardiand(8)\n"));
	assert_non_null(text);
	assert_true(subject < text);
	assert_true(strlen(text) > 80);
	/* A field that the event does not have would be shown as nothing. */
	for (const char *at = strchr(entry, '@'); at; at = strchr(at + 1, '@')) {
		const char *end = strchr(at + 1, '@');

		assert_non_null(end);
		if (!is_known_field(info, at + 1, (size_t)(end - at - 1)))
			fail_msg("%s: no field %.*s", info->name, (int)(end - at - 1), at + 1);
		at = end;
	}
}

static void the_catalog_has_an_entry_for_each(void **state)
{
	char *text = read_catalog();
	size_t entries = 0;

	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_COUNT; kind++) {
		const struct event_info *info = event_info(kind);
		char *entry = find_entry(text, info->message_id);

		if (!entry)
			fail_msg("%s: no entry, or two", info->name);
		check_entry(info, entry);
		free(entry);
	}
	for (const char *s = text; (s = strstr(s, "\n-- ")); s++)
		entries++;
	assert_int_equal(entries, EVENT_COUNT); /* and for nothing else */
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_filled),
		cmocka_unit_test(names_and_ids_are_unique),
		cmocka_unit_test(every_placeholder_exists),
		cmocka_unit_test(extra_ends_the_sentence),
		cmocka_unit_test(sentences_read_well),
		cmocka_unit_test(swap_sentences_read_well),
		cmocka_unit_test(stream_sentences_read_well),
		cmocka_unit_test(what_stands_in_brackets_is_of_services),
		cmocka_unit_test(readings_are_named_by_bit),
		cmocka_unit_test(nonsense_is_told_plainly),
		cmocka_unit_test(without_a_policy_a_service_has_no_name),
		cmocka_unit_test(control_characters_do_not_pass),
		cmocka_unit_test(a_long_message_is_cut_not_overrun),
		cmocka_unit_test(reasons_have_words),
		cmocka_unit_test(the_catalog_has_an_entry_for_each),
	};

	return cmocka_run_group_tests(tests, make_policy, NULL);
}
