/*
 * event: the catalogue of what guardiand tells; event_out.c makes sentences of it.
 *
 * A row a kind. Rules fill n[] as `field` says, in that order; journald gets each as the field of
 * that name. For oom_group the values of a limit are 0 and 1, also where the field's name says
 * _BYTES. systemd/guardiand.catalog has an entry of the same id that says what to do about it;
 * tests/unit/model/test_event.c keeps the two together.
 */
#include <syslog.h>

#include "guardian/event.h"

/* clang-format off */
static const struct event_info infos[EVENT_COUNT] = {
	[EVENT_STARTED] = {"started", "a3d8e6122ad746e09d1de3cbdf7399bf",
		"none", LOG_NOTICE,
		{"GUARDIAN_SERVICES", "GUARDIAN_HOST_MEMORY_BYTES", "GUARDIAN_HOST_SWAP_BYTES"},
		"guardiand has started: {0} services in the policy, {1:size} of memory and "
		"{2:size} of swap{extra}"},
	[EVENT_STOPPED] = {"stopped", "5b846b629dc0458e99db338b9041b475",
		"none", LOG_NOTICE,
		{"GUARDIAN_TICKS"},
		"guardiand has stopped: limits and swap stay as they are, and nobody watches "
		"them{extra}"},
	[EVENT_POLICY_RELOADED] = {"policy_reloaded", "156eaab851df4196830e28a3023d8d01",
		"reload_policy", LOG_NOTICE,
		{"GUARDIAN_SERVICES"},
		"The policy was read again and is in force: {0} services{extra}"},
	[EVENT_POLICY_REJECTED] = {"policy_rejected", "e74584038f734a30bc26e3c49eca9bf9",
		"keep_policy", LOG_ERR,
		{"GUARDIAN_ERRORS"},
		"The changed policy is wrong in {0} places, so the old one stays in "
		"force{extra}"},
	[EVENT_SERVICE_FOUND] = {"service_found", "685bbaaf7ad74b3d848c720f1f71c120",
		"watch", LOG_INFO,
		{"GUARDIAN_INODE", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_CURRENT_BYTES"},
		"{service} is running: it uses {2:size} and its memory limit is {1:size}{extra}"},
	[EVENT_SERVICE_GONE] = {"service_gone", "0c232adecdd14b51bd7b7fabb114fb67",
		"none", LOG_NOTICE,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_PEAK_BYTES", "GUARDIAN_OOM_KILLS"},
		"{service} is gone: it last used {0:size}, at most {1:size}, and had {2} OOM "
		"kills{extra}"},
	[EVENT_SERVICE_RESTARTED] = {"service_restarted", "a9dcb12f0d49437c883c1dee4d865ee7",
		"watch", LOG_NOTICE,
		{"GUARDIAN_RESTARTS", "GUARDIAN_INODE"},
		"{service} was restarted or recreated (restarts seen: {0}): its limits are "
		"checked anew{extra}"},
	[EVENT_SERVICE_CONFLICT] = {"service_conflict", "4ba51e7680ca49e3a1edd73120b0d68e",
		"none", LOG_ERR,
		{"GUARDIAN_OTHER_INDEX"},
		"{service} and {other} match the same container: it gets the limits of neither "
		"until the policy is corrected{extra}"},
	[EVENT_LIMIT_APPLIED] = {"limit_applied", "ac2599da86394630ae4f800a446d760f",
		"set_limit", LOG_NOTICE,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_OLD_BYTES", "GUARDIAN_CURRENT_BYTES"},
		"{limit} of {service} is now {0:limit}, it was {1:limit} ({2:size} of memory in"
		" use){extra}"},
	[EVENT_LIMIT_OBSERVED] = {"limit_observed", "6fd0cc4f36904244a055ae62d81f122f",
		"observe", LOG_NOTICE,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_OLD_BYTES"},
		"{limit} of {service} would be set to {0:limit}, it is {1:limit}: guardiand "
		"only observes{extra}"},
	[EVENT_LIMIT_DRIFT] = {"limit_drift", "c3b09c0824944bc385904938724d5fd8",
		"repair_limit", LOG_WARNING,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_FOUND_BYTES", "GUARDIAN_ROUND"},
		"{limit} of {service} was changed to {1:limit} by {reason}: guardiand sets it "
		"back to {0:limit} (repair {2}){extra}"},
	[EVENT_LIMIT_REFUSED] = {"limit_refused", "0a4841b77bbf46299e902a2790c924d2",
		"refuse_limit", LOG_WARNING,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_UNRECLAIMABLE_BYTES", "GUARDIAN_CURRENT_BYTES"},
		"{limit} of {service} is not lowered to {0:limit}: {1:size} of the {2:size} in "
		"use cannot be reclaimed, and the kernel would kill it{extra}"},
	[EVENT_LIMIT_FAILED] = {"limit_failed", "05de3ca107694cb98e94573ac3534117",
		"retry_limit", LOG_ERR,
		{"GUARDIAN_ERRNO", "GUARDIAN_WANTED_BYTES"},
		"{limit} of {service} could not be set to {1:limit}: {0:errno}; guardiand will "
		"try again{extra}"},
	[EVENT_LIMIT_SURRENDERED] = {"limit_surrendered", "29a8888ecae84bc98cfc9fa2806c1913",
		"give_up", LOG_CRIT,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_FOUND_BYTES", "GUARDIAN_ROUNDS"},
		"{limit} of {service} is {1:limit} instead of {0:limit}: another program "
		"changed it back after each of {2} repairs, guardiand gives up{extra}"},
	[EVENT_LIMIT_CANNOT_UNSET] = {"limit_cannot_unset", "77b07715abe74b0aa125a74fbd0ae588",
		"none", LOG_WARNING,
		{"GUARDIAN_FOUND_BYTES"},
		"{limit} of {service} stays {0:limit}: Docker cannot make an existing container"
		" unlimited, it must be recreated{extra}"},
	[EVENT_RESERVATION_VOID] = {"reservation_void", "08231f0255bd4c1b88760050b44a166c",
		"none", LOG_WARNING,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_ANCESTOR_BYTES"},
		"The reservation of {service}, {0:size}, does not protect it: a group above it "
		"reserves only {1:size}{extra}"},
	[EVENT_SERVICE_MEMORY_NORMAL] = {"service_memory_normal", "43e29e8ffc3446c688f4efbfaf42e2f1",
		"none", LOG_NOTICE,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_ANON_BYTES"},
		"Memory of {service} is back to normal: {0:size} of {1:size} ({2:pct}){extra}"},
	[EVENT_SERVICE_MEMORY_WARN] = {"service_memory_warn", "1e980c9f5a0541b3a469d24ece2a3e88",
		"warn", LOG_WARNING,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_ANON_BYTES"},
		"Memory of {service} is getting short: {0:size} of its limit {1:size} "
		"({2:pct}), {3:size} of it anonymous{extra}"},
	[EVENT_SERVICE_MEMORY_CRITICAL] = {"service_memory_critical", "1dcafe917b774a4d841f5215c799f65b",
		"warn", LOG_CRIT,
		{"GUARDIAN_WORKING_SET_BYTES", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_ANON_BYTES"},
		"Memory of {service} is nearly used up: {0:size} of its limit {1:size} "
		"({2:pct}); at the limit the kernel kills a process of it{extra}"},
	[EVENT_OOM_KILL] = {"oom_kill", "3f5a25b908634857b15c37a571624cc0",
		"none", LOG_ERR,
		{"GUARDIAN_OOM_KILLS_NEW", "GUARDIAN_OOM_KILLS", "GUARDIAN_LIMIT_BYTES", "GUARDIAN_PEAK_BYTES"},
		"Out of memory in {service}: the kernel killed {0} of its processes[ ({1} in "
		"all; limit {2:size}, highest use {3:size})]{extra}"},
	[EVENT_HOST_MEMORY_NORMAL] = {"host_memory_normal", "36f2d6a8bd87484eb907c97e1ca0fb0b",
		"none", LOG_NOTICE,
		{"GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_PSI_SOME_AVG10_CENTIPCT"},
		"Memory of the host is back to normal: {0:size} of {1:size} available ({2:pct} "
		"used){extra}"},
	[EVENT_HOST_MEMORY_WARN] = {"host_memory_warn", "1731d79bc15b4b33bfc535e0cf4fff28",
		"warn", LOG_WARNING,
		{"GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_PSI_SOME_AVG10_CENTIPCT"},
		"Memory of the host is getting short: {0:size} of {1:size} available ({2:pct} "
		"used){extra}"},
	[EVENT_HOST_MEMORY_CRITICAL] = {"host_memory_critical", "85cced876fc04ea8ac64b6419854c2c6",
		"warn", LOG_CRIT,
		{"GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_PSI_SOME_AVG10_CENTIPCT"},
		"Memory of the host is nearly used up: {0:size} of {1:size} available ({2:pct} "
		"used); without help it may stall{extra}"},
	[EVENT_READING_LOST] = {"reading_lost", "1ac12f6356bd46f5b3258bbe7a095464",
		"none", LOG_WARNING,
		{NULL},
		"{reading} of {service} cannot be read any more: nothing is decided from it "
		"until it is back{extra}"},
	[EVENT_READING_BACK] = {"reading_back", "e4944fa9cb6042b98a32aebaf0aa6e48",
		"none", LOG_NOTICE,
		{NULL},
		"{reading} of {service} can be read again{extra}"},
	[EVENT_PEER_SILENT] = {"peer_silent", "a52d78d0c2a24e2e8db562cc7ea0c3ec",
		"wait", LOG_WARNING,
		{"GUARDIAN_SILENT_US"},
		"{peer} does not answer: guardiand goes on without it and asks again{extra}"},
	[EVENT_PEER_BACK] = {"peer_back", "a9d98bdf30854c82b4b8f5a5d14085f8",
		"none", LOG_NOTICE,
		{NULL},
		"{peer} answers again{extra}"},
	[EVENT_LACK] = {"lack", "65a96c690fa34b53bd76132982b57dab",
		"none", LOG_WARNING,
		{NULL},
		"This machine has no {lack}: {effect}{extra}"},
	[EVENT_SWAP_MAKING] = {"swap_making", "3d046da5922d45d4b0c08fde95d303ce",
		"make_swap", LOG_NOTICE,
		{"GUARDIAN_SIZE_BYTES", "GUARDIAN_FREE_BYTES"},
		"Swap of {0:size} is being made: {file} ({1:size} free on the disk){extra}"},
	[EVENT_SWAP_MADE] = {"swap_made", "a88b87572cc24881bd857d71c6a2c9cd",
		"make_swap", LOG_NOTICE,
		{"GUARDIAN_SIZE_BYTES", "GUARDIAN_TOOK_US"},
		"Swap of {0:size} has been made and is in use: {file}{extra}"},
	[EVENT_SWAP_ON] = {"swap_on", "58f989ff3d2e41ae90365fe761b8b3f8",
		"switch_swap_on", LOG_NOTICE,
		{"GUARDIAN_SIZE_BYTES"},
		"The swap file {file} is in use again: {0:size}{extra}"},
	[EVENT_SWAP_OFF] = {"swap_off", "6a56d74776104414ab066d7a43950cda",
		"switch_swap_on", LOG_WARNING,
		{"GUARDIAN_SIZE_BYTES", "GUARDIAN_ROUND"},
		"The swap file {file} ({0:size}) was switched off by another program: guardiand "
		"switches it on again (repair {1}){extra}"},
	[EVENT_SWAP_RESIZED] = {"swap_resized", "41abc7a64b4c498c9278578d35bbfab1",
		"resize_swap", LOG_NOTICE,
		{"GUARDIAN_SIZE_BYTES", "GUARDIAN_OLD_BYTES"},
		"The swap file {file} is now {0:size}, it was {1:size}{extra}"},
	[EVENT_SWAP_RESIZE_WAITS] = {"swap_resize_waits", "ca64624dcf914f4e82eaa808e47534b5",
		"wait", LOG_WARNING,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_SIZE_BYTES", "GUARDIAN_USED_BYTES", "GUARDIAN_NEEDED_BYTES"},
		"The swap file {file} stays {1:size} instead of {0:size} for now: {2:size} of it "
		"is in use, and switching it off needs {3:size} of available memory{extra}"},
	[EVENT_SWAP_COVERED] = {"swap_covered", "d45dec4defad468a9eca9e3749c3892a",
		"none", LOG_INFO,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_FOREIGN_BYTES"},
		"No swap file is needed: {1:size} of other swap is in use, and {0:size} are "
		"wanted in all{extra}"},
	[EVENT_SWAP_REFUSED] = {"swap_refused", "157e8dd0f42441c08db0e123cc788683",
		"refuse_swap", LOG_ERR,
		{"GUARDIAN_WANTED_BYTES", "GUARDIAN_FREE_BYTES", "GUARDIAN_RESERVE_BYTES", "GUARDIAN_FS_MAGIC"},
		"Swap file {file}: {reason}; guardiand leaves it as it is{extra}"},
	[EVENT_SWAP_FAILED] = {"swap_failed", "9a9e0715e9a94310a357f7a54a3ea079",
		"retry_swap", LOG_ERR,
		{"GUARDIAN_ERRNO", "GUARDIAN_SIZE_BYTES"},
		"The swap file {file} ({1:size}) could not be {reason}: {0:errno}; guardiand will "
		"try again{extra}"},
	[EVENT_SWAP_OBSERVED] = {"swap_observed", "e200b59fb1ae44c58c12f9035307d4ac",
		"observe", LOG_NOTICE,
		{"GUARDIAN_SIZE_BYTES"},
		"The swap file {file} ({0:size}) would be {reason}: guardiand only "
		"observes{extra}"},
	[EVENT_SWAP_MENDED] = {"swap_mended", "b33d80f18e1d4b17947f6f652e906848",
		"mend_swap", LOG_WARNING,
		{"GUARDIAN_MODE", "GUARDIAN_UID"},
		"The swap file {file} was open to others (mode {0:mode}, user {1}): it is mode "
		"0600 and owned by root again{extra}"},
	[EVENT_SWAP_SURRENDERED] = {"swap_surrendered", "884b2ea1408b40908d09553a8598a66c",
		"give_up", LOG_CRIT,
		{"GUARDIAN_SIZE_BYTES", "GUARDIAN_ROUNDS"},
		"The swap file {file} ({0:size}) was undone by another program after each of {1} "
		"repairs: guardiand gives up{extra}"},
	[EVENT_SWAP_HIGH] = {"swap_high", "4871165e28544c0890eb69d568fe1084",
		"warn", LOG_WARNING,
		{"GUARDIAN_USED_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_AVAILABLE_BYTES"},
		"Swap is nearly full: {0:size} of {1:size} ({2:pct}) in use, {3:size} of memory "
		"available{extra}"},
	[EVENT_SWAP_NORMAL] = {"swap_normal", "6b2d88667da540d2922c5837c2599b1c",
		"none", LOG_NOTICE,
		{"GUARDIAN_USED_BYTES", "GUARDIAN_TOTAL_BYTES", "GUARDIAN_USED_CENTIPCT", "GUARDIAN_AVAILABLE_BYTES"},
		"Swap has room again: {0:size} of {1:size} ({2:pct}) in use{extra}"},
	[EVENT_SWAP_THRASH] = {"swap_thrash", "e8514c35e560446ea451b366925a662e",
		"warn", LOG_CRIT,
		{"GUARDIAN_SWAP_IN_BYTES_PER_S", "GUARDIAN_SWAP_OUT_BYTES_PER_S", "GUARDIAN_PSI_FULL_AVG10_CENTIPCT", "GUARDIAN_SERVICE_SWAP_BYTES"},
		"The host thrashes: {0:size} a second come back from swap while {1:size} a second "
		"go out, and programs stand still for {2:pct} of the time[; most of it is "
		"{service}, with {3:size} in swap]{extra}"},
	[EVENT_SWAP_CALM] = {"swap_calm", "1ab1621a474e4cf69e2b7feec6dcda37",
		"none", LOG_NOTICE,
		{"GUARDIAN_SWAP_IN_BYTES_PER_S", "GUARDIAN_SWAP_OUT_BYTES_PER_S", "GUARDIAN_PSI_FULL_AVG10_CENTIPCT", "GUARDIAN_LASTED_US"},
		"The host does not thrash any more: {0:size} a second come back from swap, "
		"{1:size} a second go out{extra}"},
	[EVENT_VM_SET] = {"vm_set", "fa408f46efde47e792b1bf958d61c587",
		"set_vm", LOG_NOTICE,
		{"GUARDIAN_WANTED", "GUARDIAN_OLD"},
		"{knob} is now {0}, it was {1}{extra}"},
	[EVENT_VM_OBSERVED] = {"vm_observed", "247506e4325147389568b9ebe629ff5e",
		"observe", LOG_NOTICE,
		{"GUARDIAN_WANTED", "GUARDIAN_FOUND"},
		"{knob} would be set to {0}, it is {1}: guardiand only observes{extra}"},
	[EVENT_VM_DRIFT] = {"vm_drift", "88024d79d2ff4c229908dbb2990fd245",
		"repair_vm", LOG_WARNING,
		{"GUARDIAN_WANTED", "GUARDIAN_FOUND", "GUARDIAN_ROUND"},
		"{knob} was changed to {1} by another program: guardiand sets it back to {0} "
		"(repair {2}){extra}"},
	[EVENT_VM_FAILED] = {"vm_failed", "d70cf2d8a65843e69783f5aa88181bd1",
		"retry_vm", LOG_ERR,
		{"GUARDIAN_ERRNO", "GUARDIAN_WANTED"},
		"{knob} could not be set to {1}: {0:errno}; guardiand will try again{extra}"},
	[EVENT_VM_SURRENDERED] = {"vm_surrendered", "86e841db781447e1a6bdeae44eb820b6",
		"give_up", LOG_CRIT,
		{"GUARDIAN_WANTED", "GUARDIAN_FOUND", "GUARDIAN_ROUNDS"},
		"{knob} is {1} instead of {0}: another program changed it back after each of {2} "
		"repairs, guardiand gives up{extra}"},
	[EVENT_STREAM_CAP_LOWERED] = {"stream_cap_lowered", "ee4d621d021f4bb484ec093058dd20e8",
		"lower_cap", LOG_WARNING,
		{"GUARDIAN_CAP", "GUARDIAN_EFFECTIVE_CAP", "GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_COST_BYTES"},
		"At most {1} of {0} streams may run for now: {reason} ({2:size} available, one "
		"takes {3:size}){extra}"},
	[EVENT_STREAM_CAP_RESTORED] = {"stream_cap_restored", "e5d0fedcaf6041eea59f14f64021019b",
		"raise_cap", LOG_NOTICE,
		{"GUARDIAN_CAP", "GUARDIAN_EFFECTIVE_CAP", "GUARDIAN_AVAILABLE_BYTES", "GUARDIAN_COST_BYTES"},
		"All {0} streams may run again ({2:size} available, one takes {3:size}){extra}"},
	[EVENT_STREAM_REFUSED] = {"stream_refused", "8f809cdbe3524afab30c64363bd81399",
		"refuse_stream", LOG_NOTICE,
		{"GUARDIAN_REFUSED", "GUARDIAN_IN_USE", "GUARDIAN_EFFECTIVE_CAP", "GUARDIAN_CAP"},
		"{0} streams were refused; {1} of {2} slots are in use now (the policy allows "
		"{3}){extra}"},
	[EVENT_STREAM_UNACCOUNTED] = {"stream_unaccounted", "4bdaa15e8e7c4df0b8c59394f927ba60",
		"tell", LOG_WARNING,
		{"GUARDIAN_UNACCOUNTED", "GUARDIAN_PID", "GUARDIAN_IN_USE", "GUARDIAN_CAP"},
		"{0} streams run without a slot[, the newest in {service}] (process {1}): {2} of "
		"{3} slots are in use{extra}"},
	[EVENT_STREAM_UNACCOUNTED_OVER] = {"stream_unaccounted_over", "17a9279f919441ebaa63c2cd41b4d454",
		"none", LOG_NOTICE,
		{"GUARDIAN_IN_USE", "GUARDIAN_CAP"},
		"Every stream has a slot again: {0} of {1} are in use{extra}"},
	[EVENT_STREAM_STOPPING] = {"stream_stopping", "b7f1f0b798e2420aa2c23e4b9ab285e6",
		"stop_stream", LOG_WARNING,
		{"GUARDIAN_PID", "GUARDIAN_RUNNING", "GUARDIAN_CAP", "GUARDIAN_ANON_BYTES"},
		"Process {0} of {service} is stopped ({reason}): it runs without a slot, and {1} "
		"streams are more than the {2} that are allowed{extra}"},
	[EVENT_STREAM_STOPPED] = {"stream_stopped", "fe99ce608d61466caa84cc577de0f565",
		"none", LOG_NOTICE,
		{"GUARDIAN_PID", "GUARDIAN_ANON_BYTES", "GUARDIAN_TOOK_US"},
		"Process {0} of {service} has ended: its {1:size} are free{extra}"},
	[EVENT_STREAM_STOP_FAILED] = {"stream_stop_failed", "7039033a789f4e5088f2b72ff081e9c3",
		"retry_stop", LOG_ERR,
		{"GUARDIAN_ERRNO", "GUARDIAN_PID"},
		"Process {1} of {service} could not be stopped: {0:errno}{extra}"},
	[EVENT_STREAM_OBSERVED] = {"stream_observed", "75fe60b19b3b432584e16d2e2dfd493e",
		"observe", LOG_NOTICE,
		{"GUARDIAN_CAP", "GUARDIAN_EFFECTIVE_CAP", "GUARDIAN_PID"},
		"guardiand only observes, otherwise it would now {reason}{extra}"},
	[EVENT_SEMAPHORE_MADE] = {"semaphore_made", "d2ac5d8131e04851845d7a9b0907488c",
		"make_semaphore", LOG_NOTICE,
		{"GUARDIAN_CAP"},
		"The semaphore file of the streams has been made: {0} slots{extra}"},
	[EVENT_SEMAPHORE_MENDED] = {"semaphore_mended", "9254862a98414d018e062d1e6e65fef0",
		"mend_semaphore", LOG_WARNING,
		{"GUARDIAN_CAP"},
		"The semaphore file of the streams has been put right in place: {reason}{extra}"},
	[EVENT_SEMAPHORE_REPLACED] = {"semaphore_replaced", "2033a607574f464d850904af709c9278",
		"mend_semaphore", LOG_ERR,
		{"GUARDIAN_IN_USE", "GUARDIAN_CAP"},
		"The semaphore file of the streams was replaced by another: slots held in the old "
		"one count no more{extra}"},
	[EVENT_SEMAPHORE_UNUSABLE] = {"semaphore_unusable", "45f4b51dfc39431b975e42c60d668cb4",
		"retry_semaphore", LOG_ERR,
		{"GUARDIAN_ERRNO"},
		"The semaphore file of the streams cannot be used, so no stream gets a slot "
		"({reason}): {0:errno}{extra}"},
};
/* clang-format on */

const struct event_info *event_info(enum event_kind kind)
{
	return (size_t)kind < EVENT_COUNT ? &infos[kind] : NULL;
}

/* The field's word, and how a person says it. */
static const struct {
	const char *name, *words;
} reasons[REASON_COUNT] = {
	[REASON_NONE] = {"none", "an unknown writer"},
	[REASON_WRITER_SYSTEMD] = {"systemd", "systemd (a daemon-reload does that)"},
	[REASON_WRITER_DOCKER] = {"docker", "Docker (a docker update does that)"},
	[REASON_WRITER_UNKNOWN] = {"unknown", "an unknown writer (directly in the cgroup's file)"},
	[REASON_SWAP_FS] = {"file_system", "its file system cannot carry swap"},
	[REASON_SWAP_SPACE] = {"disk_space", "the disk has too little free space for it"},
	[REASON_SWAP_NOT_REGULAR] = {"not_regular", "something is there that is not a plain file"},
	[REASON_SWAP_NO_HEADER] = {"no_header", "a file is there that is not swap"},
	[REASON_SWAP_HOLES] = {"holes", "a swap file with holes is there"},
	[REASON_SWAP_WRONG_HEADER] = {"wrong_header",
		"a swap file is there whose header does not fit it"},
	[REASON_SWAP_UNREADABLE] = {"unreadable", "what is there cannot be read"},
	[REASON_SWAP_REPLACED] = {"replaced", "another file is there than the one in use"},
	[REASON_SWAP_NOT_OURS] = {"not_ours",
		"another program has made it, so that its size cannot change"},
	[REASON_SWAP_MAKE] = {"make", "made"},
	[REASON_SWAP_ON] = {"on", "switched on"},
	[REASON_SWAP_RESIZE] = {"resize", "resized"},
	[REASON_SWAP_MEND] = {"mend", "put back to mode 0600 and root"},
	[REASON_STREAMS_MEMORY] = {"memory", "memory carries no more"},
	[REASON_STREAMS_WARNING] = {"warning",
		"the host's memory is in warning, so no new ones are let in"},
	[REASON_SLOTS_ABSENT] = {"absent", "it was not there"},
	[REASON_SLOTS_SIZE] = {"size", "its size was wrong"},
	[REASON_SLOTS_HEADER] = {"header", "its header was damaged"},
	[REASON_SLOTS_MODE] = {"mode", "its mode, owner or group was wrong"},
	[REASON_SLOTS_COUNTERS] = {"counters", "its counters were damaged, they begin again at 0"},
	[REASON_SLOTS_REPLACED] = {"replaced", "another file was in its place"},
	[REASON_SLOTS_UNUSABLE] = {"unusable", "what is there cannot be opened as a plain file"},
	[REASON_STREAMS_MAKE] = {"make", "make the semaphore file of the streams"},
	[REASON_STREAMS_MEND] = {"mend", "put the semaphore file of the streams right"},
	[REASON_STREAMS_CAP] = {"cap", "publish another cap on streams"},
	[REASON_STREAMS_STOP] = {"stop", "stop a stream that has no slot"},
	[REASON_STREAM_TERM] = {"term", "SIGTERM"},
	[REASON_STREAM_KILL] = {"kill", "SIGKILL"},
	[REASON_STREAM_CONTAINER] = {"container", "its container is stopped by Docker"},
};

const char *event_reason_name(enum event_reason reason)
{
	return (size_t)reason < REASON_COUNT ? reasons[reason].name : "unknown";
}

const char *event_reason_words(enum event_reason reason)
{
	return reasons[(size_t)reason < REASON_COUNT ? reason : REASON_NONE].words;
}
