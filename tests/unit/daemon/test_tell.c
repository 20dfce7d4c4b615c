/*
 * tell: the fields that journald gets, the lines that people get, and the ring that the status file
 * gets. sd_journal_sendv() is the test's own here, because a test machine may have no journald.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "guardian/snapshot.h"
#include "guardian/tell.h"

/* ---- a journal ---- */

enum { SENT_FIELDS = 32, SENT_SIZE = 1024 };

static char sent[SENT_FIELDS][SENT_SIZE];
static int n_sent, n_messages;

int sd_journal_sendv(const struct iovec *iov, int n)
{
	assert_in_range(n, 1, SENT_FIELDS);
	n_sent = n;
	n_messages++;
	for (int i = 0; i < n; i++) {
		assert_in_range(iov[i].iov_len, 1, SENT_SIZE - 1);
		memcpy(sent[i], iov[i].iov_base, iov[i].iov_len);
		sent[i][iov[i].iov_len] = '\0';
	}
	return 0; /* as without journald */
}

static const char *field(const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < n_sent; i++)
		if (strncmp(sent[i], name, len) == 0 && sent[i][len] == '=')
			return sent[i] + len + 1;
	return NULL;
}

/* ---- stderr, into a file ---- */

static char lines[1 << 16];

static int catch_begin(FILE **file)
{
	int saved = dup(STDERR_FILENO);

	*file = tmpfile();
	assert_non_null(*file);
	fflush(stderr);
	assert_true(dup2(fileno(*file), STDERR_FILENO) >= 0);
	return saved;
}

static void catch_end(FILE *file, int saved)
{
	ssize_t n;

	fflush(stderr);
	n = pread(fileno(file), lines, sizeof(lines) - 1, 0);
	assert_true(n >= 0);
	lines[n] = '\0';
	dup2(saved, STDERR_FILENO);
	close(saved);
	fclose(file);
}

static struct tell tell;
static struct policy policy;

static int setup(void **state)
{
	(void)state;
	memset(&tell, 0, sizeof(tell));
	memset(&policy, 0, sizeof(policy));
	policy.n_services = 1;
	strcpy(policy.service[0].name, "web");
	n_sent = n_messages = 0;
	unsetenv("JOURNAL_STREAM");
	unsetenv("NO_COLOR");
	return 0;
}

#define WORLD(test) cmocka_unit_test_setup(test, setup)

static struct event event_of(enum event_kind kind)
{
	return (struct event){.kind = (uint16_t)kind,
		.limit = LIMIT_MAX,
		.reason = REASON_WRITER_DOCKER,
		.inode = 5,
		.n = {104857600, 209715200, 3, 4}};
}

static void tell_caught(const struct event *e, const char *cgroup, const char *extra)
{
	FILE *file;
	int saved = catch_begin(&file);

	tell_event(&tell, e, &policy, cgroup, extra);
	catch_end(file, saved);
}

/* ---- fields ---- */

static void drift_has_its_fields(void **state)
{
	struct event e = event_of(EVENT_LIMIT_DRIFT);

	(void)state;
	tell.journal = true;
	tell_event(&tell, &e, &policy, "system.slice/x.scope", NULL);
	assert_string_equal(field("GUARDIAN_EVENT"), "limit_drift");
	assert_string_equal(field("GUARDIAN_ACTION"), "repair_limit");
	assert_string_equal(field("GUARDIAN_SERVICE"), "web");
	assert_string_equal(field("GUARDIAN_LIMIT"), "mem_limit");
	assert_string_equal(field("GUARDIAN_REASON"), "docker");
	assert_string_equal(field("GUARDIAN_CGROUP"), "system.slice/x.scope");
	assert_string_equal(field("GUARDIAN_WANTED_BYTES"), "104857600");
	assert_string_equal(field("GUARDIAN_FOUND_BYTES"), "209715200");
	assert_string_equal(field("PRIORITY"), "4");
	assert_string_equal(field("SYSLOG_IDENTIFIER"), "guardiand");
	assert_int_equal(strlen(field("MESSAGE_ID")), 32);
	assert_string_equal(field("MESSAGE"), tell.kept[0].message);
	assert_int_equal(n_messages, 1);
}

/* Journald drops fields whose names are not upper case, or begin with an underscore. */
static void field_names_are_journalds(void **state)
{
	(void)state;
	tell.journal = true;
	for (int kind = 0; kind < EVENT_COUNT; kind++) {
		struct event e = event_of((enum event_kind)kind);

		tell_event(&tell, &e, &policy, "a.slice", "extra");
		assert_in_range(n_sent, 6, 16);
		for (int i = 0; i < n_sent; i++) {
			size_t len = strcspn(sent[i], "=");

			assert_in_range(len, 1, 64);
			assert_int_equal(sent[i][len], '=');
			assert_true(isupper((unsigned char)sent[i][0]));
			assert_int_equal(
				strspn(sent[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), len);
			for (int k = 0; k < i; k++)
				assert_false(strncmp(sent[i], sent[k], len + 1) == 0);
		}
	}
	assert_int_equal(n_messages, EVENT_COUNT);
}

static void what_is_not_known_is_no_field(void **state)
{
	struct event e = event_of(EVENT_STARTED);

	(void)state;
	tell.journal = true;
	e.service = SERVICE_NONE;
	e.limit = LIMIT_COUNT;
	e.reason = REASON_NONE;
	tell_event(&tell, &e, &policy, NULL, NULL);
	assert_null(field("GUARDIAN_SERVICE"));
	assert_null(field("GUARDIAN_LIMIT"));
	assert_null(field("GUARDIAN_REASON"));
	assert_null(field("GUARDIAN_CGROUP"));
	assert_string_equal(tell.kept[0].service, "");
}

static void longest_names_fit(void **state)
{
	struct event e = event_of(EVENT_SERVICE_MEMORY_CRITICAL);
	char cgroup[512], extra[1024];

	(void)state;
	tell.journal = true;
	memset(policy.service[0].name, 'n', sizeof(policy.service[0].name) - 1);
	memset(cgroup, 'c', sizeof(cgroup) - 1);
	cgroup[sizeof(cgroup) - 1] = '\0';
	memset(extra, 'e', sizeof(extra) - 1);
	extra[sizeof(extra) - 1] = '\0';
	for (int i = 0; i < EVENT_NUMBERS; i++)
		e.n[i] = UINT64_MAX - 1;
	tell_event(&tell, &e, &policy, cgroup, extra);
	assert_string_equal(field("GUARDIAN_SERVICE"), policy.service[0].name);
	assert_string_equal(field("GUARDIAN_CGROUP"), cgroup);
	assert_string_equal(field("GUARDIAN_USED_CENTIPCT"),
		"18446744073709551614"); /* the last one is whole */
	assert_true(strlen(field("MESSAGE")) < EVENT_MESSAGE_SIZE);
	assert_true(strlen(field("MESSAGE")) > 100); /* cut, and not thrown away */
}

/* ---- lines ---- */

/* Without journald there is stderr. */
static void plain_line(void **state)
{
	struct event e = event_of(EVENT_LIMIT_APPLIED);

	(void)state;
	tell.journal = true;
	tell.lines = true;
	tell_caught(&e, NULL, NULL);
	assert_int_equal(n_messages, 1);
	assert_null(strchr(lines, '\033'));
	assert_int_equal(strcspn(lines, "\n") + 1, strlen(lines)); /* one line */
	assert_non_null(strstr(lines, " note  limit_applied "));
	assert_non_null(strstr(lines, tell.kept[0].message));
	assert_int_equal(lines[2], ':');
	assert_int_equal(lines[5], ':');
}

static void coloured_line(void **state)
{
	struct event e = event_of(EVENT_OOM_KILL);

	(void)state;
	tell.lines = true;
	tell.colour = true;
	tell_caught(&e, NULL, NULL);
	assert_non_null(strstr(lines, "\033[31mERROR\033[0m"));
	assert_int_equal(n_messages, 0);
}

static void every_priority_has_a_face(void **state)
{
	(void)state;
	tell.lines = true;
	for (int kind = 0; kind < EVENT_COUNT; kind++) {
		struct event e = event_of((enum event_kind)kind);

		tell_caught(&e, NULL, NULL);
		assert_null(strstr(lines, "(null)"));
		assert_non_null(strstr(lines, event_info((enum event_kind)kind)->name));
	}
}

static void control_characters_are_tamed(void **state)
{
	struct event e = event_of(EVENT_POLICY_REJECTED);

	(void)state;
	tell.lines = true;
	tell_caught(&e, NULL, "bad \033[2Jfile\nforged line\r\x7f\t.");
	assert_int_equal(strcspn(lines, "\n") + 1, strlen(lines));
	for (const char *c = tell.kept[0].message; *c; c++)
		assert_in_range((unsigned char)*c, 0x20, 0x7e);
	assert_non_null(strstr(tell.kept[0].message, "forged line"));
	tell_caught(&e, NULL,
		"C1 \xc2\x9b"
		"2J, caf\xc3\xa9");
	assert_null(strstr(tell.kept[1].message, "\xc2\x9b"));
	assert_non_null(strstr(tell.kept[1].message, "2J, caf\xc3\xa9"));
}

/* ---- the ring ---- */

static void last_lines_are_kept(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < EVENT_LINES_KEPT * 3 + 5; i++) {
		struct event e = event_of(EVENT_STOPPED);

		e.n[0] = i;
		tell_event(&tell, &e, &policy, NULL, i % 2 ? "odd" : "even");
	}
	assert_int_equal(tell.told, EVENT_LINES_KEPT * 3 + 5);
	for (uint32_t i = 0; i < EVENT_LINES_KEPT; i++) {
		const struct event_line *line = &tell.kept[(tell.told - 1 - i) % EVENT_LINES_KEPT];

		assert_int_equal(line->kind, EVENT_STOPPED);
		assert_non_null(strstr(line->message, (tell.told - 1 - i) % 2 ? "odd" : "even"));
		assert_true(line->realtime_us > 1000000ULL * 1700000000);
	}
	tell.told = UINT32_MAX; /* and on over the end of the counter */
	struct event e = event_of(EVENT_STARTED);
	tell_event(&tell, &e, &policy, NULL, NULL);
	assert_int_equal(tell.told, 0);
	assert_int_equal(tell.kept[EVENT_LINES_KEPT - 1].kind, EVENT_STARTED);
}

/* ---- where to ---- */

static void another_root_is_not_this_hosts_journal(void **state)
{
	int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	tell.journal = true;
	tell_open(&tell, fd);
	assert_false(tell.journal);
	assert_true(tell.lines);
	assert_false(tell.colour && !isatty(STDERR_FILENO));
	close(fd);
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tell_open(&tell, fd);
	assert_int_equal(tell.journal, access("/run/systemd/journal/socket", F_OK) == 0);
	close(fd);
}

static void no_lines_when_stderr_is_journalds(void **state)
{
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	tell_open(&tell, AT_FDCWD);
	assert_false(tell.lines);
	setenv("JOURNAL_STREAM", "1:2", 1); /* inherited from somebody else's stderr */
	tell_open(&tell, AT_FDCWD);
	assert_true(tell.lines);
	setenv("JOURNAL_STREAM", "nonsense", 1);
	tell_open(&tell, AT_FDCWD);
	assert_true(tell.lines);
}

static void colour_is_for_terminals(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, saved = dup(STDERR_FILENO);

	(void)state;
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip();
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0)
		skip();
	dup2(slave, STDERR_FILENO);
	tell_open(&tell, AT_FDCWD);
	assert_true(tell.colour);
	setenv("NO_COLOR", "1", 1);
	tell_open(&tell, AT_FDCWD);
	assert_false(tell.colour);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(drift_has_its_fields),
		WORLD(field_names_are_journalds),
		WORLD(what_is_not_known_is_no_field),
		WORLD(longest_names_fit),
		WORLD(plain_line),
		WORLD(coloured_line),
		WORLD(every_priority_has_a_face),
		WORLD(control_characters_are_tamed),
		WORLD(last_lines_are_kept),
		WORLD(another_root_is_not_this_hosts_journal),
		WORLD(no_lines_when_stderr_is_journalds),
		WORLD(colour_is_for_terminals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
