/*
 * A root with an empty run/guardian, for the tests of what reads the daemon's files.
 */
#ifndef TESTS_ROOT_SCENE_H
#define TESTS_ROOT_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/fs.h"

static char root[64];
static int rootfd;

static inline int setup(void **unused)
{
	(void)unused;
	strcpy(root, "/tmp/guardian-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	rootfd = fs_open_dir(AT_FDCWD, root);
	assert_true(rootfd >= 0);
	assert_int_equal(fs_make_dirs(rootfd, "run/guardian", 0755), 0);
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline int teardown(void **unused)
{
	(void)unused;
	fs_close(&rootfd);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
