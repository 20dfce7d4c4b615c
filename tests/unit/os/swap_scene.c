/*
 * swap_scene: see swap_scene.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "guardian/swap_fs.h"
#include "swap_scene.h"

enum { PAGE = 4096 };

struct swap_scene swap_scene_in(const char *path)
{
	struct swap_scene s = {.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

	assert_true(s.fd >= 0);
	(void)snprintf(s.path, sizeof(s.path), "%s", path);
	s.target = (struct swap_target){.rootfd = s.fd, .path = "/swapfile", .page_bytes = PAGE};
	return s;
}

static bool is_disk(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct swap_fs fs;

	return fd >= 0 && swap_fs_look(fd, &fs) == 0 && fs.verdict != SWAP_FS_REFUSED;
}

int swap_scene_setup(void **state)
{
	const char *places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "."};
	char path[128];

	*state = NULL;
	if (geteuid() != 0) {
		print_message("# a swap file is root's: these tests need root\n");
		return 0;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i] || !is_disk(places[i]))
			continue;
		(void)snprintf(path, sizeof(path), "%s/guardian-swap-XXXXXX", places[i]);
		if (!mkdtemp(path))
			continue;
		*state = malloc(sizeof(struct swap_scene));
		*(struct swap_scene *)*state = swap_scene_in(path);
		return 0;
	}
	print_message("# no folder on a disk that can carry a swap file\n");
	return 0;
}

int swap_scene_teardown(void **state)
{
	struct swap_scene *s = *state;
	char command[300];

	if (!s)
		return 0;
	close(s->fd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", s->path);
	free(s);
	return system(command);
}

struct swap_scene *swap_scene(void **state)
{
	if (!*state)
		skip();
	return *state;
}

struct text_out *swap_scene_why(struct swap_scene *scene)
{
	text_out_init(&scene->why, scene->words, sizeof(scene->words));
	return &scene->why;
}

void swap_scene_assert_said(const struct swap_scene *scene, const char *words)
{
	if (!strstr(scene->words, words))
		fail_msg("\"%s\" does not say \"%s\"", scene->words, words);
}

void swap_scene_make(struct swap_scene *scene, uint64_t size_bytes)
{
	struct swap_how how = {.size_bytes = size_bytes};
	int r = swap_make(&scene->target, &how, swap_scene_why(scene));

	if (r < 0)
		fail_msg("%s: %s", scene->words, strerror(-r));
}

struct swap_file swap_scene_look(const struct swap_scene *scene)
{
	struct swap_file file;

	swap_file_look(&scene->target, &file);
	return file;
}

unsigned int swap_scene_count(const struct swap_scene *scene)
{
	DIR *dir = opendir(scene->path);
	unsigned int n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)); n++)
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
			strcmp(e->d_name, "lost+found") == 0)
			n--;
	closedir(dir);
	return n;
}

bool swap_scene_tool(char *output, size_t size, const char *tool, const char *arguments)
{
	char command[600];
	FILE *pipe;
	size_t n;

	(void)snprintf(command, sizeof(command),
		"export PATH=$PATH:/sbin:/usr/sbin LC_ALL=C; command -v %s >/dev/null || exit 127; "
		"exec %s %s 2>&1",
		tool, tool, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(output, 1, size - 1, pipe);
	output[n] = '\0';
	if (WEXITSTATUS(pclose(pipe)) != 127)
		return true;
	print_message("# %s is not installed\n", tool);
	return false;
}
