/*
 * plan: the words for its actions, as records and messages show them.
 */
#include <stddef.h>

#include "guardian/plan.h"

const char *action_name(enum action_kind kind)
{
	static const char *const names[ACT_COUNT] = {
		[ACT_HOLD] = "hold",
		[ACT_PERSIST] = "persist",
		[ACT_RESERVE] = "reserve",
		[ACT_SWAP_MAKE] = "swap_make",
		[ACT_SWAP_ON] = "swap_on",
		[ACT_SWAP_RESIZE] = "swap_resize",
		[ACT_SWAP_MEND] = "swap_mend",
		[ACT_SWAPPINESS] = "swappiness",
		[ACT_ZSWAP] = "zswap",
		[ACT_STREAMS_PUBLISH] = "streams_publish",
		[ACT_STREAMS_MEND] = "streams_mend",
		[ACT_STREAM_TERM] = "stream_term",
		[ACT_STREAM_KILL] = "stream_kill",
		[ACT_STREAM_STOP_CONTAINER] = "stream_stop_container",
	};

	return (size_t)kind < ACT_COUNT ? names[kind] : "unknown";
}
