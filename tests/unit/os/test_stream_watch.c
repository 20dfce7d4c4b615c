/*
 * stream_watch: over a tree of plain files, edited between scans, and over real children.
 */
#include "stream_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "guardian/clock.h"
#include "guardian/stream_watch.h"

enum { SECOND = 1000000, OLD = 1000, NOW_S = 100000 };

struct scene {
	struct temp_tree tree;
	struct stream_watch watch;
	struct streams_sample seen;
	struct stream_place place;
	uint64_t now_us;
};

static void begin(struct scene *s, int rootfd)
{
	memset(s, 0, sizeof(*s));
	s->tree = temp_tree_make(NULL);
	s->now_us = (uint64_t)NOW_S * SECOND;
	temp_tree_mkdir(&s->tree, "proc");
	write_at(&s->tree, CGROUP, "cgroup.procs", "");
	assert_int_equal(stream_watch_open(&s->watch, rootfd == -1 ? s->tree.fd : rootfd), 0);
	stream_watch_set_command(&s->watch, "ffmpeg", &s->seen);
	s->place = (struct stream_place){
		.dirfd = fs_open_dir(s->tree.fd, CGROUP), .inode = 77, .service = 3};
	assert_true(s->place.dirfd >= 0);
}

static void end(struct scene *s)
{
	stream_watch_close(&s->watch, &s->seen);
	fs_close(&s->place.dirfd);
	temp_tree_remove(&s->tree);
}

static bool scan(struct scene *s)
{
	return stream_watch_scan(&s->watch, &s->place, s->now_us, &s->seen);
}

static void procs(const struct scene *s, const char *text)
{
	write_at(&s->tree, CGROUP, "cgroup.procs", text);
}

static void streams_are_found_the_oldest_first(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 10, "node", OLD, 1000, "10");
	write_process(&s.tree, 30, "ffmpeg", OLD + 5, 2048, "30\t8");
	write_process(&s.tree, 20, "ffmpeg", OLD + 9, 4096, "20\t1");
	write_process(&s.tree, 25, "ffmpeg-old", OLD, 4096, "25");
	procs(&s, "10\n20\n25\n30\n");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 2);
	assert_int_equal(s.seen.process[0].pid, 30);
	assert_int_equal(s.seen.process[0].inner_pid, 8);
	assert_int_equal(s.seen.process[0].start_ticks, OLD + 5);
	assert_int_equal(s.seen.process[0].anon_bytes, 2048 * 1024);
	assert_int_equal(s.seen.process[0].member_inode, 77);
	assert_int_equal(s.seen.process[0].service, 3);
	assert_int_equal(s.seen.process[0].slot, STREAM_NO_SLOT);
	assert_false(s.seen.process[0].is_container);
	assert_int_equal(s.seen.process[1].pid, 20);
	assert_true(s.seen.process[1].is_container);
	assert_false(s.watch.unsettled);
	assert_false(scan(&s));

	procs(&s, "10\n20\n25\n");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 1);
	assert_int_equal(s.seen.process[0].pid, 20);
	end(&s);
}

static void those_of_cgroups_below_belong_to_it(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "ffmpeg", OLD, 1, "30\t8");
	write_process(&s.tree, 31, "ffmpeg", OLD, 1, "31\t9");
	write_at(&s.tree, CGROUP "/container", "cgroup.procs", "30\n");
	write_at(&s.tree, CGROUP "/container/deep", "cgroup.procs", "31\n");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 2);
	end(&s);
}

/* A wrapper becomes the stream: the same number, the same start, another name. */
static void a_young_process_is_looked_at_again(void **state)
{
	struct scene s;
	uint64_t ticks;

	(void)state;
	begin(&s, -1);
	ticks = (s.now_us / SECOND - 1) * s.watch.ticks_per_s; /* a second old */
	write_process(&s.tree, 30, "guardian-stream", ticks, 1, "30");
	procs(&s, "30\n");
	assert_false(scan(&s));
	assert_true(s.watch.unsettled);
	write_process(&s.tree, 30, "ffmpeg", ticks, 1, "30");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 1);
	end(&s);
}

/* ... after it has waited for its slot: then slots have changed hands. */
static void an_old_one_is_believed_for_a_while(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "guardian-stream", OLD, 1, "30");
	write_process(&s.tree, 31, "guardian-stream", OLD, 1, "31");
	procs(&s, "30\n31\n");
	assert_false(scan(&s));
	assert_false(s.watch.unsettled);
	write_process(&s.tree, 30, "ffmpeg", OLD, 1, "30");
	s.now_us += 9 * SECOND;
	assert_false(scan(&s));
	stream_watch_doubt(&s.watch);
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 1);
	write_process(&s.tree, 31, "ffmpeg", OLD, 1, "31");
	assert_false(scan(&s));
	s.now_us += 10 * SECOND;
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 2);
	end(&s);
}

static void a_number_of_another_is_another_stream(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "ffmpeg", OLD, 1, "30");
	procs(&s, "30\n");
	(void)scan(&s);
	write_process(&s.tree, 30, "ffmpeg", OLD + 100, 2, "30\t4");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 1);
	assert_int_equal(s.seen.process[0].start_ticks, OLD + 100);
	assert_int_equal(s.seen.process[0].inner_pid, 4);
	write_process(&s.tree, 30, "node", OLD + 200, 2, "30");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 0);
	end(&s);
}

static void a_list_that_cannot_be_read_drops_nobody(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "ffmpeg", OLD, 1, "30");
	procs(&s, "30\n");
	(void)scan(&s);
	temp_tree_unlink(&s.tree, CGROUP "/cgroup.procs");
	temp_tree_mkdir(&s.tree, CGROUP "/cgroup.procs"); /* -EISDIR */
	assert_false(scan(&s));
	assert_int_equal(s.seen.n_processes, 1);
	temp_tree_rmdir(&s.tree, CGROUP "/cgroup.procs"); /* a cgroup that has gone */
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 0);
	end(&s);
}

static void each_cgroup_drops_its_own(void **state)
{
	struct stream_place other;
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "ffmpeg", OLD, 1, "30");
	write_process(&s.tree, 40, "ffmpeg", OLD, 1, "40");
	procs(&s, "30\n");
	write_at(&s.tree, "cgroup/other", "cgroup.procs", "40\n");
	other = (struct stream_place){
		.dirfd = fs_open_dir(s.tree.fd, "cgroup/other"), .inode = 78, .service = 4};
	(void)scan(&s);
	assert_true(stream_watch_scan(&s.watch, &other, s.now_us, &s.seen));
	assert_int_equal(s.seen.n_processes, 2);
	procs(&s, "");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, 1);
	assert_int_equal(s.seen.process[0].member_inode, 78);
	fs_close(&other.dirfd);
	end(&s);
}

static bool is_77(void *userdata, uint64_t inode)
{
	(void)userdata;
	return inode == 77;
}

static bool is_none(void *userdata, uint64_t inode)
{
	(void)userdata, (void)inode;
	return false;
}

static void those_of_a_cgroup_that_left_go_along(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "ffmpeg", OLD, 1, "30");
	procs(&s, "30\n");
	(void)scan(&s);
	assert_false(stream_watch_keep(&s.watch, is_77, NULL, &s.seen));
	assert_true(stream_watch_keep(&s.watch, is_none, NULL, &s.seen));
	assert_int_equal(s.seen.n_processes, 0);
	end(&s);
}

static void another_command_is_another_list(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "ffmpeg", OLD, 1, "30");
	write_process(&s.tree, 31, "gst-launch-1.0", OLD, 1, "31");
	procs(&s, "30\n31\n");
	(void)scan(&s);
	stream_watch_set_command(&s.watch, "ffmpeg", &s.seen);
	assert_int_equal(s.seen.n_processes, 1);
	stream_watch_set_command(&s.watch, "gst-launch-1.0", &s.seen);
	assert_int_equal(s.seen.n_processes, 0);
	assert_true(scan(&s));
	assert_int_equal(s.seen.process[0].pid, 31);
	end(&s);
}

/* Longer than a piece, so that a number is cut in two; and more streams than there is room for. */
static void a_long_list_is_read_whole(void **state)
{
	enum { FIRST = 100000, N = 2000, STREAMS = STREAM_PROCESSES_MAX + 20 };
	char *text = malloc(N * 8), *at = text;
	struct scene s;

	(void)state;
	assert_non_null(text);
	begin(&s, -1);
	for (int i = 0; i < N; i++)
		at += snprintf(at, 8, "%d\n", FIRST + i);
	procs(&s, text);
	for (int i = N - STREAMS; i < N; i++)
		write_process(
			&s.tree, (uint32_t)(FIRST + i), "ffmpeg", (uint64_t)(OLD + N - i), 1, "1");
	assert_true(scan(&s));
	assert_int_equal(s.seen.n_processes, STREAM_PROCESSES_MAX);
	for (int i = 1; i < s.seen.n_processes; i++)
		assert_true(s.seen.process[i - 1].start_ticks <= s.seen.process[i].start_ticks);
	free(text);
	end(&s);
}

/* ---- real processes ---- */

static int real_root(void)
{
	int fd = fs_open_dir(AT_FDCWD, "/");

	assert_true(fd >= 0);
	return fd;
}

static void real_children_are_found_and_lost(void **state)
{
	int root = real_root(), before;
	pid_t a = start_child("ffmpeg"), b = start_child("node"), c = start_child("ffmpeg");
	char text[64];
	struct scene s;

	(void)state;
	begin(&s, root);
	before = open_descriptors();
	s.now_us = clock_now_us(CLOCK_BOOTTIME);
	(void)snprintf(text, sizeof(text), "%d\n%d\n%d\n", a, b, c);
	procs(&s, text);
	assert_true(scan(&s));
	assert_true(s.watch.unsettled); /* b has only just begun */
	assert_int_equal(s.seen.n_processes, 2);
	assert_int_equal(s.seen.process[0].pid, a);
	assert_int_equal(s.seen.process[0].inner_pid, a);
	assert_true(s.seen.process[0].anon_bytes > 0);
	assert_int_equal(open_descriptors(), before + 2);

	(void)stream_watch_read(&s.watch, &s.seen);
	assert_int_equal(s.seen.n_processes, 2);
	kill(a, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)a, NULL, WEXITED | WNOWAIT), 0);
	assert_true(stream_watch_read(&s.watch, &s.seen)); /* a zombie has no memory */
	assert_int_equal(s.seen.n_processes, 1);
	reap(a);
	kill(c, SIGKILL);
	reap(c);
	assert_true(stream_watch_read(&s.watch, &s.seen));
	assert_int_equal(s.seen.n_processes, 0);
	assert_int_equal(open_descriptors(), before);
	kill(b, SIGKILL);
	reap(b);
	end(&s);
	fs_close(&root);
}

static void memory_follows_the_process(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, -1);
	write_process(&s.tree, 30, "ffmpeg", OLD, 100, "30");
	procs(&s, "30\n");
	(void)scan(&s);
	assert_false(stream_watch_read(&s.watch, &s.seen));
	write_process(&s.tree, 30, "ffmpeg", OLD, 300, "30");
	assert_true(stream_watch_read(&s.watch, &s.seen));
	assert_int_equal(s.seen.process[0].anon_bytes, 300 * 1024);
	write_at(&s.tree, "proc/30", "status", "Name:\tffmpeg\nState:\tS (sleeping)\n");
	assert_false(stream_watch_read(&s.watch, &s.seen)); /* not told is not zero */
	assert_int_equal(s.seen.process[0].anon_bytes, 300 * 1024);
	write_at(&s.tree, "proc/30", "status", "Name:\tffmpeg\nState:\tZ (zombie)\n");
	assert_true(stream_watch_read(&s.watch, &s.seen));
	assert_int_equal(s.seen.n_processes, 0);
	end(&s);
}

static void without_proc_nothing_is_found(void **state)
{
	struct temp_tree tree = temp_tree_make(NULL);
	struct streams_sample seen = {0};
	struct stream_watch watch = {0};

	(void)state;
	assert_int_equal(stream_watch_open(&watch, tree.fd), -ENOENT);
	stream_watch_close(&watch, &seen);
	temp_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_found_the_oldest_first),
		cmocka_unit_test(those_of_cgroups_below_belong_to_it),
		cmocka_unit_test(a_young_process_is_looked_at_again),
		cmocka_unit_test(an_old_one_is_believed_for_a_while),
		cmocka_unit_test(a_number_of_another_is_another_stream),
		cmocka_unit_test(a_list_that_cannot_be_read_drops_nobody),
		cmocka_unit_test(each_cgroup_drops_its_own),
		cmocka_unit_test(those_of_a_cgroup_that_left_go_along),
		cmocka_unit_test(another_command_is_another_list),
		cmocka_unit_test(a_long_list_is_read_whole),
		cmocka_unit_test(real_children_are_found_and_lost),
		cmocka_unit_test(memory_follows_the_process),
		cmocka_unit_test(without_proc_nothing_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
