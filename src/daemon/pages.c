/*
 * pages: the segments of program and libraries that nobody can have written to, as the dynamic
 * linker lists them.
 *
 * They are noted first and forgotten afterwards: the list itself is read from the first page of
 * each object, and would bring it back.
 */
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guardian/pages.h"

enum {
	RANGES_MAX = 128,        /* three an object; what does not fit stays */
	STACK_BYTES = 128 << 10, /* deeper than any start goes */
	STACK_KEPT = 4 << 10,    /* below the frame that asks */
};

struct ranges {
	uintptr_t page_bytes;
	size_t n;
	struct range {
		uintptr_t start, end;
		bool sparse; /* a little of it is needed, all over */
	} range[RANGES_MAX];
};

/* The dynamic linker speaks of addresses in numbers. */
static void *pointer(uintptr_t address)
{
	return (void *)address; /* NOLINT(performance-no-int-to-ptr) */
}

/* Relocations into a segment without PF_W would be lost with its pages. */
static bool has_text_relocations(const struct dl_phdr_info *object)
{
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		const ElfW(Dyn) *entry = pointer(object->dlpi_addr + segment->p_vaddr);

		if (segment->p_type != PT_DYNAMIC)
			continue;
		for (; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_TEXTREL ||
				(entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
				return true;
	}
	return false;
}

/* The program itself (which has no name here), and libraries that hardly anybody else has in
 * memory.
 */
static bool is_sparse(const char *object)
{
	static const char *const libraries[] = {
		"/libsystemd.so", "/libcjson.so", "/libhttp_parser.so"};

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (strstr(object, libraries[i]))
			return true;
	return object[0] == '\0';
}

static int note_object(struct dl_phdr_info *object, size_t size, void *userdata)
{
	struct ranges *ranges = userdata;

	(void)size;
	if (has_text_relocations(object))
		return 0;
	for (int i = 0; i < object->dlpi_phnum && ranges->n < RANGES_MAX; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		ranges->range[ranges->n++] = (struct range){
			.start = start & ~(ranges->page_bytes - 1),
			.end = start + segment->p_memsz,
			.sparse = is_sparse(object->dlpi_name) && segment->p_flags & PF_X,
		};
	}
	return 0;
}

/* The kernel maps the 64 KiB around a page that is used, but never beyond a mapping: pieces with
 * another advice than their neighbours are mappings of their own. */
static void cut(uintptr_t start, uintptr_t end, uintptr_t page_bytes)
{
	for (; start + page_bytes <= end; start += 2 * page_bytes)
		(void)madvise(pointer(start), page_bytes, MADV_RANDOM);
}

/* What lies below the frames in use is nobody's. The range may reach below the stack, which the
 * kernel minds only after it has done the rest (ENOMEM). */
static void forget_stack(uintptr_t page_bytes)
{
	uintptr_t end = (uintptr_t)__builtin_frame_address(0) - STACK_KEPT;

	end &= ~(page_bytes - 1);
	(void)madvise(pointer(end - STACK_BYTES), STACK_BYTES, MADV_DONTNEED);
}

void pages_forget(void)
{
	struct ranges ranges = {.page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE)};

	(void)dl_iterate_phdr(note_object, &ranges);
	for (size_t i = 0; i < ranges.n; i++) { /* the vdso refuses: EINVAL */
		(void)madvise(pointer(ranges.range[i].start),
			ranges.range[i].end - ranges.range[i].start, MADV_DONTNEED);
		if (ranges.range[i].sparse)
			cut(ranges.range[i].start, ranges.range[i].end, ranges.page_bytes);
	}
	forget_stack(ranges.page_bytes);
}
