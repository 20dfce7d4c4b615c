/*
 * notify: words arrive, by one socket for all of them, also when the listener is made anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guardian/notify.h"

static char folder[] = "/tmp/guardian-notify-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unlink(path);
	return rmdir(folder);
}

/* A listener at ADDRESS ('@': abstract), whose name is in the environment. */
static int listen_at(const char *address)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(address);

	assert_true(fd >= 0);
	memcpy(at.sun_path, address, len);
	if (address[0] == '@')
		at.sun_path[0] = '\0';
	else
		unlink(address);
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", address, 1);
	return fd;
}

static void assert_heard(int fd, const char *word)
{
	char heard[64] = "";
	ssize_t n = recv(fd, heard, sizeof(heard) - 1, 0);

	assert_true(n >= 0);
	assert_string_equal(heard, word);
}

static void words_arrive(void **state)
{
	int listener = listen_at(path);
	struct notify n;

	(void)state;
	notify_open(&n);
	assert_true(n.fd >= 0);
	notify_say(&n, "READY=1");
	assert_heard(listener, "READY=1");
	notify_say(&n, "WATCHDOG=1");
	assert_heard(listener, "WATCHDOG=1");
	assert_true(n.fd >= 0); /* the same one */
	notify_close(&n);
	close(listener);
}

static void also_by_an_abstract_name(void **state)
{
	char name[64];
	int listener;
	struct notify n;

	(void)state;
	(void)snprintf(name, sizeof(name), "@guardian-test-%d", (int)getpid());
	listener = listen_at(name);
	notify_open(&n);
	assert_true(n.fd >= 0);
	notify_say(&n, "STATUS=well");
	assert_heard(listener, "STATUS=well");
	notify_close(&n);
	close(listener);
}

/* systemd is executed anew: what was connected to is nobody's. */
static void a_new_listener_hears(void **state)
{
	int listener = listen_at(path);
	struct notify n;

	(void)state;
	notify_open(&n);
	close(listener);
	listener = listen_at(path);
	notify_say(&n, "WATCHDOG=1");
	assert_heard(listener, "WATCHDOG=1");
	notify_say(&n, "WATCHDOG=1");
	assert_heard(listener, "WATCHDOG=1");
	notify_close(&n);
	close(listener);
}

static void without_a_listener_nothing_happens(void **state)
{
	static const char *const addresses[] = {"", "/", "relative", "/none/there"};
	struct notify n;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_open(&n);
	assert_int_equal(n.fd, -1);
	notify_say(&n, "READY=1");
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		setenv("NOTIFY_SOCKET", addresses[i], 1);
		notify_open(&n);
		assert_int_equal(n.fd, -1);
		notify_say(&n, "READY=1");
	}
	notify_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_arrive),
		cmocka_unit_test(also_by_an_abstract_name),
		cmocka_unit_test(a_new_listener_hears),
		cmocka_unit_test(without_a_listener_nothing_happens),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
