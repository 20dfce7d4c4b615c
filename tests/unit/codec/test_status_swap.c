/*
 * status_swap: the swap of the host as the status file has it, and the sentences in it.
 */
#include "status_scene.h"

#define GIB ((uint64_t)1 << 30)

static int swap_setup(void **unused)
{
	struct swap_sample *s = &snap.swap;

	(void)setup(unused);
	policy.swap = (struct policy_swap){.file = "/swapfile",
		.size_bytes = 2 * GIB,
		.reserve_bytes = SWAP_RESERVE_COMMON,
		.priority = SWAP_PRIORITY_AUTO};
	s->valid = SWAP_AREAS | SWAP_FILE_SEEN | SWAP_FS | SWAP_SWAPPINESS | SWAP_ZSWAP;
	s->swappiness = 10;
	s->zswap = SWITCH_ON;
	s->fs = SWAP_FS_OK;
	s->fs_free_bytes = 40 * GIB;
	s->fs_total_bytes = 50 * GIB;
	s->n_areas = 1;
	s->area[0] = (struct swap_area){"/swapfile", 2 * GIB - 4096, GIB, -2, SWAP_FILE, 0};
	s->file[0] = (struct swap_file){.state = SWAP_FILE_USABLE,
		.active = true,
		.labelled = true,
		.mode_ok = true,
		.owner_ok = true,
		.mode = 0600,
		.size_bytes = 2 * GIB};
	s->file[1].state = SWAP_FILE_ABSENT;
	snap.host.valid = HOST_VMSTAT | HOST_MEMORY;
	snap.host.mem_available_bytes = 3 * GIB;
	return 0;
}

static const char *plan_now(void)
{
	static char kept_plan[512];
	cJSON *json = render();

	(void)strncpy(kept_plan, word(get(json, "swap"), "plan"), sizeof(kept_plan) - 1);
	cJSON_Delete(json);
	return kept_plan;
}

static void all_of_it(void **unused)
{
	const cJSON *swap, *area, *file, *progress;
	cJSON *json;

	(void)unused;
	about.swap_phase = "zeroing";
	about.swap_done_bytes = 5;
	about.swap_total_bytes = 9;
	state.swap.thrash.in_bytes_per_s = 7;
	json = render();
	swap = get(json, "swap");
	assert_true(number(swap, "wanted_bytes") == 2147483648.0);
	assert_true(number(swap, "foreign_bytes") == 0);
	assert_true(number(swap, "swappiness") == 10);
	assert_true(cJSON_IsTrue(get(swap, "zswap")));
	assert_string_equal(word(swap, "thrash"), "none");
	assert_true(number(swap, "in_bytes_per_s") == 7);
	assert_true(number(swap, "out_bytes_per_s") == 0);
	area = cJSON_GetArrayItem(get(swap, "areas"), 0);
	assert_string_equal(word(area, "path"), "/swapfile");
	assert_string_equal(word(area, "type"), "file");
	assert_true(number(area, "size_bytes") == 2147479552.0);
	assert_true(number(area, "used_bytes") == 1073741824.0);
	assert_true(number(area, "priority") == -2);
	assert_true(cJSON_IsTrue(get(area, "ours")));
	file = get(swap, "file");
	assert_string_equal(word(file, "path"), "/swapfile");
	assert_string_equal(word(file, "state"), "usable");
	assert_string_equal(word(file, "mode"), "0600");
	assert_null(get(file, "problem"));
	progress = get(swap, "progress");
	assert_string_equal(word(progress, "phase"), "zeroing");
	assert_true(number(progress, "done_bytes") == 5);
	assert_true(number(progress, "total_bytes") == 9);
	assert_null(get(progress, "path")); /* of no file that the state knows of */
	cJSON_Delete(json);
}

/* Two files may be there, and one action at a time is under way. */
static void which_file_is_under_way(void **unused)
{
	cJSON *json;

	(void)unused;
	about.swap_phase = "switching off";
	state.swap.file[1].effort[SWAP_EFFORT_RESIZE].ticket = 7;
	json = render();
	assert_string_equal(word(get(get(json, "swap"), "progress"), "path"), "/swapfile.2");
	cJSON_Delete(json);
	state.swap.file[0].effort[SWAP_EFFORT_MAKE].ticket = 8;
	json = render();
	assert_string_equal(word(get(get(json, "swap"), "progress"), "path"), "/swapfile");
	cJSON_Delete(json);
	about.swap_phase = NULL; /* asked for, and not begun */
	json = render();
	assert_null(get(get(json, "swap"), "progress"));
	cJSON_Delete(json);
}

static void what_is_not_known_is_not_there(void **unused)
{
	const cJSON *swap;
	cJSON *json;

	(void)unused;
	snap.swap.valid = 0;
	snap.host.valid = 0;
	json = render();
	swap = get(json, "swap");
	assert_int_equal(cJSON_GetArraySize(swap), 3); /* wanted, file, plan */
	assert_int_equal(cJSON_GetArraySize(get(swap, "file")), 1);
	assert_string_equal(word(swap, "plan"), "nothing yet, not all could be read");
	cJSON_Delete(json);
	policy.swap.size_bytes = 0;
	json = render();
	assert_null(get(get(json, "swap"), "file"));
	assert_string_equal(word(get(json, "swap"), "plan"), "nothing, the policy wants no swap");
	cJSON_Delete(json);
	snap.swap.valid = SWAP_AREAS | SWAP_FILE_SEEN;
	snap.swap.n_areas = UINT16_MAX;
	snap.swap.area[0].ours = SWAP_FOREIGN;
	policy.swap.size_bytes = GIB;
	snap.swap.file[0].state = SWAP_FILE_HOLES;
	state.swap.thrash.since_us = 1;
	snap.host.valid = HOST_VMSTAT;
	json = render();
	swap = get(json, "swap");
	assert_int_equal(cJSON_GetArraySize(get(swap, "areas")), SWAP_AREAS_MAX);
	assert_true(cJSON_IsFalse(get(cJSON_GetArrayItem(get(swap, "areas"), 0), "ours")));
	assert_null(get(get(swap, "file"), "mode"));
	assert_string_equal(word(swap, "thrash"), "thrashing");
	cJSON_Delete(json);
}

static void each_plan_in_words(void **unused)
{
	(void)unused;
	assert_string_equal(plan_now(), "nothing, all is as the policy wants it");
	policy.swap.size_bytes = 3 * GIB;
	assert_string_equal(plan_now(), "give /swapfile 3 GiB, it has 2 GiB");
	policy.swap.size_bytes = GIB;
	snap.host.mem_available_bytes = GIB;
	assert_string_equal(
		plan_now(), "give /swapfile 1 GiB as soon as 1.2 GiB of memory are available");
	policy.swap.size_bytes = 3 * GIB;
	assert_string_equal(plan_now(), "make /swapfile.2 of 1 GiB");
	snap.swap.file[0].active = false;
	assert_string_equal(plan_now(), "switch /swapfile on");
	snap.swap.file[0].state = SWAP_FILE_NO_HEADER;
	assert_string_equal(
		plan_now(), "nothing can be done for /swapfile: a file is there that is not swap");
	snap.swap.file[0].state = SWAP_FILE_ABSENT;
	snap.swap.foreign_bytes = 3 * GIB;
	assert_string_equal(plan_now(), "nothing, other swap is enough");
}

static void what_is_wrong_in_words(void **unused)
{
	cJSON *json;

	(void)unused;
	snap.swap.file[0].mode_ok = false;
	snap.swap.file[0].mode = 0644;
	snap.swap.file[0].uid = 7;
	json = render();
	assert_string_equal(word(get(get(json, "swap"), "file"), "problem"),
		"/swapfile: mode 0644 and owner 7, should be 0600 and root");
	cJSON_Delete(json);
	snap.swap.file[0].replaced = true;
	json = render();
	assert_string_equal(word(get(get(json, "swap"), "file"), "problem"),
		"/swapfile: another file is there than the one in use");
	cJSON_Delete(json);
	snap.swap.file[0].replaced = false;
	snap.swap.file[0].mode_ok = true;
	snap.swap.file[1] = snap.swap.file[0];
	snap.swap.file[1].owner_ok = false;
	json = render();
	assert_string_equal(word(get(get(json, "swap"), "file"), "problem"),
		"/swapfile.2: mode 0644 and owner 7, should be 0600 and root");
	cJSON_Delete(json);
	snap.swap.file[0] = (struct swap_file){.state = SWAP_FILE_ABSENT};
	snap.swap.file[1] = snap.swap.file[0];
	snap.swap.n_areas = 0;
	snap.swap.fs = SWAP_FS_REFUSED;
	snap.swap.fs_magic = 0x01021994;
	json = render();
	assert_string_equal(word(get(get(json, "swap"), "file"), "problem"),
		"/swapfile: its file system cannot carry swap (tmpfs keeps its files in memory)");
	assert_string_equal(word(get(json, "swap"), "plan"),
		"nothing can be done for /swapfile: its file system cannot carry swap (tmpfs keeps "
		"its files in memory)");
	cJSON_Delete(json);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, swap_setup)
	const struct CMUnitTest tests[] = {
		TEST(all_of_it),
		TEST(which_file_is_under_way),
		TEST(what_is_not_known_is_not_there),
		TEST(each_plan_in_words),
		TEST(what_is_wrong_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
