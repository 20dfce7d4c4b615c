/*
 * guardianctl: what a person asks guardiand. It reads the status file and the journal, and talks to
 * no process, so that it answers with the daemon stuck or dead.
 *
 * A new subcommand is a row in the table below and a function in a file of its own.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "guardian/fs.h"
#include "guardian/guardian.h"

static const struct command {
	const char *name;
	enum ctl_exit (*run)(const struct ctl *ctl, int argc, char **argv);
	const char *options;
	const char *help;
} commands[] = {
	{"status", status_command, "[--json] [--watch]",
		"the host, the services and the last events"},
	{"swap", swap_command, "[--json]", "swap, who uses it, and what would change"},
	{"slots", slots_command, "[--json] [--watch]", "who streams, and how many may"},
	{"events", events_command, "[-n N] [--follow] [--json]", "what guardiand has told"},
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_command(FILE *to, const struct command *command)
{
	fprintf(to, "  %-8s %-28s %s\n", command->name, command->options, command->help);
}

static void print_usage(FILE *to)
{
	fprintf(to, "Usage: guardianctl [--root DIR] COMMAND [OPTION...]\n\n");
	for (int i = 0; i < N_COMMANDS; i++)
		print_command(to, &commands[i]);
	fprintf(to, "\n  --root DIR   read the tree at DIR instead of /\n"
		    "  --help, --version\n\nSee guardianctl(1).\n");
}

static const struct command *find_command(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static enum ctl_exit run(const char *root, int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	struct ctl ctl = {.root = root};
	_cleanup_fd_ int rootfd = -1;

	if (!command) {
		fprintf(stderr, "guardianctl: there is no command '%s'; --help lists them\n",
			argv[0]);
		return CTL_USAGE;
	}
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_command(stdout, command);
		return CTL_OK;
	}
	rootfd = fs_open_dir(AT_FDCWD, root);
	if (rootfd < 0) {
		fprintf(stderr, "guardianctl: %s: %s\n", root, strerror(-rootfd));
		return CTL_FAILURE;
	}
	ctl.rootfd = rootfd;
	screen_detect(&ctl.screen, STDOUT_FILENO);
	optind = 0; /* glibc: the command's words are another vector, to be read from its start */
	return command->run(&ctl, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"root", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	const char *root = "/";
	int c;

	setlocale(LC_ALL, "");
	/* '+': the first word that is no option is the command; what follows is the command's. */
	while ((c = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
		switch (c) {
		case 'r':
			root = optarg;
			break;
		case 'h':
			print_usage(stdout);
			return CTL_OK;
		case 'V':
			puts("guardianctl " GUARDIAN_VERSION);
			return CTL_OK;
		default:
			return CTL_USAGE;
		}
	}
	if (optind < argc)
		return (int)run(root, argc - optind, argv + optind);
	print_usage(stderr);
	return CTL_USAGE;
}
