#!/bin/bash
# The backend of the incident with the change that README.md shows, in real Node with real FFmpeg: as many viewers as there are slots
# get real MJPEG, the next one a 503 at once, and one who leaves makes room. A container that is killed frees all its slots.
# limit: 900
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

VIEWS=/tmp/views.of.case
declare -A viewer

url() { echo "http://$ip:3000/cameras/cam-$1/stream"; }

# view NUMBER: somebody who watches camera NUMBER until killed.
view() {
	curl -sN -m 900 -o "$VIEWS/$1" "$(url "$1")" &
	viewer[$1]=$!
}

# frames NUMBER: how many whole parts that viewer has got that are JPEG pictures from their first byte to the last, and how many not.
frames() {
	perl -0777 -ne 'while (/Content-length: (\d+)\r\n\r\n/gi) {
		my $part = substr $_, pos, $1;
		next if length $part < $1;
		$part =~ /^\xff\xd8\xff.*\xff\xd9\z/s ? $good++ : $bad++ } END { print $good + 0, " ", $bad + 0 }' "$VIEWS/$1"
}

# sees NUMBER COUNT: so many pictures have come, and nothing else.
sees() {
	local good bad
	read -r good bad < <(frames "$1")
	[ "${good:-0}" -ge "$2" ] && [ "$bad" = 0 ]
}

trap 'code=$?; kill "${viewer[@]}"; rm -rf "$VIEWS"; lib_end $code' EXIT
mkdir -p "$VIEWS"

ok 'guardiand starts' start_guardiand - <<'YAML'
streams: {max: 3, per_stream: 32m}
services:
  backend: {mem_limit: 1g}
YAML
eventually 'the semaphore file is there' 20 '[ "$(slot_caps)" = "3 3 0" ]'
is 'for root and its group' '660 root root' "$(stat -c '%a %U %G' $SEMAPHORE)"
ok 'which is told' '[ "$(count_events semaphore_made)" = 1 ]'
ok 'the backend runs' 'run-container backend -v /run/guardian:/run/guardian -- node /usr/local/share/guardian-guest/camera.service.js &&
	wait_for 90 "http backend /health 5 >/dev/null"'
ip=$(ip_of backend)

for n in 1 2 3; do view "$n"; done
for n in 1 2 3; do eventually "viewer $n gets pictures" 180 "sees $n 3"; done
is 'three slots are held' 3 "$(slots_held)"
is 'by three FFmpeg processes and nothing else' '3 0' "$(ffmpegs backend | wc -l) $(pgrep -xc guardian-stream)"
eventually 'guardianctl shows them by their names' 20 '[ "$(guardianctl slots | grep -c "cam-[123] .*backend")" = 3 ]'
guardianctl slots | sed 's/^/# /'

answer=$(curl -s -m 60 -o "$VIEWS/refused" -w '%{http_code} %header{retry-after} %{time_total}' "$(url 4)")
is 'the fourth is turned away' '503 5' "${answer% *}"
within 'at once (in ms; three seconds are allowed to the emulation)' 0 3000 "$(echo "${answer##* }" | tr -d .:, | awk '{ print int($1 / 1000) }')"
is 'in words' 'All streams are in use.' "$(cat "$VIEWS/refused")"
eventually 'which is told' 30 '[ "$(count_events stream_refused)" = 1 ]'
is 'and counted' 1 "$(journal_events stream_refused | jq -r .GUARDIAN_REFUSED)"
eventually 'in the metrics too' 60 "grep -qx 'guardian_streams_refused_total 1' /run/guardian/metrics.prom"
ok 'the backend says why in its log' 'docker logs backend 2>&1 | grep -q "^guardian-stream: no free slot: 3 of 3 in use$"'
read -r before _ < <(frames 2)
eventually 'the others watch on' 60 "sees 2 $((before + 2)) && sees 3 3"

kill "${viewer[1]}"
eventually 'a viewer leaves, and the slot is free' 60 '[ "$(slots_held)" = 2 ]'
eventually 'with FFmpeg gone' 20 '[ "$(ffmpegs backend | wc -l)" = 2 ]'
view 5
eventually 'the next one gets it, and pictures' 180 'sees 5 3'
is 'all three are held' 3 "$(slots_held)"
eventually 'guardiand sees who' 20 'guardianctl slots | grep -q "cam-5 .*backend"'
is 'no stream was called unaccounted' 0 "$(count_events stream_unaccounted)"

curl -sf -m 60 --unix-socket /run/docker.sock -X POST http://docker/containers/backend/kill
eventually 'the container is killed, and all slots are free' 10 '[ "$(slots_held)" = 0 ]'
eventually 'guardianctl shows that' 20 '! guardianctl slots | grep -q cam-'
is 'guardiand is well' 1 "$(count_events started)"
