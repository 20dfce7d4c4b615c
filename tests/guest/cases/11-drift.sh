#!/bin/bash
# A foreign write is repaired and told once; a writer that does not give in is surrendered to, with one alarm.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

limit=$((200 << 20))
ok 'a container runs' run-container app -- sleep 1000
ok 'guardiand starts' start_guardiand - <<'YAML'
drift: {backoff: 200ms, rounds: 3, window: 10m}
services:
  app: {mem_limit: 200m}
YAML
eventually 'the limit is there' 20 "[ \"\$(cg app memory.max)\" = $limit ]"
eventually 'and stored' 30 "[ \"\$(docker inspect -f '{{.HostConfig.Memory}}' app)\" = $limit ]"
sleep 3
file=/sys/fs/cgroup/$(cgroup_of app)/memory.max

echo $((300 << 20)) >"$file"
eventually 'a foreign raw write is repaired' 20 "[ \"\$(cat '$file')\" = $limit ]"
eventually 'and told' 20 '[ "$(count_events limit_drift app)" -ge 1 ]'
sleep 3
is 'once' 1 "$(count_events limit_drift app)"
ok 'with what was found and wanted' \
	"journal_events limit_drift app | jq -e '.GUARDIAN_FOUND_BYTES == \"$((300 << 20))\" and .GUARDIAN_WANTED_BYTES == \"$limit\"'"

# The stubborn writer: again each time it is repaired.
(
	for _ in $(seq 600); do
		[ "$(cat "$file")" = $((300 << 20)) ] || echo $((300 << 20)) >"$file"
		sleep 0.1
	done
) &
writer=$!
eventually 'a stubborn writer is surrendered to' 60 '[ "$(count_events limit_surrendered app)" = 1 ]'
drifts=$(count_events limit_drift app)
sleep 5
is 'the alarm is told once' 1 "$(count_events limit_surrendered app)"
is 'and no drift after it' "$drifts" "$(count_events limit_drift app)"
is 'the writer has its way' $((300 << 20)) "$(cat "$file")"
kill "$writer" 2>/dev/null
wait "$writer" 2>/dev/null
ok 'the status says so' "guardianctl status --json | jq -e '.services[] | select(.name == \"app\").state == \"surrendered\"'"
