/*
 * notify: words for systemd (sd_notify(3)), over a socket that stays open: the library makes one
 * for each word, ten system calls, and the watchdog wants a word four times a minute.
 */
#ifndef GUARDIAN_NOTIFY_H
#define GUARDIAN_NOTIFY_H

struct notify {
	int fd; /* connected, or -1 */
};

/* Connects to $NOTIFY_SOCKET. Without one, or where it cannot be, words go by the library, which
 * drops them where nobody listens. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* "READY=1", "STATUS=...". Whoever is silent for one word is asked anew for the next. */
void notify_say(struct notify *n, const char *word);

#endif
