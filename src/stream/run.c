/*
 * run: open the file, take a slot or wait for one, and become the command.
 *
 * Whatever goes wrong is told and ends here, with an exit status of its own; the command never runs
 * without a slot, but for --missing-ok where there is no semaphore file at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stream.h"

enum { REOPEN_TRIES = 5 };

static void put_file(struct text_out *out, char *buf, size_t size, const char *before,
	const struct options *options)
{
	text_out_init(out, buf, size);
	text_put(out, before);
	text_put(out, options->file);
}

static int without_file(const struct options *options)
{
	char message[5000];
	struct text_out out;

	put_file(&out, message, sizeof(message), "no semaphore file ", options);
	if (options->missing_ok) {
		text_put(&out, ": the command runs without a slot");
		say(options, "no_semaphore", message);
		return become_command(options);
	}
	text_put(&out, ": guardiand makes it when its policy has streams; a container needs its "
		       "folder mounted (-v /run/guardian:/run/guardian); --missing-ok runs the "
		       "command without a slot");
	say(options, "no_semaphore", message);
	return STATUS_NO_FILE;
}

static int not_permitted(const struct options *options, int err)
{
	char message[5000];
	struct text_out out;
	struct stat st;

	put_file(&out, message, sizeof(message), "cannot write ", options);
	if (err == -EROFS) {
		text_put(&out, ": it is mounted read-only, and a slot is a lock that needs a "
			       "writable file: mount its folder without \":ro\"");
	} else if (stat(options->file, &st) == 0) {
		text_put(&out, ": it is for group ");
		text_put_u64(&out, st.st_gid);
		text_put(&out, ", to which this process does not belong (docker run --group-add ");
		text_put_u64(&out, st.st_gid);
		text_put(&out, ")");
	} else {
		text_put(&out, ": this process may not even look into its folder");
	}
	say(options, "not_permitted", message);
	return STATUS_NO_PERMISSION;
}

static int not_opened(const struct options *options, int err)
{
	char message[4200];
	struct text_out out;

	if (err == -ENOENT || err == -ENOTDIR)
		return without_file(options);
	if (err == -EACCES || err == -EPERM || err == -EROFS)
		return not_permitted(options, err);
	if (err == -EBADF) {
		put_file(&out, message, sizeof(message), "", options);
		text_put(&out, " is no regular file");
		say(options, "no_semaphore", message);
		return STATUS_NO_FILE;
	}
	put_file(&out, message, sizeof(message), "cannot open ", options);
	say_errno(options, "os", message, err);
	return STATUS_OS;
}

static int failed(const struct options *options, const char *doing, int err)
{
	char message[4200];
	struct text_out out;

	put_file(&out, message, sizeof(message), doing, options);
	say_errno(options, "os", message, err);
	return STATUS_OS;
}

static int refuse(
	const struct semaphore *s, const struct options *options, const struct refusal *refusal)
{
	struct slot_counters more = {.refused = !refusal->waited, .gave_up = refusal->waited};

	semaphore_count(s, &more);
	say_refusal(options, refusal);
	return STATUS_NO_SLOT;
}

/* With the lock in hand. */
static int run_in_slot(
	const struct semaphore *s, const struct options *options, unsigned int slot, bool waited)
{
	struct slot_counters more = {.taken = 1, .waited = waited};
	int err = take_write_record(s, slot, options->name);

	if (err < 0)
		return failed(options, "cannot write who has the slot to ", err);
	semaphore_count(s, &more);
	/* From here on the command keeps the file open, and with it the lock. */
	if (fcntl(s->fd, F_SETFD, 0) < 0)
		return failed(options, "cannot keep open ", -errno);
	return become_command(options);
}

/* -> -1 when the file was replaced meanwhile; else an exit status. */
static int take_and_run(
	struct semaphore *s, const struct options *options, uint64_t deadline_us, bool last)
{
	struct attempt attempt;
	bool waited = false;
	int outcome = take_slot(s, SLOT_NO_TICKET, &attempt);

	if ((outcome == TAKE_NO_SLOT || outcome == TAKE_DAMAGED) && options->wait_us > 0) {
		outcome = wait_for_slot(s, deadline_us, &attempt);
		waited = true;
	}
	if (outcome == TAKE_REPLACED && !last)
		return -1;
	if (outcome < 0)
		return failed(options, "cannot lock a slot of ", outcome);
	if (outcome == TAKE_TAKEN)
		return run_in_slot(s, options, attempt.slot, waited);
	return refuse(s, options, &attempt.refusal);
}

int stream_run(const struct options *options)
{
	uint64_t deadline_us = now_us() + options->wait_us;
	int status = become_limited(options);

	if (status != 0)
		return status;
	for (int i = 1; i <= REOPEN_TRIES; i++) {
		struct semaphore s;
		int err = semaphore_open(&s, options->file);

		if (err < 0)
			return not_opened(options, err);
		status = take_and_run(&s, options, deadline_us, i == REOPEN_TRIES);
		semaphore_close(&s);
		if (status >= 0)
			break;
	}
	return status;
}
