/*
 * What stands at the paths of our swap files: made below a temporary folder, on whatever file
 * system that is. Only a kernel can say ETXTBSY, so fallocate(2) is this test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h> /* renameat() */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_header.h"
#include "guardian/swap_look.h"
#include "swap_extents.h"
#include "temp_tree.h"

enum {
	PAGE = 4096,
	PAGES = 64,
	SIZE = PAGE * PAGES,
};

static const char FILE_OF_OURS[] = "/swapfile";

/* ---- the kernel's answer ---- */

static struct {
	int error; /* 0: the call is the kernel's */
	unsigned int calls;
} in_use;

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	(void)fd;
	in_use.calls++;
	/* The one range that can never be. */
	assert_int_equal(mode, FALLOC_FL_KEEP_SIZE);
	assert_true(offset == INT64_MAX && len == INT64_MAX);
	errno = in_use.error;
	return in_use.error ? -1 : 0;
}

/* ---- making files ---- */

static void write_pages(const struct temp_tree *tree, const char *path, unsigned int pages)
{
	static char zeros[SIZE];
	_cleanup_fd_ int fd = openat(tree->fd, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && pages <= PAGES);
	assert_int_equal(write(fd, zeros, (size_t)pages * PAGE), pages * PAGE);
}

static void write_header(const struct temp_tree *tree, const char *path, uint64_t size_bytes)
{
	struct swap_header header;
	_cleanup_fd_ int fd = openat(tree->fd, path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(swap_header_new(&header, size_bytes), 0);
	assert_int_equal(swap_header_write(fd, &header, PAGE), 0);
}

static void make_swap(const struct temp_tree *tree, const char *path)
{
	write_pages(tree, path, PAGES);
	write_header(tree, path, SIZE);
}

static void cut(const struct temp_tree *tree, const char *path, off_t size)
{
	_cleanup_fd_ int fd = openat(tree->fd, path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
}

/* With ACTIVE, /proc/swaps has told that our first file is in use. */
static struct swap_sample look_with(
	struct swap_look *look, const struct temp_tree *tree, bool active)
{
	struct swap_sample sample = {.valid = SWAP_AREAS};

	if (active) {
		sample.n_areas = 1;
		sample.area[0].ours = 0;
	}
	in_use.calls = 0;
	swap_look(look, tree->fd, FILE_OF_OURS, PAGE, &sample);
	return sample;
}

static struct swap_file look_once(const struct temp_tree *tree, bool active)
{
	struct swap_look look = {0};
	struct swap_sample sample = look_with(&look, tree, active);

	assert_int_equal(sample.valid, SWAP_AREAS | SWAP_FILE_SEEN | SWAP_FS);
	return sample.file[0];
}

static int setup(void **state)
{
	static struct temp_tree tree;

	tree = temp_tree_make(NULL);
	in_use.error = EFBIG;
	*state = &tree;
	return 0;
}

static int teardown(void **state)
{
	temp_tree_remove(*state);
	return 0;
}

/* ---- states ---- */

static void test_nothing_there(void **state)
{
	struct swap_file file = look_once(*state, false);

	assert_int_equal(file.state, SWAP_FILE_ABSENT);
	assert_false(file.active || file.replaced || file.mode_ok);
	assert_int_equal(file.inode, 0);
}

static void test_usable(void **state)
{
	struct swap_file file;
	struct stat st;

	make_swap(*state, "swapfile");
	assert_int_equal(fstatat(((struct temp_tree *)*state)->fd, "swapfile", &st, 0), 0);
	file = look_once(*state, false);
	assert_int_equal(file.state, SWAP_FILE_USABLE);
	assert_true(file.labelled && file.mode_ok);
	assert_int_equal(file.owner_ok, geteuid() == 0);
	assert_int_equal(file.mode, 0600);
	assert_int_equal(file.uid, geteuid());
	assert_int_equal(file.inode, st.st_ino);
	assert_int_equal(file.size_bytes, SIZE);
	assert_int_equal(file.header_bytes, SIZE);
	assert_int_equal(in_use.calls, 0);
}

/* Whether it is a swap file is one question, who may read it another. */
static void test_wrong_mode(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_look look = {0};
	struct swap_sample sample;

	make_swap(tree, "swapfile");
	sample = look_with(&look, tree, false);
	assert_true(sample.file[0].mode_ok);
	assert_int_equal(fchmodat(tree->fd, "swapfile", 0644, 0), 0);
	sample = look_with(&look, tree, false);
	assert_int_equal(sample.file[0].state, SWAP_FILE_USABLE);
	assert_int_equal(sample.file[0].mode, 0644);
	assert_false(sample.file[0].mode_ok);
	assert_int_equal(fchmodat(tree->fd, "swapfile", 04600, 0), 0);
	sample = look_with(&look, tree, false);
	assert_false(sample.file[0].mode_ok);
}

static void test_wrong_owner(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_file file;

	if (geteuid() != 0)
		skip();
	make_swap(tree, "swapfile");
	assert_int_equal(fchownat(tree->fd, "swapfile", 1000, 0, 0), 0);
	file = look_once(tree, false);
	assert_int_equal(file.state, SWAP_FILE_USABLE);
	assert_int_equal(file.uid, 1000);
	assert_false(file.owner_ok);
}

static void test_not_a_file(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_file file;

	/* A link is not followed, to whatever it leads. */
	make_swap(tree, "other");
	assert_int_equal(symlinkat("other", tree->fd, "swapfile"), 0);
	file = look_once(tree, false);
	assert_int_equal(file.state, SWAP_FILE_NOT_REGULAR);
	assert_int_equal(file.size_bytes, 0);
	assert_false(file.labelled);
	temp_tree_unlink(tree, "swapfile");
	temp_tree_mkdir(tree, "swapfile");
	assert_int_equal(look_once(tree, false).state, SWAP_FILE_NOT_REGULAR);
	temp_tree_rmdir(tree, "swapfile");
	assert_int_equal(mkfifoat(tree->fd, "swapfile", 0600), 0);
	assert_int_equal(look_once(tree, false).state, SWAP_FILE_NOT_REGULAR);
}

static void test_headers(void **state)
{
	struct temp_tree *tree = *state;

	temp_tree_write(tree, "swapfile", "somebody's data");
	assert_int_equal(look_once(tree, false).state, SWAP_FILE_NO_HEADER);
	write_pages(tree, "swapfile", PAGES);
	assert_int_equal(look_once(tree, false).state, SWAP_FILE_NO_HEADER);
	/* Cut behind its header's back. */
	write_header(tree, "swapfile", SIZE);
	cut(tree, "swapfile", SIZE / 2);
	assert_int_equal(look_once(tree, false).state, SWAP_FILE_WRONG_HEADER);
	assert_int_equal(look_once(tree, false).header_bytes, SIZE);
}

/* mkswap(8) takes it, swapon(2) does not. */
static void test_holes(void **state)
{
	struct temp_tree *tree = *state;

	write_pages(tree, "swapfile", 1);
	cut(tree, "swapfile", SIZE);
	write_header(tree, "swapfile", SIZE);
	assert_int_equal(look_once(tree, false).state, SWAP_FILE_HOLES);
}

static void test_the_second_file(void **state)
{
	struct swap_look look = {0};
	struct swap_sample sample;

	make_swap(*state, "swapfile.2");
	sample = look_with(&look, *state, false);
	assert_int_equal(sample.file[0].state, SWAP_FILE_ABSENT);
	assert_int_equal(sample.file[1].state, SWAP_FILE_USABLE);
}

/* ---- in use, and replaced ---- */

static void test_in_use(void **state)
{
	struct swap_file file;

	make_swap(*state, "swapfile");
	in_use.error = ETXTBSY;
	file = look_once(*state, true);
	assert_true(file.active);
	assert_false(file.replaced);
	assert_int_equal(file.state, SWAP_FILE_USABLE);
	assert_int_equal(in_use.calls, 1);
}

/* A file system was mounted on the folder: another file is at the path, or none. */
static void test_replaced(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_file file = look_once(tree, true);

	assert_int_equal(file.state, SWAP_FILE_ABSENT);
	assert_true(file.active && file.replaced);
	make_swap(tree, "swapfile");
	in_use.error = EFBIG;
	file = look_once(tree, true);
	assert_true(file.active && file.replaced);
	temp_tree_unlink(tree, "swapfile");
	temp_tree_mkdir(tree, "swapfile");
	assert_true(look_once(tree, true).replaced);
}

/* Not known is not yes. */
static void test_an_answer_that_is_none(void **state)
{
	make_swap(*state, "swapfile");
	in_use.error = EOPNOTSUPP;
	assert_false(look_once(*state, true).replaced);
	in_use.error = 0;
	assert_false(look_once(*state, true).replaced);
}

static void test_who_is_asked(void **state)
{
	struct temp_tree *tree = *state;

	make_swap(tree, "swapfile");
	assert_int_equal(symlinkat("swapfile", tree->fd, "link"), 0);
	temp_tree_mkdir(tree, "folder");
	assert_int_equal(mkfifoat(tree->fd, "pipe", 0600), 0);
	in_use.error = ETXTBSY;
	assert_int_equal(swap_look_in_use(tree->fd, "swapfile"), 1);
	in_use.calls = 0;
	assert_int_equal(swap_look_in_use(tree->fd, "link"), -ELOOP);
	assert_int_equal(swap_look_in_use(tree->fd, "folder"), -EISDIR);
	assert_int_equal(swap_look_in_use(tree->fd, "pipe"), -ENXIO);
	assert_int_equal(swap_look_in_use(tree->fd, "nothing"), -ENOENT);
	if (access("/dev/null", W_OK) == 0)
		assert_int_equal(swap_look_in_use(AT_FDCWD, "/dev/null"), -EINVAL);
	assert_int_equal(in_use.calls, 0);
}

/* ---- again and again ---- */

/* A header that is changed without a trace in the inode is not read again: a look is cheap. */
static void test_what_has_not_changed_is_not_read(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_look look = {0};
	struct swap_sample sample;
	struct stat before, after;

	make_swap(tree, "swapfile");
	in_use.error = ETXTBSY;
	(void)look_with(&look, tree, true);
	assert_int_equal(in_use.calls, 1);
	sample = look_with(&look, tree, true);
	assert_int_equal(in_use.calls, 0);
	assert_int_equal(sample.file[0].state, SWAP_FILE_USABLE);
	assert_true(sample.file[0].active);
	/* Switched off: the inode is the same, and the answer may be another. */
	sample = look_with(&look, tree, false);
	assert_false(sample.file[0].active);
	sample = look_with(&look, tree, true);
	assert_int_equal(in_use.calls, 1);
	/* A look leaves no trace itself. */
	assert_int_equal(fstatat(tree->fd, "swapfile", &before, 0), 0);
	memset(&look, 0, sizeof(look));
	(void)look_with(&look, tree, true);
	assert_int_equal(fstatat(tree->fd, "swapfile", &after, 0), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	assert_int_equal(before.st_blocks, after.st_blocks);
}

static void test_what_has_changed_is_read(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_look look = {0};

	make_swap(tree, "swapfile");
	assert_int_equal(look_with(&look, tree, false).file[0].state, SWAP_FILE_USABLE);
	cut(tree, "swapfile", SIZE / 2);
	assert_int_equal(look_with(&look, tree, false).file[0].state, SWAP_FILE_WRONG_HEADER);
	make_swap(tree, "new");
	assert_int_equal(renameat(tree->fd, "new", tree->fd, "swapfile"), 0);
	assert_int_equal(look_with(&look, tree, false).file[0].state, SWAP_FILE_USABLE);
	temp_tree_unlink(tree, "swapfile");
	assert_int_equal(look_with(&look, tree, false).file[0].state, SWAP_FILE_ABSENT);
	make_swap(tree, "swapfile");
	assert_int_equal(look_with(&look, tree, false).file[0].state, SWAP_FILE_USABLE);
}

/* ---- the way there ---- */

/* Who does not know what is in use, must not say that nothing is. */
static void test_areas_that_are_not_known(void **state)
{
	struct swap_sample sample = {.valid = SWAP_FILE_SEEN | SWAP_SWAPPINESS};
	struct swap_look look = {0};

	make_swap(*state, "swapfile");
	swap_look(&look, ((struct temp_tree *)*state)->fd, FILE_OF_OURS, PAGE, &sample);
	assert_int_equal(sample.valid, SWAP_SWAPPINESS | SWAP_FS);
}

static void test_folders(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_sample sample = {.valid = SWAP_AREAS | SWAP_FS};
	int before = open_descriptors();
	struct swap_look look = {0};

	swap_look(&look, tree->fd, "/no/such/swapfile", PAGE, &sample);
	assert_int_equal(sample.valid, SWAP_AREAS | SWAP_FILE_SEEN);
	assert_int_equal(sample.file[0].state, SWAP_FILE_ABSENT);
	assert_int_equal(sample.file[1].state, SWAP_FILE_ABSENT);
	temp_tree_write(tree, "file", "");
	swap_look(&look, tree->fd, "/file/swapfile", PAGE, &sample);
	assert_int_equal(sample.valid, SWAP_AREAS);
	swap_look(&look, tree->fd, "swapfile", PAGE, &sample);
	assert_int_equal(sample.valid, SWAP_AREAS);
	temp_tree_mkdir(tree, "data");
	assert_int_equal(symlinkat("data", tree->fd, "swap"), 0);
	make_swap(tree, "data/swapfile");
	swap_look(&look, tree->fd, "/swap/swapfile", PAGE, &sample);
	if (geteuid() == 0)
		assert_int_equal(sample.file[0].state, SWAP_FILE_USABLE);
	assert_int_equal(open_descriptors(), before);
}

static void test_the_file_system(void **state)
{
	struct temp_tree *tree = *state;
	struct swap_look look = {0};
	struct swap_sample sample = look_with(&look, tree, false);
	struct statfs st;

	assert_int_equal(fstatfs(tree->fd, &st), 0);
	assert_int_equal(sample.fs_magic, (uint32_t)st.f_type);
	assert_int_equal(sample.fs_total_bytes, st.f_blocks * (uint64_t)st.f_bsize);
	assert_in_range(sample.fs_free_bytes, 0, sample.fs_total_bytes);
	if (sample.fs_magic == TMPFS_MAGIC)
		assert_int_equal(sample.fs, SWAP_FS_REFUSED);
	if (sample.fs_magic == EXT4_SUPER_MAGIC)
		assert_int_equal(sample.fs, SWAP_FS_OK);
}

/* ---- extents, on a file system that has a map of them and on one that has not ---- */

static void check_extents(const char *folder)
{
	char path[128];
	static char zeros[SIZE];
	_cleanup_fd_ int fd = -1;

	strcpy(path, folder);
	strcat(path, "/guardian-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(swap_extents_look(fd, PAGE), SWAP_EXTENTS_HOLES);
	assert_int_equal(write(fd, zeros, SIZE), SIZE);
	assert_int_equal(swap_extents_look(fd, SIZE), SWAP_EXTENTS_WHOLE);
	assert_int_equal(swap_extents_look(fd, SIZE + PAGE), SWAP_EXTENTS_HOLES);
	/* Two blocks behind the end of the area make up in number for one that is missing. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, zeros, 4 * PAGE, 0), 4 * PAGE);
	assert_int_equal(pwrite(fd, zeros, 4 * PAGE, 5 * PAGE), 4 * PAGE);
	assert_int_equal(swap_extents_look(fd, 8 * PAGE), SWAP_EXTENTS_HOLES);
	assert_int_equal(swap_extents_look(fd, 4 * PAGE), SWAP_EXTENTS_WHOLE);
	/* More pieces than are looked at in one go. */
	for (int i = PAGES * 3; i-- > 0;)
		assert_int_equal(pwrite(fd, zeros, PAGE, (off_t)(2 * i) * PAGE), PAGE);
	for (int i = PAGES * 3; i-- > 0;)
		assert_int_equal(pwrite(fd, zeros, PAGE, (off_t)(2 * i + 1) * PAGE), PAGE);
	assert_int_equal(swap_extents_look(fd, 6 * SIZE), SWAP_EXTENTS_WHOLE);
}

static void test_extents(void **state)
{
	(void)state;
	check_extents("/tmp");
	if (access("/dev/shm", W_OK) == 0)
		check_extents("/dev/shm");
	assert_int_equal(swap_extents_look(-1, PAGE), -EBADF);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_there),
		TEST(test_usable),
		TEST(test_wrong_mode),
		TEST(test_wrong_owner),
		TEST(test_not_a_file),
		TEST(test_headers),
		TEST(test_holes),
		TEST(test_the_second_file),
		TEST(test_in_use),
		TEST(test_replaced),
		TEST(test_an_answer_that_is_none),
		TEST(test_who_is_asked),
		TEST(test_what_has_not_changed_is_not_read),
		TEST(test_what_has_changed_is_read),
		TEST(test_areas_that_are_not_known),
		TEST(test_folders),
		TEST(test_the_file_system),
		cmocka_unit_test(test_extents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
