/*
 * policy: what the owner of the host wants, as a flat struct without pointers.
 *
 * Filled by codec/policy_yaml through core/policy_fields, checked by core/policy_check, read by
 * core/decide. Every field's name, type, bounds, default, unit and help stand in one table:
 * core/policy_table.c.
 */
#ifndef GUARDIAN_POLICY_H
#define GUARDIAN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "guardian/limit.h"

enum {
	POLICY_SERVICES_MAX = 512,
	POLICY_NAME_SIZE = 64,   /* bytes, the NUL included */
	POLICY_MATCH_SIZE = 128, /* the same, for container, unit, Compose names */
	POLICY_GLOB_SIZE = 192,
	POLICY_PATH_SIZE = 128,
	POLICY_COMMAND_SIZE = 16, /* as the kernel keeps it: TASK_COMM_LEN */
	POLICY_GROUP_SIZE = 33,   /* as useradd(8) allows it */
};

enum policy_role { ROLE_GENERIC, ROLE_NODE, ROLE_POSTGRES, ROLE_REDIS, ROLE_COUNT };
const char *policy_role_name(enum policy_role role);

enum policy_mode { MODE_ENFORCE, MODE_OBSERVE, MODE_COUNT };
const char *policy_mode_name(enum policy_mode mode);

struct policy_host {
	uint64_t interval_us; /* the tick while anything happens or memory is near a threshold */
	uint64_t idle_interval_us; /* the longest between two ticks otherwise */
	uint64_t reserve_bytes; /* kept for kernel, dockerd, sshd: not to be given away as limits */
	uint32_t warn_centipct; /* memory used ((total - available) / total) */
	uint32_t critical_centipct; /* the same */
	uint32_t calm_centipct; /* hysteresis: a level is left this far below where it was entered
				   ... */
	uint64_t calm_us;       /* ... and after this long */
};

/* The longest time between two ticks. */
static inline uint64_t policy_longest_us(const struct policy_host *host)
{
	return host->interval_us > host->idle_interval_us ? host->interval_us
							  : host->idle_interval_us;
}

struct policy_docker {
	char socket[POLICY_PATH_SIZE];    /* /run/docker.sock */
	char data_root[POLICY_PATH_SIZE]; /* /var/lib/docker: names when the socket does not answer
					   */
	uint64_t deadline_us;             /* for one answer */
};

struct policy_drift {
	uint64_t backoff_us; /* before the second repair; doubles */
	uint32_t rounds;     /* repairs before guardiand surrenders to a stubborn writer */
	uint64_t window_us;  /* a round older than this no longer counts */
};

/* For a number of the policy that is left as it is: what the owner of the host does not name,
 * guardiand neither sets nor repairs. */
#define SWAPPINESS_KEEP     UINT32_MAX
#define SWAP_PRIORITY_AUTO  (-1)       /* the kernel chooses: below all that were given one */
#define SWAP_RESERVE_COMMON UINT64_MAX /* the smaller of 2 GiB and 10 % of the file system */

enum swap_switch { SWITCH_OFF, SWITCH_ON, SWITCH_KEEP };

struct policy_swap {
	char file[POLICY_PATH_SIZE];
	uint64_t size_bytes;    /* all swap of this host together; 0: guardiand makes none */
	uint64_t reserve_bytes; /* of the file system, stays free */
	int32_t priority;       /* 0..32767 */
	uint32_t swappiness;    /* vm.swappiness, 0..200 */
	uint8_t zswap;          /* enum swap_switch */
};

/* What happens when more streams run than there are slots. */
enum policy_over_cap { OVER_CAP_TELL, OVER_CAP_STOP_NEWEST, OVER_CAP_COUNT };
const char *policy_over_cap_name(enum policy_over_cap over_cap);

struct policy_streams {
	uint32_t max;                      /* slots; 0: guardiand keeps no semaphore file */
	uint64_t per_stream_bytes;         /* taken for one until it has been learned */
	char command[POLICY_COMMAND_SIZE]; /* of the processes that count as streams */
	char group[POLICY_GROUP_SIZE];     /* of the semaphore file: a name or a number */
	uint8_t over_cap;                  /* enum policy_over_cap */
	uint64_t grace_us;                 /* between SIGTERM and SIGKILL */
	uint64_t recover_us; /* room for one more must last so long before it is given */
};

struct policy_service {
	char name[POLICY_NAME_SIZE];
	/* How it is found: whichever is set; all that are set must agree. */
	char container[POLICY_MATCH_SIZE]; /* container name, without Docker's leading slash */
	char compose[POLICY_MATCH_SIZE];   /* "project/service", or "service" in any project */
	char unit[POLICY_MATCH_SIZE];      /* systemd unit: "nginx.service" */
	char cgroup[POLICY_GLOB_SIZE]; /* glob below /sys/fs/cgroup: "app.slice/worker-*.service" */

	struct limit_set limits; /* what is wanted; an absent one is left alone */
	uint32_t warn_centipct;  /* of the limit, by working set */
	uint32_t critical_centipct;
	bool is_protected; /* never a victim; swap_limit defaults to 0 */
	bool force;        /* lower a limit even below what cannot be reclaimed */
	uint8_t role;      /* enum policy_role */
	uint32_t line;     /* where it stands in the file, for messages */
};

struct policy {
	uint8_t mode; /* enum policy_mode */
	struct policy_host host;
	struct policy_docker docker;
	struct policy_drift drift;
	struct policy_swap swap;
	struct policy_streams streams;
	uint32_t n_services;
	struct policy_service service[POLICY_SERVICES_MAX];
};

#endif
