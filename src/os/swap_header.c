/*
 * swap_header: writes and reads what makes a file a swap area.
 *
 * Done here, so that no mkswap has to be started on a host that runs out of memory; and mkswap
 * calls a file with holes good. The fields and the signature are written apart: a 64 KiB page needs
 * no buffer then, and each of the two lies within one sector.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "guardian/swap_header.h"

enum {
	FIELDS_AT = 1024, /* what is before belongs to boot loaders */
	VERSION = 1,
	SIGNATURE_BYTES = 10,
	PAGE_BYTES_MIN = 4096,
	PAGE_BYTES_MAX = 65536, /* of Linux on arm64 */
};

static const char SIGNATURE[SIGNATURE_BYTES] = "SWAPSPACE2";
static const char SUSPENDED[SIGNATURE_BYTES] = "S1SUSPEND"; /* kernel/power/swap.c */

/* As it stands in the file. */
struct fields {
	uint32_t version, last_page, n_bad_pages;
	uint8_t uuid[SWAP_UUID_BYTES];
	char label[SWAP_LABEL_SIZE - 1];
};

static bool is_page_size(uint32_t bytes)
{
	return bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX && (bytes & (bytes - 1)) == 0;
}

int swap_header_new(struct swap_header *header, uint64_t size_bytes)
{
	ssize_t n;

	*header = (struct swap_header){.size_bytes = size_bytes, .label = SWAP_LABEL};
	do
		n = getrandom(header->uuid, sizeof(header->uuid), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	header->uuid[6] = (uint8_t)((header->uuid[6] & 0x0f) | 0x40);
	header->uuid[8] = (uint8_t)((header->uuid[8] & 0x3f) | 0x80);
	return n == sizeof(header->uuid) ? 0 : -EIO;
}

static int write_at(int fd, const void *data, size_t len, off_t at)
{
	ssize_t n;

	do
		n = pwrite(fd, data, len, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int swap_header_write(int fd, const struct swap_header *header, uint32_t page_bytes)
{
	struct fields fields = {.version = VERSION};
	uint64_t pages;
	int err;

	if (!is_page_size(page_bytes))
		return -EINVAL;
	pages = header->size_bytes / page_bytes;
	if (pages < SWAP_PAGES_MIN || pages - 1 > UINT32_MAX)
		return -EINVAL;
	fields.last_page = (uint32_t)(pages - 1);
	memcpy(fields.uuid, header->uuid, sizeof(fields.uuid));
	memcpy(fields.label, header->label, sizeof(fields.label));
	err = write_at(fd, &fields, sizeof(fields), FIELDS_AT);
	if (err < 0)
		return err;
	return write_at(fd, SIGNATURE, sizeof(SIGNATURE), page_bytes - SIGNATURE_BYTES);
}

/* -EBADMSG when the file ends before LEN bytes. */
static int read_at(int fd, void *data, size_t len, off_t at)
{
	ssize_t n;

	do
		n = pread(fd, data, len, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EBADMSG;
}

/* 0: our signature stands at the end of a page of that size. */
static int find_signature(int fd, uint32_t page_bytes)
{
	char found[SIGNATURE_BYTES];
	int err = read_at(fd, found, sizeof(found), page_bytes - SIGNATURE_BYTES);

	if (err < 0)
		return err;
	if (memcmp(found, SUSPENDED, sizeof(found)) == 0)
		return -EBUSY;
	return memcmp(found, SIGNATURE, sizeof(found)) == 0 ? 0 : -EBADMSG;
}

static int explain_missing(int fd, uint32_t page_bytes)
{
	for (uint32_t other = PAGE_BYTES_MIN; other <= PAGE_BYTES_MAX; other *= 2) {
		if (other != page_bytes && find_signature(fd, other) == 0)
			return -EPROTO;
	}
	return -EBADMSG;
}

int swap_header_read(int fd, struct swap_header *header, uint32_t page_bytes)
{
	struct fields fields;
	int err;

	*header = (struct swap_header){0};
	if (!is_page_size(page_bytes))
		return -EINVAL;
	err = find_signature(fd, page_bytes);
	if (err == -EBADMSG)
		return explain_missing(fd, page_bytes);
	if (err == 0)
		err = read_at(fd, &fields, sizeof(fields), FIELDS_AT);
	if (err < 0)
		return err;
	if (fields.version != VERSION || fields.n_bad_pages != 0)
		return -EPROTO;
	header->size_bytes = ((uint64_t)fields.last_page + 1) * page_bytes;
	memcpy(header->uuid, fields.uuid, sizeof(fields.uuid));
	memcpy(header->label, fields.label, sizeof(fields.label));
	return 0;
}
