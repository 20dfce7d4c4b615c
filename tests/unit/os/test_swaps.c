/*
 * The active areas, from texts as kernels print them, read below a tree that is edited between
 * reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fail_pread.h"
#include "guardian/swaps.h"
#include "temp_tree.h"

#define HEADER "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

enum { KIB = 1024 };

static const char FILE_OF_OURS[] = "/swapfile";

static struct swap_sample read_fixture(const char *fixture)
{
	struct temp_tree tree = temp_tree_make(fixture);
	struct swap_sample sample = {0};
	struct swaps s;

	assert_int_equal(swaps_open(&s, tree.fd), 0);
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	assert_int_equal(sample.valid, SWAP_AREAS);
	swaps_close(&s);
	temp_tree_remove(&tree);
	return sample;
}

static void expect_area(const struct swap_area *area, const struct swap_area *expected)
{
	assert_string_equal(area->path, expected->path);
	assert_int_equal(area->size_bytes, expected->size_bytes);
	assert_int_equal(area->used_bytes, expected->used_bytes);
	assert_int_equal(area->priority, expected->priority);
	assert_int_equal(area->type, expected->type);
	assert_int_equal(area->ours, expected->ours);
}

static void test_no_swap(void **state)
{
	struct swap_sample sample = read_fixture("swaps/none");

	(void)state;
	assert_int_equal(sample.n_areas, 0);
	assert_int_equal(sample.foreign_bytes, 0);
}

static void test_our_file(void **state)
{
	static const struct swap_area ours = {
		"/swapfile", 2097148ULL * KIB, 46080ULL * KIB, 10, SWAP_FILE, 0};
	struct swap_sample sample = read_fixture("swaps/one-file");

	(void)state;
	assert_int_equal(sample.n_areas, 1);
	expect_area(&sample.area[0], &ours);
	assert_int_equal(sample.foreign_bytes, 0);
}

/* Others' areas are seen for what they are. */
static void test_partition_and_zram(void **state)
{
	static const struct swap_area partition = {
		"/dev/nvme0n1p3", 4194300ULL * KIB, 0, -2, SWAP_PARTITION, SWAP_FOREIGN};
	static const struct swap_area zram = {
		"/dev/zram0", 1967100ULL * KIB, 204800ULL * KIB, 100, SWAP_ZRAM, SWAP_FOREIGN};
	struct swap_sample sample = read_fixture("swaps/partition-and-zram");

	(void)state;
	assert_int_equal(sample.n_areas, 2);
	expect_area(&sample.area[0], &partition);
	expect_area(&sample.area[1], &zram);
	assert_int_equal(sample.foreign_bytes, (4194300ULL + 1967100ULL) * KIB);
}

/* \040 and its like; and sizes after which the kernel leaves out a tab. */
static void test_escaped_path(void **state)
{
	static const struct swap_area foreign = {"/srv/my swap\\file\tone", 1048572ULL * KIB,
		12ULL * KIB, -2, SWAP_FILE, SWAP_FOREIGN};
	static const struct swap_area ours = {
		"/swapfile", 16777212ULL * KIB, 10000000ULL * KIB, -3, SWAP_FILE, 0};
	struct swap_sample sample = read_fixture("swaps/escaped");

	(void)state;
	assert_int_equal(sample.n_areas, 2);
	expect_area(&sample.area[0], &foreign);
	expect_area(&sample.area[1], &ours);
	assert_int_equal(sample.foreign_bytes, 1048572ULL * KIB);
}

/* A file without a name goes on by the one it had. */
static void test_deleted_file(void **state)
{
	struct swap_sample sample = read_fixture("swaps/deleted");

	(void)state;
	assert_int_equal(sample.n_areas, 1);
	assert_string_equal(sample.area[0].path, "/swapfile");
	assert_int_equal(sample.area[0].ours, 0);
}

static void test_both_files_and_a_cloud_images(void **state)
{
	struct swap_sample sample = read_fixture("swaps/two-of-ours");

	(void)state;
	assert_int_equal(sample.n_areas, 3);
	assert_int_equal(sample.area[0].ours, SWAP_FOREIGN);
	assert_int_equal(sample.area[1].ours, 0);
	assert_int_equal(sample.area[2].ours, 1);
	assert_int_equal(sample.foreign_bytes, 1048572ULL * KIB);
}

/* ---- the form ---- */

static int parse(const char *text, struct swap_sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	return swaps_parse(text, strlen(text), FILE_OF_OURS, sample);
}

/* What was not understood must not look like a host without swap. */
static void test_texts_that_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"/swapfile file 1 1 1\n",
		"Filename Type Size Used Priority",
		HEADER "\n",
		HEADER "/swapfile\n",
		HEADER "/swapfile file\n",
		HEADER "/swapfile file 1\n",
		HEADER "/swapfile file 1 1\n",
		HEADER "/swapfile file 1 1 1",
		HEADER "/swapfile file x 1 1\n",
		HEADER "/swapfile file 1 -1 1\n",
		HEADER "/swapfile file 1 1 -\n",
		HEADER "/swapfile file 1 1 --1\n",
		HEADER "/swapfile file 1 1 2147483648\n",
		HEADER "/swapfile file 18014398509481984 1 1\n",
		HEADER "/swapfile file 18446744073709551616 1 1\n",
		HEADER "/a\\04 file 1 1 1\n",
		HEADER "/a\\049 file 1 1 1\n",
		HEADER "/a\\400 file 1 1 1\n",
		HEADER "/a\\000 file 1 1 1\n",
		HEADER "/a\\ file 1 1 1\n",
		HEADER "/swapfile file 1 1 1\n/swap\n",
	};
	struct swap_sample sample;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(texts[i], &sample), -EBADMSG);
		assert_int_equal(sample.n_areas, 0);
		assert_int_equal(sample.foreign_bytes, 0);
	}
	assert_int_equal(swaps_parse(HEADER "/a\0b file 1 1 1\n",
				 sizeof(HEADER "/a\0b file 1 1 1\n") - 1, FILE_OF_OURS, &sample),
		-EBADMSG);
}

static void test_texts_that_are_taken(void **state)
{
	struct swap_sample sample;

	(void)state;
	/* A later kernel's column, and numbers at their bounds. */
	assert_int_equal(parse(HEADER "/a file 18014398509481983 0 -2147483647 7\n", &sample), 0);
	assert_int_equal(sample.area[0].size_bytes, UINT64_MAX - (KIB - 1));
	assert_int_equal(sample.area[0].priority, -2147483647);
	/* A kind that is not known is somebody's. */
	assert_int_equal(parse(HEADER "/swapfile vswap 1 1 1\n", &sample), 0);
	assert_int_equal(sample.area[0].type, SWAP_PARTITION);
	assert_int_equal(sample.area[0].ours, SWAP_FOREIGN);
	/* A file that is called like zram is a file. */
	assert_int_equal(parse(HEADER "/dev/zram0 file 1 1 1\n", &sample), 0);
	assert_int_equal(sample.area[0].type, SWAP_FILE);
	/* Sums stop at the end. */
	assert_int_equal(
		parse(HEADER "/a file 18014398509481983 0 0\n/b file 2 0 0\n", &sample), 0);
	assert_true(sample.foreign_bytes == UINT64_MAX);
}

static void test_long_paths(void **state)
{
	char path[POLICY_PATH_SIZE + 8], text[sizeof(HEADER) + 512];
	struct swap_sample sample;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[POLICY_PATH_SIZE - 1] = '\0';
	(void)snprintf(text, sizeof(text),
		HEADER "%s file 4 0 0\n%s.2 file 8 0 0\n%s.22 file 16 0 0\n", path, path, path);
	assert_int_equal(swaps_parse(text, strlen(text), path, &sample), 0);
	assert_int_equal(sample.area[0].ours, 0);
	/* Longer than the table shows, and still known. */
	assert_int_equal(sample.area[1].ours, 1);
	assert_string_equal(sample.area[1].path, path);
	assert_int_equal(sample.area[2].ours, SWAP_FOREIGN);
	assert_int_equal(sample.foreign_bytes, 16 * KIB);
}

static void append_lines(char *text, size_t size, const char *name, int n)
{
	for (int i = 0; i < n; i++) {
		size_t len = strlen(text);

		(void)snprintf(text + len, size - len, "/dev/%s%d partition 1 0 -%d\n", name, i, i);
	}
}

/* More areas than the table has rows: all are in the sum, and ours are in the table. */
static void test_many_areas(void **state)
{
	char text[8192] = HEADER;
	struct swap_sample sample;

	(void)state;
	append_lines(text, sizeof(text), "sd", 25);
	strcat(text, "/swapfile file 1 0 -9\n/swapfile.2 file 1 0 -9\n");
	assert_int_equal(parse(text, &sample), 0);
	assert_int_equal(sample.n_areas, SWAP_AREAS_MAX);
	assert_int_equal(sample.foreign_bytes, 25 * KIB);
	assert_int_equal(sample.area[SWAP_AREAS_MAX - 1].ours, 0);
	assert_int_equal(sample.area[SWAP_AREAS_MAX - 2].ours, 1);
	assert_string_equal(sample.area[0].path, "/dev/sd0");
}

/* Something was mounted on the first, and swap made at the same path. */
static void test_the_same_path_twice(void **state)
{
	struct swap_sample sample;

	(void)state;
	assert_int_equal(parse(HEADER "/swapfile file 1 0 0\n/swapfile file 2 0 0\n", &sample), 0);
	assert_int_equal(sample.area[0].ours, 0);
	assert_int_equal(sample.area[1].ours, SWAP_FOREIGN);
	assert_int_equal(sample.foreign_bytes, 2 * KIB);
}

static void test_no_file_of_ours(void **state)
{
	static const char text[] = HEADER "/swapfile file 1 0 0\n.2 file 1 0 0\n";
	struct swap_sample sample = {0};

	(void)state;
	assert_int_equal(swaps_parse(text, sizeof(text) - 1, "", &sample), 0);
	assert_int_equal(sample.area[0].ours, SWAP_FOREIGN);
	assert_int_equal(sample.area[1].ours, SWAP_FOREIGN);
}

/* ---- identity ---- */

/* The policy's path leads over a link, which the kernel's does not. */
static void test_ours_by_identity(void **state)
{
	struct temp_tree tree = temp_tree_make("swaps/none");
	struct swap_sample sample = {0};
	struct swaps s;

	(void)state;
	temp_tree_write(&tree, "data/swapfile", "ours");
	temp_tree_write(&tree, "data/swapfile.2", "ours too");
	temp_tree_write(&tree, "data/other", "foreign");
	assert_int_equal(symlinkat("data", tree.fd, "swap"), 0);
	/* The same file by another name is not ours: swapoff(2) would be told the wrong one. */
	assert_int_equal(linkat(tree.fd, "data/swapfile", tree.fd, "data/also", 0), 0);
	temp_tree_write(&tree, "proc/swaps",
		HEADER
		"/data/also file 1 0 0\n/data/swapfile file 2 0 0\n/data/swapfile.2 file 4 0 "
		"0\n/data/other file 8 0 0\n/gone/swapfile file 16 0 0\n");
	assert_int_equal(swaps_open(&s, tree.fd), 0);
	assert_int_equal(swaps_read(&s, "/swap/swapfile", &sample), 1);
	assert_int_equal(sample.area[0].ours, SWAP_FOREIGN);
	assert_int_equal(sample.area[1].ours, 0);
	assert_int_equal(sample.area[2].ours, 1);
	assert_int_equal(sample.area[3].ours, SWAP_FOREIGN);
	assert_int_equal(sample.foreign_bytes, 25 * KIB);
	swaps_close(&s);
	temp_tree_remove(&tree);
}

/* ---- reading again and again ---- */

static void test_the_same_text_is_not_parsed_again(void **state)
{
	struct temp_tree tree = temp_tree_make("swaps/one-file");
	struct swap_sample sample = {0};
	struct swaps s;

	(void)state;
	assert_int_equal(swaps_open(&s, tree.fd), 0);
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	sample.n_areas = 7;
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 0);
	assert_int_equal(sample.n_areas, 7);
	assert_int_equal(sample.valid, SWAP_AREAS);
	swaps_forget(&s);
	assert_int_equal(swaps_read(&s, "/other", &sample), 1);
	assert_int_equal(sample.n_areas, 1);
	assert_int_equal(sample.area[0].ours, SWAP_FOREIGN);
	/* Of the same length, and another. */
	temp_tree_write(&tree, "proc/swaps", HEADER "/swapfile file 1 0 0\n");
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	temp_tree_write(&tree, "proc/swaps", HEADER "/swapfile file 1 1 0\n");
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	assert_int_equal(sample.area[0].used_bytes, KIB);
	swaps_close(&s);
	temp_tree_remove(&tree);
}

/* Absent is not zero; and a text that comes back is read, though it was the last one understood. */
static void test_a_reading_that_is_lost(void **state)
{
	static const char good[] = HEADER "/swapfile file 1 0 0\n";
	struct temp_tree tree = temp_tree_make("swaps/none");
	struct swap_sample sample = {.valid = SWAP_FS};
	struct swaps s;

	(void)state;
	temp_tree_write(&tree, "proc/swaps", good);
	assert_int_equal(swaps_open(&s, tree.fd), 0);
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	temp_tree_write(&tree, "proc/swaps", "nonsense\n");
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), -EBADMSG);
	assert_int_equal(sample.valid, SWAP_FS);
	temp_tree_write(&tree, "proc/swaps", good);
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	assert_int_equal(sample.valid, SWAP_FS | SWAP_AREAS);
	swaps_close(&s);
	temp_tree_remove(&tree);
}

static void test_too_long_a_text(void **state)
{
	static char text[20000];
	struct temp_tree tree = temp_tree_make("swaps/none");
	struct swap_sample sample = {.valid = SWAP_AREAS};
	struct swaps s;

	(void)state;
	strcpy(text, HEADER);
	append_lines(text, sizeof(text), "sd", 600);
	temp_tree_write(&tree, "proc/swaps", text);
	assert_int_equal(swaps_open(&s, tree.fd), 0);
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), -EFBIG);
	assert_int_equal(sample.valid, 0);
	swaps_close(&s);
	temp_tree_remove(&tree);
}

static int read_fails(void *arg)
{
	struct swap_sample sample = {.valid = SWAP_AREAS};

	return swaps_read(arg, FILE_OF_OURS, &sample) == -EIO && sample.valid == 0;
}

static void test_a_read_that_fails(void **state)
{
	struct temp_tree tree = temp_tree_make("swaps/none");
	struct swaps s;

	(void)state;
	assert_int_equal(swaps_open(&s, tree.fd), 0);
	assert_true(fail_pread(s.fd, EIO, read_fails, &s));
	swaps_close(&s);
	temp_tree_remove(&tree);
}

static void test_a_kernel_without_swap(void **state)
{
	struct temp_tree tree = temp_tree_make(NULL);
	struct swap_sample sample = {.valid = SWAP_AREAS};
	int before = open_descriptors();
	struct swaps s;

	(void)state;
	assert_int_equal(swaps_open(&s, tree.fd), -ENOENT);
	assert_int_equal(s.fd, -1);
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), -ENOENT);
	assert_int_equal(sample.valid, 0);
	/* It may come later: /proc was not mounted yet. */
	temp_tree_write(&tree, "proc/swaps", HEADER);
	assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	swaps_close(&s);
	assert_int_equal(open_descriptors(), before);
	temp_tree_remove(&tree);
}

/* This host's own, whatever it says. */
static void test_the_real_file(void **state)
{
	int rootfd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct swap_sample sample = {0};
	struct swaps s;
	int r;

	(void)state;
	assert_true(rootfd >= 0);
	r = swaps_open(&s, rootfd);
	if (r == 0)
		assert_int_equal(swaps_read(&s, FILE_OF_OURS, &sample), 1);
	swaps_close(&s);
	close(rootfd);
	if (r < 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_swap),
		cmocka_unit_test(test_our_file),
		cmocka_unit_test(test_partition_and_zram),
		cmocka_unit_test(test_escaped_path),
		cmocka_unit_test(test_deleted_file),
		cmocka_unit_test(test_both_files_and_a_cloud_images),
		cmocka_unit_test(test_texts_that_are_refused),
		cmocka_unit_test(test_texts_that_are_taken),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_many_areas),
		cmocka_unit_test(test_the_same_path_twice),
		cmocka_unit_test(test_no_file_of_ours),
		cmocka_unit_test(test_ours_by_identity),
		cmocka_unit_test(test_the_same_text_is_not_parsed_again),
		cmocka_unit_test(test_a_reading_that_is_lost),
		cmocka_unit_test(test_too_long_a_text),
		cmocka_unit_test(test_a_read_that_fails),
		cmocka_unit_test(test_a_kernel_without_swap),
		cmocka_unit_test(test_the_real_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
