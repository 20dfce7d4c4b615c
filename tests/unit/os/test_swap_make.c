/*
 * swap_make: made whole or not at all, wherever it is interrupted; never over or through what is
 * there; the reserve kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_fs.h"
#include "guardian/swap_make.h"
#include "swap_scene.h"
#include "temp_tree.h"

/* How fallocate(2) behaves here: this one stands before libc's. */
static enum { REAL, NOT_KNOWN, LEAVES_HOLES } allocation;
static unsigned int allocations;

int fallocate(int fd, int mode, off_t at, off_t len)
{
	allocations++;
	if (allocation == LEAVES_HOLES)
		return ftruncate(fd, at + len);
	if (allocation == REAL)
		return (int)syscall(SYS_fallocate, fd, mode, at, len);
	errno = EOPNOTSUPP;
	return -1;
}

static int make(struct swap_scene *s, const struct swap_how *how)
{
	return swap_make(&s->target, how, swap_scene_why(s));
}

static int resize(struct swap_scene *s, const struct swap_how *how)
{
	return swap_resize(&s->target, how, swap_scene_why(s));
}

/* Refused, told so, and nothing is left. */
static void assert_refused(
	struct swap_scene *s, const struct swap_how *how, int error, const char *words)
{
	unsigned int names = swap_scene_count(s);
	int descriptors = open_descriptors();

	assert_int_equal(make(s, how), error);
	swap_scene_assert_said(s, words);
	assert_int_equal(swap_scene_count(s), names);
	assert_int_equal(open_descriptors(), descriptors);
}

static void assert_usable(const struct swap_scene *s, uint64_t size_bytes)
{
	struct swap_file f = swap_scene_look(s);

	assert_int_equal(f.state, SWAP_FILE_USABLE);
	assert_true(f.mode_ok && f.owner_ok && f.labelled);
	assert_int_equal(f.size_bytes, size_bytes);
	assert_int_equal(f.header_bytes, size_bytes);
}

/* ---- making ---- */

struct told {
	unsigned int times[SWAP_SYNCING + 1];
	uint64_t last_bytes;
	unsigned int stop_after; /* 0: never */
	int dirfd;               /* where somebody makes the file at the last moment, or 0 */
};

static bool progress(void *userdata, enum swap_phase phase, uint64_t done, uint64_t total)
{
	struct told *t = userdata;

	assert_true(done <= total);
	t->times[phase]++;
	t->last_bytes = done;
	if (phase == SWAP_SYNCING && t->dirfd > 0)
		close(openat(t->dirfd, "swapfile", O_CREAT | O_EXCL | O_CLOEXEC, 0644));
	return !t->stop_after || t->times[phase] < t->stop_after;
}

static void made_by_allocation(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct told t = {0};
	struct swap_how how = {.size_bytes = 300 * MIB + 77, .progress = progress, .userdata = &t};
	int descriptors = open_descriptors();

	umask(0);
	assert_int_equal(make(s, &how), 0);
	assert_usable(s, 300 * MIB);
	assert_int_equal(swap_scene_count(s), 1);
	assert_int_equal(t.times[SWAP_ALLOCATING], 2);
	assert_int_equal(t.times[SWAP_ZEROING], 0);
	assert_int_equal(t.times[SWAP_SYNCING], 1);
	assert_int_equal(t.last_bytes, 300 * MIB);
	assert_int_equal(open_descriptors(), descriptors);
	assert_string_equal(s->words, "");
}

static void made_by_zeros(struct swap_scene *s, bool zeros)
{
	struct told t = {0};
	struct swap_how how = {
		.size_bytes = 40 * MIB, .zeros = zeros, .progress = progress, .userdata = &t};

	assert_int_equal(make(s, &how), 0);
	assert_usable(s, 40 * MIB);
	assert_int_equal(t.times[SWAP_ZEROING], 10); /* of 4 MiB */
	assert_int_equal(t.last_bytes, 40 * MIB);
}

static void made_by_zeros_when_asked(void **state)
{
	struct swap_scene *s = swap_scene(state);

	allocations = 0;
	made_by_zeros(s, true);
	assert_int_equal(allocations, 0);
}

static void made_by_zeros_where_nothing_allocates(void **state)
{
	struct swap_scene *s = swap_scene(state);

	allocation = NOT_KNOWN;
	made_by_zeros(s, false);
}

/* What fallocate says is not believed. */
static void made_by_zeros_where_holes_are_left(void **state)
{
	struct swap_scene *s = swap_scene(state);

	allocation = LEAVES_HOLES;
	made_by_zeros(s, false);
}

static void in_a_folder_by_a_link_of_root(void **state)
{
	struct swap_scene *s = swap_scene(state);

	assert_int_equal(fs_make_dirs(s->fd, "mnt/data", 0755), 0);
	assert_int_equal(symlinkat("/mnt", s->fd, "srv"), 0);
	s->target.path = "/srv/data/swap";
	swap_scene_make(s, MIB);
	assert_usable(s, MIB);
	assert_int_equal(faccessat(s->fd, "mnt/data/swap", F_OK, 0), 0);
}

/* ---- refusing ---- */

static void nothing_is_written_over_or_through(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct swap_how how = {.size_bytes = MIB};
	char link[64];

	assert_int_equal(symlinkat("/etc/shadow-of-nobody", s->fd, "swapfile"), 0);
	assert_refused(s, &how, -EEXIST, "/swapfile is there already: a symbolic link");
	assert_int_equal(readlinkat(s->fd, "swapfile", link, sizeof(link)), 21);
	assert_int_equal(unlinkat(s->fd, "swapfile", 0), 0);
	assert_int_equal(mkdirat(s->fd, "swapfile", 0700), 0);
	assert_refused(s, &how, -EEXIST, "/swapfile is there already: a folder");
	assert_int_equal(unlinkat(s->fd, "swapfile", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(s->fd, "swapfile", 0600), 0);
	assert_refused(s, &how, -EEXIST, "/swapfile is there already: a device or a pipe");
	assert_int_equal(unlinkat(s->fd, "swapfile", 0), 0);
	swap_scene_make(s, MIB);
	assert_refused(s, &how, -EEXIST, "/swapfile is there already: a file");
}

/* Between the look and the name. */
static void nor_what_came_meanwhile(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct told t = {.dirfd = s->fd};
	struct swap_how how = {.size_bytes = MIB, .progress = progress, .userdata = &t};

	assert_int_equal(make(s, &how), -EEXIST);
	swap_scene_assert_said(s, "could not give its name to /swapfile: File exists");
	assert_int_equal(swap_scene_look(s).size_bytes, 0);
	assert_int_equal(swap_scene_look(s).mode, 0644);
	assert_int_equal(swap_scene_count(s), 1);
}

static void sizes_that_are_none(void **state)
{
	struct swap_scene *s = swap_scene(state);

	assert_refused(s, &(struct swap_how){.size_bytes = 10 * 4096 - 1}, -EINVAL,
		"36 KiB is too small for a swap file");
	assert_refused(s, &(struct swap_how){0}, -EINVAL, "0 B is too small for a swap file");
	s->target.page_bytes = 0;
	assert_refused(s, &(struct swap_how){.size_bytes = MIB}, -EINVAL, "");
}

static void file_systems_in_memory(void **state)
{
	struct temp_tree tree = temp_tree_make(NULL);
	struct swap_fs fs;
	struct swap_scene s;

	swap_scene(state);
	s = swap_scene_in(tree.path);
	if (swap_fs_look(s.fd, &fs) == 0 && fs.verdict == SWAP_FS_REFUSED)
		assert_refused(&s, &(struct swap_how){.size_bytes = MIB}, -EOPNOTSUPP,
			"/swapfile lies on tmpfs, which keeps its files in memory");
	close(s.fd);
	temp_tree_remove(&tree);
}

static void the_reserve_is_kept(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct swap_how how = {.size_bytes = 2048 * MIB, .reserve_bytes = 1ULL << 60};

	assert_refused(
		s, &how, -ENOSPC, "/swapfile needs 2 GiB and 1 EiB must stay free, but only ");
	swap_scene_assert_said(s, " are free there");
	allocation = NOT_KNOWN;
	assert_refused(s, &how, -ENOSPC, "/swapfile needs 2 GiB and 1 EiB must stay free");
	how.size_bytes = 1ULL << 59;
	how.reserve_bytes = 0;
	assert_refused(s, &how, -ENOSPC, "/swapfile needs 512 PiB and 0 B must stay free");
}

static void files_may_not_become_so_large(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct rlimit before, small;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = 20 * MIB, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int zeros = 0; zeros <= 1; zeros++)
		assert_refused(s, &(struct swap_how){.size_bytes = 40 * MIB, .zeros = zeros},
			-EFBIG, "could not get space for /swapfile: File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void stopped_when_asked(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct told t = {.stop_after = 2};
	struct swap_how how = {
		.size_bytes = 40 * MIB, .zeros = true, .progress = progress, .userdata = &t};

	assert_refused(s, &how, -ECANCELED, "asked to stop");
	assert_int_equal(t.last_bytes, 4 * MIB);
}

/* ---- kill -9 ---- */

/* Runs DO_IT in a child that is killed after US, or not if it is done by then. */
static void kill_after(long us, int (*do_it)(struct swap_scene *, const struct swap_how *),
	struct swap_scene *s, const struct swap_how *how)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(do_it(s, how) < 0);
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

/* Nothing, or all of it. */
static void killed_while_making(void **state)
{
	struct swap_scene *s = swap_scene(state);
	unsigned int made = 0;

	for (unsigned int i = 0; i < 40; i++) {
		struct swap_how how = {.size_bytes = 24 * MIB, .zeros = i % 2};

		kill_after(200 + i * i * 40, make, s, &how);
		if (swap_scene_count(s) == 0)
			continue;
		made++;
		assert_int_equal(swap_scene_count(s), 1);
		assert_usable(s, 24 * MIB);
		assert_int_equal(unlinkat(s->fd, "swapfile", 0), 0);
	}
	print_message("# killed 40 times, complete %u times\n", made);
}

/* A header that speaks of no more than there is, at each moment. */
static void killed_while_resizing(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, 8 * MIB);
	for (unsigned int i = 0; i < 40; i++) {
		struct swap_how how = {.size_bytes = i & 1 ? 4 * MIB : 24 * MIB, .zeros = i & 2};
		struct swap_file f;

		kill_after(100 + i * i * 30, resize, s, &how);
		f = swap_scene_look(s);
		assert_int_equal(f.state, SWAP_FILE_USABLE);
		assert_true(f.header_bytes <= f.size_bytes);
		assert_int_equal(swap_scene_count(s), 1);
	}
	assert_int_equal(resize(s, &(struct swap_how){.size_bytes = 16 * MIB}), 0);
	assert_usable(s, 16 * MIB);
}

/* ---- another size ---- */

static void grown_and_shrunk(void **state)
{
	static const uint64_t sizes[] = {2 * MIB, 30 * MIB, 30 * MIB, 29 * MIB, 40960, 17 * MIB};
	struct swap_scene *s = swap_scene(state);
	uint64_t inode;

	swap_scene_make(s, 20 * MIB);
	inode = s->target.inode = swap_scene_look(s).inode;
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t k = i % (sizeof(sizes) / sizeof(sizes[0]));
		struct swap_how how = {.size_bytes = sizes[k], .zeros = i != k};

		assert_int_equal(resize(s, &how), 0);
		assert_usable(s, sizes[k]);
		assert_int_equal(swap_scene_look(s).inode, inode);
	}
}

static void the_uuid_stays(void **state)
{
	struct swap_scene *s = swap_scene(state);
	char page[2][4096];

	swap_scene_make(s, 2 * MIB);
	for (int i = 0; i < 2; i++) {
		_cleanup_fd_ int fd = openat(s->fd, "swapfile", O_RDONLY | O_CLOEXEC);

		assert_int_equal(read(fd, page[i], sizeof(page[i])), sizeof(page[i]));
		assert_int_equal(resize(s, &(struct swap_how){.size_bytes = 4 * MIB}), 0);
	}
	assert_memory_equal(page[0] + 1036, page[1] + 1036, 32);
	assert_memory_not_equal(page[0] + 1024, page[1] + 1024, 12);
}

static void growing_fails(
	struct swap_scene *s, const struct swap_how *how, int error, const char *words)
{
	assert_int_equal(resize(s, how), error);
	swap_scene_assert_said(s, words);
	assert_usable(s, 8 * MIB);
}

static void what_does_not_fit_is_given_back(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct told t = {.stop_after = 2};
	struct rlimit before, small;

	swap_scene_make(s, 8 * MIB);
	growing_fails(s, &(struct swap_how){.size_bytes = 16 * MIB, .reserve_bytes = 1ULL << 60},
		-ENOSPC, "/swapfile needs 8 MiB more and 1 EiB must stay free, but only ");
	growing_fails(s,
		&(struct swap_how){.size_bytes = 60 * MIB,
			.zeros = true,
			.progress = progress,
			.userdata = &t},
		-ECANCELED, "asked to stop");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = 30 * MIB, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	growing_fails(s, &(struct swap_how){.size_bytes = 60 * MIB, .zeros = true}, -EFBIG,
		"could not get space for /swapfile");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void holes_are_filled(void **state)
{
	struct swap_scene *s = swap_scene(state);

	for (int zeros = 0; zeros <= 1; zeros++) {
		_cleanup_fd_ int fd = -1;

		if (zeros == 0)
			swap_scene_make(s, 8 * MIB);
		fd = openat(s->fd, "swapfile", O_RDWR | O_CLOEXEC);
		assert_int_equal(syscall(SYS_fallocate, fd,
					 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * MIB, MIB),
			0);
		assert_int_equal(swap_scene_look(s).state, SWAP_FILE_HOLES);
		assert_int_equal(
			resize(s, &(struct swap_how){.size_bytes = 8 * MIB, .zeros = zeros}), 0);
		assert_usable(s, 8 * MIB);
	}
}

static void what_is_not_roots_alone_is_not_written_to(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct swap_how how = {.size_bytes = 4 * MIB};

	swap_scene_make(s, 2 * MIB);
	assert_int_equal(fchmodat(s->fd, "swapfile", 0640, 0), 0);
	assert_int_equal(resize(s, &how), -EPERM);
	swap_scene_assert_said(s, "/swapfile is not root's alone");
	assert_int_equal(fchmodat(s->fd, "swapfile", 0600, 0), 0);
	assert_int_equal(fchownat(s->fd, "swapfile", 65534, 0, 0), 0);
	assert_int_equal(resize(s, &how), -EPERM);
	assert_int_equal(fchownat(s->fd, "swapfile", 0, 0, 0), 0);
	assert_int_equal(linkat(s->fd, "swapfile", s->fd, "second", 0), 0);
	assert_int_equal(resize(s, &how), -EPERM);
	swap_scene_assert_said(s, "/swapfile has a second name, by a hard link");
	assert_int_equal(unlinkat(s->fd, "second", 0), 0);
	s->target.inode = swap_scene_look(s).inode + 1;
	assert_int_equal(resize(s, &how), -ESTALE);
	s->target.inode = 0;
	assert_usable(s, 2 * MIB);
}

static void what_is_no_swap_file_is_not_written_to(void **state)
{
	struct swap_scene *s = swap_scene(state);
	struct swap_how how = {.size_bytes = 4 * MIB};
	int fd;

	assert_int_equal(resize(s, &how), -ENOENT);
	fd = openat(s->fd, "swapfile", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "customers", 9), 9);
	close(fd);
	assert_int_equal(resize(s, &how), -EINVAL);
	swap_scene_assert_said(s, "/swapfile is not a swap file: left as it is");
	assert_int_equal(swap_scene_look(s).size_bytes, 9);
	assert_int_equal(resize(s, &(struct swap_how){.size_bytes = 4096}), -EINVAL);
}

static int setup(void **state)
{
	allocation = REAL;
	return swap_scene_setup(state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, swap_scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(made_by_allocation),
		TEST(made_by_zeros_when_asked),
		TEST(made_by_zeros_where_nothing_allocates),
		TEST(made_by_zeros_where_holes_are_left),
		TEST(in_a_folder_by_a_link_of_root),
		TEST(nothing_is_written_over_or_through),
		TEST(nor_what_came_meanwhile),
		TEST(sizes_that_are_none),
		TEST(file_systems_in_memory),
		TEST(the_reserve_is_kept),
		TEST(files_may_not_become_so_large),
		TEST(stopped_when_asked),
		TEST(killed_while_making),
		TEST(killed_while_resizing),
		TEST(grown_and_shrunk),
		TEST(the_uuid_stays),
		TEST(what_does_not_fit_is_given_back),
		TEST(holes_are_filled),
		TEST(what_is_not_roots_alone_is_not_written_to),
		TEST(what_is_no_swap_file_is_not_written_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
