#!/bin/bash
# A reservation counts only when the cgroups above have one too (memory.low on a scope under a slice with 0 protects nothing):
# guardiand gives system.slice the sum.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

slice=/sys/fs/cgroup/system.slice
ok 'two services run' 'start_redis && run-container app -- sleep 1000'
ok 'guardiand starts' start_guardiand - <<'YAML'
services:
  redis: {mem_limit: 256m, mem_reservation: 64m}
  app: {mem_limit: 128m, mem_reservation: 32m, oom_group: true}
YAML
eventually 'the reservations are set' 20 "[ \"\$(cg redis memory.low) \$(cg app memory.low)\" = '$((64 << 20)) $((32 << 20))' ]"
eventually 'and the slice above has their sum at least' 20 "[ \"\$(val $slice/memory.low)\" -ge $((96 << 20)) ]"
is 'oom.group is set where it is asked for' '1 0' "$(cg app memory.oom.group) $(cg redis memory.oom.group)"
systemctl daemon-reload
sleep 1
ok 'a daemon-reload does not take it away' "[ \"\$(val $slice/memory.low)\" -ge $((96 << 20)) ]"
is 'nothing is void' 0 "$(count_events reservation_void)"
