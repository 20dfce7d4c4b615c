#!/bin/bash
# Who waits for a slot gets it in the order of coming, across containers; a waiter that dies or is out of time leaves the queue.
# limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

SHARED=$LIB_DATA/run/queue
mkdir -p "$SHARED"

# wait_in CONTAINER: waits for a slot, writes its name when it has it, and keeps it.
wait_in() {
	run-container "$1" -v /run/guardian:/run/guardian -v "$SHARED:/queue" -- \
		guardian-stream --wait 10m --name "$1" -- sh -c "echo $1 >>/queue/order; exec sleep 900"
}
order() { xargs <"$SHARED/order"; }

trap 'code=$?; kill $first $hand; lib_end $code' EXIT
ok 'guardiand starts' start_guardiand - <<'YAML'
streams: {max: 1, per_stream: 32m}
services:
  one: {mem_limit: 512m}
  two: {mem_limit: 512m}
YAML
eventually 'the semaphore file is there' 20 '[ "$(slot_caps)" = "1 1 0" ]'
guardian-stream --name first -- sleep 900 &
first=$!
eventually 'the only slot is held' 20 '[ "$(slots_held)" = 1 ]'

ok 'one waits' wait_in one
eventually 'in the queue' 60 '[ "$(slots_waiting)" = 1 ]'
ok 'a second, in another container' wait_in two
eventually 'behind it' 60 '[ "$(slots_waiting)" = 2 ]'
guardian-stream --wait 10m --name dead -- sh -c "echo dead >>$SHARED/order" &
dead=$!
eventually 'a third, on the host' 60 '[ "$(slots_waiting)" = 3 ]'
guardian-stream --wait 10m --name hand -- sh -c "echo hand >>$SHARED/order; exec sleep 900" &
hand=$!
eventually 'and a fourth' 60 '[ "$(slots_waiting)" = 4 ]'
ok 'who does not wait is refused' refused
is 'and told of them' 'guardian-stream: no free slot: 1 of 1 in use, 4 wait' "$WHY"
ok 'who waits too shortly too' refused --wait 500ms
is 'with the time' 'guardian-stream: no free slot within 500ms: 1 of 1 in use, 4 wait' "$WHY"
kill -9 $dead
eventually 'the third dies and leaves the queue' 20 '[ "$(slots_waiting)" = 3 ]'

kill $first
eventually 'the slot is free: who came first has it' 30 '[ "$(order)" = one ] && [ "$(slots_held) $(slots_waiting)" = "1 2" ]'
curl -sf -m 60 --unix-socket /run/docker.sock -X POST http://docker/containers/one/kill
eventually 'then the second' 60 '[ "$(order)" = "one two" ] && [ "$(slots_held) $(slots_waiting)" = "1 1" ]'
curl -sf -m 60 --unix-socket /run/docker.sock -X POST http://docker/containers/two/kill
eventually 'then the last, and the dead one never' 60 '[ "$(order)" = "one two hand" ] && [ "$(slots_held) $(slots_waiting)" = "1 0" ]'
is 'the counters: taken 4, refused 1, waited 3, gave up 1' '4 1 3 1' "$(od -An -tu8 -j512 -N32 $SEMAPHORE | xargs)"
