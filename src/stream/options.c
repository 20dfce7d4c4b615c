/*
 * options: the command line, by a table.
 *
 * Options end at `--` or at the first word that is none: what follows is the command's. Values are
 * taken whole or refused, before anything is done.
 */
#include <string.h>
#include <unistd.h>

#include "guardian/version.h"
#include "stream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	NICE_MAX = 19,
	NICE_MIN = -20,
	OOM_SCORE_ADJ_MAX = 1000, /* include/uapi/linux/oom.h */
};

static const char HELP[] =
	"usage: guardian-stream [OPTION...] [--] COMMAND [ARGUMENT...]\n"
	"Takes a stream slot, then becomes COMMAND; exits with 75 when there is none.\n\n"
	"  --wait TIME          wait for a slot, first come, first served (5s, 500ms; at most 1h)\n"
	"  --name NAME          what `guardianctl slots` calls it (default: COMMAND's name)\n"
	"  --json               tell a refusal as one line of JSON\n"
	"  --missing-ok         without a semaphore file run COMMAND all the same\n"
	"  --file FILE          the semaphore file (default: " SLOT_FILE_PATH ")\n"
	"  --nice N             be nicer by N, as nice(1)\n"
	"  --oom-score-adj N    -1000 to 1000; higher is killed first\n"
	"  --rlimit-as SIZE     limit the address space (512m)\n"
	"  --help, --version\n\nSee guardian-stream(1).\n";

static bool parse_wait(struct options *options, const char *value)
{
	return text_duration(value, strlen(value), &options->wait_us) == 0 &&
	       options->wait_us <= SLOT_WAIT_MAX_US;
}

/* A cut name would be a wrong name, and a control character would be obeyed by a terminal. */
static bool parse_name(struct options *options, const char *value)
{
	bool shown = *value != '\0' && strlen(value) < SLOT_NAME_SIZE;

	for (const char *at = value; shown && *at; at += text_character(at, &shown))
		text_character(at, &shown);
	options->name = value;
	return shown;
}

static bool parse_file(struct options *options, const char *value)
{
	options->file = value;
	return *value != '\0';
}

static bool parse_number(const char *value, int min, int max, int *out)
{
	bool negative = *value == '-';
	uint64_t n;

	value += negative;
	if (text_u64(value, strlen(value), &n) < 0 || n > (uint64_t)(negative ? -min : max))
		return false;
	*out = negative ? -(int)n : (int)n;
	return true;
}

static bool parse_nice(struct options *options, const char *value)
{
	return parse_number(value, NICE_MIN, NICE_MAX, &options->nice);
}

static bool parse_oom_score_adj(struct options *options, const char *value)
{
	options->has_oom_score_adj = true;
	return parse_number(value, -OOM_SCORE_ADJ_MAX, OOM_SCORE_ADJ_MAX, &options->oom_score_adj);
}

static bool parse_rlimit_as(struct options *options, const char *value)
{
	return text_size(value, strlen(value), &options->address_space_bytes) == 0 &&
	       options->address_space_bytes > 0;
}

static bool set_json(struct options *options, const char *value)
{
	(void)value;
	return options->json = true;
}

static bool set_missing_ok(struct options *options, const char *value)
{
	(void)value;
	return options->missing_ok = true;
}

static const struct option {
	const char *name;
	bool (*parse)(struct options *options, const char *value);
	const char *wants; /* NULL: it takes no value */
} table[] = {
	{"--wait", parse_wait, "a time of at most 1h, as in 5s"},
	{"--name", parse_name, "a name of 1 to 63 bytes without control characters"},
	{"--json", set_json, NULL},
	{"--missing-ok", set_missing_ok, NULL},
	{"--file", parse_file, "a path"},
	{"--nice", parse_nice, "a number from -20 to 19"},
	{"--oom-score-adj", parse_oom_score_adj, "a number from -1000 to 1000"},
	{"--rlimit-as", parse_rlimit_as, "a size, as in 512m"},
};

/* "--name=cam" and "--name" are both the option --name. */
static const struct option *find(const char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < COUNT(table); i++)
		if (text_is((struct text_span){word, len}, table[i].name))
			return &table[i];
	return NULL;
}

static int misused(const struct options *options, const char *word, const char *what)
{
	char message[512];
	struct text_out out;

	text_out_init(&out, message, sizeof(message));
	text_put(&out, word);
	text_put(&out, what);
	text_put(&out, "; guardian-stream --help shows all options");
	say(options, "usage", message);
	return STATUS_USAGE;
}

static int bad_value(const struct options *options, const struct option *option)
{
	char what[128];
	struct text_out out;

	text_out_init(&out, what, sizeof(what));
	text_put(&out, option->wants ? " wants " : " takes no value");
	if (option->wants)
		text_put(&out, option->wants);
	return misused(options, option->name, what);
}

static int print(const char *text)
{
	size_t len = strlen(text);

	return write(STDOUT_FILENO, text, len) == (ssize_t)len ? 0 : STATUS_OS;
}

/* Takes the word at *AT, and its value from the next one unless it follows a '='. */
static int parse_word(struct options *options, char *const *argv, int *at)
{
	const char *word = argv[(*at)++], *value = strchr(word, '=');
	const struct option *option = find(word);

	if (strcmp(word, "--help") == 0)
		return print(HELP);
	if (strcmp(word, "--version") == 0)
		return print("guardian-stream " GUARDIAN_VERSION "\n");
	if (!option)
		return misused(options, word, " is no option");
	if (value)
		value++;
	else if (option->wants && argv[*at])
		value = argv[(*at)++];
	if (!option->wants != !value || !option->parse(options, value))
		return bad_value(options, option);
	return -1;
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int options_parse(struct options *options, int argc, char *const *argv)
{
	int at = 1;

	*options = (struct options){.file = SLOT_FILE_PATH, .address_space_bytes = UINT64_MAX};
	while (at < argc && argv[at][0] == '-') {
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		int status = parse_word(options, argv, &at);

		if (status >= 0)
			return status;
	}
	if (at >= argc)
		return misused(options, "no command", " to run");
	options->command = argv + at;
	if (!options->name && !parse_name(options, last_component(argv[at])))
		options->name = "stream";
	return -1;
}
