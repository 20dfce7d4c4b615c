/*
 * swap_scene: a folder on a disk, in which swap files are made; gone when the test ends. A memory
 * file system will not do, so it is looked for: TMPDIR, /tmp, /var/tmp, here.
 */
#ifndef GUARDIAN_TESTS_SWAP_SCENE_H
#define GUARDIAN_TESTS_SWAP_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/swap_file.h"
#include "guardian/swap_make.h"
#include "guardian/text.h"

#define MIB (1ULL << 20)

struct swap_scene {
	char path[256];
	int fd; /* of the folder, the root of all targets */
	char words[512];
	struct text_out why;       /* into words */
	struct swap_target target; /* "/swapfile" */
};

/* As cmocka's setup and teardown: *STATE is the scene. Without root or without a disk the tests are
 * skipped, and it is said why. */
int swap_scene_setup(void **state);
int swap_scene_teardown(void **state);
/* Skips the test when there is no scene. */
struct swap_scene *swap_scene(void **state);

/* A scene in a folder that is there already. */
struct swap_scene swap_scene_in(const char *path);

/* Makes /swapfile; a failure ends the test. */
void swap_scene_make(struct swap_scene *scene, uint64_t size_bytes);
struct swap_file swap_scene_look(const struct swap_scene *scene);
/* A new sentence. */
struct text_out *swap_scene_why(struct swap_scene *scene);
void swap_scene_assert_said(const struct swap_scene *scene, const char *words);
/* Names in the folder. */
unsigned int swap_scene_count(const struct swap_scene *scene);

/* A tool of util-linux and the like: its output, at most SIZE-1 bytes. false, and a word about it,
 * when it is not installed. */
bool swap_scene_tool(char *output, size_t size, const char *tool, const char *arguments);

#endif
