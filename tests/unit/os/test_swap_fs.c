/*
 * swap_fs: the sentence of a refusal, and the figures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "guardian/swap_fs.h"
#include "guardian/swap_fs_kind.h"

static void assert_refusal(uint32_t magic, const char *path, const char *sentence)
{
	struct swap_fs_kind kind = swap_fs_kind(magic);
	struct swap_fs fs = {.verdict = kind.verdict, .name = kind.name, .reason = kind.reason};
	struct text_out out;
	char words[256];

	text_out_init(&out, words, sizeof(words));
	swap_fs_put_refusal(&out, &fs, path);
	assert_string_equal(words, sentence);
}

static void refusals_name_the_reason(void **state)
{
	(void)state;
	assert_refusal(TMPFS_MAGIC, "/swapfile",
		"/swapfile lies on tmpfs, which keeps its files in memory");
	assert_refusal(NFS_SUPER_MAGIC, "/mnt/swap",
		"/mnt/swap lies on nfs, which keeps its files on another machine");
	assert_refusal(0x12345678, "/swap", "/swap lies on an unknown file system");
}

static void the_figures_are_those_of_df(void **state)
{
	int fd = open("/", O_PATH | O_CLOEXEC);
	struct statvfs st;
	struct swap_fs fs;
	uint64_t free_bytes;

	(void)state;
	assert_int_equal(fstatvfs(fd, &st), 0);
	assert_int_equal(swap_fs_look(fd, &fs), 0);
	assert_int_equal(fs.total_bytes, st.f_blocks * st.f_frsize);
	free_bytes = st.f_bavail * st.f_frsize; /* others write meanwhile */
	assert_true(fs.free_bytes < free_bytes + (1ULL << 30));
	assert_true(fs.free_bytes + (1ULL << 30) > free_bytes);
	close(fd);
}

static void the_live_ones(void **state)
{
	int proc = open("/proc", O_PATH | O_CLOEXEC), shm = open("/dev/shm", O_PATH | O_CLOEXEC);
	struct swap_fs fs;

	(void)state;
	assert_int_equal(swap_fs_look(proc, &fs), 0);
	assert_int_equal(fs.verdict, SWAP_FS_REFUSED);
	assert_string_equal(fs.name, "proc");
	assert_int_equal(swap_fs_look(-1, &fs), -EBADF);
	assert_int_equal(fs.verdict, SWAP_FS_UNKNOWN);
	close(proc);
	if (swap_fs_look(shm, &fs) < 0 || fs.magic != TMPFS_MAGIC)
		skip();
	assert_int_equal(fs.verdict, SWAP_FS_REFUSED);
	close(shm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_name_the_reason),
		cmocka_unit_test(the_figures_are_those_of_df),
		cmocka_unit_test(the_live_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
