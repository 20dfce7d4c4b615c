/*
 * docker_files: the same knowledge as docker_inspect(), from Docker's own files, for when its
 * socket does not answer.
 *
 * DATA_ROOT/containers/ID/config.v2.json and hostconfig.json (moby container/container.go). A
 * private format: what is not as expected is absent, not an error. dockerd replaces both by rename,
 * so a read is never torn.
 */
#ifndef GUARDIAN_DOCKER_FILES_H
#define GUARDIAN_DOCKER_FILES_H

#include "guardian/docker.h"

/* DATA_ROOT is absolute, below ROOTFD; ID has 64 hex digits.
 * -> 0; `stored` is empty when hostconfig.json cannot be read. -ENOENT: Docker has no such
 * container. -EBADMSG: not the JSON of this container. -EFBIG: above 4 MiB. -EACCES: not root. */
int docker_files_find(
	int rootfd, const char *data_root, const char *id, struct docker_container *out);

#endif
