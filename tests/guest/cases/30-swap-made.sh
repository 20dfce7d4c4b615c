#!/bin/bash
# The swap of the policy is in use soon after the start (two minutes are promised, seconds are usual), root's alone and without a
# hole. A stop, a restart and a kill -9 leave it in use, and it is neither made nor switched on twice. The kernel's
# settings are put back at a stop.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

told() { echo "$(count_events swap_making) $(count_events swap_made) $(count_events swap_on) $(count_events swap_off)"; }
active() { systemctl is-active -q guardiand.service; }

swappiness=$(cat /proc/sys/vm/swappiness)
is 'there is no swap' '' "$(tail -n +2 /proc/swaps)"
ok 'guardiand starts' start_guardiand - <<'YAML'
swap: {size: 256m, reserve: 100m, priority: 7, swappiness: 13}
services: {}
YAML
eventually 'swap is in use within two minutes' 120 "[ \"\$(area /swapfile Size)\" = $((256 * 1024 - 4)) ]"
eventually 'which is told, from the beginning to the end' 10 '[ "$(told)" = "1 1 0 0" ]'
ok 'with a size and a MESSAGE_ID' "journal_events swap_made | jq -e '.MESSAGE_ID and .GUARDIAN_EVENT == \"swap_made\"' >/dev/null"
note "it took $(($(journal_events swap_made | jq -r .__MONOTONIC_TIMESTAMP) / 1000 - \
	$(journal_events swap_making | jq -r .__MONOTONIC_TIMESTAMP) / 1000)) ms"
is 'the file is as large as asked, root only' "$((256 << 20)) 600 0 0" "$(stat -c '%s %a %u %g' /swapfile)"
ok 'all of it is allocated' "[ $(($(stat -c %b /swapfile) * 512)) -ge $((256 << 20)) ]"
ok 'the tools of the system know it for what it is' "swaplabel /swapfile | grep -q 'LABEL: *guardiand'"
is 'the priority is the one asked for' 7 "$(awk '$1 == "/swapfile" { print $5 }' /proc/swaps)"
is 'no line of fstab is written' 0 "$(grep -c swap /etc/fstab)"
eventually 'vm.swappiness is as the policy says' 10 '[ "$(cat /proc/sys/vm/swappiness)" = 13 ]'
ok 'guardianctl shows it' "guardianctl swap | grep -q '^/swapfile .* guardiand$'"
ok 'and status.json' "jq -e '.swap.areas[0].ours and .swap.plan' /run/guardian/status.json >/dev/null"
inode=$(stat -c %i /swapfile)

timeout 60 systemctl restart guardiand.service
sleep 4
is 'after a restart nothing is told' '1 1 0 0' "$(told)"
systemctl kill -s KILL --kill-whom=main guardiand.service
wait_for 30 '! active' 0.2
is 'a kill -9 leaves it in use' $((256 * 1024 - 4)) "$(area /swapfile Size)"
eventually 'systemd starts guardiand again' 30 active
sleep 4
is 'after which nothing is told either' '1 1 0 0' "$(told)"
ok 'a stop' stop_guardiand
is 'leaves it in use' $((256 * 1024 - 4)) "$(area /swapfile Size)"
is 'and puts vm.swappiness back, over all of that' "$swappiness" "$(cat /proc/sys/vm/swappiness)"

# As after a boot: the file is there, and what was remembered in /run is not.
swapoff /swapfile
rm -f /run/guardian/state
ok 'guardiand starts with the file not in use' start_guardiand
eventually 'it is switched on' 30 "[ \"\$(area /swapfile Size)\" = $((256 * 1024 - 4)) ]"
eventually 'and told as that' 10 '[ "$(told)" = "1 1 1 0" ]'
is 'it is the same file' "$inode" "$(stat -c %i /swapfile)"
is 'nothing failed' 0 "$(count_events swap_failed)"
