/*
 * check_rules: what is wrong with the machine, from one look at it. Pure; used by `guardiand
 * --check`.
 *
 * The four risks that once killed the host each have a finding: a container without a memory limit,
 * no swap, no cap on streams, nobody watching. Words are made of findings by codec/check_report.
 */
#ifndef GUARDIAN_CHECK_RULES_H
#define GUARDIAN_CHECK_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/limit.h"
#include "guardian/policy.h"
#include "guardian/snapshot.h"

/* From bad to worse. What could not be seen may hide anything, so unknown stands above a warning.
 */
enum check_severity {
	CHECK_NOTICE,
	CHECK_WARNING,
	CHECK_UNKNOWN,
	CHECK_CRITICAL,
	CHECK_SEVERITIES
};

enum check_kind {
	/* nobody watching */
	CHECK_DAEMON_SILENT, /* n: pid, age, patience */
	CHECK_DAEMON_GONE,   /* n: pid, age */
	CHECK_DAEMON_ABSENT,
	CHECK_DAEMON_HIDDEN, /* n: errno */
	CHECK_POLICY_REJECTED,
	CHECK_POLICY_OPEN, /* others than root may write the policy */
	CHECK_OBSERVING,
	/* the host */
	CHECK_MEMORY_UNREAD,
	CHECK_HOST_WARN, /* n: used centipct, threshold, available, total */
	CHECK_HOST_CRITICAL,
	CHECK_SWAP_UNREAD,
	CHECK_NO_SWAP,
	CHECK_SWAP_ABSENT,   /* n: index of the file, here and below */
	CHECK_SWAP_SMALL,    /* n: wanted, found */
	CHECK_SWAP_MODE,     /* n: file, mode, uid */
	CHECK_SWAP_UNUSABLE, /* subject: enum event_reason; n: file, free, reserve, wanted */
	CHECK_SWAP_HIGH,     /* n: used centipct, used, total */
	CHECK_NO_STREAM_CAP,
	CHECK_SEMAPHORE_UNREAD,
	CHECK_SEMAPHORE,     /* subject: enum event_reason; n: errno */
	CHECK_STREAMS_FULL,  /* n: slots in use, effective cap, cap */
	CHECK_STREAMS_FEWER, /* subject: enum event_reason; n: effective cap, cap */
	CHECK_STREAMS_STRAY, /* n: streams that run, slots in use */
	CHECK_OVERCOMMIT,    /* n: sum of limits, reserve, total */
	CHECK_LACK,          /* subject: bit of enum lack */
	CHECK_DOCKER_SILENT,
	/* containers */
	CHECK_UNLIMITED,    /* container */
	CHECK_LIMIT_UNREAD, /* container */
	CHECK_NAMES_UNREAD, /* n: how many */
	CHECK_CROWDED,      /* n: how many cgroups were not looked at */
	/* services */
	CHECK_SERVICE_ABSENT,
	CHECK_CONFLICT, /* other */
	CHECK_SERVICE_UNREAD,
	CHECK_SERVICE_WARN, /* n: used centipct, threshold, working set, limit */
	CHECK_SERVICE_CRITICAL,
	CHECK_DRIFT, /* limit; n: wanted, found */
	CHECK_REFUSED,
	CHECK_FAILED,
	CHECK_SURRENDERED,
	CHECK_VOID_RESERVATION, /* n: wanted, what the ancestor has, what all below it want */
	CHECK_KINDS,
};

enum {
	CHECK_NUMBERS = 4,
	CHECK_FINDINGS_MAX = 256,
	CHECK_CONTAINERS_MAX = 768,
};

#define CHECK_NO_CONTAINER UINT16_MAX

struct check_finding {
	uint8_t severity; /* enum check_severity */
	uint8_t kind;     /* enum check_kind */
	uint8_t limit;    /* enum limit_kind, or LIMIT_COUNT */
	uint8_t subject;
	uint16_t service, other; /* index into the policy, or SERVICE_NONE */
	uint16_t container;      /* index into the world's, or CHECK_NO_CONTAINER */
	uint64_t n[CHECK_NUMBERS];
};

/* The worst first; in one severity, in the order of the rules. */
struct check_findings {
	uint8_t worst;   /* CHECK_NOTICE when there is nothing worse, or nothing */
	uint16_t n;      /* kept: the worst CHECK_FINDINGS_MAX */
	uint32_t untold; /* not kept */
	struct check_finding finding[CHECK_FINDINGS_MAX];
};

enum check_daemon {
	CHECK_ALIVE,
	CHECK_SILENT,
	CHECK_GONE,
	CHECK_ABSENT, /* it left no status file */
	CHECK_HIDDEN, /* it may be alive: its status cannot be read */
};

/* What a living daemon says of a service's limits; the later, the worse. */
enum check_claim {
	CLAIM_NONE,
	CLAIM_HELD,
	CLAIM_PENDING,
	CLAIM_REFUSED,
	CLAIM_FAILED,
	CLAIM_SURRENDERED,
};

/* A running container, managed or not. */
struct check_container {
	char name[POLICY_MATCH_SIZE]; /* or the beginning of its id */
	uint16_t service;             /* or SERVICE_NONE */
	bool has_limit;               /* limit_bytes was read */
	uint64_t limit_bytes;         /* the tightest of its own, LIMIT_UNLIMITED when none */
};

struct check_world {
	const struct policy *policy;
	const struct snapshot *snap;
	/* the daemon */
	enum check_daemon daemon;
	int32_t daemon_error; /* CHECK_HIDDEN: a positive errno */
	uint64_t daemon_pid, daemon_age_us, daemon_patience_us;
	bool policy_open;     /* others than root may write its file */
	bool daemon_rejected; /* it runs an older policy: the last reload was refused */
	uint8_t claim[POLICY_SERVICES_MAX]; /* enum check_claim */
	/* containers */
	uint32_t names_unread; /* containers that stayed without a name */
	uint32_t unseen;       /* cgroups that there was no room for */
	uint16_t n_containers;
	struct check_container container[CHECK_CONTAINERS_MAX];
};

void check_rules(const struct check_world *world, struct check_findings *out);

/* 0 ok, 1 warning, 2 critical, 3 unknown. */
int check_exit_status(enum check_severity worst);

/* Used memory of the host, in hundredths of a percent. Needs HOST_MEMORY. */
uint32_t check_used_centipct(const struct host_sample *host);

/* The limit that a member runs against: its own, or that of crun's inner level. false when neither
 * was read. */
bool check_member_limit(const struct member_sample *m, uint64_t *limit_bytes);

#endif
