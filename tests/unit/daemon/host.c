/*
 * host: see host.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardian/fs.h"
#include "host.h"

#define CGROUPS "sys/fs/cgroup/"

/* ---- files ---- */

static void put_text(const struct host *h, const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = openat(h->tree.fd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		temp_tree_write(&h->tree, path, text);
		return;
	}
	/* Not emptied in between: a lane may be reading. */
	assert_int_equal(pwrite(fd, text, len, 0), len);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	close(fd);
}

static void put_va(const struct host *h, const char *path, const char *format, va_list args)
{
	char text[8192];

	assert_in_range(vsnprintf(text, sizeof(text), format, args), 0, sizeof(text) - 1);
	put_text(h, path, text);
}

void host_put(const struct host *h, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_va(h, path, format, args);
	va_end(args);
}

const char *host_get(const struct host *h, const char *path)
{
	static char text[1 << 16];

	if (fs_read(h->tree.fd, path, text, sizeof(text)) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void host_rmtree(const struct host *h, const char *path)
{
	char full[HOST_PATH_SIZE];

	(void)snprintf(full, sizeof(full), "%s/%s", h->tree.path, path);
	assert_int_equal(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- the machine ---- */

void host_make(struct host *h)
{
	host_make_in(h, temp_tree_make(NULL));
}

void host_make_in(struct host *h, struct temp_tree tree)
{
	h->tree = tree;
	host_put(h, "proc/meminfo",
		"MemTotal:        4000000 kB\nMemFree:         2000000 kB\nMemAvailable:    "
		"3000000 kB\n"
		"SwapTotal:       2000000 kB\nSwapFree:        2000000 kB\n");
	host_put(h, "proc/vmstat",
		"pswpin 0\npswpout 0\noom_kill 0\npgscan_direct 0\npgscan_kswapd 0\npgsteal_direct "
		"0\n"
		"pgsteal_kswapd 0\nworkingset_refault_anon 0\nworkingset_refault_file 0\n");
	for (int i = 0; i < 3; i++)
		host_put(h,
			(const char *[]){
				"proc/pressure/memory", "proc/pressure/io", "proc/pressure/cpu"}[i],
			"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
			"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
	host_put(h, CGROUPS "cgroup.controllers", "cpu io memory pids\n");
	host_group(h, "system.slice");
	temp_tree_mkdir(&h->tree, "var/lib/docker/containers");
	temp_tree_mkdir(&h->tree, "run/systemd/system");
	temp_tree_mkdir(&h->tree, "etc");
	h->cgfd = fs_open_dir(h->tree.fd, CGROUPS);
	assert_true(h->cgfd >= 0);
}

void host_remove(struct host *h)
{
	fs_close(&h->cgfd);
	temp_tree_remove(&h->tree);
}

/* ---- cgroups ---- */

static const char *file_of(const char *cgroup, const char *file)
{
	static char path[HOST_PATH_SIZE];

	(void)snprintf(path, sizeof(path), CGROUPS "%s/%s", cgroup, file);
	return path;
}

void host_set(const struct host *h, const char *cgroup, const char *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_va(h, file_of(cgroup, file), format, args);
	va_end(args);
}

const char *host_value(const struct host *h, const char *cgroup, const char *file)
{
	return host_get(h, file_of(cgroup, file));
}

void host_use(const struct host *h, const char *cgroup, uint64_t anon_bytes, uint64_t file_bytes)
{
	host_set(h, cgroup, "memory.stat",
		"anon %llu\nfile %llu\nkernel 0\nshmem 0\ninactive_anon 0\nactive_anon "
		"%llu\ninactive_file %llu\n"
		"active_file 0\nslab_reclaimable 0\nslab 0\nworkingset_refault_anon "
		"0\nworkingset_refault_file 0\n"
		"pgscan 0\npgsteal 0\n",
		(unsigned long long)anon_bytes, (unsigned long long)file_bytes,
		(unsigned long long)anon_bytes, (unsigned long long)file_bytes);
	host_set(h, cgroup, "memory.current", "%llu\n",
		(unsigned long long)(anon_bytes + file_bytes));
}

void host_kills(const struct host *h, const char *cgroup, unsigned kills)
{
	for (int local = 0; local < 2; local++)
		host_set(h, cgroup, local ? "memory.events.local" : "memory.events",
			"low 0\nhigh 0\nmax %u\noom %u\noom_kill %u\noom_group_kill 0\n", kills * 9,
			kills * 22290, kills);
}

void host_group(const struct host *h, const char *cgroup)
{
	static const struct {
		const char *file, *text;
	} files[] = {{"memory.max", "max\n"}, {"memory.low", "0\n"}, {"memory.high", "max\n"},
		{"memory.swap.max", "max\n"}, {"memory.swap.current", "0\n"},
		{"memory.oom.group", "0\n"}, {"memory.peak", "52428800\n"}, {"pids.current", "3\n"},
		{"cgroup.events", "populated 1\nfrozen 0\n"},
		{"memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
				    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		host_set(h, cgroup, files[i].file, "%s", files[i].text);
	host_use(h, cgroup, 40 << 20, 10 << 20);
	host_kills(h, cgroup, 0);
}

void host_group_remove(const struct host *h, const char *cgroup)
{
	char path[HOST_PATH_SIZE];

	(void)snprintf(path, sizeof(path), CGROUPS "%s", cgroup);
	host_rmtree(h, path);
}

uint64_t host_inode(const struct host *h, const char *cgroup)
{
	_cleanup_fd_ int fd = fs_open_dir(h->cgfd, cgroup);
	uint64_t inode = 0;

	assert_int_equal(fs_inode(fd, &inode), 0);
	return inode;
}

/* ---- containers ---- */

const char *host_id(unsigned n)
{
	static char ids[8][DOCKER_ID_SIZE];
	static unsigned next;
	char *id = ids[next++ % 8];

	(void)snprintf(id, DOCKER_ID_SIZE, "%08x%056x", n, 0x5eedU);
	return id;
}

const char *host_scope(unsigned n)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "system.slice/docker-%s.scope", host_id(n));
	return path;
}

void host_docker_files(const struct host *h, unsigned n, const char *name, const char *project,
	const char *service)
{
	char path[HOST_PATH_SIZE];
	const char *id = host_id(n);

	(void)snprintf(path, sizeof(path), "var/lib/docker/containers/%s/config.v2.json", id);
	host_put(h, path,
		"{\"ID\":\"%s\",\"Name\":\"/"
		"%s\",\"State\":{\"Running\":true,\"Pid\":%u},\"Config\":{\"Env\":"
		"[\"PGPASSWORD=s3cret\"],\"Labels\":{\"com.docker.compose.project\":\"%s\","
		"\"com.docker.compose.service\":\"%s\"}}}\n",
		id, name, 1000 + n, project ? project : "", service ? service : "");
	(void)snprintf(path, sizeof(path), "var/lib/docker/containers/%s/hostconfig.json", id);
	host_put(h, path,
		"{\"Memory\":0,\"MemorySwap\":0,\"MemoryReservation\":0,\"CgroupParent\":\"\"}\n");
}

void host_container(const struct host *h, unsigned n, const char *name)
{
	host_docker_files(h, n, name, "shop", name);
	host_group(h, host_scope(n));
}

/* ---- has anything been touched? ---- */

static uint64_t digest;
static size_t digest_root_len;

static void mix(const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ ((const uint8_t *)data)[i]) * 1099511628211U; /* FNV-1a */
}

static int digest_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static char text[1 << 16];
	const char *below = path + digest_root_len;
	ssize_t n = 0;

	(void)ftw;
	/* Its own folder is the daemon's to write. A folder's time changes with it. */
	if (strncmp(below, "/run", 4) == 0)
		return 0;
	if (type == FTW_F)
		n = fs_read(AT_FDCWD, path, text, sizeof(text));
	assert_true(n >= 0);
	mix(below, strlen(below));
	mix(&st->st_mode, sizeof(st->st_mode));
	if (type == FTW_F) {
		mix(&st->st_mtim, sizeof(st->st_mtim));
		mix(text, (size_t)n);
	}
	return 0;
}

uint64_t host_digest(const struct host *h)
{
	digest = 14695981039346656037U;
	digest_root_len = strlen(h->tree.path);
	assert_int_equal(nftw(h->tree.path, digest_one, 16, FTW_PHYS), 0);
	return digest;
}
