#!/bin/bash
# The cap follows memory: under a hog on the host fewer streams may run, in warning no new ones, and it is told and published at once.
# Those that run go on. When the hog is gone the cap comes back, one stream at a time.
# limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

SEEN=/tmp/caps.of.case

kib() { awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo; }
available_mib() { echo $(($(kib MemAvailable) / 1024)); }
effective() { slot_caps | cut -d' ' -f2; }

# Reserved pages are gone for all others, and at once, where touching gigabytes takes minutes under emulation.
take_all_but() { echo $((($(available_mib) - $1) / 2)) >/proc/sys/vm/nr_hugepages; } # MIB

# hog_all_but MIB: a process that takes memory until so much is available.
hog_all_but() {
	hog $(($(available_mib) - $1)) >/dev/null &
	hogs+=($!)
}

# Each change of the effective cap, with the time in ms.
watch_cap() {
	local last=none now
	while [ ! -e "$SEEN.end" ]; do
		now=$(effective)
		[ "$now" = "$last" ] || echo "$((${EPOCHREALTIME/./} / 1000)) $now"
		last=$now
		sleep 0.1
	done >"$SEEN"
}

hogs=() streams=()
trap 'code=$?; touch "$SEEN.end"; echo 0 >/proc/sys/vm/nr_hugepages; kill "${hogs[@]}" "${streams[@]}"; wait
	rm -f "$SEEN" "$SEEN.end"; lib_end $code' EXIT
rm -f "$SEEN.end"

ok 'guardiand starts' start_guardiand - <<'YAML'
host: {reserve: 200m, warn: 90%, critical: 96%, calm_for: 2s}
streams: {max: 6, per_stream: 100m, recover: 3s}
services:
  backend: {mem_limit: 1g}
YAML
eventually 'six streams may run' 20 '[ "$(slot_caps)" = "6 6 0" ]'

take_all_but 750
eventually 'memory carries fewer: it is published' 30 '[ "$(effective)" -lt 6 ]'
note "$(slot_caps) with $(available_mib) MiB available"
hog_all_but 460
eventually 'and less and less' 90 '[ "$(effective)" -le 3 ]'
wait_for 30 "[ \$(available_mib) -lt 480 ]"
sleep 2
may=$(effective)
note "$(slot_caps) with $(available_mib) MiB available"
within 'as many as what is above the reserve carries' 1 3 "$may"
is 'because of memory' "6 $may 1" "$(slot_caps)"
ok 'it is told' '[ "$(count_events stream_cap_lowered)" -ge 1 ]'
is 'with what one takes' $((100 << 20)) "$(journal_events stream_cap_lowered | jq -rs 'last.GUARDIAN_COST_BYTES')"

for ((n = 0; n < may; n++)); do
	guardian-stream --name "held-$n" -- sleep 900 &
	streams+=($!)
done
wait_for 10 "[ \"\$(slots_held)\" = $may ]"
is 'so many get a slot' "$may" "$(slots_held)"
ok 'and one more does not' refused
is 'with the reason' "guardian-stream: no free slot: $may of $may in use (lowered from 6 by memory)" "$WHY"
refused --json
is 'also for a program' "no_slot 6 $may memory" "$(echo "$WHY" | jq -r '"\(.error) \(.cap) \(.effective_cap) \(.reason)"')"

hog_all_but 300
eventually 'the host is in warning: no new ones' 60 "[ \"\$(slot_caps)\" = '6 0 2' ]"
ok 'one more is refused' refused
is 'with that reason' "guardian-stream: no new streams: the host's memory is in warning ($may in use, cap 6)" "$WHY"
is 'those that run go on' "$may" "$(slots_held)"
eventually 'guardianctl says so' 20 'guardianctl slots | grep -q warning'
guardianctl slots | sed 's/^/# /'

watch_cap &
echo 0 >/proc/sys/vm/nr_hugepages
kill "${hogs[@]}"
hogs=()
eventually 'the hog ends: all six may run again' 120 'tail -1 "$SEEN" | grep -q " 6$"'
is 'as before' '6 6 0' "$(slot_caps)"
touch "$SEEN.end"
wait $!
note "seen, in ms: $(tr '\n' ',' <"$SEEN")"
steps=$(awk '{ printf "%s%s", sep, $2; sep = " " }' "$SEEN")
is 'first those that run, then one at a time' "0 $(seq -s ' ' "$may" 6)" "$steps"
within 'slowly: each after the room has lasted 3 s (in ms)' $(((6 - may) * 3000 - 1500)) 60000 \
	"$(awk -v first="$may" '$2 == first { from = $1 } $2 == 6 { print $1 - from }' "$SEEN")"
eventually 'which is told once' 10 '[ "$(count_events stream_cap_restored)" = 1 ]'
published=$(od -An -tu8 -j40 -N8 $SEMAPHORE | xargs)
told=$(journal_events stream_cap_restored | jq -r ._SOURCE_REALTIME_TIMESTAMP)
within 'what is told and what is published are of the same tick (in ms; two seconds are allowed to the emulation)' 0 2000 \
	$(((published > told ? published - told : told - published) / 1000))
is 'nobody was harmed' "$may" "$(slots_held)"
