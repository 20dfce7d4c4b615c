/*
 * swap_on, swap_child: what is asked of the kernel, what its answers become, and a child that is
 * worth less than its parent and never stays. swapon(2) and swapoff(2) are played here: no swap of
 * this machine is touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guardian/swap_on.h"
#include "swap_child.h"
#include "swap_scene.h"
#include "temp_tree.h"

/* ---- a kernel that answers as told; swapoff runs in the child ---- */

static struct {
	int error, flags, signal;
	bool hangs;
	ino_t inode;
	unsigned int calls;
	pid_t parent;
} kernel;

static ino_t inode_behind(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static int answer(void)
{
	errno = kernel.error;
	return kernel.error ? -1 : 0;
}

int swapon(const char *path, int flags)
{
	kernel.calls++;
	kernel.flags = flags;
	kernel.inode = inode_behind(path);
	return answer();
}

int swapoff(const char *path)
{
	if (getpid() == kernel.parent || inode_behind(path) != kernel.inode)
		_exit(EXFULL);
	if (kernel.signal)
		raise(kernel.signal);
	while (kernel.hangs)
		pause();
	return answer();
}

static int setup(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.parent = getpid();
	return swap_scene_setup(state);
}

/* ---- on ---- */

static void priorities(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, MIB);
	assert_int_equal(swap_on(&s->target, SWAP_PRIORITY_AUTO, swap_scene_why(s)), 0);
	assert_int_equal(kernel.flags, 0);
	assert_int_equal(kernel.inode, swap_scene_look(s).inode);
	assert_int_equal(swap_on(&s->target, 0, swap_scene_why(s)), 0);
	assert_int_equal(kernel.flags, SWAP_FLAG_PREFER);
	assert_int_equal(swap_on(&s->target, 32767, swap_scene_why(s)), 0);
	assert_int_equal(kernel.flags, SWAP_FLAG_PREFER | 32767);
	assert_string_equal(s->words, "");
}

static void in_use_already_is_no_mistake(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, MIB);
	kernel.error = EBUSY;
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), SWAP_ALREADY);
	assert_string_equal(s->words, "");
}

static void assert_on_fails(struct swap_scene *s, int error, const char *words)
{
	kernel.error = error;
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -error);
	swap_scene_assert_said(s, words);
}

static void refusals_of_the_kernel(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, MIB);
	assert_on_fails(s, EINVAL, "the kernel does not take /swapfile as swap, which lies on ");
	assert_on_fails(s, EPERM,
		"swapon of /swapfile is not permitted: CAP_SYS_ADMIN or SystemCallFilter=@swap is "
		"missing, or there are too many swap areas");
	assert_on_fails(s, ENOMEM, "could not switch on /swapfile: Cannot allocate memory");
}

static void the_kernel_is_not_asked_about_a_wrong_file(void **state)
{
	struct swap_scene *s = swap_scene(state);

	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -ENOENT);
	swap_scene_make(s, MIB);
	/* a mode that the kernel would take */
	assert_int_equal(fchmodat(s->fd, "swapfile", 0644, 0), 0);
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -EPERM);
	assert_int_equal(fchmodat(s->fd, "swapfile", 0600, 0), 0);
	s->target.inode = swap_scene_look(s).inode + 1;
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -ESTALE);
	s->target.inode = 0;
	/* a hole */
	assert_int_equal(unlinkat(s->fd, "swapfile", 0), 0);
	close(openat(s->fd, "swapfile", O_CREAT | O_CLOEXEC | O_WRONLY, 0600));
	assert_int_equal(swap_on(&s->target, -1, swap_scene_why(s)), -EINVAL);
	swap_scene_assert_said(s, "/swapfile has no swap header");
	assert_int_equal(kernel.calls, 0);
}

/* ---- off ---- */

static int asked; /* how often */
static int stop_at;

static bool go_on(void *userdata)
{
	assert_ptr_equal(userdata, &asked);
	return ++asked != stop_at;
}

static int off(struct swap_scene *s, uint64_t deadline_us)
{
	int descriptors = open_descriptors();
	int r = swap_off(&s->target,
		&(struct swap_off_how){
			.deadline_us = deadline_us, .go_on = go_on, .userdata = &asked},
		swap_scene_why(s));

	assert_int_equal(open_descriptors(), descriptors);
	/* Nobody is left to be waited for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return r;
}

static void off_and_not_on(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, MIB);
	kernel.inode = swap_scene_look(s).inode;
	assert_int_equal(off(s, 10000000), 0);
	kernel.error = EINVAL;
	assert_int_equal(off(s, 10000000), SWAP_ALREADY);
	assert_string_equal(s->words, "");
	kernel.error = ENOMEM;
	assert_int_equal(off(s, 10000000), -ENOMEM);
	swap_scene_assert_said(s, "could not switch off /swapfile: Cannot allocate memory");
	s->target.inode = 1;
	assert_int_equal(off(s, 10000000), -ESTALE);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void off_takes_too_long(void **state)
{
	struct swap_scene *s = swap_scene(state);
	uint64_t start_us = now_us();

	swap_scene_make(s, MIB);
	kernel.inode = swap_scene_look(s).inode;
	kernel.hangs = true;
	assert_int_equal(off(s, 100000), -ETIMEDOUT);
	swap_scene_assert_said(s, "swapoff of /swapfile was not done in 100ms, and stopped");
	assert_true(now_us() - start_us >= 100000);
	assert_true(now_us() - start_us < 10000000);
}

static void off_is_stopped(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, MIB);
	kernel.inode = swap_scene_look(s).inode;
	kernel.hangs = true;
	asked = 0;
	stop_at = 3;
	assert_int_equal(off(s, 60000000), -ECANCELED);
	stop_at = 0;
	assert_int_equal(asked, 3);
	swap_scene_assert_said(s, "swapoff of /swapfile was stopped");
}

static void off_is_killed_for_memory(void **state)
{
	struct swap_scene *s = swap_scene(state);

	swap_scene_make(s, MIB);
	kernel.inode = swap_scene_look(s).inode;
	kernel.signal = SIGKILL;
	assert_int_equal(off(s, 10000000), -ENOMEM);
	swap_scene_assert_said(s, "the kernel killed swapoff of /swapfile for want of memory");
}

/* ---- the child ---- */

static int report_fd = -1;

/* Tells what the child is: how many descriptors, which oom_score_adj, which signals it handles. */
static int tell_about_itself(const char *arg)
{
	char adj[16] = "";
	int open_fds = 0, fd;
	sigset_t mask;
	ssize_t n;

	(void)arg;
	for (int i = 0; i < 1000; i++)
		open_fds += fcntl(i, F_GETFD) >= 0;
	fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	n = read(fd, adj, sizeof(adj) - 1);
	close(fd);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	if (n != 5 || memcmp(adj, "1000\n", 5) != 0)
		return EDOM;
	if (!sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGUSR1))
		return EILSEQ;
	return open_fds == 1 && fcntl(report_fd, F_GETFD) >= 0 ? 0 : EMFILE;
}

static const struct swap_off_how a_minute = {.deadline_us = 60000000};

static int run_with(int (*body)(const char *arg), const char *arg, int *killed_by)
{
	struct swap_child child = {
		.body = body, .arg = arg, .keep_fd = report_fd, .how = &a_minute};

	return swap_child_run(&child, killed_by);
}

static int run(int (*body)(const char *arg), int *killed_by)
{
	return run_with(body, "", killed_by);
}

static void the_child_is_expendable(void **state)
{
	int killed_by, extra = open("/", O_PATH | O_CLOEXEC);
	sigset_t before, after;
	char adj[16] = "";
	FILE *file;

	(void)state;
	report_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(run(tell_about_itself, &killed_by), 0);
	assert_int_equal(killed_by, 0);
	/* The parent is as it was. */
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int sig = 1; sig < SIGRTMAX; sig++)
		assert_int_equal(sigismember(&before, sig), sigismember(&after, sig));
	file = fopen("/proc/self/oom_score_adj", "re");
	assert_non_null(fgets(adj, sizeof(adj), file));
	fclose(file);
	assert_string_not_equal(adj, "1000\n");
	close(extra);
	close(report_fd);
	report_fd = 0;
	assert_int_equal(run(tell_about_itself, &killed_by), 0);
}

static int give_its_errno(const char *arg)
{
	return *arg;
}

static int be_terminated(const char *arg)
{
	sigset_t none;

	(void)arg;
	sigemptyset(&none);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	raise(SIGTERM);
	return 0;
}

static void ends(void **state)
{
	int killed_by;

	(void)state;
	report_fd = 0;
	assert_int_equal(run(give_its_errno, &killed_by), 0);
	assert_int_equal(run_with(give_its_errno, "\x16", &killed_by), -EINVAL);
	assert_int_equal(run(be_terminated, &killed_by), -EINTR);
	assert_int_equal(killed_by, SIGTERM);
}

/* Without a descriptor to spare there is neither a pidfd nor, in the child, its oom_score_adj: then
 * it does nothing, and its end is seen all the same. */
static void without_descriptors(void **state)
{
	struct rlimit before, none;
	int killed_by, r;

	(void)state;
	report_fd = 0;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	r = run(give_its_errno, &killed_by);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(r, -EMFILE);
}

static int wait_for_ever(const char *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

/* The daemon is killed: its swapoff ends too. */
static void the_child_dies_with_its_parent(void **state)
{
	int ends[2], killed_by;
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		(void)!write(ends[1], "x", 1);
		report_fd = ends[1];
		_exit(run(wait_for_ever, &killed_by) != 0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* The end of the pipe, which the grandchild held, closes. */
	alarm(30);
	assert_int_equal(read(ends[0], &c, 1), 0);
	alarm(0);
	close(ends[0]);
}

/* Other threads hold malloc's lock at the fork, over and over. */
static atomic_bool busy;

static void *allocate_for_ever(void *arg)
{
	while (busy)
		free(malloc(100000));
	return arg;
}

static void other_threads_do_not_matter(void **state)
{
	pthread_t thread[2];
	int killed_by;

	(void)state;
	report_fd = 0;
	busy = true;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, allocate_for_ever, NULL), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(run(give_its_errno, &killed_by), 0);
	busy = false;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, swap_scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(priorities),
		TEST(in_use_already_is_no_mistake),
		TEST(refusals_of_the_kernel),
		TEST(the_kernel_is_not_asked_about_a_wrong_file),
		TEST(off_and_not_on),
		TEST(off_takes_too_long),
		TEST(off_is_stopped),
		TEST(off_is_killed_for_memory),
		cmocka_unit_test(the_child_is_expendable),
		cmocka_unit_test(ends),
		cmocka_unit_test(without_descriptors),
		cmocka_unit_test(the_child_dies_with_its_parent),
		cmocka_unit_test(other_threads_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
