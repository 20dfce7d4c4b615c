#!/bin/bash
# `swap: {zswap: yes}` is held as a limit is where the kernel has zswap: set, read back, repaired, and put back at a stop. Where it has
# none, as Debian's cloud kernels, that is told once, and nothing else suffers.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

ENABLED=/sys/module/zswap/parameters/enabled

# How often EVENT was told of zswap.
of_zswap() { journal_events "$1" | jq -r .MESSAGE | grep -c zswap; }

held() {
	eventually 'zswap is on' 20 '[ "$(cat "$ENABLED")" = Y ]'
	eventually 'which is told' 10 '[ "$(of_zswap vm_set)" = 1 ]'
	ok 'and shown' "guardianctl swap | grep -q 'zswap on'"
	sleep 3
	echo N >"$ENABLED"
	eventually 'switched off by hand, it is on again within half a minute' 50 '[ "$(of_zswap vm_drift)" = 1 ] && [ "$(cat "$ENABLED")" = Y ]'
	systemctl kill -s KILL --kill-whom=main guardiand.service
	wait_for 30 '! systemctl is-active -q guardiand.service' 0.2
	eventually 'systemd starts guardiand again after a kill -9' 30 'systemctl is-active -q guardiand.service'
	ok 'a stop' stop_guardiand
	is 'puts it back, over all of that' N "$(cat "$ENABLED")"
	is 'it was not told as lacking' 0 "$(of_zswap lack)"
}

lacking() {
	eventually 'that the kernel has none is told' 20 '[ "$(of_zswap lack)" = 1 ]'
	note "$(journal_events lack | jq -r .MESSAGE | grep zswap)"
	ok 'as a notice and not as an error' "journal_events lack | jq -e 'select(.MESSAGE | test(\"zswap\")) | .PRIORITY | tonumber >= 4' >/dev/null"
	guardiand --check >/tmp/check.of.case
	ok '--check says it too' 'grep -q zswap /tmp/check.of.case'
	ok 'and the status' "jq -e '.lacks | map(test(\"zswap\")) | any' /run/guardian/status.json >/dev/null"
	timeout 60 systemctl restart guardiand.service
	systemctl reload guardiand.service
	sleep 4
	is 'neither a restart nor a reload tells it again' 1 "$(of_zswap lack)"
	sed -i 's/, zswap: yes//' /etc/guardian.yaml
	systemctl reload guardiand.service
	eventually 'a policy that does not ask for it lacks nothing' 50 \
		"jq -e '.lacks | map(test(\"zswap\")) | any | not' /run/guardian/status.json >/dev/null"
	ok 'a stop' stop_guardiand
	rm -f /tmp/check.of.case
}

swappiness=$(cat /proc/sys/vm/swappiness)
[ ! -e "$ENABLED" ] || echo N >"$ENABLED"
ok 'guardiand starts' start_guardiand - <<'YAML'
drift: {backoff: 200ms, rounds: 3, window: 10m}
swap: {size: 64m, reserve: 100m, swappiness: 13, zswap: yes}
services: {}
YAML
eventually 'the swap is in use' 60 '[ -n "$(area /swapfile Size)" ]'
eventually 'vm.swappiness is as the policy says' 20 '[ "$(cat /proc/sys/vm/swappiness)" = 13 ]'
if [ -e "$ENABLED" ]; then held; else lacking; fi
is 'vm.swappiness is put back' "$swappiness" "$(cat /proc/sys/vm/swappiness)"
is 'the swap stays' $((64 * 1024 - 4)) "$(area /swapfile Size)"
is 'nothing failed' 0 "$(($(count_events vm_failed) + $(count_events swap_failed) + $(count_events vm_surrendered)))"
