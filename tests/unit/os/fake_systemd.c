/*
 * fake_systemd: see fake_systemd.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <systemd/sd-bus.h>

#include "fake_systemd.h"

#define UNIT_PATH "/org/freedesktop/systemd1/unit/app_2escope"

/* ---- systemd ---- */

/* -> true: this call has been dealt with, R is the handler's result. */
static bool misbehave(struct fake_systemd *fake, sd_bus_error *error, int *r)
{
	fake->n_calls++;
	switch (fake->manner) {
	case SYSTEMD_SILENT:
		*r = 1;
		return true;
	case SYSTEMD_REFUSES:
		*r = sd_bus_error_set(error, "org.freedesktop.systemd1.Whatever", "Unit is\nodd.");
		return true;
	case SYSTEMD_DENIES:
		*r = sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "Permission denied");
		return true;
	default:
		return false;
	}
}

static int reply_with_unit(
	sd_bus_message *m, const char *wanted, void *userdata, sd_bus_error *error)
{
	const char *name;
	int r;

	if (misbehave(userdata, error, &r))
		return r;
	r = sd_bus_message_read(m, "s", &name);
	if (r < 0)
		return r;
	if (strcmp(name, wanted) != 0)
		return sd_bus_error_setf(
			error, "org.freedesktop.systemd1.NoSuchUnit", "No unit for %s.", name);
	return sd_bus_reply_method_return(m, "o", UNIT_PATH);
}

static int get_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return reply_with_unit(m, "app.scope", userdata, error);
}

static int get_unit_by_cgroup(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return reply_with_unit(m, "/app.slice/app.scope", userdata, error);
}

static void store(struct fake_systemd *fake, const char *name, uint64_t value)
{
	size_t len = strlen(fake->properties);

	snprintf(fake->properties + len, sizeof(fake->properties) - len, " %s=%lu", name, value);
	if (strcmp(name, "MemoryMax") == 0)
		fake->max = value;
	if (strcmp(name, "MemoryLow") == 0)
		fake->low = value;
	if (strcmp(name, "MemorySwapMax") == 0)
		fake->swap_max = value;
}

static int set_unit_properties(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fake_systemd *fake = userdata;
	const char *unit, *name;
	int runtime, r;
	uint64_t value;

	if (misbehave(fake, error, &r))
		return r;
	r = sd_bus_message_read(m, "sb", &unit, &runtime);
	if (r < 0 || strcmp(unit, "app.scope") != 0)
		return sd_bus_error_set(
			error, "org.freedesktop.systemd1.NoSuchUnit", "No unit for gone.scope.");
	snprintf(fake->properties, sizeof(fake->properties), "%s %d", unit, runtime);
	r = sd_bus_message_enter_container(m, 'a', "(sv)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(sv)", &name, "t", &value)) > 0)
		store(fake, name, value);
	return r < 0 ? r : sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable MANAGER[] = {SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("GetUnit", "s", "o", get_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD(
		"GetUnitByControlGroup", "s", "o", get_unit_by_cgroup, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", set_unit_properties,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END};

static const sd_bus_vtable SCOPE[] = {SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("MemoryMax", "t", NULL, offsetof(struct fake_systemd, max), 0),
	SD_BUS_PROPERTY("MemoryLow", "t", NULL, offsetof(struct fake_systemd, low), 0),
	SD_BUS_PROPERTY("MemorySwapMax", "t", NULL, offsetof(struct fake_systemd, swap_max), 0),
	SD_BUS_VTABLE_END};

static sd_bus *take_name(struct fake_systemd *fake)
{
	sd_bus *bus = NULL;

	if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, fake->address) < 0 ||
		sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
		sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/systemd1",
			"org.freedesktop.systemd1.Manager", MANAGER, fake) < 0 ||
		sd_bus_add_object_vtable(
			bus, NULL, UNIT_PATH, "org.freedesktop.systemd1.Scope", SCOPE, fake) < 0 ||
		sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) < 0)
		bus = sd_bus_close_unref(bus);
	return bus;
}

static void *serve(void *arg)
{
	struct fake_systemd *fake = arg;
	sd_bus *bus = take_name(fake);

	fake->running = bus != NULL;
	fake->n_calls = 0;
	while (bus && !fake->stop) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, 20000) < 0))
			break;
	}
	sd_bus_flush_close_unref(bus);
	return NULL;
}

void fake_systemd_start(struct fake_systemd *fake)
{
	fake->stop = false;
	fake->n_calls = -1;
	assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
	while (fake->n_calls < 0)
		usleep(1000);
	assert_true(fake->running);
}

void fake_systemd_stop(struct fake_systemd *fake)
{
	if (!fake->running)
		return;
	fake->stop = true;
	pthread_join(fake->thread, NULL);
	fake->running = false;
}

/* ---- the bus ---- */

static void write_config(const struct fake_systemd *fake, const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file,
		"<busconfig><type>system</type><listen>%s</listen><policy context=\"default\">"
		"<allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/>"
		"<allow user=\"*\"/></policy></busconfig>\n",
		fake->address);
	fclose(file);
}

static bool accepts(const struct fake_systemd *fake)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", fake->folder);
	r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return r == 0;
}

static bool launch(struct fake_systemd *fake)
{
	char config[96], argument[128];

	snprintf(config, sizeof(config), "%s/bus.conf", fake->folder);
	snprintf(argument, sizeof(argument), "--config-file=%s", config);
	write_config(fake, config);
	fake->bus = fork();
	assert_true(fake->bus >= 0);
	if (fake->bus == 0) {
		/* It complains that it may not raise its limit of descriptors. */
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		execlp("dbus-daemon", "dbus-daemon", argument, "--nofork", "--nopidfile",
			(char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 5000 && !accepts(fake); i++) {
		if (waitpid(fake->bus, NULL, WNOHANG) == fake->bus) {
			fake->bus = 0;
			return false;
		}
		usleep(1000);
	}
	return accepts(fake);
}

bool fake_bus_start(struct fake_systemd *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->max = fake->swap_max = UINT64_MAX;
	strcpy(fake->folder, "/tmp/fake-bus-XXXXXX");
	assert_non_null(mkdtemp(fake->folder));
	snprintf(fake->address, sizeof(fake->address), "unix:path=%s/bus", fake->folder);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", fake->address, 1);
	return launch(fake);
}

void fake_bus_stop(struct fake_systemd *fake)
{
	char path[96];

	fake_systemd_stop(fake);
	if (fake->bus > 0) {
		kill(fake->bus, SIGKILL);
		waitpid(fake->bus, NULL, 0);
	}
	fake->bus = 0;
	snprintf(path, sizeof(path), "%s/bus", fake->folder);
	unlink(path);
}

void fake_bus_restart(struct fake_systemd *fake)
{
	fake_bus_stop(fake);
	assert_true(launch(fake));
}

void fake_bus_remove(struct fake_systemd *fake)
{
	char path[96];

	fake_bus_stop(fake);
	snprintf(path, sizeof(path), "%s/bus.conf", fake->folder);
	unlink(path);
	rmdir(fake->folder);
}
