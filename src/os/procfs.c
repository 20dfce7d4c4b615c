/*
 * procfs: the host's readings. Three formats, five files, one descriptor each, held from the start:
 * under memory pressure a read on a held descriptor needs no new dentry, inode or descriptor.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "guardian/fs.h"
#include "guardian/procfs.h"
#include "guardian/psi.h"
#include "keyed.h"
#include "pread.h"

enum {
	MEMINFO_SIZE = 4096, /* 1.5 kB on 6.x */
	VMSTAT_SIZE = 16384, /* 4 kB on 6.x */
	DIGITS_MAX = 14,     /* of a number in kB that needs no second thought, and ends within
				procfs_line */
};

static const char *const paths[PROCFS_FILES] = {
	[PROCFS_MEMINFO] = "proc/meminfo",
	[PROCFS_VMSTAT] = "proc/vmstat",
	[PROCFS_PSI_MEMORY] = "proc/pressure/memory",
	[PROCFS_PSI_IO] = "proc/pressure/io",
	[PROCFS_PSI_CPU] = "proc/pressure/cpu",
};

/* ---- meminfo ---- */

struct meminfo {
	uint64_t total, available, free, swap_total, swap_free; /* kB */
};

enum { MEM_TOTAL, MEM_AVAILABLE, MEM_FREE, SWAP_TOTAL, SWAP_FREE };
enum {
	MEMORY_KEYS = 1 << MEM_TOTAL | 1 << MEM_AVAILABLE | 1 << MEM_FREE,
	SWAP_KEYS = 1 << SWAP_TOTAL | 1 << SWAP_FREE,
};

#define MEMINFO(literal, member, bit)                                                              \
	{                                                                                          \
		literal, offsetof(struct meminfo, member), bit                                     \
	}

/* clang-format off */
static const struct keyed_table meminfo_table = {
	.suffix = " kB",
	.wanted = MEMORY_KEYS | SWAP_KEYS,
	.row = {
		[7] = {{MEMINFO("MemFree", free, MEM_FREE)}},
		[8] = {{MEMINFO("MemTotal", total, MEM_TOTAL), MEMINFO("SwapFree", swap_free, SWAP_FREE)}},
		[9] = {{MEMINFO("SwapTotal", swap_total, SWAP_TOTAL)}},
		[12] = {{MEMINFO("MemAvailable", available, MEM_AVAILABLE)}},
	},
};
/* clang-format on */

static bool has_all(uint32_t found, uint32_t keys)
{
	return (found & keys) == keys;
}

static uint32_t store_meminfo(const struct meminfo *kb, uint32_t found, struct host_sample *out)
{
	uint32_t valid = 0;

	if (has_all(found, MEMORY_KEYS)) {
		out->mem_total_bytes = kb->total << 10;
		out->mem_available_bytes = kb->available << 10;
		out->mem_free_bytes = kb->free << 10;
		valid |= HOST_MEMORY;
	}
	if (has_all(found, SWAP_KEYS)) {
		out->swap_total_bytes = kb->swap_total << 10;
		out->swap_free_bytes = kb->swap_free << 10;
		valid |= HOST_SWAP;
	}
	return valid;
}

uint32_t procfs_parse_meminfo(const char *text, size_t len, struct host_sample *out)
{
	struct meminfo kb = {0};
	uint32_t found = keyed_parse(&meminfo_table, text, len, &kb);

	return store_meminfo(&kb, found, out);
}

/* meminfo is read at every tick, and the kernel pads its columns: a key stands where it stood the
 * last time, for as long as the kernel runs. So each is looked for there first, and only if one is
 * not, all lines are read; and a line that says what it said the last time is not parsed. */
static const struct {
	const char *line; /* how it begins */
	uint8_t len;
	uint16_t offset;
} meminfo_keys[PROCFS_MEMINFO_KEYS] = {
#define KNOWN(begin, member)                                                                       \
	{                                                                                          \
		"\n" begin, sizeof(begin), offsetof(struct meminfo, member)                        \
	}
	[MEM_TOTAL] = KNOWN("MemTotal:", total),
	[MEM_AVAILABLE] = KNOWN("MemAvailable:", available),
	[MEM_FREE] = KNOWN("MemFree:", free),
	[SWAP_TOTAL] = KNOWN("SwapTotal:", swap_total),
	[SWAP_FREE] = KNOWN("SwapFree:", swap_free),
};

/* What follows the key: blanks, digits, " kB\n". TEXT's end is a newline: no number runs over it.
 */
static bool parse_kb(const char *s, const char *end, uint64_t *kb)
{
	const char *first;
	uint64_t number = 0;

	while (*s == ' ')
		s++;
	for (first = s; *s >= '0' && *s <= '9'; s++)
		number = number * 10 + (uint64_t)(*s - '0');
	*kb = number;
	return s > first && s - first <= DIGITS_MAX && end - s >= 4 && memcmp(s, " kB\n", 4) == 0;
}

/* In two registers of the machine: a call of memcmp() costs more than this. */
static inline bool line_same(const char *a, const char *b)
{
	typedef uint64_t half __attribute__((vector_size(PROCFS_LINE_SIZE / 2)));
	half x[2], y[2], differ;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	differ = (x[0] ^ y[0]) | (x[1] ^ y[1]);
	return !(differ[0] | differ[1]);
}

/* Whether all keys stand where they stood and say what they said. TEXT begins with a newline, so
 * that every line does. */
static bool all_known(const struct procfs *p, const char *text, size_t len)
{
	for (int i = 0; i < PROCFS_MEMINFO_KEYS; i++)
		if ((size_t)p->line[i].at + PROCFS_LINE_SIZE > len ||
			!line_same(text + p->line[i].at, p->line[i].text))
			return false;
	return true;
}

static bool parse_known(struct procfs *p, const char *text, size_t len, struct meminfo *kb)
{
	for (int i = 0; i < PROCFS_MEMINFO_KEYS; i++) {
		struct procfs_line *known = &p->line[i];
		const char *line = text + known->at;
		size_t key = meminfo_keys[i].len;

		if (known->at + sizeof(known->text) > len)
			return false;
		if (!line_same(line, known->text)) {
			if (memcmp(line, meminfo_keys[i].line, key) != 0 ||
				!parse_kb(line + key, text + len, &known->kb))
				return false;
			memcpy(known->text, line, sizeof(known->text));
		}
		memcpy((char *)kb + meminfo_keys[i].offset, &known->kb, sizeof(known->kb));
	}
	return true;
}

static void learn(struct procfs *p, const char *text, size_t len)
{
	for (int i = 0; i < PROCFS_MEMINFO_KEYS; i++) {
		const char *line = memmem(text, len, meminfo_keys[i].line, meminfo_keys[i].len);

		p->line[i] = (struct procfs_line){.at = (uint16_t)(line ? line - text : 0)};
	}
}

/* ---- vmstat ---- */

struct vmstat {
	uint64_t oom_kill, pswpin, pswpout, refault_anon, refault_file;
	uint64_t scan_direct, scan_kswapd, scan_khugepaged;
	uint64_t steal_direct, steal_kswapd, steal_khugepaged;
};

enum {
	VM_OOM_KILL,
	VM_PSWPIN,
	VM_PSWPOUT,
	VM_REFAULT_ANON,
	VM_REFAULT_FILE,
	VM_SCAN_DIRECT,
	VM_SCAN_KSWAPD,
	VM_STEAL_DIRECT,
	VM_STEAL_KSWAPD,
	VM_NEEDED, /* those before it; khugepaged has counters of its own since 6.2 only */
	VM_SCAN_KHUGEPAGED = VM_NEEDED,
	VM_STEAL_KHUGEPAGED,
	VM_KEYS,
};

#define VMSTAT(literal, member, bit)                                                               \
	{                                                                                          \
		literal, offsetof(struct vmstat, member), bit                                      \
	}

/* clang-format off */
static const struct keyed_table vmstat_table = {
	.suffix = "",
	.wanted = (1U << VM_KEYS) - 1,
	.row = {
		[6] = {{VMSTAT("pswpin", pswpin, VM_PSWPIN)}},
		[7] = {{VMSTAT("pswpout", pswpout, VM_PSWPOUT)}},
		[8] = {{VMSTAT("oom_kill", oom_kill, VM_OOM_KILL)}},
		[13] = {{VMSTAT("pgscan_direct", scan_direct, VM_SCAN_DIRECT),
			VMSTAT("pgscan_kswapd", scan_kswapd, VM_SCAN_KSWAPD)}},
		[14] = {{VMSTAT("pgsteal_direct", steal_direct, VM_STEAL_DIRECT),
			VMSTAT("pgsteal_kswapd", steal_kswapd, VM_STEAL_KSWAPD)}},
		[17] = {{VMSTAT("pgscan_khugepaged", scan_khugepaged, VM_SCAN_KHUGEPAGED)}},
		[18] = {{VMSTAT("pgsteal_khugepaged", steal_khugepaged, VM_STEAL_KHUGEPAGED)}},
		[23] = {{VMSTAT("workingset_refault_anon", refault_anon, VM_REFAULT_ANON),
			VMSTAT("workingset_refault_file", refault_file, VM_REFAULT_FILE)}},
	},
};
/* clang-format on */

_Static_assert(PROCFS_VMSTAT_KEYS == (int)KEYED_KEYS_MAX, "places are by bit");

static uint32_t parse_vmstat(
	uint16_t *places, const char *text, size_t len, struct host_sample *out)
{
	struct vmstat vm = {0};
	uint32_t found = keyed_parse_placed(&vmstat_table, places, text, len, &vm);

	if (!has_all(found, (1U << VM_NEEDED) - 1)) {
		memset(places, 0, PROCFS_VMSTAT_KEYS * sizeof(places[0]));
		return 0;
	}
	out->oom_kill = vm.oom_kill;
	out->pgscan = vm.scan_direct + vm.scan_kswapd + vm.scan_khugepaged;
	out->pgsteal = vm.steal_direct + vm.steal_kswapd + vm.steal_khugepaged;
	out->pswpin = vm.pswpin;
	out->pswpout = vm.pswpout;
	out->refault_anon = vm.refault_anon;
	out->refault_file = vm.refault_file;
	return HOST_VMSTAT;
}

uint32_t procfs_parse_vmstat(const char *text, size_t len, struct host_sample *out)
{
	uint16_t places[PROCFS_VMSTAT_KEYS] = {0};

	return parse_vmstat(places, text, len, out);
}

/* ---- descriptors ---- */

/* -> the descriptor, or -errno. */
static int want(struct procfs *p, enum procfs_file file)
{
	int fd = p->fd[file];

	if (fd < 0)
		fd = fs_open_read(p->rootfd, paths[file]);
	p->fd[file] = fd < 0 ? -1 : fd;
	return fd;
}

int procfs_open(struct procfs *p, int rootfd)
{
	int first = 0;

	p->rootfd = rootfd;
	p->psi_disabled = false;
	memset(p->line, 0, sizeof(p->line));
	memset(p->vmstat_places, 0, sizeof(p->vmstat_places));
	for (int i = 0; i < PROCFS_FILES; i++)
		p->fd[i] = -1;
	for (int i = 0; i < PROCFS_FILES; i++) {
		int fd = want(p, (enum procfs_file)i);
		bool needed =
			i == PROCFS_MEMINFO || fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM;

		if (fd < 0 && needed && first == 0)
			first = fd;
	}
	return first;
}

void procfs_close(struct procfs *p)
{
	for (int i = 0; i < PROCFS_FILES; i++)
		fs_close(&p->fd[i]);
}

/* A descriptor that fails is given up, and opened anew at the next sample. */
static ssize_t read_file(struct procfs *p, enum procfs_file file, char *text, size_t size)
{
	int fd = want(p, file);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread_start(fd, text, size);
	if (n == (ssize_t)size)
		return -EFBIG;
	if (n < 0)
		fs_close(&p->fd[file]);
	return n;
}

/* TEXT of LEN bytes is a newline and then the file. */
static uint32_t store_known(struct procfs *p, const char *text, size_t len, struct host_sample *out)
{
	struct meminfo kb = {0}; /* gcc -fanalyzer does not see that all keys are known */

	if (len <= 1)
		return 0;
	if (text[len - 1] == '\n' && parse_known(p, text, len, &kb))
		return store_meminfo(&kb, MEMORY_KEYS | SWAP_KEYS, out);
	learn(p, text, len);
	return procfs_parse_meminfo(text + 1, len - 1, out);
}

static uint32_t sample_vmstat(struct procfs *p, struct host_sample *out)
{
	char text[VMSTAT_SIZE];
	ssize_t n = read_file(p, PROCFS_VMSTAT, text, sizeof(text));

	return n < 0 ? 0 : parse_vmstat(p->vmstat_places, text, (size_t)n, out);
}

static uint32_t sample_psi(
	struct procfs *p, enum procfs_file file, struct psi *out, enum host_reading bit)
{
	int fd = want(p, file);
	int r;

	if (fd < 0)
		return 0;
	r = psi_pread(fd, out);
	if (r == 0)
		return bit;
	if (r == PSI_DISABLED)
		p->psi_disabled = true;
	else
		fs_close(&p->fd[file]);
	return 0;
}

static uint32_t sample_others(struct procfs *p, struct host_sample *out)
{
	return sample_vmstat(p, out) |
	       sample_psi(p, PROCFS_PSI_MEMORY, &out->psi_memory, HOST_PSI_MEMORY) |
	       sample_psi(p, PROCFS_PSI_IO, &out->psi_io, HOST_PSI_IO) |
	       sample_psi(p, PROCFS_PSI_CPU, &out->psi_cpu, HOST_PSI_CPU);
}

bool procfs_sample(struct procfs *p, struct host_sample *out, enum depth depth)
{
	static const uint32_t of_meminfo = HOST_MEMORY | HOST_SWAP;
	char text[1 + MEMINFO_SIZE];
	ssize_t n = read_file(p, PROCFS_MEMINFO, text + 1, MEMINFO_SIZE);
	size_t len = n > 0 ? (size_t)n + 1 : 0;
	struct host_sample before;
	uint32_t others;

	text[0] = '\n';
	if (depth == SAMPLE_LOOK && has_all(out->valid, of_meminfo) && all_known(p, text, len))
		return false;
	before = *out;
	others = depth == SAMPLE_FULL ? sample_others(p, out) : out->valid & ~of_meminfo;
	out->valid = others | store_known(p, text, len, out);
	return !host_same(&before, out);
}
