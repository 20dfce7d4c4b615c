/*
 * units: the memory values of systemd's units, over sd-bus.
 *
 * Connecting is done step by step, and not by the first call as sd-bus would: its own handshake
 * waits 25 s and more for a bus that is stopped. SetUnitProperties sets and does not add, so a call
 * whose connection was lost under way is simply made once more.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-bus.h>

#include "deadline.h"
#include "guardian/text.h"
#include "guardian/units.h"
#include "sentence.h"

#define SYSTEMD      "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER      SYSTEMD ".Manager"

static const char *const PROPERTY[LIMIT_COUNT] = {
	[LIMIT_MAX] = "MemoryMax",
	[LIMIT_LOW] = "MemoryLow",
	[LIMIT_SWAP_MAX] = "MemorySwapMax",
};

/* Kinds of units that have a cgroup, and the interface that shows its values. */
static const struct {
	const char *suffix, *interface;
} KINDS[] = {
	{".scope", SYSTEMD ".Scope"},
	{".service", SYSTEMD ".Service"},
	{".slice", SYSTEMD ".Slice"},
	{".socket", SYSTEMD ".Socket"},
	{".mount", SYSTEMD ".Mount"},
	{".swap", SYSTEMD ".Swap"},
};

/* systemd's and the bus's errors; libsystemd itself knows the rest. */
static const struct {
	const char *name;
	int error;
} ERRORS[] = {
	{SYSTEMD ".NoSuchUnit", -ENOENT},
	{SYSTEMD ".LoadFailed", -ENOENT},
	{"org.freedesktop.DBus.Error.UnknownObject", -ENOENT},
	{"org.freedesktop.DBus.Error.ServiceUnknown", -ENOTCONN},
	{"org.freedesktop.DBus.Error.NameHasNoOwner", -ENOTCONN},
	{"org.freedesktop.DBus.Error.Spawn.ChildExited", -ENOTCONN},
	{"org.freedesktop.DBus.Error.Disconnected", -ECONNRESET},
	{"org.freedesktop.DBus.Error.NoReply", -ECONNRESET},
	{"org.freedesktop.DBus.Error.Timeout", -ETIMEDOUT},
	{"org.freedesktop.DBus.Error.TimedOut", -ETIMEDOUT},
	{"org.freedesktop.DBus.Error.AccessDenied", -EACCES},
	{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES},
	{"org.freedesktop.DBus.Error.InvalidArgs", -EINVAL},
	{"org.freedesktop.DBus.Error.PropertyReadOnly", -EROFS},
};

/* 0 would be sd-bus's word for its own default, which is longer. */
static uint64_t left_us(uint64_t until_us)
{
	uint64_t left = deadline_left_us(until_us);

	return left > 0 ? left : 1;
}

/* ---- the connection ---- */

void units_close(struct units *u)
{
	u->bus = sd_bus_close_unref(u->bus);
}

/* Authentication and Hello. */
static int finish_connecting(sd_bus *bus, uint64_t until_us)
{
	while (deadline_left_us(until_us) > 0) {
		int ready = sd_bus_is_ready(bus), r;

		if (ready != 0)
			return ready < 0 ? ready : 0;
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, left_us(until_us));
		if (r < 0 && r != -EINTR)
			return r;
	}
	return -ETIMEDOUT;
}

/* ENOENT from within a call means "no such unit", and nothing else. */
static int connect_bus(struct units *u, uint64_t until_us)
{
	int r;

	if (u->bus && sd_bus_is_open(u->bus) > 0)
		return 0;
	units_close(u);
	r = sd_bus_open_system(&u->bus);
	if (r >= 0)
		r = finish_connecting(u->bus, until_us);
	if (r < 0)
		units_close(u);
	return r < 0 ? r : 0;
}

static bool is_lost(int error)
{
	return error == -ECONNRESET || error == -ENOTCONN || error == -EPIPE || error == -ESHUTDOWN;
}

/* ---- calls ---- */

static int error_number(const sd_bus_error *error, int r)
{
	for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++)
		if (sd_bus_error_has_name(error, ERRORS[i].name))
			return ERRORS[i].error;
	/* What libsystemd cannot translate it calls EIO. */
	return r == -EIO && sd_bus_error_is_set(error) ? -EREMOTEIO : r;
}

/* Fills MESSAGE from ARGUMENTS; what differs from call to call. */
typedef int fill_fn(sd_bus_message *message, const void *arguments);

struct method {
	const char *path, *interface, *member;
	fill_fn *fill;
	const void *arguments;
};

static int send_once(struct units *u, const struct method *m, uint64_t until_us,
	sd_bus_error *error, sd_bus_message **reply)
{
	sd_bus_message *message = NULL;
	int r = connect_bus(u, until_us);

	if (r < 0)
		return r == -ENOENT ? -ENOTCONN : r;
	r = sd_bus_message_new_method_call(
		u->bus, &message, SYSTEMD, m->path, m->interface, m->member);
	if (r >= 0)
		r = m->fill(message, m->arguments);
	if (r >= 0)
		r = sd_bus_call(u->bus, message, left_us(until_us), error, reply);
	sd_bus_message_unref(message);
	if (r < 0)
		r = error_number(error, r);
	return r < 0 ? r : 0;
}

/* -> 0 and a REPLY to be unreferenced, or -errno and a sentence in ERR. */
static int call(struct units *u, const struct method *m, uint64_t until_us, char *err,
	size_t errsize, sd_bus_message **reply)
{
	int r = 0;

	*reply = NULL;
	for (int attempt = 0; attempt < 2; attempt++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		bool was_connected = u->bus != NULL;

		r = send_once(u, m, until_us, &error, reply);
		sentence_copy(err, errsize, error.message);
		sd_bus_error_free(&error);
		/* A reply that comes after its deadline must not meet the next call. */
		if (is_lost(r) || r == -ETIMEDOUT)
			units_close(u);
		if (!is_lost(r) || !was_connected)
			break;
	}
	return r;
}

static int fill_string(sd_bus_message *message, const void *arguments)
{
	return sd_bus_message_append_basic(message, 's', arguments);
}

/* Calls a method of the manager that takes a string and gives an object's path. */
static int find_unit(struct units *u, const char *member, const char *what, uint64_t until_us,
	sd_bus_message **reply, const char **path)
{
	const struct method m = {MANAGER_PATH, MANAGER, member, fill_string, what};
	char err[1];
	int r = call(u, &m, until_us, err, sizeof(err), reply);

	if (r == 0)
		r = sd_bus_message_read_basic(*reply, 'o', path);
	return r < 0 ? r : 0;
}

/* ---- doors ---- */

int units_open(struct units *u, uint64_t deadline_us)
{
	sd_bus_message *reply;
	const char *path = NULL;
	uint64_t until_us = deadline_after(deadline_us);
	int r;

	*u = (struct units){.deadline_us = deadline_us};
	r = connect_bus(u, until_us);
	if (r < 0)
		return r;
	/* A bus alone is not systemd: "-.slice" is the one unit that every systemd has. */
	r = find_unit(u, "GetUnit", "-.slice", until_us, &reply, &path);
	sd_bus_message_unref(reply);
	return r == -ENOENT ? 0 : r;
}

struct properties {
	const char *unit;
	const struct limit_set *set;
};

static bool is_property(const struct limit_set *set, enum limit_kind kind)
{
	return PROPERTY[kind] && limit_has(set, kind);
}

/* s name, b runtime, a(sv): infinity is UINT64_MAX there too. */
static int fill_properties(sd_bus_message *message, const void *arguments)
{
	const struct properties *p = arguments;
	int r = sd_bus_message_append(message, "sb", p->unit, 1);

	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "(sv)");
	for (int kind = 0; kind < LIMIT_COUNT && r >= 0; kind++)
		if (is_property(p->set, (enum limit_kind)kind))
			r = sd_bus_message_append(
				message, "(sv)", PROPERTY[kind], "t", p->set->value[kind]);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int units_set_memory(
	struct units *u, const char *unit, const struct limit_set *set, char *err, size_t errsize)
{
	const struct properties p = {unit, set};
	const struct method m = {MANAGER_PATH, MANAGER, "SetUnitProperties", fill_properties, &p};
	sd_bus_message *reply;
	int r;

	sentence_copy(err, errsize, "");
	if (limit_has(set, LIMIT_MAX) && set->value[LIMIT_MAX] < LIMIT_FLOOR_BYTES)
		return -ERANGE;
	if (!is_property(set, LIMIT_MAX) && !is_property(set, LIMIT_LOW) &&
		!is_property(set, LIMIT_SWAP_MAX))
		return 0;
	r = call(u, &m, deadline_after(u->deadline_us), err, errsize, &reply);
	sd_bus_message_unref(reply);
	return r;
}

static const char *interface_of(const char *unit)
{
	const char *suffix = strrchr(unit, '.');

	for (size_t i = 0; suffix && i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
		if (strcmp(suffix, KINDS[i].suffix) == 0)
			return KINDS[i].interface;
	return NULL;
}

struct property {
	const char *interface, *name;
};

static int fill_property(sd_bus_message *message, const void *arguments)
{
	const struct property *p = arguments;

	return sd_bus_message_append(message, "ss", p->interface, p->name);
}

static int get_property(struct units *u, const char *path, const struct property *p,
	uint64_t until_us, uint64_t *value)
{
	const struct method m = {path, "org.freedesktop.DBus.Properties", "Get", fill_property, p};
	sd_bus_message *reply;
	char err[1];
	int r = call(u, &m, until_us, err, sizeof(err), &reply);

	if (r == 0)
		r = sd_bus_message_read(reply, "v", "t", value);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

static int get_properties(struct units *u, const char *path, const char *interface,
	uint64_t until_us, struct limit_set *out)
{
	for (int kind = 0; kind < LIMIT_COUNT; kind++) {
		const struct property p = {interface, PROPERTY[kind]};
		uint64_t value = 0;
		int r;

		if (!PROPERTY[kind])
			continue;
		r = get_property(u, path, &p, until_us, &value);
		if (r < 0)
			return r;
		limit_put(out, (enum limit_kind)kind, value);
	}
	return 0;
}

/* GetUnit first: reading a property of a unit that there is not would make systemd answer with
 * defaults. */
int units_get_memory(struct units *u, const char *unit, struct limit_set *out)
{
	uint64_t until_us = deadline_after(u->deadline_us);
	const char *interface = interface_of(unit), *path = NULL;
	sd_bus_message *reply;
	int r;

	*out = (struct limit_set){0};
	if (!interface)
		return -EOPNOTSUPP;
	r = find_unit(u, "GetUnit", unit, until_us, &reply, &path);
	if (r == 0)
		r = get_properties(u, path, interface, until_us, out);
	sd_bus_message_unref(reply);
	if (r < 0)
		*out = (struct limit_set){0};
	return r;
}

int units_keep_memory(struct units *u, const char *unit, const struct limit_set *live,
	uint32_t page_bytes, struct limit_set *set)
{
	static const enum limit_kind kinds[] = {LIMIT_MAX, LIMIT_SWAP_MAX};
	struct limit_set known = {0};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		enum limit_kind kind = kinds[i];
		int r = 0;

		if (limit_has(set, kind) || !limit_has(live, kind))
			continue;
		if (!known.mask)
			r = units_get_memory(u, unit, &known);
		if (r < 0)
			return r;
		if (!limit_same(kind, live->value[kind], known.value[kind], page_bytes))
			limit_put(set, kind, live->value[kind]);
	}
	return 0;
}

/* ".../unit/docker_2ddeadbeef_2escope" -> "docker-deadbeef.scope" */
static int unit_of_path(const char *path, char *unit, size_t size)
{
	char *name = NULL;
	int r = sd_bus_path_decode(path, MANAGER_PATH "/unit", &name);
	bool fits;

	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	fits = text_copy(unit, size, name, strlen(name));
	free(name);
	return fits ? 0 : -ENAMETOOLONG;
}

int units_by_cgroup(struct units *u, const char *path, char *unit, size_t size)
{
	char absolute[512];
	struct text_out out;
	sd_bus_message *reply;
	const char *object = NULL;
	int r;

	unit[0] = '\0';
	text_out_init(&out, absolute, sizeof(absolute));
	text_put(&out, path[0] == '/' ? "" : "/");
	text_put(&out, path);
	if (out.full)
		return -ENAMETOOLONG;
	r = find_unit(u, "GetUnitByControlGroup", absolute, deadline_after(u->deadline_us), &reply,
		&object);
	if (r == 0)
		r = unit_of_path(object, unit, size);
	sd_bus_message_unref(reply);
	return r;
}
