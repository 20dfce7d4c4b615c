/*
 * notify: see the header. The address is a path, or abstract where it begins with '@'.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "guardian/notify.h"

void notify_open(struct notify *n)
{
	const char *address = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = address ? strlen(address) : 0;

	n->fd = -1;
	if (len < 2 || len >= sizeof(to.sun_path) || (address[0] != '/' && address[0] != '@'))
		return;
	memcpy(to.sun_path, address, len);
	if (address[0] == '@')
		to.sun_path[0] = '\0';
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd >= 0 && connect(n->fd, (struct sockaddr *)&to,
				  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		notify_close(n);
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void notify_say(struct notify *n, const char *word)
{
	if (n->fd >= 0 && send(n->fd, word, strlen(word), MSG_NOSIGNAL) >= 0)
		return;
	notify_close(n);
	(void)sd_notify(0, word);
}
