#!/bin/bash
# The semaphore file overwritten with random bytes, cut or lengthened while slots are held: put right in place, in the same inode, and
# told. Who holds a slot keeps it, and never are there more.
# limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MAX=3

scribble() { dd if=/dev/urandom of=$SEMAPHORE bs=16384 count=1 conv=notrunc status=none; }
cut_off() { truncate -s 0 $SEMAPHORE; }
cut_short() { truncate -s 100 $SEMAPHORE; }
lengthen() { truncate -s 1M $SEMAPHORE; }
zero() { dd if=/dev/zero of=$SEMAPHORE bs=16384 count=1 conv=notrunc status=none; }
open_up() { chmod 666 $SEMAPHORE; }

is_whole() { [ "$(slot_caps) $(stat -c '%s %a %i' $SEMAPHORE)" = "$MAX $MAX 0 16384 660 $inode" ]; }
told() { count_events semaphore_mended; }

trap 'code=$?; kill $host; lib_end $code' EXIT
ok 'guardiand starts' start_guardiand - <<YAML
streams: {max: $MAX, per_stream: 32m}
services:
  camera: {mem_limit: 512m}
YAML
eventually 'the semaphore file is there' 20 "[ \"\$(slot_caps)\" = '$MAX $MAX 0' ]"
inode=$(stat -c %i $SEMAPHORE)
guardian-stream --name host -- sleep 900 &
host=$!
ok 'a stream runs in a container, and something on the host' start_stream camera
eventually 'both hold slots' 60 '[ "$(slots_held)" = 2 ]'
camera=$(pid_of camera)

for how in scribble cut_off cut_short lengthen zero open_up; do
	before=$(told)
	"$how"
	eventually "$how: put right in place, in the same inode" 90 is_whole
	eventually "$how: told" 20 "[ \"\$(told)\" -gt $before ]"
	is "$how: the holders hold" 2 "$(slots_held)"
done
ok 'they live' "kill -0 $host && kill -0 $camera"
note "told $(told) times: $(journal_events semaphore_mended | jq -r .GUARDIAN_REASON | sort | uniq -c | tr -s ' \n' ' ')"

guardian-stream -- sleep 900 &
third=$!
eventually 'the third slot can be had' 20 '[ "$(slots_held)" = 3 ]'
ok 'and no fourth' refused
kill $third

# Takers and random bytes at the same time, everywhere but in the header, so that they take: the kernel's list never shows more.
most=0
for ((round = 0; round < 60; round++)); do
	dd if=/dev/urandom of=$SEMAPHORE bs=512 seek=1 count=31 conv=notrunc status=none
	for _ in 1 2 3; do guardian-stream -- sleep 0.5 2>/dev/null & done
	now=$(slots_held)
	most=$((now > most ? now : most))
done
note "at most $most slots were held at once"
is 'under a storm of random bytes the third slot is taken, and never a fourth' $MAX "$most"
ok 'the header was left alone, and nothing had to be mended for it' is_whole
eventually 'and the two are left' 20 '[ "$(slots_held)" = 2 ]'
ok 'who live' "kill -0 $host && kill -0 $camera"
is 'guardiand is the same' 1 "$(count_events started)"
