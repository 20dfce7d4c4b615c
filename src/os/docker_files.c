/*
 * docker_files: a container out of the two JSON files that dockerd keeps of it.
 *
 * They are for the times when dockerd does not answer, which is when names are needed most.
 * config.v2.json has the container's environment in it: its text and its parsed strings are wiped
 * before they are freed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "docker_json.h"
#include "guardian/docker_files.h"
#include "guardian/fs.h"
#include "guardian/text.h"

enum {
	FILE_MAX = 4 << 20,
	FOLDER_SIZE = POLICY_PATH_SIZE + sizeof("/containers/") + DOCKER_ID_SIZE,
};

static bool is_full_id(const char *id)
{
	return strspn(id, "0123456789abcdef") == DOCKER_ID_SIZE - 1 &&
	       id[DOCKER_ID_SIZE - 1] == '\0';
}

/* -> a descriptor of DATA_ROOT/containers/ID. The way there may hold symlinks: data roots are moved
 * so. */
static int open_folder(int rootfd, const char *data_root, const char *id)
{
	char path[FOLDER_SIZE];
	struct text_out out;

	if (data_root[0] != '/' || !is_full_id(id))
		return -EINVAL;
	text_out_init(&out, path, sizeof(path));
	text_put(&out, data_root);
	text_put(&out, "/containers/");
	text_put(&out, id);
	return out.full ? -ENAMETOOLONG : fs_open_dir(rootfd, path);
}

static int read_json(int dirfd, const char *name, cJSON **tree)
{
	char *text;
	size_t len;
	int err = fs_read_all(dirfd, name, FILE_MAX, &text, &len);

	if (err < 0)
		return err;
	*tree = docker_json_parse(text, len);
	explicit_bzero(text, len);
	free(text);
	return *tree ? 0 : -EBADMSG;
}

int docker_files_find(
	int rootfd, const char *data_root, const char *id, struct docker_container *out)
{
	_cleanup_fd_ int dirfd = open_folder(rootfd, data_root, id);
	cJSON *config = NULL, *host_config = NULL;
	int err;

	*out = (struct docker_container){0};
	if (dirfd < 0)
		return dirfd;
	err = read_json(dirfd, "config.v2.json", &config);
	if (err < 0)
		return err;
	docker_json_identity(config, out);
	docker_json_free(config);
	if (strcmp(out->id, id) != 0) {
		*out = (struct docker_container){0};
		return -EBADMSG;
	}
	/* A name without limits is better than no name. */
	if (read_json(dirfd, "hostconfig.json", &host_config) == 0)
		docker_json_limits(host_config, out);
	docker_json_free(host_config);
	return 0;
}
