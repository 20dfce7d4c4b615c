/*
 * stream_signal: to real children, which are told by every part of their identity.
 */
#include "stream_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "guardian/stream_signal.h"
#include "stream_process.h"

struct scene {
	struct temp_tree tree;
	int procfd, dirfd;
	pid_t child;
	struct stream_process process;
	struct stream_target target;
};

static void begin(struct scene *s)
{
	_cleanup_fd_ int dirfd = -1;
	struct process_stat stat;
	char text[32];

	memset(s, 0, sizeof(*s));
	s->tree = temp_tree_make(NULL);
	s->child = start_child("ffmpeg");
	(void)snprintf(text, sizeof(text), "1\n%d\n", s->child);
	write_at(&s->tree, CGROUP, "cgroup.procs", text);
	s->procfd = fs_open_dir(AT_FDCWD, "/proc");
	s->dirfd = fs_open_dir(s->tree.fd, CGROUP);
	dirfd = process_open(s->procfd, (uint32_t)s->child);
	assert_int_equal(process_stat_read(dirfd, &stat), 0);
	assert_string_equal(stat.comm, "ffmpeg");
	s->process =
		(struct stream_process){.pid = (uint32_t)s->child, .start_ticks = stat.start_ticks};
	assert_int_equal(fs_inode(s->dirfd, &s->process.member_inode), 0);
	s->target = (struct stream_target){.command = "ffmpeg", .cgroup_dirfd = s->dirfd};
}

static int send_to(const struct scene *s, int signal)
{
	return stream_signal(&s->target, s->procfd, &s->process, signal);
}

static bool is_alive(const struct scene *s)
{
	siginfo_t info = {0};

	assert_int_equal(waitid(P_PID, (id_t)s->child, &info, WEXITED | WNOWAIT | WNOHANG), 0);
	return info.si_pid == 0;
}

static void end(struct scene *s)
{
	if (s->child) {
		assert_true(is_alive(s));
		kill(s->child, SIGKILL);
		reap(s->child);
	}
	fs_close(&s->procfd);
	fs_close(&s->dirfd);
	temp_tree_remove(&s->tree);
}

static void the_stream_gets_it(void **state)
{
	static const int signals[] = {SIGTERM, SIGKILL};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct scene s;
		int status;

		begin(&s);
		assert_int_equal(send_to(&s, signals[i]), 0);
		assert_int_equal(waitpid(s.child, &status, 0), s.child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
		assert_int_equal(send_to(&s, SIGTERM), -ESRCH);
		s.child = 0;
		end(&s);
	}
}

/* The number was given to another since: one that began at another time. */
static void another_with_its_number_does_not(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	s.process.start_ticks--;
	assert_int_equal(send_to(&s, SIGKILL), -ESTALE);
	end(&s);
}

static void another_program_does_not(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	s.target.command = "ffmpe";
	assert_int_equal(send_to(&s, SIGKILL), -ESTALE);
	end(&s);
}

static void one_in_another_cgroup_does_not(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	write_at(&s.tree, CGROUP, "cgroup.procs", "1\n");
	assert_int_equal(send_to(&s, SIGKILL), -ESTALE);
	temp_tree_unlink(&s.tree, CGROUP "/cgroup.procs"); /* or in none that is known */
	assert_int_equal(send_to(&s, SIGKILL), -ENOENT);
	end(&s);
}

static void another_cgroup_at_its_path_does_not_count(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	s.process.member_inode++;
	assert_int_equal(send_to(&s, SIGKILL), -ESTALE);
	end(&s);
}

static void one_in_a_cgroup_below_does(void **state)
{
	struct scene s;
	char text[32];

	(void)state;
	begin(&s);
	(void)snprintf(text, sizeof(text), "%d\n", s.child);
	write_at(&s.tree, CGROUP, "cgroup.procs", "");
	write_at(&s.tree, CGROUP "/container", "cgroup.procs", text);
	assert_int_equal(send_to(&s, SIGKILL), 0);
	reap(s.child);
	s.child = 0;
	end(&s);
}

static void never_itself_nor_the_first_process(void **state)
{
	static const uint32_t never[] = {0, 1, UINT32_MAX, INT32_MAX + 1U};
	struct scene s;

	(void)state;
	begin(&s);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		s.process.pid = never[i];
		assert_int_equal(send_to(&s, SIGKILL), -EINVAL);
	}
	s.process.pid = (uint32_t)getpid();
	assert_int_equal(send_to(&s, SIGKILL), -EINVAL);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stream_gets_it),
		cmocka_unit_test(another_with_its_number_does_not),
		cmocka_unit_test(another_program_does_not),
		cmocka_unit_test(one_in_another_cgroup_does_not),
		cmocka_unit_test(another_cgroup_at_its_path_does_not_count),
		cmocka_unit_test(one_in_a_cgroup_below_does),
		cmocka_unit_test(never_itself_nor_the_first_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
