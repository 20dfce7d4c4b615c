/*
 * metrics: see the header. A row a metric; what has no value now has no line.
 *
 * The names are a contract like those of status.json: add, and never rename.
 */
#include <stddef.h>

#include "guardian/metrics.h"

/* Sums over the members of a service. */
struct service_sums {
	uint64_t members, working_set, anon, swap, limit;
	uint8_t level;
	bool has_usage, has_swap;
};

struct metrics {
	struct text_out *out;
	const struct policy *policy;
	const struct snapshot *snap;
	const struct state *state;
	uint64_t longest_tick_us;
};

enum unit { UNIT_PLAIN, UNIT_MICROSECONDS };

struct metric {
	const char *name, *type, *help;
	/* The value for the daemon, the host or the streams, or for the SERVICE; false: there is
	 * none. */
	bool (*value)(const struct metrics *m, uint16_t service, uint64_t *value);
	uint8_t unit; /* enum unit of the value: written as seconds */
};

/* ---- the daemon and the host ---- */

static bool get_longest(const struct metrics *m, uint16_t service, uint64_t *value)
{
	(void)service;
	*value = m->longest_tick_us;
	return true;
}

static bool get_level(const struct metrics *m, uint16_t service, uint64_t *value)
{
	(void)service;
	*value = m->state->host_level.now;
	return true;
}

#define HOST_VALUE(function, bit, member)                                                          \
	static bool function(const struct metrics *m, uint16_t service, uint64_t *value)           \
	{                                                                                          \
		(void)service;                                                                     \
		*value = m->snap->host.member;                                                     \
		return m->snap->host.valid & (bit);                                                \
	}
HOST_VALUE(get_total, HOST_MEMORY, mem_total_bytes)
HOST_VALUE(get_available, HOST_MEMORY, mem_available_bytes)
HOST_VALUE(get_swap_total, HOST_SWAP, swap_total_bytes)
HOST_VALUE(get_swap_free, HOST_SWAP, swap_free_bytes)
HOST_VALUE(get_oom_kill, HOST_VMSTAT, oom_kill)
HOST_VALUE(get_memory_some, HOST_PSI_MEMORY, psi_memory.some.total_us)
HOST_VALUE(get_memory_full, HOST_PSI_MEMORY, psi_memory.full.total_us)
HOST_VALUE(get_io_full, HOST_PSI_IO, psi_io.full.total_us)
HOST_VALUE(get_cpu_some, HOST_PSI_CPU, psi_cpu.some.total_us)

static const struct metric host_metrics[] = {
	{"guardian_longest_tick_seconds", "gauge", "The longest that one look has taken.",
		get_longest, UNIT_MICROSECONDS},
	{"guardian_host_memory_bytes", "gauge", "Memory of the host.", get_total, UNIT_PLAIN},
	{"guardian_host_memory_available_bytes", "gauge", "MemAvailable of the host.",
		get_available, UNIT_PLAIN},
	{"guardian_host_memory_level", "gauge", "0 normal, 1 warning, 2 critical.", get_level,
		UNIT_PLAIN},
	{"guardian_host_swap_bytes", "gauge", "Swap of the host.", get_swap_total, UNIT_PLAIN},
	{"guardian_host_swap_free_bytes", "gauge", "Swap that is free.", get_swap_free, UNIT_PLAIN},
	{"guardian_host_oom_kills_total", "counter", "Processes the kernel killed since boot.",
		get_oom_kill, UNIT_PLAIN},
	{"guardian_host_pressure_memory_waiting_seconds_total", "counter",
		"Time in which some task waited for memory.", get_memory_some, UNIT_MICROSECONDS},
	{"guardian_host_pressure_memory_stalled_seconds_total", "counter",
		"Time in which all tasks waited for memory.", get_memory_full, UNIT_MICROSECONDS},
	{"guardian_host_pressure_io_stalled_seconds_total", "counter",
		"Time in which all tasks waited for disks.", get_io_full, UNIT_MICROSECONDS},
	{"guardian_host_pressure_cpu_waiting_seconds_total", "counter",
		"Time in which some task waited for a processor.", get_cpu_some, UNIT_MICROSECONDS},
};

/* ---- the streams ---- */

#define STREAM_STATE(function, member)                                                             \
	static bool function(const struct metrics *m, uint16_t service, uint64_t *value)           \
	{                                                                                          \
		(void)service;                                                                     \
		*value = m->state->streams.member;                                                 \
		return true;                                                                       \
	}
STREAM_STATE(get_cap, max)
STREAM_STATE(get_effective_cap, effective_cap)
STREAM_STATE(get_cost, cost_bytes)
STREAM_STATE(get_unaccounted, unaccounted)

#define SLOT_VALUE(function, member)                                                               \
	static bool function(const struct metrics *m, uint16_t service, uint64_t *value)           \
	{                                                                                          \
		(void)service;                                                                     \
		*value = m->snap->streams.member;                                                  \
		return m->snap->streams.valid & STREAMS_FILE &&                                    \
		       m->snap->streams.file_state == SLOT_FILE_OK;                                \
	}
SLOT_VALUE(get_in_use, in_use)
SLOT_VALUE(get_taken, taken)
SLOT_VALUE(get_refused, refused)
SLOT_VALUE(get_waited, waited)
SLOT_VALUE(get_gave_up, gave_up)

static const struct metric stream_metrics[] = {
	{"guardian_streams_cap", "gauge", "Streams that the policy allows.", get_cap, UNIT_PLAIN},
	{"guardian_streams_effective_cap", "gauge", "Streams that memory carries now.",
		get_effective_cap, UNIT_PLAIN},
	{"guardian_streams_in_use", "gauge", "Slots held.", get_in_use, UNIT_PLAIN},
	{"guardian_streams_unaccounted", "gauge", "Streams that run without a slot.",
		get_unaccounted, UNIT_PLAIN},
	{"guardian_stream_cost_bytes", "gauge", "What one stream takes, as learned.", get_cost,
		UNIT_PLAIN},
	{"guardian_streams_taken_total", "counter", "Slots taken so far.", get_taken, UNIT_PLAIN},
	{"guardian_streams_refused_total", "counter", "Streams refused at once.", get_refused,
		UNIT_PLAIN},
	{"guardian_streams_waited_total", "counter", "Streams that had to wait for their slot.",
		get_waited, UNIT_PLAIN},
	{"guardian_streams_gave_up_total", "counter", "Streams that waited in vain.", get_gave_up,
		UNIT_PLAIN},
};

/* ---- the services ---- */

static void sum_member(struct service_sums *sums, const struct member_sample *sample, uint8_t level)
{
	const uint32_t usage = MEMBER_CURRENT | MEMBER_STAT;
	uint64_t limit = limit_has(&sample->live, LIMIT_MAX) ? sample->live.value[LIMIT_MAX]
							     : LIMIT_UNLIMITED;

	sums->members++;
	if ((sample->valid & usage) == usage) {
		sums->working_set += member_working_set(sample);
		sums->anon += sample->anon_bytes;
		sums->has_usage = true;
	}
	if (sample->valid & MEMBER_SWAP) {
		sums->swap += sample->swap_bytes;
		sums->has_swap = true;
	}
	if (limit == LIMIT_UNLIMITED || sums->limit == LIMIT_UNLIMITED ||
		__builtin_add_overflow(sums->limit, limit, &sums->limit))
		sums->limit = LIMIT_UNLIMITED;
	if (level > sums->level)
		sums->level = level;
}

/* Made anew for each line: a table of all services would be 24 KiB of stack, on pages that are
 * locked. */
static struct service_sums sums_of(const struct metrics *m, uint16_t service)
{
	struct service_sums sums = {0};

	for (uint16_t i = 0; i < m->snap->n_members; i++) {
		const struct member_sample *sample = &m->snap->member[i];
		bool known = i < m->state->n_members && m->state->member[i].inode == sample->inode;

		if (sample->service == service)
			sum_member(&sums, sample, known ? m->state->member[i].level.now : 0);
	}
	return sums;
}

#define SUM_VALUE(function, condition, member)                                                     \
	static bool function(const struct metrics *m, uint16_t service, uint64_t *value)           \
	{                                                                                          \
		struct service_sums sums = sums_of(m, service);                                    \
                                                                                                   \
		*value = sums.member;                                                              \
		return condition;                                                                  \
	}
SUM_VALUE(get_members, true, members)
SUM_VALUE(get_working_set, sums.has_usage, working_set)
SUM_VALUE(get_anon, sums.has_usage, anon)
SUM_VALUE(get_swap, sums.has_swap, swap)
SUM_VALUE(get_limit, sums.members > 0 && *value != LIMIT_UNLIMITED, limit)
SUM_VALUE(get_service_level, sums.members > 0, level)

static bool get_oom_kills(const struct metrics *m, uint16_t service, uint64_t *value)
{
	*value = m->state->service[service].oom_kills;
	return true;
}

static bool get_restarts(const struct metrics *m, uint16_t service, uint64_t *value)
{
	*value = m->state->service[service].restarts;
	return true;
}

static const struct metric service_metrics[] = {
	{"guardian_service_members", "gauge", "Containers or units that run.", get_members,
		UNIT_PLAIN},
	{"guardian_service_memory_bytes", "gauge",
		"Working set: memory in use without the file cache that is not.", get_working_set,
		UNIT_PLAIN},
	{"guardian_service_memory_anon_bytes", "gauge", "Anonymous memory.", get_anon, UNIT_PLAIN},
	{"guardian_service_memory_limit_bytes", "gauge", "Hard limits, summed.", get_limit,
		UNIT_PLAIN},
	{"guardian_service_memory_level", "gauge", "0 normal, 1 warning, 2 critical.",
		get_service_level, UNIT_PLAIN},
	{"guardian_service_swap_bytes", "gauge", "Swap in use.", get_swap, UNIT_PLAIN},
	{"guardian_service_oom_kills_total", "counter", "Processes the kernel killed in it.",
		get_oom_kills, UNIT_PLAIN},
	{"guardian_service_restarts_total", "counter", "Restarts seen.", get_restarts, UNIT_PLAIN},
};

/* ---- the text ---- */

static void put_value(struct text_out *out, uint64_t value, uint8_t unit)
{
	char digits[TEXT_DIGITS_MAX];
	uint64_t rest = value % 1000000;

	text_put_u64(out, unit == UNIT_MICROSECONDS ? value / 1000000 : value);
	if (unit != UNIT_MICROSECONDS || rest == 0)
		return;
	(void)text_digits(digits, 1000000 + rest); /* with the zeros in front */
	text_put(out, ".");
	text_put_span(out, digits + TEXT_DIGITS_MAX - 6, 6);
}

static void put_head(struct text_out *out, const struct metric *metric)
{
	text_put(out, "# HELP ");
	text_put(out, metric->name);
	text_put(out, " ");
	text_put(out, metric->help);
	text_put(out, "\n# TYPE ");
	text_put(out, metric->name);
	text_put(out, " ");
	text_put(out, metric->type);
	text_put(out, "\n");
}

static void put_plain(const struct metrics *m, const struct metric *metric, size_t n)
{
	for (uint64_t value; n > 0; n--, metric++) {
		if (!metric->value(m, SERVICE_NONE, &value))
			continue;
		put_head(m->out, metric);
		text_put(m->out, metric->name);
		text_put(m->out, " ");
		put_value(m->out, value, metric->unit);
		text_put(m->out, "\n");
	}
}

/* A service's name needs no escape: the policy allows letters, digits and "_.-". */
static void put_of_service(
	const struct metrics *m, const struct metric *metric, uint16_t service, uint64_t value)
{
	text_put(m->out, metric->name);
	text_put(m->out, "{service=\"");
	text_put(m->out, m->policy->service[service].name);
	text_put(m->out, "\"} ");
	put_value(m->out, value, metric->unit);
	text_put(m->out, "\n");
}

static void put_services(const struct metrics *m, const struct metric *metric)
{
	bool first = true;

	for (uint16_t i = 0; i < m->policy->n_services && i < m->state->n_services; i++) {
		uint64_t value;

		if (!metric->value(m, i, &value))
			continue;
		if (first)
			put_head(m->out, metric);
		first = false;
		put_of_service(m, metric, i, value);
	}
}

void metrics_render(struct text_out *out, const struct policy *policy, const struct snapshot *snap,
	const struct state *state, uint64_t longest_tick_us)
{
	const struct metrics m = {out, policy, snap, state, longest_tick_us};

	put_plain(&m, host_metrics, sizeof(host_metrics) / sizeof(host_metrics[0]));
	if (policy->streams.max > 0)
		put_plain(&m, stream_metrics, sizeof(stream_metrics) / sizeof(stream_metrics[0]));
	for (size_t i = 0; i < sizeof(service_metrics) / sizeof(service_metrics[0]); i++)
		put_services(&m, &service_metrics[i]);
}
