/*
 * From the daemon's pen to the reader's eye: a status as status_render() writes it, on the page of
 * `guardianctl swap`.
 */
#include "../codec/status_scene.h"

#include <fcntl.h>

#include "guardian/fs.h"
#include "guardian/swap_page.h"
#include "guardian/swap_view.h"

static char page[8192];

static void make_host(void)
{
	struct swap_sample *s = &snap.swap;

	strcpy(policy.swap.file, "/swapfile");
	policy.swap.size_bytes = 2ULL << 30;
	snap.page_bytes = 4096;
	s->valid = SWAP_AREAS | SWAP_FILE_SEEN | SWAP_FS | SWAP_SWAPPINESS | SWAP_ZSWAP;
	s->n_areas = 1;
	s->area[0] = (struct swap_area){
		"/swapfile", (1ULL << 30) - 4096, 256ULL << 20, 10, SWAP_FILE, 0};
	s->file[0] = (struct swap_file){.state = SWAP_FILE_USABLE,
		.active = true,
		.labelled = true,
		.owner_ok = true,
		.mode = 0644,
		.size_bytes = 1ULL << 30,
		.header_bytes = 1ULL << 30};
	s->file[1].state = SWAP_FILE_ABSENT;
	s->fs = SWAP_FS_OK;
	s->fs_free_bytes = s->fs_total_bytes = 100ULL << 30;
	s->swappiness = 10;
	s->zswap = SWITCH_ON;
	snap.host.valid |= HOST_MEMORY | HOST_SWAP | HOST_VMSTAT;
	snap.host.mem_available_bytes = 3ULL << 30;
	snap.member[0].valid |= MEMBER_SWAP;
	snap.member[0].swap_bytes = 200ULL << 20;
	limit_put(&snap.member[0].live, LIMIT_SWAP_MAX, LIMIT_UNLIMITED);
	about.swap_phase = "zeroing";
	about.swap_done_bytes = 1ULL << 29;
	about.swap_total_bytes = 1ULL << 30;
}

static void expect_part(const char *part)
{
	if (!strstr(page, part))
		fail_msg("no %s in\n%s", part, page);
}

static void all_of_it_is_shown(void **unused)
{
	const struct screen screen = {.columns = 100};
	_cleanup_fd_ int rootfd = fs_open_dir(AT_FDCWD, "tests/fixtures/swaps/none");
	struct heartbeat hb = {.state = HEARTBEAT_ALIVE};
	struct text_out to;
	cJSON *view;

	(void)unused;
	make_host();
	hb.json = render();
	view = swap_view(&hb, rootfd);
	assert_non_null(view);
	assert_string_equal(status_string(view, "areas_from"), "status.json");
	text_out_init(&to, page, sizeof(page));
	swap_page(&to, &screen, &hb, view);
	expect_part("256 MiB of 1 GiB used, the policy wants 2 GiB, swappiness 10, zswap on\n");
	expect_part("\nthrashing: no, in 0 B/s, out 0 B/s\n");
	expect_part("\npreparing /swapfile  ##########.......... 50%  512 MiB of 1 GiB, zeroing\n");
	expect_part("\nproblem: /swapfile: mode 0644 and owner 0, should be 0600 and root\n");
	expect_part("\nnext: ");
	expect_part(
		"\n/swapfile  file       #####...............        256 MiB / 1 GiB        10  "
		"guardiand\n");
	expect_part("\nbackend  ####################    200 MiB   unlimited\n");
	/* Who only observes, does not come to it. */
	strcpy(hb.head.mode, "observe");
	text_out_init(&to, page, sizeof(page));
	swap_page(&to, &screen, &hb, view);
	expect_part("\nnext, if it did not only observe: ");
	cJSON_Delete(view);
	cJSON_Delete(hb.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_of_it_is_shown, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
