/*
 * The host's readings, from a copy of a host's /proc that is edited between samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fail_pread.h"
#include "guardian/procfs.h"
#include "temp_tree.h"

enum {
	HOST_PSI = HOST_PSI_MEMORY | HOST_PSI_IO | HOST_PSI_CPU,
	HOST_ALL = HOST_MEMORY | HOST_SWAP | HOST_VMSTAT | HOST_PSI,
	KIB = 1024,
};

static void test_a_whole_sample(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct host_sample host = {0};
	struct procfs p;

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid, HOST_ALL);
	assert_int_equal(host.mem_total_bytes, 3953640ULL * KIB);
	assert_int_equal(host.mem_available_bytes, 2711584ULL * KIB);
	assert_int_equal(host.mem_free_bytes, 1502208ULL * KIB);
	assert_int_equal(host.swap_total_bytes, 2097148ULL * KIB);
	assert_int_equal(host.swap_free_bytes, 2097148ULL * KIB);
	assert_int_equal(host.pgscan, 5120);
	assert_int_equal(host.pgsteal, 4980);
	assert_int_equal(host.refault_file, 1204);
	assert_int_equal(host.refault_anon, 0);
	assert_int_equal(host.oom_kill, 0);
	assert_int_equal(host.psi_memory.some.total_us, 48211);
	assert_int_equal(host.psi_io.some.total_us, 2204113);
	assert_int_equal(host.psi_cpu.some.avg10_centipct, 120);
	assert_false(p.psi_disabled);
	procfs_close(&p);
	temp_tree_remove(&tree);
}

/* A look reads meminfo alone; what an earlier full sample found stays. */
static void test_a_look(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct host_sample host = {.valid = HOST_VMSTAT, .oom_kill = 3};
	struct procfs p;

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	procfs_sample(&p, &host, SAMPLE_LOOK);
	assert_int_equal(host.valid, HOST_MEMORY | HOST_SWAP | HOST_VMSTAT);
	assert_int_equal(host.oom_kill, 3);
	assert_int_equal(host.mem_total_bytes, 3953640ULL * KIB);
	temp_tree_write(&tree, "proc/meminfo", "MemTotal: 1 kB\n");
	procfs_sample(&p, &host, SAMPLE_LOOK);
	assert_int_equal(host.valid, HOST_VMSTAT);
	procfs_close(&p);
	temp_tree_remove(&tree);
}

/* A change is told, and no change is not, whether the look or the full sample finds it. */
static void test_tells_what_changed(void **state)
{
	static const char meminfo[] =
		"MemTotal:        3953640 kB\nMemFree:         1502208 kB\nMemAvailable:    "
		"271158%c "
		"kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\nDirty: %20d kB\n";
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct host_sample host = {0};
	char text[sizeof(meminfo) + 32];
	struct procfs p;

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	assert_true(procfs_sample(&p, &host, SAMPLE_FULL));
	assert_false(procfs_sample(&p, &host, SAMPLE_FULL));
	assert_false(procfs_sample(&p, &host, SAMPLE_LOOK));
	for (int i = 0; i < 6; i++) {
		(void)snprintf(text, sizeof(text), meminfo, '0' + i / 2, i);
		temp_tree_write(&tree, "proc/meminfo", text);
		assert_int_equal(procfs_sample(&p, &host, SAMPLE_LOOK), i % 2 == 0);
		assert_int_equal(host.mem_available_bytes, (2711580ULL + (uint64_t)i / 2) * KIB);
	}
	temp_tree_write(&tree, "proc/pressure/io",
		"some avg10=0.00 avg60=0.00 avg300=0.01 total=7\n"
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
	assert_false(procfs_sample(&p, &host, SAMPLE_LOOK));
	assert_true(procfs_sample(&p, &host, SAMPLE_FULL));
	temp_tree_write(&tree, "proc/meminfo", "");
	assert_true(procfs_sample(&p, &host, SAMPLE_LOOK));
	assert_false(procfs_sample(&p, &host, SAMPLE_LOOK));
	procfs_close(&p);
	temp_tree_remove(&tree);
}

/* vmstat's keys are looked for where they stood: numbers change, grow, and a text may be cut. */
static void test_vmstat_that_changes_and_moves(void **state)
{
	static const struct {
		const char *first, *last;
		uint32_t valid;
	} looks[] = {{"1", "2\n", HOST_VMSTAT}, {"1", "3\n", HOST_VMSTAT},
		{"10", "3\n", HOST_VMSTAT}, {"10", "3", 0}, {"7", "4\n", HOST_VMSTAT}};
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct host_sample host = {0};
	struct procfs p;
	char text[512];

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		(void)snprintf(text, sizeof(text),
			"pswpin %s\npswpout 0\npgscan_direct 1\npgscan_kswapd 2\npgsteal_direct "
			"3\npgsteal_kswapd 4\nworkingset_refault_anon 5\nworkingset_refault_file "
			"6\noom_kill %s",
			looks[i].first, looks[i].last);
		temp_tree_write(&tree, "proc/vmstat", text);
		assert_true(procfs_sample(&p, &host, SAMPLE_FULL));
		assert_int_equal(host.valid & HOST_VMSTAT, looks[i].valid);
		if (!looks[i].valid)
			continue;
		assert_int_equal(host.pswpin, strtoul(looks[i].first, NULL, 10));
		assert_int_equal(host.oom_kill, strtoul(looks[i].last, NULL, 10));
		assert_int_equal(host.pgsteal, 7);
	}
	procfs_close(&p);
	temp_tree_remove(&tree);
}

/* Lines that stay are not parsed again; those that do not are, wherever they stand. */
static void test_looks_at_lines_that_change_and_move(void **state)
{
	static const struct {
		const char *text;
		uint64_t total_kb, available_kb;
	} looks[] = {
#define REST                                                                                       \
	"SwapTotal:             0 kB\nSwapFree:              0 kB\nDirty:                 0 kB\n"
		{"MemTotal:        3953640 kB\nMemFree:         1502208 kB\nMemAvailable:    "
		 "2711584 kB\n" REST,
			3953640, 2711584},
		{"MemTotal:        3953640 kB\nMemFree:         1502208 kB\nMemAvailable:    "
		 "2711584 kB\n" REST,
			3953640, 2711584},
		{"MemTotal:        3953640 kB\nMemFree:         1502208 kB\nMemAvailable:     "
		 "711584 kB\n" REST,
			3953640, 711584},
		{"MemTotal:        3953641 kB\nMemFree:         1502208 kB\nMemAvailable:    "
		 "2711584 kB\n" REST,
			3953641, 2711584},
		{"New:                   1 kB\nMemTotal:        3953640 kB\nMemFree:         "
		 "1502208 kB\n"
		 "MemAvailable:    2711583 kB\n" REST,
			3953640, 2711583},
		{"MemTotal: 9 kB\nMemFree: 7 kB\nMemAvailable: 8 kB\n" REST, 9, 8},
#undef REST
	};
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct host_sample host = {0};
	struct procfs p;

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		temp_tree_write(&tree, "proc/meminfo", looks[i].text);
		procfs_sample(&p, &host, SAMPLE_LOOK);
		assert_int_equal(host.valid, HOST_MEMORY | HOST_SWAP);
		assert_int_equal(host.mem_total_bytes, looks[i].total_kb * KIB);
		assert_int_equal(host.mem_available_bytes, looks[i].available_kb * KIB);
	}
	procfs_close(&p);
	temp_tree_remove(&tree);
}

/* By key, in kB; a key that is missing makes its group invalid, and not zero. */
static void test_meminfo_by_key(void **state)
{
	static const struct {
		const char *text;
		uint32_t valid;
	} cases[] = {
		{"SwapFree: 1 kB\nSwapTotal: 2 kB\nMemAvailable: 3 kB\nFoo: 9 kB\nMemFree: 4 "
		 "kB\nMemTotal: 5 kB\n",
			HOST_MEMORY | HOST_SWAP},
		{"MemTotal: 5 kB\nMemFree: 4 kB\nSwapTotal: 2 kB\nSwapFree: 1 kB\n",
			HOST_SWAP}, /* before 3.14 */
		{"MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: 3 kB\n", HOST_MEMORY},
		{"MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: 3 kB\nSwapTotal: 2 kB\nSwapFree: 1 "
		 "MB\n",
			HOST_MEMORY},
		{"MemTotal: 5\nMemFree: 4 kB\nMemAvailable: 3 kB\n", 0},
		{"MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: 3 kB", 0}, /* cut */
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct host_sample host = {0};

		assert_int_equal(procfs_parse_meminfo(cases[i].text, strlen(cases[i].text), &host),
			cases[i].valid);
		assert_int_equal(
			host.mem_available_bytes, cases[i].valid & HOST_MEMORY ? 3 * KIB : 0);
		assert_int_equal(host.mem_total_bytes, cases[i].valid & HOST_MEMORY ? 5 * KIB : 0);
		assert_int_equal(host.swap_free_bytes, cases[i].valid & HOST_SWAP ? KIB : 0);
	}
}

#define VMSTAT_COUNTS                                                                              \
	"workingset_refault_anon 1\nworkingset_refault_file 2\npswpin 3\npswpout 4\n"              \
	"pgsteal_kswapd 5\npgsteal_direct 6\npgscan_kswapd 7\npgscan_direct 8\n"

static void test_vmstat(void **state)
{
	static const char old[] = VMSTAT_COUNTS "pgscan_direct_throttle 1000\noom_kill 9\n";
	static const char new[] =
		VMSTAT_COUNTS "pgscan_khugepaged 100\npgsteal_khugepaged 50\noom_kill 9\n";
	static const char lacking[] = VMSTAT_COUNTS;
	struct host_sample host = {0};

	(void)state;
	assert_int_equal(procfs_parse_vmstat(old, sizeof(old) - 1, &host), HOST_VMSTAT);
	assert_int_equal(host.refault_anon, 1);
	assert_int_equal(host.refault_file, 2);
	assert_int_equal(host.pswpin, 3);
	assert_int_equal(host.pswpout, 4);
	assert_int_equal(host.pgsteal, 11);
	assert_int_equal(host.pgscan, 15);
	assert_int_equal(host.oom_kill, 9);
	assert_int_equal(procfs_parse_vmstat(new, sizeof(new) - 1, &host), HOST_VMSTAT);
	assert_int_equal(host.pgsteal, 61);
	assert_int_equal(host.pgscan, 115);
	assert_int_equal(procfs_parse_vmstat(lacking, sizeof(lacking) - 1, &host), 0);
}

static void test_without_psi(void **state)
{
	struct temp_tree tree = temp_tree_make("no-psi");
	struct host_sample host = {.valid = HOST_PSI};
	struct procfs p;

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid, HOST_MEMORY | HOST_SWAP | HOST_VMSTAT);
	assert_false(p.psi_disabled); /* absent, not switched off */
	/* It comes: found at the next sample. */
	temp_tree_write(&tree, "proc/pressure/memory",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 "
		"avg300=0.00 total=0\n");
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid, HOST_MEMORY | HOST_SWAP | HOST_VMSTAT | HOST_PSI_MEMORY);
	procfs_close(&p);
	temp_tree_remove(&tree);
}

static void test_a_lost_descriptor_is_opened_anew(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct host_sample host = {0};
	struct procfs p;
	int descriptors;

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	descriptors = open_descriptors();
	/* Reads on a folder fail with EISDIR. */
	for (int i = 0; i < PROCFS_FILES; i++)
		assert_true(dup3(tree.fd, p.fd[i], O_CLOEXEC) >= 0);
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid, 0);
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid, HOST_ALL);
	assert_int_equal(open_descriptors(), descriptors);
	procfs_close(&p);
	assert_int_equal(open_descriptors(), descriptors - PROCFS_FILES);
	temp_tree_remove(&tree);
}

struct sampled {
	struct procfs p;
	struct host_sample host;
};

static int psi_is_off(void *arg)
{
	struct sampled *s = arg;

	procfs_sample(&s->p, &s->host, SAMPLE_FULL);
	return s->p.psi_disabled && s->p.fd[PROCFS_PSI_IO] >= 0 &&
	       s->host.valid == (HOST_ALL & ~(uint32_t)HOST_PSI_IO);
}

/* Told apart from a file that is not there. */
static void test_psi_switched_off(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct sampled s = {.host = {0}};

	(void)state;
	assert_int_equal(procfs_open(&s.p, tree.fd), 0);
	assert_true(fail_pread(s.p.fd[PROCFS_PSI_IO], EOPNOTSUPP, psi_is_off, &s));
	procfs_close(&s.p);
	temp_tree_remove(&tree);
}

static void test_texts_that_are_too_long_or_wrong(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	static char endless[32768];
	struct host_sample host = {0};
	struct procfs p;

	(void)state;
	memset(endless, '\n', sizeof(endless) - 1);
	assert_int_equal(procfs_open(&p, tree.fd), 0);
	temp_tree_write(&tree, "proc/meminfo", endless);
	temp_tree_write(&tree, "proc/vmstat", endless);
	temp_tree_write(&tree, "proc/pressure/io", "some avg10=zero\n");
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid, HOST_PSI_MEMORY | HOST_PSI_CPU);
	procfs_close(&p);
	temp_tree_remove(&tree);
}

static void test_no_proc_at_all(void **state)
{
	struct temp_tree tree = temp_tree_make(NULL);
	struct host_sample host = {.valid = HOST_ALL};
	struct procfs p;

	(void)state;
	assert_int_equal(procfs_open(&p, tree.fd), -ENOENT);
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid, 0);
	procfs_close(&p);
	temp_tree_remove(&tree);
}

static void test_no_descriptors_left(void **state)
{
	struct temp_tree tree = temp_tree_make("t3-medium-docker");
	struct rlimit all, few;
	struct procfs p;
	int r;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){(rlim_t)tree.fd + 3, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = procfs_open(&p, tree.fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_int_equal(r, -EMFILE);
	procfs_close(&p);
	temp_tree_remove(&tree);
}

static void test_this_host(void **state)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct host_sample host = {0};
	struct procfs p;

	(void)state;
	assert_int_equal(procfs_open(&p, root), 0);
	procfs_sample(&p, &host, SAMPLE_FULL);
	assert_int_equal(host.valid & (HOST_MEMORY | HOST_SWAP | HOST_VMSTAT),
		HOST_MEMORY | HOST_SWAP | HOST_VMSTAT);
	assert_true(host.mem_total_bytes > host.mem_available_bytes);
	procfs_close(&p);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_sample),
		cmocka_unit_test(test_a_look),
		cmocka_unit_test(test_tells_what_changed),
		cmocka_unit_test(test_vmstat_that_changes_and_moves),
		cmocka_unit_test(test_looks_at_lines_that_change_and_move),
		cmocka_unit_test(test_meminfo_by_key),
		cmocka_unit_test(test_vmstat),
		cmocka_unit_test(test_without_psi),
		cmocka_unit_test(test_a_lost_descriptor_is_opened_anew),
		cmocka_unit_test(test_psi_switched_off),
		cmocka_unit_test(test_texts_that_are_too_long_or_wrong),
		cmocka_unit_test(test_no_proc_at_all),
		cmocka_unit_test(test_no_descriptors_left),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
