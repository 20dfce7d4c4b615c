/*
 * swap_header: the same bytes as mkswap(8) writes, readable by swaplabel(8), blkid(8) and file(1);
 * and what is not such a header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guardian/swap_header.h"
#include "swap_scene.h"

#define UUID   "4f8f1c3e-0a51-4d0e-9b7c-112233445566"
#define OURS   "/tmp/guardian-header-ours"
#define THEIRS "/tmp/guardian-header-theirs"

static const uint8_t uuid[SWAP_UUID_BYTES] = {0x4f, 0x8f, 0x1c, 0x3e, 0x0a, 0x51, 0x4d, 0x0e, 0x9b,
	0x7c, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66};

static int empty_file(uint64_t size_bytes)
{
	int fd = memfd_create("header", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size_bytes), 0);
	return fd;
}

static struct swap_header header_of(uint64_t size_bytes)
{
	struct swap_header h = {.size_bytes = size_bytes, .label = SWAP_LABEL};

	memcpy(h.uuid, uuid, sizeof(uuid));
	return h;
}

static void the_bytes_are_as_the_kernel_wants_them(void **state)
{
	static const uint8_t fields[] = {1, 0, 0, 0, 0xff, 7, 0, 0, 0, 0, 0, 0};
	struct swap_header h = header_of(8 * MIB);
	uint8_t page[4096];
	int fd = empty_file(8 * MIB);

	(void)state;
	assert_int_equal(swap_header_write(fd, &h, 4096), 0);
	assert_int_equal(pread(fd, page, sizeof(page), 0), sizeof(page));
	assert_memory_equal(page + 1024, fields, sizeof(fields));
	assert_memory_equal(page + 1036, uuid, sizeof(uuid));
	assert_memory_equal(page + 1052, "guardiand\0\0\0\0\0\0\0", 16);
	assert_memory_equal(page + 0xff6, "SWAPSPACE2", 10);
	memset(page + 1024, 0, 44);
	memset(page + 0xff6, 0, 10);
	for (size_t i = 0; i < sizeof(page); i++)
		assert_int_equal(page[i], 0);
	close(fd);
}

static void write_file(const char *path, uint64_t size_bytes, uint32_t page_bytes)
{
	struct swap_header h = header_of(size_bytes);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size_bytes), 0);
	if (page_bytes)
		assert_int_equal(swap_header_write(fd, &h, page_bytes), 0);
	close(fd);
}

/* The whole of both files' first 64 KiB. */
static void assert_same_start(void)
{
	static uint8_t ours[65536], theirs[65536];
	int a = open(OURS, O_RDONLY | O_CLOEXEC), b = open(THEIRS, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(a, ours, sizeof(ours)), m = read(b, theirs, sizeof(theirs));

	assert_true(n > 0 && n == m);
	assert_memory_equal(ours, theirs, (size_t)n);
	close(a);
	close(b);
}

static void as_mkswap_writes_it(void **state)
{
	static const struct {
		uint64_t size_bytes;
		uint32_t page_bytes;
	} areas[] = {{40960, 4096}, {8 * MIB, 4096}, {8 * MIB + 1234, 4096}, {2048 * MIB, 4096},
		{64 * MIB, 16384}, {64 * MIB, 65536}};
	char output[512], arguments[256];

	(void)state;
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		write_file(OURS, areas[i].size_bytes, areas[i].page_bytes);
		write_file(THEIRS, areas[i].size_bytes, 0);
		(void)snprintf(arguments, sizeof(arguments), "-U %s -L guardiand -p %u %s", UUID,
			areas[i].page_bytes, THEIRS);
		if (!swap_scene_tool(output, sizeof(output), "mkswap", arguments))
			skip();
		assert_non_null(strstr(output, "Setting up swapspace version 1"));
		assert_same_start();
	}
}

static void readable_by(const char *tool, const char *arguments)
{
	char output[512];

	write_file(OURS, 8 * MIB, 4096);
	if (!swap_scene_tool(output, sizeof(output), tool, arguments))
		skip();
	if (!strstr(output, "guardiand") || !strcasestr(output, UUID))
		fail_msg("%s says: %s", tool, output);
}

static void swaplabel_reads_it(void **state)
{
	(void)state;
	readable_by("swaplabel", OURS);
}

static void blkid_reads_it(void **state)
{
	(void)state;
	readable_by("blkid", "-p " OURS);
}

static void file_reads_it(void **state)
{
	char output[512];

	(void)state;
	readable_by("file", OURS);
	(void)swap_scene_tool(output, sizeof(output), "file", OURS);
	assert_non_null(strstr(output, "swap file, 4k page size"));
	assert_non_null(strstr(output, "size 2047 pages"));
}

static void what_is_written_is_read(void **state)
{
	static const uint32_t pages[] = {4096, 8192, 16384, 65536};
	struct swap_header in, out;

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		int fd = empty_file(4 * MIB);

		assert_int_equal(swap_header_new(&in, 4 * MIB + 17), 0);
		memcpy(in.label, "sixteen letters!", 16);
		assert_int_equal(swap_header_write(fd, &in, pages[i]), 0);
		assert_int_equal(swap_header_read(fd, &out, pages[i]), 0);
		assert_int_equal(out.size_bytes, 4 * MIB);
		assert_memory_equal(out.uuid, in.uuid, sizeof(in.uuid));
		assert_string_equal(out.label, "sixteen letters!");
		close(fd);
	}
}

static void every_area_has_a_uuid_of_its_own(void **state)
{
	struct swap_header a, b;

	(void)state;
	assert_int_equal(swap_header_new(&a, MIB), 0);
	assert_int_equal(swap_header_new(&b, MIB), 0);
	assert_memory_not_equal(a.uuid, b.uuid, sizeof(a.uuid));
	assert_int_equal(a.uuid[6] >> 4, 4);
	assert_int_equal(a.uuid[8] >> 6, 2);
	assert_string_equal(a.label, SWAP_LABEL);
	assert_int_equal(a.size_bytes, MIB);
}

static void sizes_that_are_none(void **state)
{
	struct swap_header h = header_of(10 * 4096 - 1);
	int fd = empty_file(MIB);

	(void)state;
	assert_int_equal(swap_header_write(fd, &h, 4096), -EINVAL);
	h.size_bytes = 10 * 4096;
	assert_int_equal(swap_header_write(fd, &h, 4096), 0);
	h.size_bytes = (1ULL << 32) * 4096;
	assert_int_equal(swap_header_write(fd, &h, 4096), 0);
	h.size_bytes += 4096;
	assert_int_equal(swap_header_write(fd, &h, 4096), -EINVAL);
	h.size_bytes = MIB;
	assert_int_equal(swap_header_write(fd, &h, 0), -EINVAL);
	assert_int_equal(swap_header_write(fd, &h, 4097), -EINVAL);
	assert_int_equal(swap_header_write(fd, &h, 131072), -EINVAL);
	assert_int_equal(swap_header_read(fd, &h, 2048), -EINVAL);
	assert_int_equal(swap_header_write(-1, &h, 4096), -EINVAL); /* the size is 0 after a read */
	close(fd);
}

static int read_spoilt(uint32_t at, const void *bytes, size_t len)
{
	struct swap_header h = header_of(MIB);
	int r, fd = empty_file(MIB);

	assert_int_equal(swap_header_write(fd, &h, 4096), 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	r = swap_header_read(fd, &h, 4096);
	close(fd);
	return r;
}

static void what_is_no_header(void **state)
{
	const uint32_t two = 2, bad = 1;
	struct swap_header h = header_of(MIB);
	int fd = empty_file(100);

	(void)state;
	assert_int_equal(read_spoilt(4086, "SWAP-SPACE", 10), -EBADMSG);
	assert_int_equal(read_spoilt(4086, "SWAPSPACE2", 10), 0);
	/* The image of a host that sleeps: nobody's to write over. */
	assert_int_equal(read_spoilt(4086, "S1SUSPEND\0", 10), -EBUSY);
	assert_int_equal(read_spoilt(1024, &two, sizeof(two)), -EPROTO);
	assert_int_equal(read_spoilt(1032, &bad, sizeof(bad)), -EPROTO);
	assert_int_equal(swap_header_read(fd, &h, 4096), -EBADMSG);
	assert_int_equal(swap_header_read(-1, &h, 4096), -EBADF);
	assert_int_equal(ftruncate(fd, MIB), 0);
	h = header_of(MIB);
	assert_int_equal(swap_header_write(fd, &h, 65536), 0);
	assert_int_equal(swap_header_read(fd, &h, 4096), -EPROTO);
	close(fd);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(OURS);
	unlink(THEIRS);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_as_the_kernel_wants_them),
		cmocka_unit_test(as_mkswap_writes_it),
		cmocka_unit_test(swaplabel_reads_it),
		cmocka_unit_test(blkid_reads_it),
		cmocka_unit_test(file_reads_it),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_area_has_a_uuid_of_its_own),
		cmocka_unit_test(sizes_that_are_none),
		cmocka_unit_test(what_is_no_header),
	};

	return cmocka_run_group_tests(tests, NULL, remove_files);
}
