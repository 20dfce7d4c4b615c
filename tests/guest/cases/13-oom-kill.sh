#!/bin/bash
# An OOM kill is told once, with the service it happened in: of a child while the container lives on, and of the container's first
# process, which takes the cgroup with it before anyone can read its counter.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ok 'two services run' 'start_backend && start_redis'
ok 'guardiand starts' start_guardiand - <<'YAML'
services:
  backend: {mem_limit: 200m, swap_limit: 0b}
  redis: {mem_limit: 128m}
  batch: {mem_limit: 64m, swap_limit: 0b}
YAML
eventually 'limits are set' 20 "[ \"\$(cg backend memory.max)\" = $((200 << 20)) ]"

docker exec backend /usr/local/bin/hog 400 >/dev/null 2>&1
eventually 'a child killed in a container is told' 20 '[ "$(count_events oom_kill backend)" -ge 1 ]'
sleep 3
is 'once' 1 "$(count_events oom_kill backend)"
is 'as one kill' 1 "$(journal_events oom_kill backend | jq -r .GUARDIAN_OOM_KILLS_NEW)"
is 'the backend lives on' true "$(http backend /health | jq -r .ok)"

ok 'a container starts that is to die' start_hog batch 300@1
eventually 'its limit reaches it' 20 "[ \"\$(cg batch memory.max)\" = $((64 << 20)) ]"
eventually 'it dies' 300 "[ \"\$(docker inspect -f '{{.State.Running}}' batch)\" = false ]"
# Not OOMKilled: containerd's event may come after the exit that Docker asks it about, and the flag stays false then.
is 'by SIGKILL' 137 "$(docker inspect -f '{{.State.ExitCode}}' batch)"
eventually 'which is told' 20 '[ "$(count_events oom_kill batch)" -ge 1 ]'
sleep 3
is 'once, although its cgroup is gone' 1 "$(count_events oom_kill batch)"
is 'and of nobody else' 2 "$(count_events oom_kill)"
is 'the others were not touched' PONG "$(redis redis ping)"
