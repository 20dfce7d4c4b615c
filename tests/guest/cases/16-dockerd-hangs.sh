#!/bin/bash
# dockerd under SIGSTOP: ticks go on, its silence and its return are told once, and a limit that is lifted meanwhile is repaired
# without it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ticks() { jq -r .tick /run/guardian/status.json; }

ok 'a container runs' run-container app -- sleep 1000
ok 'guardiand starts' start_guardiand - <<'YAML'
docker: {deadline: 1s}
services:
  app: {mem_limit: 200m}
YAML
eventually 'the limit is there' 20 "[ \"\$(cg app memory.max)\" = $((200 << 20)) ]"
eventually 'and stored' 30 "[ \"\$(docker inspect -f '{{.HostConfig.Memory}}' app)\" = $((200 << 20)) ]"
sleep 2
file=/sys/fs/cgroup/$(cgroup_of app)/memory.max
dockerd=$(pidof dockerd)

kill -STOP "$dockerd"
before=$(ticks)
eventually 'its silence is told' 90 '[ "$(count_events peer_silent)" = 1 ]'
ok 'ticks went on meanwhile' "[ $(($(ticks) - before)) -ge 3 ]"
echo max >"$file"
eventually 'a lifted limit is repaired without dockerd' 20 "[ \"\$(cat '$file')\" = $((200 << 20)) ]"
ok 'no tick took long' "[ \"\$(jq .longest_tick_us /run/guardian/status.json)\" -lt 5000000 ]"
kill -CONT "$dockerd"
eventually 'its return is told' 90 '[ "$(count_events peer_back)" = 1 ]'
is 'the silence was told once' 1 "$(count_events peer_silent)"
