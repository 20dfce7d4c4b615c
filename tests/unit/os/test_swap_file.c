/*
 * swap_file, swap_place: what stands at a path, whoever put it there; and mode and owner mended.
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

#include "guardian/fs.h"
#include "guardian/swap_file.h"
#include "guardian/swap_header.h"
#include "guardian/swap_on.h"
#include "swap_place.h"
#include "swap_scene.h"

enum { NOBODY = 65534 };

static void put_file(const struct swap_scene *s, const char *name, const char *text)
{
	int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* ---- states ---- */

static void nothing_there(void **state)
{
	struct swap_scene *s = swap_scene(state);

	assert_int_equal(swap_scene_look(s).state, SWAP_FILE_ABSENT);
	s->target.path = "/no/folder/swapfile";
	assert_int_equal(swap_scene_look(s).state, SWAP_FILE_ABSENT);
}

static void a_good_one(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct swap_file f;
	struct stat st;

	swap_scene_make(s, 2 * MIB);
	f = swap_scene_look(s);
	assert_int_equal(fstatat(s->fd, "swapfile", &st, 0), 0);
	assert_int_equal(f.state, SWAP_FILE_USABLE);
	assert_true(f.mode_ok && f.owner_ok && f.labelled);
	assert_false(f.active || f.replaced);
	assert_int_equal(f.inode, st.st_ino);
	assert_int_equal(f.size_bytes, 2 * MIB);
	assert_int_equal(f.header_bytes, 2 * MIB);
	assert_int_equal(f.mode, 0600);
}

static void what_is_not_a_file(void **state)
{
	struct swap_scene *s = swap_scene(state);

	assert_int_equal(mkdirat(s->fd, "folder", 0700), 0);
	assert_int_equal(mkfifoat(s->fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("nowhere", s->fd, "dangling"), 0);
	swap_scene_make(s, MIB);
	assert_int_equal(symlinkat("swapfile", s->fd, "link"), 0);
	for (const char **p = (const char *[]){"/folder", "/fifo", "/dangling", "/link", NULL}; *p;
		p++) {
		s->target.path = *p;
		assert_int_equal(swap_scene_look(s).state, SWAP_FILE_NOT_REGULAR);
		assert_int_equal(swap_file_mend(&s->target, swap_scene_why(s)), -EINVAL);
		swap_scene_assert_said(s, ", and not a file");
		assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -EINVAL);
	}
	swap_scene_assert_said(s, "/link is a symbolic link, and not a file");
}

static void somebodys_data(void **state)
{
	struct swap_scene *s = swap_scene(state);

	put_file(s, "swapfile", "a list of customers\n");
	assert_int_equal(fchmodat(s->fd, "swapfile", 0644, 0), 0);
	assert_int_equal(swap_scene_look(s).state, SWAP_FILE_NO_HEADER);
	assert_int_equal(swap_file_mend(&s->target, swap_scene_why(s)), -EINVAL);
	swap_scene_assert_said(s, "/swapfile is not a swap file: left as it is");
	assert_int_equal(swap_scene_look(s).mode, 0644);
}

static void a_sparse_one(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct swap_header h;
	int fd;

	put_file(s, "swapfile", "");
	fd = openat(s->fd, "swapfile", O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 8 * MIB), 0);
	assert_int_equal(swap_header_new(&h, 8 * MIB), 0);
	assert_int_equal(swap_header_write(fd, &h, 4096), 0);
	assert_int_equal(swap_scene_look(s).state, SWAP_FILE_HOLES);
	/* As many blocks as bytes, but not below the bytes. */
	assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * MIB, 12 * MIB), 0);
	assert_int_equal(swap_scene_look(s).state, SWAP_FILE_HOLES);
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -EINVAL);
	swap_scene_assert_said(s, "/swapfile has holes");
	close(fd);
}

static void headers_of_another_size(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, 2 * MIB);
	/* A grown file whose header is still the old one: the kernel takes it. */
	{
		_cleanup_fd_ int fd = openat(s->fd, "swapfile", O_RDWR | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, 3 * MIB), 0);
		assert_int_equal(swap_scene_look(s).state, SWAP_FILE_USABLE);
		assert_int_equal(swap_scene_look(s).header_bytes, 2 * MIB);
		assert_int_equal(swap_scene_look(s).size_bytes, 3 * MIB);
		assert_int_equal(ftruncate(fd, MIB), 0);
		assert_int_equal(swap_scene_look(s).state, SWAP_FILE_WRONG_HEADER);
	}
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -EINVAL);
	swap_scene_assert_said(s, "header of another size");
	s->target.page_bytes = 65536;
	assert_int_equal(swap_scene_look(s).state, SWAP_FILE_WRONG_HEADER);
}

/* ---- mending ---- */

static void mode_and_owner_are_mended(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct swap_file f;

	swap_scene_make(s, MIB);
	assert_int_equal(fchownat(s->fd, "swapfile", NOBODY, NOBODY, 0), 0);
	assert_int_equal(fchmodat(s->fd, "swapfile", 0644, 0), 0);
	f = swap_scene_look(s);
	assert_int_equal(f.state, SWAP_FILE_USABLE);
	assert_false(f.mode_ok || f.owner_ok);
	assert_int_equal(f.uid, NOBODY);
	assert_int_equal(f.mode, 0644);
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -EPERM);
	swap_scene_assert_said(s, "owner root and mode 0600 are needed");
	s->target.inode = f.inode;
	assert_int_equal(swap_file_mend(&s->target, swap_scene_why(s)), 0);
	f = swap_scene_look(s);
	assert_true(f.mode_ok && f.owner_ok);
	/* A group that may read is as bad, and so is a set-user-ID bit. */
	assert_int_equal(fchmodat(s->fd, "swapfile", 04640, 0), 0);
	assert_false(swap_scene_look(s).mode_ok);
	assert_int_equal(swap_file_mend(&s->target, swap_scene_why(s)), 0);
	assert_int_equal(swap_scene_look(s).mode, 0600);
}

static void another_file_is_not_mended(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, MIB);
	s->target.inode = swap_scene_look(s).inode + 1;
	assert_int_equal(fchmodat(s->fd, "swapfile", 0644, 0), 0);
	assert_int_equal(swap_file_mend(&s->target, swap_scene_why(s)), -ESTALE);
	swap_scene_assert_said(s, "/swapfile is another file than before");
	s->target.inode = 0;
	assert_int_equal(swap_scene_look(s).mode, 0644);
}

/* ---- the way ---- */

static int open_way(struct swap_scene *s, const char *path)
{
	struct swap_place place;
	int r = swap_place_open(s->fd, path, &place, swap_scene_why(s));
	struct stat st;

	if (r == 0)
		r = fstat(place.dirfd, &st) < 0 ? -errno : (int)(st.st_ino & INT32_MAX);
	swap_place_close(&place);
	return r;
}

static int inode_of(struct swap_scene *s, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(s->fd, name, &st, 0), 0);
	return (int)(st.st_ino & INT32_MAX);
}

static void ways(void **state)
{
	struct swap_scene *s = swap_scene(state);

	assert_int_equal(fs_make_dirs(s->fd, "a/b/c", 0755), 0);
	put_file(s, "file", "");
	assert_int_equal(open_way(s, "/swapfile"), inode_of(s, "."));
	assert_int_equal(open_way(s, "/a/b/c/swapfile"), inode_of(s, "a/b/c"));
	assert_int_equal(open_way(s, "//a//b/./c//swapfile"), inode_of(s, "a/b/c"));
	assert_int_equal(open_way(s, "/a/none/swapfile"), -ENOENT);
	assert_int_equal(open_way(s, "/file/swapfile"), -ENOTDIR);
	swap_scene_assert_said(s, "could not open the folder of /file/swapfile: Not a directory");
	for (const char **p = (const char *[]){"swapfile", "", "/", "/a/", "/a/..", "/.", NULL}; *p;
		p++) {
		assert_int_equal(open_way(s, *p), -EINVAL);
		swap_scene_assert_said(s, "is not the absolute path of a file");
	}
}

static void links_on_the_way_must_be_roots(void **state)
{
	struct swap_scene *s = swap_scene(state);

	assert_int_equal(fs_make_dirs(s->fd, "data/swap", 0755), 0);
	assert_int_equal(fs_make_dirs(s->fd, "var", 0755), 0);
	assert_int_equal(symlinkat("../data/swap", s->fd, "var/relative"), 0);
	assert_int_equal(symlinkat("/var/relative", s->fd, "absolute"), 0);
	assert_int_equal(symlinkat("/data/swap", s->fd, "anybodys"), 0);
	assert_int_equal(symlinkat("loop", s->fd, "loop"), 0);
	assert_int_equal(fchownat(s->fd, "anybodys", NOBODY, NOBODY, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(open_way(s, "/var/relative/swapfile"), inode_of(s, "data/swap"));
	assert_int_equal(open_way(s, "/absolute/swapfile"), inode_of(s, "data/swap"));
	assert_int_equal(open_way(s, "/anybodys/swapfile"), -ELOOP);
	swap_scene_assert_said(s, "leads over a symbolic link that is not root's");
	assert_int_equal(open_way(s, "/loop/swapfile"), -ELOOP);
}

static void long_paths(void **state)
{
	struct swap_scene *s = swap_scene(state);
	char path[5000], target[3900];

	memset(path, 'n', sizeof(path));
	path[0] = '/';
	path[300] = '\0';
	assert_int_equal(open_way(s, path), -EINVAL);
	memcpy(path + 290, "/swapfile", 10);
	assert_int_equal(open_way(s, path), -ENAMETOOLONG);
	memset(target, 'x', sizeof(target));
	target[sizeof(target) - 1] = '\0';
	assert_int_equal(symlinkat(target, s->fd, "long"), 0);
	memcpy(path, "/long/", 6);
	for (size_t i = 6; i < 400; i += 2)
		memcpy(path + i, "y/", 2);
	memcpy(path + 400, "s", 2);
	assert_int_equal(open_way(s, path), -ENAMETOOLONG);
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, swap_scene_setup, swap_scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_there),
		TEST(a_good_one),
		TEST(what_is_not_a_file),
		TEST(somebodys_data),
		TEST(a_sparse_one),
		TEST(headers_of_another_size),
		TEST(mode_and_owner_are_mended),
		TEST(another_file_is_not_mended),
		TEST(ways),
		TEST(links_on_the_way_must_be_roots),
		TEST(long_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
