/*
 * sample_streams: the whole daemon and its semaphore file: made, kept, mended; slots that real
 * children take; streams that go around them, told and stopped; and no look where none is due.
 */
#include "streams_scene.h"

static const char six[] = "  max: 6\n";

static void start_with(const char *streams, const struct act_ops *act)
{
	host_container(&world.host, 1, "backend");
	set_procs(1, "");
	streams_policy(streams);
	world_start();
	if (act)
		world.g->act = act;
	world_run(5ULL * SECOND_US);
}

static void start(const char *streams)
{
	start_with(streams, NULL);
}

static void reload(const char *streams)
{
	streams_policy(streams);
	guardian_reload(world.g);
	world_run(5ULL * SECOND_US);
}

static struct stat file(void)
{
	struct stat st;

	assert_int_equal(fstatat(world.host.tree.fd, SEM, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static const char *status(void)
{
	return host_get(&world.host, "run/guardian/status.json");
}

/* ---- the file ---- */

static void it_is_made_at_the_first_tick(void **state)
{
	(void)state;
	host_container(&world.host, 1, "backend");
	streams_policy(six);
	world_start();
	world_tick();
	assert_int_equal(file().st_size, SLOT_FILE_SIZE);
	assert_int_equal(file().st_mode & 07777, 0660);
	world_run(2ULL * SECOND_US);
	assert_int_equal(seen()->file_state, SLOT_FILE_OK);
	assert_int_equal(seen()->cap, 6);
	assert_int_equal(seen()->effective_cap, 6);
	assert_int_equal(world.told[EVENT_SEMAPHORE_MADE], 1);
	world_forget_told();
	world_run(3600ULL * SECOND_US);
	assert_int_equal(world_told(), 0);
}

static void without_a_cap_there_is_none(void **state)
{
	(void)state;
	start("");
	assert_int_equal(faccessat(world.host.tree.fd, SEM, F_OK, 0), -1);
	assert_int_equal(seen()->valid, 0);
	assert_int_equal(guardian_slots_noticed(world.g), UINT64_MAX);
	assert_int_equal(guardian_streams_wake_us(world.g), UINT64_MAX);
}

static void an_observer_makes_none(void **state)
{
	(void)state;
	host_container(&world.host, 1, "backend");
	streams_policy(six);
	assert_int_equal(world_open(true), 0);
	world_run(20ULL * SECOND_US);
	assert_int_equal(faccessat(world.host.tree.fd, SEM, F_OK, 0), -1);
	assert_int_equal(seen()->file_state, SLOT_FILE_ABSENT);
	assert_int_equal(world.told[EVENT_SEMAPHORE_MADE], 0);
}

/* traps 47 and 49: a restart and a reload leave the file and its holders alone. */
static void it_stays_over_restarts_and_reloads(void **state)
{
	ino_t inode;
	pid_t child;

	(void)state;
	start(six);
	inode = file().st_ino;
	child = take_slot(5);
	world_run(16ULL * SECOND_US);
	assert_int_equal(seen()->in_use, 1);
	reload("  max: 2\n"); /* below the slot that is held */
	assert_int_equal(seen()->cap, 2);
	assert_int_equal(seen()->in_use, 1);
	world_stop();
	world_start();
	world_run(5ULL * SECOND_US);
	assert_int_equal(seen()->in_use, 1);
	assert_string_equal(seen()->slot[5].name, "cam-12");
	reload("");
	assert_int_equal(seen()->valid, 0);
	reload(six);
	assert_int_equal(seen()->in_use, 1);
	assert_int_equal(seen()->cap, 6);
	assert_int_equal(file().st_ino, inode);
	end_taker(child);
}

static void the_group_is_that_of_the_policy(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	host_put(&world.host, "etc/group", "root:x:0:\nstreamers:x:4242:cam\nstream:x:7:\n");
	start("  max: 6\n  group: streamers\n");
	assert_int_equal(file().st_gid, 4242);
	reload("  max: 6\n  group: stream\n");
	assert_int_equal(file().st_gid, 7);
	reload("  max: 6\n  group: 4711\n");
	assert_int_equal(file().st_gid, 4711);
	reload("  max: 6\n  group: nobody-has-it\n");
	assert_int_equal(file().st_gid, 0);
}

static void a_scribbled_file_is_mended_while_held(void **state)
{
	char noise[SLOT_FILE_SIZE];
	ino_t inode;
	pid_t child;
	int fd;

	(void)state;
	start(six);
	inode = file().st_ino;
	child = take_slot(0);
	fd = openat(world.host.tree.fd, SEM, O_RDWR | O_CLOEXEC);
	memset(noise, 0xa5, sizeof(noise));
	assert_int_equal(pwrite(fd, noise, sizeof(noise), 0), sizeof(noise));
	close(fd);
	notice();
	world_run(2ULL * SECOND_US);
	assert_int_equal(seen()->file_state, SLOT_FILE_OK);
	assert_int_equal(seen()->in_use, 1);
	assert_int_equal(seen()->cap, 6);
	assert_true(world.told[EVENT_SEMAPHORE_MENDED] >= 1);

	fd = openat(world.host.tree.fd, SEM, O_RDWR | O_TRUNC | O_CLOEXEC);
	close(fd);
	notice();
	world_run(2ULL * SECOND_US);
	assert_int_equal(seen()->file_state, SLOT_FILE_OK);
	assert_int_equal(seen()->in_use, 1);
	assert_int_equal(file().st_ino, inode);
	assert_int_equal(file().st_size, SLOT_FILE_SIZE);
	end_taker(child);
}

static void a_replaced_file_is_told_and_used(void **state)
{
	(void)state;
	start(six);
	temp_tree_unlink(&world.host.tree, SEM);
	temp_tree_write(&world.host.tree, SEM, "other");
	notice();
	world_run(2ULL * SECOND_US);
	assert_int_equal(world.told[EVENT_SEMAPHORE_REPLACED], 1);
	assert_int_equal(seen()->file_state, SLOT_FILE_OK);
	assert_int_equal(seen()->cap, 6);
	assert_int_equal(file().st_size, SLOT_FILE_SIZE);
}

/* ---- slots ---- */

static void slots_are_seen_as_they_are_taken(void **state)
{
	pid_t a, b;

	(void)state;
	start(six);
	a = take_slot(0);
	notice();
	world_tick();
	assert_int_equal(seen()->in_use, 1);
	assert_int_equal(seen()->slot[0].pid, a);
	assert_string_equal(seen()->slot[0].name, "cam-12");
	b = take_slot(1);
	world_run(SECOND_US);
	assert_int_equal(seen()->in_use, 2);
	end_taker(a);
	notice();
	world_run(SECOND_US);
	assert_int_equal(seen()->in_use, 1);
	end_taker(b);
	world_run(16ULL * SECOND_US); /* without being told */
	assert_int_equal(seen()->in_use, 0);
}

static void refusals_are_told(void **state)
{
	(void)state;
	start(six);
	count_refusal();
	notice();
	world_tick();
	assert_int_equal(seen()->refused, 1);
	assert_int_equal(world.told[EVENT_STREAM_REFUSED], 1);
	count_refusal();
	count_refusal();
	notice();
	world_run(2ULL * SECOND_US);
	assert_int_equal(seen()->refused, 3);
	world_run(61ULL * SECOND_US); /* both in one sentence */
	assert_int_equal(world.told[EVENT_STREAM_REFUSED], 2);
}

/* A thousand refusals in a second are five looks. */
static void a_storm_of_refusals_is_looked_at_five_times_a_second(void **state)
{
	uint64_t looked_us = 0, until_us, ticks = 0, looks = 0;

	(void)state;
	start(six);
	until_us = world_now_us + SECOND_US;
	while (world_now_us < until_us) {
		struct pollfd fd = {.fd = guardian_slots_fd(world.g), .events = POLLIN};

		count_refusal();
		world_now_us += 1000;
		if (poll(&fd, 1, 0) == 1) {
			uint64_t at_us = guardian_slots_noticed(world.g);

			if (at_us < world.wake_us)
				world.wake_us = at_us;
		}
		if (world_now_us < world.wake_us)
			continue;
		world_tick();
		ticks++;
		looks += world.g->streams.looked_us != looked_us;
		looked_us = world.g->streams.looked_us;
	}
	assert_in_range(looks, 3, 6);
	assert_in_range(ticks, 3, 12);
	world_run(SECOND_US);
	assert_true(seen()->refused >= 999);
}

/* ---- processes ---- */

static void a_holder_is_matched_with_its_process(void **state)
{
	char list[32];
	pid_t child;

	(void)state;
	start(six);
	child = take_slot(2);
	put_process(child, START_TICKS);
	(void)snprintf(list, sizeof(list), "%d\n", child);
	set_procs(1, list);
	notice();
	world_run(SECOND_US);
	assert_int_equal(seen()->valid, STREAMS_FILE | STREAMS_PROCESSES);
	assert_int_equal(seen()->n_processes, 1);
	assert_int_equal(seen()->process[0].pid, child);
	assert_int_equal(seen()->process[0].slot, 2);
	assert_int_equal(seen()->process[0].service, 0);
	assert_int_equal(seen()->process[0].anon_bytes, 40 * MIB);
	world_run(10ULL * SECOND_US);
	assert_int_equal(world.told[EVENT_STREAM_UNACCOUNTED], 0);
	set_procs(1, "");
	end_taker(child);
	notice();
	world_run(SECOND_US);
	assert_int_equal(seen()->n_processes, 0);
}

static void one_that_goes_around_is_told(void **state)
{
	(void)state;
	start(six);
	put_process(3000, START_TICKS);
	set_procs(1, "3000\n");
	world_run(40ULL * SECOND_US); /* nothing told: the count of tasks is read in a full read */
	assert_int_equal(seen()->n_processes, 1);
	assert_int_equal(seen()->process[0].slot, STREAM_NO_SLOT);
	assert_int_equal(world.told[EVENT_STREAM_UNACCOUNTED], 1);
	assert_non_null(strstr(status(), ": process 3000 of backend"));
	set_procs(1, "");
	world_run(40ULL * SECOND_US);
	assert_int_equal(seen()->n_processes, 0);
	assert_int_equal(world.told[EVENT_STREAM_UNACCOUNTED_OVER], 1);
}

static void those_of_a_container_that_left_are_dropped(void **state)
{
	(void)state;
	start(six);
	put_process(3000, START_TICKS);
	set_procs(1, "3000\n");
	world_run(40ULL * SECOND_US);
	assert_int_equal(seen()->n_processes, 1);
	host_group_remove(&world.host, host_scope(1));
	world_run(2ULL * SECOND_US);
	assert_int_equal(world.g->snap.n_members, 0);
	assert_int_equal(seen()->n_processes, 0);
}

/* One over the cap, of its own making, is a real child here: SIGTERM ends it. */
static void the_newest_that_goes_around_is_stopped(void **state)
{
	static const char stop[] = "  max: 1\n  over_cap: stop-newest\n  grace: 2s\n";
	char list[64];
	pid_t holder, stray;
	int how;

	(void)state;
	start_with(stop, &act_real);
	holder = take_slot(0);
	stray = start_child("ffmpeg");
	put_process(holder, START_TICKS);
	put_process(stray, START_TICKS + 1);
	(void)snprintf(list, sizeof(list), "%d\n%d\n", holder, stray);
	set_procs(1, list);
	notice();
	world_run(10ULL * SECOND_US);
	assert_int_equal(waitpid(stray, &how, 0), stray); /* the clock is not real */
	assert_true(WIFSIGNALED(how));
	assert_true(WTERMSIG(how) == SIGTERM || WTERMSIG(how) == SIGKILL);
	(void)snprintf(list, sizeof(list), "%d\n", holder);
	set_procs(1, list);
	world_run(20ULL * SECOND_US);
	assert_true(world.told[EVENT_STREAM_STOPPING] >= 1);
	assert_int_equal(world.told[EVENT_STREAM_STOPPED], 1);
	assert_int_equal(waitpid(holder, &how, WNOHANG), 0); /* it has a slot */
	end_taker(holder);
}

/* A fixture's numbers are somebody else's here. */
static void a_fixture_stops_nobody(void **state)
{
	static const char stop[] = "  max: 1\n  over_cap: stop-newest\n  grace: 1s\n";
	char list[64];
	pid_t a, b;

	(void)state;
	start(stop);
	a = start_child("ffmpeg");
	b = start_child("ffmpeg");
	put_process(a, START_TICKS);
	put_process(b, START_TICKS + 1);
	(void)snprintf(list, sizeof(list), "%d\n%d\n", a, b);
	set_procs(1, list);
	world_run(60ULL * SECOND_US);
	assert_int_equal(seen()->n_processes, 2);
	assert_int_equal(waitpid(a, NULL, WNOHANG), 0);
	assert_int_equal(waitpid(b, NULL, WNOHANG), 0);
	assert_true(world.told[EVENT_STREAM_STOP_FAILED] >= 1);
	end_taker(a);
	end_taker(b);
}

static void nothing_is_left_open(void **state)
{
	int before = open_descriptors();
	pid_t child;

	(void)state;
	start(six);
	child = take_slot(0);
	put_process(3000, START_TICKS);
	set_procs(1, "3000\n");
	world_run(40ULL * SECOND_US);
	assert_int_equal(seen()->n_processes, 1);
	end_taker(child);
	world_stop();
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(it_is_made_at_the_first_tick),
		WORLD(without_a_cap_there_is_none),
		WORLD(an_observer_makes_none),
		WORLD(it_stays_over_restarts_and_reloads),
		WORLD(the_group_is_that_of_the_policy),
		WORLD(a_scribbled_file_is_mended_while_held),
		WORLD(a_replaced_file_is_told_and_used),
		WORLD(slots_are_seen_as_they_are_taken),
		WORLD(refusals_are_told),
		WORLD(a_storm_of_refusals_is_looked_at_five_times_a_second),
		WORLD(a_holder_is_matched_with_its_process),
		WORLD(one_that_goes_around_is_told),
		WORLD(those_of_a_container_that_left_are_dropped),
		WORLD(the_newest_that_goes_around_is_stopped),
		WORLD(a_fixture_stops_nobody),
		WORLD(nothing_is_left_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
