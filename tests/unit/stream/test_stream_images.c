/*
 * guardian-stream where it has to run: with few rights, on a read-only mount, in an image with
 * nothing in it; and the limits that it sets.
 */
#include "scene.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

/* trap 46: whoever may not write gets no slot, and is told which group may. */
static void without_the_right_to_write_it_is_77(void **state)
{
	struct ran ran;

	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(fchown(scene.fd, 0, 4711), 0);
	scene.uid = NOBODY;
	ran = RAN("--missing-ok", "true");
	assert_int_equal(ran.status, 77);
	assert_contains(ran.err, "cannot write /tmp/");
	assert_contains(ran.err, "--group-add 4711");
	assert_int_equal(chmod(scene.folder, 0700), 0);
	assert_contains(RAN("true").err, "may not even look into its folder");
	/* A member of the group needs no more than the group's right. */
	assert_int_equal(chmod(scene.folder, 0755) | fchown(scene.fd, 0, NOBODY), 0);
	assert_int_equal(fchmod(scene.fd, 0660), 0);
	assert_int_equal(RAN("true").status, 0);
}

static void mount_read_only(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(scene.folder, scene.folder, NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, scene.folder, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		_exit(97);
}

/* trap 46, too: -v /run/guardian:/run/guardian:ro */
static void read_only_mount_is_77(void **state)
{
	struct ran ran;

	(void)state;
	if (getuid() != 0)
		skip();
	scene.before_exec = mount_read_only;
	ran = RAN("true");
	assert_int_equal(ran.status, 77);
	assert_contains(ran.err, "it is mounted read-only");
}

static void limits_are_the_commands(void **state)
{
	struct ran ran = RAN("--nice", "3", "--oom-score-adj=500", "--rlimit-as", "512m", "sh",
		"-c", "cat /proc/self/oom_score_adj; ulimit -v; nice");
	char expected[64];

	(void)state;
	snprintf(expected, sizeof(expected), "500\n524288\n%d\n",
		getpriority(PRIO_PROCESS, 0) + 3 > 19 ? 19 : getpriority(PRIO_PROCESS, 0) + 3);
	assert_string_equal(ran.out, expected);
	assert_int_equal(ran.status, 0);
	if (getuid() != 0)
		return;
	assert_int_equal(fchmod(scene.fd, 0666), 0);
	scene.uid = NOBODY;
	ran = RAN("--nice", "-5", "true");
	assert_int_equal(ran.status, 77);
	assert_contains(ran.err, "cannot set --nice: ");
	assert_int_equal(RAN("--oom-score-adj", "-500", "true").status, 77);
	assert_int_equal(scene_counters().taken, 1); /* told before a slot is asked for */
}

static void it_is_static_and_small(void **state)
{
	struct stat st;

	(void)state;
	if (!scene_is_static())
		skip(); /* a build for coverage or with sanitizers */
	assert_int_equal(stat(scene.program, &st), 0);
	if (st.st_size > 100000 && system("command -v musl-gcc >/dev/null") != 0)
		skip(); /* said when it was linked */
	assert_in_range(st.st_size, 1, 100000);
}

static void into_an_empty_image(void)
{
	if (chroot(scene.folder) < 0 || chdir("/") < 0)
		_exit(97);
	strcpy(scene.program, "/guardian-stream");
	strcpy(scene.file, "/streams.sem");
}

/* A root with two files in it: no /proc, no libc, no shell, no passwd. */
static void empty_image_is_enough(void **state)
{
	char command[1024];
	struct slot_record record;
	struct ran ran;

	(void)state;
	if (getuid() != 0 || !scene_is_static())
		skip();
	snprintf(command, sizeof(command), "cp %s %s/guardian-stream", scene.program, scene.folder);
	assert_int_equal(system(command), 0);
	scene.before_exec = into_an_empty_image;
	ran = RAN("--file", "/streams.sem", "/guardian-stream", "--version");
	assert_string_equal(ran.err, "");
	assert_contains(ran.out, "guardian-stream ");
	record = scene_record(0);
	assert_true(slot_record_ok(&record));
	assert_int_equal(record.start_ticks, 0); /* unknown without /proc */
	assert_int_equal(record.pid_namespace_inode, 0);
	assert_contains(RAN("--file", "/streams.sem", "--oom-score-adj", "5", "/x").err,
		"cannot set --oom-score-adj by /proc/self/oom_score_adj: No such file");
}

int main(int argc, char **argv)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_up, scene_down)
	const struct CMUnitTest tests[] = {
		IN_SCENE(without_the_right_to_write_it_is_77),
		IN_SCENE(read_only_mount_is_77),
		IN_SCENE(limits_are_the_commands),
		IN_SCENE(it_is_static_and_small),
		IN_SCENE(empty_image_is_enough),
	};

	(void)argc;
	scene_find_program(argv[0]);
	return cmocka_run_group_tests_name("stream_images", tests, NULL, NULL);
}
