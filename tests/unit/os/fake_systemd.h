/*
 * fake_systemd: a private D-Bus daemon with a systemd of one unit on it, app.scope. The bus is a
 * child process, systemd a thread of the test.
 */
#ifndef TESTS_FAKE_SYSTEMD_H
#define TESTS_FAKE_SYSTEMD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum systemd_manner { SYSTEMD_WELL, SYSTEMD_SILENT, SYSTEMD_REFUSES, SYSTEMD_DENIES };

struct fake_systemd {
	char folder[64];
	char address[96]; /* for DBUS_SYSTEM_BUS_ADDRESS, which is set to it */
	pid_t bus;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	atomic_int manner; /* enum systemd_manner */
	atomic_int n_calls;
	uint64_t max, low, swap_max;
	char properties[256]; /* of the last SetUnitProperties: "unit runtime MemoryMax=1 ..." */
};

/* false: there is no dbus-daemon on this machine. */
bool fake_bus_start(struct fake_systemd *fake);
void fake_bus_stop(struct fake_systemd *fake); /* and the systemd on it */
void fake_bus_restart(struct fake_systemd *fake);
void fake_systemd_start(struct fake_systemd *fake);
void fake_systemd_stop(struct fake_systemd *fake);
/* Ends all, removes the folder. */
void fake_bus_remove(struct fake_systemd *fake);

#endif
