#!/bin/bash
# Another size in the policy: in place where memory has room for what is in use, and a second file beside it or no change at all
# where it has not; told in each case. A service whose memory and swap do not fit under its limit is not killed for that:
# swapoff kills under a limit too.
# limit: 300
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

policy() { # SIZE HOST-RESERVE
	printf 'host: {reserve: %s}\nswap: {size: %s, reserve: 100m}\nservices: {}\n' "$2" "$1" >/etc/guardian.yaml
}
reload() {
	policy "$@"
	systemctl reload guardiand.service
}
kib() { echo $(($1 * 1024 - 4)); } # MIB: as /proc/swaps counts it

policy 200m 100m
ok 'guardiand starts' start_guardiand
eventually 'swap is in use' 60 "[ \"\$(area /swapfile Size)\" = $(kib 200) ]"
sleep 3
inode=$(stat -c %i /swapfile)
reload 300m 100m
eventually 'it grows' 40 "[ \"\$(area /swapfile Size)\" = $(kib 300) ]"
eventually 'which is told' 10 '[ "$(count_events swap_resized)" = 1 ]'
sleep 3
reload 150m 100m
eventually 'it shrinks' 40 "[ \"\$(area /swapfile Size)\" = $(kib 150) ] && [ \"\$(stat -c %s /swapfile)\" = $((150 << 20)) ]"
eventually 'which is told' 10 '[ "$(count_events swap_resized)" = 2 ]'
is 'by itself switched off is not told as off' 0 "$(count_events swap_off)"
is 'it is the same file' "$inode" "$(stat -c %i /swapfile)"
sleep 3

# A host that keeps nearly all memory for itself has no room for what would come back.
reload 100m 3500m
eventually 'without room, shrinking waits and says so' 40 '[ "$(count_events swap_resize_waits)" = 1 ]'
sleep 3
is 'nothing has changed' "$(kib 150)" "$(area /swapfile Size)"
reload 250m 3500m
eventually 'without room, a second file is made to grow' 60 "[ \"\$(area /swapfile.2 Size)\" = $(kib 100) ]"
is 'beside the first' "$(kib 150)" "$(area /swapfile Size)"
sleep 3
reload 200m 100m
eventually 'with room, the second shrinks first' 60 "[ \"\$(area /swapfile.2 Size)\" = $(kib 50) ]"
is 'and the first stays' "$(kib 150)" "$(area /swapfile Size)"
sleep 3

# 120 MiB under a limit of 64: half of it is in swap, and has no way back.
ok 'a container has more than its limit, thanks to swap' start_hog big 120 --memory 64m --memory-swap 264m
eventually 'of which half is in swap' 40 "[ \"\$(cg big memory.swap.current)\" -gt $((40 << 20)) ]"
reload 150m 100m
sleep 12
ok 'it lives on' '[ "$(inspect big .State.Running)" = true ]'
is 'nothing was killed' 0 "$(stat_of "/sys/fs/cgroup/$(cgroup_of big)/memory.events" oom_kill)"
ok 'and it is told what is in the way' "journal_events swap_failed | jq -r .MESSAGE | grep -q 'no room under the limit of 64 MiB of system.slice/docker-'"
docker rm -f big >/dev/null
