/*
 * check: see the header. The order is: the policy, the machine, the rules, the words. Whatever
 * hangs on the way, a timer ends it with an honest answer: a host short of memory is just where a
 * check is wanted, and where it would hang.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guardian/check.h"
#include "guardian/check_look.h"
#include "guardian/check_report.h"
#include "guardian/fs.h"
#include "guardian/guardian.h"
#include "guardian/policy_yaml.h"

enum {
	CHECK_SECONDS = 8, /* and 1 more when even the answer cannot be written: less than 10 */
	PAGE_SIZE_MAX = 1 << 20, /* bytes of output; 256 findings fill 0.1 MiB */
	STATUS_UNKNOWN = 3,
};

/* ---- the timer ---- */

static const char *volatile step = "starting";
static volatile sig_atomic_t as_json;

static void doing(const char *what)
{
	step = what;
}

static void say(const char *s)
{
	(void)!write(STDOUT_FILENO, s, strlen(s));
}

/* Async-signal-safe: write(2), alarm(2) and _exit(2) alone. */
static void on_alarm(int signal)
{
	(void)signal;
	alarm(1); /* its action is the default by now: also a reader that hangs cannot hold us */
	say(as_json ? "{\"status\":\"unknown\",\"exit\":3,\"summary\":\"not finished in time, "
		      "while "
		    : "GUARDIAN UNKNOWN - not finished in time, while ");
	say(step);
	say(as_json ? "\",\"policy\":[]}\n" : "; the host may be short of memory\n");
	_exit(STATUS_UNKNOWN);
}

static void start_timer(const struct check_options *options)
{
	struct sigaction action = {
		.sa_handler = on_alarm, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
	sigset_t alarms;

	as_json = options->json;
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	alarm(CHECK_SECONDS);
}

/* ---- one check ---- */

struct check {
	const struct check_options *options;
	struct check_look look;
	struct check_findings findings;
	struct report report;
	char page[PAGE_SIZE_MAX];
};

static int print(struct check *c, const struct text_out *out, int status)
{
	doing("writing the answer");
	if (c->options->quiet && status == 0)
		return status;
	if (fwrite(out->buf, 1, out->len, stdout) != out->len || fflush(stdout) != 0)
		return STATUS_UNKNOWN;
	return status;
}

/* The check itself could not be done. */
static int fail(struct check *c, const char *why)
{
	struct text_out out;

	text_out_init(&out, c->page, sizeof(c->page));
	if (c->options->json)
		check_failure_json(&out, why, &c->report);
	else
		check_failure_text(&out, why, &c->report);
	return print(c, &out, STATUS_UNKNOWN);
}

static int fail_by_policy(struct check *c)
{
	char why[REPORT_FILE_SIZE + 64];
	struct text_out out;

	text_out_init(&out, why, sizeof(why));
	text_put(&out, "the policy ");
	text_put(&out, c->report.file);
	if (c->report.n_errors == 1) {
		text_put(&out, " has an error");
	} else {
		text_put(&out, " has ");
		text_put_u64(&out, c->report.n_errors);
		text_put(&out, " errors");
	}
	return fail(c, why);
}

static int load_policy(struct check *c)
{
	uint64_t mem_total =
		c->look.snap.host.valid & HOST_MEMORY ? c->look.snap.host.mem_total_bytes : 0;
	const char *named = c->options->config;
	/* A policy named on the command line is the caller's file; the default one is the tree's.
	 */
	bool followed = named || strcmp(c->look.root, "/") == 0;

	int r;

	doing("reading the policy");
	r = policy_yaml_load(followed ? AT_FDCWD : c->look.rootfd, named ? named : GUARDIAN_CONFIG,
		mem_total, &c->look.policy, &c->report);
	c->look.world.policy_open = c->report.others_may_write;
	return r;
}

static int print_policy(struct check *c)
{
	struct text_out out;
	int r = load_policy(c);

	report_print(&c->report, stderr);
	if (r < 0)
		return STATUS_UNKNOWN;
	text_out_init(&out, c->page, sizeof(c->page));
	policy_yaml_print(&c->look.policy, &out);
	if (fwrite(out.buf, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		return STATUS_UNKNOWN;
	return 0;
}

static int look_and_tell(struct check *c)
{
	struct text_out out;

	check_look_around(&c->look);
	check_rules(&c->look.world, &c->findings);
	text_out_init(&out, c->page, sizeof(c->page));
	if (c->options->json)
		check_report_json(&out, &c->look.world, &c->findings, &c->report);
	else
		check_report_text(&out, &c->look.world, &c->findings, &c->report);
	return print(c, &out, check_exit_status((enum check_severity)c->findings.worst));
}

static int run(struct check *c)
{
	c->look.rootfd = fs_open_dir(AT_FDCWD, c->look.root);
	if (c->look.rootfd < 0)
		return fail(c, "the root directory cannot be opened");
	check_look_host(&c->look);
	if (c->options->print_policy)
		return print_policy(c);
	if (load_policy(c) < 0)
		return fail_by_policy(c);
	return look_and_tell(c);
}

int check_main(const struct check_options *options)
{
	struct check *c;
	int status;

	start_timer(options);
	/* Pages that nobody touches cost nothing, and most of this is never touched. */
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED) {
		say("GUARDIAN UNKNOWN - no memory for the check itself\n");
		return STATUS_UNKNOWN;
	}
	c->options = options;
	c->look.root = options->root ? options->root : "/";
	c->look.doing = doing;
	c->look.rootfd = c->look.cgfd = -1;
	status = run(c);
	check_look_close(&c->look);
	munmap(c, sizeof(*c));
	alarm(0);
	return status;
}
