#!/bin/bash
# kill -9 of guardiand leaves every limit in place; the guardian that systemd starts again goes on where it was and repeats no event;
# what happened in between is told.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

told() { count_events "$1" "${2-}"; }

ok 'two services run' 'start_backend && start_redis'
ok 'guardiand starts' start_guardiand - <<'YAML'
services:
  backend: {mem_limit: 256m, mem_reservation: 64m, swap_limit: 0b}
  redis: {mem_limit: 128m}
YAML
eventually 'the limits are set' 20 "[ \"\$(cg redis memory.max)\" = $((128 << 20)) ]"
eventually 'and stored' 30 "[ \"\$(docker inspect -f '{{.HostConfig.Memory}}' redis)\" = $((128 << 20)) ]"
sleep 4
found=$(told service_found) applied=$(told limit_applied)

systemctl kill -s KILL --kill-whom=main guardiand.service
is 'the limits stay' "$((256 << 20)) $((128 << 20))" "$(cg backend memory.max) $(cg redis memory.max)"
docker exec backend /usr/local/bin/hog 400 >/dev/null 2>&1
eventually 'systemd starts it again' 30 'systemctl is-active -q guardiand.service'
eventually 'the new one has started' 20 '[ "$(told started)" = 2 ]'
eventually 'the kill that nobody saw is told' 20 '[ "$(told oom_kill backend)" = 1 ]'
sleep 4
is 'no service is found again' "$found" "$(told service_found)"
is 'no limit is applied again' "$applied" "$(told limit_applied)"
is 'nothing has drifted' 0 "$(told limit_drift)"
is 'nothing was a restart' 0 "$(told service_restarted)"

stop_guardiand
is 'a stop leaves the limits as well' "$((256 << 20)) $((128 << 20))" "$(cg backend memory.max) $(cg redis memory.max)"
is 'and is told' 1 "$(told stopped)"
