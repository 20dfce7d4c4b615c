/*
 * One cgroup of a fixture and its reader, edited between samples.
 */
#ifndef TESTS_READER_SCENE_H
#define TESTS_READER_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardian/cgroup_reader.h"
#include "temp_tree.h"

#define HEX48    "0123456789abcdef0123456789abcdef0123456789abcdef"
#define SLICE    "sys/fs/cgroup/system.slice"
#define BACKEND  SLICE "/docker-bbbbbbbb" HEX48 "0badcafe.scope"
#define POSTGRES SLICE "/docker-cccccccc" HEX48 "5eed5eed.scope"
#define REDIS    SLICE "/docker-dddddddd" HEX48 "00c0ffee.scope"

enum {
	MIB = 1 << 20,
	SECOND = 1000000,
	READINGS = MEMBER_CURRENT | MEMBER_STAT | MEMBER_SWAP | MEMBER_EVENTS |
		   MEMBER_EVENTS_LOCAL | MEMBER_PSI | MEMBER_POPULATED | MEMBER_PIDS | MEMBER_PEAK |
		   MEMBER_HIGH,
	LIMITS = (1 << LIMIT_COUNT) - 1,
	FILES = VALUES_OF_A_LOOK + 4 + TEXTS, /* without crun's inner one */
};

struct scene {
	struct temp_tree tree;
	const char *path;
	struct cgroup_reader reader;
	struct member_sample m;
	uint64_t now_us;
};

static inline void begin(struct scene *s, const char *fixture, const char *path)
{
	*s = (struct scene){.tree = temp_tree_make(fixture), .path = path, .now_us = 100 * SECOND};
	assert_int_equal(cgroup_reader_open(&s->reader, s->tree.fd, path), 0);
}

static inline void end(struct scene *s)
{
	cgroup_reader_close(&s->reader);
	temp_tree_remove(&s->tree);
}

static inline void edit(const struct scene *s, const char *file, const char *text)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", s->path, file);
	temp_tree_write(&s->tree, path, text);
}

/* One tick later. -> changed */
static inline bool tick(struct scene *s)
{
	s->now_us += SECOND / 10;
	assert_int_equal(cgroup_reader_sample(&s->reader, &s->m, s->now_us), 0);
	return s->m.changed;
}

/* Was the last tick a full read? memory.stat's change is seen by a full read alone. */
static inline bool reads_fully(struct scene *s, const char *anon)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"anon %s\nfile 2\nkernel 3\nshmem 4\ninactive_file 5\nactive_file "
		"6\nslab_reclaimable 7\n"
		"workingset_refault_anon 8\nworkingset_refault_file 9\npgscan 10\npgsteal 11\n",
		anon);
	edit(s, "memory.stat", text);
	(void)tick(s);
	return s->m.anon_bytes == strtoull(anon, NULL, 10);
}

#endif
