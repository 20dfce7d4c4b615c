/*
 * metrics: the lines, what is left out, sums over members, and that all of it is Prometheus'
 * format.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "guardian/metrics.h"

#define MIB ((uint64_t)1 << 20)

static struct policy policy;
static struct snapshot snap;
static struct state state;
static struct text_out out;
static char text[1 << 16];

static struct member_sample *add_member(uint16_t service, uint64_t current_bytes)
{
	struct member_sample *m = &snap.member[snap.n_members];

	m->inode = 100 + snap.n_members;
	m->service = service;
	m->valid = MEMBER_CURRENT | MEMBER_STAT | MEMBER_SWAP;
	m->current_bytes = current_bytes;
	m->inactive_file_bytes = 10 * MIB;
	m->anon_bytes = 5 * MIB;
	m->swap_bytes = 3;
	limit_put(&m->live, LIMIT_MAX, 100 * MIB);
	state.member[snap.n_members].inode = m->inode;
	state.n_members = ++snap.n_members;
	return m;
}

static int setup(void **unused)
{
	(void)unused;
	memset(&policy, 0, sizeof(policy));
	memset(&snap, 0, sizeof(snap));
	memset(&state, 0, sizeof(state));
	policy.n_services = state.n_services = 2;
	strcpy(policy.service[0].name, "backend");
	strcpy(policy.service[1].name, "redis");
	return 0;
}

static void render(void)
{
	text_out_init(&out, text, sizeof(text));
	metrics_render(&out, &policy, &snap, &state, 1500000);
	assert_false(out.full);
	assert_int_equal(text[out.len - 1], '\n');
}

/* LINE stands there, whole. */
static bool says(const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static bool speaks_of(const char *word)
{
	return strstr(text, word) != NULL;
}

static void what_was_read_is_there(void **unused)
{
	(void)unused;
	snap.host.valid = HOST_MEMORY | HOST_PSI_MEMORY;
	snap.host.mem_total_bytes = 4000 * MIB;
	snap.host.mem_available_bytes = 12345;
	snap.host.psi_memory.some.total_us = 61000007;
	state.host_level.now = MEMORY_WARN;
	render();
	assert_true(says("# TYPE guardian_host_memory_bytes gauge"));
	assert_true(says("guardian_host_memory_bytes 4194304000"));
	assert_true(says("guardian_host_memory_available_bytes 12345"));
	assert_true(says("guardian_host_memory_level 1"));
	assert_true(says("guardian_host_pressure_memory_waiting_seconds_total 61.000007"));
	assert_true(says("guardian_longest_tick_seconds 1.500000"));
}

static void what_was_not_read_is_not(void **unused)
{
	(void)unused;
	render();
	assert_false(speaks_of("guardian_host_memory_bytes"));
	assert_false(speaks_of("guardian_host_swap"));
	assert_false(speaks_of("guardian_host_pressure"));
	assert_false(speaks_of("guardian_host_oom_kills_total"));
	assert_false(speaks_of("guardian_stream"));
	assert_true(says("guardian_service_members{service=\"redis\"} 0"));
	assert_false(speaks_of("guardian_service_memory"));
	assert_false(speaks_of("guardian_service_swap_bytes"));
}

static void a_service_is_the_sum_of_its_members(void **unused)
{
	(void)unused;
	add_member(0, 30 * MIB);
	add_member(0, 50 * MIB);
	add_member(1, 12 * MIB);
	add_member(SERVICE_NONE, 70 * MIB);
	state.member[1].level.now = MEMORY_CRITICAL;
	state.service[0].oom_kills = 4;
	state.service[1].restarts = 2;
	render();
	assert_true(says("guardian_service_members{service=\"backend\"} 2"));
	assert_true(says("guardian_service_memory_bytes{service=\"backend\"} 62914560"));
	assert_true(says("guardian_service_memory_bytes{service=\"redis\"} 2097152"));
	assert_true(says("guardian_service_memory_anon_bytes{service=\"backend\"} 10485760"));
	assert_true(says("guardian_service_memory_limit_bytes{service=\"backend\"} 209715200"));
	assert_true(says("guardian_service_memory_level{service=\"backend\"} 2"));
	assert_true(says("guardian_service_memory_level{service=\"redis\"} 0"));
	assert_true(says("guardian_service_swap_bytes{service=\"backend\"} 6"));
	assert_true(says("guardian_service_oom_kills_total{service=\"backend\"} 4"));
	assert_true(says("guardian_service_restarts_total{service=\"redis\"} 2"));
}

/* A member without a limit: the service has none. */
static void no_limit_is_no_number(void **unused)
{
	(void)unused;
	add_member(0, 30 * MIB);
	limit_put(&add_member(0, 50 * MIB)->live, LIMIT_MAX, LIMIT_UNLIMITED);
	add_member(1, 50 * MIB)->live.mask = 0;
	render();
	assert_false(speaks_of("guardian_service_memory_limit_bytes"));
}

static void streams_are_there_with_a_cap(void **unused)
{
	(void)unused;
	policy.streams.max = 6;
	state.streams.max = 6;
	state.streams.effective_cap = 4;
	state.streams.cost_bytes = 90 * MIB;
	render();
	assert_true(says("guardian_streams_cap 6"));
	assert_true(says("guardian_streams_effective_cap 4"));
	assert_true(says("guardian_stream_cost_bytes 94371840"));
	assert_false(speaks_of("guardian_streams_in_use"));
	snap.streams.valid = STREAMS_FILE;
	snap.streams.file_state = SLOT_FILE_OK;
	snap.streams.in_use = 2;
	snap.streams.refused = 7;
	snap.streams.waited = 3;
	render();
	assert_true(says("guardian_streams_in_use 2"));
	assert_true(says("guardian_streams_refused_total 7"));
	assert_true(says("guardian_streams_waited_total 3"));
}

/* Every line is a comment, or a name, labels perhaps, one blank and a number; each name is
 * announced before its first line, and only there. */
static void every_line_is_of_the_format(void **unused)
{
	char name[128], announced[128] = "";

	(void)unused;
	policy.streams.max = 6;
	snap.host.valid = UINT32_MAX;
	snap.streams.valid = STREAMS_FILE;
	snap.streams.file_state = SLOT_FILE_OK;
	add_member(0, 30 * MIB);
	add_member(1, 30 * MIB);
	render();
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t len = strcspn(line, "{ ");

		if (sscanf(line, "# TYPE %127s", announced) == 1 || line[0] == '#')
			continue;
		assert_in_range(len, 1, sizeof(name) - 1);
		memcpy(name, line, len);
		name[len] = '\0';
		assert_string_equal(name, announced);
		assert_non_null(strrchr(line, ' '));
		assert_true(isdigit((unsigned char)strrchr(line, ' ')[1]));
	}
}

/* What does not fit is not to be used. */
static void a_small_buffer_says_so(void **unused)
{
	(void)unused;
	text_out_init(&out, text, 300);
	metrics_render(&out, &policy, &snap, &state, 1500000);
	assert_true(out.full);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(what_was_read_is_there),
		TEST(what_was_not_read_is_not),
		TEST(a_service_is_the_sum_of_its_members),
		TEST(no_limit_is_no_number),
		TEST(streams_are_there_with_a_cap),
		TEST(every_line_is_of_the_format),
		TEST(a_small_buffer_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
