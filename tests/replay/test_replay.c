/*
 * replay: recorded and written minutes, decided again. Each folder here is one: policy.yaml,
 * in.jsonl (a snapshot a line, see guardian/record.h) and expected.jsonl, a line for each plan that
 * does or tells something, and the last one's. Between snapshots may stand a line `restart` (of
 * guardiand, which goes on from its state file) or `policy FILE` (read again).
 *
 * REPLAY_WRITE=1 writes expected.jsonl anew: read the difference before it is committed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/decide.h"
#include "guardian/fs.h"
#include "guardian/policy_yaml.h"
#include "guardian/record.h"

#define FOLDER "tests/replay"

enum {
	TEXT_MAX = 8 << 20,
	MEM_TOTAL_MIB = 4000,
};

struct replay {
	int dirfd;
	struct policy policy;
	struct report report;
	struct snapshot snap;
	struct state state;
	struct plan plan;
	struct text_out out;
	char buf[TEXT_MAX];
};

static struct replay r;

/* A note below the result, as TAP wants it. */
static bool broken(const char *what, const char *detail)
{
	printf("# %s: %s\n", what, detail);
	return false;
}

static void decide_line(bool last)
{
	decide(&r.policy, &r.snap, &r.state, &r.plan);
	if (!last && r.plan.n_actions == 0 && r.plan.n_events == 0)
		return;
	record_put_plan(&r.out, &r.plan, r.snap.now_us);
	text_put(&r.out, "\n");
}

/* What the daemon does with its state when it ends and begins. */
static bool restart(void)
{
	static char kept[sizeof(struct state)];
	size_t len = state_kept_size(&r.state);

	memcpy(kept, &r.state, len);
	memset(&r.state, 0, sizeof(r.state));
	if (!state_valid(kept, len))
		return broken("restart", "the state is not valid");
	memcpy(&r.state, kept, len);
	state_resume(&r.state);
	return true;
}

static bool load_policy(const char *name)
{
	if (policy_yaml_load(r.dirfd, name, (uint64_t)MEM_TOTAL_MIB << 20, &r.policy, &r.report) <
		0)
		return broken(name, "is wrong");
	return true;
}

static bool do_line(struct record *record, const char *line, size_t len, bool last)
{
	char file[64] = "";

	if (text_is((struct text_span){line, len}, "restart"))
		return restart();
	if (len > 7 && len < sizeof(file) && strncmp(line, "policy ", 7) == 0) {
		memcpy(file, line + 7, len - 7);
		return load_policy(file);
	}
	if (record_read(record, line, len, &r.snap) < 0)
		return broken("in.jsonl: wrong key", record->wrong);
	decide_line(last);
	return true;
}

static bool decide_all(const char *text)
{
	struct record record = {0};
	bool ok = true;

	memset(&r.state, 0, sizeof(r.state));
	state_init(&r.state);
	text_out_init(&r.out, r.buf, sizeof(r.buf));
	while (ok && *text) {
		const char *end = strchrnul(text, '\n');

		ok = do_line(&record, text, (size_t)(end - text), end[0] == '\0' || end[1] == '\0');
		text = *end ? end + 1 : end;
	}
	record_end(&record);
	return ok && !r.out.full;
}

/* Shows the first line that differs, both ways. */
static bool compare(const char *expected)
{
	const char *found = r.buf;

	while (*expected || *found) {
		size_t e = strcspn(expected, "\n"), f = strcspn(found, "\n");

		if (e != f || memcmp(expected, found, e) != 0) {
			printf("# expected %.*s\n# found    %.*s\n", (int)e, expected, (int)f,
				found);
			return false;
		}
		expected += e + (expected[e] != '\0');
		found += f + (found[f] != '\0');
	}
	return true;
}

static bool check_expected(void)
{
	char *expected = NULL;
	size_t len;
	bool ok;

	if (getenv("REPLAY_WRITE"))
		return fs_replace(r.dirfd, "expected.jsonl", r.buf, r.out.len, 0644) == 0;
	if (fs_read_all(r.dirfd, "expected.jsonl", TEXT_MAX, &expected, &len) < 0)
		return broken("expected.jsonl", "cannot be read");
	ok = compare(expected);
	free(expected);
	return ok;
}

static bool replay_folder(const char *name)
{
	_cleanup_fd_ int dirfd = -1;
	char path[512], *text = NULL;
	size_t len;
	bool ok;

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	r.dirfd = dirfd = fs_open_dir(AT_FDCWD, path);
	if (dirfd < 0)
		return broken(name, strerror(-dirfd));
	if (!load_policy("policy.yaml"))
		return false;
	if (fs_read_all(dirfd, "in.jsonl", TEXT_MAX, &text, &len) < 0)
		return broken("in.jsonl", "cannot be read");
	ok = decide_all(text) && check_expected();
	free(text);
	return ok;
}

static int is_folder(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && entry->d_type == DT_DIR;
}

int main(void)
{
	struct dirent **entry;
	int n = scandir(FOLDER, &entry, is_folder, alphasort);
	int failed = 0;

	printf("1..%d\n", n > 0 ? n : 1);
	if (n <= 0)
		printf("not ok 1 - no replays in " FOLDER "\n");
	for (int i = 0; i < n; i++) {
		bool ok = replay_folder(entry[i]->d_name);

		failed += !ok;
		printf("%s %d - %s\n", ok ? "ok" : "not ok", i + 1, entry[i]->d_name);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return n <= 0 || failed > 0;
}
