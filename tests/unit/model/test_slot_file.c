/*
 * slot_file: the layout that two programs share, checksums against anything scribbled, and the
 * order of those who wait, as a property of random queues.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "guardian/slot_file.h"

enum { NOW_S = 1000000, ROUNDS = 20000 };
#define S 1000000ULL

/* The offsets as they stand in the header's table: version 1 never moves them. */
static void layout_is_version_1(void **state)
{
	(void)state;
	assert_int_equal(SLOT_FILE_SIZE, 16384);
	assert_int_equal(SLOT_HEADER_AT, 0);
	assert_int_equal(SLOT_COUNTERS_AT, 512);
	assert_int_equal(SLOT_QUEUE_AT, 1024);
	assert_int_equal(slot_record_at(0), 4096);
	assert_int_equal(slot_record_at(63), 4096 + 63 * 128);
	assert_int_equal(slot_place_at(0), 12288);
	assert_int_equal(slot_place_at(63), 12288 + 63 * 32);
	assert_true(slot_record_at(64) <= SLOT_PLACES_AT);
	assert_true(slot_place_at(64) <= SLOT_FILE_SIZE);
	assert_int_equal(offsetof(struct slot_header, cap), 16);
	assert_int_equal(offsetof(struct slot_header, reason), 24);
	assert_int_equal(offsetof(struct slot_header, published_us), 40);
	assert_int_equal(offsetof(struct slot_record, since_us), 16);
	assert_int_equal(offsetof(struct slot_counters, gave_up), 24);
	/* The locks of slots, door and places do not touch. */
	assert_true(SLOT_LOCK_SLOTS + SLOT_SLOTS_MAX <= SLOT_LOCK_DOOR);
	assert_true(SLOT_LOCK_DOOR < SLOT_LOCK_PLACES);
}

/* The published vectors of FNV-1a 64 (Fowler, Noll, Vo). */
static void checksum_is_fnv_1a(void **state)
{
	(void)state;
	assert_true(slot_checksum("", 0) == 0xcbf29ce484222325);
	assert_true(slot_checksum("a", 1) == 0xaf63dc4c8601ec8c);
	assert_true(slot_checksum("foobar", 6) == 0x85944171f73967e8);
}

static void header(void **state)
{
	struct slot_header h = slot_header_make(6, 4, SLOT_CAP_MEMORY, 17, 5 * S), bad;

	(void)state;
	assert_true(slot_header_ok(&h));
	assert_memory_equal(h.magic, "GRDSLOTS", 8);
	assert_int_equal(h.version, 1);
	assert_int_equal(h.slots, 64);
	assert_int_equal(h.cap, 6);
	assert_int_equal(h.effective_cap, 4);
	assert_int_equal(h.generation, 17);
	assert_true(h.published_us == 5 * S);
	/* Sealed, and out of bounds all the same. */
	bad = slot_header_make(65, 4, SLOT_CAP_FULL, 1, 0);
	assert_false(slot_header_ok(&bad));
	bad = slot_header_make(4, 5, SLOT_CAP_FULL, 1, 0);
	assert_false(slot_header_ok(&bad));
	bad = slot_header_make(4, 4, SLOT_CAP_REASONS, 1, 0);
	assert_false(slot_header_ok(&bad));
	bad = h;
	bad.version = 2;
	bad.checksum = slot_checksum(&bad, offsetof(struct slot_header, checksum));
	assert_false(slot_header_ok(&bad));
	bad = slot_header_make(64, 0, SLOT_CAP_WARNING, UINT64_MAX, 0);
	assert_true(slot_header_ok(&bad));
}

static void reason_names(void **state)
{
	(void)state;
	assert_string_equal(slot_cap_reason_name(SLOT_CAP_FULL), "full");
	assert_string_equal(slot_cap_reason_name(SLOT_CAP_MEMORY), "memory");
	assert_string_equal(slot_cap_reason_name(SLOT_CAP_WARNING), "warning");
	assert_string_equal(slot_cap_reason_name(77), "unknown");
}

/* A file that was just made, or has a hole. */
static void zeros_are_not_whole(void **state)
{
	static const struct slot_header header;
	static const struct slot_counters counters;
	static const struct slot_queue queue;
	static const struct slot_record record;
	static const struct slot_place place;

	(void)state;
	assert_false(slot_header_ok(&header));
	assert_false(slot_counters_ok(&counters));
	assert_false(slot_queue_ok(&queue));
	assert_false(slot_record_ok(&record));
	assert_false(slot_place_ok(&place, 0));
}

static void record(void **state)
{
	struct slot_record r = {.pid = 7, .start_ticks = 1, .name = "cam-12"};

	(void)state;
	slot_record_seal(&r);
	assert_true(slot_record_ok(&r));
	memset(r.name, 'x', sizeof(r.name)); /* no NUL: a reader would run on */
	slot_record_seal(&r);
	assert_false(slot_record_ok(&r));
	r = (struct slot_record){.name = "nobody"};
	slot_record_seal(&r);
	assert_false(slot_record_ok(&r));
}

static bool flipped_is_seen(void *part, size_t size, bool (*ok)(const void *))
{
	unsigned char *bytes = part;

	for (size_t bit = 0; bit < size * 8; bit++) {
		bool seen;

		bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
		seen = !ok(part);
		bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
		if (!seen)
			return false;
	}
	return ok(part);
}

static bool header_ok(const void *part)
{
	return slot_header_ok(part);
}

static bool counters_ok(const void *part)
{
	return slot_counters_ok(part);
}

static bool queue_ok(const void *part)
{
	return slot_queue_ok(part);
}

static bool record_ok(const void *part)
{
	return slot_record_ok(part);
}

static bool place_ok(const void *part)
{
	return slot_place_ok(part, 3);
}

static void every_flipped_bit_is_seen(void **state)
{
	struct slot_header header = slot_header_make(6, 6, SLOT_CAP_FULL, 1, 1);
	struct slot_counters counters = {.taken = 9, .refused = 1};
	struct slot_queue queue = {.next_ticket = 4};
	struct slot_record record = {.pid = 12, .name = "cam"};
	struct slot_place place = {.ticket = 64 + 3, .deadline_us = 1};

	(void)state;
	slot_counters_seal(&counters);
	slot_queue_seal(&queue);
	slot_record_seal(&record);
	slot_place_seal(&place);
	assert_true(flipped_is_seen(&header, sizeof(header), header_ok));
	assert_true(flipped_is_seen(&counters, sizeof(counters), counters_ok));
	assert_true(flipped_is_seen(&queue, sizeof(queue), queue_ok));
	assert_true(flipped_is_seen(&record, sizeof(record), record_ok));
	assert_true(flipped_is_seen(&place, sizeof(place), place_ok));
	assert_false(slot_place_ok(&place, 4)); /* whole, but of another place */
}

static void random_bytes_are_never_whole(void **state)
{
	struct slot_line line;
	unsigned char bytes[128];

	(void)state;
	srandom(4);
	for (int i = 0; i < ROUNDS; i++) {
		for (size_t b = 0; b < sizeof(bytes); b++)
			bytes[b] = (unsigned char)random();
		assert_false(header_ok(bytes));
		assert_false(counters_ok(bytes));
		assert_false(queue_ok(bytes));
		assert_false(record_ok(bytes));
		assert_false(place_ok(bytes));
	}
	/* So a scribbled line, all of it held, keeps nobody waiting. */
	for (size_t b = 0; b < sizeof(line); b++)
		((unsigned char *)&line)[b] = (unsigned char)random();
	line.held = UINT64_MAX;
	assert_int_equal(slot_ahead(&line, SLOT_NO_TICKET, NOW_S * S).count, 0);
}

/* ---- the queue ---- */

static struct slot_line line;

static void stand(uint64_t ticket, uint64_t deadline_us)
{
	unsigned int i = (unsigned int)(ticket % SLOT_PLACES_MAX);

	line.place[i] = (struct slot_place){.ticket = ticket, .deadline_us = deadline_us};
	slot_place_seal(&line.place[i]);
	line.held |= 1ULL << i;
}

static void leave(uint64_t ticket)
{
	line.held &= ~(1ULL << ticket % SLOT_PLACES_MAX);
}

static int clear(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	return 0;
}

static void ahead_are_those_with_a_lower_ticket(void **state)
{
	struct slot_ahead a;

	(void)state;
	stand(100, (NOW_S + 5) * S);
	stand(102, (NOW_S + 5) * S);
	stand(130, (NOW_S + 5) * S);
	a = slot_ahead(&line, 130, NOW_S * S);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.nearest, 102 % 64);
	assert_int_equal(slot_ahead(&line, 100, NOW_S * S).count, 0);
	a = slot_ahead(&line, SLOT_NO_TICKET, NOW_S * S);
	assert_int_equal(a.count, 3);
	assert_int_equal(a.nearest, 130 % 64);
	/* The dead leave by themselves: their lock is gone, their words are not. */
	leave(102);
	assert_int_equal(slot_ahead(&line, 130, NOW_S * S).nearest, 100 % 64);
}

static void late_ones_are_passed_over(void **state)
{
	(void)state;
	stand(1, NOW_S * S);
	assert_int_equal(slot_ahead(&line, 2, NOW_S * S).count, 1);
	assert_int_equal(slot_ahead(&line, 2, NOW_S * S + SLOT_LATE_US).count, 1);
	assert_int_equal(slot_ahead(&line, 2, NOW_S * S + SLOT_LATE_US + 1).count, 0);
	/* A deadline that nobody can have asked for. */
	stand(1, NOW_S * S + SLOT_WAIT_MAX_US);
	assert_int_equal(slot_ahead(&line, 2, NOW_S * S).count, 1);
	stand(1, NOW_S * S + SLOT_WAIT_MAX_US + 1);
	assert_int_equal(slot_ahead(&line, 2, NOW_S * S).count, 0);
	stand(1, UINT64_MAX);
	assert_int_equal(slot_ahead(&line, 2, NOW_S * S).count, 0);
}

static struct slot_queue head(uint64_t next)
{
	struct slot_queue queue = {.next_ticket = next};

	slot_queue_seal(&queue);
	return queue;
}

static void next_ticket_is_behind_all_who_stand(void **state)
{
	struct slot_queue queue = head(0);

	(void)state;
	assert_int_equal(slot_next_ticket(&queue, &line), 0);
	queue = head(200);
	assert_int_equal(slot_next_ticket(&queue, &line), 200);
	stand(199, (NOW_S + 5) * S);
	assert_int_equal(slot_next_ticket(&queue, &line), 200);
	/* The head was scribbled or set back: nobody gets before those who stand. */
	queue = head(3);
	assert_int_equal(slot_next_ticket(&queue, &line), 200);
	queue.next_ticket++;
	assert_int_equal(slot_next_ticket(&queue, &line), 200);
	clear(NULL);
	assert_int_equal(slot_next_ticket(&queue, &line), 0);
	queue = head(SLOT_TICKET_END);
	assert_int_equal(slot_next_ticket(&queue, &line), 0);
}

/* A place whose byte somebody holds is no place, whatever its words; its ticket is left out. */
static void next_ticket_skips_held_places(void **state)
{
	struct slot_queue queue = head(62);

	(void)state;
	line.held = 1ULL << 62 | 1ULL << 63 | 1ULL << 0;
	assert_int_equal(slot_next_ticket(&queue, &line), 65);
	line.held = UINT64_MAX;
	assert_true(slot_next_ticket(&queue, &line) == SLOT_NO_TICKET);
}

/* Random queues: some come, some are killed, some are stopped past their deadline, the head of the
 * queue is scribbled. At any time just one of those who wait is the first, it is the one who came
 * first, and everybody else sleeps behind the one who came just before. */
struct client {
	uint64_t ticket;
	bool late;
};

static void check_order(const struct client *clients, unsigned int n)
{
	const struct client *before = NULL;
	unsigned int ahead = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct slot_ahead a = slot_ahead(&line, clients[i].ticket, NOW_S * S);

		assert_int_equal(a.count, ahead);
		if (before)
			assert_int_equal(a.nearest, before->ticket % SLOT_PLACES_MAX);
		if (clients[i].late)
			continue;
		before = &clients[i];
		ahead++;
	}
	assert_int_equal(slot_ahead(&line, SLOT_NO_TICKET, NOW_S * S).count, ahead);
}

static unsigned int come(struct client *clients, unsigned int n, struct slot_queue *queue)
{
	uint64_t ticket = slot_next_ticket(queue, &line);
	bool late = random() % 8 == 0;

	if (n == SLOT_PLACES_MAX) {
		assert_true(ticket == SLOT_NO_TICKET);
		return n;
	}
	assert_true(ticket != SLOT_NO_TICKET);
	stand(ticket, late ? (NOW_S - 2) * S : (NOW_S + (uint64_t)random() % 3600) * S);
	*queue = head(ticket + 1);
	clients[n] = (struct client){ticket, late};
	return n + 1;
}

static void first_come_first_served(void **state)
{
	struct client clients[SLOT_PLACES_MAX];
	struct slot_queue queue = head(0);
	unsigned int n = 0;

	(void)state;
	srandom(49);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned int what = (unsigned int)random() % 100, gone;

		/* Phases that fill the queue, and phases that empty it. */
		if (what < (i / 500 % 2 ? 65U : 35U)) {
			n = come(clients, n, &queue);
		} else if (n > 0) {
			gone = what % 2 ? 0 : (unsigned int)random() % n;
			leave(clients[gone].ticket);
			memmove(&clients[gone], &clients[gone + 1],
				(--n - gone) * sizeof(clients[0]));
		}
		if (what == 99)
			queue.next_ticket = (uint64_t)random();
		check_order(clients, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_version_1),
		cmocka_unit_test(checksum_is_fnv_1a),
		cmocka_unit_test(header),
		cmocka_unit_test(reason_names),
		cmocka_unit_test(zeros_are_not_whole),
		cmocka_unit_test(record),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(random_bytes_are_never_whole),
		cmocka_unit_test_setup(ahead_are_those_with_a_lower_ticket, clear),
		cmocka_unit_test_setup(late_ones_are_passed_over, clear),
		cmocka_unit_test_setup(next_ticket_is_behind_all_who_stand, clear),
		cmocka_unit_test_setup(next_ticket_skips_held_places, clear),
		cmocka_unit_test_setup(first_come_first_served, clear),
	};

	return cmocka_run_group_tests_name("slot_file", tests, NULL, NULL);
}
