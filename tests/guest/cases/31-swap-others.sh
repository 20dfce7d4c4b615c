#!/bin/bash
# Swap of others is counted in and never touched. Swap that somebody switches off by hand is switched on again and told,
# and whoever does it each time is surrendered to, until a reload.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

trap 'swapoff "/srv/other swap" 2>/dev/null; rm -f "/srv/other swap"; lib_end' EXIT
policy() { # SIZE
	printf 'swap: {size: %s, reserve: 100m}\ndrift: {backoff: 200ms, rounds: 2, window: 10m}\nservices: {}\n' "$1"
}

ok 'there is swap of another, with a blank in its name' 'make_swap "/srv/other swap" 128'
policy 128m >/tmp/policy
ok 'guardiand starts' start_guardiand /tmp/policy
eventually 'it says that this is enough' 20 '[ "$(count_events swap_covered)" = 1 ]'
sleep 3
ok 'and makes nothing' '[ ! -e /swapfile ] && [ "$(count_events swap_making)" = 0 ]'
ok 'guardianctl lists it as other' "guardianctl swap | grep -q 'other swap.* other$'"

policy 256m >/etc/guardian.yaml
systemctl reload guardiand.service
eventually 'with more asked for, what is missing is made' 60 '[ -n "$(area /swapfile Size)" ]'
within 'and no more than that' $((128 << 20)) $(((128 << 20) + 65536)) "$(stat -c %s /swapfile)"
eventually 'which is told' 10 '[ "$(count_events swap_made)" = 1 ]'
ok 'the other one is as it was' 'grep -q "other.040swap" /proc/swaps'
sleep 3

swapoff /swapfile
eventually 'switched off by hand, it is on again' 20 '[ -n "$(area /swapfile Size)" ]'
eventually 'both are told' 10 '[ "$(count_events swap_off)" = 1 ] && [ "$(count_events swap_on)" = 1 ]'
(
	for _ in $(seq 400); do
		[ -z "$(area /swapfile Size)" ] || swapoff /swapfile
		sleep 0.2
	done
) &
stubborn=$!
eventually 'whoever does it each time is surrendered to' 45 '[ "$(count_events swap_surrendered)" = 1 ]'
sleep 3
is 'it stays off' '' "$(area /swapfile Size)"
kill "$stubborn"
sleep 3
is 'also when he has gone' '' "$(area /swapfile Size)"
systemctl reload guardiand.service
eventually 'a reload opens the matter' 20 '[ -n "$(area /swapfile Size)" ]'
