#!/bin/bash
# mode: observe and --observe look after swap with their eyes alone: they say once what would be made, switched on, resized, mended and
# set, and change nothing.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

policy() { # MODE SIZE
	printf 'mode: %s\nswap: {size: %s, reserve: 100m, swappiness: 7}\nservices: {}\n' "$1" "$2" >/etc/guardian.yaml
}

# The journal's reasons of what would be done, sorted.
would() { journal_events swap_observed | jq -r .GUARDIAN_REASON | sort | tr '\n' ' '; }

swappiness=$(cat /proc/sys/vm/swappiness)
policy observe 64m
ok 'guardiand starts, and only observes' start_guardiand
eventually 'it says that it would make swap' 20 '[ "$(would)" = "make " ]'
note "$(journal_events swap_observed | jq -r .MESSAGE)"
ok 'and guardianctl what' "guardianctl swap | grep -q '^next, if it did not only observe: make /swapfile of 64 MiB'"
sleep 8
is 'once' 'make ' "$(would)"
ok 'nothing is made' '[ ! -e /swapfile ] && [ "$(wc -l </proc/swaps)" = 1 ]'
is 'nor told as begun' 0 "$(($(count_events swap_making) + $(count_events swap_made) + $(count_events swap_failed)))"
is 'vm.swappiness is as it was' "$swappiness" "$(cat /proc/sys/vm/swappiness)"
stop_guardiand
is 'also after the end' "$swappiness" "$(cat /proc/sys/vm/swappiness)"

policy enforce 64m
ok 'another guardiand makes it' 'start_guardiand && wait_for 60 "[ \"\$(area /swapfile Type)\" = file ]"'
stop_guardiand
chmod 0644 /swapfile
policy observe 128m
rm -f /run/guardian/state
ok 'guardiand observes what is wrong with it' start_guardiand
eventually 'it says that it would mend and resize it' 40 '[ "$(would)" = "make mend resize " ]'
sleep 5
is 'its mode, its size and its use are as they were' '644 67108864 file' "$(stat -c '%a %s' /swapfile) $(area /swapfile Type)"

chmod 0600 /swapfile
swapoff /swapfile
eventually 'switched off, it would be switched on' 60 '[ "$(would)" = "make mend on resize " ]'
sleep 5
is 'and stays off' '' "$(area /swapfile Type)"
is 'nobody was told that it is repaired' 0 "$(($(count_events swap_off) + $(count_events swap_on)))"
stop_guardiand

rm -f /swapfile /run/guardian/state
policy enforce 64m
guardiand --observe >/tmp/observed.of.case 2>&1 </dev/null &
observer=$!
eventually '--observe says so too, whatever the policy says' 20 'grep -q "would be made" /tmp/observed.of.case'
sleep 5
kill "$observer"
wait "$observer"
ok 'and makes nothing' '[ ! -e /swapfile ] && [ "$(wc -l </proc/swaps)" = 1 ]'
is 'nor sets anything' "$swappiness" "$(cat /proc/sys/vm/swappiness)"
rm -f /tmp/observed.of.case
