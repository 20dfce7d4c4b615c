/*
 * slots: real OFD locks, held by forked children, on a file in a temporary folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/slot_file.h"
#include "guardian/slots.h"
#include "temp_tree.h"

static const struct slots_cap SIX = {.cap = 6, .effective_cap = 6, .realtime_us = 1700000000000000};

struct scene {
	struct temp_tree tree;
	struct slots slots;
	struct streams_sample seen;
	ino_t inode;
};

static ino_t inode_of(const struct scene *s)
{
	struct stat st;

	assert_int_equal(fstatat(s->tree.fd, SLOTS_FILE, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static void begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->tree = temp_tree_make(NULL);
	assert_int_equal(slots_open(&s->slots, s->tree.fd, false), 0);
	slots_set_group(&s->slots, getegid());
	assert_int_equal(slots_mend(&s->slots, &SIX), 0);
	s->inode = inode_of(s);
}

/* trap 47: whatever was done, it is the same file. */
static void end(struct scene *s)
{
	if (s->inode)
		assert_int_equal(inode_of(s), s->inode);
	slots_close(&s->slots);
	temp_tree_remove(&s->tree);
}

static bool look(struct scene *s)
{
	return slots_look(&s->slots, &s->seen);
}

static int open_file(const struct scene *s)
{
	int fd = openat(s->tree.fd, SLOTS_FILE, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int take_byte(int fd, off_t byte, off_t len)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = len};

	return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static void write_record(int fd, unsigned slot, uint32_t pid, const char *name)
{
	struct slot_record record = {.pid = pid, .start_ticks = 4711, .since_us = 1};

	(void)snprintf(record.name, sizeof(record.name), "%s", name);
	slot_record_seal(&record);
	assert_int_equal(pwrite(fd, &record, sizeof(record), slot_record_at(slot)), sizeof(record));
}

/* A child that holds SLOT until it is killed. */
static pid_t hold(const struct scene *s, unsigned slot)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int fd = open_file(s);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (take_byte(fd, (off_t)slot, 1) < 0)
			_exit(1);
		write_record(fd, slot, (uint32_t)getpid(), "cam");
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void end_child(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- making ---- */

static void it_is_made_with_size_mode_and_header(void **state)
{
	struct scene s;
	struct stat st;

	(void)state;
	begin(&s);
	assert_int_equal(fstat(s.slots.fd, &st), 0);
	assert_int_equal(st.st_size, SLOT_FILE_SIZE);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_true(look(&s));
	assert_int_equal(s.seen.valid, STREAMS_FILE);
	assert_int_equal(s.seen.file_state, SLOT_FILE_OK);
	assert_int_equal(s.seen.cap, 6);
	assert_int_equal(s.seen.effective_cap, 6);
	assert_int_equal(s.seen.reason, SLOT_CAP_FULL);
	assert_int_equal(s.seen.in_use, 0);
	assert_false(s.seen.counters_bad); /* nobody has counted yet */
	assert_false(look(&s));
	end(&s);
}

static void nothing_is_made_by_looking(void **state)
{
	struct temp_tree tree = temp_tree_make(NULL);
	struct streams_sample seen = {0};
	struct slots slots;

	(void)state;
	assert_int_equal(slots_open(&slots, tree.fd, false), 0);
	assert_true(slots_look(&slots, &seen));
	assert_int_equal(seen.file_state, SLOT_FILE_ABSENT);
	assert_int_equal(faccessat(tree.fd, SLOTS_FILE, F_OK, 0), -1);
	assert_int_equal(slots_publish(&slots, &SIX), -ENOENT);
	slots_close(&slots);
	temp_tree_remove(&tree);
}

static void without_a_folder_there_is_no_file(void **state)
{
	struct streams_sample seen = {0};
	struct slots slots;

	(void)state;
	assert_int_equal(slots_open(&slots, -1, false), 0);
	assert_true(slots_look(&slots, &seen));
	assert_int_equal(seen.file_state, SLOT_FILE_ABSENT);
	assert_int_equal(slots_mend(&slots, &SIX), -ENOENT);
	slots_close(&slots);
}

static void each_publication_has_a_higher_generation(void **state)
{
	const struct slots_cap lowered = {
		.cap = 6, .effective_cap = 2, .reason = SLOT_CAP_MEMORY, .realtime_us = 5};
	struct scene s;
	uint64_t first;

	(void)state;
	begin(&s);
	(void)look(&s);
	first = s.seen.generation;
	assert_true(first > 0);
	assert_int_equal(slots_publish(&s.slots, &lowered), 0);
	assert_true(look(&s));
	assert_int_equal(s.seen.effective_cap, 2);
	assert_int_equal(s.seen.reason, SLOT_CAP_MEMORY);
	assert_int_equal(s.seen.generation, first + 1);

	/* Another guardiand, after a restart, goes on from there. */
	slots_close(&s.slots);
	assert_int_equal(slots_open(&s.slots, s.tree.fd, false), 0);
	slots_set_group(&s.slots, getegid());
	(void)look(&s);
	assert_int_equal(slots_publish(&s.slots, &SIX), 0);
	(void)look(&s);
	assert_int_equal(s.seen.generation, first + 2);
	end(&s);
}

/* ---- looking ---- */

static void held_slots_are_seen_with_their_records(void **state)
{
	static const unsigned slots[] = {
		63, 1, 5, 62, 0}; /* the kernel tells the oldest lock first */
	struct scene s;
	pid_t child[5];

	(void)state;
	begin(&s);
	for (int i = 0; i < 5; i++)
		child[i] = hold(&s, slots[i]);
	assert_true(look(&s));
	assert_int_equal(s.seen.in_use, 5);
	for (int i = 0; i < 5; i++) {
		const struct slot_sample *slot = &s.seen.slot[slots[i]];

		assert_true(slot->held && slot->record_ok);
		assert_int_equal(slot->pid, child[i]);
		assert_int_equal(slot->start_ticks, 4711);
		assert_string_equal(slot->name, "cam");
	}
	assert_false(s.seen.slot[2].held);
	assert_false(look(&s));

	end_child(child[2]); /* SIGKILL frees it at once */
	assert_true(look(&s));
	assert_int_equal(s.seen.in_use, 4);
	assert_false(s.seen.slot[5].held);
	assert_int_equal(s.seen.slot[5].pid, 0);
	for (int i = 0; i < 5; i++)
		if (i != 2)
			end_child(child[i]);
	assert_true(look(&s));
	assert_int_equal(s.seen.in_use, 0);
	end(&s);
}

static void all_64_and_one_lock_over_all(void **state)
{
	struct scene s;
	int fd;

	(void)state;
	begin(&s);
	fd = open_file(&s);
	for (int i = SLOT_SLOTS_MAX - 1; i >= 0; i -= 2)
		assert_int_equal(take_byte(fd, i, 1), 0);
	(void)look(&s);
	assert_int_equal(s.seen.in_use, SLOT_SLOTS_MAX / 2);
	assert_false(s.seen.slot[0].held);
	assert_true(s.seen.slot[63].held);
	/* To the end of all files, the door and the queue too. */
	assert_int_equal(take_byte(fd, 0, 0), 0);
	(void)look(&s);
	assert_int_equal(s.seen.in_use, SLOT_SLOTS_MAX);
	close(fd);
	(void)look(&s);
	assert_int_equal(s.seen.in_use, 0);

	fd = open_file(&s); /* the door and the queue are no slots */
	assert_int_equal(take_byte(fd, SLOT_LOCK_DOOR, 1), 0);
	assert_int_equal(take_byte(fd, SLOT_LOCK_PLACES, SLOT_PLACES_MAX), 0);
	assert_false(look(&s));
	close(fd);
	end(&s);
}

/* trap 45: a taker that tries while somebody looks, again and again, always gets the free slot. */
static void looking_never_disturbs_a_taker(void **state)
{
	struct scene s;
	pid_t taker;
	int status;

	(void)state;
	begin(&s);
	taker = fork();
	assert_true(taker >= 0);
	if (taker == 0) {
		int fd = open_file(&s);

		for (int i = 0; i < 20000; i++) {
			struct flock unlock = {.l_type = F_UNLCK, .l_start = 3, .l_len = 1};

			if (take_byte(fd, 3, 1) < 0 || fcntl(fd, F_OFD_SETLK, &unlock) < 0)
				_exit(1);
		}
		_exit(0);
	}
	while (waitpid(taker, &status, WNOHANG) == 0)
		for (int i = 0; i < 50; i++)
			(void)look(&s);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	end(&s);
}

/* trap 48: a second descriptor of the file, opened and closed by the holder and by guardiand. */
static void closing_another_descriptor_keeps_the_slot(void **state)
{
	struct scene s;
	int holder, other;

	(void)state;
	begin(&s);
	holder = open_file(&s);
	assert_int_equal(take_byte(holder, 0, 1), 0);
	other = open_file(&s);
	close(other);
	slots_close(&s.slots);
	assert_int_equal(slots_open(&s.slots, s.tree.fd, false), 0);
	slots_set_group(&s.slots, getegid());
	(void)look(&s);
	assert_int_equal(s.seen.in_use, 1);
	close(holder);
	end(&s);
}

static void who_may_only_read_sees_as_much(void **state)
{
	struct streams_sample seen = {0};
	struct slots reader;
	struct scene s;
	pid_t child;

	(void)state;
	begin(&s);
	child = hold(&s, 2);
	assert_int_equal(slots_open(&reader, s.tree.fd, true), 0);
	assert_int_equal(slots_fd(&reader), -1);
	assert_true(slots_look(&reader, &seen));
	assert_int_equal(seen.file_state, SLOT_FILE_OK);
	assert_int_equal(seen.in_use, 1);
	assert_int_equal(seen.slot[2].pid, child);
	slots_close(&reader);
	end_child(child);
	end(&s);
}

static void counters_are_read_and_scribbles_are_told(void **state)
{
	struct slot_counters counters = {.taken = 7, .refused = 3, .waited = 2, .gave_up = 1};
	struct scene s;
	int fd;

	(void)state;
	begin(&s);
	fd = open_file(&s);
	slot_counters_seal(&counters);
	assert_int_equal(
		pwrite(fd, &counters, sizeof(counters), SLOT_COUNTERS_AT), sizeof(counters));
	(void)look(&s);
	assert_int_equal(s.seen.taken, 7);
	assert_int_equal(s.seen.refused, 3);
	assert_int_equal(s.seen.waited, 2);
	assert_int_equal(s.seen.gave_up, 1);
	counters.refused++;
	assert_int_equal(
		pwrite(fd, &counters, sizeof(counters), SLOT_COUNTERS_AT), sizeof(counters));
	assert_true(look(&s));
	assert_true(s.seen.counters_bad);
	assert_int_equal(s.seen.refused, 0);
	assert_int_equal(s.seen.file_state, SLOT_FILE_OK); /* the takers' business */
	close(fd);
	end(&s);
}

/* ---- damage, with slots held ---- */

static void mended(struct scene *s, pid_t child, uint8_t damage)
{
	uint64_t before = s->seen.generation;

	assert_true(look(s));
	assert_int_equal(s->seen.file_state, damage);
	assert_int_equal(s->seen.in_use, 1); /* the holder stays */
	assert_int_equal(slots_mend(&s->slots, &SIX), 0);
	(void)look(s);
	assert_int_equal(s->seen.file_state, SLOT_FILE_OK);
	assert_int_equal(s->seen.in_use, 1);
	assert_int_equal(s->seen.cap, 6);
	assert_true(s->seen.generation >= before);
	assert_int_equal(inode_of(s), s->inode);
	assert_int_equal(kill(child, 0), 0);
}

static void a_cut_file_is_mended_in_place(void **state)
{
	static const off_t sizes[] = {0, 1, 100, SLOT_FILE_SIZE - 1, SLOT_FILE_SIZE + 1, 1 << 20};
	struct scene s;
	pid_t child;

	(void)state;
	begin(&s);
	child = hold(&s, 4);
	(void)look(&s);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct stat st;
		int fd = open_file(&s);

		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		close(fd);
		mended(&s, child, SLOT_FILE_WRONG_SIZE);
		assert_int_equal(fstat(s.slots.fd, &st), 0);
		assert_int_equal(st.st_size, SLOT_FILE_SIZE);
		write_record(s.slots.fd, 4, (uint32_t)child, "cam");
		(void)look(&s);
	}
	end_child(child);
	end(&s);
}

static void a_scribbled_file_is_mended_in_place(void **state)
{
	unsigned char noise[SLOT_FILE_SIZE];
	struct scene s;
	pid_t child;
	int fd;

	(void)state;
	begin(&s);
	child = hold(&s, 4);
	(void)look(&s);
	srandom(4);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (unsigned char)random();
		fd = open_file(&s);
		assert_int_equal(pwrite(fd, noise, sizeof(noise), 0), sizeof(noise));
		close(fd);
		mended(&s, child, SLOT_FILE_BAD_HEADER);
		assert_true(s.seen.slot[4].held);
		assert_false(s.seen.slot[4].record_ok);
		assert_true(s.seen.counters_bad);
	}
	end_child(child);
	end(&s);
}

static void mode_and_owner_are_put_right(void **state)
{
	struct scene s;
	struct stat st;
	pid_t child;

	(void)state;
	begin(&s);
	child = hold(&s, 4);
	(void)look(&s);
	assert_int_equal(fchmod(s.slots.fd, 0666), 0);
	mended(&s, child, SLOT_FILE_WRONG_MODE);
	assert_int_equal(fstat(s.slots.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	if (geteuid() == 0) {
		slots_set_group(&s.slots, 4242); /* the policy names another group */
		mended(&s, child, SLOT_FILE_WRONG_MODE);
		assert_int_equal(fchown(s.slots.fd, 99, 98), 0);
		mended(&s, child, SLOT_FILE_WRONG_MODE);
		assert_int_equal(fstat(s.slots.fd, &st), 0);
		assert_int_equal(st.st_uid, 0);
		assert_int_equal(st.st_gid, 4242);
	}
	end_child(child);
	end(&s);
}

static void mending_what_is_well_changes_nothing(void **state)
{
	struct scene s;
	uint64_t generation;

	(void)state;
	begin(&s);
	(void)look(&s);
	generation = s.seen.generation;
	assert_int_equal(slots_mend(&s.slots, &SIX), 0);
	assert_false(look(&s));
	assert_int_equal(s.seen.generation, generation);
	end(&s);
}

/* ---- another file at its path ---- */

/* trap 47: told once, and then the new one is looked at. */
static void a_replaced_file_is_told(void **state)
{
	struct scene s;
	pid_t child;

	(void)state;
	begin(&s);
	child = hold(&s, 0);
	(void)look(&s);
	temp_tree_write(&s.tree, "other", "");
	assert_int_equal(renameat(s.tree.fd, "other", s.tree.fd, SLOTS_FILE), 0);
	s.inode = inode_of(&s);
	assert_true(look(&s));
	assert_int_equal(s.seen.file_state, SLOT_FILE_REPLACED);
	assert_true(look(&s));
	assert_int_equal(s.seen.file_state, SLOT_FILE_WRONG_SIZE);
	assert_int_equal(s.seen.in_use, 0);
	assert_int_equal(slots_mend(&s.slots, &SIX), 0);
	(void)look(&s);
	assert_int_equal(s.seen.file_state, SLOT_FILE_OK);
	end_child(child);
	end(&s);
}

static void a_removed_file_is_made_anew(void **state)
{
	struct scene s;
	uint64_t generation;

	(void)state;
	begin(&s);
	(void)look(&s);
	generation = s.seen.generation;
	temp_tree_unlink(&s.tree, SLOTS_FILE);
	assert_true(look(&s));
	assert_int_equal(s.seen.file_state, SLOT_FILE_ABSENT);
	assert_int_equal(slots_mend(&s.slots, &SIX), 0);
	(void)look(&s);
	assert_int_equal(s.seen.file_state, SLOT_FILE_OK);
	assert_true(s.seen.generation > generation);
	s.inode = inode_of(&s);
	end(&s);
}

static void what_is_no_plain_file_is_left_alone(void **state)
{
	struct scene s;
	struct stat st;

	(void)state;
	begin(&s);
	temp_tree_unlink(&s.tree, SLOTS_FILE);
	s.inode = 0;
	temp_tree_write(&s.tree, "victim", "precious");
	for (int kind = 0; kind < 3; kind++) {
		if (kind == 0)
			assert_int_equal(symlinkat("victim", s.tree.fd, SLOTS_FILE), 0);
		else if (kind == 1)
			assert_int_equal(mkfifoat(s.tree.fd, SLOTS_FILE, 0600), 0);
		else
			temp_tree_mkdir(&s.tree, SLOTS_FILE);
		(void)look(&s);
		assert_int_equal(s.seen.file_state, SLOT_FILE_UNUSABLE);
		assert_int_not_equal(s.seen.file_error, 0);
		assert_int_equal(slots_mend(&s.slots, &SIX), -EEXIST);
		if (kind < 2)
			temp_tree_unlink(&s.tree, SLOTS_FILE);
	}
	assert_int_equal(fstatat(s.tree.fd, "victim", &st, 0), 0);
	assert_int_equal(st.st_size, strlen("precious"));
	end(&s);
}

/* ---- waking ---- */

static bool readable(const struct scene *s)
{
	struct pollfd one = {.fd = slots_fd(&s->slots), .events = POLLIN};

	return poll(&one, 1, 0) == 1;
}

static void a_write_wakes_once(void **state)
{
	struct scene s;
	int fd;

	(void)state;
	begin(&s);
	(void)look(&s);
	slots_watch(&s.slots);
	assert_false(readable(&s));
	(void)look(&s); /* looking is no write */
	assert_false(readable(&s));
	fd = open_file(&s);
	write_record(fd, 0, 1, "cam");
	assert_true(readable(&s));
	slots_watch(&s.slots);
	assert_false(readable(&s));
	close(fd); /* a holder's end */
	assert_true(readable(&s));
	slots_watch(&s.slots);
	assert_int_equal(fchmod(s.slots.fd, 0600), 0);
	assert_true(readable(&s));
	end(&s);
}

static void nothing_is_left_open(void **state)
{
	int before = open_descriptors();
	struct scene s;

	(void)state;
	begin(&s);
	(void)look(&s);
	end(&s);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_made_with_size_mode_and_header),
		cmocka_unit_test(nothing_is_made_by_looking),
		cmocka_unit_test(without_a_folder_there_is_no_file),
		cmocka_unit_test(each_publication_has_a_higher_generation),
		cmocka_unit_test(held_slots_are_seen_with_their_records),
		cmocka_unit_test(all_64_and_one_lock_over_all),
		cmocka_unit_test(looking_never_disturbs_a_taker),
		cmocka_unit_test(closing_another_descriptor_keeps_the_slot),
		cmocka_unit_test(who_may_only_read_sees_as_much),
		cmocka_unit_test(counters_are_read_and_scribbles_are_told),
		cmocka_unit_test(a_cut_file_is_mended_in_place),
		cmocka_unit_test(a_scribbled_file_is_mended_in_place),
		cmocka_unit_test(mode_and_owner_are_put_right),
		cmocka_unit_test(mending_what_is_well_changes_nothing),
		cmocka_unit_test(a_replaced_file_is_told),
		cmocka_unit_test(a_removed_file_is_made_anew),
		cmocka_unit_test(what_is_no_plain_file_is_left_alone),
		cmocka_unit_test(a_write_wakes_once),
		cmocka_unit_test(nothing_is_left_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
