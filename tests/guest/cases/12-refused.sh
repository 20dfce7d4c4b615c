#!/bin/bash
# A limit of 100 MiB on a container that uses 200 MiB of anonymous memory would kill it, within 19 ms: it is refused, told once, and
# applied as soon as it fits.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ok 'the backend runs' start_backend
ok 'with 200 MiB of anonymous memory' "http backend '/anon?mb=200'"
ok 'guardiand starts' start_guardiand - <<'YAML'
services:
  backend: {mem_limit: 100m}
YAML
eventually 'the limit is refused' 20 '[ "$(count_events limit_refused backend)" = 1 ]'
sleep 5
is 'told once' 1 "$(count_events limit_refused backend)"
is 'nothing was written' max "$(cg backend memory.max)"
is 'nobody was killed' 0 "$(stat_of "/sys/fs/cgroup/$(cgroup_of backend)/memory.events" oom_kill)"
is 'the backend is well' true "$(http backend /health | jq -r .ok)"
is 'Docker was not told either' 0 "$(docker inspect -f '{{.HostConfig.Memory}}' backend)"

ok 'the backend gives its memory back' "http backend /free"
eventually 'and now the limit fits and is set' 60 "[ \"\$(cg backend memory.max)\" = $((100 << 20)) ]"
eventually 'which is told' 20 '[ "$(count_events limit_applied backend)" -ge 1 ]'
is 'still nobody was killed' 0 "$(stat_of "/sys/fs/cgroup/$(cgroup_of backend)/memory.events" oom_kill)"

ok 'the backend takes its memory again' "http backend '/anon?mb=60'"
stop_guardiand
ok 'with force' start_guardiand - <<'YAML'
services:
  backend: {mem_limit: 40m, force: true}
YAML
eventually 'it is lowered whatever is used, and whoever dies of it' 30 \
	"[ \"\$(cg backend memory.max)\" = $((40 << 20)) ] || ! docker inspect -f '{{.State.Running}}' backend | grep -qx true"
