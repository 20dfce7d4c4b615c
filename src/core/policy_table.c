/*
 * policy_table: the rows of the field table (policy_fields.h), its sections and its types.
 *
 * Bounds are there to catch slips of the pen (an interval of 1 h, a limit of 5 bytes), not to teach
 * taste; what depends on two fields is policy_check's business.
 */
#include "guardian/policy_fields.h"
#include "guardian/slot_file.h"

#define KIB        1024ULL
#define MIB        (1024 * KIB)
#define TIB        (1024 * KIB * MIB)
#define MS         1000ULL
#define SECOND     (1000 * MS)
#define MINUTE     (60 * SECOND)
#define HOUR       (60 * MINUTE)
#define PERCENT(n) ((n)*100ULL)
#define SIZE_MOST  (32 * TIB) /* more than any host has: a slip */

static const char *mode_word(uint32_t value)
{
	return value < MODE_COUNT ? policy_mode_name((enum policy_mode)value) : NULL;
}

static const char *role_word(uint32_t value)
{
	return value < ROLE_COUNT ? policy_role_name((enum policy_role)value) : NULL;
}

static const char *over_cap_word(uint32_t value)
{
	return value < OVER_CAP_COUNT ? policy_over_cap_name((enum policy_over_cap)value) : NULL;
}

/* Where a value lives: offset and size of the member, and that it is in no limit_set. */
#define AT(type, member)                                                                           \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member),       \
	.limit = LIMIT_COUNT
#define IN_LIMITS(kind)                                                                            \
	.offset = offsetof(struct policy_service, limits), .size = sizeof(uint64_t), .limit = (kind)

const struct policy_field policy_fields[] = {
	{.section = SECTION_TOP,
		.key = "mode",
		.type = FIELD_WORD,
		AT(policy, mode),
		.max = MODE_COUNT - 1,
		.word = mode_word,
		.fallback = MODE_ENFORCE,
		.help = "Whether guardiand acts, or only decides and tells what it would do."},

	{.section = SECTION_HOST,
		.key = "interval",
		.type = FIELD_DURATION,
		AT(policy_host, interval_us),
		.min = 100 * MS,
		.max = MINUTE,
		.fallback = SECOND,
		.help = "Time between two looks while something happens or memory is near a "
			"threshold."},
	{.section = SECTION_HOST,
		.key = "idle_interval",
		.type = FIELD_DURATION,
		AT(policy_host, idle_interval_us),
		.max = MINUTE,
		.fallback = 5 * SECOND,
		.help = "The longest time between two looks while nothing does: the more memory "
			"is free, the nearer to this. Two of three are at the host's memory alone. "
			"The kernel's notifications end it."},
	{.section = SECTION_HOST,
		.key = "reserve",
		.type = FIELD_SIZE,
		AT(policy_host, reserve_bytes),
		.max = SIZE_MOST,
		.fallback = 400 * MIB,
		.help = "Memory kept for kernel, dockerd and sshd; limits that leave less are "
			"warned of."},
	{.section = SECTION_HOST,
		.key = "warn",
		.type = FIELD_PERCENT,
		AT(policy_host, warn_centipct),
		.min = PERCENT(1),
		.max = PERCENT(100),
		.fallback = PERCENT(80),
		.help = "Memory of the host in use, (total - available) / total, that is told as a "
			"warning."},
	{.section = SECTION_HOST,
		.key = "critical",
		.type = FIELD_PERCENT,
		AT(policy_host, critical_centipct),
		.min = PERCENT(1),
		.max = PERCENT(100),
		.fallback = PERCENT(90),
		.help = "The same, told as critical, unless swap still takes it."},
	{.section = SECTION_HOST,
		.key = "calm",
		.type = FIELD_PERCENT,
		AT(policy_host, calm_centipct),
		.max = PERCENT(50),
		.fallback = PERCENT(5),
		.help = "How far below its threshold a level is left again, for host and "
			"services."},
	{.section = SECTION_HOST,
		.key = "calm_for",
		.type = FIELD_DURATION,
		AT(policy_host, calm_us),
		.max = HOUR,
		.fallback = 10 * SECOND,
		.help = "How long memory must stay there before the level is left."},

	{.section = SECTION_DOCKER,
		.key = "socket",
		.type = FIELD_PATH,
		AT(policy_docker, socket),
		.text = "/run/docker.sock",
		.help = "Socket of the Docker daemon."},
	{.section = SECTION_DOCKER,
		.key = "data_root",
		.type = FIELD_PATH,
		AT(policy_docker, data_root),
		.text = "/var/lib/docker",
		.help = "Docker's data-root, read for container names when the socket does not "
			"answer."},
	{.section = SECTION_DOCKER,
		.key = "deadline",
		.type = FIELD_DURATION,
		AT(policy_docker, deadline_us),
		.min = 100 * MS,
		.max = 30 * SECOND,
		.fallback = 2 * SECOND,
		.help = "How long one answer of the Docker daemon may take."},

	{.section = SECTION_DRIFT,
		.key = "backoff",
		.type = FIELD_DURATION,
		AT(policy_drift, backoff_us),
		.min = 100 * MS,
		.max = HOUR,
		.fallback = SECOND,
		.help = "Pause before a changed limit is repaired a second time; doubles each "
			"round."},
	{.section = SECTION_DRIFT,
		.key = "rounds",
		.type = FIELD_COUNT,
		AT(policy_drift, rounds),
		.min = 1,
		.max = 20,
		.fallback = 5,
		.help = "Repairs before guardiand surrenders to a stubborn writer, with an alarm."},
	{.section = SECTION_DRIFT,
		.key = "window",
		.type = FIELD_DURATION,
		AT(policy_drift, window_us),
		.min = SECOND,
		.max = 24 * HOUR,
		.fallback = 10 * MINUTE,
		.help = "A repair older than this no longer counts as a round."},

	{.section = SECTION_SWAP,
		.key = "file",
		.type = FIELD_PATH,
		AT(policy_swap, file),
		.text = "/swapfile",
		.help = "The swap file that guardiand makes and keeps; a second one, the same with "
			".2 behind it, only when swap has to grow while it is in use."},
	{.section = SECTION_SWAP,
		.key = "size",
		.type = FIELD_SIZE,
		AT(policy_swap, size_bytes),
		.max = SIZE_MOST,
		.help = "How much swap this host is to have in all, that of others (partitions, "
			"zram, files) counted in. 0: guardiand makes no swap and looks after "
			"none."},
	{.section = SECTION_SWAP,
		.key = "reserve",
		.type = FIELD_SIZE,
		AT(policy_swap, reserve_bytes),
		.max = SIZE_MOST,
		.flags = FIELD_OPTIONAL,
		.fallback = SWAP_RESERVE_COMMON,
		.otherwise = "the smaller of 2g and a tenth of the file system",
		.help = "Disk space that stays free beside the swap file; without it none is "
			"made."},
	{.section = SECTION_SWAP,
		.key = "priority",
		.type = FIELD_COUNT,
		AT(policy_swap, priority),
		.max = 32767,
		.flags = FIELD_OPTIONAL,
		.fallback = (uint32_t)SWAP_PRIORITY_AUTO,
		.otherwise = "the kernel chooses, below all that were given one",
		.help = "Of several swaps the one of the highest priority is used first "
			"(swapon(2))."},
	{.section = SECTION_SWAP,
		.key = "swappiness",
		.type = FIELD_COUNT,
		AT(policy_swap, swappiness),
		.max = 200,
		.flags = FIELD_OPTIONAL,
		.fallback = SWAPPINESS_KEEP,
		.otherwise = "left as it is",
		.help = "The kernel's vm.swappiness; what was there before is put back when "
			"guardiand stops."},
	{.section = SECTION_SWAP,
		.key = "zswap",
		.type = FIELD_BOOL,
		AT(policy_swap, zswap),
		.max = SWITCH_ON,
		.flags = FIELD_OPTIONAL,
		.fallback = SWITCH_KEEP,
		.otherwise = "left as it is",
		.help = "Whether the kernel keeps swapped pages compressed in memory first "
			"(zswap), where it can; what was there before is put back when guardiand "
			"stops."},

	{.section = SECTION_STREAMS,
		.key = "max",
		.type = FIELD_COUNT,
		AT(policy_streams, max),
		.min = 1,
		.max = SLOT_SLOTS_MAX,
		.flags = FIELD_OPTIONAL,
		.otherwise = "there is no cap",
		.help = "How many streams may run at once: the slots that guardian-stream(1) "
			"takes. While memory carries fewer, fewer may."},
	{.section = SECTION_STREAMS,
		.key = "per_stream",
		.type = FIELD_SIZE,
		AT(policy_streams, per_stream_bytes),
		.min = MIB,
		.max = SIZE_MOST,
		.fallback = 100 * MIB,
		.help = "What one stream is taken to use until it is known from those that "
			"ran."},
	{.section = SECTION_STREAMS,
		.key = "command",
		.type = FIELD_COMMAND,
		AT(policy_streams, command),
		.text = "ffmpeg",
		.help = "Name of the program, as ps -o comm shows it: processes of the services "
			"that bear it count as streams."},
	{.section = SECTION_STREAMS,
		.key = "group",
		.type = FIELD_GROUP,
		AT(policy_streams, group),
		.text = "root",
		.help = "Group, by name or number, that may take slots beside root. Whoever may "
			"take slots may also keep them."},
	{.section = SECTION_STREAMS,
		.key = "over_cap",
		.type = FIELD_WORD,
		AT(policy_streams, over_cap),
		.max = OVER_CAP_COUNT - 1,
		.word = over_cap_word,
		.fallback = OVER_CAP_TELL,
		.help = "What happens when more than max run because some go around "
			"guardian-stream: it is told, or the newest of those is stopped. One that "
			"has a slot never is."},
	{.section = SECTION_STREAMS,
		.key = "grace",
		.type = FIELD_DURATION,
		AT(policy_streams, grace_us),
		.min = 100 * MS,
		.max = 5 * MINUTE,
		.fallback = 5 * SECOND,
		.help = "How long a stream that is stopped has between SIGTERM and SIGKILL."},
	{.section = SECTION_STREAMS,
		.key = "recover",
		.type = FIELD_DURATION,
		AT(policy_streams, recover_us),
		.min = SECOND,
		.max = HOUR,
		.fallback = 10 * SECOND,
		.help = "How long memory must have had room for one more stream before one more "
			"is allowed again."},

	{.section = SECTION_SERVICE,
		.key = "container",
		.type = FIELD_CONTAINER,
		AT(policy_service, container),
		.flags = FIELD_SELECTOR | FIELD_DERIVED,
		.otherwise = "the name of the service, if no other selector is given",
		.help = "Name of the container, as docker ps shows it."},
	{.section = SECTION_SERVICE,
		.key = "compose",
		.type = FIELD_COMPOSE,
		AT(policy_service, compose),
		.flags = FIELD_SELECTOR,
		.otherwise = "any",
		.help = "Compose labels: project/service, or service for that service in any "
			"project."},
	{.section = SECTION_SERVICE,
		.key = "unit",
		.type = FIELD_UNIT,
		AT(policy_service, unit),
		.flags = FIELD_SELECTOR,
		.otherwise = "any",
		.help = "Systemd unit, its suffix included."},
	{.section = SECTION_SERVICE,
		.key = "cgroup",
		.type = FIELD_GLOB,
		AT(policy_service, cgroup),
		.flags = FIELD_SELECTOR,
		.otherwise = "any",
		.help = "Path of the cgroup below /sys/fs/cgroup; * ? [] as in a shell, ** crosses "
			"/."},
	{.section = SECTION_SERVICE,
		.key = "mem_limit",
		.type = FIELD_LIMIT,
		IN_LIMITS(LIMIT_MAX),
		.min = LIMIT_FLOOR_BYTES,
		.max = SIZE_MOST,
		.otherwise = "left as it is",
		.help = "Hard limit (memory.max): above it the kernel reclaims, then kills in the "
			"service."},
	{.section = SECTION_SERVICE,
		.key = "mem_reservation",
		.type = FIELD_SIZE,
		IN_LIMITS(LIMIT_LOW),
		.max = SIZE_MOST,
		.otherwise = "left as it is",
		.help = "Memory that others cannot reclaim from it (memory.low)."},
	{.section = SECTION_SERVICE,
		.key = "swap_limit",
		.type = FIELD_LIMIT,
		IN_LIMITS(LIMIT_SWAP_MAX),
		.max = SIZE_MOST,
		.flags = FIELD_DERIVED,
		.otherwise = "0 if protected, or if Docker was told so; else as large as mem_limit",
		.help = "Swap it may use (memory.swap.max): swap alone, not memory plus swap."},
	{.section = SECTION_SERVICE,
		.key = "oom_group",
		.type = FIELD_BOOL,
		IN_LIMITS(LIMIT_OOM_GROUP),
		.max = 1,
		.otherwise = "left as it is",
		.help = "Whether an OOM kill takes the whole service down at once "
			"(memory.oom.group)."},
	{.section = SECTION_SERVICE,
		.key = "protected",
		.type = FIELD_BOOL,
		AT(policy_service, is_protected),
		.max = 1,
		.help = "Never a victim when memory is short."},
	{.section = SECTION_SERVICE,
		.key = "force",
		.type = FIELD_BOOL,
		AT(policy_service, force),
		.max = 1,
		.help = "Lower a limit even below what cannot be reclaimed, which kills."},
	{.section = SECTION_SERVICE,
		.key = "role",
		.type = FIELD_WORD,
		AT(policy_service, role),
		.max = ROLE_COUNT - 1,
		.word = role_word,
		.fallback = ROLE_GENERIC,
		.help = "What runs in it, for checks and advice that know the program."},
	{.section = SECTION_SERVICE,
		.key = "warn",
		.type = FIELD_PERCENT,
		AT(policy_service, warn_centipct),
		.min = PERCENT(1),
		.max = PERCENT(100),
		.fallback = PERCENT(80),
		.help = "Working set, in percent of its limit, that is told as a warning."},
	{.section = SECTION_SERVICE,
		.key = "critical",
		.type = FIELD_PERCENT,
		AT(policy_service, critical_centipct),
		.min = PERCENT(1),
		.max = PERCENT(100),
		.fallback = PERCENT(90),
		.help = "The same, told as critical, unless swap still takes it."},
};
const size_t policy_fields_count = sizeof(policy_fields) / sizeof(policy_fields[0]);
_Static_assert(sizeof(policy_fields) / sizeof(policy_fields[0]) <= POLICY_FIELDS_MAX,
	"raise POLICY_FIELDS_MAX");

static const struct policy_section_info sections[SECTION_COUNT] = {
	[SECTION_TOP] = {NULL, "The whole", 0},
	[SECTION_HOST] = {"host", "The machine as a whole", offsetof(struct policy, host)},
	[SECTION_DOCKER] = {"docker", "Where Docker is", offsetof(struct policy, docker)},
	[SECTION_DRIFT] = {"drift", "What happens when someone else changes a limit",
		offsetof(struct policy, drift)},
	[SECTION_SWAP] = {"swap", "Swap that guardiand makes and keeps",
		offsetof(struct policy, swap)},
	[SECTION_STREAMS] = {"streams", "How many streams may run",
		offsetof(struct policy, streams)},
	[SECTION_SERVICE] = {"services", "The services, each below its own name",
		offsetof(struct policy, service)},
};

static const struct field_type_info types[FIELD_TYPE_COUNT] = {
	[FIELD_SIZE] = {"size", "a size such as 512m or 1.5g"},
	[FIELD_LIMIT] = {"size", "a size such as 512m or 1.5g, or unlimited"},
	[FIELD_DURATION] = {"time", "a time such as 500ms or 10s"},
	[FIELD_PERCENT] = {"percent", "a percentage such as 80%"},
	[FIELD_COUNT] = {"count", "a whole number"},
	[FIELD_BOOL] = {"yes or no", "yes or no"},
	[FIELD_WORD] = {"word", "one of its words"},
	[FIELD_CONTAINER] = {"name", "a name of letters, digits, '_', '.' and '-'"},
	[FIELD_COMMAND] = {"name", "a name of at most 15 letters, digits, '_', '.', '+' and '-'"},
	[FIELD_GROUP] = {"group", "a group's name or number"},
	[FIELD_COMPOSE] = {"name", "'service' or 'project/service' as in a Compose file"},
	[FIELD_UNIT] = {"unit", "a unit name ending in .service, .scope or .slice, no template"},
	[FIELD_GLOB] = {"glob", "a path below /sys/fs/cgroup without a leading '/' or '..'"},
	[FIELD_PATH] = {"path", "an absolute path without '..'"},
};

const struct policy_section_info *policy_section_info(enum policy_section section)
{
	return &sections[section];
}

const struct field_type_info *field_type_info(enum field_type type)
{
	return &types[type];
}
