/*
 * The readers of swap under faults: what could not be read has no bit, nothing stays open, and a
 * file that could not be looked at is never taken for one that is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "guardian/fs.h"
#include "guardian/swap_header.h"
#include "guardian/swap_look.h"
#include "guardian/swaps.h"
#include "guardian/vm_knobs.h"

#define AREAS "Filename Type Size Used Priority\n/swapfile file 60 0 -2\n"

enum { PAGE = 4096, SIZE = 16 * PAGE };

static char folder[] = "/tmp/guardian-fault-XXXXXX";
static int root = -1;

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_fd_ int fd = -1;

	assert_int_equal(fs_make_dirs(root, dir, 0755), 0);
	fd = fs_open_dir(root, dir);
	assert_int_equal(fs_replace(fd, name, text, strlen(text), 0644), 0);
}

static void put_swapfile(void)
{
	static const char zeros[SIZE];
	_cleanup_fd_ int fd = openat(root, "swapfile", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct swap_header header;

	assert_int_equal(write(fd, zeros, SIZE), SIZE);
	assert_int_equal(swap_header_new(&header, SIZE), 0);
	assert_int_equal(swap_header_write(fd, &header, PAGE), 0);
}

static int open_host(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	root = fs_open_dir(AT_FDCWD, folder);
	put("proc", "swaps", AREAS);
	put("proc/sys/vm", "swappiness", "60\n");
	put("sys/module/zswap/parameters", "enabled", "N\n");
	put_swapfile();
	return 0;
}

static int close_host(void **state)
{
	static const char *const files[] = {"swapfile", "proc/swaps", "proc/sys/vm/swappiness",
		"sys/module/zswap/parameters/enabled"};
	static const char *const dirs[] = {"proc/sys/vm", "proc/sys", "proc",
		"sys/module/zswap/parameters", "sys/module/zswap", "sys/module", "sys"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(root, files[i], 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		unlinkat(root, dirs[i], AT_REMOVEDIR);
	fs_close(&root);
	return rmdir(folder);
}

static int read_areas(void *arg)
{
	struct swap_sample sample = {.valid = SWAP_AREAS};
	struct swaps s;
	int r;

	(void)arg;
	(void)swaps_open(&s, root); /* a read tries again */
	r = swaps_read(&s, "/swapfile", &sample);
	swaps_close(&s);
	assert_int_equal(sample.valid, r < 0 ? 0 : SWAP_AREAS);
	assert_int_equal(sample.n_areas, r < 0 ? 0 : 1);
	return r;
}

static void test_areas(void **state)
{
	(void)state;
	FOR_EACH_FAULT(
		read_areas, .groups = FAULT_OPEN | FAULT_READ | FAULT_NAME, .tolerates = true);
	FOR_EACH_FAULT(read_areas, .groups = FAULT_READ);
}

/* The sample of a file in use. -> an error when anything of it is not known. */
static int look(void *arg)
{
	struct swap_sample sample = {.valid = SWAP_AREAS, .n_areas = 1};
	struct swap_look memory = {0};
	const struct swap_file *file = &sample.file[0];

	(void)arg;
	swap_look(&memory, root, "/swapfile", PAGE, &sample);
	if (!(sample.valid & SWAP_FILE_SEEN))
		return -EIO;
	assert_int_not_equal(file->state, SWAP_FILE_ABSENT);
	assert_int_not_equal(file->state, SWAP_FILE_NO_HEADER);
	assert_int_not_equal(file->state, SWAP_FILE_HOLES);
	assert_true(file->active);
	/* It is not remembered as such: the next look sees it whole. */
	if (file->state == SWAP_FILE_UNREADABLE)
		assert_false(memory.seen[0].is_known);
	return file->state == SWAP_FILE_USABLE && sample.valid & SWAP_FS ? 0 : -EIO;
}

static void test_look(void **state)
{
	(void)state;
	/* That the second file cannot be seen, or whether the first is in use, is made up for. */
	FOR_EACH_FAULT(look, .groups = FAULT_OPEN | FAULT_READ | FAULT_NAME | FAULT_DISK,
		.tolerates = true);
	FOR_EACH_FAULT(look, .groups = FAULT_OPEN, .error = EMFILE, .tolerates = true);
}

static int sample_knobs(void *arg)
{
	struct swap_sample sample = {.valid = SWAP_SWAPPINESS | SWAP_ZSWAP};
	struct vm_knobs k;

	(void)arg;
	vm_knobs_open(&k, root);
	vm_knobs_sample(&k, &sample);
	vm_knobs_close(&k);
	return sample.valid == (SWAP_SWAPPINESS | SWAP_ZSWAP) ? 0 : -EIO;
}

static int write_knob(void *arg)
{
	(void)arg;
	return vm_knob_write(root, VM_SWAPPINESS, 60);
}

static void test_knobs(void **state)
{
	(void)state;
	FOR_EACH_FAULT(sample_knobs, .groups = FAULT_READ);
	FOR_EACH_FAULT(sample_knobs, .groups = FAULT_OPEN | FAULT_NAME, .tolerates = true);
	FOR_EACH_FAULT(write_knob, .groups = FAULT_OPEN | FAULT_READ | FAULT_WRITE | FAULT_NAME);
	FOR_EACH_FAULT(write_knob, .groups = FAULT_WRITE, .error = EROFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_areas),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_knobs),
	};

	return cmocka_run_group_tests(tests, open_host, close_host);
}
