/*
 * Swap files under faults: whichever call fails, the error comes back with a sentence, no
 * descriptor stays open, and the folder holds nothing, or a swap file of a size that its header
 * tells.
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
#include <sys/swap.h>
#include <unistd.h>

#include "fault.h"
#include "guardian/fs.h"
#include "guardian/swap_file.h"
#include "guardian/swap_fs.h"
#include "guardian/swap_make.h"
#include "guardian/swap_on.h"

#define MIB (1ULL << 20)

static const int ERRORS[] = {0, EIO, ENOSPC, EDQUOT, EPERM, EINVAL, ENOMEM, EROFS};

static char folder[64];
static int root = -1;
static char words[512];
static struct text_out why;
static struct swap_target target = {.path = "/sub/swapfile", .page_bytes = 4096};

struct step {
	uint64_t size_bytes, old_bytes;
	bool zeros;
};

/* No swap of this machine is touched. */
int swapon(const char *path, int flags)
{
	(void)path;
	(void)flags;
	return 0;
}

int swapoff(const char *path)
{
	(void)path;
	return 0;
}

static bool can_run(void)
{
	struct swap_fs fs;

	return geteuid() == 0 && root >= 0 && swap_fs_look(root, &fs) == 0 &&
	       fs.verdict != SWAP_FS_REFUSED;
}

static int setup(void **state)
{
	static const char *const places[] = {"/tmp", "/var/tmp", "."};

	(void)state;
	for (size_t i = 0; i < 3 && !can_run(); i++) {
		fs_close(&root);
		if (*folder)
			rmdir(folder);
		(void)snprintf(folder, sizeof(folder), "%s/guardian-fault-XXXXXX", places[i]);
		if (!mkdtemp(folder))
			return -1;
		root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (!can_run())
		print_message("# no root, or no disk that can carry a swap file\n");
	target.rootfd = root;
	/* The way leads over a link, so that reading it may fail too. */
	return mkdirat(root, "real", 0700) < 0 || symlinkat("real", root, "sub") < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	fs_close(&root);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static int told(int status)
{
	return status < 0 && why.len == 0 ? 0 : status;
}

static void start_anew(void *arg)
{
	const struct step *step = arg;

	text_out_init(&why, words, sizeof(words));
	if (unlinkat(root, "real/swapfile", 0) < 0)
		assert_int_equal(errno, ENOENT);
	if (step->old_bytes)
		assert_int_equal(
			swap_make(&target, &(struct swap_how){.size_bytes = step->old_bytes}, &why),
			0);
}

static struct swap_how how_of(const struct step *step)
{
	return (struct swap_how){.size_bytes = step->size_bytes, .zeros = step->zeros};
}

/* ---- making ---- */

static int make(void *arg)
{
	struct swap_how how = how_of(arg);

	return told(swap_make(&target, &how, &why));
}

/* Nothing, or all of it: the folder can be removed only when it is empty. */
static void all_or_nothing(void *arg, int status)
{
	const struct step *step = arg;
	struct swap_file f;

	swap_file_look(&target, &f);
	if (status < 0) {
		assert_int_equal(f.state, SWAP_FILE_ABSENT);
		assert_int_equal(unlinkat(root, "real", AT_REMOVEDIR), 0);
		assert_int_equal(mkdirat(root, "real", 0700), 0);
		return;
	}
	assert_int_equal(f.state, SWAP_FILE_USABLE);
	assert_true(f.mode_ok && f.owner_ok);
	assert_int_equal(f.size_bytes, step->size_bytes);
}

static void test_make(void **state)
{
	(void)state;
	if (!can_run())
		skip();
	for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++) {
		struct step step = {.size_bytes = 2 * MIB};

		FOR_EACH_FAULT(make, .arg = &step, .prepare = start_anew, .check = all_or_nothing,
			.error = ERRORS[i]);
		step = (struct step){.size_bytes = 17 * MIB, .zeros = true};
		if (i == 0)
			FOR_EACH_FAULT(make, .arg = &step, .prepare = start_anew,
				.check = all_or_nothing, .error = ERRORS[i]);
	}
}

/* What a file system does not know is done another way. */
static void test_make_without_an_operation(void **state)
{
	struct step step = {.size_bytes = 2 * MIB};

	(void)state;
	if (!can_run())
		skip();
	FOR_EACH_FAULT(make, .arg = &step, .prepare = start_anew, .check = all_or_nothing,
		.groups = FAULT_DISK, .error = EOPNOTSUPP, .tolerates = true);
	FOR_EACH_FAULT(make, .arg = &step, .prepare = start_anew, .check = all_or_nothing,
		.error = EINTR, .tolerates = true);
}

/* ---- another size ---- */

static int resize(void *arg)
{
	struct swap_how how = how_of(arg);

	return told(swap_resize(&target, &how, &why));
}

/* Growing: as it was. Shrinking: the header may be the new one already. */
static void old_or_new(void *arg, int status)
{
	const struct step *step = arg;
	struct swap_file f;

	swap_file_look(&target, &f);
	assert_int_equal(f.state, SWAP_FILE_USABLE);
	assert_true(f.header_bytes <= f.size_bytes);
	if (status == 0)
		assert_int_equal(f.header_bytes, step->size_bytes);
	else if (step->size_bytes > step->old_bytes)
		assert_int_equal(f.header_bytes, step->old_bytes);
	if (status == 0 || step->size_bytes > step->old_bytes)
		assert_int_equal(f.size_bytes, f.header_bytes);
}

static void test_resize(void **state)
{
	static struct step steps[] = {
		{.old_bytes = MIB, .size_bytes = 3 * MIB},
		{.old_bytes = 3 * MIB, .size_bytes = MIB},
		/* Zeros are slow: with one kind of error. */
		{.old_bytes = MIB, .size_bytes = 17 * MIB, .zeros = true},
	};

	(void)state;
	if (!can_run())
		skip();
	for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++)
		for (size_t k = 0; k < (i == 0 ? 3 : 2); k++)
			FOR_EACH_FAULT(resize, .arg = &steps[k], .prepare = start_anew,
				.check = old_or_new, .error = ERRORS[i]);
}

/* ---- on, off, mended ---- */

static int switch_on(void *arg)
{
	(void)arg;
	return told(swap_on(&target, 5, &why));
}

static int switch_off(void *arg)
{
	(void)arg;
	return told(swap_off(&target, &(struct swap_off_how){.deadline_us = 60000000}, &why));
}

static int mend(void *arg)
{
	(void)arg;
	if (fchownat(root, "sub/swapfile", 65534, 65534, 0) < 0)
		return 1;
	return told(swap_file_mend(&target, &why));
}

static void test_switch(void **state)
{
	struct step step = {.old_bytes = MIB};

	(void)state;
	if (!can_run())
		skip();
	FOR_EACH_FAULT(switch_on, .arg = &step, .prepare = start_anew);
	/* The child's own calls are not these: it would fail unseen by the parent's count. */
	FOR_EACH_FAULT(switch_off, .arg = &step, .prepare = start_anew,
		.groups = FAULT_NAME | FAULT_CHILD);
	FOR_EACH_FAULT(switch_off, .arg = &step, .prepare = start_anew, .groups = FAULT_WATCH,
		.tolerates = true);
	FOR_EACH_FAULT(mend, .arg = &step, .prepare = start_anew);
}

static int look(void *arg)
{
	struct swap_file f;

	(void)arg;
	swap_file_look(&target, &f);
	return f.state == SWAP_FILE_USABLE ? 0 : f.state == SWAP_FILE_UNREADABLE ? -EIO : 1;
}

static void never_one(void *arg, int status)
{
	(void)arg;
	assert_int_not_equal(status, 1);
}

/* What could not be read is not taken for what is not there. */
static void test_look(void **state)
{
	struct step step = {.old_bytes = MIB};

	(void)state;
	if (!can_run())
		skip();
	for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++)
		FOR_EACH_FAULT(look, .arg = &step, .prepare = start_anew, .check = never_one,
			.error = ERRORS[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_make_without_an_operation),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
