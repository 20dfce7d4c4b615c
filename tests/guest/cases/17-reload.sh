#!/bin/bash
# SIGHUP: a policy that is well is swapped whole; a broken one changes nothing, and is told with its place and reason.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

limit_is() { [ "$(cg app memory.max)" = $(($1 << 20)) ]; }

ok 'a container runs' run-container app -- sleep 1000
ok 'and a service of systemd' systemd-run -q --unit case-unit sleep 1000
ok 'guardiand starts' start_guardiand - <<'YAML'
services:
  app: {mem_limit: 200m}
YAML
eventually 'the limit is there' 20 'limit_is 200'

printf 'services:\n  app: {mem_limt: 100m}\n' >/etc/guardian.yaml
systemctl reload guardiand
eventually 'a broken policy is refused' 20 '[ "$(count_events policy_rejected)" = 1 ]'
ok 'with its place and the right word' \
	"journal_events policy_rejected | jq -r .MESSAGE | grep -q 'guardian.yaml:2:.*mem_limit'"
sleep 2
ok 'and the old one holds' 'limit_is 200'
echo max >"/sys/fs/cgroup/$(cgroup_of app)/memory.max"
eventually 'still' 20 'limit_is 200'
ok 'guardiand is well' systemctl is-active -q guardiand

cat >/etc/guardian.yaml <<'YAML'
services:
  unit: {unit: case-unit.service, mem_limit: 64m}
  app: {mem_limit: 150m}
YAML
systemctl reload guardiand
eventually 'a better one is taken' 20 '[ "$(count_events policy_reloaded)" = 1 ]'
eventually 'and its limit set' 20 'limit_is 150'
eventually 'also on the unit it names' 20 "[ \"\$(systemctl show -p MemoryMax --value case-unit)\" = $((64 << 20)) ]"
eventually 'for real' 20 "[ \"\$(val /sys/fs/cgroup/system.slice/case-unit.service/memory.max)\" = $((64 << 20)) ]"
systemctl stop case-unit
