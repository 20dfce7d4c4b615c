#!/bin/bash
# Streams that are started without a slot are told once, with the service and the process. More than the cap are stopped when the
# policy says so, the newest first and never one with a slot: by SIGTERM, by SIGKILL if that is not heard, and one that is a
# container by Docker, so that no restart policy brings it back.
# limit: 900
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

policy() { # OVER_CAP
	cat <<YAML
streams: {max: 2, per_stream: 32m, over_cap: $1, grace: 3s}
services:
  backend: {mem_limit: 1g}
  camera: {mem_limit: 512m}
  loner: {mem_limit: 512m}
YAML
}

told() { count_events stream_unaccounted; }
last() { journal_events "$1" | jq -rs "last | $2"; }
lives() { [ -e "/proc/$1" ] && [ "$(stat_of "/proc/$1/status" State)" != Z ]; }

policy tell >/etc/guardian.yaml
ok 'guardiand starts' start_guardiand
eventually 'the semaphore file is there' 20 '[ "$(slot_caps)" = "2 2 0" ]'
ok 'a stream with a slot is a container of its own' start_stream camera
eventually 'and has it' 60 '[ "$(slots_held)" = 1 ] && [ -n "$(ffmpegs camera)" ]'
camera=$(ffmpegs camera)
is 'it is the first process of its container' "$(pid_of camera)" "$camera"
ok 'the backend runs' start_backend
sleep 5
is 'so far there is nothing to tell' 0 "$(told)"

ok 'it starts FFmpeg without guardian-stream' 'http backend /stream >/dev/null'
eventually 'which is told' 60 '[ "$(told)" = 1 ]'
first=$(ffmpegs backend)
is 'with the service and the process' "backend $first 1" \
	"$(last stream_unaccounted '.GUARDIAN_SERVICE + " " + .GUARDIAN_PID + " " + .GUARDIAN_UNACCOUNTED')"
ok 'and one more, which is one too many' 'http backend /stream >/dev/null'
eventually 'also told' 60 '[ "$(told)" = 2 ]'
second=$(ffmpegs backend | tail -1)
is 'with the newest of them' "$second 2" "$(last stream_unaccounted '.GUARDIAN_PID + " " + .GUARDIAN_UNACCOUNTED')"
sleep 8
is 'once each' 2 "$(told)"
is 'the policy says tell: nothing is stopped' 0 "$(count_events stream_stopping)"
ok 'all three run' "lives $camera && lives $first && lives $second"

policy stop-newest >/etc/guardian.yaml
systemctl reload guardiand.service
eventually 'the policy says stop-newest: the newest is stopped' 60 "! lives $second"
eventually 'which is told' 20 '[ "$(count_events stream_stopped backend)" = 1 ]'
is 'by SIGTERM' "$second term" "$(last stream_stopping '.GUARDIAN_PID + " " + .GUARDIAN_REASON')"
eventually 'the backend sees one left' 20 '[ "$(http backend /health | jq .streams)" = 1 ]'
sleep 5
ok 'the older one is within the cap and runs, and so does the one with a slot' "lives $camera && lives $first"
is 'no other was stopped' 1 "$(count_events stream_stopping)"

ok 'a stream that is a container, with a restart policy, and without a slot' run-container loner --restart always -- "${FFMPEG[@]}"
eventually 'is one too many, and its container is stopped' 120 '[ "$(inspect loner .State.Running)" = false ]'
eventually 'which is told' 30 '[ "$(count_events stream_stopped loner)" = 1 ]'
is 'as done by Docker' container "$(last stream_stopping .GUARDIAN_REASON)"
sleep 12
is 'it stays so, whatever its restart policy says' 'false 0' "$(inspect loner '(.State.Running | tostring) + " " + (.RestartCount | tostring)')"
ok 'the others run' "lives $camera && lives $first"

ok 'one that does not hear SIGTERM is started' \
	"docker exec -d backend sh -c 'cp /usr/bin/sleep /data/ffmpeg; trap \"\" TERM; exec /data/ffmpeg 1000'"
eventually 'it is one too many' 60 '[ "$(ffmpegs backend | wc -l)" = 2 ]'
eventually 'and ends all the same' 60 '[ "$(ffmpegs backend | wc -l)" = 1 ]'
eventually 'which is told' 20 '[ "$(count_events stream_stopped backend)" = 2 ]'
is 'by SIGTERM, then by SIGKILL' 'term kill' "$(journal_events stream_stopping backend | jq -rs '[.[-2:][].GUARDIAN_REASON] | join(" ")')"
grace=$(journal_events stream_stopping backend | jq -s '.[-2:] | map(.__MONOTONIC_TIMESTAMP | tonumber) | (.[1] - .[0]) / 1000 | floor')
within 'after the grace of 3 s (in ms)' 2900 12000 "$grace"
ok 'the others run to the end' "lives $camera && lives $first && [ \"\$(slots_held)\" = 1 ]"
is 'nothing could not be stopped' 0 "$(count_events stream_stop_failed)"
ok 'what was left without a slot ends' 'http backend /streams/stop >/dev/null'
eventually 'and the end of it is told' 30 '[ "$(count_events stream_unaccounted_over)" -ge 1 ]'
