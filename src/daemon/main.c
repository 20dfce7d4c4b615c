/*
 * guardiand: keeps a small Docker host alive. See guardiand(8).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/check.h"
#include "guardian/guardian.h"
#include "guardian/loop.h"

enum {
	EXIT_USAGE = 2,
	EXIT_UNKNOWN = 3,
	EXIT_POLICY = 78 /* EX_CONFIG: systemd does not try again */
};

struct arguments {
	struct guardian_options daemon;
	struct check_options check;
	bool checking;
};

static const char usage[] =
	"Usage: guardiand [--config FILE] [--root DIR] [--observe]\n"
	"       guardiand --check [--config FILE] [--root DIR] [--json] [--quiet] "
	"[--print-policy]\n"
	"\n"
	"Keeps a small Docker host alive: memory limits that hold, seen and told.\n"
	"\n"
	"  -c, --config FILE   the policy (default " GUARDIAN_CONFIG ")\n"
	"  -o, --observe       decide and tell, change nothing\n"
	"  -r, --root DIR      read another tree than /\n"
	"      --check         look once, print one line and the findings, exit 0 ok, 1 warning,\n"
	"                      2 critical, 3 unknown (a bad policy, for one)\n"
	"      --json          with --check: as JSON\n"
	"      --quiet         with --check: print nothing when all is well\n"
	"      --print-policy  with --check: print the policy with every default written out\n"
	"  -V, --version\n"
	"  -h, --help\n"
	"\n"
	"SIGHUP reloads the policy. SIGTERM stops, and leaves limits and swap as they are.\n"
	"guardiand(8), guardian.yaml(5), guardianctl(1)\n";

enum { OPTION_CHECK = 256, OPTION_JSON, OPTION_QUIET, OPTION_PRINT_POLICY };

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"observe", no_argument, NULL, 'o'},
	{"root", required_argument, NULL, 'r'},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"json", no_argument, NULL, OPTION_JSON},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"print-policy", no_argument, NULL, OPTION_PRINT_POLICY},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* For a plug-in 2 means critical; what it could not find out is 3. */
static int bad_usage(const struct arguments *a, const char *why)
{
	fprintf(stderr, "guardiand: %s\nTry 'guardiand --help'.\n", why);
	return a->checking ? EXIT_UNKNOWN : EXIT_USAGE;
}

/* -> -1: go on; otherwise the exit status. */
static int take_option(struct arguments *a, int option)
{
	switch (option) {
	case 'c':
		a->daemon.config = a->check.config = optarg;
		return -1;
	case 'o':
		a->daemon.observe = true;
		return -1;
	case 'r':
		a->daemon.root = a->check.root = optarg;
		return -1;
	case OPTION_CHECK:
		a->checking = true;
		return -1;
	case OPTION_JSON:
		a->check.json = true;
		return -1;
	case OPTION_QUIET:
		a->check.quiet = true;
		return -1;
	case OPTION_PRINT_POLICY:
		a->check.print_policy = true;
		return -1;
	case 'V':
		puts("guardiand " GUARDIAN_VERSION);
		return EXIT_SUCCESS;
	case 'h':
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	default: /* getopt has said what is wrong */
		return bad_usage(a, "bad arguments");
	}
}

static int parse(int argc, char **argv, struct arguments *a)
{
	int option, status;

	while ((option = getopt_long(argc, argv, "c:or:Vh", options, NULL)) != -1)
		if ((status = take_option(a, option)) >= 0)
			return status;
	if (optind < argc)
		return bad_usage(a, "takes no arguments but options");
	if (!a->checking && (a->check.json || a->check.quiet || a->check.print_policy))
		return bad_usage(a, "--json, --quiet and --print-policy go with --check");
	if (a->checking && a->daemon.observe)
		return bad_usage(a, "--observe is for the daemon; --check changes nothing anyway");
	return -1;
}

static int explain(
	int error, const struct guardian_options *o, const struct report *report, int peer)
{
	if (report->n_entries > 0)
		report_print(report, stderr);
	if (error == -EBUSY)
		fprintf(stderr,
			"guardiand: another guardiand (pid %d) watches this host; stop it first\n",
			peer);
	else if (report->n_errors > 0)
		fprintf(stderr,
			"guardiand: %s: %u error%s; nothing was started. See guardian.yaml(5).\n",
			report->file, report->n_errors, report->n_errors == 1 ? "" : "s");
	else
		fprintf(stderr, "guardiand: cannot start%s%s: %s\n", o->root ? " on " : "",
			o->root ? o->root : "", strerror(-error));
	return report->n_errors > 0 ? EXIT_POLICY : EXIT_FAILURE;
}

static int run_daemon(const struct guardian_options *o)
{
	struct report *report = calloc(1, sizeof(*report));
	struct guardian *g;
	int peer = 0, r;
	sigset_t mine;

	if (!report)
		return EXIT_FAILURE;
	/* The loop takes these from a descriptor; blocked before any thread exists, so that none
	 * gets them. */
	sigemptyset(&mine);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGINT);
	sigprocmask(SIG_BLOCK, &mine, NULL);
	signal(SIGPIPE, SIG_IGN);

	r = guardian_open(&g, o, report, &peer);
	if (r < 0) {
		r = explain(r, o, report, peer);
		free(report);
		return r;
	}
	report_print(report, stderr); /* warnings */
	free(report);
	r = loop_run(g);
	guardian_close(g);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct arguments a = {.checking = false};
	int status = parse(argc, argv, &a);

	if (status >= 0)
		return status;
	return a.checking ? check_main(&a.check) : run_daemon(&a.daemon);
}
