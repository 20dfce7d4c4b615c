/*
 * Policy files on disk, and the way back: what is printed loads again to the same policy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/policy_fields.h"
#include "guardian/policy_yaml.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct policy policy, again;
static struct report report;
static char printed[POLICY_YAML_PRINT_SIZE];

static int parse(const char *text)
{
	return policy_yaml_parse("f", text, strlen(text), 0, &policy, &report);
}

/* ---- files ---- */

static int folder = -1;
static char folder_path[] = "/tmp/test_policy_yaml.XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder_path))
		return -1;
	folder = open(folder_path, O_DIRECTORY | O_CLOEXEC);
	return folder < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"good.yaml", "link.yaml", "big.yaml"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(folder, names[i], 0);
	unlinkat(folder, "folder.yaml", AT_REMOVEDIR);
	close(folder);
	return rmdir(folder_path);
}

static void write_file(const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void assert_unreadable(const char *name, int r, const char *words)
{
	assert_int_equal(policy_yaml_load(folder, name, 0, &policy, &report), r);
	assert_int_equal(report.n_errors, 1);
	assert_string_equal(report.file, name);
	assert_non_null(strstr(report.entry[0].text, words));
}

static void files_that_cannot_be_read(void **state)
{
	(void)state;
	write_file("good.yaml", "services: {web: }\n");
	write_file("big.yaml", "");
	assert_int_equal(symlinkat("good.yaml", folder, "link.yaml"), 0);
	assert_int_equal(mkdirat(folder, "folder.yaml", 0700), 0);
	int fd = openat(folder, "big.yaml", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, POLICY_YAML_BYTES_MAX + 1), 0);
	close(fd);

	assert_int_equal(policy_yaml_load(folder, "good.yaml", 0, &policy, &report), 0);
	assert_int_equal(report.n_errors, 0);
	assert_unreadable("none.yaml", -ENOENT, "no such file");
	assert_unreadable("link.yaml", -ELOOP, "symbolic link");
	assert_unreadable("big.yaml", -EFBIG, "longer than 1 MiB");
	assert_unreadable("good.yaml/x", -ENOTDIR, "Not a directory");
	assert_true(policy_yaml_load(folder, "folder.yaml", 0, &policy, &report) < 0);
}

/* Configuration management keeps /etc/guardian.yaml as a link; a tree of --root is not left. */
static void a_link_that_the_user_names_is_followed(void **state)
{
	char path[64];

	(void)state;
	write_file("good.yaml", "services: {web: }\n");
	if (faccessat(folder, "link.yaml", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		assert_int_equal(symlinkat("good.yaml", folder, "link.yaml"), 0);
	(void)snprintf(path, sizeof(path), "%s/link.yaml", folder_path);
	assert_int_equal(policy_yaml_load(AT_FDCWD, path, 0, &policy, &report), 0);
	assert_int_equal(policy.n_services, 1);
	assert_int_equal(unlinkat(folder, "good.yaml", 0), 0);
	assert_int_equal(policy_yaml_load(AT_FDCWD, path, 0, &policy, &report), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/folder.yaml", folder_path);
	assert_int_equal(policy_yaml_load(AT_FDCWD, path, 0, &policy, &report), -EISDIR);
}

static void assert_warning(const char *words)
{
	assert_int_equal(policy_yaml_load(folder, "good.yaml", 0, &policy, &report), 0);
	assert_int_equal(report.n_warnings, 1);
	assert_int_equal(report.entry[0].line, 0);
	assert_non_null(strstr(report.entry[0].text, words));
	assert_true(report.others_may_write);
}

/* Whoever may write the policy commands a daemon that is root. */
static void a_file_that_others_may_write_is_told(void **state)
{
	(void)state;
	write_file("good.yaml", "services: {web: }\n");
	assert_int_equal(fchmodat(folder, "good.yaml", 0644, 0), 0);
	assert_int_equal(policy_yaml_load(folder, "good.yaml", 0, &policy, &report), 0);
	assert_int_equal(report.n_warnings, 0);
	assert_false(report.others_may_write);
	assert_int_equal(fchmodat(folder, "good.yaml", 0664, 0), 0);
	assert_warning("mode 0664");
	assert_int_equal(fchmodat(folder, "good.yaml", 0602, 0), 0);
	assert_warning("mode 0602");
	assert_int_equal(fchmodat(folder, "good.yaml", 0600, 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchownat(folder, "good.yaml", 1000, 0, 0), 0);
		assert_warning("belongs to user 1000");
	}
	assert_int_equal(unlinkat(folder, "good.yaml", 0), 0);
	assert_int_equal(policy_yaml_load(folder, "good.yaml", 0, &policy, &report), -ENOENT);
	assert_false(report.others_may_write);
}

/* ---- the way back ---- */

static uint64_t seed = 1;

static uint64_t random_up_to(uint64_t most)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return most == UINT64_MAX ? seed : (seed >> 16) % (most + 1);
}

/* A number within bounds that is in the grain of its type: durations have milliseconds. */
static uint64_t random_number(const struct policy_field *f)
{
	static const uint64_t grains[] = {1, 1024, MIB, 512 * 1024, GIB};
	uint64_t grain = f->type == FIELD_DURATION ? 1000
			 : f->type <= FIELD_LIMIT  ? grains[random_up_to(4)]
						   : 1;
	uint64_t value = f->min + random_up_to((f->max - f->min) / grain) * grain;

	return f->type == FIELD_LIMIT && !random_up_to(5) ? LIMIT_UNLIMITED : value;
}

static void random_text(const struct policy_field *f, void *base)
{
	static const char *const texts[][6] = {
		[FIELD_CONTAINER] = {"web", "null", "True", "7", "a.b-c_d", "1.5g"},
		[FIELD_COMMAND] = {"ffmpeg", "gst-launch-1.0", "null", "7", "a+b", "_x"},
		[FIELD_GROUP] = {"root", "1000", "no", "_apt", "www-data", "a.b"},
		[FIELD_COMPOSE] = {"web", "shop/web", "no", "0", "a/b-c_d", "x.y/z"},
		[FIELD_UNIT] = {"x.service", "a@b.service", "a\\x2db.scope", "-x.slice", "_.slice",
			"x:y.service"},
		[FIELD_GLOB] = {"a/*", "a/[b-c]*", "a/'b'", "a/\"b\"", "a/b: c # d",
			"\xea\xb0\x80/?"},
		[FIELD_PATH] = {"/run/x.sock", "/a b", "/a:b", "/A", "/\xea\xb0\x80", "/\"\\"},
	};
	const char *text = texts[f->type][random_up_to(5)];

	if (f->section != SECTION_SERVICE || random_up_to(2))
		assert_true(policy_field_set_text(f, base, text, strlen(text)));
}

static void randomise(enum policy_section section, void *base)
{
	for (size_t i = 0; i < policy_fields_count; i++) {
		const struct policy_field *f = &policy_fields[i];

		if (f->section != section || !random_up_to(3))
			continue;
		if (field_is_text(f))
			random_text(f, base);
		else
			policy_field_set(f, base, random_number(f));
	}
}

static void random_policy(struct policy *p)
{
	policy_defaults(p);
	for (int s = 0; s < SECTION_SERVICE; s++)
		randomise((enum policy_section)s,
			(char *)p + policy_section_info((enum policy_section)s)->offset);
	p->n_services = (uint32_t)random_up_to(4);
	for (uint32_t i = 0; i < p->n_services; i++) {
		policy_service_defaults(&p->service[i]);
		snprintf(p->service[i].name, sizeof(p->service[i].name), "s%u", i);
		randomise(SECTION_SERVICE, &p->service[i]);
	}
	policy_finish(p);
}

static void print(const struct policy *p)
{
	struct text_out out;

	text_out_init(&out, printed, sizeof(printed));
	policy_yaml_print(p, &out);
	assert_false(out.full);
}

/* Byte for byte, but for the lines. Cross-checks may refuse a random policy; its values have been
 * read by then. */
static void any_policy_prints_and_loads_to_itself(void **state)
{
	(void)state;
	for (int round = 0; round < 3000; round++) {
		random_policy(&again);
		print(&again);
		parse(printed);
		for (uint32_t i = 0; i < report.n_entries; i++) {
			if (strstr(report.entry[i].text, "expected") ||
				strstr(report.entry[i].text, "key"))
				fail_msg("%s\n%s", report.entry[i].text, printed);
		}
		for (uint32_t i = 0; i < policy.n_services; i++)
			policy.service[i].line = 0;
		if (memcmp(&policy, &again, sizeof(policy)) != 0)
			fail_msg("differs:\n%s", printed);
	}
}

static void the_largest_policy_fits_the_buffer(void **state)
{
	(void)state;
	policy_defaults(&again);
	again.n_services = POLICY_SERVICES_MAX;
	for (uint32_t i = 0; i < POLICY_SERVICES_MAX; i++) {
		struct policy_service *s = &again.service[i];

		policy_service_defaults(s);
		memset(s->name, 'n', sizeof(s->name) - 1);
		memset(s->container, 'c', sizeof(s->container) - 1);
		memset(s->compose, 'c', sizeof(s->compose) - 1);
		memset(s->unit, '\\', sizeof(s->unit) - 1);
		memset(s->cgroup, '"', sizeof(s->cgroup) - 1);
		for (int k = 0; k < LIMIT_COUNT; k++)
			limit_put(&s->limits, (enum limit_kind)k, (1ULL << 44) + 1);
	}
	print(&again);
}

static void the_print_is_what_people_would_write(void **state)
{
	(void)state;
	assert_int_equal(parse("services: {web: {mem_limit: 1.5g, protected: yes}}"), 0);
	print(&policy);
	assert_string_equal(printed, "mode: enforce\n"
				     "host:\n"
				     "  interval: 1s\n"
				     "  idle_interval: 5s\n"
				     "  reserve: 400m\n"
				     "  warn: 80%\n"
				     "  critical: 90%\n"
				     "  calm: 5%\n"
				     "  calm_for: 10s\n"
				     "docker:\n"
				     "  socket: /run/docker.sock\n"
				     "  data_root: /var/lib/docker\n"
				     "  deadline: 2s\n"
				     "drift:\n"
				     "  backoff: 1s\n"
				     "  rounds: 5\n"
				     "  window: 10m\n"
				     "swap:\n"
				     "  file: /swapfile\n"
				     "  size: 0\n"
				     "streams:\n"
				     "  per_stream: 100m\n"
				     "  command: ffmpeg\n"
				     "  group: root\n"
				     "  over_cap: tell\n"
				     "  grace: 5s\n"
				     "  recover: 10s\n"
				     "services:\n"
				     "  web:\n"
				     "    container: web\n"
				     "    mem_limit: 1.5g\n"
				     "    swap_limit: 0\n"
				     "    protected: yes\n"
				     "    force: no\n"
				     "    role: generic\n"
				     "    warn: 80%\n"
				     "    critical: 90%\n");
	parse("");
	print(&policy);
	assert_non_null(strstr(printed, "\nservices: {}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(a_link_that_the_user_names_is_followed),
		cmocka_unit_test(a_file_that_others_may_write_is_told),
		cmocka_unit_test(any_policy_prints_and_loads_to_itself),
		cmocka_unit_test(the_largest_policy_fits_the_buffer),
		cmocka_unit_test(the_print_is_what_people_would_write),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
