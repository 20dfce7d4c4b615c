/*
 * Docker's files of a container, spoilt: config.v2.json, a NUL, hostconfig.json. Found or not,
 * nothing but what was asked for comes back, and with the right id.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guardian/docker_files.h"
#include "guardian/fs.h"

#define ID "5087d18d790d3b2700cf98b8469427934659c9de12b511f74803990dc51aab1f"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int rootfd = -1, dirfd = -1;
static char root[] = "/tmp/fuzz-docker-files-XXXXXX";

static void clean(void)
{
	unlinkat(dirfd, "config.v2.json", 0);
	unlinkat(dirfd, "hostconfig.json", 0);
	unlinkat(rootfd, "containers/" ID, AT_REMOVEDIR);
	unlinkat(rootfd, "containers", AT_REMOVEDIR);
	rmdir(root);
}

static void prepare(void)
{
	if (rootfd >= 0)
		return;
	if (!mkdtemp(root))
		abort();
	rootfd = fs_open_dir(AT_FDCWD, root);
	if (fs_make_dirs(rootfd, "containers/" ID, 0700) < 0)
		abort();
	dirfd = fs_open_dir(rootfd, "containers/" ID);
	atexit(clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t config = nul ? (size_t)(nul - data) : size;
	struct docker_container c;

	prepare();
	fs_replace(dirfd, "config.v2.json", data, config, 0600);
	fs_replace(
		dirfd, "hostconfig.json", nul ? nul + 1 : data, nul ? size - config - 1 : 0, 0600);
	if (docker_files_find(rootfd, "/", ID, &c) == 0) {
		assert(strcmp(c.id, ID) == 0 && c.pid >= 0);
		assert(memchr(c.name, 0, sizeof(c.name)) &&
			memchr(c.service, 0, sizeof(c.service)));
	} else {
		assert(c.id[0] == '\0' && c.name[0] == '\0' && c.stored.mask == 0);
	}
	return 0;
}
