#!/bin/bash
# Page cache is not memory in need: reading a file through a limited container raises no alarm; anonymous growth does, and its end
# is told too.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ok 'the backend runs' start_backend
ok 'guardiand starts' start_guardiand - <<'YAML'
host: {calm_for: 2s}
services:
  backend: {mem_limit: 256m}
YAML
eventually 'the limit is set' 20 "[ \"\$(cg backend memory.max)\" = $((256 << 20)) ]"

docker exec backend dd if=/dev/zero of=/tmp/../big bs=1M count=400 2>/dev/null
docker exec backend dd if=/big of=/dev/null bs=1M 2>/dev/null
docker exec backend dd if=/big of=/dev/null bs=1M 2>/dev/null
within 'the page cache has filled the limit' $((200 << 20)) $((256 << 20)) "$(cg backend memory.current)"
sleep 6
is 'and raised no alarm' 0 "$(($(count_events service_memory_warn) + $(count_events service_memory_critical)))"

ok 'the backend takes anonymous memory' "http backend '/anon?mb=198' 60"
eventually 'which is told as a warning or worse' 15 \
	'[ $(($(count_events service_memory_warn backend) + $(count_events service_memory_critical backend))) -ge 1 ]'
ok 'with the working set' "journal_events service_memory_warn backend | jq -e '.GUARDIAN_WORKING_SET_BYTES|tonumber > 200000000'"
sleep 4
ok 'once a level' '[ "$(count_events service_memory_warn backend)" -le 1 ] && [ "$(count_events service_memory_critical backend)" -le 1 ]'
ok 'the backend gives it back' 'http backend /free'
eventually 'and the end of it is told' 60 '[ "$(count_events service_memory_normal backend)" = 1 ]'

ok 'host memory is taken' start_hog hog 2800
eventually 'the host warns' 200 '[ $(($(count_events host_memory_warn) + $(count_events host_memory_critical))) -ge 1 ]'
docker rm -f hog >/dev/null
eventually 'and is normal again' 60 '[ "$(count_events host_memory_normal)" -ge 1 ]'
