#!/bin/bash
# A container that starts is under its limit within a second of its cgroup appearing; a thousand cgroups that come and go leave no
# descriptor and no watch behind; two services that match one container are told once.
# limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ok 'guardiand starts before anything runs' start_guardiand - <<'YAML'
services:
  early: {mem_limit: 96m}
  web: {compose: shop/web, mem_limit: 80m}
  twin: {container: both, mem_limit: 64m}
  other: {compose: x/both, mem_limit: 48m}
YAML

# The lateness of the limit, seen from the kernel's side: the cgroup's birth and the moment its memory.max is not `max` any more.
watch_birth() { # NAME
	local scope='' born
	until scope=$(find /sys/fs/cgroup/system.slice -maxdepth 1 -name 'docker-*.scope' | head -1) && [ -n "$scope" ]; do sleep 0.02; done
	born=$(date +%s%N)
	until [ "$(cat "$scope/memory.max" 2>/dev/null)" = $((96 << 20)) ]; do sleep 0.02; done
	echo $((($(date +%s%N) - born) / 1000000))
}
watch_birth >/tmp/lateness &
watcher=$!
ok 'a container starts' run-container early -- sleep 1000
wait_for 20 "! kill -0 $watcher 2>/dev/null"
kill "$watcher" 2>/dev/null
note "its limit came $(cat /tmp/lateness) ms after its cgroup"
within 'it is under its limit within a second of its cgroup appearing (three are allowed to the emulation)' 0 3000 "$(cat /tmp/lateness)"

ok 'one is found by its Compose labels' run-container shop-web-1 --label com.docker.compose.project=shop \
	--label com.docker.compose.service=web -- sleep 1000
eventually 'and limited' 20 "[ \"\$(cg shop-web-1 memory.max)\" = $((80 << 20)) ]"
ok 'one matches two services' run-container both --label com.docker.compose.project=x \
	--label com.docker.compose.service=both -- sleep 1000
eventually 'which is told' 15 '[ "$(count_events service_conflict)" = 1 ]'
sleep 3
is 'once' 1 "$(count_events service_conflict)"
is 'and neither limit is set' max "$(cg both memory.max)"

pid=$(systemctl show -p MainPID --value guardiand)
open_files() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
watches() { grep -c '^inotify' "/proc/$pid/fdinfo/"* 2>/dev/null | awk -F: '{n += $NF} END {print n}'; }
sleep 2
files=$(open_files) before=$(watches)
for i in $(seq 1000); do
	mkdir "/sys/fs/cgroup/system.slice/docker-$(printf '%064x' "$i").scope"
	rmdir "/sys/fs/cgroup/system.slice/docker-$(printf '%064x' "$i").scope"
done
eventually 'a thousand cgroups come and go, no descriptor stays' 30 "[ \"\$(open_files)\" -le $files ]"
eventually 'and no watch' 30 "[ \"\$(watches)\" -le $before ]"
ok 'guardiand is well' systemctl is-active -q guardiand
