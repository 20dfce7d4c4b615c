#!/bin/bash
# limit: 900
# 4.5 GB of anonymous memory on a host of 3.75 GB, with swap: PostgreSQL and Redis answer all the time, and nothing of them is swapped,
# because they are protected; guardiand tells that swap fills up, and guardianctl names who uses it. GUARDIAN_LOAD_MB: another load.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

LOAD_MB=${GUARDIAN_LOAD_MB:-4500}
ANSWER_S=10
TIMES=/tmp/times.of.case
CLIENTS=/sys/fs/cgroup/clients-of-case

kib() { awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo; }

# Two clients that stay connected, in a cgroup with memory of its own: they stand for those on other machines, and what is timed is the
# servers. A line for each answer, with the milliseconds it took, or "none".
ask() {
	local of text begun
	echo "$BASHPID" >"$CLIENTS/cgroup.procs"
	coproc psql { exec psql -h "$postgres_ip" -U postgres -XAt 2>&1; }
	exec {redis}<>"/dev/tcp/$redis_ip/6379"
	while [ ! -e "$TIMES.end" ]; do
		for of in postgres redis; do
			begun=${EPOCHREALTIME/./}
			if [ "$of" = postgres ]; then
				echo 'select count(*) from sold;' >&"${psql[1]}"
				IFS= read -r -t "$ANSWER_S" -u "${psql[0]}" text && [ "$text" = 50000 ]
			else
				printf 'GET key\r\n' >&"$redis"
				IFS= read -r -t "$ANSWER_S" -u "$redis" text && IFS= read -r -t "$ANSWER_S" -u "$redis" text && [ "$text" = $'value\r' ]
			fi && echo "$of $(((${EPOCHREALTIME/./} - begun) / 1000))" || echo "$of none ($text)"
		done
		sleep 1
	done >"$TIMES"
	echo '\q' >&"${psql[1]}"
}

worst() { awk -v of="$1" '$1 == of && $2 > most { most = $2 } END { print most + 0 }' "$TIMES"; }

trap 'touch "$TIMES.end"; wait; rm -f "$TIMES" "$TIMES.end"; rmdir "$CLIENTS"; lib_end' EXIT
rm -f "$TIMES.end"

ok 'PostgreSQL and Redis run' 'start_postgres && start_redis'
ok 'with something in them' "sql postgres 'create table sold as select generate_series(1, 50000) n' >/dev/null && [ \"\$(redis redis set key value)\" = OK ]"
over=$((LOAD_MB - $(kib MemAvailable) / 1024 + 150))
swap_mb=$((over * 100 / 87))
ok 'guardiand starts' start_guardiand - <<YAML
host: {reserve: 200m}
swap: {size: ${swap_mb}m, reserve: 100m}
services:
  postgres: {mem_limit: 512m, mem_reservation: 256m, protected: yes}
  redis: {mem_limit: 256m, mem_reservation: 128m, protected: yes}
  load: {mem_reservation: 16m}
YAML
eventually 'swap is in use' 120 "[ \"\$(area /swapfile Size)\" -gt $((swap_mb * 1000)) ]"
eventually 'the databases may not be swapped' 30 '[ "$(cg postgres memory.swap.max) $(cg redis memory.swap.max)" = "0 0" ]'
postgres_ip=$(ip_of postgres) redis_ip=$(ip_of redis)
mkdir "$CLIENTS" && echo 0 >"$CLIENTS/memory.swap.max" && echo 64M >"$CLIENTS/memory.min"
ask &
killed=$(stat_of /proc/vmstat oom_kill)
began=$SECONDS

third=$((LOAD_MB / 3))
ok "$LOAD_MB MB are taken on $(($(kib MemTotal) / 1024)) MB" \
	"run-container load -- sh -c 'hog $third & hog $third & hog $third & wait'"
eventually 'swap fills, which is told' 700 '[ $(($(count_events swap_high) + $(count_events swap_thrash))) -ge 1 ]'
note "after $((SECONDS - began)) s, with $(($(area /swapfile Used) / 1024)) MiB of $swap_mb MiB of swap in use"
eventually 'all of it is taken' 120 '[ "$(docker logs load 2>&1 | grep -c taken)" = 3 ]'
guardianctl swap >/tmp/swap.of.case
sed 's/^/# /' /tmp/swap.of.case
is 'guardianctl names who uses swap first' load "$(awk '/^SERVICE/ { getline; print $1; exit }' /tmp/swap.of.case)"
sleep 5
touch "$TIMES.end"
wait

is 'both answered each time' '' "$(grep none "$TIMES" | sort | uniq -c)"
ok 'and often enough to say so' "[ $(grep -c redis "$TIMES") -ge 10 ]"
within 'PostgreSQL within the bound' 1 $((ANSWER_S * 1000)) "$(worst postgres)"
within 'and Redis' 1 $((ANSWER_S * 1000)) "$(worst redis)"
note "$(grep -c redis "$TIMES") times each; the slowest took $(worst postgres) ms (PostgreSQL) and $(worst redis) ms (Redis)"
is 'nothing of them is swapped' '0 0' "$(cg postgres memory.swap.current) $(cg redis memory.swap.current)"
ok 'the load is' "[ $(cg load memory.swap.current) -ge $((over / 2 << 20)) ]"
is 'nobody was killed' "$killed" "$(stat_of /proc/vmstat oom_kill)"
ok 'guardiand lives, the same' '[ "$(count_events started)" = 1 ] && systemctl is-active -q guardiand.service'
rm -f /tmp/swap.of.case
