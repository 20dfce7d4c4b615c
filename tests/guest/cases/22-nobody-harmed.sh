#!/bin/bash
# Nobody is harmed by a value that the policy does not even name: a reservation alone, given through the unit or through Docker, makes
# systemd and runc write the other values too, from what they remember; an operator had raised the limit in the file.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ok 'the backend runs with a limit of 128 MiB' start_backend --memory 128m --memory-swap 128m
file=/sys/fs/cgroup/$(cgroup_of backend)/memory.max
echo $((400 << 20)) >"$file"
ok 'an operator raises it in the file, and it is needed' "http backend '/anon?mb=250' 60"
ok 'guardiand starts with a reservation for it, and no limit' start_guardiand - <<'YAML'
services:
  backend: {mem_reservation: 64m}
YAML
eventually 'the reservation is set' 20 "[ \"\$(cg backend memory.low)\" = $((64 << 20)) ]"
sleep 20 # long enough for what would be stored by Docker
is 'nobody was killed' 0 "$(stat_of "/sys/fs/cgroup/$(cgroup_of backend)/memory.events" oom_kill)"
is 'the backend is well' true "$(http backend /health | jq -r .ok)"
is 'the limit is what the operator made it' $((400 << 20)) "$(val "$file")"
