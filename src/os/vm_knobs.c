/*
 * vm_knobs: a table of what each file is called and how its value is written; a write is believed
 * only after it was read back.
 */
#include <errno.h>
#include <stddef.h>

#include "guardian/fs.h"
#include "guardian/text.h"
#include "guardian/vm_knobs.h"

enum {
	TEXT_SIZE = 32,
	SWAPPINESS_MAX = 200,
};

static int parse_number(const char *s, size_t len, uint32_t *value)
{
	uint64_t n;

	if (text_u64(s, len, &n) < 0 || n > SWAPPINESS_MAX)
		return -EBADMSG;
	*value = (uint32_t)n;
	return 0;
}

/* kernel/params.c: param_get_bool */
static int parse_switch(const char *s, size_t len, uint32_t *value)
{
	if (len != 1 || (*s != 'Y' && *s != 'N'))
		return -EBADMSG;
	*value = *s == 'Y' ? SWITCH_ON : SWITCH_OFF;
	return 0;
}

static void put_number(struct text_out *out, uint32_t value)
{
	text_put_u64(out, value);
}

static void put_switch(struct text_out *out, uint32_t value)
{
	text_put(out, value == SWITCH_ON ? "Y" : "N");
}

static const struct {
	const char *path;
	int (*parse)(const char *s, size_t len, uint32_t *value);
	void (*put)(struct text_out *out, uint32_t value);
	uint32_t max;
	enum swap_reading bit;
} knobs[VM_KNOBS] = {
	[VM_SWAPPINESS] = {"proc/sys/vm/swappiness", parse_number, put_number, SWAPPINESS_MAX,
		SWAP_SWAPPINESS},
	[VM_ZSWAP] = {"sys/module/zswap/parameters/enabled", parse_switch, put_switch, SWITCH_ON,
		SWAP_ZSWAP},
};

static int read_fd(int fd, enum vm_knob knob, uint32_t *value)
{
	char text[TEXT_SIZE];
	ssize_t n = fs_pread(fd, text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	return knobs[knob].parse(text, (size_t)n, value);
}

int vm_knob_read(int rootfd, enum vm_knob knob, uint32_t *value)
{
	_cleanup_fd_ int fd = fs_open_read(rootfd, knobs[knob].path);

	return fd < 0 ? fd : read_fd(fd, knob, value);
}

int vm_knob_write(int rootfd, enum vm_knob knob, uint32_t value)
{
	char text[TEXT_SIZE];
	struct text_out out;
	uint32_t now;
	int r;

	if (value > knobs[knob].max)
		return -ERANGE;
	text_out_init(&out, text, sizeof(text));
	knobs[knob].put(&out, value);
	text_put(&out, "\n");
	r = fs_write_value(rootfd, knobs[knob].path, text);
	if (r < 0)
		return r;
	r = vm_knob_read(rootfd, knob, &now);
	if (r < 0)
		return r;
	return now == value ? 0 : -EIO;
}

void vm_knobs_open(struct vm_knobs *k, int rootfd)
{
	k->rootfd = rootfd;
	for (int i = 0; i < VM_KNOBS; i++)
		k->fd[i] = fs_open_read(rootfd, knobs[i].path);
}

void vm_knobs_close(struct vm_knobs *k)
{
	for (int i = 0; i < VM_KNOBS; i++)
		fs_close(&k->fd[i]);
}

/* A descriptor that fails is given up; zswap may also be loaded after guardiand was started. */
static uint32_t sample(struct vm_knobs *k, enum vm_knob knob, uint32_t *value)
{
	if (k->fd[knob] < 0)
		k->fd[knob] = fs_open_read(k->rootfd, knobs[knob].path);
	if (k->fd[knob] < 0)
		return 0;
	if (read_fd(k->fd[knob], knob, value) == 0)
		return knobs[knob].bit;
	fs_close(&k->fd[knob]);
	return 0;
}

void vm_knobs_sample(struct vm_knobs *k, struct swap_sample *out)
{
	uint32_t valid = 0, zswap = SWITCH_OFF;

	valid |= sample(k, VM_SWAPPINESS, &out->swappiness);
	valid |= sample(k, VM_ZSWAP, &zswap);
	if (valid & SWAP_ZSWAP)
		out->zswap = (uint8_t)zswap;
	out->valid = (out->valid & ~(uint32_t)(SWAP_SWAPPINESS | SWAP_ZSWAP)) | valid;
}
