/*
 * Secrets: a container's environment is in what dockerd says and in its files. None of it
 * may be in what the doors give out, and none in memory that is given back: every block passes
 * through our own free(), which looks.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_docker.h"
#include "guardian/docker_files.h"
#include "guardian/fs.h"

#define FIXTURE "tests/fixtures/docker-files"
#define BACKEND "5087d18d790d3b2700cf98b8469427934659c9de12b511f74803990dc51aab1f"
#define SECRET  "hunter2-s3cret"

static atomic_bool watching;
static atomic_int blocks_freed, blocks_with_secret;

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 0 /* ASan brings a free() of its own */
#else
#define WATCHED 1

void __libc_free(void *block); /* glibc's own */

void free(void *block)
{
	if (block && watching) {
		blocks_freed++;
		if (memmem(block, malloc_usable_size(block), SECRET, strlen(SECRET)))
			blocks_with_secret++;
	}
	__libc_free(block);
}
#endif

/* Not inlined: gcc 12 would take what strstr() finds in it for a pointer to `text` itself. */
__attribute__((noinline)) static char *slurp(const char *path, size_t *len)
{
	char *text;

	assert_int_equal(fs_read_all(AT_FDCWD, path, 1 << 20, &text, len), 0);
	return text;
}

static bool has_secret(const void *data, size_t size)
{
	return memmem(data, size, SECRET, strlen(SECRET)) != NULL;
}

static void start_watching(void)
{
	blocks_freed = blocks_with_secret = 0;
	watching = true;
}

static void assert_clean(const struct docker_container *c)
{
	watching = false;
	assert_false(has_secret(c, sizeof(*c)));
	assert_int_equal(blocks_with_secret, 0);
	if (WATCHED)
		assert_true(blocks_freed > 0);
}

static void the_watch_sees(void **state)
{
	char *volatile block;

	(void)state;
	if (!WATCHED)
		skip();
	start_watching();
	block = strdup("x" SECRET);
	free(block);
	watching = false;
	assert_int_equal(blocks_with_secret, 1);
}

/* Enough of it to make the reply's buffer grow several times. */
static char *long_inspection(void)
{
	size_t len;
	char *text = slurp(FIXTURE "/api/inspect.json", &len);
	char *env = strstr(text, "\"Env\":[");
	char *longer = malloc(300000), *at = longer;

	assert_non_null(env);
	env += strlen("\"Env\":[");
	at = mempcpy(at, text, (size_t)(env - text));
	for (int i = 0; i < 5000; i++)
		at = stpcpy(at, "\"PASSWORD=" SECRET "\",");
	strcpy(at, env);
	free(text);
	return longer;
}

static void inspecting_leaves_nothing(void **state)
{
	char *json = long_inspection();
	const struct fake_reply reply = {.bytes = fake_http(200, json)};
	struct fake_docker fake;
	struct docker_container c;

	(void)state;
	fake_docker_start(&fake, &reply, 1);
	start_watching();
	assert_int_equal(docker_inspect(&fake.docker, "backend", &c), 0);
	assert_clean(&c);
	assert_string_equal(c.name, "backend");
	fake_docker_stop(&fake);
	free(json);
}

static void a_cut_inspection_leaves_nothing(void **state)
{
	static const char CUT[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"Id\":\"a\",\"Env\":[\"P=" SECRET;
	const struct fake_reply reply = {.bytes = CUT};
	struct fake_docker fake;
	struct docker_container c;

	(void)state;
	fake_docker_start(&fake, &reply, 1);
	start_watching();
	assert_int_equal(docker_inspect(&fake.docker, "backend", &c), -EBADMSG);
	assert_clean(&c);
	fake_docker_stop(&fake);
}

static void reading_the_files_leaves_nothing(void **state)
{
	int rootfd = fs_open_dir(AT_FDCWD, FIXTURE);
	struct docker_container c;
	char *text;
	size_t len;

	(void)state;
	text = slurp(FIXTURE "/var/lib/docker/containers/" BACKEND "/config.v2.json", &len);
	assert_true(has_secret(text, len));
	free(text);
	start_watching();
	assert_int_equal(docker_files_find(rootfd, "/var/lib/docker", BACKEND, &c), 0);
	assert_clean(&c);
	close(rootfd);
}

static void an_error_text_has_no_environment(void **state)
{
	size_t len;
	char *json = slurp(FIXTURE "/api/inspect.json", &len);
	char *inspection = strdup(fake_http(200, json));
	struct fake_reply replies[2] = {{.bytes = inspection}};
	struct docker_container unused = {0};
	struct limit_set set = {0};
	struct fake_docker fake;
	char err[DOCKER_ERROR_SIZE];

	(void)state;
	replies[1].bytes =
		fake_http(500, "{\"message\":\"no\",\"Config\":{\"Env\":[\"P=" SECRET "\"]}}");
	limit_put(&set, LIMIT_MAX, 100 << 20);
	fake_docker_start(&fake, replies, 2);
	start_watching();
	assert_int_equal(
		docker_update(&fake.docker, "backend", &set, err, sizeof(err)), -EREMOTEIO);
	assert_clean(&unused);
	assert_string_equal(err, "no");
	fake_docker_stop(&fake);
	free(json);
	free(inspection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_watch_sees),
		cmocka_unit_test(inspecting_leaves_nothing),
		cmocka_unit_test(a_cut_inspection_leaves_nothing),
		cmocka_unit_test(reading_the_files_leaves_nothing),
		cmocka_unit_test(an_error_text_has_no_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
