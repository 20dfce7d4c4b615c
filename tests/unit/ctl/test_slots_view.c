/*
 * slots_view: of the status file while the daemon lives, of the semaphore file when it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guardian/slots.h"
#include "guardian/slots_view.h"
#include "root_scene.h"

enum { NOW_US = 9000000 };

static const char status[] =
	"{\"streams\":{\"cap\":6,\"effective_cap\":6,\"in_use\":1,\"slots\":[{\"slot\":0,"
	"\"since_realtime_us\":4000000,\"pid\":99},{\"slot\":1,\"since_realtime_us\":10000000}],"
	"\"without_slot\":[]}}";

static const struct cJSON *streams_of(const struct cJSON *view)
{
	return status_item(view, "streams");
}

static uint64_t number(const struct cJSON *object, const char *key)
{
	uint64_t n = UINT64_MAX;

	(void)status_number(object, key, &n);
	return n;
}

static void of_the_living_it_is_the_status_files(void **state)
{
	struct heartbeat hb = {.state = HEARTBEAT_ALIVE, .age_us = 5, .json = cJSON_Parse(status)};
	struct cJSON *view = slots_view(&hb, -1, NOW_US);
	const struct cJSON *slots = status_item(streams_of(view), "slots");

	(void)state;
	assert_string_equal(status_string(view, "slots_from"), "status.json");
	assert_int_equal(number(view, "tick_age_us"), 5);
	assert_int_equal(number(streams_of(view), "cap"), 6);
	assert_int_equal(number(slots->child, "age_us"), 5000000);
	assert_null(status_item(slots->child->next, "age_us")); /* in the future */
	cJSON_Delete(view);
	cJSON_Delete(hb.json);
}

static void without_a_cap_there_is_nothing(void **state)
{
	struct heartbeat hb = {.state = HEARTBEAT_ALIVE, .json = cJSON_Parse("{}")};
	struct cJSON *view = slots_view(&hb, -1, NOW_US);

	(void)state;
	assert_null(streams_of(view));
	cJSON_Delete(view);
	cJSON_Delete(hb.json);
}

static void of_the_dead_it_is_the_semaphore_files(void **state)
{
	const struct slots_cap cap = {
		.cap = 6, .effective_cap = 4, .reason = SLOT_CAP_MEMORY, .realtime_us = 1};
	const struct heartbeat hb = {
		.state = HEARTBEAT_GONE, .age_us = UINT64_MAX, .json = cJSON_Parse(status)};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 1};
	struct slot_record record = {.pid = 17, .since_us = 1000000, .name = "cam-12"};
	const struct cJSON *slot;
	struct slots slots;
	struct cJSON *view;
	int dirfd;

	(void)state;
	dirfd = fs_open_dir(rootfd, "/run/guardian");
	assert_int_equal(slots_open(&slots, dirfd, false), 0);
	assert_int_equal(slots_mend(&slots, &cap), 0);
	assert_int_equal(fcntl(slots.fd, F_OFD_SETLK, &lock), 0);
	slot_record_seal(&record);
	assert_int_equal(
		pwrite(slots.fd, &record, sizeof(record), slot_record_at(3)), sizeof(record));

	view = slots_view(&hb, rootfd, NOW_US);
	assert_string_equal(status_string(view, "slots_from"), "streams.sem");
	assert_true(cJSON_IsFalse(status_item(view, "alive")));
	assert_null(status_item(view, "tick_age_us"));
	assert_string_equal(status_string(streams_of(view), "semaphore"), "ok");
	assert_string_equal(status_string(streams_of(view), "reason"), "memory");
	assert_int_equal(number(streams_of(view), "cap"), 6);
	assert_int_equal(number(streams_of(view), "effective_cap"), 4);
	assert_int_equal(number(streams_of(view), "in_use"), 1);
	slot = status_item(streams_of(view), "slots")->child;
	assert_int_equal(number(slot, "slot"), 3);
	assert_string_equal(status_string(slot, "name"), "cam-12");
	assert_int_equal(number(slot, "inner_pid"), 17);
	assert_int_equal(number(slot, "age_us"), 8000000);
	assert_null(status_item(slot, "pid"));
	cJSON_Delete(view);

	slots_close(&slots);
	view = slots_view(&hb, rootfd, NOW_US);
	assert_int_equal(number(streams_of(view), "in_use"), 0);
	cJSON_Delete(view);
	assert_int_equal(unlinkat(dirfd, SLOTS_FILE, 0), 0);
	view = slots_view(&hb, rootfd, NOW_US);
	assert_string_equal(status_string(streams_of(view), "semaphore"), "absent");
	assert_null(status_item(streams_of(view), "in_use"));
	cJSON_Delete(view);
	fs_close(&dirfd);
	cJSON_Delete(hb.json);
}

static void without_a_folder_too(void **state)
{
	const struct heartbeat hb = {.state = HEARTBEAT_NONE, .age_us = UINT64_MAX};
	struct cJSON *view;

	(void)state;
	assert_int_equal(unlinkat(rootfd, "run/guardian", AT_REMOVEDIR), 0);
	view = slots_view(&hb, rootfd, NOW_US);
	assert_string_equal(status_string(streams_of(view), "semaphore"), "absent");
	cJSON_Delete(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			of_the_living_it_is_the_status_files, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_cap_there_is_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			of_the_dead_it_is_the_semaphore_files, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_folder_too, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
