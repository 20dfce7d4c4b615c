/*
 * A tree with processes and a cgroup, all of plain files; and real children beside it.
 */
#ifndef TESTS_STREAM_SCENE_H
#define TESTS_STREAM_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "temp_tree.h"

#define CGROUP "cgroup/backend"

static inline void write_at(
	const struct temp_tree *tree, const char *folder, const char *file, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	temp_tree_write(tree, path, text);
}

static inline void write_process(const struct temp_tree *tree, uint32_t pid, const char *comm,
	uint64_t start_ticks, uint64_t anon_kib, const char *nspid)
{
	char folder[64], text[1024];

	(void)snprintf(folder, sizeof(folder), "proc/%u", pid);
	(void)snprintf(text, sizeof(text),
		"%u (%s) S 1 1 1 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 4 0 %llu 100000 200 "
		"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n",
		pid, comm, (unsigned long long)start_ticks);
	write_at(tree, folder, "stat", text);
	(void)snprintf(text, sizeof(text),
		"Name:\t%s\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t%u\nPid:\t%u\nPPid:\t1\n"
		"Groups:\t\nNStgid:\t%s\nNSpid:\t%s\nVmPeak:\t  100000 kB\nVmRSS:\t   50000 kB\n"
		"RssAnon:\t%10llu kB\nRssFile:\t   20000 kB\nThreads:\t4\n",
		comm, pid, pid, nspid, nspid, (unsigned long long)anon_kib);
	write_at(tree, folder, "status", text);
}

/* A child of this name that waits to be killed. */
static inline pid_t start_child(const char *comm)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)prctl(PR_SET_NAME, comm);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static inline void reap(pid_t child)
{
	assert_int_equal(waitpid(child, NULL, 0), child);
}

#endif
