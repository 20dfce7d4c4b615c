/*
 * procfs: the host's memory, swap, scanning and pressure, from /proc on held descriptors.
 *
 * Each group of readings that could be read whole sets its bit in host_sample.valid; the others are
 * cleared, because absent is not zero. Values are found by key, never by line number (proc(5):
 * meminfo, vmstat).
 */
#ifndef GUARDIAN_PROCFS_H
#define GUARDIAN_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/snapshot.h"

enum depth {
	SAMPLE_LOOK, /* what each tick needs: meminfo */
	SAMPLE_FULL, /* vmstat and pressure too */
};

enum procfs_file {
	PROCFS_MEMINFO,
	PROCFS_VMSTAT,
	PROCFS_PSI_MEMORY,
	PROCFS_PSI_IO,
	PROCFS_PSI_CPU,
	PROCFS_FILES,
};

enum { PROCFS_MEMINFO_KEYS = 5, PROCFS_LINE_SIZE = 32, PROCFS_VMSTAT_KEYS = 16 };

/* A line of meminfo as it was the last time: where it stood, how it began, and what it said. */
struct procfs_line {
	uint16_t at;
	char text[PROCFS_LINE_SIZE];
	uint64_t kb;
};

struct procfs {
	int rootfd;           /* borrowed: must outlive the struct */
	int fd[PROCFS_FILES]; /* -1: lost or absent, opened anew at the next sample that wants it */
	bool psi_disabled;    /* the kernel has PSI and it is switched off at boot: LACK_PSI */
	struct procfs_line line[PROCFS_MEMINFO_KEYS];
	uint16_t vmstat_places[PROCFS_VMSTAT_KEYS]; /* of its keys, see keyed.h */
};

/* Opens /proc below ROOTFD. A file that is not there is no error: its group stays invalid and is
 * tried again. Only -ENOENT when not even meminfo is there (no proc mounted), and descriptor
 * exhaustion, are errors; P may be sampled and must be closed in any case. */
int procfs_open(struct procfs *p, int rootfd);
void procfs_close(struct procfs *p);

/* Fills OUT, which must be the struct of the sample before (all zero at the first). With
 * SAMPLE_LOOK only HOST_MEMORY and HOST_SWAP are touched; the other groups and their bits are left
 * as they are in OUT, from an earlier full sample. -> whether any reading is another than OUT had.
 */
bool procfs_sample(struct procfs *p, struct host_sample *out, enum depth depth);

/* For the fuzzer and for records: the parsers alone. -> the bits of the groups found whole. */
uint32_t procfs_parse_meminfo(const char *text, size_t len, struct host_sample *out);
uint32_t procfs_parse_vmstat(const char *text, size_t len, struct host_sample *out);

#endif
