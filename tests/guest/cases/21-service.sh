#!/bin/bash
# The unit: verified, exposed little, ready only after a tick, protected from the OOM killer without passing that on; observe mode
# changes nothing; a second guardiand is turned away.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ok 'systemd-analyze verify is clean' "[ -z \"\$(systemd-analyze verify guardiand.service 2>&1 | grep -i guardiand)\" ]"
exposure=$(systemd-analyze security --no-pager guardiand.service 2>/dev/null | sed -n 's/.*exposure level for guardiand.service: \([0-9.]*\).*/\1/p')
note "exposure $exposure"
ok 'the exposure is at most 4.0' "awk 'BEGIN {exit !($exposure > 0 && $exposure <= 4.0)}'"
eventually 'the catalog knows the events' 10 "journalctl --list-catalog 2>/dev/null | grep -q guardiand"

ok 'a container runs' run-container app -- sleep 1000
cat >/etc/guardian.yaml <<'YAML'
services:
  app: {mem_limit: 200m}
YAML
timeout 12 guardiand --observe 2>/tmp/observed
is 'observing changes nothing' "max 0" "$(cg app memory.max) $(docker inspect -f '{{.HostConfig.Memory}}' app)"
ok 'and says what it would do' "grep -q app /tmp/observed"

ok 'guardiand starts' start_guardiand
pid=$(systemctl show -p MainPID --value guardiand)
ok 'ready means a complete tick: the status is there' "[ \"\$(jq -r .pid /run/guardian/status.json)\" = $pid ]"
is 'the OOM killer passes it by' -900 "$(cat "/proc/$pid/oom_score_adj")"
is 'it has no children that could inherit that' '' "$(pgrep -P "$pid")"
ok 'systemd shows its state in words' "systemctl show -p StatusText --value guardiand | grep -q 'of 1 services'"
eventually 'its memory is locked' 60 "[ \"\$(awk '/^VmLck/ {print \$2}' /proc/$pid/status)\" -gt 0 ]"
ok 'a second one is turned away' "guardiand 2>&1 | grep -q 'another guardiand'"
eventually 'the watchdog is petted' 40 "[ \"\$(systemctl show -p WatchdogTimestampMonotonic --value guardiand)\" -gt 0 ]"
ok 'status is a table' "guardianctl status | grep -q app"
ok 'and json' "guardianctl status --json | jq -e '.alive == true'"
note "$(grep -E '^(VmRSS|RssAnon|VmLck)' "/proc/$pid/status" | tr '\n' ' ')"
