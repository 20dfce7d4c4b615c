#!/bin/bash
# Limits reach running containers within two seconds of the start, and stay: through daemon-reload, an unrelated docker update, a
# restart, and a container removed and run again: each of these lifts some other writer's limit.
# limit: 480
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

mib=$((1 << 20))

limits_hold() { # CONTAINER MAX LOW SWAP, in MiB
	[ "$(cg "$1" memory.max)" = $(($2 * mib)) ] && [ "$(cg "$1" memory.low)" = $(($3 * mib)) ] &&
		[ "$(cg "$1" memory.swap.max)" = $(($4 * mib)) ]
}

ok 'the three services run, without limits' 'start_backend && start_postgres && start_redis'
is 'backend is unlimited' max "$(cg backend memory.max)"

ok 'guardiand starts' start_guardiand - <<'YAML'
services:
  backend: {mem_limit: 1g, mem_reservation: 256m}
  postgres: {mem_limit: 512m, mem_reservation: 128m, protected: true}
  redis: {mem_limit: 256m, mem_reservation: 64m, protected: true}
YAML
eventually 'backend is under its limits' 20 'limits_hold backend 1024 256 1024'
eventually 'postgres too, without swap since it is protected' 20 'limits_hold postgres 512 128 0'
eventually 'redis too' 20 'limits_hold redis 256 64 0'
eventually 'which is told' 20 '[ "$(count_events limit_applied)" = 9 ]'
moment() { jq -s "$1 | .__MONOTONIC_TIMESTAMP | tonumber / 1000 | floor"; }
late=$(($(journal_events limit_applied | moment last) - $(journal_events started | moment first)))
note "the last limit was seen in place $late ms after guardiand had started"
within 'all within two seconds of the start (four are allowed to the emulation)' 0 4000 "$late"
eventually 'Docker has stored the limit' 30 "[ \"\$(docker inspect -f '{{.HostConfig.Memory}}' backend)\" = $((1024 * mib)) ]"
eventually 'and the swap with it' 30 "[ \"\$(docker inspect -f '{{.HostConfig.MemorySwap}}' postgres)\" = $((512 * mib)) ]"
eventually 'each application is told' 10 '[ "$(count_events limit_applied backend)" -ge 1 ]'
ok 'with a MESSAGE_ID, an action and a number' \
	"journal_events limit_applied backend | head -1 | jq -e '.MESSAGE_ID and .GUARDIAN_ACTION == \"set_limit\" and (.GUARDIAN_WANTED_BYTES|tonumber > 0)'"

wait_for 20 '! docker inspect -f "{{.HostConfig.Memory}}" redis | grep -qx 0'
for unit in $(cgroup_of backend | xargs basename); do
	is 'systemd knows the limit of the scope' $((1024 * mib)) "$(systemctl show -p MemoryMax --value "$unit")"
done
sleep 3 # the last write has settled: from here on every drift is a foreign one
drifts=$(count_events limit_drift)
systemctl daemon-reload
ok 'kept after systemctl daemon-reload' 'limits_hold backend 1024 256 1024 && limits_hold postgres 512 128 0'
sleep 2
ok 'and some time after it' 'limits_hold backend 1024 256 1024 && limits_hold postgres 512 128 0'

docker update --cpus 1 backend >/dev/null
eventually 'kept after docker update --cpus 1' 15 'limits_hold backend 1024 256 1024'
docker update --cpus 1 postgres >/dev/null
eventually 'also without swap' 15 'limits_hold postgres 512 128 0'
is 'neither was called a drift' "$drifts" "$(count_events limit_drift)"

# How long the service had no cgroup: between the two, guardiand must not call it gone.
gap_of_cgroup() { # CGROUP
	local left
	until [ ! -e "/sys/fs/cgroup/$1" ]; do sleep 0.05; done
	left=$(date +%s%N)
	until [ -e "/sys/fs/cgroup/$1" ]; do sleep 0.05; done
	echo $((($(date +%s%N) - left) / 1000000))
}
gap_of_cgroup "$(cgroup_of backend)" >/tmp/gap &
watcher=$!
docker restart -t 2 backend >/dev/null
eventually 'kept after docker restart' 60 'limits_hold backend 1024 256 1024'
eventually 'which is told as a restart' 30 '[ "$(count_events service_restarted backend)" = 1 ]'
wait_for 5 "! kill -0 $watcher 2>/dev/null"
kill "$watcher" 2>/dev/null
gap=$(cat /tmp/gap)
note "between the end of the one container and the start of the next were ${gap:-too few to be seen} ms"
is 'once' 1 "$(count_events service_restarted backend)"
# A guest that stood still for as long as guardiand waits (30 s) says nothing about guardiand.
if [ "${gap:-0}" -lt 28000 ]; then
	is 'and never as gone' 0 "$(count_events service_gone backend)"
else
	within 'and as gone no more than once' 0 1 "$(count_events service_gone backend)"
fi

docker rm -f redis >/dev/null
eventually 'a removed container is told as gone' 60 '[ "$(count_events service_gone redis)" = 1 ]'
ok 'it runs again, new' start_redis
eventually 'and is under its limits again' 20 'limits_hold redis 256 64 0'
is 'nothing failed' 0 "$(($(count_events limit_failed) + $(count_events limit_surrendered) + $(count_events limit_refused)))"
