/*
 * swap_fill: disk space under every byte of a file. Private to os.
 */
#ifndef GUARDIAN_OS_SWAP_FILL_H
#define GUARDIAN_OS_SWAP_FILL_H

#include "guardian/swap_make.h"

struct swap_fill {
	int fd;
	const char *path;           /* for sentences */
	uint64_t from_bytes;        /* where zeros may begin: what is before is kept */
	const struct swap_how *how; /* its size is where they end */
};

/* Allocates; where that leaves holes or is not known, writes zeros. -> 0: all bytes up to the size
 * have been seen to be allocated. -ENOSPC, -ECANCELED, -EFBIG, -EIO, ...: the file is left longer
 * or shorter; the caller cuts it or lets it go. */
int swap_fill(const struct swap_fill *fill, struct text_out *why);

#endif
